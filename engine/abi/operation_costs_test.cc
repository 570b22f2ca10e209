// What the calls that programs make most may cost, counted and not timed: allocations, and locks of base/schedule.h. In an open
// transaction that has its read version, over a database in memory:
//
//   a get of a present key allocates its future with the value behind it, and nothing else, but for the log of what was read: the
//   first keys need no room, that of more doubles, up to chunks of 64 KiB; a key that was read before needs none
//   a set allocates an entry of the overlay and the operation in it, and nothing else, but for the bytes, which lie in chunks that
//   grow likewise; over a write of the same key the bytes alone
//   either takes one lock, that of the transaction; looking at the answer takes none and allocates nothing
//
// Each count has a control beside it: a call that costs more, and is seen to. What a commit copies: version_store_test,
// applied_commit_test.
#include <bit>

#include "abi/exports_support.h"
#include "sim/counted_locks.h"
#include "sim/failing_allocator.h"
#include "sim/sim_env.h"
#include "sim/test_library.h"
#include "sim/test_support.h"

#include <foundationdb/fdb_c.h>

namespace fdb {
namespace {

constexpr int kKeys = 10'000;
constexpr int kFirstKeys = 3;  // of 16 bytes, which the log has room for by itself
constexpr int64_t kChunk = 65'536;
const Bytes kValue(100, 'v');
const Bytes kLarge(5'000, 'l');

struct Cost {
  int64_t allocations = 0;
  int64_t bytes = 0;
  int64_t locks = 0;

  Cost& operator+=(const Cost& other) {
    allocations += other.allocations;
    bytes += other.bytes;
    locks += other.locks;
    return *this;
  }
};

template <class Call>
Cost cost_of(Call&& call) {
  const test::AllocationCount allocated;
  const int64_t locks = test::CountedLocks::taken();
  call();
  return {allocated.made(), allocated.bytes(), test::CountedLocks::taken() - locks};
}

const uint8_t* bytes(Slice text) { return reinterpret_cast<const uint8_t*>(text.data()); }
int length(Slice text) { return static_cast<int>(text.size()); }

Bytes key_of(int number) {
  char text[17];
  std::snprintf(text, sizeof text, "key%013d", number);
  return text;
}

class Open {
 public:
  explicit Open(FDBDatabase* database) { CHECK_EQ(fdb_database_create_transaction(database, &handle_), 0); }
  Open(const Open&) = delete;
  Open& operator=(const Open&) = delete;
  ~Open() { fdb_transaction_destroy(handle_); }

  FDBTransaction* handle() const { return handle_; }
  void read_version() {
    FDBFuture* version = fdb_transaction_get_read_version(handle_);
    CHECK_EQ(fdb_future_get_error(version), 0);
    fdb_future_destroy(version);
  }
  void set(Slice key, Slice value) { fdb_transaction_set(handle_, bytes(key), length(key), bytes(value), length(value)); }
  void commit() {
    FDBFuture* outcome = fdb_transaction_commit(handle_);
    CHECK_EQ(fdb_future_get_error(outcome), 0);
    fdb_future_destroy(outcome);
  }
  // The call, and what a program does with its answer.
  void get(Slice key, bool snapshot, Slice expected) {
    FDBFuture* future = fdb_transaction_get(handle_, bytes(key), length(key), snapshot);
    fdb_bool_t present = 0;
    const uint8_t* value = nullptr;
    int size = 0;
    CHECK(fdb_future_is_ready(future));
    CHECK_EQ(fdb_future_get_value(future, &present, &value, &size), 0);
    CHECK(present && Slice(reinterpret_cast<const char*>(value), static_cast<size_t>(size)) == expected);
    fdb_future_destroy(future);
  }

 private:
  FDBTransaction* handle_ = nullptr;
};

Cost cost_of_get(Open& open, const Bytes& key, bool snapshot = false, Slice expected = kValue) {
  return cost_of([&] { open.get(key, snapshot, expected); });
}

Cost cost_of_set(Open& open, const Bytes& key, Slice value) {
  return cost_of([&] { open.set(key, value); });
}

void fill(FDBDatabase* database) {
  Open open(database);
  for (int number = 0; number < kKeys; ++number) open.set(key_of(number), kValue);
  open.set("large", kLarge);
  open.commit();
}

// How often room that doubles, and then comes in chunks, is allocated until there are `bytes`.
int64_t chunks_for(int64_t bytes) { return std::bit_width(static_cast<uint64_t>(std::min(bytes, kChunk))) + bytes / kChunk; }

void test_gets(FDBDatabase* database) {
  Open open(database);
  open.read_version();
  const int64_t future_bytes = static_cast<int64_t>(sizeof(Future) + kValue.size());
  for (int number = 0; number < kFirstKeys; ++number) {
    const Cost cost = cost_of_get(open, key_of(number));
    CHECK_EQ(cost.allocations, 1);
    CHECK_EQ(cost.bytes, future_bytes);
    CHECK_EQ(cost.locks, 1);
  }
  int64_t others = 0;
  for (int number = kFirstKeys; number < kKeys; ++number) {
    const Cost cost = cost_of_get(open, key_of(number));
    CHECK(cost.allocations >= 1);
    others += cost.allocations - 1;
    CHECK_EQ(cost.locks, 1);
  }
  constexpr int64_t kRecord = 48;  // of a key
  std::printf("gets of %d keys: %lld allocations beside the futures\n", kKeys, static_cast<long long>(others));
  CHECK(others >= 1);  // so they are counted
  CHECK(others <= std::bit_width(unsigned{kKeys}) + chunks_for(kRecord * kKeys));
  for (int number = 0; number < kKeys; ++number) {
    const Cost cost = cost_of_get(open, key_of(number));
    CHECK_EQ(cost.allocations, 1);
    CHECK_EQ(cost.bytes, future_bytes);
    CHECK_EQ(cost.locks, 1);
  }
}

void test_gets_beside_writes(FDBDatabase* database) {
  Open open(database);
  open.read_version();
  open.set(key_of(1), "written");
  for (const bool snapshot : {true, false}) {
    for (const int number : {0, 2}) {
      const Cost cost = cost_of_get(open, key_of(number), snapshot);
      CHECK_EQ(cost.allocations, 1);
      CHECK_EQ(cost.locks, 1);
    }
    const Cost own = cost_of_get(open, key_of(1), snapshot, "written");
    CHECK_EQ(own.allocations, 1);
    CHECK_EQ(own.locks, 1);
  }
}

// A large value lies apart from its future; a transaction without a read version asks the database for one.
void test_dearer_gets_are_seen(FDBDatabase* database) {
  Open open(database);
  const Cost first = cost_of_get(open, key_of(0));
  CHECK(first.locks > 1);
  const Cost large = cost_of_get(open, "large", false, kLarge);
  CHECK(large.allocations > 1);
  CHECK_EQ(large.locks, 1);
}

void test_sets(FDBDatabase* database) {
  Open open(database);
  open.read_version();
  open.set("first", kValue);  // makes the overlay
  Cost all;
  for (int number = 0; number < kKeys; ++number) {
    const Cost cost = cost_of_set(open, key_of(number), kValue);
    CHECK(cost.allocations >= 2);
    CHECK_EQ(cost.locks, 1);
    all += cost;
  }
  const int64_t written = static_cast<int64_t>(key_of(0).size() + kValue.size()) * kKeys;
  const int64_t entry = static_cast<int64_t>(sizeof(WriteMap::Map::value_type) + 4 * sizeof(void*) + sizeof(KeyOperation));
  std::printf("sets of %d keys: %lld allocations beside the entries\n", kKeys,
              static_cast<long long>(all.allocations - 2 * kKeys));
  CHECK(all.allocations - 2 * kKeys <= chunks_for(written));
  CHECK(all.bytes <= entry * kKeys + written + 2 * kChunk);
  // Written again: the bytes alone.
  int64_t again = 0;
  for (int number = 0; number < kKeys; ++number) {
    const Cost cost = cost_of_set(open, key_of(number), kValue);
    CHECK(cost.allocations <= 1);
    CHECK_EQ(cost.locks, 1);
    again += cost.allocations;
  }
  CHECK(again >= 1);
  CHECK(again <= chunks_for(written));
}

// A commit takes locks of the database, and allocates in proportion to what it copies.
void test_commits_are_seen(FDBDatabase* database) {
  Open open(database);
  open.set("first", kValue);
  const Cost cost = cost_of([&] { open.commit(); });
  CHECK(cost.locks > 1);
  CHECK(cost.allocations > 1);
}

}  // namespace
}  // namespace fdb

int main() {
  fdb::test::SimEnv simulated(1);
  CHECK_EQ(fdb_select_api_version_impl(740, 740), 0);
  fdb::test::network().simulate();
  FDBDatabase* database;
  CHECK_EQ(fdb_create_database("memory:costs", &database), 0);
  fdb::fill(database);
  {
    const fdb::test::CountedLocks counted;
    fdb::test_gets(database);
    fdb::test_gets_beside_writes(database);
    fdb::test_dearer_gets_are_seen(database);
    fdb::test_sets(database);
    fdb::test_commits_are_seen(database);
  }
  fdb_database_destroy(database);
  return 0;
}
