// The read version and the snapshot of a transaction, and what becomes of them when they leave the read window.
#include "txn/read_view.h"

#include "db/system_keys.h"

namespace fdb {

namespace {

// From a key of the transaction to the database's.
Bytes full(const Bytes& prefix, Slice key) {
  return prefix.empty() || key >= system_keys::kMetadataVersion ? Bytes(key) : prefix + Bytes(key);
}

}  // namespace

ReadView::~ReadView() {
  if (held_.version != Sweeper::kNone) keyspace_->upkeep().hold(&held_, Sweeper::kNone);
}

// ---- the read version ------------------------------------------------------------------------------

void ReadView::name_version(Version version) {
  point_.version = version;
  point_.state = State::kNamed;
}

Error ReadView::ensure_version(const NativeOptions& options) {
  if (has_version()) return 0;
  if (point_.refused != 0) return point_.refused;
  if (options.initialize_new_database) {
    name_version(0);
    return 0;
  }
  if (keyspace_->locked() && !options.lock_aware && !options.read_lock_aware) return err::kDatabaseLocked;
  static_cast<ReadPoint&>(point_) = keyspace_->read_point();
  point_.state = State::kReading;
  enlist();
  return 0;
}

Error ReadView::ensure_commit_version() {
  if (point_.refused != 0) return point_.refused;
  if (!has_version()) name_version(keyspace_->read_point().version);
  return 0;
}

void ReadView::forget_version() noexcept {
  if (point_.state == State::kNone && point_.refused == 0) return;
  point_ = Point();
  enlist();
}

void ReadView::forget() noexcept {
  forget_version();
  if (tenant_) place_ = Place();
}

// ---- the snapshot ----------------------------------------------------------------------------------

Error ReadView::ensure_point(const NativeOptions& options) {
  if (!has_version()) {
    if (Error error = ensure_version(options)) return error;
  } else if (point_.state == State::kReading && keyspace_->too_old(point_.version)) {
    point_.only_known = true;
  }
  if (point_.state == State::kNamed) {
    if (options.initialize_new_database) return err::kClientInvalidOperation;
    if (Error error = keyspace_->read_point_at(point_.version, &point_.snapshot)) return error;
    point_.state = State::kReading;
    enlist();
  }
  if (point_.only_known && tenant_ && place_.tenant_id < 0) return err::kTransactionTooOld;
  keyspace_->note_round_trip();
  return tenant_ ? resolve_tenant(point_.snapshot) : 0;
}

bool ReadView::find(Slice key, Slice* value) const {
  if (place_.prefix.empty() || key == system_keys::kMetadataVersion) return point_.snapshot.get(key, value);
  return point_.snapshot.get(place_.prefix + Bytes(key), value);
}

View ReadView::walk(Slice max_key) const {
  return {&point_.snapshot, place_.prefix, max_key, tenant_ ? system_keys::kSystemBegin : system_keys::kSystemEnd};
}

// Tells the keyspace's sweeper what is held here; after every change of the read point.
void ReadView::enlist() noexcept {
  const bool holds = has_snapshot() && !point_.trimmed;
  const Version oldest = holds ? point_.version : Sweeper::kNone;
  if (oldest != held_.version) keyspace_->upkeep().hold(&held_, oldest);
}

// Nothing but special keys can be read after a commit: the version is enough to get the snapshot again.
void ReadView::let_go_of_snapshot() noexcept {
  if (!has_snapshot()) return;
  point_.state = State::kNamed;
  point_.snapshot = Snapshot();
  enlist();
}

void ReadView::release(ReadLog* log, int* steps) {
  if (has_snapshot() && !point_.trimmed && keyspace_->too_old(point_.version)) {
    point_.only_known = true;
    trim(log, steps);
  }
  enlist();
}

// Clears what the transaction has not read out of its snapshot: what it has read stays readable, and shares its nodes with
// the snapshot as it was; nothing else is kept.
void ReadView::trim(ReadLog* log, int* steps) {
  if (!log->settle(steps)) return;
  const auto& known = log->known();
  auto at = point_.trimmed_to ? known.upper_bound(*point_.trimmed_to) : known.begin();
  Bytes unread = at == known.begin() ? Bytes() : full(place_.prefix, std::prev(at)->second);
  Editor editor(point_.snapshot);
  for (; at != known.end() && *steps > 0; ++at, --*steps) {
    const Bytes begin = full(place_.prefix, at->first);
    editor.clear_range(unread, begin);
    unread = full(place_.prefix, at->second);
    editor.keep_loaded(begin, unread);
  }
  const bool finished = at == known.end();
  if (finished) editor.clear_range(unread, system_keys::kSpecialEnd);
  std::optional<Bytes> trimmed_to;
  if (at != known.begin()) trimmed_to = std::prev(at)->first;
  point_.snapshot = editor.finish();
  point_.trimmed_to = std::move(trimmed_to);
  point_.trimmed = finished;
}

// ---- the tenant ------------------------------------------------------------------------------------

Error ReadView::resolve_tenant(const Snapshot& snapshot) {
  if (!tenant_ || place_.tenant_id >= 0) return 0;
  int64_t id;
  if (Error error = tenant_->resolve(snapshot, &id)) return error;
  place_.tenant_id = id;
  place_.prefix = system_keys::big_endian(static_cast<uint64_t>(id));
  return 0;
}

Error ReadView::tenant_requirement(const NativeOptions& options) const {
  const bool missing = keyspace_->tenant_mode() == 2 && !tenant_ && !options.raw_access;
  return missing ? err::kTenantNameRequired : 0;
}

Bytes ReadView::full_key(Slice key) const {
  return place_.prefix.empty() || key == system_keys::kMetadataVersion ? Bytes(key) : place_.prefix + Bytes(key);
}

}  // namespace fdb
