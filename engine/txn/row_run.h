// Rows that lie beside each other in one leaf, and how they get into the result of a read.
//
// Thread-safety: none; a run is good while the walk that gave it stays where it is.
// Invariant: the rows of a result that were not copied lie in leaves to which the result holds references. Leaves that a cache
// may let go of (leaf_page.h) are not kept like that, since the cache could not count them, and neither is a leaf of which a
// result takes little: it keeps at most about four times what its rows take.
#pragma once

#include <vector>

#include "runtime/future.h"
#include "store/store_node.h"

namespace fdb {

// In the order of the walk: row 0 is where it is.
class RowRun {
 public:
  RowRun() = default;
  // `step` is 1 or -1, `prefix` the length of what is before the keys as the walk shows them.
  RowRun(const store::Node* leaf, int first, int count, int step, size_t prefix, bool is_plain)
      : leaf_(leaf), first_(first), count_(count), step_(step), prefix_(prefix), is_plain_(is_plain) {}

  int count() const { return count_; }
  Slice key(int row) const { return leaf_->key(place(row)).substr(prefix_); }
  // Of key and value.
  int64_t bytes(int row) const {
    const store::Slot& slot = leaf_->slots()[place(row)];
    return int64_t{slot.key_size} + slot.value_size - static_cast<int64_t>(prefix_);
  }
  // Adds rows [from, to) to a result.
  void add_to(KeyValueArray* result, int from, int to) const;

 private:
  int place(int row) const { return first_ + step_ * row; }
  bool may_keep(int from, int to) const;
  FDBKeyValue row_at(int place) const;

  const store::Node* leaf_ = nullptr;
  int first_ = 0;
  int count_ = 0;
  int step_ = 1;
  size_t prefix_ = 0;
  bool is_plain_ = false;
};

}  // namespace fdb
