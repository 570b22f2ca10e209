#include "store/range_set.h"

#include <algorithm>

namespace fdb {

void merge_ranges(std::vector<KeyRange>* ranges) {
  if (ranges->size() < 2) return;
  std::sort(ranges->begin(), ranges->end(), [](const KeyRange& a, const KeyRange& b) { return a.begin < b.begin; });
  size_t last = 0;
  for (size_t i = 1; i < ranges->size(); ++i) {
    const KeyRange& range = (*ranges)[i];
    KeyRange& kept = (*ranges)[last];
    if (range.begin <= kept.end) {
      if (range.end > kept.end) kept.end = range.end;
    } else {
      (*ranges)[++last] = range;
    }
  }
  ranges->resize(last + 1);
}

void RangeSet::append(KeyRange range) {
  ranges_.push_back(range);
  // Doubling keeps the cost of merging amortised and bounds the memory of a transaction that reads one key for ever.
  if (ranges_.size() > 2 * merged_ + 256) merge();
}

void RangeSet::add(Slice begin, Slice end) {
  if (begin >= end) return;
  append({arena_.copy(begin), arena_.copy(end)});
}

void RangeSet::add_point(Slice key) {
  const Slice after = arena_.copy_after(key);
  append({after.substr(0, key.size()), after});
}

void RangeSet::merge() noexcept {
  const size_t before = ranges_.size();
  merge_ranges(&ranges_);
  merged_ = ranges_.size();
  if (merged_ * 2 < before) compact();
}

// Lets go of the bytes of ranges that were merged away; without memory for that they just stay.
void RangeSet::compact() noexcept {
  try {
    Arena arena;
    std::vector<KeyRange> ranges;
    ranges.reserve(ranges_.size());
    for (const KeyRange& range : ranges_) ranges.push_back({arena.copy(range.begin), arena.copy(range.end)});
    ranges_ = std::move(ranges);
    arena_ = std::move(arena);
  } catch (const std::bad_alloc&) {
  }
}

const std::vector<KeyRange>& RangeSet::merged() {
  if (merged_ != ranges_.size()) merge();
  return ranges_;
}

bool RangeSet::covers(Slice begin, Slice end) {
  if (begin >= end) return true;
  const std::vector<KeyRange>& ranges = merged();
  auto after =
      std::upper_bound(ranges.begin(), ranges.end(), begin, [](Slice key, const KeyRange& range) { return key < range.begin; });
  return after != ranges.begin() && std::prev(after)->end >= end;
}

void RangeSet::clear() noexcept {
  ranges_.clear();
  merged_ = 0;
  arena_.clear();
}

}  // namespace fdb
