// What the network thread does for one keyspace without being asked: it delivers commits that nobody looks at, takes snapshots
// that are out of the read window from their holders, and lets go of old commits.
//
// Thread-safety: every member may be called from any thread. Lock order: a user's lock, then those of the lists.
// Invariants:
//  1. A timer that is on its way keeps nothing open.
//  2. What waits for the program or goes on with work that was begun keeps real time; what waits for the window, the database's.
#pragma once

#include <atomic>
#include <memory>

#include "base/weak_link.h"
#include "db/published_state.h"
#include "db/recent_commits.h"
#include "db/sweeper.h"
#include "db/undelivered.h"
#include "runtime/clock.h"

namespace fdb {

class Keyspace;
class Network;

class Upkeep {
 public:
  static constexpr int64_t kSweepMicros = 1'000'000;

  // Lives in the keyspace that `link` leads to, as the two other parts do.
  Upkeep(Network& network, const Clock& clock, std::shared_ptr<WeakLink<Keyspace>> link, const PublishedState& published,
         RecentCommits& recent)
      : network_(network), clock_(clock), link_(std::move(link)), published_(published), recent_(recent) {}

  // The oldest version that a user holds a snapshot of is another one (Sweeper::kNone: none), so that it can be taken from it when it
  // is too old.
  void hold(Sweeper::Place* place, Version version) noexcept {
    sweeper_.move(place, version);
    if (version != Sweeper::kNone) schedule_sweep();
  }
  // A commit is about to be decided: if nobody looks at it, the network thread delivers it.
  void expect_delivery(Undelivered::Place* place);
  void forget_undelivered(Undelivered::Place* place) { undelivered_.remove(place); }
  // There is something that will be out of the window one day.
  void schedule_sweep() noexcept {
    if (!sweep_scheduled_.load(std::memory_order_relaxed)) schedule_next_sweep();
  }

 private:
  void schedule_next_sweep() noexcept;
  void sweep();
  void go_on_sweeping() noexcept;
  template <class Schedule>
  void schedule_sweep_once(Schedule schedule) noexcept;
  void deliver_unseen();
  // What runs `task(*this)` on the network thread, unless the keyspace is gone by then.
  template <class Task>
  auto task_of(Task task);

  Network& network_;
  const Clock& clock_;
  const std::shared_ptr<WeakLink<Keyspace>> link_;
  const PublishedState& published_;
  RecentCommits& recent_;
  Undelivered undelivered_;
  Sweeper sweeper_;
  std::atomic<bool> sweep_scheduled_{false};
};

}  // namespace fdb
