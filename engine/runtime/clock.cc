#include "runtime/clock.h"

#include <thread>

namespace fdb {

uint64_t Clock::next_number() {
  static std::atomic<uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

int64_t Clock::now_of_moved() const {
  for (;;) {
    const int64_t state = state_.load(std::memory_order_acquire);
    if ((state & kStanding) != 0) return micros(state);
    if ((state & kStopping) != 0) {
      std::this_thread::yield();
      continue;
    }
    const int64_t now = now_micros() + micros(state);
    if (state_.load(std::memory_order_acquire) == state) return now;
  }
}

// Who reads while this goes on starts again, so that nobody has read a later time than the one at which the clock stands. A microsecond
// more is for processors that have read the time a few instructions ahead.
void Clock::stand() {
  const int64_t state = state_.load(std::memory_order_relaxed);
  if ((state & kStanding) != 0) return;
  state_.store(state | kStopping, std::memory_order_seq_cst);
  const int64_t now = now_micros() + micros(state) + 1;
  state_.store(now * kUnit | kStanding, std::memory_order_release);
}

void Clock::run() {
  const int64_t state = state_.load(std::memory_order_relaxed);
  if ((state & kStanding) != 0) state_.store((micros(state) - now_micros()) * kUnit, std::memory_order_release);
}

}  // namespace fdb
