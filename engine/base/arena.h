// Bump allocator for bytes that live and die together (a result's rows, a transaction's keys).
//
// Not thread-safe; its owner is. Pointers stay valid until clear() or destruction.
#pragma once

#include <cstring>
#include <new>
#include <utility>

#include "base/common.h"

namespace fdb {

class Arena {
 public:
  Arena() = default;
  Arena(Arena&& other) noexcept { swap(other); }
  Arena& operator=(Arena&& other) noexcept {
    if (this != &other) release();
    swap(other);
    return *this;
  }
  ~Arena() { release(); }

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

  // A first chunk that was enough is kept for what comes next.
  void clear() noexcept {
    if (reserved_ != kFirstChunk) return release();
    next_ = reinterpret_cast<char*>(newest_ + 1);
    left_ = kFirstChunk;
  }

 private:
  static constexpr size_t kFirstChunk = 256;

  // Its bytes follow.
  struct Chunk {
    Chunk* before;
  };

  void release() noexcept {
    while (newest_) ::operator delete(std::exchange(newest_, newest_->before));
    next_ = nullptr;
    left_ = reserved_ = 0;
  }

  void grow(size_t wanted) {
    size_t size = reserved_ < kFirstChunk ? kFirstChunk : reserved_ > 65536 ? 65536 : reserved_;
    if (size < wanted) size = wanted;
    newest_ = new (::operator new(sizeof(Chunk) + size)) Chunk{newest_};
    next_ = reinterpret_cast<char*>(newest_ + 1);
    left_ = size;
    reserved_ += size;
  }

  void swap(Arena& other) noexcept {
    std::swap(newest_, other.newest_);
    std::swap(next_, other.next_);
    std::swap(left_, other.left_);
    std::swap(reserved_, other.reserved_);
  }

  Chunk* newest_ = nullptr;
  char* next_ = nullptr;
  size_t left_ = 0;
  size_t reserved_ = 0;
};

}  // namespace fdb
