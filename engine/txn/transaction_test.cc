// Transactions under a clock that the test moves: what happens when time passes, and in which order.
#include "txn/transaction.h"

#include "abi/library.h"
#include "sim/sim_env.h"
#include "sim/test_library.h"
#include "sim/test_support.h"

namespace fdb {
namespace {

constexpr int64_t kSecond = 1'000'000;

test::SimEnv* env;

Ref<Database> fresh_database() {
  static int number = 0;
  return test::open_database(("memory:test" + std::to_string(++number)).c_str());
}

Error error_of(const Ref<Future>& future) { return future->get_error(); }

using test::value_of;

int64_t number_of(const Ref<Future>& future) {
  Result* result = nullptr;
  CHECK_EQ(future->value(&result), 0);
  return std::get<int64_t>(*result);
}

void put(const Ref<Database>& database, Slice key, Slice value) {
  const auto transaction = create_transaction(*database);
  transaction->set(key, value);
  CHECK_EQ(error_of(transaction->commit()), 0);
}

void test_write_skew_aborts_one() {
  const auto database = fresh_database();
  put(database, "a", "1");
  put(database, "b", "1");
  const auto first = create_transaction(*database);
  const auto second = create_transaction(*database);
  CHECK_EQ(value_of(first->get("a", false)), Bytes("1"));
  CHECK_EQ(value_of(second->get("b", false)), Bytes("1"));
  first->set("b", "0");
  second->set("a", "0");
  CHECK_EQ(error_of(first->commit()), 0);
  CHECK_EQ(error_of(second->commit()), err::kNotCommitted);
}

void test_snapshot_stays_while_others_commit() {
  const auto database = fresh_database();
  put(database, "a", "1");
  const auto reader = create_transaction(*database);
  CHECK_EQ(value_of(reader->get("b", true)), std::optional<Bytes>());
  put(database, "a", "2");
  CHECK_EQ(value_of(reader->get("a", false)), Bytes("1"));
}

void test_window() {
  const auto database = fresh_database();
  put(database, "a", "1");
  put(database, "b", "2");
  const auto transaction = create_transaction(*database);
  CHECK_EQ(value_of(transaction->get("a", false)), Bytes("1"));
  env->advance(4 * kSecond);
  CHECK_EQ(error_of(transaction->get_key({"a", false, 2}, true)), 0);
  env->advance(3 * kSecond);
  CHECK_EQ(value_of(transaction->get("a", false)), Bytes("1"));  // it was read before
  CHECK_EQ(error_of(transaction->get("c", false)), err::kTransactionTooOld);
  CHECK_EQ(error_of(transaction->commit()), err::kTransactionTooOld);
}

void test_handed_out_versions_are_exact() {
  const auto database = fresh_database();
  put(database, "a", "1");
  const auto first = create_transaction(*database);
  const Version version = number_of(first->get_read_version());
  env->advance(kSecond / 2);
  put(database, "a", "2");
  const auto late = create_transaction(*database);
  late->set_read_version(version);
  CHECK_EQ(value_of(late->get("a", false)), Bytes("1"));
  env->advance(6 * kSecond);
  const auto too_late = create_transaction(*database);
  too_late->set_read_version(version);
  CHECK_EQ(error_of(too_late->get("a", false)), err::kTransactionTooOld);
}

void test_future_version_waits() {
  const auto database = fresh_database();
  put(database, "a", "1");
  const auto probe = create_transaction(*database);
  const Version version = number_of(probe->get_read_version());
  const auto soon = create_transaction(*database);
  soon->set_read_version(version + kSecond / 2);
  const auto pending = soon->get("a", false);
  soon->set("a", "9");  // issued after the read: invisible to it
  CHECK(!pending->is_ready());
  env->advance(kSecond);
  CHECK_EQ(value_of(pending), Bytes("1"));
  const auto never = create_transaction(*database);
  never->set_read_version(int64_t{1} << 62);
  const auto hopeless = never->get("a", false);
  CHECK(!hopeless->is_ready());
  env->advance(kSecond + 1);
  CHECK_EQ(error_of(hopeless), err::kFutureVersion);
}

void test_commit_waits_for_reads() {
  const auto database = fresh_database();
  const auto probe = create_transaction(*database);
  const Version version = number_of(probe->get_read_version());
  const auto transaction = create_transaction(*database);
  transaction->set_read_version(version + kSecond / 2);
  const auto read = transaction->get("a", false);
  transaction->set("b", "1");
  const auto commit = transaction->commit();
  CHECK(!commit->is_ready());
  env->advance(kSecond);
  CHECK_EQ(error_of(read), 0);
  CHECK_EQ(error_of(commit), 0);
}

void test_ended_commit_does_not_come_true_later() {
  const auto database = fresh_database();
  const auto probe = create_transaction(*database);
  const Version version = number_of(probe->get_read_version());
  const auto transaction = create_transaction(*database);
  transaction->set_read_version(version + kSecond / 2);
  const auto read = transaction->get("a", false);
  transaction->set("b", "1");
  const auto commit = transaction->commit();
  transaction->cancel();
  CHECK_EQ(error_of(commit), err::kTransactionCancelled);
  env->advance(2 * kSecond);
  CHECK_EQ(value_of(create_transaction(*database)->get("b", false)), std::optional<Bytes>());
}

void test_timeout_ends_what_is_pending() {
  const auto database = fresh_database();
  const auto transaction = create_transaction(*database);
  const Bytes timeout("\x64\0\0\0\0\0\0\0", 8);  // 100 ms
  CHECK_EQ(transaction->set_option(FDB_TR_OPTION_TIMEOUT, reinterpret_cast<const uint8_t*>(timeout.data()), 8), 0);
  const auto stamp = transaction->get_versionstamp();
  CHECK(!stamp->is_ready());
  env->advance(kSecond / 5);
  CHECK_EQ(error_of(stamp), err::kTransactionTimedOut);
  CHECK_EQ(error_of(transaction->get("a", false)), err::kTransactionTimedOut);
  transaction->reset();
  CHECK_EQ(error_of(transaction->get("a", false)), 0);
}

void test_on_error_waits_and_resets() {
  const auto database = fresh_database();
  const auto transaction = create_transaction(*database);
  transaction->set("a", "1");
  const auto retry = transaction->on_error(err::kNotCommitted);
  CHECK(!retry->is_ready());
  env->advance(kSecond);
  CHECK_EQ(error_of(retry), 0);
  CHECK_EQ(value_of(transaction->get("a", false)), std::optional<Bytes>());
  CHECK_EQ(error_of(transaction->on_error(err::kTransactionTooLarge)), err::kTransactionTooLarge);
  CHECK_EQ(error_of(transaction->get("a", false)), err::kTransactionCancelled);
}

void test_misuse_poisons_an_undelivered_commit() {
  const auto database = fresh_database();
  const auto transaction = create_transaction(*database);
  transaction->set("a", "1");
  const auto commit = transaction->commit();
  CHECK_EQ(error_of(transaction->get("a", false)), err::kUsedDuringCommit);
  CHECK_EQ(error_of(commit), err::kUsedDuringCommit);
}

void test_watch_fires_once_the_value_differs() {
  const auto database = fresh_database();
  put(database, "a", "1");
  const auto transaction = create_transaction(*database);
  const auto watch = transaction->watch("a");
  CHECK_EQ(error_of(transaction->commit()), 0);
  put(database, "a", "1");
  env->advance(1);
  CHECK(!watch->is_ready());
  put(database, "a", "2");
  env->advance(1);
  CHECK_EQ(error_of(watch), 0);
}

// A server answers the read of a watch later than a program can cancel.
void test_watch_fails_with_a_transaction_that_is_cancelled_at_once() {
  const auto database = fresh_database();
  const Bytes one("\1\0\0\0\0\0\0\0", 8);
  CHECK_EQ(database->set_option(FDB_DB_OPTION_MAX_WATCHES, reinterpret_cast<const uint8_t*>(one.data()), 8), 0);
  for (int round = 0; round < 3; ++round) {
    const auto transaction = create_transaction(*database);
    const auto watch = transaction->watch("a");
    CHECK(!watch->is_ready());
    transaction->cancel();
    CHECK_EQ(error_of(watch), err::kTransactionCancelled);
  }
  const auto transaction = create_transaction(*database);
  const auto watch = transaction->watch("a");
  CHECK_EQ(error_of(transaction->commit()), 0);
  transaction->cancel();
  env->advance(1);
  CHECK(!watch->is_ready());
  put(database, "a", "1");
  env->advance(1);
  CHECK_EQ(error_of(watch), 0);
}

void test_watch_whose_read_was_answered_outlasts_a_cancel() {
  const auto database = fresh_database();
  put(database, "b", "1");
  const auto pending_after = [&](auto&& before, auto&& between) {
    const auto transaction = create_transaction(*database);
    before(*transaction);
    const auto watch = transaction->watch("a");
    between(*transaction);
    transaction->cancel();
    env->advance(kSecond);
    CHECK(!watch->is_ready());
    transaction->reset();
    CHECK_EQ(error_of(watch), err::kTransactionCancelled);
  };
  const auto nothing = [](Transaction&) {};
  pending_after(nothing, [&](Transaction&) { env->advance(kSecond / 10); });
  pending_after(nothing, [](Transaction& transaction) { CHECK_EQ(error_of(transaction.get("b", false)), 0); });
  pending_after([](Transaction& transaction) { CHECK_EQ(error_of(transaction.get("a", false)), 0); }, nothing);
  pending_after([](Transaction& transaction) { transaction.set("a", "2"); }, nothing);
}

void test_watch_outlasts_a_timeout() {
  const auto database = fresh_database();
  const auto transaction = create_transaction(*database);
  const Bytes timeout("\x64\0\0\0\0\0\0\0", 8);  // 100 ms
  CHECK_EQ(transaction->set_option(FDB_TR_OPTION_TIMEOUT, reinterpret_cast<const uint8_t*>(timeout.data()), 8), 0);
  const auto watch = transaction->watch("a");
  env->advance(kSecond / 5);
  CHECK_EQ(error_of(transaction->get("a", false)), err::kTransactionTimedOut);
  CHECK(!watch->is_ready());
}

// Nor does the commit mind that the read of a watch fails.
void test_commit_outlasts_a_watch_that_cannot_read() {
  const auto database = fresh_database();
  const auto transaction = create_transaction(*database);
  transaction->set_read_version(1);
  CHECK_EQ(error_of(transaction->watch("a")), err::kTransactionTooOld);
  CHECK_EQ(error_of(transaction->commit()), 0);
}

void test_open_transaction_gives_its_snapshot_back() {
  const auto database = fresh_database();
  put(database, "a", "1");
  const auto transaction = create_transaction(*database);
  CHECK_EQ(value_of(transaction->get("a", true)), Bytes("1"));
  CHECK(transaction->held_version() != Sweeper::kNone);
  env->advance(3600 * kSecond);
  env->advance(2 * kSecond);
  CHECK(transaction->held_version() == Sweeper::kNone);
  CHECK_EQ(error_of(transaction->get("b", false)), err::kTransactionTooOld);
}

}  // namespace
}  // namespace fdb

int main() {
  fdb::test::SimEnv env(fdb::test::seed());
  fdb::env = &env;
  fdb::test::simulate();
  fdb::test_write_skew_aborts_one();
  fdb::test_snapshot_stays_while_others_commit();
  fdb::test_window();
  fdb::test_handed_out_versions_are_exact();
  fdb::test_future_version_waits();
  fdb::test_commit_waits_for_reads();
  fdb::test_ended_commit_does_not_come_true_later();
  fdb::test_timeout_ends_what_is_pending();
  fdb::test_on_error_waits_and_resets();
  fdb::test_misuse_poisons_an_undelivered_commit();
  fdb::test_watch_fires_once_the_value_differs();
  fdb::test_watch_fails_with_a_transaction_that_is_cancelled_at_once();
  fdb::test_watch_whose_read_was_answered_outlasts_a_cancel();
  fdb::test_watch_outlasts_a_timeout();
  fdb::test_commit_outlasts_a_watch_that_cannot_read();
  fdb::test_open_transaction_gives_its_snapshot_back();
  return 0;
}
