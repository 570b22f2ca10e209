// What a fault does to a transaction: the error, whether the commit took effect, that nothing else of it is left, and that the next
// attempt succeeds.
#include "abi/library.h"
#include "sim/sim_env.h"
#include "sim/temporary_directory.h"
#include "sim/test_library.h"
#include "sim/test_support.h"
#include "txn/transaction.h"

namespace fdb {
namespace {

test::SimEnv* env;
test::TemporaryDirectory* directory;
std::vector<Ref<Database>> files;  // that are open, to the end

// A new database, in memory or in a file.
Bytes fresh(bool in_file) {
  static int number = 0;
  const Bytes name = "faults" + std::to_string(++number);
  return in_file ? "file:" + directory->file(name) + "?sync=normal" : "memory:" + name;
}

void set_faults(const Ref<Database>& database, Slice rules) {
  FaultSetting setting;
  Bytes problem;
  CHECK(parse_faults(rules, &setting, &problem));
  database->keyspace()->faults().set(setting);
}

Ref<Database> database_with(Slice rules, bool in_file = false) {
  const Ref<Database> database = test::open_database(fresh(in_file));
  CHECK_EQ(database->deferred_error(), 0);
  set_faults(database, rules);
  if (in_file) files.push_back(database);
  return database;
}

// Lets time pass, and what writes files go on.
void pass(int64_t micros) {
  for (const Ref<Database>& database : files) database->keyspace()->file()->turn();
  env->advance(micros);
}

Future& finished(const Ref<Future>& future) {
  for (int i = 0; i < 1'000 && !future->is_ready(); ++i) pass(1'000);
  CHECK(future->is_ready());
  return *future;
}

Error error_of(const Ref<Future>& future) { return finished(future).get_error(); }

std::optional<Bytes> value_of(const Ref<Future>& future) {
  Result* result = nullptr;
  CHECK_EQ(finished(future).value(&result), 0);
  const auto& value = std::get<ValueResult>(*result);
  return value.present ? std::optional<Bytes>(value.value) : std::nullopt;
}

std::optional<Bytes> stored(const Ref<Database>& database, Slice key) {
  const auto transaction = create_transaction(*database);
  return value_of(transaction->get(key, true));
}

void put(const Ref<Database>& database, Slice key, Slice value) {
  const auto transaction = create_transaction(*database);
  transaction->set(key, value);
  CHECK_EQ(error_of(transaction->commit()), 0);
}

int64_t fired(const Ref<Database>& database) {
  const Bytes report = database->keyspace()->faults().report();
  const size_t at = report.find("\"fired\":");
  CHECK(at != Bytes::npos);
  return std::stoll(report.substr(at + 8));
}

// ---- commits ---------------------------------------------------------------------------------------

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
  check("transaction_too_old:at=commit", err::kTransactionTooOld, std::nullopt);
  check("proxy_memory_limit_exceeded", err::kProxyMemoryLimit, std::nullopt);
  check("database_locked:at=commit", err::kDatabaseLocked, std::nullopt);
  check("commit_unknown_result:effect=lost", err::kCommitUnknownResult, std::nullopt);
  check("commit_unknown_result:effect=applied", err::kCommitUnknownResult, Bytes("v"));
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
  const int64_t begun = env->monotonic_micros();
  const Ref<Future> future = transaction->commit();
  for (int i = 0; i < 4; ++i) pass(10'000);
  CHECK(!future->is_ready());
  CHECK_EQ(stored(database, "slow"), Bytes("1"));  // it is the answer that is slow
  CHECK_EQ(error_of(future), 0);
  CHECK(env->monotonic_micros() - begun >= 50'000);
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

// ---- one-shot faults -------------------------------------------------------------------------------

void test_injection() {
  const auto database = database_with("off");
  const auto transaction = create_transaction(*database);
  const auto other = create_transaction(*database);
  CHECK_EQ(transaction->inject("not_comitted"), err::kInvalidOptionValue);
  CHECK_EQ(transaction->inject("not_committed:p=0.5"), err::kInvalidOptionValue);
  CHECK_EQ(transaction->inject("not_committed"), 0);
  other->set("a", "1");
  CHECK_EQ(error_of(other->commit()), 0);
  CHECK_EQ(value_of(transaction->get("a", false)), Bytes("1"));
  transaction->set("b", "1");
  CHECK_EQ(error_of(transaction->commit()), err::kNotCommitted);
  CHECK_EQ(error_of(transaction->on_error(err::kNotCommitted)), 0);
  transaction->set("b", "1");
  CHECK_EQ(error_of(transaction->commit()), 0);
  transaction->reset();
  CHECK_EQ(transaction->inject("future_version"), 0);
  CHECK_EQ(transaction->inject(""), 0);
  CHECK_EQ(error_of(transaction->get("a", false)), 0);
}

}  // namespace
}  // namespace fdb

int main() {
  using namespace fdb;
  test::SimEnv sim(1);
  env = &sim;
  test::simulate();
  test::TemporaryDirectory files_directory;
  directory = &files_directory;
  durable::GroupCommitter::has_thread = false;
  for (const bool in_file : {false, true}) {
    test_commits_that_fail(in_file);
    test_commits_that_time_out(in_file);
    test_slow_commit(in_file);
  }
  test_what_is_no_occasion_for_a_commit();
  test_keys_of_a_commit();
  test_unknown_result_of_a_conflict();
  test_injection();
  files.clear();
  return 0;
}
