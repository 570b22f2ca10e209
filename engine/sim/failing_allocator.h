// Allocations that fail on demand, for tests of what happens when memory runs out, and that are counted, for tests of what takes
// any. Replaces the program's operator new: include it in one source of a test program.
//
// Thread-safety: each thread has its own counts; other threads' allocations do not fail.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

namespace fdb::test {

inline thread_local int64_t allocations_left = -1;  // -1: none fails
inline thread_local bool all_fail_afterwards = false;
inline thread_local int64_t failed_allocations = 0;
inline thread_local int64_t allocations_made = 0;
inline thread_local int64_t bytes_allocated = 0;

// While it lives, this thread's `nth` allocation (counted from 0) fails, and with `all_after` those that follow it, too.
class AllocationFailure {
 public:
  explicit AllocationFailure(int64_t nth, bool all_after = false) {
    allocations_left = nth;
    all_fail_afterwards = all_after;
    failed_allocations = 0;
  }
  AllocationFailure(const AllocationFailure&) = delete;
  AllocationFailure& operator=(const AllocationFailure&) = delete;
  ~AllocationFailure() { allocations_left = -1; }

  bool happened() const { return failed_allocations > 0; }
};

// What this thread has allocated since this was made, freed or not.
class AllocationCount {
 public:
  int64_t made() const { return allocations_made - made_before_; }
  int64_t bytes() const { return bytes_allocated - bytes_before_; }

 private:
  const int64_t made_before_ = allocations_made;
  const int64_t bytes_before_ = bytes_allocated;
};

inline bool allocation_fails() {
  if (allocations_left < 0) return false;
  if (allocations_left > 0) {
    --allocations_left;
    return false;
  }
  if (!all_fail_afterwards) allocations_left = -1;
  ++failed_allocations;
  return true;
}

inline void* allocate(std::size_t size, std::size_t alignment) noexcept {
  if (allocation_fails()) return nullptr;
  if (size == 0) size = 1;
  ++allocations_made;
  bytes_allocated += static_cast<int64_t>(size);
  if (alignment <= alignof(std::max_align_t)) return std::malloc(size);
  return std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
}

inline void* allocate_or_throw(std::size_t size, std::size_t alignment) {
  void* place = allocate(size, alignment);
  if (place == nullptr) throw std::bad_alloc();
  return place;
}

}  // namespace fdb::test

void* operator new(std::size_t size) { return fdb::test::allocate_or_throw(size, alignof(std::max_align_t)); }
void* operator new[](std::size_t size) { return fdb::test::allocate_or_throw(size, alignof(std::max_align_t)); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return fdb::test::allocate(size, alignof(std::max_align_t));
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return fdb::test::allocate(size, alignof(std::max_align_t));
}
void* operator new(std::size_t size, std::align_val_t align) {
  return fdb::test::allocate_or_throw(size, static_cast<std::size_t>(align));
}
void* operator new[](std::size_t size, std::align_val_t align) {
  return fdb::test::allocate_or_throw(size, static_cast<std::size_t>(align));
}
void operator delete(void* place) noexcept { std::free(place); }
void operator delete[](void* place) noexcept { std::free(place); }
void operator delete(void* place, std::size_t) noexcept { std::free(place); }
void operator delete[](void* place, std::size_t) noexcept { std::free(place); }
void operator delete(void* place, std::align_val_t) noexcept { std::free(place); }
void operator delete[](void* place, std::align_val_t) noexcept { std::free(place); }
void operator delete(void* place, std::size_t, std::align_val_t) noexcept { std::free(place); }
void operator delete[](void* place, std::size_t, std::align_val_t) noexcept { std::free(place); }
