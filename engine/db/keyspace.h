// The data of one embedded database: its newest state and the recent ones, the conflict check and the committer.
//
// Thread-safety: every member may be called from any thread.
// Invariants:
//  1. Every version from the database's first one on is answered exactly for kReadWindow, whether it was handed out or not.
//  2. A commit goes through named steps: under one lock check, version, AppliedCommit on the tip (the newest state), and then
//     remember, publish, fire watches, at once in memory. In a file its record is written between the two halves, and then the
//     second one runs on the committer's thread, in the order of versions. What may fail comes before it is published.
//  3. Lock order: commit_mutex_, then that of the published state, then the watches' mutex. None is held while a file is waited for,
//     except where it is not synced.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "base/weak_link.h"
#include "db/applied_commit.h"
#include "db/commit_request.h"
#include "db/conflict_window.h"
#include "db/keyspace_file.h"
#include "db/movable_clock.h"
#include "db/published_state.h"
#include "db/recent_commits.h"
#include "db/shards.h"
#include "db/upkeep.h"
#include "db/watches.h"
#include "faults/faults.h"
#include "runtime/latency.h"

namespace fdb {

// What transactions have to know of the system keys.
struct SystemState {
  bool locked = false;
  uint8_t tenant_mode = 1;
};

class Keyspace : public RefCounted<Keyspace> {
 public:
  // Work for later is done on the network's thread.
  Keyspace(Network& network, Bytes name);
  // On a file, or with what a file holds.
  Keyspace(Network& network, Bytes name, RecoveredFile recovered);
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

  // Whether commits with mutations are decided late: then they need a receiver.
  bool decides_late() const { return file_ && file_->writes_groups(); }
  CommitOutcome commit(const CommitRequest& request, std::unique_ptr<CommitReceiver> receiver = nullptr);
  const RecentCommits& recent_commits() const { return recent_; }
  // Moves the versions ahead of the clock, as `count` commits do while the clock stands. For tests.
  void skip_versions(Version count);

  bool locked() const { return system_state_.load(std::memory_order_acquire).locked; }
  // 0 disabled, 1 optional, 2 required.
  int tenant_mode() const { return system_state_.load(std::memory_order_acquire).tenant_mode; }
  WatchRegistry& watches() { return watches_; }
  // For what must not keep the database open.
  const std::shared_ptr<WeakLink<Keyspace>>& link() const { return link_; }
  Latency& latency() { return latency_; }
  Faults& faults() { return faults_; }
  // What everything here goes by, from the versions on.
  MovableClock& clock() { return clock_; }
  // The newest state without any effect on versions; for watches and statistics.
  Snapshot current() { return published_.current(); }
  // Null in memory.
  KeyspaceFile* file() { return file_.get(); }

  // Counts what would be an exchange with a server; another one since means that earlier reads have been answered.
  void note_round_trip() { round_trips_.fetch_add(1, std::memory_order_relaxed); }
  uint64_t round_trips() const { return round_trips_.load(std::memory_order_relaxed); }

  Shards& shards() { return shards_; }
  // For transactions.
  Upkeep& upkeep() { return upkeep_; }

 private:
  friend class KeyspaceFile;

  // ---- the steps of a commit -------------------------------------------------------------------------
  // The state that the next commit changes.
  Snapshot tip() { return file_ ? file_->tip() : current(); }
  void load_for(const CommitRequest& request);
  Error check(const CommitRequest& request, const Snapshot& tip, std::vector<size_t>* conflicting);
  Error check_preconditions(const CommitRequest& request, const Snapshot& tip);
  // True if it is decided later.
  bool carry_out(const CommitRequest& request, Snapshot before, Slice stamp, Version version,
                 std::unique_ptr<CommitReceiver> receiver);
  void publish(const Snapshot& state, std::optional<SystemState> system_state, Version version) noexcept;
  void fire_watches(const Change& change, const Snapshot& state);

  const Bytes name_;

  alignas(64) MovableClock clock_;  // looked at by every call, as are the next two: apart from what commits write
  Latency latency_;
  Faults faults_;

  alignas(64) Mutex commit_mutex_;
  ConflictWindow conflicts_;

  PublishedState published_;
  RecentCommits recent_;
  store::NodeCache nodes_;  // under commit_mutex_

  const std::shared_ptr<WeakLink<Keyspace>> link_ = std::make_shared<WeakLink<Keyspace>>(this);
  WatchRegistry watches_;
  alignas(64) std::atomic<SystemState> system_state_{SystemState()};
  std::atomic<int64_t> generation_{1};

  alignas(64) std::atomic<uint64_t> round_trips_{0};

  Shards shards_{*this};
  Upkeep upkeep_;
  std::unique_ptr<KeyspaceFile> file_;
};

}  // namespace fdb
