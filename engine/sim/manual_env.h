// A clock that only moves when told, for tests that need no network.
#pragma once

#include "base/env.h"

namespace fdb::test {

class ManualEnv : public Env {
 public:
  ManualEnv() { Env::inject(this); }
  ~ManualEnv() override { Env::inject(nullptr); }

  int64_t monotonic_micros() override { return now; }
  double wall_seconds() override { return static_cast<double>(now) / 1e6; }
  uint64_t random_u64() override { return 4; }

  int64_t now = 1'000'000;
};

}  // namespace fdb::test
