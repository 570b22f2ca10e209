// The data of one embedded database: its newest state and the recent ones, the conflict check and the committer.
//
// Thread-safety: every member may be called from any thread.
// Invariants:
//  1. Every version from the database's first one on is answered exactly for kReadWindow, whether it was handed out or not.
//  2. No commit is checked against writes that are forgotten: a read version from before them is too old.
//  3. A commit goes through named steps under one lock: check, version, AppliedCommit on what is published, remember, publish,
//     fire watches. What may fail comes before it is published.
//  4. Lock order: commit_mutex_, then that of the published state, then the watches' mutex.
#pragma once

#include <memory>
#include <vector>

#include "base/weak_link.h"
#include "db/applied_commit.h"
#include "db/commit_request.h"
#include "db/published_state.h"
#include "db/recent_commits.h"
#include "db/upkeep.h"
#include "db/watches.h"
#include "runtime/latency.h"
#include "store/conflict_set.h"

namespace fdb {

class Keyspace : public RefCounted<Keyspace> {
 public:
  // Work for later is done on the network's thread.
  Keyspace(Network& network, Bytes name);
  ~Keyspace();

  const Bytes& name() const { return name_; }
  Bytes connection_string() const;

  // How often the cluster would have recovered; a restart of its process is one.
  int64_t generation() const { return generation_.load(std::memory_order_relaxed); }
  void note_recovery() { generation_.fetch_add(1, std::memory_order_relaxed); }

  // The newest committed state, as a new transaction reads it.
  ReadPoint read_point() { return published_.read_point(); }
  // The state at `version`: 1007 when it is gone, 1009 when it is still to come.
  Error read_point_at(Version version, Snapshot* snapshot);
  // Microseconds until the clock reaches `version`; 0 if it has.
  int64_t micros_until(Version version) const { return published_.micros_until(version); }
  // Whether a read at `version` is refused now.
  bool too_old(Version version) const { return published_.too_old(version); }

  CommitOutcome commit(const CommitRequest& request);
  const RecentCommits& recent_commits() const { return recent_; }
  // Moves the versions ahead of the clock, as `count` commits do while the clock stands. For tests.
  void skip_versions(Version count);

  bool locked() const { return locked_.load(std::memory_order_acquire); }
  // 0 disabled, 1 optional, 2 required.
  int tenant_mode() const { return tenant_mode_.load(std::memory_order_acquire); }
  WatchRegistry& watches() { return watches_; }
  // For what must not keep the database open.
  const std::shared_ptr<WeakLink<Keyspace>>& link() const { return link_; }
  Latency& latency() { return latency_; }
  // The newest state without any effect on versions; for watches and statistics.
  Snapshot current() { return published_.current(); }

  // Counts what would be an exchange with a server; another one since means that earlier reads have been answered.
  void note_round_trip() { round_trips_.fetch_add(1, std::memory_order_relaxed); }
  uint64_t round_trips() const { return round_trips_.load(std::memory_order_relaxed); }

  // For transactions; see Upkeep.
  bool hold(KeyspaceUser* user, Version from, Version to) noexcept { return upkeep_.hold(user, from, to); }
  void expect_delivery(Undelivered::Place* place) { upkeep_.expect_delivery(place); }
  void forget_undelivered(Undelivered::Place* place) { upkeep_.forget_undelivered(place); }

 private:
  // ---- the steps of a commit -------------------------------------------------------------------------
  Error check(const CommitRequest& request, std::vector<size_t>* conflicting);
  Error check_preconditions(const CommitRequest& request);
  Error check_conflicts(const CommitRequest& request, std::vector<size_t>* conflicting);
  // What later commits and reads have to know of this one.
  void remember(const CommitRequest& request, const AppliedCommit& applied, Version version);
  void publish(const AppliedCommit& applied, Version version) noexcept;
  void fire_watches(const AppliedCommit& applied);

  void forget_conflicts(Version version);
  void refresh_system_state(const Snapshot& snapshot);

  const Bytes name_;

  Mutex commit_mutex_;
  ConflictSet conflicts_;
  Version conflicts_forgotten_ = 0;  // writes up to this version may be missing in conflicts_

  PublishedState published_;
  RecentCommits recent_;

  const std::shared_ptr<WeakLink<Keyspace>> link_ = std::make_shared<WeakLink<Keyspace>>(this);
  WatchRegistry watches_;
  alignas(64) Latency latency_;  // looked at by every call: apart from what commits write
  std::atomic<bool> locked_{false};
  std::atomic<int> tenant_mode_{1};
  std::atomic<int64_t> generation_{1};

  alignas(64) std::atomic<uint64_t> round_trips_{0};

  Upkeep upkeep_;
};

}  // namespace fdb
