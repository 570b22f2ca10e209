#include "base/fork.h"

#include <pthread.h>

#include <array>
#include <atomic>

namespace fdb {

namespace {

// A fixed table that is only ever appended to, so that the child can read it without a lock.
constexpr int kMaxResets = 16;
std::array<std::atomic<void (*)()>, kMaxResets> resets{};
std::atomic<int> reset_count{0};

void run_resets() {
  for (auto& reset : resets) {
    if (auto function = reset.load(std::memory_order_acquire)) function();
  }
}

}  // namespace

void on_fork_in_child(void (*reset)()) {
  const int place = reset_count.fetch_add(1, std::memory_order_relaxed);
  if (place == 0) pthread_atfork(nullptr, nullptr, run_resets);
  if (place < kMaxResets) resets[static_cast<size_t>(place)].store(reset, std::memory_order_release);
}

}  // namespace fdb
