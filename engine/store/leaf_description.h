// What is kept of a leaf, put together from its rows.
//
// Thread-safety: a value that belongs to one thread.
#pragma once

#include "store/leaf_checksum.h"
#include "store/leaf_source.h"

namespace fdb::store {

class LeafDescription {
 public:
  // In the order of the keys.
  void add(Slice key, Slice value) noexcept {
    ++leaf_.keys;
    leaf_.bytes += size_of(key, value);
    checksum_.add(key, value);
  }
  static int64_t size_of(Slice key, Slice value) { return static_cast<int64_t>(key.size() + value.size()); }

  int64_t keys() const { return leaf_.keys; }
  int64_t bytes() const { return leaf_.bytes; }
  // As the leaf that begins at `first`, which is borrowed.
  StoredLeaf leaf(Slice first) const { return StoredLeaf{first, leaf_.keys, leaf_.bytes, checksum_.value()}; }

 private:
  StoredLeaf leaf_;
  LeafChecksum checksum_;
};

}  // namespace fdb::store
