#include "durable/group_committer.h"

#include <mutex>
#include <new>

#include "base/env.h"

namespace fdb::durable {

namespace {

constexpr int64_t kRowsBesideGroup = 400;  // and for each commit of the group
constexpr int64_t kRowsBesideCommit = 100;
constexpr int64_t kRowsBesideNothing = 4'000;
constexpr int kLeavesAtOnce = 256;
constexpr int64_t kPagesAtOnce = 256;
constexpr int64_t kMostFree = 4;         // of so many pages one may be free while the file is used,
constexpr int64_t kMostFreeAtEnd = 100;  // and at its end
constexpr int64_t kCommitsBetweenLooks = 1'000;
constexpr int64_t kLargestWal = 8 << 20;  // bytes of SQLite's write-ahead log before it is checkpointed
// The log is folded when there are no commits for a while, or when there is so much of it.
constexpr int64_t kCalmMicros = 1'000'000;
constexpr int64_t kLongestMicros = 10'000'000;
constexpr int64_t kLargestLog = 16 << 20;
constexpr int64_t kIdleMicros = 60'000'000;  // between looks at the lease

}  // namespace

// ---- the thread ------------------------------------------------------------------------------------

GroupCommitter::GroupCommitter(DatabaseFile& file, Folder& folder, CommitterHost& host)
    : file_(file), folder_(folder), host_(host) {}

GroupCommitter::~GroupCommitter() = default;

void GroupCommitter::start() {
  renew_lease();
  last_taken_ = now_micros();
  if (!has_thread) return;
  thread_.start(
      [](void* self) -> void* {
        static_cast<GroupCommitter*>(self)->run();
        return nullptr;
      },
      this);
}

void GroupCommitter::stop() noexcept {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    wake_.notify_all();
    looked_.notify_all();
  }
  thread_.join();
  while (!has_thread && !pending_.empty()) turn();
}

void GroupCommitter::submit(std::unique_ptr<LoggedCommit> commit) noexcept {
  std::lock_guard lock(mutex_);
  pending_.push(std::move(commit));
  wake_.notify_one();
}

void GroupCommitter::look() noexcept {
  std::lock_guard lock(mutex_);
  next_look_ = 0;
  wake_.notify_one();
}

void GroupCommitter::look_and_wait() {
  if (!has_thread) return turn();
  std::unique_lock lock(mutex_);
  const uint64_t wanted = ++looks_wanted_;
  next_look_ = 0;
  wake_.notify_one();
  looked_.wait(lock, [&] { return stopping_ || looks_done_ >= wanted; });
}

CommitQueue GroupCommitter::take_pending() noexcept {
  std::lock_guard lock(mutex_);
  return std::move(pending_);
}

void GroupCommitter::run() noexcept {
  for (;;) {
    CommitQueue group = wait_for_work();
    if (group.empty() && is_stopped()) return;
    work(std::move(group));
  }
}

void GroupCommitter::turn() noexcept { work(take_pending()); }

void GroupCommitter::work(CommitQueue group) noexcept {
  const bool idle = group.empty();
  if (!idle) write_group(std::move(group));
  housekeep(idle);
}

// The commits that have come; none when it is time for housekeeping or for the end.
CommitQueue GroupCommitter::wait_for_work() {
  std::unique_lock lock(mutex_);
  while (pending_.empty() && !stopping_) {
    const int64_t left = next_look_ - now_micros();
    if (left <= 0) break;
    wake_.wait_for(lock, left);
  }
  return std::move(pending_);
}

bool GroupCommitter::is_stopped() {
  std::lock_guard lock(mutex_);
  return stopping_ && pending_.empty();
}

// ---- groups ----------------------------------------------------------------------------------------

void GroupCommitter::write_group(CommitQueue group) noexcept {
  const Error error = refusal() != 0 ? refusal() : write_and_sync(group);
  if (error != 0) return host_.failed(std::move(group), error);
  while (!group.empty()) host_.logged(group.pop());
}

Error GroupCommitter::write_and_sync(const CommitQueue& group) noexcept {
  bool may_be_there = false;
  try {
    host_.before_write();
    try {
      try_to_write(group, true);
    } catch (...) {
      try_to_write(group, false);
    }
    may_be_there = true;
    sync();
    return 0;
  } catch (const FileError& error) {
    may_be_there = may_be_there || error.may_be_done;
  } catch (...) {
  }
  if (!may_be_there) return err::kIoError;
  poisoned_.store(true, std::memory_order_release);
  return err::kCommitUnknownResult;
}

void GroupCommitter::sync() {
  if (file_.settings().sync == Sync::kFull) host_.before_sync();
  file_.sync();
}

// Puts the group into the file as a whole, with a piece of folding; or throws, and it is not.
void GroupCommitter::try_to_write(const CommitQueue& group, bool with_folding) {
  const Versions versions = file_.versions();  // which cannot be asked while the batch lives
  const std::unique_ptr<DatabaseFile::Batch> batch = file_.begin();
  int64_t rows = kRowsBesideGroup;
  int64_t bytes = 0;
  group.for_each([&](const LoggedCommit& commit) {
    batch->append(commit.version, commit.record);
    rows += kRowsBesideCommit;
    bytes += static_cast<int64_t>(commit.record.size());
  });
  commit_batch(*batch, versions, with_folding && folder_.is_ready() ? rows : 0);
  unfolded_bytes_.fetch_add(bytes, std::memory_order_relaxed);
}

