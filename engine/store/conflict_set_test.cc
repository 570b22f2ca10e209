#include "store/conflict_set.h"

#include <deque>
#include <map>
#include <vector>

#include "sim/test_support.h"

namespace {

using fdb::Bytes;
using fdb::ConflictSet;
using fdb::Version;

// The same step function, the slow way. Version 0: never written.
class Model {
 public:
  void add(const Bytes& begin, const Bytes& end, Version version) {
    if (begin >= end) return;
    const Version after = at(end);
    steps_.erase(steps_.lower_bound(begin), steps_.lower_bound(end));
    steps_[begin] = version;
    steps_[end] = after;
  }
  bool conflicts(const Bytes& begin, const Bytes& end, Version since) const {
    if (begin >= end) return false;
    if (at(begin) > since) return true;
    for (auto it = steps_.lower_bound(begin); it != steps_.end() && it->first < end; ++it) {
      if (it->second > since) return true;
    }
    return false;
  }

 private:
  Version at(const Bytes& key) const {
    auto it = steps_.upper_bound(key);
    return it == steps_.begin() ? 0 : std::prev(it)->second;
  }
  std::map<Bytes, Version> steps_;
};

Bytes random_key(std::mt19937_64& random, unsigned breadth) {
  if (random() % 20 == 0) return Bytes();
  if (random() % 20 == 0) return Bytes("\xff\xff");
  Bytes key = std::to_string(random() % breadth);
  if (random() % 4 == 0) key.push_back('\0');
  return key;
}

void random_range(std::mt19937_64& random, unsigned breadth, Bytes* begin, Bytes* end) {
  *begin = random_key(random, breadth);
  *end = random() % 2 ? fdb::key_after(*begin) : random_key(random, breadth);
}

void test_against_model(uint64_t seed) {
  for (const unsigned breadth : {5u, 60u, 2000u}) {
    std::mt19937_64 random(seed + breadth);
    ConflictSet set;
    Model model;
    Version version = 1, forgotten = 0;
    Bytes begin, end;
    for (int i = 0; i < 60'000; ++i) {
      random_range(random, breadth, &begin, &end);
      if (random() % 3 == 0) {
        version += static_cast<Version>(random() % 3);
        set.add(begin, end, version);
        model.add(begin, end, version);
      } else {
        const Version window = static_cast<Version>(random() % 50);
        const Version since = std::max(forgotten, version - window);
        CHECK_EQ(set.conflicts(begin, end, since), model.conflicts(begin, end, since));
      }
      if (random() % 4 == 0) {
        forgotten = std::max(forgotten, version - 30);
        set.forget(forgotten);
      }
    }
  }
}

void test_edges() {
  ConflictSet set;
  CHECK(!set.conflicts("", "\xff", 0));
  set.add("b", "a", 5);
  set.add("a", "a", 5);
  CHECK_EQ(set.size(), 0u);
  set.add("", "\xff", 5);
  CHECK(set.conflicts("a", "b", 4));
  CHECK(!set.conflicts("a", "b", 5));
  CHECK(!set.conflicts("b", "a", 4));
  CHECK(!set.conflicts("\xff", "\xff\xff", 4));
}

// Adding a range erases the boundaries that it covers; their memory goes with the adds that follow.
void test_covering() {
  ConflictSet set;
  for (int i = 0; i < 1000; ++i) set.add(std::to_string(i), std::to_string(i) + "!", 10);
  set.add("", "\xff", 20);
  CHECK(set.conflicts("5", "6", 19));
  CHECK(!set.conflicts("5", "6", 20));
  for (Version version = 21; version < 30; ++version) set.add("", "\xff", version);
  CHECK_EQ(set.size(), 2u);
}

// Also if only single keys follow.
void test_covering_before_single_keys() {
  ConflictSet set;
  for (int i = 0; i < 5000; ++i) set.add(std::to_string(i), std::to_string(i) + "!", 10);
  set.add("", "\xff", 20);
  for (Version version = 21; version < 100; ++version) {
    set.add("hot", fdb::key_after("hot"), version);
    set.forget(5);
  }
  CHECK(set.size() < 100);
}

// A hot range needs two boundaries, and a hot key a few places, however often they are written; what is older than the window goes away.
void test_bounds(char last, size_t most) {
  ConflictSet set;
  Version version = 0;
  for (int i = 0; i < 200'000; ++i) {
    const Bytes key = std::to_string(i % 1000);
    set.add(key, key + last, ++version);
    set.forget(version - 50'000);
  }
  CHECK(set.size() <= most);
  for (int i = 0; i < 200'000; ++i) {
    const Bytes key = "fresh" + std::to_string(i);
    set.add(key, key + last, ++version);
    set.forget(version - 1000);
  }
  CHECK(set.size() < 8000);
  for (int i = 0; i < 200'000; ++i) set.forget(version);
  CHECK(set.size() < 10);
}

}  // namespace

int main() {
  test_edges();
  test_covering();
  test_covering_before_single_keys();
  test_bounds('!', 2000);
  test_bounds('\0', 16'000);
  test_against_model(fdb::test::seed());
  std::puts("conflict_set_test: ok");
  return 0;
}
