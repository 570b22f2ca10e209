#include "db/upkeep.h"

#include <new>

#include "base/env.h"
#include "db/keyspace.h"
#include "runtime/network.h"

namespace fdb {

namespace {

constexpr int64_t kSoonMicros = 1'000;  // for the rest of a bounded piece of work

}  // namespace

template <class Task>
void Upkeep::at(int64_t when_micros, Task task) {
  network_.at(when_micros, [this, link = link_, task] {
    if (const Ref<Keyspace> alive = link->lock()) task(*this);
  });
}

void Upkeep::expect_delivery(Undelivered::Place* place) {
  const int64_t now = now_micros();
  if (!undelivered_.add(place, now)) return;
  try {
    at(now + Undelivered::kPatienceMicros, [](Upkeep& self) { self.deliver_unseen(); });
  } catch (...) {
    undelivered_.disarm();
    throw;
  }
}

void Upkeep::deliver_unseen() {
  const int64_t next = undelivered_.deliver(now_micros());
  if (next < 0) return;
  try {
    at(next, [](Upkeep& self) { self.deliver_unseen(); });
  } catch (...) {
    undelivered_.disarm();  // the next commit calls again
  }
}

bool Upkeep::hold(KeyspaceUser* user, Version from, Version to) noexcept {
  try {
    sweeper_.move(user, from, to);
  } catch (const std::bad_alloc&) {
    return false;
  }
  if (to != Sweeper::kNone) schedule_sweep();
  return true;
}

// Without memory for it the next one who holds something schedules it.
void Upkeep::schedule_sweep(int64_t delay_micros) noexcept {
  if (sweep_scheduled_.load(std::memory_order_relaxed) || sweep_scheduled_.exchange(true)) return;
  try {
    at(now_micros() + delay_micros, [](Upkeep& self) { self.sweep(); });
  } catch (...) {
    sweep_scheduled_.store(false);
  }
}

void Upkeep::sweep() {
  const Version window_start = published_.window_start();
  const bool soon = sweeper_.sweep(window_start);
  const bool more = recent_.trim(window_start) || !sweeper_.empty();
  sweep_scheduled_.store(false);
  if (more) schedule_sweep(soon ? kSoonMicros : kSweepMicros);
}

}  // namespace fdb
