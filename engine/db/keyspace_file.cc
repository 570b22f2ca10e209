#include "db/keyspace_file.h"

#include <algorithm>
#include <chrono>
#include <mutex>
#include <thread>

#include "db/keyspace.h"
#include "store/leaf_use.h"

namespace fdb {

namespace {

// A lease is renewed when less than half of it is left.
constexpr Version kLease = 3600 * kVersionsPerSecond;

}  // namespace

// A commit between its application to the tip and its publication.
class KeyspaceFile::Commit : public durable::LoggedCommit {
 public:
  Commit(const AppliedCommit& applied, std::optional<SystemState> system_keys, Version version,
         std::unique_ptr<CommitReceiver> hears)
      : LoggedCommit(version, commit_record::encoded(applied.changes())),
        state(applied.state()),
        changes(static_cast<int64_t>(applied.changes().size())),
        replaced_bytes(applied.replaced_bytes()),
        system_state(system_keys),
        receiver(std::move(hears)) {}

  const Snapshot state;
  const int64_t changes;
  const int64_t replaced_bytes;
  const std::optional<SystemState> system_state;
  const std::unique_ptr<CommitReceiver> receiver;
};

KeyspaceFile::KeyspaceFile(Keyspace& keyspace, RecoveredFile recovered)
    : keyspace_(keyspace),
      file_(std::move(recovered.file)),
      leaves_(std::move(recovered.leaves)),
      cache_(std::move(recovered.cache)),
      is_read_only_(file_->settings().read_only),
      writes_groups_(!is_read_only_ && file_->settings().sync != durable::Sync::kOff),
      tip_(std::move(recovered.state)),
      newest_commit_(recovered.newest_commit),
      published_commit_(recovered.newest_commit),
      lease_(recovered.lease),
      folder_(*file_, *leaves_, *this, recovered.mark),
      committer_(*file_, folder_, *this) {
  leaves_->set_gate(this);
  if (!is_read_only_) start();
}

// What the disk does by faults. It is slow by the machine's time, as everything about the disk goes by that.
void KeyspaceFile::disturb(Sites place) {
  if (!keyspace_.latency().disturbed()) return;
  const Fault fault = keyspace_.faults().decide(Occasion(place));
  if (fault.delay_micros > 0) std::this_thread::sleep_for(std::chrono::microseconds(fault.delay_micros));
  if (fault.error == 0) return;
  durable::FileError error(fault.error, settings().path + ": " + facts_of(fault.kind).name + ", as was asked for");
  error.may_be_done = fault.kind != FaultKind::kDiskFull;
  throw error;
}

void KeyspaceFile::start() {
  keyspace_.published_.set_limit(lease_);
  committer_.start();
}

KeyspaceFile::~KeyspaceFile() { close(); }

void KeyspaceFile::close() noexcept {
  {
    // A commit that is being taken is the last one.
    std::lock_guard lock(keyspace_.commit_mutex_);
    if (is_closed_.exchange(true)) return;
  }
  if (!is_read_only_) {
    committer_.stop();
    try {
      committer_.finish(keyspace_.published_.newest());
    } catch (...) {
      // What is acknowledged is in the log; the next one who opens the file folds it.
    }
  }
  cache_->detach();
  std::lock_guard lock(copying_);
  file_.reset();
}

void KeyspaceFile::back_up(const Bytes& target, const durable::Progress& progress) {
  std::lock_guard lock(copying_);
  if (!file_) throw durable::FileError(err::kIoError, "the database was closed before it could be copied to " + target);
  durable::back_up(*file_, target, progress);
}

// ---- commits ---------------------------------------------------------------------------------------

Error KeyspaceFile::refusal() const {
  if (is_closed_) return err::kIoError;
  return is_read_only_ ? err::kTransactionReadOnly : committer_.refusal();
}

bool KeyspaceFile::take(const AppliedCommit& applied, std::optional<SystemState> system_state, Version version,
                        std::unique_ptr<CommitReceiver> receiver) {
  auto commit = std::make_unique<Commit>(applied, system_state, version, std::move(receiver));
  if (writes_groups_) {
    tip_ = applied.state();
    newest_commit_ = version;
    committer_.submit(std::move(commit));
    return true;
  }
  if (commit->changes > 0) committer_.write_now(*commit);
  tip_ = applied.state();
  newest_commit_ = version;
  publish(*commit);
  return false;
}

void KeyspaceFile::publish(const Commit& commit) noexcept {
  keyspace_.recent_.add_published(commit.version, commit.record, commit.changes, commit.state, commit.replaced_bytes,
                                  keyspace_.published_.window_start());
  keyspace_.publish(commit.state, commit.system_state, commit.version);
  published_commit_ = commit.version;
  if (keyspace_.watches_.empty()) return;
  const store::LeafUse use;
  for (Slice record = commit.record; !record.empty();) {
    const Change change = commit_record::take_change(&record);
    try {
      keyspace_.fire_watches(change, commit.state);
    } catch (...) {
      // What a commit has changed is in memory: this one changed nothing there, and the disk failed to say so.
    }
  }
}

void KeyspaceFile::logged(std::unique_ptr<durable::LoggedCommit> logged) noexcept {
  const Commit& commit = static_cast<const Commit&>(*logged);
  publish(commit);
  commit.receiver->decided(0);
}

void KeyspaceFile::failed(durable::CommitQueue group, Error error) noexcept {
  {
    std::lock_guard lock(keyspace_.commit_mutex_);
    for (durable::CommitQueue later = committer_.take_pending(); !later.empty();) group.push(later.pop());
    keyspace_.published_.withdraw();
    tip_ = keyspace_.current();
    tip_.set_as_of(INT64_MAX);
    newest_commit_ = published_commit_;
    folder_.forget_after(newest_commit_);
  }
  while (!group.empty()) {
    const std::unique_ptr<durable::LoggedCommit> commit = group.pop();
    static_cast<const Commit&>(*commit).receiver->decided(error);
  }
}

// ---- folding ---------------------------------------------------------------------------------------

// A state is rebuilt from the oldest one that is known: what that does not have in memory must be as it was then.
Version KeyspaceFile::foldable() { return std::min(keyspace_.published_.window_start(), keyspace_.recent_.oldest_version()); }

durable::Capture KeyspaceFile::capture() {
  cache_->trim();  // what a call that has read a lot has left behind
  std::lock_guard lock(keyspace_.commit_mutex_);
  return durable::Capture{newest_commit_, tip_, Editor::next_mark()};
}

bool KeyspaceFile::settle(uint64_t since, uint64_t mark, int budget) {
  const store::LeafUse use;
  std::lock_guard lock(keyspace_.commit_mutex_);
  Editor editor(tip_);
  const bool more = editor.settle({since, mark, cache_.get()}, budget, &settled_to_);
  tip_ = editor.finish();
  if (!more) settled_to_.clear();
  if (newest_commit_ != published_commit_) return more;  // the next commit brings it
  keyspace_.published_.restate(tip_);
  keyspace_.recent_.restate(tip_);
  return more;
}

// ---- the lease -------------------------------------------------------------------------------------

void KeyspaceFile::reserve_versions(int64_t ahead_micros, bool waits) {
  if (is_read_only_ || is_closed_) return;
  PublishedState& published = keyspace_.published_;
  const Version wanted = std::max(published.clock(), published.newest()) + ahead_micros;
  for (Version known = reserved_; known < wanted && !reserved_.compare_exchange_weak(known, wanted);) {
  }
  if (wanted + kLease / 2 < published.limit()) return;
  waits ? committer_.look_and_wait() : committer_.look();
}

Version KeyspaceFile::next_lease() {
  PublishedState& published = keyspace_.published_;
  const Version now = std::max({published.clock(), published.newest(), reserved_.load()});
  return now + kLease / 2 < lease_ ? 0 : now + kLease;
}

void KeyspaceFile::lease_written(Version lease) noexcept {
  lease_ = lease;
  keyspace_.published_.set_limit(lease);
}

}  // namespace fdb
