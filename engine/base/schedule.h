// The seam between the engine and who decides which of its threads goes on: the system, or a test that injects a schedule
// of its own, so that a seed replays a race.
//
// Thread-safety: every member may be called from any thread.
// Invariants:
//  1. Without an injected schedule a Mutex and a Condition are the standard ones and reach() does nothing.
//  2. Locks that may be held where reach(), a Mutex or a Condition stops a thread are of the types of this header.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>

#include "base/common.h"

namespace fdb {

class Condition;
class Mutex;

// Where a race may be decided.
enum class Point {
  kCommitDecided,    // the outcome is known, its future is pending
  kVersionAssigned,  // a commit has its version and is not published
  kPublished,        // a commit is visible, its watches have not fired
  kWatchActivating,  // the transaction of a watch has committed, the watch is not registered
  kWatchRegistered,  // it is registered, the current value was not looked at
  kFuturePending,    // a thread has seen that a future is pending and is about to wait for it
  kNetworkIdle,      // the network thread has found nothing to do and is about to sleep
};

class Schedule {
 public:
  virtual ~Schedule() = default;
  virtual void reach(Point point) = 0;

  static Schedule* current() { return injected_.load(std::memory_order_acquire); }
  // For tests, while no other thread uses the engine; nullptr gives the decision back to the system.
  static void inject(Schedule* schedule) { injected_.store(schedule, std::memory_order_release); }

 private:
  static inline std::atomic<Schedule*> injected_{nullptr};
};

// A schedule that also decides who gets a lock and who wakes up.
class ThreadSchedule : public Schedule {
 public:
  virtual void lock(std::mutex& mutex) = 0;
  // As Condition::wait_for; a negative time is for ever.
  virtual void wait(const Condition* condition, std::mutex& held, int64_t micros) = 0;
  virtual void notify(const Condition* condition, bool all) = 0;

  static ThreadSchedule* current() { return injected_.load(std::memory_order_acquire); }
  static void inject(ThreadSchedule* schedule) {
    Schedule::inject(schedule);
    injected_.store(schedule, std::memory_order_release);
  }

 private:
  static inline std::atomic<ThreadSchedule*> injected_{nullptr};
};

inline void reach(Point point) {
  if (Schedule* schedule = Schedule::current()) schedule->reach(point);
}

class Mutex {
 public:
  void lock() {
    if (ThreadSchedule* schedule = ThreadSchedule::current()) return schedule->lock(native_);
    native_.lock();
  }
  bool try_lock() { return native_.try_lock(); }
  void unlock() { native_.unlock(); }

 private:
  friend class Condition;
  std::mutex native_;
};

class Condition {
 public:
  void wait(std::unique_lock<Mutex>& lock) { wait_for(lock, -1); }
  template <class Done>
  void wait(std::unique_lock<Mutex>& lock, Done done) {
    while (!done()) wait(lock);
  }
  // Returns when notified, after `micros`, or for no reason. A negative time is for ever.
  void wait_for(std::unique_lock<Mutex>& lock, int64_t micros) {
    std::mutex& mutex = lock.mutex()->native_;
    if (ThreadSchedule* schedule = ThreadSchedule::current()) return schedule->wait(this, mutex, micros);
    std::unique_lock<std::mutex> held(mutex, std::adopt_lock);
    if (micros < 0) {
      native_.wait(held);
    } else {
      native_.wait_for(held, std::chrono::microseconds(micros));
    }
    held.release();
  }
  void notify_one() { notify(false); }
  void notify_all() { notify(true); }

 private:
  void notify(bool all) {
    if (ThreadSchedule* schedule = ThreadSchedule::current()) schedule->notify(this, all);
    all ? native_.notify_all() : native_.notify_one();
  }

  std::condition_variable native_;
};

}  // namespace fdb
