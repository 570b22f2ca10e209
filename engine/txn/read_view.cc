// What becomes of a transaction's snapshots when their versions leave the read window.
#include "db/system_keys.h"
#include "txn/transaction.h"

namespace fdb {

namespace {

// From a key of the transaction to the database's.
Bytes full(const Bytes& prefix, Slice key) {
  return prefix.empty() || key >= system_keys::kMetadataVersion ? Bytes(key) : prefix + Bytes(key);
}

}  // namespace

// Tells the keyspace's sweeper what is held here; after every change of the read point. Without memory for that it is held
// until the next change.
void Transaction::enlist() noexcept {
  const bool holds = version_state_ == VersionState::kReading && !snapshot_trimmed_;
  const Version oldest = holds ? read_point_.version : Sweeper::kNone;
  if (oldest == listed_version_) return;
  if (keyspace().hold(this, listed_version_, oldest)) listed_version_ = oldest;
}

// Nothing but special keys can be read after a commit: the version is enough to get the snapshot again.
void Transaction::let_go_of_snapshot() noexcept {
  if (version_state_ != VersionState::kReading) return;
  version_state_ = VersionState::kNamed;
  read_point_.snapshot = Snapshot();
  enlist();
}

Version Transaction::held_version() {
  Lock lock(mutex_);
  return listed_version_;
}

void Transaction::release_snapshot(int* steps) {
  std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock.owns_lock()) return;
  --*steps;
  if (version_state_ == VersionState::kReading && !snapshot_trimmed_ && keyspace().too_old(read_point_.version)) {
    snapshot_released_ = true;
    trim_snapshot(steps);
  }
  enlist();
}

// Clears what the transaction has not read out of its snapshot: what it has read stays readable, and shares its nodes with
// the snapshot as it was; nothing else is kept.
void Transaction::trim_snapshot(int* steps) {
  if (!read_log_.settle(steps)) return;
  const auto& known = read_log_.known();
  auto at = trimmed_to_ ? known.upper_bound(*trimmed_to_) : known.begin();
  Bytes unread = at == known.begin() ? Bytes() : full(prefix_, std::prev(at)->second);
  Editor editor(read_point_.snapshot);
  for (; at != known.end() && *steps > 0; ++at, --*steps) {
    editor.clear_range(unread, full(prefix_, at->first));
    unread = full(prefix_, at->second);
  }
  const bool finished = at == known.end();
  if (finished) editor.clear_range(unread, system_keys::kSpecialEnd);
  std::optional<Bytes> trimmed_to;
  if (at != known.begin()) trimmed_to = std::prev(at)->first;
  read_point_.snapshot = editor.finish();
  trimmed_to_ = std::move(trimmed_to);
  snapshot_trimmed_ = finished;
}

}  // namespace fdb
