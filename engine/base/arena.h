// Bump allocator for bytes that live and die together (a result's rows, a transaction's keys).
//
// Not thread-safe; its owner is. Pointers stay valid until clear() or destruction.
#pragma once

#include <cstring>
#include <memory>
#include <vector>

#include "base/common.h"

namespace fdb {

class Arena {
 public:
  Arena() = default;
  Arena(Arena&&) = default;
  Arena& operator=(Arena&&) = default;

  char* allocate(size_t size) {
    if (size > left_) grow(size);
    char* place = next_;
    next_ += size;
    left_ -= size;
    return place;
  }

  Slice copy(Slice bytes) {
    if (bytes.empty()) return Slice();
    char* place = allocate(bytes.size());
    std::memcpy(place, bytes.data(), bytes.size());
    return Slice(place, bytes.size());
  }

  // bytes followed by a zero byte.
  Slice copy_after(Slice bytes) {
    char* place = allocate(bytes.size() + 1);
    if (!bytes.empty()) std::memcpy(place, bytes.data(), bytes.size());
    place[bytes.size()] = '\0';
    return Slice(place, bytes.size() + 1);
  }

  size_t reserved() const { return reserved_; }

  void clear() {
    chunks_.clear();
    next_ = nullptr;
    left_ = reserved_ = 0;
  }

 private:
  void grow(size_t wanted) {
    size_t size = reserved_ < 256 ? 256 : reserved_ > 65536 ? 65536 : reserved_;
    if (size < wanted) size = wanted;
    chunks_.push_back(std::unique_ptr<char[]>(new char[size]));
    next_ = chunks_.back().get();
    left_ = size;
    reserved_ += size;
  }

  std::vector<std::unique_ptr<char[]>> chunks_;
  char* next_ = nullptr;
  size_t left_ = 0;
  size_t reserved_ = 0;
};

}  // namespace fdb
