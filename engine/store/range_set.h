// A growing set of key ranges that merge where they overlap or touch. Adding is an append; the merging is done when
// somebody looks, or when the unmerged tail has outgrown the rest.
//
// Thread-safety: none; a transaction owns it under its lock. An add that finds no memory throws and changes nothing.
#pragma once

#include <vector>

#include "base/arena.h"

namespace fdb {

struct KeyRange {
  Slice begin;
  Slice end;

  bool empty() const { return begin >= end; }
};

class RangeSet {
 public:
  // Copies the bytes. Empty ranges are ignored.
  void add(Slice begin, Slice end);
  void add_point(Slice key);  // [key, key\0)
  // The caller keeps the bytes until clear(), and adds none twice.
  void add_kept(KeyRange range) { ranges_.push_back(range); }
  bool empty() const { return ranges_.empty(); }
  // Ascending, disjoint, not touching. Valid until the next add.
  const std::vector<KeyRange>& merged();
  // Whether [begin, end) lies within one merged range.
  bool covers(Slice begin, Slice end);
  void clear() noexcept;

 private:
  void append(KeyRange range);
  void merge() noexcept;
  void compact() noexcept;

  std::vector<KeyRange> ranges_;
  size_t merged_ = 0;  // this many at the front are merged
  Arena arena_;
};

// Sorts and merges overlapping or touching ranges in place.
void merge_ranges(std::vector<KeyRange>* ranges);

}  // namespace fdb
