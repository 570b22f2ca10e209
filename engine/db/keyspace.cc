#include "db/keyspace.h"

#include <algorithm>

#include "db/initial_content.h"
#include "db/system_keys.h"
#include "store/leaf_use.h"

namespace fdb {

namespace {

SystemState state_of_system(const Snapshot& state) {
  const store::LeafUse leaf_use;
  Slice value;
  SystemState found;
  found.locked = state.get(system_keys::kDatabaseLocked, &value);
  const bool has_mode = state.get(system_keys::kTenantMode, &value) && value.size() == 1;
  found.tenant_mode = has_mode ? static_cast<uint8_t>(value[0] - '0') : 0;
  return found;
}

void name_version(Version version, CommitOutcome* outcome) {
  for (int i = 0; i < 8; ++i) outcome->stamp_bytes[i] = static_cast<char>(version >> (56 - 8 * i));
  outcome->version = version;
}

}  // namespace

Keyspace::Keyspace(Network& network, Bytes name)
    : name_(std::move(name)),
      clock_(network),
      faults_(latency_, buggify_of(network)),
      published_(clock_, initial_content(connection_string())),
      recent_(PublishedState::kFirstVersion, published_.current()),
      watches_(network, *this),
      upkeep_(network, clock_, link_, published_, recent_) {}

Keyspace::Keyspace(Network& network, Bytes name, RecoveredFile recovered)
    : name_(std::move(name)),
      clock_(network),
      faults_(latency_, buggify_of(network)),
      conflicts_(recovered.first_version),
      published_(clock_, recovered.state, recovered.first_version),
      recent_(recovered.first_version, recovered.state),
      watches_(network, *this),
      system_state_(state_of_system(recovered.state)),
      upkeep_(network, clock_, link_, published_, recent_) {
  if (!recovered.file) return;
  file_ = std::make_unique<KeyspaceFile>(*this, std::move(recovered));
  clock_.set_file(file_.get());
}

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

CommitOutcome Keyspace::commit(const CommitRequest& request, std::unique_ptr<CommitReceiver> receiver) {
  note_round_trip();
  if (file_) load_for(request);
  CommitOutcome outcome;
  std::lock_guard lock(commit_mutex_);
  const store::LeafUse leaf_use;
  const bool is_written = file_ && !request.mutations.empty();
  if (is_written) outcome.error = file_->refusal();
  Snapshot before = tip();
  if (outcome.error == 0) outcome.error = check(request, before, &outcome.conflicting);
  if (outcome.error != 0) return outcome;
  const Version version = published_.assign();
  if (version == kInvalidVersion) outcome.error = err::kIoError;  // the lease could not be renewed for long
  if (outcome.error != 0) return outcome;
  reach(Point::kVersionAssigned);
  try {
    name_version(version, &outcome);
    outcome.is_late = carry_out(request, std::move(before), outcome.stamp(), version, std::move(receiver));
  } catch (...) {
    // Without a commit the conflict ranges that it may have left behind conflict with nobody who reads now.
    published_.give_up(version);
    throw;
  }
  return outcome;
}

bool Keyspace::carry_out(const CommitRequest& request, Snapshot before, Slice stamp, Version version,
                         std::unique_ptr<CommitReceiver> receiver) {
  const AppliedCommit applied(std::move(before), request.mutations, stamp, recent_.newest_base_mark(), file_ != nullptr,
                              &nodes_);
  std::optional<SystemState> system_state;
  if (applied.touches_system_keys()) system_state = state_of_system(applied.state());
  conflicts_.add(request, applied, version);
  // Versions may be ahead of the clock, and then the clock decides what is out of the window, as it does in too_old().
  const Version now = published_.clock();
  conflicts_.forget(std::min(version, now) - kReadWindow);
  if (file_) return file_->take(applied, system_state, version, std::move(receiver));
  recent_.add(version, applied.changes(), applied.state(), applied.replaced_bytes(), now - kReadWindow);
  publish(applied.state(), system_state, version);
  if (watches_.empty()) return false;
  for (const Change& change : applied.changes()) fire_watches(change, applied.state());
  return false;
}

// Loads the leaves that the commit is going to change: better now than under the lock.
void Keyspace::load_for(const CommitRequest& request) {
  const store::LeafUse leaf_use;
  const Snapshot state = current();
  Slice ignored;
  for (const Mutation& mutation : request.mutations) {
    state.get(mutation.key, &ignored);
    if (mutation.op == Op::kClearRange) state.get(mutation.value, &ignored);
  }
}

Error Keyspace::check(const CommitRequest& request, const Snapshot& tip, std::vector<size_t>* conflicting) {
  if (Error error = check_preconditions(request, tip)) return error;
  if (Error error = conflicts_.check(request, conflicting)) return error;
  const bool refuses = file_ ? state_of_system(tip).locked : locked();
  return refuses && !request.lock_aware ? err::kDatabaseLocked : 0;
}

Error Keyspace::check_preconditions(const CommitRequest& request, const Snapshot& tip) {
  if (request.check_window && too_old(request.read_version)) return err::kTransactionTooOld;
  if (Error error = conflicts_.check_age(request)) return error;
  if (request.tenant_id >= 0) {
    Slice name;
    const Bytes row = Bytes(system_keys::kTenantMap) + system_keys::big_endian(static_cast<uint64_t>(request.tenant_id));
    if (!tip.get(row, &name)) return err::kTenantNotFound;
  }
  return 0;
}

void Keyspace::publish(const Snapshot& state, std::optional<SystemState> system_state, Version version) noexcept {
  if (system_state) system_state_.store(*system_state, std::memory_order_release);
  published_.publish(version, state);
  upkeep_.schedule_sweep();
  reach(Point::kPublished);
}

void Keyspace::fire_watches(const Change& change, const Snapshot& state) {
  if (change.is_clear) {
    watches_.check_range(change.key, change.value, state);
  } else {
    watches_.check(change.key, state);
  }
}

void Keyspace::skip_versions(Version count) {
  std::lock_guard commit_lock(commit_mutex_);
  published_.skip(count);
}

}  // namespace fdb
