// The seam to the outside world: time and randomness. A simulation injects its own, so that a seed
// replays a run; everybody else uses Env::current().
//
// Thread-safety: all members are callable from any thread.
#pragma once

#include <atomic>

#include "base/common.h"

namespace fdb {

class Env {
 public:
  virtual ~Env() = default;
  // Microseconds from an arbitrary start; never goes back.
  virtual int64_t monotonic_micros() = 0;
  // Seconds since the Unix epoch.
  virtual double wall_seconds() = 0;
  virtual uint64_t random_u64() = 0;
  // Uniform in [0, 1).
  double random_unit() { return static_cast<double>(random_u64() >> 11) * 0x1.0p-53; }

  static Env& current();
  // For simulations, before the first database is opened; nullptr restores the system's.
  static void inject(Env* env) { injected_.store(env, std::memory_order_release); }
  // The system's monotonic clock.
  static int64_t system_micros();

 private:
  friend int64_t now_micros();

  static inline std::atomic<Env*> injected_{nullptr};
};

// Env::current().monotonic_micros(), which every call asks for once or twice, without the ways round.
inline int64_t now_micros() {
  Env* const env = Env::injected_.load(std::memory_order_acquire);
  return env ? env->monotonic_micros() : Env::system_micros();
}

}  // namespace fdb
