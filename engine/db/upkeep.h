// What the network thread does for one keyspace without being asked: it delivers commits that nobody looks at, takes snapshots
// that are out of the read window from their holders, and lets go of old commits.
//
// Thread-safety: every member may be called from any thread. Lock order: a user's lock, then those of the lists.
// Invariant: a timer that is on its way keeps nothing open.
#pragma once

#include <atomic>
#include <memory>

#include "base/weak_link.h"
#include "db/published_state.h"
#include "db/recent_commits.h"
#include "db/sweeper.h"
#include "db/undelivered.h"

namespace fdb {

class Keyspace;
class Network;

class Upkeep {
 public:
  static constexpr int64_t kSweepMicros = 1'000'000;

  // Lives in the keyspace that `link` leads to, as the two other parts do.
  Upkeep(Network& network, std::shared_ptr<WeakLink<Keyspace>> link, const PublishedState& published, RecentCommits& recent)
      : network_(network), link_(std::move(link)), published_(published), recent_(recent) {}

  // The oldest version that `user` holds a snapshot of has changed (Sweeper::kNone: none), so that it can be taken
  // from it when it is too old. False when there is no memory to note it.
  bool hold(KeyspaceUser* user, Version from, Version to) noexcept;
  // A commit is about to be decided: if nobody looks at it, the network thread delivers it.
  void expect_delivery(Undelivered::Place* place);
  void forget_undelivered(Undelivered::Place* place) { undelivered_.remove(place); }
  // There is something that will be out of the window one day.
  void schedule_sweep(int64_t delay_micros = kSweepMicros) noexcept;

 private:
  void sweep();
  void deliver_unseen();
  // Runs `task(*this)` on the network thread at `when_micros`, unless the keyspace is gone by then.
  template <class Task>
  void at(int64_t when_micros, Task task);

  Network& network_;
  const std::shared_ptr<WeakLink<Keyspace>> link_;
  const PublishedState& published_;
  RecentCommits& recent_;
  Undelivered undelivered_;
  Sweeper sweeper_;
  std::atomic<bool> sweep_scheduled_{false};
};

}  // namespace fdb