// With a piece of folding of so many rows, if any.
void GroupCommitter::commit_batch(DatabaseFile::Batch& batch, Versions versions, int64_t rows) {
  if (rows == 0) return batch.commit();
  try {
    folder_.piece(batch, &versions, rows);
    batch.set_versions(versions);
    batch.commit();
  } catch (...) {
    folder_.undone();
    throw;
  }
  folder_.committed();
}

void GroupCommitter::write_now(const LoggedCommit& commit) {
  if (refusal() != 0) throw FileError(err::kIoError, "an earlier write failed");
  try {
    host_.before_write();
    const std::unique_ptr<DatabaseFile::Batch> batch = file_.begin();
    batch->append(commit.version, commit.record);
    batch->commit();
  } catch (const FileError& error) {
    if (!error.may_be_done) throw;
    poisoned_.store(true, std::memory_order_release);
    throw FileError(err::kCommitUnknownResult, error.text);
  }
  unfolded_bytes_.fetch_add(static_cast<int64_t>(commit.record.size()), std::memory_order_relaxed);
  const bool is_time = commits_.fetch_add(1, std::memory_order_relaxed) % kCommitsBetweenLooks == 0;
  if (!is_time && !dozing_.load(std::memory_order_relaxed)) return;
  std::lock_guard lock(mutex_);
  if (dozing_.exchange(false)) next_look_ = now_micros() + kCalmMicros;
  if (is_time) next_look_ = 0;
  wake_.notify_one();
}

// ---- housekeeping ----------------------------------------------------------------------------------

// What is due beside commits, and when to look again. What fails is tried again after a while.
void GroupCommitter::housekeep(bool idle) noexcept {
  int64_t pause = kCalmMicros;
  const uint64_t wanted = looks_wanted();
  try {
    if (refusal() == 0) pause = work_between_groups(idle);
  } catch (...) {
  }
  std::lock_guard lock(mutex_);
  dozing_.store(pause == kIdleMicros);
  next_look_ = looks_wanted_ == wanted ? now_micros() + pause : 0;
  looks_done_ = wanted;
  looked_.notify_all();
}

uint64_t GroupCommitter::looks_wanted() {
  std::lock_guard lock(mutex_);
  return looks_wanted_;
}

// Returns the time until there is more to do.
int64_t GroupCommitter::work_between_groups(bool idle) {
  renew_lease();
  checkpoint_if_due();
  if (!folder_.settle(kLeavesAtOnce)) return 0;
  if (folder_.is_idle() && is_time_to_fold(idle)) {
    unfolded_bytes_.store(0, std::memory_order_relaxed);
    last_taken_ = now_micros();
    folder_.take();
    if (folder_.is_idle()) return file_.give_back(kPagesAtOnce, kMostFree) ? 0 : kIdleMicros;  // there is nothing new
  }
  if (idle && folder_.is_ready()) {
    const Versions versions = file_.versions();
    const std::unique_ptr<DatabaseFile::Batch> batch = file_.begin();
    commit_batch(*batch, versions, kRowsBesideNothing);
    return 0;
  }
  return idle && folder_.is_idle() && file_.give_back(kPagesAtOnce, kMostFree) ? 0 : kCalmMicros;
}

bool GroupCommitter::is_time_to_fold(bool idle) const {
  if (idle || unfolded_bytes_.load(std::memory_order_relaxed) > kLargestLog) return true;
  return now_micros() - last_taken_ > kLongestMicros;
}

void GroupCommitter::renew_lease() {
  const Version lease = host_.next_lease();
  if (lease == 0) return;
  write_lease(lease);
  try {
    file_.sync();
  } catch (...) {
    poisoned_.store(true, std::memory_order_release);
    throw;
  }
  host_.lease_written(lease);
}

void GroupCommitter::write_lease(Version lease) {
  Versions versions = file_.versions();
  versions.lease = lease;
  const std::unique_ptr<DatabaseFile::Batch> batch = file_.begin();
  batch->set_versions(versions);
  batch->commit();
}

void GroupCommitter::checkpoint_if_due() {
  if (file_.pending_bytes() > kLargestWal) file_.checkpoint();
}

void GroupCommitter::finish(Version lease) {
  if (refusal() != 0) return;
  folder_.ignore_readers();
  for (;;) {
    folder_.settle(0);
    folder_.take();
    if (!folder_.is_ready()) break;
    const Versions versions = file_.versions();
    const std::unique_ptr<DatabaseFile::Batch> batch = file_.begin();
    commit_batch(*batch, versions, kRowsBesideNothing);
    checkpoint_if_due();
  }
  while (file_.give_back(kPagesAtOnce, kMostFreeAtEnd)) checkpoint_if_due();
  write_lease(lease);
  file_.sync();
  file_.checkpoint();
}

}  // namespace fdb::durable
