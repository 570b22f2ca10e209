// Commit of a transaction, what it submits, and the delivery of the outcome.
#include <algorithm>
#include <cstring>
#include <optional>

#include "db/system_keys.h"
#include "txn/transaction.h"

namespace fdb {

namespace {

// Lends what a transaction has written to the request for as long as this lives, so that it is not copied.
class Loan {
 public:
  Loan(NativeHalf& native, CommitRequest& request) noexcept : native_(native), request_(request) { swap(); }
  ~Loan() { swap(); }
  Loan(const Loan&) = delete;

 private:
  void swap() noexcept {
    native_.mutations.swap(request_.mutations);
    native_.write_conflicts.swap(request_.write_conflicts);
  }

  NativeHalf& native_;
  CommitRequest& request_;
};

}  // namespace

// ---- what is submitted -----------------------------------------------------------------------------

// What fails a commit before the native half of the transaction hears of it.
Error TransactionAnswers::fail_above_native() {
  if (attempt_.special) {
    if (Error error = special_keys_.commit(*this)) return error;
  }
  if (attempt_.read_error != 0) return attempt_.read_error;
  return attempt_.native.half_reset ? err::kInternalError : 0;
}

// The request has the writes already.
Error TransactionAnswers::prepare_commit(CommitRequest* request, bool is_disturbed) {
  if (!options_.read_your_writes_disabled) merge_ranges(&request->write_conflicts);
  request->read_conflicts = attempt_.merged_read_conflicts();
  if (request->mutations.empty() && request->write_conflicts.empty()) return 0;
  if (options_.read_lock_aware && !options_.lock_aware) return err::kTransactionReadOnly;
  const bool conflicts_count = behavior().conflict_ranges_count_in_size;
  if (size_.of_commit(*request, conflicts_count, options_.read_your_writes_disabled) > options_.size_limit)
    return err::kTransactionTooLarge;
  request->lock_aware = options_.lock_aware;
  // A version that was obtained before the lock may still lead to a conflict, which comes first.
  if (!view_.has_version() && keyspace().locked() && !request->lock_aware) return err::kDatabaseLocked;
  if (Error error = view_.tenant_requirement(options_)) return error;
  if (view_.in_tenant()) {
    if (Error error = view_.resolve_tenant(keyspace().current())) return error;
  }
  if (is_disturbed) {
    begin_disturbed();
    if (Error error = disturb_version()) return error;
  }
  if (Error error = view_.ensure_commit_version()) return error;
  request->read_version = view_.version();
  request->check_window = !options_.causal_write_risky || !request->read_conflicts.empty();
  request->report_conflicts = options_.report_conflicting_keys;
  request->tenant_id = view_.tenant_id();
  if (view_.in_tenant()) add_tenant_prefix(request);
  return 0;
}

// From tenant-relative keys to those of the database; \xff/metadataVersion is the database's own in any case.
void TransactionAnswers::add_tenant_prefix(CommitRequest* request) {
  const auto prefixed = [this](Slice key) { return attempt_.native.arena.copy(view_.prefix() + Bytes(key)); };
  const auto global = [](Slice key) { return key >= system_keys::kMetadataVersion; };
  for (Mutation& mutation : request->mutations) {
    if (global(mutation.key)) continue;
    mutation.key = prefixed(mutation.key);
    if (mutation.op == Op::kClearRange) mutation.value = prefixed(mutation.value);
    if (mutation.op == Op::kSetVersionstampedKey) {
      char* suffix = const_cast<char*>(mutation.key.data()) + mutation.key.size() - 4;
      uint32_t offset;
      std::memcpy(&offset, suffix, 4);
      offset += static_cast<uint32_t>(view_.prefix().size());
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
  if (attempt_.deferred_error != 0) return answer_error(attempt_.deferred_error);
  check_timeout();
  if (used_during_commit()) return answer_error(err::kUsedDuringCommit);
  if (attempt_.state_error != 0) return answer_error(attempt_.state_error);
  if (network_.stopped()) return answer_error(err::kBrokenPromise);
  const auto future = make_ref<Future>(network_);
  future->set_hook(link_.hook());
  delivery_.start(future, !answers_late());
  if (waiting_.empty() && !late_answers_.has_reads()) {
    start_commit();
  } else {
    delivery_.wait_for_reads();
  }
  return future;
}

// Decided in any case: a commit that fails for want of memory has not taken effect.
void TransactionAnswers::start_commit() noexcept {
  try {
    delivery_.decide(decide_commit());
  } catch (const EngineError& error) {
    delivery_.decide(DecidedCommit{error.code});
  } catch (const std::bad_alloc&) {
    delivery_.decide(DecidedCommit{err::kPlatformError});
  } catch (...) {
    delivery_.decide(DecidedCommit{err::kInternalError});
  }
  view_.let_go_of_snapshot();
  reach(Point::kCommitDecided);
  try {
    // A fault: the timeout comes instead of the outcome.
    if (latency_.disturbed() && delivery_.decided_error() == err::kTransactionTimedOut)
      return enter_error_state(err::kTransactionTimedOut);
    if (delivery_.is_on_its_way()) return arm_timeout();  // commit_is_decided() goes on
    if (latency_.disturbed() && is_commit_late()) commit_arrives_late();
  } catch (...) {
    if (!keyspace().decides_late()) delivery_.take_back_answer();  // then it arrives when somebody looks
  }
}

DecidedCommit TransactionAnswers::decide_commit() {
  CommitRequest request;
  delay_micros_ = commit_delay_micros_ = 0;
  DecidedCommit decided{fail_above_native()};
  decided.reached_native = decided.error == 0;
  if (!decided.reached_native) return decided;
  if (!attempt_.writes.empty()) writes().hand_down(Slice(), system_keys::kSpecialEnd);
  // Asked once: faults look at the writes, and may end the attempt that has them.
  const bool is_disturbed = latency_.disturbed();
  std::optional<Loan> loan;
  if (is_disturbed || view_.in_tenant()) {
    request.mutations = attempt_.native.mutations;
    request.write_conflicts = attempt_.native.write_conflicts;
  } else {
    loan.emplace(attempt_.native, request);
  }
  decided.error = prepare_commit(&request, is_disturbed);
  if (decided.error != 0) return decided;
  decided.read_only = request.mutations.empty() && request.write_conflicts.empty();
  if (decided.read_only) return decided;
  const Fault fault = is_disturbed ? disturb_commit() : Fault();
  if (fault.error != 0 && !fault.is_applied) {
    decided.error = fault.error;
    if (fault.error == err::kNotCommitted && request.report_conflicts) conflicting_ranges_.clear();
    return decided;
  }
  const std::vector<KeyRange>& submitted = attempt_.merged_read_conflicts();
  view_.let_go_of_snapshot();  // what nobody else has of it the commit may reuse
  const CommitOutcome outcome = keyspace().commit(request, late_decision());
  decided.error = outcome.error;
  if (outcome.is_late) delivery_.send();
  if (fault.error != 0) {  // the program does not hear what became of it
    decided.error = fault.error;
    return decided;
  }
  decided.version = outcome.version;
  decided.stamp = outcome.stamp();
  if (outcome.error == err::kNotCommitted && request.report_conflicts) conflicting_ranges_.clear();
  for (const size_t index : outcome.conflicting) {
    conflicting_ranges_.emplace_back(submitted[index].begin, submitted[index].end);
  }
  return decided;
}

// For a commit that was waiting for reads.
void TransactionAnswers::commit_after_reads() {
  if (!delivery_.waits_for_reads() || !waiting_.empty() || late_answers_.has_reads()) return;
  start_commit();
  deliver_commit_locked();
}

void TransactionAnswers::deliver_commit() {
  Lock lock(mutex_);
  deliver_commit_locked();
}

bool TransactionAnswers::deliver_commit_unless_busy() {
  std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock.owns_lock()) return false;
  deliver_commit_locked();
  return true;
}

void TransactionAnswers::deliver_commit_locked() {
  const std::optional<DecidedCommit> delivered = delivery_.deliver(&watches_);
  if (!delivered) return;
  if (delivered->error == 0) {
    attempt_.native.half_reset = delivered->read_only && behavior().read_only_commit_resets_half;
    size_.add(watches_.take_unread());  // the commit has waited for them
  }
  if (behavior().commit_resets) {
    delivered->error == 0 ? full_reset() : soft_reset();
  } else if (behavior().commit_forgets_read_version && delivered->reached_native) {
    view_.forget_version();
    attempt_.native.renewed = true;
  }
}

// ---- numbers about the transaction -----------------------------------------------------------------

Ref<Future> Transaction::get_versionstamp() {
  Lock lock(mutex_);
  if (Error error = refusal()) return answer_error(error);
  if (network_.stopped()) return answer_error(err::kBrokenPromise);
  auto future = make_ref<Future>(network_);
  future->set_hook(link_.hook());
  delivery_.add_stamp(future);
  arm_timeout();
  return future;
}

Ref<Future> Transaction::get_approximate_size() {
  Lock lock(mutex_);
  if (attempt_.deferred_error != 0) return answer_error(attempt_.deferred_error);
  size_.add(watches_.take_answered());
  return answer(size_.approximate(), Tie::kLoose);
}

Ref<Future> Transaction::get_total_cost() {
  Lock lock(mutex_);
  if (attempt_.deferred_error != 0) return answer_error(attempt_.deferred_error);
  return answer(attempt_.native.cost + attempt_.read_log.cost(), Tie::kLoose);
}

Ref<Future> Transaction::get_tag_throttled_duration() {
  Lock lock(mutex_);
  if (attempt_.deferred_error != 0) return answer_error(attempt_.deferred_error);
  return answer(0.0, Tie::kLoose);
}

}  // namespace fdb
