// What the five-second window means when versions and clock go apart, and that every version within it can be read.
#include "abi/library.h"
#include "sim/sim_env.h"
#include "sim/test_library.h"
#include "sim/test_support.h"
#include "txn/transaction.h"

namespace fdb {
namespace {

constexpr int kFillers = 400;  // commits after which the conflict set has swept over everything that it may forget

test::SimEnv* env;

Ref<Database> fresh_database() {
  static int number = 0;
  return test::open_database(("memory:window" + std::to_string(++number)).c_str());
}

using test::value_of;

Version put(const Ref<Database>& database, Slice key, Slice value) {
  const auto transaction = create_transaction(*database);
  transaction->set(key, value);
  CHECK_EQ(transaction->commit()->get_error(), 0);
  return transaction->committed_version();
}

// Reads, lets another transaction change what was read, then that many versions and some commits pass.
Error error_of_stale_update(Version versions, int64_t micros) {
  const auto database = fresh_database();
  put(database, "counter", "1");
  const auto stale = create_transaction(*database);
  CHECK_EQ(value_of(stale->get("counter", false)), Bytes("1"));
  put(database, "counter", "2");
  database->keyspace()->skip_versions(versions);
  env->advance(micros);
  for (int i = 0; i < kFillers; ++i) put(database, "filler" + std::to_string(i), "");
  stale->set("counter", "2");
  return stale->commit()->get_error();
}

void test_no_update_is_lost_while_the_clock_stands() {
  CHECK_EQ(error_of_stale_update(0, 0), err::kNotCommitted);
  CHECK_EQ(error_of_stale_update(2 * kReadWindow, 0), err::kNotCommitted);
  CHECK_EQ(error_of_stale_update(2 * kReadWindow, kReadWindow - 1), err::kNotCommitted);
  CHECK_EQ(error_of_stale_update(2 * kReadWindow, kReadWindow + 1'000), err::kTransactionTooOld);
  CHECK_EQ(error_of_stale_update(0, kReadWindow + 1'000), err::kTransactionTooOld);
}

// Also versions that nobody was given, and long after many others have committed.
void test_every_version_of_the_window_is_exact() {
  const auto database = fresh_database();
  const Version first = put(database, "a", "0");
  std::vector<Version> versions{first};
  for (int i = 1; i < 1'500; ++i) {
    env->advance(1'000);
    versions.push_back(put(database, "a", std::to_string(i)));
    put(database, "b" + std::to_string(i), "");
  }
  for (size_t i = 0; i < versions.size(); i += 7) {
    for (const Version version : {versions[i], versions[i] + 500}) {
      const auto reader = create_transaction(*database);
      reader->set_read_version(version);
      CHECK_EQ(value_of(reader->get("a", false)), std::to_string(i));
      CHECK_EQ(value_of(reader->get("b" + std::to_string(i + 1), false)), std::optional<Bytes>());
    }
  }
  const auto before = create_transaction(*database);
  before->set_read_version(first - 1);
  CHECK_EQ(value_of(before->get("a", false)), std::optional<Bytes>());
}

// An idle database keeps its newest state and nothing else.
void test_memory_of_old_commits_comes_back() {
  const auto database = fresh_database();
  for (int i = 0; i < 5'000; ++i) put(database, std::to_string(i), "some value");
  const RecentCommits& recent = database->keyspace()->recent_commits();
  CHECK(recent.record_bytes() > 0);
  env->advance(kReadWindow);
  env->advance(kReadWindow);
  CHECK_EQ(recent.record_bytes(), 0);
  CHECK_EQ(recent.bases(), size_t{1});
}

// What a program keeps of a transaction that has committed costs no snapshot.
void test_a_committed_transaction_holds_no_snapshot() {
  const auto database = fresh_database();
  put(database, "a", "1");
  const auto transaction = create_transaction(*database);
  CHECK_EQ(value_of(transaction->get("a", false)), Bytes("1"));
  CHECK(transaction->held_version() != Sweeper::kNone);
  transaction->set("a", "2");
  CHECK_EQ(transaction->commit()->get_error(), 0);
  CHECK(transaction->held_version() == Sweeper::kNone);
  CHECK(transaction->committed_version() > 0);
  const auto reader = create_transaction(*database);
  put(database, "a", "3");
  reader->set_read_version(transaction->committed_version());
  CHECK_EQ(value_of(reader->get("a", false)), Bytes("2"));
}

}  // namespace
}  // namespace fdb

int main() {
  fdb::test::SimEnv simulated(1);
  fdb::env = &simulated;
  fdb::test::simulate();
  fdb::test_no_update_is_lost_while_the_clock_stands();
  fdb::test_every_version_of_the_window_is_exact();
  fdb::test_memory_of_old_commits_comes_back();
  fdb::test_a_committed_transaction_holds_no_snapshot();
  std::puts("read_window_test: ok");
  return 0;
}
