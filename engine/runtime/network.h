// The network thread of a library: life cycle, a queue of tasks, timers.
//
// Thread-safety: every member may be called from any thread, unless stated otherwise.
// Invariants:
//  1. Tasks and timers run on the thread inside run() (or turn()), one at a time, without engine locks held.
//  2. Before run() nothing completes; after the loop ended, what was pending stays pending unless it is delivered, and new
//     futures are born with 1100.
//  3. The thread blocks all signals but those that its own faults raise, so that the program's other threads get them.
//  4. What a task throws ends that task and nothing else: the thread goes on.
//  5. After start_over(), in the child of a fork(), the network is as fresh as before select_api_version().
#pragma once

#include <functional>
#include <memory>

#include "base/api_behavior.h"
#include "runtime/future.h"
#include "runtime/timers.h"
#include "runtime/work.h"

namespace fdb {

class Buggify;

class Network {
 public:
  Network();
  // No thread is inside run().
  ~Network();
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  // ---- life cycle, as in the C API --------------------------------------------------------------
  Error select_api_version(int runtime, int header);
  int api_version() const { return api_version_.load(std::memory_order_acquire); }        // 0 before selection
  int header_version() const { return header_version_.load(std::memory_order_relaxed); }  // 0 before selection
  // What the selected version means; before selection that of the oldest.
  const ApiBehavior& behavior() const { return behavior_; }
  Error set_option(int option, const uint8_t* value, int length);
  Error setup();
  Error run();
  Error stop();
  Error add_completion_hook(void (*hook)(void*), void* parameter);

  enum class State { kFresh, kSetup, kRunning, kStopped };
  State state() const { return state_.load(std::memory_order_acquire); }
  bool is_set_up() const { return state() != State::kFresh; }
  bool running() const { return state() == State::kRunning; }
  bool stopped() const { return state() == State::kStopped; }
  // Whether this thread is the one inside run() or turn().
  bool on_network_thread() const;

  // ---- work ---------------------------------------------------------------------------------------
  // Runs `work` on the network thread after what was posted before it. Dropped after the loop ended.
  void post(std::unique_ptr<Work> work) noexcept;
  template <class Task>
  void post(Task task)
    requires std::is_invocable_v<Task>
  {
    post(std::unique_ptr<Work>(std::make_unique<WorkOf<Task>>(std::move(task))));
  }

  using TimerId = Timers::Id;
  // Runs `task` on the network thread at or (by less than 10 ms) after Env time `when_micros`.
  TimerId at(int64_t when_micros, std::function<void()> task);
  // The same by the time of `clock`, as far as that comes.
  TimerId at(const Clock& clock, int64_t when_micros, TimerKind kind, std::function<void()> task);
  // True if the timer will not run.
  bool cancel(TimerId timer);

  // Hands out a result that is known now: ready at once while the network runs; pending until run() before that;
  // 1100 after the loop ended.
  Ref<Future> answer(Result result);
  Ref<Future> answer_error(Error error);
  // Completes a future that was handed out pending, under the same rule (after the loop ended with 1100 instead of the
  // result: a program that waits for it must not wait for ever).
  void deliver(Ref<Future> future, Result result);
  void deliver_error(Ref<Future> future, Error error);

  // ---- clocks of databases --------------------------------------------------------------------------
  // Moves a clock on, from timer to timer: what is due is run at its time, with what it posts. Blocks until that has been done; not on
  // the network thread, nor where no thread is in run(): there the clock is moved at once, and what is due then is run in order.
  void advance(Clock& clock, int64_t micros);
  void set_mode(Clock& clock, ClockMode mode);

  // Runs what is due without blocking; for run() and for simulations, which own the loop.
  void turn();
  // Simulation only: marks the network as running without a thread of its own; turn() must be called.
  void simulate();

  // In the child of a fork(), which has no network thread.
  void start_over();

  // Fraction of the last second in which the loop was busy.
  double busyness() const;
  // Whether databases go through the layer for several client libraries (it decides about USE_GRV_CACHE).
  bool has_multi_version_layer() const;

 private:
  friend Buggify& buggify_of(Network& network);
  struct Impl;
  struct Rest;

  void enter_loop();
  void leave_loop();
  Rest end();

  Impl* impl_;  // replaced in a forked child
  std::atomic<State> state_{State::kFresh};
  ApiBehavior behavior_{0};  // does not change once api_version_ is set
  std::atomic<int> api_version_{0};
  std::atomic<int> header_version_{0};
};

}  // namespace fdb
