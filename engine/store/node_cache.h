// Memory of nodes that the next ones are made of: a commit frees about what the next one needs, in sizes for which a heap has to
// look around.
//
// Thread-safety: none; it belongs to the committer of one keyspace, under its lock.
// Invariants:
//  1. It keeps no more than kMostBytes, and no blocks larger than kLargest.
//  2. A block serves requests of one size class; what has been put in may be a little larger.
#pragma once

#include <array>
#include <cstddef>

namespace fdb::store {

class NodeCache {
 public:
  static constexpr size_t kStep = 128;
  static constexpr size_t kLargest = 8 << 10;
  static constexpr size_t kMostBytes = 256 << 10;

  NodeCache() = default;
  ~NodeCache();
  NodeCache(const NodeCache&) = delete;
  NodeCache& operator=(const NodeCache&) = delete;

  // How large a block take() gives for so many bytes.
  static size_t rounded(size_t size) { return size > kLargest ? size : (size + kStep - 1) / kStep * kStep; }
  void* take(size_t rounded_size);
  // Takes over a block of operator new of at least that size.
  void put(void* block, size_t size) noexcept;

  size_t bytes() const { return bytes_; }  // for tests

 private:
  struct Block {
    Block* next;
  };

  std::array<Block*, kLargest / kStep + 1> blocks_{};  // by size in steps
  size_t bytes_ = 0;
};

}  // namespace fdb::store
