// The network: life cycle and its errors, tasks, timers, completions around run() and stop(), signals, fork.
// There is one network per process, so each test runs in a child of its own; a fork makes the library fresh.
#include "runtime/network.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "base/env.h"
#include "sim/test_library.h"
#include "sim/test_support.h"

namespace fdb {

namespace {

Network& network() { return test::network(); }

void in_child(const char* name, void (*test)()) {
  const pid_t child = fork();
  if (child == 0) {
    test();
    std::exit(0);
  }
  int status = 0;
  CHECK_EQ(waitpid(child, &status, 0), child);
  if (status != 0) std::cerr << "in " << name << '\n';
  CHECK_EQ(status, 0);
}

// A clock that only moves when told.
class ManualEnv : public Env {
 public:
  int64_t monotonic_micros() override { return now; }
  double wall_seconds() override { return static_cast<double>(now) / 1e6; }
  uint64_t random_u64() override { return 4; }
  int64_t now = 1'000'000;
};

void set_up() {
  CHECK_EQ(network().select_api_version(740, 740), 0);
  CHECK_EQ(network().setup(), 0);
}

std::thread start() {
  std::thread thread([] { CHECK_EQ(network().run(), 0); });
  while (!network().running()) std::this_thread::yield();
  return thread;
}

void flush() {
  std::atomic<bool> done{false};
  network().post([&] {
    done = true;
    done.notify_all();
  });
  done.wait(false);
}

void test_version_selection() {
  CHECK_EQ(network().set_option(FDB_NET_OPTION_TRACE_ENABLE, nullptr, 0), err::kApiVersionUnset);
  CHECK_EQ(network().setup(), err::kApiVersionUnset);
  CHECK_EQ(network().select_api_version(741, 740), err::kApiVersionInvalid);
  CHECK_EQ(network().select_api_version(740, 741), err::kApiVersionNotSupported);
  CHECK_EQ(network().select_api_version(12, 740), err::kApiVersionNotSupported);
  CHECK_EQ(network().api_version(), 0);
  CHECK_EQ(network().select_api_version(520, 600), 0);
  CHECK_EQ(network().api_version(), 520);
  CHECK_EQ(network().header_version(), 600);
  CHECK_EQ(network().select_api_version(520, 600), err::kApiVersionAlreadySet);
  CHECK_EQ(network().select_api_version(12, 11), err::kApiVersionAlreadySet);
}

void test_order_of_calls() {
  CHECK_EQ(network().select_api_version(740, 740), 0);
  CHECK_EQ(network().run(), err::kNetworkNotSetup);
  CHECK_EQ(network().stop(), err::kNetworkNotSetup);
  CHECK_EQ(network().add_completion_hook([](void*) {}, nullptr), err::kNetworkNotSetup);
  CHECK_EQ(network().setup(), 0);
  CHECK_EQ(network().setup(), err::kNetworkAlreadySetup);
  std::thread thread = start();
  CHECK_EQ(network().run(), err::kNetworkCannotBeRestarted);
  CHECK_EQ(network().setup(), err::kNetworkAlreadySetup);
  CHECK_EQ(network().stop(), 0);
  CHECK_EQ(network().stop(), 0);
  thread.join();
  CHECK(network().stopped());
  CHECK_EQ(network().run(), err::kNetworkCannotBeRestarted);
  CHECK_EQ(network().setup(), err::kNetworkAlreadySetup);
  CHECK_EQ(network().add_completion_hook([](void*) {}, nullptr), 0);
}

void test_stop_before_run() {
  set_up();
  auto held = network().answer(Void{});
  CHECK_EQ(network().stop(), 0);
  CHECK_EQ(network().run(), 0);
  CHECK(!held->is_ready());
  CHECK_EQ(network().answer(Void{})->get_error(), err::kBrokenPromise);
}

void test_completions_wait_for_run() {
  set_up();
  auto value = network().answer(int64_t{5});
  auto failed = network().answer_error(err::kNotCommitted);
  auto delivered = make_ref<Future>(test::network());
  network().deliver(delivered, Void{});
  auto delivered_error = make_ref<Future>(test::network());
  network().deliver_error(delivered_error, err::kInvertedRange);
  CHECK(!value->is_ready() && !failed->is_ready() && !delivered->is_ready() && !delivered_error->is_ready());
  std::thread thread = start();
  for (Future* future : {value.get(), failed.get(), delivered.get(), delivered_error.get()}) {
    CHECK_EQ(future->block_until_ready(), 0);
  }
  CHECK_EQ(value->get_error(), 0);
  CHECK_EQ(failed->get_error(), err::kNotCommitted);
  CHECK_EQ(delivered->get_error(), 0);
  CHECK_EQ(delivered_error->get_error(), err::kInvertedRange);
  CHECK(network().answer(Void{})->is_ready_quietly());
  CHECK_EQ(network().stop(), 0);
  thread.join();
}

void test_after_the_loop_ended() {
  set_up();
  std::thread thread = start();
  auto pending = make_ref<Future>(test::network());
  auto late = make_ref<Future>(test::network());
  CHECK_EQ(network().stop(), 0);
  thread.join();
  CHECK_EQ(network().answer(Void{})->get_error(), err::kBrokenPromise);
  CHECK_EQ(network().answer_error(err::kNotCommitted)->get_error(), err::kBrokenPromise);
  network().deliver(late, Void{});
  CHECK_EQ(late->get_error(), err::kBrokenPromise);
  CHECK(!pending->is_ready());
  // What a dropped task owns is destroyed without a lock: its destruction may post again.
  struct PostsAgain {
    ~PostsAgain() {
      network().post([] {});
    }
  };
  network().post([owned = std::make_shared<PostsAgain>()] {});
}

void test_tasks_run_in_order() {
  set_up();
  std::vector<int> order;
  network().post([&] {
    order.push_back(1);
    network().post([&] { order.push_back(3); });
    CHECK(network().on_network_thread());
  });
  network().post([&] { order.push_back(2); });
  CHECK(!network().on_network_thread());
  CHECK(order.empty());
  std::thread thread = start();
  flush();
  flush();
  CHECK((order == std::vector<int>{1, 2, 3}));
  CHECK_EQ(network().stop(), 0);
  thread.join();
}

void test_queued_tasks_run_before_the_loop_ends() {
  set_up();
  std::atomic<bool> ran{false};
  std::thread thread = start();
  network().post([&] {
    CHECK_EQ(network().stop(), 0);
    network().post([&] { ran = true; });
  });
  thread.join();
  CHECK(ran);
}

void record_hook(void* parameter) {
  static_cast<std::vector<bool>*>(parameter)->push_back(network().on_network_thread() && network().stopped());
}

void test_completion_hooks() {
  set_up();
  std::vector<bool> calls;
  CHECK_EQ(network().add_completion_hook(record_hook, &calls), 0);
  std::thread thread = start();
  CHECK_EQ(network().add_completion_hook(record_hook, &calls), 0);
  CHECK_EQ(network().stop(), 0);
  thread.join();
  CHECK((calls == std::vector<bool>{true, true}));
  CHECK_EQ(network().run(), err::kNetworkCannotBeRestarted);
  CHECK_EQ(calls.size(), 2u);
}

void test_timers_by_a_manual_clock() {
  ManualEnv env;
  Env::inject(&env);
  network().simulate();
  std::vector<int> order;
  network().at(env.now + 300, [&] { order.push_back(3); });
  network().at(env.now + 100, [&] { order.push_back(1); });
  const auto cancelled = network().at(env.now + 200, [&] { order.push_back(9); });
  network().at(env.now + 200, [&] { order.push_back(2); });
  network().turn();
  CHECK(order.empty());
  CHECK(network().cancel(cancelled));
  CHECK(!network().cancel(cancelled));
  env.now += 200;
  network().turn();
  CHECK((order == std::vector<int>{1, 2}));
  env.now += 1000;
  network().turn();
  network().turn();
  CHECK((order == std::vector<int>{1, 2, 3}));
  Env::inject(nullptr);
}

void test_timers_of_the_real_loop() {
  set_up();
  std::thread thread = start();
  const int64_t start = Env::current().monotonic_micros();
  std::atomic<int64_t> late_fired{0};
  std::atomic<int64_t> early_fired{0};
  network().at(INT64_MAX, [] { CHECK(false); });
  network().at(start + 40'000, [&] {
    late_fired = Env::current().monotonic_micros();
    late_fired.notify_all();
  });
  network().at(start + 5'000, [&] { early_fired = Env::current().monotonic_micros(); });
  late_fired.wait(0);
  CHECK(early_fired >= start + 5'000);
  CHECK(late_fired >= start + 40'000);
  CHECK(early_fired <= late_fired);
  CHECK_EQ(network().stop(), 0);
  thread.join();
}

void test_busyness() {
  ManualEnv env;
  Env::inject(&env);
  network().simulate();
  network().turn();
  CHECK_EQ(network().busyness(), 0.0);
  network().post([&] { env.now += 500'000; });
  network().turn();
  env.now += 500'000;
  network().turn();
  CHECK(network().busyness() > 0.4 && network().busyness() < 0.6);
  env.now += 2'000'000;
  CHECK_EQ(network().busyness(), 0.0);
  Env::inject(nullptr);
}

void test_signals_are_blocked_inside_only() {
  set_up();
  sigset_t before, inside, after;
  pthread_sigmask(SIG_SETMASK, nullptr, &before);
  network().post([&] {
    pthread_sigmask(SIG_SETMASK, nullptr, &inside);
    CHECK_EQ(network().stop(), 0);
  });
  CHECK_EQ(network().run(), 0);
  pthread_sigmask(SIG_SETMASK, nullptr, &after);
  for (int signal : {SIGINT, SIGTERM, SIGALRM, SIGUSR1, SIGCHLD}) {
    CHECK_EQ(sigismember(&inside, signal), 1);
    CHECK_EQ(sigismember(&before, signal), 0);
    CHECK_EQ(sigismember(&after, signal), 0);
  }
  CHECK_EQ(sigismember(&inside, SIGSEGV), 0);
}

[[maybe_unused]] void test_fork_while_running() {
  set_up();
  std::thread thread = start();
  auto inherited = make_ref<Future>(test::network());
  in_child("child of a running network", [] {
    CHECK_EQ(network().api_version(), 0);
    CHECK(!network().is_set_up());
    CHECK_EQ(make_ref<Future>(test::network())->block_until_ready(), err::kNetworkNotSetup);
    set_up();
    std::thread own = start();
    flush();
    CHECK_EQ(network().stop(), 0);
    own.join();
  });
  flush();
  CHECK_EQ(network().stop(), 0);
  thread.join();
}

}  // namespace

}  // namespace fdb

#define RUN(test) fdb::in_child(#test, fdb::test)

int main() {
  RUN(test_version_selection);
  RUN(test_order_of_calls);
  RUN(test_stop_before_run);
  RUN(test_completions_wait_for_run);
  RUN(test_after_the_loop_ended);
  RUN(test_tasks_run_in_order);
  RUN(test_queued_tasks_run_before_the_loop_ends);
  RUN(test_completion_hooks);
  RUN(test_timers_by_a_manual_clock);
  RUN(test_timers_of_the_real_loop);
  RUN(test_busyness);
  RUN(test_signals_are_blocked_inside_only);
#ifndef __SANITIZE_THREAD__  // which does not let a forked child start threads
  RUN(test_fork_while_running);
#endif
  return 0;
}
