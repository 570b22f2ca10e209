// Fork hooks: who is called when, and that a lock that is held over a fork() is free on both sides.
#include "base/fork.h"

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <mutex>
#include <string>
#include <thread>

#include "sim/test_support.h"

namespace fdb {
namespace {

std::string calls;

// Whether `check()` holds in a child, and the child ends by itself.
template <class Check>
bool holds_in_child(Check check) {
  const pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    alarm(20);
    _exit(check() ? 0 : 1);
  }
  int status = 0;
  CHECK_EQ(waitpid(child, &status, 0), child);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void hooks_run_in_order() {
  static ForkHooks first{[] { calls += "b1 "; }, [] { calls += "p1 "; }, [] { calls += "c1 "; }};
  static ForkHooks only_child{nullptr, nullptr, [] { calls += "c2 "; }};
  static ForkHooks last{[] { calls += "b3 "; }, [] { calls += "p3 "; }, [] { calls += "c3 "; }};
  on_fork(&first);
  on_fork(&only_child);
  on_fork(&last);
  CHECK(holds_in_child([] { return calls == "b3 b1 c1 c2 c3 "; }));
  CHECK_EQ(calls, "b3 b1 p1 p3 ");
  calls.clear();
  CHECK(holds_in_child([] { return holds_in_child([] { return calls == "b3 b1 c1 c2 c3 b3 b1 c1 c2 c3 "; }); }));
}

// As a thread does that registers its part while another one forks.
void hooks_that_come_during_a_fork() {
  static ForkHooks locking{[] { calls += "late-before "; }, nullptr, [] { calls += "late-unlock "; }};
  static ForkHooks resetting{nullptr, nullptr, [] { calls += "late-reset "; }};
  static ForkHooks registrar{[] {
                               static bool done = false;
                               if (done) return;
                               done = true;
                               on_fork(&locking);
                               on_fork(&resetting);
                             },
                             nullptr, nullptr};
  on_fork(&registrar);
  calls.clear();
  CHECK(holds_in_child([] { return calls == "b3 b1 c1 c2 c3 late-reset "; }));
  calls.clear();
  CHECK(holds_in_child([] { return calls == "late-before b3 b1 c1 c2 c3 late-unlock late-reset "; }));
}

// Without the hooks the busy thread would hold it in most children.
void a_lock_is_free_on_both_sides() {
  static std::mutex mutex;
  static ForkHooks hooks{[] { mutex.lock(); }, [] { mutex.unlock(); }, [] { mutex.unlock(); }};
  on_fork(&hooks);
  std::atomic<bool> stop{false};
  std::thread busy([&] {
    while (!stop) std::lock_guard lock(mutex);
  });
  for (int i = 0; i < 20; ++i) {
    CHECK(holds_in_child([] {
      std::lock_guard lock(mutex);
      return true;
    }));
  }
  stop = true;
  busy.join();
}

}  // namespace
}  // namespace fdb

int main() {
  fdb::hooks_run_in_order();
  fdb::hooks_that_come_during_a_fork();
  fdb::a_lock_is_free_on_both_sides();
  return 0;
}
