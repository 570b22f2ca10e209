#include "runtime/network.h"

#include <pthread.h>
#include <signal.h>

#include <algorithm>

#include "base/env.h"
#include "base/schedule.h"
#include "runtime/network_options.h"

namespace fdb {

namespace {

constexpr int kMinApiVersion = 13;
constexpr int kMaxApiVersion = FDB_LATEST_API_VERSION;
constexpr int64_t kBusynessWindowMicros = 1'000'000;
constexpr int64_t kLongestSleepMicros = 3'600'000'000;  // far from what a clock can overflow with
constexpr int kBusyTurns = 64;                          // after which a clock moves on although there is other work

thread_local const Network* looping = nullptr;  // inside its run() or turn()

// For the time inside run(): the program's own threads get its signals.
class SignalBlock {
 public:
  SignalBlock() {
    sigset_t set;
    sigfillset(&set);
    // Blocking what a fault raises would end the process without the program's own handlers.
    for (int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT}) sigdelset(&set, fault);
    pthread_sigmask(SIG_BLOCK, &set, &saved_);
  }
  ~SignalBlock() { pthread_sigmask(SIG_SETMASK, &saved_, nullptr); }

 private:
  sigset_t saved_;
};

// What a task throws must neither end the loop nor reach the program's caller of run(); whoever waits for the task's result
// was told by the task itself.
template <class Task>
void run_guarded(Task&& task) noexcept {
  try {
    task();
  } catch (...) {
    return;
  }
}

}  // namespace

struct Network::Impl {
  struct Hook {
    void (*function)(void*);
    void* parameter;
  };
  struct Completion {
    Ref<Future> future;
    Error error;
    Result result;
  };
  struct Busyness {
    int64_t window_start = 0;
    int64_t busy_micros = 0;
    double last = 0;
  };

  Mutex mutex;
  Condition wake;
  Condition arrived;  // a clock has, or the loop has ended
  WorkQueue tasks;
  Timers timers;
  TimerId last_timer = 0;
  int busy_turns = 0;            // since a clock has moved on
  bool has_loop = false;         // a thread is in run()
  std::vector<Completion> held;  // completions that wait for run()
  std::vector<Hook> hooks;
  bool setup_attempted = false;
  bool run_called = false;
  bool stopping = false;
  Busyness busyness;
  NetworkOptions options;
  Impl* left_behind = nullptr;  // by a fork; it cannot be freed, but leak checkers should find it

  void wait_for_work(std::unique_lock<Mutex>& lock) {
    if (stopping || !tasks.empty()) return;
    const int64_t when = timers.wake_micros();
    if (when == INT64_MAX) return wake.wait(lock);
    const int64_t now = now_micros();
    if (when > now) wake.wait_for(lock, std::min(when - now, kLongestSleepMicros));
  }

  template <class Add>
  TimerId add_timer(const Network& network, Add add) {
    bool sleeps_too_long = false;
    TimerId timer;
    {
      std::lock_guard lock(mutex);
      timer = ++last_timer;
      if (network.stopped()) return timer;
      const int64_t before = timers.wake_micros();
      add(timer);
      sleeps_too_long = timers.wake_micros() < before;
    }
    if (sleeps_too_long && looping != &network) wake.notify_one();
    return timer;
  }

  // The timers whose turn it is. Clocks move on when there is nothing else to do.
  Timers::Queue take_timers(int64_t now) {
    Timers::Queue due = timers.take_due(now);
    if (!timers.has_moved()) return due;
    if (!due.empty() || (!tasks.empty() && ++busy_turns < kBusyTurns)) return due;
    busy_turns = 0;
    bool has_arrived = false;
    due = timers.step(now, &has_arrived);
    if (has_arrived) arrived.notify_all();
    return due;
  }

  double refresh_busyness(int64_t now, int64_t busy) {
    busyness.busy_micros += busy;
    const int64_t elapsed = now - busyness.window_start;
    if (elapsed >= kBusynessWindowMicros) {
      busyness.last = static_cast<double>(busyness.busy_micros) / static_cast<double>(elapsed);
      busyness.busy_micros = 0;
      busyness.window_start = now;
    }
    return busyness.last;
  }
};

// What is left when the loop has ended.
struct Network::Rest {
  WorkQueue tasks;
  Timers timers;
  std::vector<Impl::Completion> held;
  std::vector<Impl::Hook> hooks;
};

Network::Network() : impl_(new Impl) {}

