#include "db/keyspace.h"

#include <algorithm>
#include <cstring>

#include "db/system_keys.h"
#include "store/leaf_use.h"

namespace fdb {

namespace {

// Who holds a shard, in the shape and size a server stores it: protocol version, one storage server, nobody to move to.
// The content is nobody's business, but its size counts where a read runs into the system keys.
Bytes shard_owners() {
  const Bytes protocol("\0\0\0\x74\xb0\0\xdb\x0f", 8);
  const Bytes one("\x01\0\0\0\0\0\0\0", 8);
  return protocol + one + Bytes(16, '\x01') + Bytes(8, '\0');
}

Snapshot initial_content(Slice connection_string) {
  Editor editor{Snapshot()};
  editor.set(system_keys::kTenantMode, "1");
  editor.set(system_keys::kConsistencyCheck, Slice("\0", 1));
  editor.set(system_keys::kCoordinators, connection_string);
  editor.set(system_keys::kKeyServers, shard_owners());
  editor.set(system_keys::kKeyServersEnd, shard_owners());
  return editor.finish();
}

void name_version(Version version, CommitOutcome* outcome) {
  const Bytes stamp = system_keys::big_endian(static_cast<uint64_t>(version)) + Bytes(2, '\0');
  std::memcpy(outcome->stamp_bytes, stamp.data(), sizeof outcome->stamp_bytes);
  outcome->version = version;
}

}  // namespace

Keyspace::Keyspace(Network& network, Bytes name)
    : name_(std::move(name)),
      published_(initial_content(connection_string())),
      recent_(PublishedState::kFirstVersion, published_.current()),
      watches_(network),
      upkeep_(network, link_, published_, recent_) {}

Bytes Keyspace::connection_string() const {
  return "embedded:" + (name_.empty() ? Bytes("memory") : name_) + "@127.0.0.1:4500";
}

Keyspace::~Keyspace() { link_->cut(); }

Error Keyspace::read_point_at(Version version, Snapshot* snapshot) {
  bool superseded = false;
  if (Error error = published_.state_at(version, snapshot, &superseded)) return error;
  return !superseded || recent_.state_at(version, snapshot) ? 0 : err::kTransactionTooOld;
}

// ---- commit ----------------------------------------------------------------------------------------

CommitOutcome Keyspace::commit(const CommitRequest& request) {
  note_round_trip();
  CommitOutcome outcome;
  std::lock_guard lock(commit_mutex_);
  const store::LeafUse leaf_use;
  outcome.error = check(request, &outcome.conflicting);
  if (outcome.error != 0) return outcome;
  const Version version = published_.assign();
  reach(Point::kVersionAssigned);
  try {
    name_version(version, &outcome);
    const AppliedCommit applied(current(), request.mutations, outcome.stamp(), recent_.newest_base_mark());
    remember(request, applied, version);
    publish(applied, version);
    fire_watches(applied);
  } catch (...) {
    // Without a commit the conflict ranges that it may have left behind conflict with nobody who reads now.
    published_.give_up(version);
    throw;
  }
  return outcome;
}

Error Keyspace::check(const CommitRequest& request, std::vector<size_t>* conflicting) {
  if (Error error = check_preconditions(request)) return error;
  if (Error error = check_conflicts(request, conflicting)) return error;
  return locked() && !request.lock_aware ? err::kDatabaseLocked : 0;
}

Error Keyspace::check_preconditions(const CommitRequest& request) {
  if (request.check_window && too_old(request.read_version)) return err::kTransactionTooOld;
  if (!request.read_conflicts.empty() && request.read_version < conflicts_forgotten_) return err::kTransactionTooOld;
  if (request.tenant_id >= 0) {
    Slice name;
    const Bytes row = Bytes(system_keys::kTenantMap) + system_keys::big_endian(static_cast<uint64_t>(request.tenant_id));
    if (!current().get(row, &name)) return err::kTenantNotFound;
  }
  return 0;
}

Error Keyspace::check_conflicts(const CommitRequest& request, std::vector<size_t>* conflicting) {
  Error error = 0;
  for (size_t i = 0; i < request.read_conflicts.size(); ++i) {
    const KeyRange& range = request.read_conflicts[i];
    if (!conflicts_.conflicts(range.begin, range.end, request.read_version)) continue;
    error = err::kNotCommitted;
    if (!request.report_conflicts) return error;
    conflicting->push_back(i);
  }
  return error;
}

void Keyspace::remember(const CommitRequest& request, const AppliedCommit& applied, Version version) {
  for (size_t i = 0; i < request.mutations.size(); ++i) {
    if (request.mutations[i].op != Op::kSetVersionstampedKey) continue;
    const Slice key = applied.changes()[i].key;
    conflicts_.add(key, key_after(key), version);
  }
  for (const KeyRange& range : request.write_conflicts) conflicts_.add(range.begin, range.end, version);
  forget_conflicts(version);
  recent_.add(version, applied.changes(), applied.state(), applied.replaced_bytes(), published_.window_start());
}

// Versions may be ahead of the clock, and then the clock decides what is out of the window, as it does in too_old().
void Keyspace::forget_conflicts(Version version) {
  const Version horizon = std::min(version, published_.clock()) - kReadWindow;
  if (horizon <= conflicts_forgotten_) return;
  conflicts_forgotten_ = horizon;
  conflicts_.forget(horizon);
}

void Keyspace::publish(const AppliedCommit& applied, Version version) noexcept {
  if (applied.touches_system_keys()) refresh_system_state(applied.state());
  published_.publish(version, applied.state());
  upkeep_.schedule_sweep();
}

void Keyspace::refresh_system_state(const Snapshot& snapshot) {
  Slice value;
  locked_.store(snapshot.get(system_keys::kDatabaseLocked, &value), std::memory_order_release);
  const bool has_mode = snapshot.get(system_keys::kTenantMode, &value) && value.size() == 1;
  tenant_mode_.store(has_mode ? value[0] - '0' : 0, std::memory_order_release);
}

void Keyspace::fire_watches(const AppliedCommit& applied) {
  reach(Point::kPublished);
  if (watches_.empty()) return;
  for (const Change& change : applied.changes()) {
    if (change.is_clear) {
      watches_.check_range(change.key, change.value, applied.state());
    } else {
      watches_.check(change.key, applied.state());
    }
  }
}

void Keyspace::skip_versions(Version count) {
  std::lock_guard commit_lock(commit_mutex_);
  published_.skip(count);
}

}  // namespace fdb
