#include "base/env.h"

#include <time.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <random>

namespace fdb {

namespace {

class SystemEnv final : public Env {
 public:
  int64_t monotonic_micros() override { return system_micros(); }

  double wall_seconds() override {
    return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  }

  // splitmix64 over an atomic counter: needs no lock, which a forked child could inherit locked. The process id keeps
  // parent and child from drawing the same numbers.
  uint64_t random_u64() override {
    uint64_t z = counter_.fetch_add(0x9E3779B97F4A7C15ULL, std::memory_order_relaxed);
    z += static_cast<uint64_t>(getpid()) << 32;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
  }

 private:
  static uint64_t seed() {
    std::random_device device;
    return static_cast<uint64_t>(device()) << 32 | device();
  }

  std::atomic<uint64_t> counter_{seed()};
};

}  // namespace

Env& Env::current() {
  if (Env* env = injected_.load(std::memory_order_acquire)) return *env;
  static SystemEnv* const system = new SystemEnv;  // never freed: threads may outlive static destruction
  return *system;
}

int64_t Env::system_micros() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1'000;
}

}  // namespace fdb