Network::~Network() {
  end();
  delete impl_;
}

// The old state may be locked by threads that the child does not have: leave it behind.
void Network::start_over() {
  auto* fresh = new Impl;
  fresh->left_behind = std::exchange(impl_, fresh);
  state_.store(State::kFresh);
  api_version_.store(0);
  header_version_.store(0);
  behavior_ = ApiBehavior(0);
  looping = nullptr;
}

// ---- life cycle -----------------------------------------------------------------------------------

Error Network::select_api_version(int runtime, int header) {
  std::lock_guard lock(impl_->mutex);
  if (api_version() != 0) return err::kApiVersionAlreadySet;
  if (runtime > header) return err::kApiVersionInvalid;
  if (header > kMaxApiVersion || runtime < kMinApiVersion) return err::kApiVersionNotSupported;
  behavior_ = ApiBehavior(runtime);
  header_version_.store(header, std::memory_order_relaxed);
  api_version_.store(runtime, std::memory_order_release);
  return 0;
}

Error Network::set_option(int option, const uint8_t* value, int length) {
  if (api_version() == 0) return err::kApiVersionUnset;
  std::lock_guard lock(impl_->mutex);
  if (Error error = impl_->options.load_environment(impl_->setup_attempted)) return error;
  return impl_->options.set(option, value, length, impl_->setup_attempted);
}

Error Network::setup() {
  if (api_version() == 0) return err::kApiVersionUnset;
  std::lock_guard lock(impl_->mutex);
  if (Error error = impl_->options.load_environment(impl_->setup_attempted)) return error;
  if (impl_->setup_attempted) return err::kNetworkAlreadySetup;
  impl_->setup_attempted = true;
  if (Error error = impl_->options.check_clients()) return error;
  state_.store(State::kSetup, std::memory_order_release);
  return 0;
}

Error Network::run() {
  {
    std::lock_guard lock(impl_->mutex);
    if (!is_set_up()) return err::kNetworkNotSetup;
    if (impl_->run_called) return err::kNetworkCannotBeRestarted;
    impl_->run_called = true;
  }
  const SignalBlock signals_blocked;
  looping = this;
  enter_loop();
  for (bool stopping = false; !stopping;) {
    turn();
    reach(Point::kNetworkIdle);
    std::unique_lock lock(impl_->mutex);
    impl_->wait_for_work(lock);
    stopping = impl_->stopping;
  }
  turn();  // what was queued before the stop, callbacks of ready futures above all
  leave_loop();
  looping = nullptr;
  return 0;
}

// From here on futures complete, those that were held back first. A stop that came before run() wins.
void Network::enter_loop() {
  std::vector<Impl::Completion> held;
  {
    std::lock_guard lock(impl_->mutex);
    impl_->busyness.window_start = now_micros();
    impl_->has_loop = true;
    if (!impl_->stopping) state_.store(State::kRunning, std::memory_order_release);
    held.swap(impl_->held);
    if (impl_->stopping) return;
  }
  for (Impl::Completion& completion : held) {
    if (completion.error) {
      completion.future->fail(completion.error);
    } else {
      completion.future->complete(std::move(completion.result));
    }
  }
}

// Runs the completion hooks.
void Network::leave_loop() {
  const Rest rest = end();
  for (const Impl::Hook& hook : rest.hooks) hook.function(hook.parameter);
}

// From here on nothing is taken on. The caller drops what was still queued, without a lock: a task may own futures whose
// destruction posts again.
Network::Rest Network::end() {
  std::lock_guard lock(impl_->mutex);
  state_.store(State::kStopped, std::memory_order_release);
  impl_->has_loop = false;
  impl_->timers.finish_advances();
  impl_->arrived.notify_all();
  return {std::move(impl_->tasks), std::exchange(impl_->timers, {}), std::exchange(impl_->held, {}),
          std::exchange(impl_->hooks, {})};
}

Error Network::stop() {
  std::lock_guard lock(impl_->mutex);
  if (!is_set_up()) return err::kNetworkNotSetup;
  impl_->stopping = true;
  impl_->wake.notify_all();
  return 0;
}

Error Network::add_completion_hook(void (*hook)(void*), void* parameter) {
  std::lock_guard lock(impl_->mutex);
  if (!is_set_up()) return err::kNetworkNotSetup;
  impl_->hooks.push_back({hook, parameter});
  return 0;
}

