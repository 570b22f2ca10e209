#include "store/point_writes.h"

#include <map>

#include "sim/failing_allocator.h"
#include "sim/test_support.h"

namespace {

using fdb::Bytes;
using fdb::PointWrites;
using fdb::Slice;
using fdb::Version;

// The newest write of each key.
class Model {
 public:
  void add(const Bytes& key, Version version) { newest_[key] = version; }
  bool conflicts(const Bytes& begin, const Bytes& end, Version since) const {
    if (begin >= end) return false;
    for (auto at = newest_.lower_bound(begin); at != newest_.end() && at->first < end; ++at) {
      if (at->second > since) return true;
    }
    return false;
  }

 private:
  std::map<Bytes, Version> newest_;
};

// Keys with much in common, with little, and of all lengths.
Bytes random_key(std::mt19937_64& random, unsigned breadth) {
  const unsigned number = static_cast<unsigned>(random() % breadth);
  switch (random() % 8) {
    case 0: return Bytes(number % 7, '\0');
    case 1: return Bytes(1, static_cast<char>(number)) + std::to_string(number);
    default: return "a common prefix/" + std::to_string(number) + Bytes(random() % 2, '\0');
  }
}

void test_against_model(uint64_t seed) {
  for (const unsigned breadth : {3u, 100u, 30'000u}) {
    std::mt19937_64 random(seed + breadth);
    PointWrites writes;
    Model model;
    Version version = 0, forgotten = -1;
    for (int i = 0; i < 30'000 / fdb::test::kReduction; ++i) {
      if (random() % 2000 == 0) version += 1LL << 33;
      version += static_cast<Version>(random() % 2);
      const Bytes key = random_key(random, breadth);
      writes.add(key, version);
      model.add(key, version);
      if (random() % 512 == 0 && version > 20'000) writes.forget(forgotten = std::max(forgotten, version - 20'000));
      if (random() % 4 != 0) continue;
      const Bytes begin = random_key(random, breadth), end = random() % 2 ? fdb::key_after(begin) : random_key(random, breadth);
      const Version since =
          std::max<Version>(forgotten, version - static_cast<Version>(random() % (random() % 2 ? 30 : 20'000)));
      CHECK_EQ(writes.conflicts(begin, end, since), model.conflicts(begin, end, since));
    }
  }
}

// A range over many writes of which one is new, wherever that is.
void test_ranges_over_many() {
  constexpr int kKeys = 20'000;
  const auto key = [](int i) { return std::to_string(100'000 + i); };
  PointWrites writes;
  for (int i = 0; i < kKeys; ++i) writes.add(key(i), 1);
  for (int changed = 1; changed < kKeys; changed += 2111) {
    PointWrites some;
    for (int i = 0; i < kKeys; ++i) some.add(key((i + changed + 1) % kKeys), i == kKeys - 1 ? 2 : 1);
    for (const int from : {0, changed - 1, changed, changed + 1}) {
      for (const int to : {changed, changed + 1, kKeys}) {
        CHECK_EQ(some.conflicts(key(from), key(to), 1), from <= changed && changed < to);
      }
    }
  }
  CHECK(writes.conflicts(key(0), key(1), 0));
  CHECK(!writes.conflicts("1", "2", 1));
}

// What memory a bulk load leaves behind, and that it goes.
void test_memory() {
  constexpr int kKeys = 200'000;
  PointWrites writes;
  for (int i = 0; i < kKeys; ++i) writes.add("0123456789" + std::to_string(100'000 + i), i / 1000);
  CHECK_EQ(writes.size(), size_t{kKeys});
  CHECK(writes.memory() < 26 * kKeys);
  for (int i = 0; i < 64; ++i) writes.forget(kKeys);
  CHECK_EQ(writes.size(), 0u);
  CHECK(writes.memory() < 64 << 10);
}

// An add that finds no memory changes nothing; a merge that finds none is put off.
void test_without_memory(uint64_t seed) {
  std::mt19937_64 random(seed);
  PointWrites writes;
  Model model;
  int failed = 0;
  for (Version version = 1; version < 10'000; ++version) {
    const Bytes key = random_key(random, 1000), end = fdb::key_after(key);
    bool added = true;
    try {
      const fdb::test::AllocationFailure failure(static_cast<int64_t>(random() % 3), random() % 2 == 0);
      writes.add(key, version);
    } catch (const std::bad_alloc&) {
      added = false;
      ++failed;
    }
    if (added) model.add(key, version);
    CHECK_EQ(writes.conflicts(key, end, version - 1), added);
    const Bytes other = random_key(random, 1000);
    const Version since = version - static_cast<Version>(random() % 3000);
    CHECK_EQ(writes.conflicts(other, fdb::key_after(other), since), model.conflicts(other, fdb::key_after(other), since));
  }
  CHECK(failed > 0);
}

}  // namespace

int main() {
  const uint64_t seed = fdb::test::seed();
  test_against_model(seed);
  test_ranges_over_many();
  test_memory();
  test_without_memory(seed);
  std::puts("point_writes_test: ok");
  return 0;
}
