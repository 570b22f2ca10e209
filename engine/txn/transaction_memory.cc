#include "txn/transaction_memory.h"

#include <pthread.h>

#include <atomic>
#include <cstdint>
#include <new>
#include <utility>

namespace fdb::transaction_memory {

namespace {

// Sanitizers want to see each transaction's own memory.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kKeeps = false;
#else
constexpr bool kKeeps = true;
#endif

constexpr size_t kPlaces = 16;

// One piece of memory each, for threads that rarely share one.
struct alignas(64) Place {
  std::atomic<void*> memory{nullptr};
};
Place places[kPlaces];

// Threads lie apart by their stacks.
Place& place_of_thread() {
  const auto self = (uintptr_t)pthread_self();
  return places[(self >> 12 ^ self >> 20 ^ self >> 24) % kPlaces];
}

}  // namespace

void* allocate(size_t size) {
  if (kKeeps) {
    if (void* const kept = place_of_thread().memory.exchange(nullptr, std::memory_order_acquire)) return kept;
  }
  return ::operator new(size);
}

void free(void* place, size_t size) noexcept {
  if (kKeeps) place = place_of_thread().memory.exchange(place, std::memory_order_acq_rel);
  if (place) ::operator delete(place, size);
}

}  // namespace fdb::transaction_memory
