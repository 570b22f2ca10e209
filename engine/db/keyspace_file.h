// What a keyspace on a file has besides: the file and who writes it, the tip, and the lease of its versions.
//
// The tip is the newest state that commits have led to; it is published when they are in the file. Versions are only given out up to
// the lease that the file names, so that none is given out again after a crash.
//
// Thread-safety: tip(), take() and refusal() want the keyspace's commit lock, the others may be called from any thread; the members of
// CommitterHost are called by the committer.
// Invariants:
//  1. The tip is the published state with the commits that are on their way, in order.
//  2. No version beyond the lease on disk is given out.
//  3. After close() nothing touches the file.
#pragma once

#include <atomic>
#include <memory>
#include <optional>

#include "db/applied_commit.h"
#include "db/commit_request.h"
#include "db/recovery.h"
#include "durable/file_tools.h"
#include "durable/group_committer.h"
#include "faults/fault_rule.h"

namespace fdb {

class Keyspace;
struct SystemState;

class KeyspaceFile : private durable::CommitterHost {
 public:
  // Starts the thread that writes, once a lease is on disk; throws durable::FileError.
  KeyspaceFile(Keyspace& keyspace, RecoveredFile recovered);
  ~KeyspaceFile() override;

  const durable::FileSettings& settings() const { return file_->settings(); }
  store::LeafCache& cache() { return *cache_; }
  // Whether commits are written by the committer's thread, many at a time.
  bool writes_groups() const { return writes_groups_; }
  // 0, or why no commit is taken.
  Error refusal() const;
  const Snapshot& tip() const { return tip_; }
  // Takes over a commit; true if the receiver hears of it, false if it is published already. Throws; then nothing was done.
  bool take(const AppliedCommit& applied, std::optional<SystemState> system_state, Version version,
            std::unique_ptr<CommitReceiver> receiver);
  // The clock is going to be moved on by so much: the lease is to hold for that. Where it waits it blocks until the lease is on
  // disk, or cannot be written; then the clock of versions stands at its end.
  void reserve_versions(int64_t ahead_micros, bool waits);
  // What is older is in the table.
  Version folded_version() const { return file_->versions().base; }
  // For simulations; see GroupCommitter.
  void turn() noexcept { committer_.turn(); }
  // Copies the file while it is in use; see durable::back_up(). 1510 when it was closed.
  void back_up(const Bytes& target, const durable::Progress& progress);
  // Blocks until what was committed is folded and the file is closed. Commits are refused from then on.
  void close() noexcept;

 private:
  class Commit;

  void start();
  void publish(const Commit& commit) noexcept;

  // ---- CommitterHost ---------------------------------------------------------------------------------
  Version foldable() override;
  durable::Capture capture() override;
  bool settle(uint64_t since, uint64_t mark, int budget) override;
  void logged(std::unique_ptr<durable::LoggedCommit> commit) noexcept override;
  void failed(durable::CommitQueue group, Error error) noexcept override;
  Version next_lease() override;
  void lease_written(Version lease) noexcept override;

  // ---- DiskGate --------------------------------------------------------------------------------------
  void before_write() override { disturb(site::kWrite); }
  void before_sync() override { disturb(site::kSync); }
  void before_load() override { disturb(site::kLoad); }
  void disturb(Sites place);

  Keyspace& keyspace_;
  std::unique_ptr<durable::DatabaseFile> file_;
  std::unique_ptr<durable::FileLeaves> leaves_;
  const Ref<store::LeafCache> cache_;
  const bool is_read_only_;
  const bool writes_groups_;
  Snapshot tip_;
  Version newest_commit_;             // in the tip
  Version published_commit_;          // the newest one that is published
  Version lease_;                     // of the committer's thread
  std::atomic<Version> reserved_{0};  // which the lease is to hold for, too
  Bytes settled_to_;                  // of the committer's thread: where settling goes on
  durable::Folder folder_;
  durable::GroupCommitter committer_;
  std::atomic<bool> is_closed_{false};
  Mutex copying_;  // held while the file must not be closed
};

}  // namespace fdb
