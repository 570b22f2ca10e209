// Commit of a transaction, what it submits, and the delivery of the outcome.
#include <algorithm>
#include <cstring>

#include "db/system_keys.h"
#include "txn/accounting.h"
#include "txn/transaction.h"

namespace fdb {

namespace {

int64_t ranges_size(const std::vector<KeyRange>& ranges) {
  int64_t size = 0;
  for (const KeyRange& range : ranges) size += range_size(range.begin, range.end);
  return size;
}

}  // namespace

// ---- what is submitted -----------------------------------------------------------------------------

int64_t Transaction::commit_size(const CommitRequest& request) const {
  int64_t size = 0;
  for (const Mutation& mutation : request.mutations) {
    size += mutation_size(mutation.key, mutation.value);
  }
  if (!behavior().conflict_ranges_count_in_size) return size;
  const bool plain = options_.read_your_writes_disabled;
  return size + ranges_size(request.write_conflicts) + ranges_size(plain ? native_counted_reads_ : request.read_conflicts);
}

// What fails a commit before the native half of the transaction hears of it.
Error Transaction::fail_above_native() {
  if (special_attempt_) {
    if (Error error = special_keys_.commit(*this)) return error;
  }
  if (read_error_ != 0) return read_error_;
  return half_reset_ ? err::kInternalError : 0;
}

Error Transaction::prepare_commit(CommitRequest* request) {
  if (!writes_.empty()) flush_writes(Slice(), system_keys::kSpecialEnd);
  request->mutations = native_mutations_;
  request->write_conflicts = native_write_conflicts_;
  if (!options_.read_your_writes_disabled) merge_ranges(&request->write_conflicts);
  request->read_conflicts = read_conflicts_.merged();
  if (request->mutations.empty() && request->write_conflicts.empty()) return 0;
  if (options_.read_lock_aware && !options_.lock_aware) return err::kTransactionReadOnly;
  if (commit_size(*request) > options_.size_limit) return err::kTransactionTooLarge;
  request->lock_aware = options_.lock_aware;
  // A version that was obtained before the lock may still lead to a conflict, which comes first.
  if (version_state_ == VersionState::kNone && keyspace().locked() && !request->lock_aware) return err::kDatabaseLocked;
  if (Error error = tenant_requirement()) return error;
  if (Error error = resolve_tenant(keyspace().current())) return error;
  if (version_state_ == VersionState::kNone) {
    read_point_.version = keyspace().read_point().version;
    version_state_ = VersionState::kNamed;
  }
  request->read_version = read_point_.version;
  request->check_window = !options_.causal_write_risky || !request->read_conflicts.empty();
  request->report_conflicts = options_.report_conflicting_keys;
  request->tenant_id = tenant_id_;
  if (tenant_) add_tenant_prefix(request);
  return 0;
}

// From tenant-relative keys to those of the database; \xff/metadataVersion is the database's own in any case.
void Transaction::add_tenant_prefix(CommitRequest* request) {
  const auto prefixed = [this](Slice key) { return arena_.copy(prefix_ + Bytes(key)); };
  const auto global = [](Slice key) { return key >= system_keys::kMetadataVersion; };
  for (Mutation& mutation : request->mutations) {
    if (global(mutation.key)) continue;
    mutation.key = prefixed(mutation.key);
    if (mutation.op == Op::kClearRange) mutation.value = prefixed(mutation.value);
    if (mutation.op == Op::kSetVersionstampedKey) {
      char* suffix = const_cast<char*>(mutation.key.data()) + mutation.key.size() - 4;
      uint32_t offset;
      std::memcpy(&offset, suffix, 4);
      offset += static_cast<uint32_t>(prefix_.size());
      std::memcpy(suffix, &offset, 4);
    }
  }
  for (std::vector<KeyRange>* ranges : {&request->read_conflicts, &request->write_conflicts}) {
    for (KeyRange& range : *ranges) {
      if (!global(range.begin)) range = {prefixed(range.begin), prefixed(range.end)};
    }
  }
}

// ---- commit ----------------------------------------------------------------------------------------

Ref<Future> Transaction::commit() {
  Lock lock(mutex_);
  if (deferred_error_ != 0) return answer_error(deferred_error_);
  check_timeout();
  if (used_during_commit()) return answer_error(err::kUsedDuringCommit);
  if (state_error_ != 0) return answer_error(state_error_);
  if (network_.stopped()) return answer_error(err::kBrokenPromise);
  const auto future = make_ref<Future>();
  future->set_hook(hook());
  if (!answers_late()) keyspace().expect_delivery(&undelivered_);
  commit_started_ = true;
  commit_future_ = future;
  if (waiting_.empty() && !late_answers_.has_reads()) {
    start_commit();
  } else {
    commit_waits_ = true;
  }
  return future;
}

// Decided in any case: a commit that fails for want of memory has not taken effect.
void Transaction::start_commit() noexcept {
  try {
    decided_ = decide_commit();
  } catch (const std::bad_alloc&) {
    decided_ = DecidedCommit{err::kPlatformError};
  } catch (...) {
    decided_ = DecidedCommit{err::kInternalError};
  }
  let_go_of_snapshot();
  reach(Point::kCommitDecided);
  try {
    if (answers_late()) commit_arrives_late();
  } catch (...) {
    commit_on_its_way_ = false;  // then it arrives when somebody looks
  }
}

Transaction::DecidedCommit Transaction::decide_commit() {
  CommitRequest request;
  DecidedCommit decided{fail_above_native()};
  decided.reached_native = decided.error == 0;
  if (decided.reached_native) decided.error = prepare_commit(&request);
  if (decided.error != 0) return decided;
  decided.read_only = request.mutations.empty() && request.write_conflicts.empty();
  if (decided.read_only) return decided;
  const std::vector<KeyRange>& submitted = read_conflicts_.merged();
  const CommitOutcome outcome = keyspace().commit(request);
  decided.error = outcome.error;
  decided.version = outcome.version;
  decided.stamp = outcome.stamp();
  if (outcome.error == err::kNotCommitted && request.report_conflicts) conflicting_ranges_.clear();
  for (const size_t index : outcome.conflicting) {
    conflicting_ranges_.emplace_back(submitted[index].begin, submitted[index].end);
  }
  return decided;
}

// For a commit that was waiting for reads.
void Transaction::commit_after_reads() {
  if (!commit_waits_ || !waiting_.empty() || late_answers_.has_reads()) return;
  commit_waits_ = false;
  start_commit();
  if (!commit_on_its_way_) deliver_commit_locked();
}

void Transaction::deliver_commit() {
  Lock lock(mutex_);
  if (!commit_on_its_way_) deliver_commit_locked();
}

bool Transaction::deliver_commit_unless_busy() {
  std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock.owns_lock()) return false;
  if (!commit_on_its_way_) deliver_commit_locked();
  return true;
}

