// Where the reads of a transaction take place: a read version, the snapshot of it, and the tenant that they are limited to.
//
// Thread-safety: none; a transaction owns it under its lock. The keyspace must outlive it.
// Invariants:
//  1. The read version is taken once and never changes before forget().
//  2. While a snapshot is held, the keyspace's sweeper lists its holder under the read version.
//  3. Out of the read window nothing is readable but what was read before: such a view is `only_known()`, and release() clears the
//     rest out of the snapshot.
#pragma once

#include <optional>

#include "db/database.h"
#include "db/keyspace_user.h"
#include "txn/read_log.h"
#include "txn/snapshot_walk.h"
#include "txn/transaction_options.h"

namespace fdb {

class ReadView {
 public:
  // `keyspace` is null in a transaction that can do nothing; `tenant` if the reads are not limited to one. `holder` is whom the
  // sweeper asks for snapshots.
  ReadView(Keyspace* keyspace, Ref<Tenant> tenant, KeyspaceUser* holder)
      : keyspace_(keyspace), tenant_(std::move(tenant)), held_(holder) {}
  ~ReadView();
  ReadView(const ReadView&) = delete;

  // ---- the read version -----------------------------------------------------------------------------
  // Whether a read version was set or taken.
  bool has_version() const { return point_.state != State::kNone; }
  Version version() const { return point_.version; }
  // Sets the version to read at. Only if there is none yet.
  void name_version(Version version);
  // Makes sure of a version: 0, or why there is none.
  Error ensure_version(const NativeOptions& options);
  // The version for a commit that has read nothing: 0, or why there is none.
  Error ensure_commit_version();
  // There will be no version, as it was answered with this error. Only if there is none yet.
  void refuse_version(Error error) { point_.refused = error; }
  Error refused_version() const { return point_.refused; }
  // Forgets version and snapshot, but not the tenant's id.
  void forget_version() noexcept;
  // As new.
  void forget() noexcept;

  // ---- the snapshot ---------------------------------------------------------------------------------
  // Makes sure of the snapshot: 0, or the error of the read. 1009: the version is still to come.
  Error ensure_point(const NativeOptions& options);
  bool has_snapshot() const { return point_.state == State::kReading; }
  const Snapshot& snapshot() const { return point_.snapshot; }
  // Whether the version is out of the window.
  bool only_known() const { return point_.only_known; }
  // The value of a key of the transaction; valid while the snapshot is.
  bool find(Slice key, Slice* value) const;
  // For walks up to `max_key`. Valid until the view changes.
  View walk(Slice max_key) const;
  // Gives the snapshot back and keeps the version, which is enough to get it again.
  void let_go_of_snapshot() noexcept;
  // Takes what is not in `log` out of a snapshot that is out of the window: a piece of work of at most `*steps`, which it
  // takes from that.
  void release(ReadLog* log, int* steps);
  // Under which version the sweeper lists the holder; Sweeper::kNone if it does not.
  Version held_version() const { return held_.version; }

  // ---- the tenant -----------------------------------------------------------------------------------
  bool in_tenant() const { return static_cast<bool>(tenant_); }
  // Makes sure of the tenant's id, as it is in `snapshot`.
  Error resolve_tenant(const Snapshot& snapshot);
  // 2130 when the database refuses whoever is in no tenant.
  Error tenant_requirement(const NativeOptions& options) const;
  int64_t tenant_id() const { return place_.tenant_id; }
  const Bytes& prefix() const { return place_.prefix; }
  // The database's key for one of the transaction.
  Bytes full_key(Slice key) const;

 private:
  enum class State { kNone, kNamed, kReading };
  struct Point : ReadPoint {
    State state = State::kNone;
    Error refused = 0;                // why there will be no version
    bool only_known = false;          // out of the window: only what was read is readable
    bool trimmed = false;             // and only that is kept
    std::optional<Bytes> trimmed_to;  // begin of the last stretch that was read, up to which the rest is gone
  };
  struct Place {
    int64_t tenant_id = -1;
    Bytes prefix;
  };

  void enlist() noexcept;
  void trim(ReadLog* log, int* steps);

  Keyspace* const keyspace_;
  const Ref<Tenant> tenant_;
  Sweeper::Place held_;
  Point point_;
  Place place_;
};

}  // namespace fdb
