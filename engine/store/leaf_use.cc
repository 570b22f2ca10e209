#include "store/leaf_use.h"

#include <pthread.h>

#include <algorithm>
#include <cstddef>
#include <limits>

#include "base/fork.h"

namespace fdb::store {

namespace {

constexpr size_t kSlots = 4096;
constexpr uint64_t kOutside = 0;

// A thread's announcement. A line each, since its thread writes to it at every call.
struct alignas(64) Slot {
  std::atomic<uint64_t> epoch{kOutside};
  std::atomic<bool> taken{false};
};

// Pages of the operating system come into being where slots are used.
Slot slots[kSlots];
std::atomic<size_t> slots_used{0};  // no slot from here on was ever taken
// Calls of threads that found no slot; nothing is freed while there are any.
std::atomic<int64_t> crowd{0};
std::atomic<uint64_t> current_epoch{1};

struct ThisThread {
  Slot* slot;
  unsigned depth;
};
constinit thread_local ThisThread this_thread{nullptr, 0};

// Gives a slot back when its thread ends. A key of pthreads rather than a destructor, since destructors of other objects of the
// thread may come here afterwards: then the slot is set, and given back, once more.
pthread_key_t slot_key;
bool has_slot_key = false;

void give_back(void* slot) {
  this_thread.slot = nullptr;
  static_cast<Slot*>(slot)->taken.store(false, std::memory_order_release);
}

void in_child() {
  for (size_t i = 0; i < slots_used.load(std::memory_order_relaxed); ++i) {
    if (&slots[i] == this_thread.slot) continue;
    slots[i].epoch.store(kOutside, std::memory_order_relaxed);
    slots[i].taken.store(false, std::memory_order_relaxed);
  }
  crowd.store(this_thread.depth > 0 && this_thread.slot == nullptr ? 1 : 0, std::memory_order_relaxed);
}

Slot* take_slot() {
  if (!has_slot_key) return nullptr;
  for (size_t i = 0; i < kSlots; ++i) {
    Slot& slot = slots[i];
    if (slot.taken.load(std::memory_order_relaxed) || slot.taken.exchange(true, std::memory_order_acquire)) continue;
    if (pthread_setspecific(slot_key, &slot) != 0) {
      slot.taken.store(false, std::memory_order_release);
      return nullptr;
    }
    // Before the slot announces anything: who counts slots afterwards must see it.
    for (size_t used = slots_used.load(); used <= i && !slots_used.compare_exchange_weak(used, i + 1);) continue;
    return &slot;
  }
  return nullptr;
}

}  // namespace

bool LeafUse::inside() noexcept { return this_thread.depth > 0; }

void LeafUse::require() noexcept {
  static ForkHooks hooks{nullptr, nullptr, in_child};
  static const bool prepared = [] {
    has_slot_key = pthread_key_create(&slot_key, give_back) == 0;
    on_fork(&hooks);
    return true;
  }();
  needed_.store(prepared, std::memory_order_release);
}

// The announcement, the look at a page's leaf, the removal of that leaf and the look at the announcements are in one order of all
// threads: either the call finds the leaf gone, or who removes it finds the call.
void LeafUse::enter() noexcept {
  ThisThread& mine = this_thread;
  if (mine.depth++ > 0) return;
  if (mine.slot == nullptr) mine.slot = take_slot();
  if (mine.slot != nullptr) {
    mine.slot->epoch.store(current_epoch.load(), std::memory_order_seq_cst);
  } else {
    crowd.fetch_add(1, std::memory_order_seq_cst);
  }
}

void LeafUse::leave() noexcept {
  ThisThread& mine = this_thread;
  if (--mine.depth > 0) return;
  if (mine.slot != nullptr) {
    mine.slot->epoch.store(kOutside, std::memory_order_release);
  } else {
    crowd.fetch_sub(1, std::memory_order_release);
  }
}

uint64_t LeafUse::retire() noexcept { return current_epoch.fetch_add(1, std::memory_order_seq_cst) + 1; }

uint64_t LeafUse::oldest() noexcept {
  if (crowd.load(std::memory_order_seq_cst) > 0) return kOutside;
  uint64_t oldest = std::numeric_limits<uint64_t>::max();
  const size_t used = slots_used.load(std::memory_order_seq_cst);
  for (size_t i = 0; i < used; ++i) {
    const uint64_t epoch = slots[i].epoch.load(std::memory_order_seq_cst);
    if (epoch != kOutside) oldest = std::min(oldest, epoch);
  }
  return oldest;
}

}  // namespace fdb::store
