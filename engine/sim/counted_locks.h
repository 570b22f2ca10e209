// Counts the locks of base/schedule.h that a thread takes; for tests of what takes few. They are given out as ever.
//
// Thread-safety: each thread has its own count. Made and destroyed while no other thread uses the engine, and nothing may wait
// for a condition meanwhile.
#pragma once

#include "base/schedule.h"
#include "sim/test_support.h"

namespace fdb::test {

class CountedLocks : public ThreadSchedule {
 public:
  CountedLocks() { inject(this); }
  CountedLocks(const CountedLocks&) = delete;
  CountedLocks& operator=(const CountedLocks&) = delete;
  ~CountedLocks() override { inject(nullptr); }

  // By this thread, ever.
  static int64_t taken() { return taken_; }

  void reach(Point) override {}
  void lock(std::mutex& mutex) override {
    ++taken_;
    mutex.lock();
  }
  void wait(const Condition*, std::mutex&, int64_t) override { fail(__FILE__, __LINE__, "nothing waits"); }
  void notify(const Condition*, bool) override {}

 private:
  static inline thread_local int64_t taken_ = 0;
};

}  // namespace fdb::test
