// A clock that moves only when told to, and seeded randomness: for tests and simulations.
#pragma once

#include <atomic>
#include <mutex>
#include <random>

#include "base/env.h"
#include "runtime/network.h"
#include "sim/test_library.h"

namespace fdb::test {

class SimEnv : public Env {
 public:
  explicit SimEnv(uint64_t seed) : random_(seed) { Env::inject(this); }
  ~SimEnv() override { Env::inject(nullptr); }

  int64_t monotonic_micros() override { return now_.load(); }
  double wall_seconds() override { return 1.7e9 + static_cast<double>(now_.load()) * 1e-6; }
  uint64_t random_u64() override {
    std::lock_guard lock(mutex_);
    return random_();
  }

  // Moves the clock.
  void pass(int64_t micros) { now_ += micros; }
  // Moves the clock and runs what has become due.
  void advance(int64_t micros) {
    pass(micros);
    test::network().turn();
  }

 private:
  std::atomic<int64_t> now_{1'000'000};
  std::mutex mutex_;
  std::mt19937_64 random_;
};

}  // namespace fdb::test
