#include "store/node_cache.h"

#include <new>

namespace fdb::store {

NodeCache::~NodeCache() {
  for (Block* block : blocks_) {
    while (block != nullptr) {
      Block* next = block->next;
      ::operator delete(block);
      block = next;
    }
  }
}

void* NodeCache::take(size_t rounded_size) {
  if (rounded_size > kLargest) return ::operator new(rounded_size);
  Block*& first = blocks_[rounded_size / kStep];
  if (first == nullptr) return ::operator new(rounded_size);
  Block* block = first;
  first = block->next;
  bytes_ -= rounded_size;
  return block;
}

void NodeCache::put(void* block, size_t size) noexcept {
  const size_t steps = size / kStep;
  if (steps == 0 || size > kLargest || bytes_ + steps * kStep > kMostBytes) return ::operator delete(block);
  blocks_[steps] = new (block) Block{blocks_[steps]};
  bytes_ += steps * kStep;
}

}  // namespace fdb::store
