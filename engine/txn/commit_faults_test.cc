// What a fault of a commit does: the error, whether the commit took effect, that nothing else of it is left, and that the next attempt
// succeeds. In memory and in files, whose commits are decided late.
#include "sim/fault_world.h"

namespace fdb {
namespace {

using namespace test;

void expect_failed_commit(const Ref<Database>& database, Error wanted, std::optional<Bytes> left) {
  put(database, "before", "1");
  const auto transaction = create_transaction(*database);
  const Ref<Future> own_watch = transaction->watch("own");
  const auto watcher = create_transaction(*database);
  const Ref<Future> watch = watcher->watch("k");
  CHECK_EQ(error_of(watcher->commit()), 0);  // it reads only: no occasion
  transaction->set("k", "v");
  const Ref<Future> stamp = transaction->get_versionstamp();
  CHECK_EQ(error_of(transaction->commit()), wanted);
  CHECK_EQ(transaction->committed_version(), kInvalidVersion);
  CHECK_EQ(error_of(stamp), err::kTransactionInvalidVersion);
  CHECK_EQ(error_of(own_watch), wanted);
  for (int i = 0; i < 4; ++i) pass(1'000);
  CHECK_EQ(watch->is_ready(), left.has_value());
  CHECK(stored(database, "k") == left);
  CHECK_EQ(error_of(transaction->on_error(wanted)), 0);
  transaction->set("k", "w");
  CHECK_EQ(error_of(transaction->commit()), 0);
  CHECK(transaction->committed_version() > 0);
  CHECK_EQ(stored(database, "k"), Bytes("w"));
  CHECK_EQ(error_of(watch), 0);
}

void test_commits_that_fail(bool in_file) {
  const auto check = [&](Slice rule, Error wanted, std::optional<Bytes> left) {
    const Bytes second = Bytes(rule) + (rule.find(':') == Slice::npos ? ":nth=2" : ",nth=2");
    expect_failed_commit(database_with(second, in_file), wanted, std::move(left));
  };
  check("not_committed", err::kNotCommitted, std::nullopt);
  check("commit_unknown_result:effect=lost", err::kCommitUnknownResult, std::nullopt);
  check("commit_unknown_result:effect=applied", err::kCommitUnknownResult, Bytes("v"));
  if (in_file) return;
  check("transaction_too_old:at=commit", err::kTransactionTooOld, std::nullopt);
  check("proxy_memory_limit_exceeded", err::kProxyMemoryLimit, std::nullopt);
  check("database_locked:at=commit", err::kDatabaseLocked, std::nullopt);
  check("cluster_version_changed:at=commit,effect=lost", err::kClusterVersionChanged, std::nullopt);
  check("cluster_version_changed:at=commit,effect=applied", err::kClusterVersionChanged, Bytes("v"));
}

void test_commits_that_time_out(bool in_file) {
  for (const bool applied : {false, true}) {
    const auto database =
        database_with(Bytes("transaction_timed_out:at=commit,nth=1,effect=") + (applied ? "applied" : "lost"), in_file);
    const auto transaction = create_transaction(*database);
    const Bytes value = applied ? "applied" : "lost";
    transaction->set("timed", value);
    CHECK_EQ(error_of(transaction->commit()), err::kTransactionTimedOut);
    CHECK_EQ(error_of(transaction->on_error(err::kTransactionTimedOut)), err::kTransactionTimedOut);
    for (int i = 0; i < 4; ++i) pass(10'000);
    CHECK_EQ(stored(database, "timed") == value, applied);
    transaction->reset();
    transaction->set("timed", "again");
    CHECK_EQ(error_of(transaction->commit()), 0);
  }
}

void test_slow_commit(bool in_file) {
  const auto database = database_with("slow_commit:delay=50ms,nth=1", in_file);
  const auto transaction = create_transaction(*database);
  transaction->set("slow", "1");
  const int64_t begun = FaultWorld::current->env.monotonic_micros();
  const Ref<Future> future = transaction->commit();
  for (int i = 0; i < 4; ++i) pass(10'000);
  CHECK(!future->is_ready());
  CHECK_EQ(stored(database, "slow"), Bytes("1"));  // it is the answer that is slow
  CHECK_EQ(error_of(future), 0);
  CHECK(FaultWorld::current->env.monotonic_micros() - begun >= 50'000);
  CHECK(transaction->committed_version() > 0);
}

void test_what_is_no_occasion_for_a_commit() {
  const auto database = database_with("not_committed;slow_commit:delay=1s");
  const auto reader = create_transaction(*database);
  reader->get("a", false);
  CHECK_EQ(error_of(reader->commit()), 0);
  const auto large = create_transaction(*database);
  CHECK_EQ(large->set_option(FDB_TR_OPTION_SIZE_LIMIT, reinterpret_cast<const uint8_t*>("\x20\0\0\0\0\0\0"), 8), 0);
  large->set("a", Bytes(100, 'x'));
  CHECK_EQ(error_of(large->commit()), err::kTransactionTooLarge);  // no server has heard of it
  CHECK_EQ(fired(database), 0);
}

void test_keys_of_a_commit() {
  const auto database = database_with("not_committed:keys=62..63");
  put(database, "a", "1");
  put(database, "c", "1");
  const auto transaction = create_transaction(*database);
  transaction->clear_range("a", "bb");
  CHECK_EQ(error_of(transaction->commit()), err::kNotCommitted);
}

// The answer that got lost may have been one of failure.
void test_unknown_result_of_a_conflict() {
  const auto database = database_with("off");
  const auto transaction = create_transaction(*database);
  transaction->get("a", false);
  put(database, "a", "1");
  transaction->set("b", "1");
  CHECK_EQ(transaction->inject("commit_unknown_result:effect=applied"), 0);
  CHECK_EQ(error_of(transaction->commit()), err::kCommitUnknownResult);
  CHECK_EQ(stored(database, "b"), std::nullopt);
}

void test_injected_delays(bool in_file) {
  const auto database = database_with("off", in_file);  // no other rule keeps the database disturbed
  for (const char* fault : {"slow_read", "slow_version", "slow_commit"}) {
    const auto transaction = create_transaction(*database);
    CHECK_EQ(transaction->inject(Bytes(fault) + ":delay=30ms"), 0);
    transaction->set("a", "1");
    const Ref<Future> late = Slice(fault) == "slow_commit" ? transaction->commit() : transaction->get("b", false);
    pass(29'000);
    CHECK(!late->is_ready());
    CHECK_EQ(error_of(late), 0);
  }
  CHECK(!database->keyspace()->latency().disturbed());
}

}  // namespace
}  // namespace fdb

int main() {
  using namespace fdb;
  const test::FaultWorld world;
  for (const bool in_file : {false, true}) {
    test_commits_that_fail(in_file);
    test_commits_that_time_out(in_file);
    test_slow_commit(in_file);
    test_injected_delays(in_file);
  }
  test_what_is_no_occasion_for_a_commit();
  test_keys_of_a_commit();
  test_unknown_result_of_a_conflict();
  return 0;
}