void Transaction::deliver_commit_locked() {
  if (!commit_future_ || !decided_) return;
  keyspace().forget_undelivered(&undelivered_);
  const Ref<Future> future = std::exchange(commit_future_, Ref<Future>());
  const DecidedCommit decided = std::move(*decided_);
  decided_.reset();
  const std::vector<Ref<Future>> stamps = std::move(versionstamp_futures_);
  versionstamp_futures_.clear();
  if (decided.error != 0) {
    network_.deliver_error(future, decided.error);
    for (const Ref<Future>& stamp : stamps) network_.deliver_error(stamp, err::kTransactionInvalidVersion);
    end_watches(decided.error);
  } else {
    committed_version_ = decided.read_only ? kInvalidVersion : decided.version;
    for (const Ref<Future>& stamp : stamps) {
      decided.read_only ? network_.deliver_error(stamp, err::kNoCommitVersion)
                        : network_.deliver(stamp, KeyResult{decided.stamp});
    }
    half_reset_ = decided.read_only && behavior().read_only_commit_resets_half;
    last_stamp_ = decided.read_only ? Bytes() : decided.stamp;
    activate_watches();
    network_.deliver(future, Void{});
  }
  if (behavior().commit_resets) {
    decided.error == 0 ? full_reset() : soft_reset();
  } else if (behavior().commit_forgets_read_version && decided.reached_native) {
    forget_read_version();
    native_renewed_ = true;
  }
}

// The key of a SET_VERSIONSTAMPED_KEY operation, with `stamp` in the place that its last four bytes name.
Bytes Transaction::with_stamp(Slice key_with_offset, Slice stamp) {
  uint32_t offset;
  std::memcpy(&offset, key_with_offset.data() + key_with_offset.size() - 4, 4);
  Bytes key(key_with_offset.substr(0, key_with_offset.size() - 4));
  key.replace(offset, stamp.size(), stamp);
  return key;
}

// ---- numbers about the transaction -----------------------------------------------------------------

Ref<Future> Transaction::get_versionstamp() {
  Lock lock(mutex_);
  if (Error error = refusal()) return answer_error(error);
  if (network_.stopped()) return answer_error(err::kBrokenPromise);
  auto future = make_ref<Future>();
  future->set_hook(hook());
  versionstamp_futures_.push_back(future);
  arm_timeout();
  return future;
}

Ref<Future> Transaction::get_approximate_size() {
  Lock lock(mutex_);
  if (deferred_error_ != 0) return answer_error(deferred_error_);
  count_watch_reads();
  return answer(approximate_size_, Tie::kLoose);
}

Ref<Future> Transaction::get_total_cost() {
  Lock lock(mutex_);
  if (deferred_error_ != 0) return answer_error(deferred_error_);
  return answer(native_cost_ + read_log_.cost(), Tie::kLoose);
}

Ref<Future> Transaction::get_tag_throttled_duration() {
  Lock lock(mutex_);
  if (deferred_error_ != 0) return answer_error(deferred_error_);
  return answer(0.0, Tie::kLoose);
}

}  // namespace fdb
