#include "base/fork.h"

#include <pthread.h>

#include <atomic>

namespace fdb {

namespace {

// A list that only ever gets a new head, so that it can be read without a lock.
std::atomic<const ForkHooks*> newest{nullptr};
// The head when this thread's fork() began: a part that was registered since has not locked anything.
thread_local const ForkHooks* newest_at_fork = nullptr;

void run_before() {
  newest_at_fork = newest.load(std::memory_order_acquire);
  for (const ForkHooks* hooks = newest_at_fork; hooks; hooks = hooks->registered_before) {
    if (hooks->before) hooks->before();
  }
}

void run_in_parent(const ForkHooks* hooks) {
  if (!hooks) return;
  run_in_parent(hooks->registered_before);
  if (hooks->in_parent) hooks->in_parent();
}

void run_in_child(const ForkHooks* hooks, bool was_there) {
  if (!hooks) return;
  was_there = was_there || hooks == newest_at_fork;
  run_in_child(hooks->registered_before, was_there);
  if (hooks->in_child && (was_there || !hooks->before)) hooks->in_child();
}

}  // namespace

void on_fork(ForkHooks* hooks) {
  static const int registered = pthread_atfork(
      run_before, [] { run_in_parent(newest_at_fork); }, [] { run_in_child(newest.load(std::memory_order_acquire), false); });
  static_cast<void>(registered);
  hooks->registered_before = newest.load(std::memory_order_relaxed);
  while (!newest.compare_exchange_weak(hooks->registered_before, hooks, std::memory_order_release, std::memory_order_relaxed)) {
    continue;
  }
}

}  // namespace fdb
