// A database in a file, with its thread, on the disk that there is: what is there after opening again, who gets which answer, and
// what is where once it is folded.
#include "db/keyspace_file.h"

#include <thread>
#include <vector>

#include "abi/library.h"
#include "db/file_handles.h"
#include "sim/temporary_directory.h"
#include "sim/test_library.h"
#include "sim/test_support.h"
#include "txn/transaction.h"

namespace fdb {
namespace {

test::TemporaryDirectory* directory;

// Handles as a program has them: what a thread of the library still refers to does not keep a file open.
struct DestroyHandle {
  template <class Handle>
  void operator()(Handle* handle) const {
    handle->destroy();
  }
};
using DatabaseHandle = std::unique_ptr<Database, DestroyHandle>;
using TransactionHandle = std::unique_ptr<Transaction, DestroyHandle>;

TransactionHandle begin(const DatabaseHandle& database) { return TransactionHandle(create_transaction(*database).detach()); }

DatabaseHandle try_to_open(const Bytes& cluster_string) { return DatabaseHandle(test::open_database(cluster_string).detach()); }

Bytes fresh_path() {
  static int number = 0;
  return directory->path() + "/database" + std::to_string(++number);
}

DatabaseHandle open(const Bytes& path, const char* options = "") {
  DatabaseHandle database = try_to_open("file:" + path + options);
  if (database->deferred_error() != 0) std::cerr << database->problem() << '\n';
  CHECK_EQ(database->deferred_error(), 0);
  return database;
}

Error error_of(const Ref<Future>& future) {
  CHECK_EQ(future->block_until_ready(), 0);
  return future->get_error();
}

Version put(const DatabaseHandle& database, Slice key, Slice value) {
  const TransactionHandle transaction = begin(database);
  transaction->set(key, value);
  CHECK_EQ(error_of(transaction->commit()), 0);
  return transaction->committed_version();
}

Bytes get(const DatabaseHandle& database, Slice key) {
  const TransactionHandle transaction = begin(database);
  const Ref<Future> future = transaction->get(key, false);
  CHECK_EQ(error_of(future), 0);
  Result* result = nullptr;
  CHECK_EQ(future->value(&result), 0);
  const PlacedValue value = *value_in(*result);
  return Bytes(value.present ? value.value : "(none)");
}

Version read_version(const DatabaseHandle& database) {
  const TransactionHandle transaction = begin(database);
  const Ref<Future> future = transaction->get_read_version();
  CHECK_EQ(error_of(future), 0);
  Result* result = nullptr;
  CHECK_EQ(future->value(&result), 0);
  return std::get<int64_t>(*result);
}

void everything_is_there_after_opening_again() {
  for (const char* options : {"", "?sync=normal", "?sync=off", "?cache=1M"}) {
    const Bytes path = fresh_path();
    Version newest = 0;
    {
      const DatabaseHandle database = open(path, options);
      for (int i = 0; i < 300; ++i) put(database, "key" + std::to_string(i), Bytes(100, static_cast<char>('a' + i % 26)));
      newest = put(database, "large", Bytes(90'000, 'x'));
      CHECK(read_version(database) >= newest);
    }
    for (int round = 0; round < 3; ++round) {
      const DatabaseHandle database = open(path, options);
      CHECK(read_version(database) >= newest);
      CHECK_EQ(get(database, "key77"), Bytes(100, static_cast<char>('a' + 77 % 26)));
      CHECK_EQ(get(database, "large").size(), 90'000u);
      CHECK_EQ(get(database, "nothing"), "(none)");
      const Version next = put(database, "key77", Bytes(100, static_cast<char>('a' + 77 % 26)));
      CHECK(next > newest);
      newest = next;
    }
  }
}

// No version passes the lease that is on disk, and commits go on, whoever has moved the clock.
void the_lease_holds_for_a_clock_that_is_moved() {
  constexpr int64_t kHour = 3600 * int64_t{1'000'000};
  for (const char* options : {"", "?sync=off"}) {
    const Bytes path = fresh_path();
    Version newest = 0;
    {
      const DatabaseHandle database = open(path, options);
      MovableClock& clock = database->keyspace()->clock();
      for (const int hours : {1, 3, 24 * 300}) {
        clock.advance(hours * kHour);
        const Version version = put(database, "k", "v");
        CHECK(version > newest + (hours - 1) * kHour);
        newest = version;
      }
      // By jumps, further than a lease reaches.
      clock.freeze(true);
      const TransactionHandle transaction = begin(database);
      const int64_t before = clock.now();
      for (int i = 0; i < 300 || clock.now() < before + 2 * kHour; ++i) {
        const int64_t delay = 60'000;
        CHECK_EQ(transaction->set_option(FDB_TR_OPTION_MAX_RETRY_DELAY, reinterpret_cast<const uint8_t*>(&delay), 8), 0);
        CHECK_EQ(error_of(transaction->on_error(err::kNotCommitted)), 0);
      }
      newest = put(database, "k", "w");
    }
    const DatabaseHandle database = open(path, options);
    CHECK_EQ(get(database, "k"), "w");
    CHECK(put(database, "k", "x") > newest);
  }
}

void one_path_is_one_database() {
  const Bytes path = fresh_path();
  const DatabaseHandle first = open(path);
  const DatabaseHandle second = open(directory->path() + "/./" + path.substr(path.rfind('/') + 1));
  CHECK_EQ(first->keyspace(), second->keyspace());
  put(first, "a", "1");
  CHECK_EQ(get(second, "a"), "1");
  const DatabaseHandle other = try_to_open("file:" + path + "?sync=off");
  CHECK_EQ(other->deferred_error(), err::kInvalidOptionValue);
  CHECK(other->problem().find(path) != Bytes::npos);
}

void a_read_only_file_takes_no_commits() {
  const Bytes path = fresh_path();
  put(open(path), "a", "1");
  const DatabaseHandle database = open(path, "?mode=ro");
  CHECK_EQ(get(database, "a"), "1");
  const TransactionHandle transaction = begin(database);
  transaction->set("a", "2");
  CHECK_EQ(error_of(transaction->commit()), err::kTransactionReadOnly);
  CHECK_EQ(get(database, "a"), "1");
}

void threads_commit_together() {
  constexpr int kThreads = 8;
  constexpr int kCommits = 50;
  const Bytes path = fresh_path();
  {
    const DatabaseHandle database = open(path);
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&database] {
        for (int j = 0; j < kCommits; ++j) {
          const TransactionHandle transaction = begin(database);
          transaction->atomic_op("sum", Bytes("\1\0\0\0", 4), FDB_MUTATION_TYPE_ADD);
          CHECK_EQ(error_of(transaction->commit()), 0);
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  CHECK_EQ(get(open(path), "sum"), Bytes("\x90\1\0\0", 4));
}

void watches_fire_after_the_disk() {
  const DatabaseHandle database = open(fresh_path());
  put(database, "watched", "1");
  const TransactionHandle transaction = begin(database);
  const Ref<Future> watch = transaction->watch("watched");
  CHECK_EQ(error_of(transaction->commit()), 0);
  CHECK(!watch->is_ready());
  put(database, "watched", "2");
  CHECK_EQ(error_of(watch), 0);
}

void a_database_in_memory_is_loaded_from_a_file() {
  const Bytes path = fresh_path();
  put(open(path), "a", "1");
  const DatabaseHandle database = try_to_open("memory:loaded?from=" + path);
  CHECK_EQ(database->deferred_error(), 0);
  CHECK_EQ(get(database, "a"), "1");
  put(database, "a", "2");
  CHECK_EQ(get(try_to_open("memory:loaded"), "a"), "2");
  CHECK_EQ(get(open(path), "a"), "1");
}

// As a process leaves a file that is killed after a fold: what is only in the log has to come into the table before the log goes.
void what_a_crash_left_in_the_log_is_folded() {
  const Bytes path = fresh_path();
  {
    const DatabaseHandle database = open(path);
    for (int i = 0; i < 200; ++i) put(database, "key" + std::to_string(i), "old");
  }
  {
    bool is_new = false;
    const auto file = durable::DatabaseFile::open({path, durable::Sync::kFull, false, true}, &is_new);
    const durable::Versions versions = file->versions();
    CHECK(versions.base > 0);
    const Change changes[] = {{"key100", "new", false}, {"key3", "key4", true}};
    const auto batch = file->begin();
    batch->append(std::max(versions.base, versions.log_end) + 1, commit_record::encoded(changes));
    batch->commit();
  }
  for (int round = 0; round < 3; ++round) {
    const DatabaseHandle database = open(path);
    CHECK_EQ(get(database, "key100"), "new");
    CHECK_EQ(get(database, "key33"), "(none)");
    CHECK_EQ(get(database, "key4"), "old");
  }
}

void test_all() {
  everything_is_there_after_opening_again();
  what_a_crash_left_in_the_log_is_folded();
  the_lease_holds_for_a_clock_that_is_moved();
  one_path_is_one_database();
  a_read_only_file_takes_no_commits();
  threads_commit_together();
  watches_fire_after_the_disk();
  a_database_in_memory_is_loaded_from_a_file();
}

}  // namespace
}  // namespace fdb

int main() {
  using namespace fdb;
  CHECK_EQ(test::network().select_api_version(740, 740), 0);
  CHECK_EQ(test::network().setup(), 0);
  std::thread runner([] { CHECK_EQ(test::network().run(), 0); });
  test::TemporaryDirectory here;
  directory = &here;
  test_all();
  test::network().stop();
  runner.join();
  return 0;
}
