// Memory and time of what must not cost any: endless commits over few keys, a clear of a large range, a transaction
// that is left open. Uses the real clock and a network thread.
//
//   memory_test           a short version
//   memory_test full      10 million commits, a clear of 1,000,000 keys, and the waits that go with it
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <random>
#include <thread>

#include "abi/library.h"
#include "sim/test_library.h"
#include "sim/test_support.h"
#include "store/reclaimer.h"
#include "txn/transaction.h"

namespace fdb {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int64_t kMiB = 1 << 20;
constexpr int64_t kMostAbove = 300 * kMiB;  // while commits go on
constexpr int64_t kLeftAbove = 64 * kMiB;   // ten seconds after the last one
constexpr int64_t kStampedAbove = 32 * kMiB;
constexpr int64_t kBytesForEachVersion = 300;
constexpr int kRows = 1'000;

// Sanitizers keep freed memory on purpose: then only the functions are tested.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kMeasures = false;
#else
constexpr bool kMeasures = true;
#endif

int64_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  int64_t total = 0;
  int64_t resident = 0;
  statm >> total >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

// Waits until `holds` does, at most for `seconds`.
template <class Condition>
bool comes_true(int seconds, Condition&& holds) {
  const auto deadline = Clock::now() + std::chrono::seconds(seconds);
  while (!holds()) {
    if (Clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return true;
}

Bytes key_of(int number) {
  char text[16];
  std::snprintf(text, sizeof text, "k%08d", number);
  return text;
}

void commit(Transaction* transaction) {
  const Ref<Future> future = transaction->commit();
  CHECK_EQ(future->block_until_ready(), 0);
  CHECK_EQ(future->get_error(), 0);
}

void test_commits_over_few_keys(int commits) {
  const auto database = test::open_database("memory:commits");
  const int64_t before = resident_bytes();
  int64_t most = before;
  const auto start = Clock::now();
  for (int i = 0; i < commits; ++i) {
    const auto transaction = create_transaction(*database);
    transaction->set(key_of(i % kRows), std::to_string(i));
    commit(transaction.get());
    if (i % 4096 == 0) most = std::max(most, resident_bytes());
  }
  const double elapsed = milliseconds_since(start);
  const auto within = [before] { return resident_bytes() - before <= kLeftAbove; };
  std::printf("%d commits over %d keys: %.1f us each, at most %.1f MiB above the start, %.1f after the last one\n", commits,
              kRows, elapsed * 1000 / commits, static_cast<double>(most - before) / kMiB,
              static_cast<double>(resident_bytes() - before) / kMiB);
  if (kMeasures) {
    CHECK(most - before <= kMostAbove);
    CHECK(comes_true(10, within));
  }
}

// Each commit's version and stamp are given to the program, which may read there for five seconds.
void test_stamped_commits(int commits) {
  const auto database = test::open_database("memory:stamps");
  constexpr int kStampedRows = 100'000;
  for (int row = 0; row < kStampedRows;) {
    const auto transaction = create_transaction(*database);
    for (int end = row + 10'000; row < end; ++row) transaction->set(key_of(row), "value of moderate length");
    commit(transaction.get());
  }
  const int64_t before = resident_bytes();
  std::mt19937 random(1);
  for (int i = 0; i < commits; ++i) {
    const auto transaction = create_transaction(*database);
    transaction->atomic_op(key_of(static_cast<int>(random() % kStampedRows)), Bytes(14, '\0'),
                           FDB_MUTATION_TYPE_SET_VERSIONSTAMPED_VALUE);
    const Ref<Future> stamp = transaction->get_versionstamp();
    commit(transaction.get());
    CHECK_EQ(stamp->get_error(), 0);
    CHECK(transaction->committed_version() > 0);
  }
  const int64_t grown = resident_bytes() - before;
  std::printf("%d stamped commits over %d keys: %.1f MiB more\n", commits, kStampedRows, static_cast<double>(grown) / kMiB);
  if (kMeasures) CHECK(grown <= kStampedAbove + kBytesForEachVersion * commits);
}

void test_clear_of_a_large_range(int rows) {
  const auto database = test::open_database("memory:clear");
  for (int row = 0; row < rows;) {
    const auto transaction = create_transaction(*database);
    for (int end = std::min(rows, row + 10'000); row < end; ++row) transaction->set(key_of(row), "value of moderate length");
    commit(transaction.get());
  }
  const auto transaction = create_transaction(*database);
  transaction->clear_range("k", "l");
  const auto start = Clock::now();
  commit(transaction.get());
  std::printf("commit of a clear of %d keys: %.2f ms\n", rows, milliseconds_since(start));
  const auto reader = create_transaction(*database);
  const auto found = reader->get_key({"", false, 1}, true);
  Result* result = nullptr;
  CHECK_EQ(found->value(&result), 0);
  CHECK_EQ(std::get<KeyResult>(*result).key, Bytes("\xff"));
}

// The transaction holds rows that everybody else has forgotten, until it is too old to read them.
void test_open_transaction_gives_memory_back(int rows) {
  const auto database = test::open_database("memory:open");
  const Bytes value(1'000, 'v');
  for (int row = 0; row < rows;) {
    const auto transaction = create_transaction(*database);
    for (int end = std::min(rows, row + 1'000); row < end; ++row) transaction->set(key_of(row), value);
    commit(transaction.get());
  }
  const auto open = create_transaction(*database);
  CHECK_EQ(open->get("k", false)->get_error(), 0);
  const auto transaction = create_transaction(*database);
  transaction->clear_range("k", "l");
  commit(transaction.get());
  CHECK(open->held_version() != Sweeper::kNone);
  CHECK(comes_true(30, [&open] { return open->held_version() == Sweeper::kNone; }));
  CHECK(comes_true(30, [] { return store::reclaimer_backlog() == 0; }));
  CHECK_EQ(open->get("k1", false)->get_error(), err::kTransactionTooOld);
  CHECK_EQ(open->get("k", false)->get_error(), 0);  // was read in time
}

}  // namespace
}  // namespace fdb

int main(int argc, char** argv) {
  const bool full = argc > 1 && std::strcmp(argv[1], "full") == 0;
  fdb::Network& network = fdb::test::network();
  CHECK_EQ(network.select_api_version(740, 740), 0);
  CHECK_EQ(network.setup(), 0);
  std::thread loop([&network] { network.run(); });
  fdb::test_commits_over_few_keys(full ? 10'000'000 : fdb::kMeasures ? 200'000 : 20'000);
  fdb::test_stamped_commits(full ? 500'000 : fdb::kMeasures ? 60'000 : 2'000);
  fdb::test_clear_of_a_large_range(full ? 1'000'000 : 50'000);
  fdb::test_open_transaction_gives_memory_back(full ? 200'000 : 20'000);
  CHECK_EQ(network.stop(), 0);
  loop.join();
  return 0;
}
