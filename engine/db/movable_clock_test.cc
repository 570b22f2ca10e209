// The clock of a database, with the network thread and other threads: what follows it, and what must not.
#include "db/movable_clock.h"

#include <atomic>
#include <thread>
#include <vector>

#include "sim/test_library.h"
#include "sim/test_support.h"
#include "txn/transaction.h"

namespace fdb {
namespace {

constexpr int64_t kSecond = 1'000'000;

Ref<Database> fresh_database() {
  static int number = 0;
  return test::open_database(("memory:movable" + std::to_string(++number)).c_str());
}

MovableClock& clock_of(const Ref<Database>& database) { return database->keyspace()->clock(); }

Error wait_for(const Ref<Future>& future) {
  CHECK_EQ(future->block_until_ready(), 0);
  return future->get_error();
}

std::optional<Bytes> value_of(const Ref<Future>& future) {
  CHECK_EQ(wait_for(future), 0);
  return test::value_of(future);
}

Version put(const Ref<Database>& database, Slice key, Slice value) {
  const auto transaction = create_transaction(*database);
  transaction->set(key, value);
  CHECK_EQ(wait_for(transaction->commit()), 0);
  return transaction->committed_version();
}

void test_the_window_ends_with_the_microsecond() {
  const auto database = fresh_database();
  clock_of(database).freeze(false);
  put(database, "k", "v");
  const auto reader = create_transaction(*database);
  const auto writer = create_transaction(*database);
  for (const auto& transaction : {reader, writer}) CHECK_EQ(value_of(transaction->get("k", false)), "v");
  clock_of(database).advance(5 * kSecond);
  CHECK_EQ(value_of(reader->get("other", false)), std::optional<Bytes>());
  clock_of(database).advance(1);
  CHECK_EQ(wait_for(reader->get("another", false)), err::kTransactionTooOld);
  writer->set("k", "w");
  CHECK_EQ(wait_for(writer->commit()), err::kTransactionTooOld);
}

void test_no_update_is_lost_however_many_versions_a_standing_clock_has_seen() {
  const auto database = fresh_database();
  clock_of(database).freeze(true);
  put(database, "counter", "1");
  const auto stale = create_transaction(*database);
  CHECK_EQ(value_of(stale->get("counter", false)), "1");
  put(database, "counter", "2");
  database->keyspace()->skip_versions(kReadWindow + 100'000);
  for (int i = 0; i < 400; ++i) put(database, "filler" + std::to_string(i), "");
  stale->set("counter", "2");
  CHECK_EQ(wait_for(stale->commit()), err::kNotCommitted);
}

void test_a_callback_may_move_the_clock() {
  const auto database = fresh_database();
  MovableClock& clock = clock_of(database);
  clock.freeze(false);
  const auto transaction = create_transaction(*database);
  const auto backoff = transaction->on_error(err::kNotCommitted);
  std::atomic<int64_t> moved{0};
  test::network().post([&] {
    const int64_t before = clock.now();
    clock.advance(kSecond);
    moved = clock.now() - before;
    moved.notify_all();
  });
  moved.wait(0);
  CHECK_EQ(moved.load(), kSecond);
  CHECK_EQ(wait_for(backoff), 0);
}

void test_an_advance_returns_when_what_it_set_going_has_ended() {
  const auto database = fresh_database();
  MovableClock& clock = clock_of(database);
  for (const bool stands : {true, false}) {
    if (stands) clock.freeze(false);
    const auto transaction = create_transaction(*database);
    const auto backoff = transaction->on_error(err::kNotCommitted);
    std::atomic<bool> called{false};
    backoff->set_callback([](FDBFuture*, void* flag) { *static_cast<std::atomic<bool>*>(flag) = true; }, &called);
    clock.advance(kSecond);
    CHECK(backoff->is_ready());
    CHECK(called);
    clock.resume();
  }
}

void test_a_database_that_goes_while_its_clock_stands() {
  Ref<Future> answer;
  {
    const auto database = test::open_database("memory:movable-gone");
    LatencySetting latency;
    CHECK(parse_latency("1s", &latency));
    database->keyspace()->latency().set(latency);
    clock_of(database).freeze(false);
    answer = database->answer(int64_t{1});
  }
  CHECK(!answer->is_ready());
  test::drop_database("movable-gone");
  CHECK_EQ(wait_for(answer), 0);
}

void test_an_unusable_database_keeps_real_time() {
  const auto database = test::open_database("file:/nowhere/at/all/x.fdb");
  CHECK(database->keyspace() == nullptr);
  const auto transaction = create_transaction(*database);
  CHECK(wait_for(transaction->on_error(err::kNotCommitted)) != err::kFutureNotSet);
}

// Every increment is there, and nobody sees the counter go back, while the clock is stopped, moved and let go.
void test_increments_while_the_clock_is_moved() {
  const auto database = fresh_database();
  MovableClock& clock = clock_of(database);
  put(database, "n", "0");
  constexpr int kIncrements = 60;
  constexpr int kThreads = 3;
  std::atomic<int> running{kThreads};
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      int last = 0;
      for (int done = 0; done < kIncrements; ++done) {
        const auto transaction = create_transaction(*database);
        for (;;) {
          const auto read = transaction->get("n", false);
          Error error = wait_for(read);
          if (error == 0) {
            const int seen = std::stoi(*value_of(read));
            CHECK(seen >= last);
            last = seen;
            transaction->set("n", std::to_string(seen + 1));
            error = wait_for(transaction->commit());
          }
          if (error == 0) break;
          CHECK(error == err::kNotCommitted || error == err::kTransactionTooOld);
          CHECK_EQ(wait_for(transaction->on_error(error)), 0);
        }
      }
      --running;
    });
  }
  for (int i = 0; running > 0; ++i) {
    clock.freeze(i % 2 != 0);
    clock.advance(i % 5 == 0 ? 6 * kSecond : 20'000);
    clock.resume();
    clock.advance(1'000);
    std::this_thread::yield();
  }
  for (std::thread& thread : threads) thread.join();
  CHECK_EQ(value_of(create_transaction(*database)->get("n", false)), std::to_string(kThreads * kIncrements));
}

}  // namespace
}  // namespace fdb

int main() {
  fdb::Network& network = fdb::test::network();
  CHECK_EQ(network.select_api_version(740, 740), 0);
  CHECK_EQ(network.setup(), 0);
  std::thread thread([&] { CHECK_EQ(network.run(), 0); });
  while (!network.running()) std::this_thread::yield();
  fdb::test_the_window_ends_with_the_microsecond();
  fdb::test_no_update_is_lost_however_many_versions_a_standing_clock_has_seen();
  fdb::test_a_callback_may_move_the_clock();
  fdb::test_an_advance_returns_when_what_it_set_going_has_ended();
  fdb::test_a_database_that_goes_while_its_clock_stands();
  fdb::test_an_unusable_database_keeps_real_time();
  fdb::test_increments_while_the_clock_is_moved();
  CHECK_EQ(network.stop(), 0);
  thread.join();
}
