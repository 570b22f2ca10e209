// What faults do to a transaction: each leaves it in the state in which the error itself does.
#include <algorithm>
#include <utility>

#include "txn/transaction.h"

namespace fdb {

namespace {

class CommitOccasion : public Occasion {
 public:
  explicit CommitOccasion(const NativeHalf& written) : Occasion(site::kCommit), written_(written) {}
  bool touches(Slice begin, Slice end) const override {
    const auto overlaps = [&](const KeyRange& range) { return range.begin < end && begin < range.end; };
    const auto changes = [&](const Mutation& mutation) {
      if (mutation.op == Op::kClearRange) return mutation.key < end && begin < mutation.value;
      return mutation.key >= begin && mutation.key < end;
    };
    return std::any_of(written_.mutations.begin(), written_.mutations.end(), changes) ||
           std::any_of(written_.write_conflicts.begin(), written_.write_conflicts.end(), overlaps);
  }

 private:
  const NativeHalf& written_;
};

}  // namespace

// Who may use a locked database is not told that it is locked.
bool TransactionAnswers::bears(const Fault& fault, bool reads) const {
  return fault.error == err::kDatabaseLocked && (options_.lock_aware || (reads && options_.read_lock_aware));
}

// The state of an error that has come: what the error alone does not say.
Error TransactionAnswers::suffer(const Fault& fault) {
  delay_micros_ += fault.delay_micros;
  if (bears(fault, true)) return 0;
  if (fault.error == err::kClusterVersionChanged) version_changed_ = true;
  if (fault.error == err::kTransactionTimedOut) {
    delay_micros_ = 0;
    enter_error_state(fault.error);
  }
  return fault.error;
}

Error TransactionAnswers::disturb_version() {
  if (view_.has_version() || view_.refused_version() != 0) return view_.refused_version();
  const Error error = suffer(keyspace().faults().decide(Occasion(site::kVersion), &faults_));
  if (error != 0) view_.refuse_version(error);
  return error;
}

Error TransactionAnswers::disturb_read(Slice begin, Slice end) {
  begin_disturbed();
  if (Error error = disturb_version()) return error;
  return suffer(keyspace().faults().decide(KeysOccasion(site::kRead, begin, end), &faults_));
}

void TransactionAnswers::shorten_batch(Slice begin, Slice end, int* rows) {
  const Fault fault = keyspace().faults().decide(KeysOccasion(site::kBatch, begin, end), &faults_);
  if (fault.rows > 0) *rows = *rows < 0 ? fault.rows : std::min(*rows, fault.rows);
}

Fault TransactionAnswers::disturb_commit() {
  commit_delay_micros_ = std::exchange(delay_micros_, 0);
  Fault fault = keyspace().faults().decide(CommitOccasion(attempt_.native), &faults_);
  commit_delay_micros_ += fault.delay_micros;
  if (bears(fault, false)) fault.error = 0;
  if (fault.error == err::kClusterVersionChanged) version_changed_ = true;
  return fault;
}

Error TransactionAnswers::inject(Slice fault) {
  Lock lock(mutex_);
  if (!database_->keyspace()) return database_->deferred_error();
  if (fault.empty()) {
    faults_.clear();
    return 0;
  }
  FaultRule rule;
  Bytes problem;
  if (!parse_one_fault(fault, &rule, &problem)) return err::kInvalidOptionValue;
  faults_.add(std::move(rule), keyspace().faults());
  return 0;
}

}  // namespace fdb
