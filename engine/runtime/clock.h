// The time of one database: the real one, until a test moves it on, lets it stand, and lets it go again.
//
// Everything that a database does by time asks its clock: versions, the window of reads, timeouts, backoffs, late answers. What has to
// do with the machine asks now_micros(): the disk, and commits that nobody looks at.
//
// Thread-safety: what is const may be called from any thread. The rest belongs to the network whose timers the clock has
// (Network::advance(), set_mode()), which moves one clock at a time.
// Invariants:
//  1. It never goes back: who has read a time reads no earlier one afterwards, whatever is done to the clock meanwhile.
//  2. All of its state is one word: no reader sees half of a change.
#pragma once

#include <atomic>

#include "base/env.h"

namespace fdb {

class Clock {
 public:
  Clock() = default;
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;

  int64_t now() const {
    const int64_t state = state_.load(std::memory_order_acquire);
    if ((state & kFlags) == 0) [[likely]] {
      const int64_t now = now_micros() + micros(state);
      if (state_.load(std::memory_order_acquire) == state) [[likely]]
        return now;
    }
    return now_of_moved();
  }
  bool is_standing() const { return (state_.load(std::memory_order_acquire) & kStanding) != 0; }
  // How far it is ahead of real time while it runs.
  int64_t offset() const { return micros(state_.load(std::memory_order_acquire)); }
  // Tells clocks apart, also from those that are gone.
  uint64_t number() const { return number_; }

  // ---- for the network -----------------------------------------------------------------------------
  void shift(int64_t by_micros) { state_.fetch_add(by_micros * kUnit, std::memory_order_acq_rel); }
  void stand();
  void run();

 private:
  // The state is a number of microseconds, the offset or where the clock stands, above two flags.
  static constexpr int64_t kStanding = 1;
  static constexpr int64_t kStopping = 2;  // on the way from running to standing: wait a moment
  static constexpr int64_t kFlags = 3;
  static constexpr int64_t kUnit = 4;

  static int64_t micros(int64_t state) { return state >> 2; }
  static uint64_t next_number();
  int64_t now_of_moved() const;

  std::atomic<int64_t> state_{0};
  const uint64_t number_ = next_number();
};

}  // namespace fdb
