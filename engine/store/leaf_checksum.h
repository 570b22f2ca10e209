// The checksum of the rows of one leaf, as it is kept beside the leaf.
//
// Thread-safety: a value that belongs to one thread.
// Invariant: the lengths are covered, so that bytes cannot move from a key to its value or into the next row unnoticed.
#pragma once

#include "base/common.h"
#include "base/crc32c.h"

namespace fdb::store {

class LeafChecksum {
 public:
  // In the order of the keys.
  void add(Slice key, Slice value) noexcept {
    char lengths[16];
    put_length(lengths, key.size());
    put_length(lengths + 8, value.size());
    checksum_ = crc32c(value, crc32c(key, crc32c(Slice(lengths, sizeof lengths), checksum_)));
  }
  uint32_t value() const { return checksum_; }

 private:
  // The same on every machine: a file may move.
  static void put_length(char* place, size_t length) noexcept {
    for (int i = 0; i < 8; ++i) place[i] = static_cast<char>(uint64_t{length} >> (8 * i));
  }

  uint32_t checksum_ = 0;
};

}  // namespace fdb::store
