#include "db/upkeep.h"

#include "base/env.h"
#include "db/keyspace.h"
#include "runtime/network.h"

namespace fdb {

namespace {

constexpr int64_t kSoonMicros = 1'000;  // for the rest of a bounded piece of work

}  // namespace

template <class Task>
auto Upkeep::task_of(Task task) {
  return [this, link = link_, task] {
    if (const Ref<Keyspace> alive = link->lock()) task(*this);
  };
}

// In real time: nobody who waits for a commit waits for a clock that stands.
void Upkeep::expect_delivery(Undelivered::Place* place) {
  const int64_t now = now_micros();
  if (!undelivered_.add(place, now)) return;
  try {
    network_.at(now + Undelivered::kPatienceMicros, task_of([](Upkeep& self) { self.deliver_unseen(); }));
  } catch (...) {
    undelivered_.disarm();
    throw;
  }
}

void Upkeep::deliver_unseen() {
  const int64_t next = undelivered_.deliver(now_micros());
  if (next < 0) return;
  try {
    network_.at(next, task_of([](Upkeep& self) { self.deliver_unseen(); }));
  } catch (...) {
    undelivered_.disarm();  // the next commit calls again
  }
}

// Without memory for it the next one who holds something schedules it.
template <class Schedule>
void Upkeep::schedule_sweep_once(Schedule schedule) noexcept {
  if (sweep_scheduled_.load(std::memory_order_relaxed) || sweep_scheduled_.exchange(true)) return;
  try {
    schedule(task_of([](Upkeep& self) { self.sweep(); }));
  } catch (...) {
    sweep_scheduled_.store(false);
  }
}

void Upkeep::schedule_next_sweep() noexcept {
  schedule_sweep_once([this](auto task) { network_.at(clock_, clock_.now() + kSweepMicros, TimerKind::kLimit, task); });
}

// In real time: there is something to do already.
void Upkeep::go_on_sweeping() noexcept {
  schedule_sweep_once([this](auto task) { network_.at(now_micros() + kSoonMicros, task); });
}

void Upkeep::sweep() {
  const Version window_start = published_.window_start();
  const bool soon = sweeper_.sweep(window_start);
  sweep_scheduled_.store(false);  // first: what comes after the looks below schedules its own sweep
  const bool more = recent_.trim(window_start) || !sweeper_.empty();
  if (more) soon ? go_on_sweeping() : schedule_sweep();
}

}  // namespace fdb