bool Network::on_network_thread() const { return looping == this; }

// ---- work -----------------------------------------------------------------------------------------

void Network::post(std::unique_ptr<Work> work) noexcept {
  {
    std::lock_guard lock(impl_->mutex);
    if (!stopped()) impl_->tasks.push(std::move(work));
  }
  // The loop looks at its queue again before it sleeps.
  if (!work && looping != this) impl_->wake.notify_one();
}

Network::TimerId Network::at(int64_t when_micros, std::function<void()> task) {
  return impl_->add_timer(*this, [&](TimerId timer) { impl_->timers.add(timer, when_micros, std::move(task)); });
}

Network::TimerId Network::at(const Clock& clock, int64_t when_micros, TimerKind kind, std::function<void()> task) {
  return impl_->add_timer(*this, [&](TimerId timer) { impl_->timers.add(timer, clock, when_micros, kind, std::move(task)); });
}

bool Network::cancel(TimerId timer) {
  Timers::Task task;  // destroyed after the lock is released
  std::lock_guard lock(impl_->mutex);
  return impl_->timers.cancel(timer, &task);
}

// ---- clocks ----------------------------------------------------------------------------------------

void Network::advance(Clock& clock, int64_t micros) {
  std::unique_lock lock(impl_->mutex);
  if (!impl_->has_loop || looping == this) {
    impl_->timers.advance(clock, micros);
    return impl_->wake.notify_one();
  }
  impl_->timers.start_advance(clock, micros);
  impl_->wake.notify_one();
  impl_->arrived.wait(lock, [&] { return !impl_->has_loop || !impl_->timers.is_advancing(clock); });
}

void Network::set_mode(Clock& clock, ClockMode mode) {
  std::lock_guard lock(impl_->mutex);
  impl_->timers.set_mode(clock, mode, now_micros());
  impl_->wake.notify_one();
}

// ---- answers ---------------------------------------------------------------------------------------

Ref<Future> Network::answer(Result result) {
  if (running()) return Future::ready(std::move(result));
  auto future = make_ref<Future>(*this);
  deliver(future, std::move(result));
  return future;
}

Ref<Future> Network::answer_error(Error error) {
  if (running()) return Future::failed(error);
  auto future = make_ref<Future>(*this);
  deliver_error(future, error);
  return future;
}

void Network::deliver(Ref<Future> future, Result result) {
  if (!running()) {
    std::lock_guard lock(impl_->mutex);
    if (state() < State::kRunning) {
      impl_->held.push_back({std::move(future), 0, std::move(result)});
      return;
    }
  }
  if (stopped()) {
    future->fail(err::kBrokenPromise);
  } else {
    future->complete(std::move(result));
  }
}

void Network::deliver_error(Ref<Future> future, Error error) {
  if (!running()) {
    std::lock_guard lock(impl_->mutex);
    if (state() < State::kRunning) {
      impl_->held.push_back({std::move(future), error, Void{}});
      return;
    }
  }
  future->fail(stopped() ? err::kBrokenPromise : error);
}

void Network::turn() {
  Env& env = Env::current();
  const int64_t start = env.monotonic_micros();
  Timers::Queue timers;
  WorkQueue tasks;
  {
    std::lock_guard lock(impl_->mutex);
    timers = impl_->take_timers(start);
    tasks = std::move(impl_->tasks);
  }
  const Network* const before = std::exchange(looping, this);
  // Timers first, as they were due earlier. What a task owns goes with it, before the next one.
  for (; !timers.empty(); timers.erase(timers.begin())) run_guarded(timers.begin()->second.task);
  while (!tasks.empty()) run_guarded([work = tasks.pop()] { work->run(); });
  looping = before;
  const int64_t end = env.monotonic_micros();
  std::lock_guard lock(impl_->mutex);
  impl_->refresh_busyness(end, end - start);
}

void Network::simulate() {
  std::lock_guard lock(impl_->mutex);
  impl_->setup_attempted = impl_->run_called = true;
  state_.store(State::kRunning, std::memory_order_release);
}

double Network::busyness() const {
  std::lock_guard lock(impl_->mutex);
  return impl_->refresh_busyness(now_micros(), 0);
}

bool Network::has_multi_version_layer() const {
  std::lock_guard lock(impl_->mutex);
  return impl_->options.has_multi_version_layer();
}

Buggify& buggify_of(Network& network) { return network.impl_->options.buggify(); }

}  // namespace fdb
