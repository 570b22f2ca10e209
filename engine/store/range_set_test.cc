// Range sets against a plain model, and what they keep.
#include "store/range_set.h"

#include <algorithm>

#include "base/common.h"
#include "sim/test_support.h"

namespace fdb {

namespace {

using Ranges = std::vector<std::pair<Bytes, Bytes>>;

Ranges merged_of(RangeSet& set) {
  Ranges found;
  for (const KeyRange& range : set.merged()) found.emplace_back(range.begin, range.end);
  return found;
}

void test_ranges_merge_where_they_overlap_or_touch() {
  RangeSet set;
  set.add("m", "p");
  set.add("a", "c");
  set.add("c", "d");  // touches
  set.add("b", "c");  // lies inside
  set.add("f", "f");  // empty
  set.add("h", "g");
  CHECK(merged_of(set) == Ranges({{"a", "d"}, {"m", "p"}}));
  set.add("d", "m");
  CHECK(merged_of(set) == Ranges({{"a", "p"}}));
  set.clear();
  CHECK(set.empty() && set.merged().empty());
}

void test_a_point_ends_before_the_next_key() {
  RangeSet set;
  set.add_point("k");
  CHECK(set.covers("k", key_after("k")));
  CHECK(!set.covers("k", "k1"));
  set.add_point(key_after("k"));
  CHECK(merged_of(set) == Ranges({{"k", Bytes("k\0\0", 3)}}));
}

void test_covers_asks_for_one_range() {
  RangeSet set;
  set.add("a", "c");
  set.add("d", "f");
  CHECK(set.covers("a", "c") && set.covers("d", "e"));
  CHECK(!set.covers("b", "e") && !set.covers("c", "d") && !set.covers("a", "d"));
}

void test_kept_bytes_are_merged_with_others() {
  RangeSet set;
  const Bytes bytes("dk");
  set.add_kept({Slice(bytes).substr(0, 1), Slice(bytes).substr(1)});
  set.add("a", "d");
  set.add("m", "p");
  CHECK(merged_of(set) == Ranges({{"a", "k"}, {"m", "p"}}));
}

void test_like_a_model(uint64_t seed) {
  std::mt19937_64 random(seed);
  constexpr int kKeys = 64;
  for (int round = 0; round < 20; ++round) {
    RangeSet set;
    bool model[kKeys] = {};
    for (int i = 0; i < 600; ++i) {  // more than are merged at once
      const int begin = static_cast<int>(random() % kKeys);
      const int end = std::min<int>(kKeys, begin + static_cast<int>(random() % 3));
      set.add(Bytes(1, static_cast<char>(begin)), Bytes(1, static_cast<char>(end)));
      for (int key = begin; key < end; ++key) model[key] = true;
      if (random() % 100 == 0) set.merged();
    }
    for (int key = 0; key < kKeys; ++key) {
      CHECK_EQ(set.covers(Bytes(1, static_cast<char>(key)), Bytes(1, static_cast<char>(key + 1))), model[key]);
    }
    Slice last;
    for (const KeyRange& range : set.merged()) {
      CHECK(!range.empty() && (last.empty() || range.begin > last));
      last = range.end;
    }
  }
}

}  // namespace

}  // namespace fdb

int main() {
  fdb::test_ranges_merge_where_they_overlap_or_touch();
  fdb::test_a_point_ends_before_the_next_key();
  fdb::test_covers_asks_for_one_range();
  fdb::test_kept_bytes_are_merged_with_others();
  fdb::test_like_a_model(fdb::test::seed());
}
