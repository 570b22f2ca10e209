// The one thread that writes to a database file: it puts the commits of a moment into the log as one group, waits once for the
// disk, and hands them back; between groups it folds the log into the table, renews the lease and checkpoints.
//
// Thread-safety: every member may be called from any thread, unless stated otherwise.
// Invariants:
//  1. Commits are handed back in the order of submission, each once: as logged when its group is on disk (in a file that is synced),
//     or as failed, and then with everything that was submitted after it.
//  2. When the disk is full nothing of the group is in the file, it fails with 1510, and the next one is tried. When writing or the
//     sync failed, the file may have the group: it fails with 1021, and nothing is written any more (1510).
//  3. Housekeeping never fails a commit: a group that fails with a piece of folding in it is written again without.
//  4. No lock is held while the disk is waited for.
#pragma once

#include <memory>

#include "base/owned_queue.h"
#include "base/schedule.h"
#include "base/thread.h"
#include "durable/database_file.h"
#include "durable/disk_gate.h"
#include "durable/folder.h"

namespace fdb::durable {

// A commit on its way to the log.
class LoggedCommit {
 public:
  LoggedCommit(Version assigned, Bytes encoded) : version(assigned), record(std::move(encoded)) {}
  virtual ~LoggedCommit() = default;

  const Version version;
  const Bytes record;  // as commit_record makes it

 private:
  friend class OwnedQueue<LoggedCommit>;
  std::unique_ptr<LoggedCommit> next_;
};

using CommitQueue = OwnedQueue<LoggedCommit>;

// Whose commits these are. Called on the committer's thread, without its locks.
class CommitterHost : public FoldHost, public DiskGate {
 public:
  // It is in the file, and on disk as far as the file is synced.
  virtual void logged(std::unique_ptr<LoggedCommit> commit) noexcept = 0;
  // The group failed, and so does what is submitted until this returns: the host stops submitting, takes that with take_pending()
  // and goes back to what is published.
  virtual void failed(CommitQueue group, Error error) noexcept = 0;
  // The lease to write now, or 0 if the one that there is suffices; and that it is on disk.
  virtual Version next_lease() = 0;
  virtual void lease_written(Version lease) noexcept = 0;
};

class GroupCommitter {
 public:
  // False for simulations, which call turn(); set before a file is opened.
  static inline bool has_thread = true;

  // All three live longer.
  GroupCommitter(DatabaseFile& file, Folder& folder, CommitterHost& host);
  // stop() was called.
  ~GroupCommitter();
  GroupCommitter(const GroupCommitter&) = delete;

  // Writes a lease if one is due, and starts the thread. Throws FileError, and std::bad_alloc when the system refuses a thread.
  void start();
  // Without a thread, for simulations: does what is due now.
  void turn() noexcept;
  // Writes what was submitted and ends the thread. The file can be closed afterwards.
  void stop() noexcept;

  // 0, or why nothing is taken any more.
  Error refusal() const { return poisoned_.load(std::memory_order_acquire) ? err::kIoError : 0; }
  // Versions ascend. Does not block.
  void submit(std::unique_ptr<LoggedCommit> commit) noexcept;
  // Writes a commit on the calling thread, for a file that is not synced. Throws FileError when it is not in the file, 1021 when it may
  // be.
  void write_now(const LoggedCommit& commit);
  // Renews the lease if that is due, before anything else that is not a commit.
  void look() noexcept;
  // The same, and returns when it was done, or could not be. Not under a lock that the host's functions take.
  void look_and_wait();
  // For the host, see failed().
  CommitQueue take_pending() noexcept;

  // Folds all of the log and forgets it, and writes the exact lease: for a clean close, after stop(). Throws FileError.
  void finish(Version lease);

 private:
  void run() noexcept;
  // Returns when there is something to do.
  CommitQueue wait_for_work();
  bool is_stopped();
  void work(CommitQueue group) noexcept;
  void write_group(CommitQueue group) noexcept;
  Error write_and_sync(const CommitQueue& group) noexcept;
  void sync();
  void try_to_write(const CommitQueue& group, bool with_folding);
  void commit_batch(DatabaseFile::Batch& batch, Versions versions, int64_t rows);
  void housekeep(bool idle) noexcept;
  uint64_t looks_wanted();
  int64_t work_between_groups(bool idle);
  bool is_time_to_fold(bool idle) const;
  void renew_lease();
  void write_lease(Version lease);
  void checkpoint_if_due();

  DatabaseFile& file_;
  Folder& folder_;
  CommitterHost& host_;
  Thread thread_;

  Mutex mutex_;
  Condition wake_;
  Condition looked_;
  CommitQueue pending_;
  bool stopping_ = false;
  int64_t next_look_ = 0;      // at what is due beside commits
  uint64_t looks_wanted_ = 0;  // the number of the last one
  uint64_t looks_done_ = 0;
  std::atomic<bool> dozing_{false};  // there is nothing to fold
  std::atomic<bool> poisoned_{false};
  std::atomic<int64_t> unfolded_bytes_{0};  // of records since the last capture
  std::atomic<int64_t> commits_{0};         // of write_now()
  int64_t last_taken_ = 0;                  // of the thread alone
};

}  // namespace fdb::durable
