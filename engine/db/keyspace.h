// The data of one embedded database: versions, snapshots, the conflict check and the committer.
//
// Thread-safety: every member may be called from any thread.
// Invariants:
//  1. Versions of commits increase strictly; a snapshot is published under exactly one version.
//  2. Readers take (version, snapshot) under a short lock that no commit holds while it works. Only what is published and
//     older than any commit that is being applied is handed out.
//  3. Every version from the database's first one on is answered exactly for kReadWindow, whether it was handed out or not.
//  4. No commit is checked against writes that are forgotten: a read version from before them is too old.
//  5. Lock order: commit_mutex_, then publish_mutex_, then the watches' mutex.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "base/weak_link.h"
#include "db/atomic_ops.h"
#include "db/keyspace_user.h"
#include "db/recent_commits.h"
#include "db/sweeper.h"
#include "db/undelivered.h"
#include "db/watches.h"
#include "runtime/latency.h"
#include "store/conflict_set.h"
#include "store/range_set.h"
#include "store/version_store.h"

namespace fdb {

struct ReadPoint {
  Version version = kInvalidVersion;
  Snapshot snapshot;
};

struct Mutation {
  Op op;
  Slice key;    // kClearRange: the begin
  Slice value;  // kClearRange: the end
};

// What a transaction submits. All bytes are borrowed from the transaction.
struct CommitRequest {
  Version read_version = kInvalidVersion;
  std::vector<Mutation> mutations;
  std::vector<KeyRange> read_conflicts;
  std::vector<KeyRange> write_conflicts;
  bool check_window = true;  // false: blind and CAUSAL_WRITE_RISKY
  bool lock_aware = false;
  bool report_conflicts = false;
  int64_t tenant_id = -1;  // the tenant that must still exist
};

struct CommitOutcome {
  Error error = 0;
  Version version = kInvalidVersion;
  std::vector<size_t> conflicting;  // indexes into read_conflicts, if asked for
  Slice stamp() const { return Slice(stamp_bytes, sizeof stamp_bytes); }
  char stamp_bytes[10] = {};
};

class Keyspace : public RefCounted<Keyspace> {
 public:
  // The database `memory:name` of this process, made at its first use, and with this latency then.
  static Ref<Keyspace> memory(const Bytes& name, const LatencySetting& latency = {});
  // Forgets the name; handles that are open go on with the orphaned data.
  static bool drop_memory(const Bytes& name);

  explicit Keyspace(Bytes name);
  ~Keyspace();

  const Bytes& name() const { return name_; }
  Bytes connection_string() const;

  // How often the cluster would have recovered; a restart of its process is one.
  int64_t generation() const { return generation_.load(std::memory_order_relaxed); }
  void note_recovery() { generation_.fetch_add(1, std::memory_order_relaxed); }

  // The newest committed state, as a new transaction reads it.
  ReadPoint read_point();
  // The state at `version`: 1007 when it is gone, 1009 when it is still to come.
  Error read_point_at(Version version, Snapshot* snapshot);
  // Microseconds until the clock reaches `version`; 0 if it has.
  int64_t micros_until(Version version);
  // Whether a read at `version` is refused now.
  bool too_old(Version version);

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
  Snapshot current();

  // Counts what would be an exchange with a server; another one since means that earlier reads have been answered.
  void note_round_trip() { round_trips_.fetch_add(1, std::memory_order_relaxed); }
  uint64_t round_trips() const { return round_trips_.load(std::memory_order_relaxed); }

  // The oldest version that `user` holds a snapshot of has changed (Sweeper::kNone: none), so that it can be taken
  // from it when it is too old. False when there is no memory to note it.
  bool hold(KeyspaceUser* user, Version from, Version to) noexcept;
  // A commit is about to be decided: if nobody looks at it, the network thread delivers it.
  void expect_delivery(Undelivered::Place* place);
  void forget_undelivered(Undelivered::Place* place) { undelivered_.remove(place); }

 private:
  static constexpr int64_t kSweepMicros = 1'000'000;

  Version clock();
  // The version of a commit that is about to be applied.
  Version assign_version();
  bool is_applying() const { return assigned_ > published_.version; }
  Error check(const CommitRequest& request);
  void forget_conflicts(Version version);
  void apply(const CommitRequest& request, Version version, CommitOutcome* outcome);
  void publish(Version version, Snapshot snapshot) noexcept;
  void refresh_system_state(const Snapshot& snapshot);
  void fire_watches(const std::vector<Change>& applied, const Snapshot& published);
  void schedule_sweep(int64_t delay_micros = kSweepMicros) noexcept;
  void sweep();
  void deliver_unseen();
  // Runs `task(*this)` on the network thread at `when_micros`, unless the keyspace is gone by then.
  template <class Task>
  void at(int64_t when_micros, Task task);

  const Bytes name_;
  const int64_t clock_start_;

  Mutex commit_mutex_;
  ConflictSet conflicts_;
  Version conflicts_forgotten_ = 0;  // writes up to this version may be missing in conflicts_

  Mutex publish_mutex_;
  ReadPoint published_;
  Version assigned_ = 0;   // to the commit that is applied now, if it is beyond what is published
  Version newest_commit_;  // whose state published_ is

  RecentCommits recent_;

  const std::shared_ptr<WeakLink<Keyspace>> link_ = std::make_shared<WeakLink<Keyspace>>(this);
  WatchRegistry watches_;
  alignas(64) Latency latency_;  // looked at by every call: apart from what commits write
  std::atomic<bool> locked_{false};
  std::atomic<int> tenant_mode_{1};
  std::atomic<int64_t> generation_{1};

  alignas(64) std::atomic<uint64_t> round_trips_{0};

  Undelivered undelivered_;
  Sweeper sweeper_;
  std::atomic<bool> sweep_scheduled_{false};
};

}  // namespace fdb
