// How the operations of a transaction are answered: at once, when a version has come, late in a database with a latency, and, for a
// commit, when its outcome is delivered.
//
// Thread-safety: the public members may be called from any thread; all others want the lock to be held.
// Invariants:
//  1. A future that is handed out pending is completed by a timer, by the delivery of the commit, or by what ends the attempt.
//  2. A commit that waits for reads is decided when the last of them is answered, and delivered at once.
//  3. No lock is held while a callback runs: futures post them to the network thread.
#pragma once

#include "db/commit_request.h"
#include "txn/special_key_space.h"
#include "txn/transaction_state.h"

namespace fdb {

class TransactionAnswers : public TransactionState {
 public:
  void deliver_commit() override;
  bool deliver_commit_unless_busy() override;
  // Adds a fault that the next operation meets that it applies to; without any text takes back those that none has met. 2006 for a
  // text that is no such fault.
  Error inject(Slice fault);

 protected:
  TransactionAnswers(Ref<Database> database, Ref<Tenant> tenant, const SpecialKeySpace& special_keys)
      : TransactionState(std::move(database), std::move(tenant)), special_keys_(special_keys) {}

  Ref<Future> answer(Result result, Tie tie) {
    return latency_.disturbed() ? answer_late({0, std::move(result)}, tie) : network_.answer(std::move(result));
  }
  Ref<Future> answer_error(Error error, Tie tie = Tie::kRefusal) {
    return latency_.disturbed() ? answer_late({error, Void{}}, tie) : network_.answer_error(error);
  }
  // The future of a read that failed: the failure is the commit's, too.
  Ref<Future> failed_read(Error error);

  // ---- reads that wait for a version ----------------------------------------------------------------
  Ref<Future> wait_for_version(WaitingReads::Read read);
  void wait_for_version(const Ref<Future>& future, WaitingReads::Read read);
  void arm_retry();
  void retry_waiting();

  // ---- faults: asked for where latency_.disturbed() ---------------------------------------------------
  // Before the first question of a call.
  void begin_disturbed() {
    delay_micros_ = 0;
    faults_.operation_ended();
  }
  // The error that a read of [begin, end), or of the key `begin`, fails with; 0: none. Its answer may come later.
  Error disturb_read(Slice begin, Slice end);
  // The same for a read version that is about to be taken, if that is.
  Error disturb_version();
  // At most so many rows may be in a batch of [begin, end).
  void shorten_batch(Slice begin, Slice end, int* rows);
  Fault disturb_commit();
  bool is_commit_late() const { return network_.running() && (latency_.on() || commit_delay_micros_ > 0); }
  Error suffer(const Fault& fault);
  // Whether the transaction does not get this error, at a read or else at its commit.
  bool bears(const Fault& fault, bool reads) const;

  // ---- a database with a latency --------------------------------------------------------------------
  Ref<Future> answer_late(Answer answer, Tie tie);
  void watch_is_read_late(const Ref<Future>& future);
  void arrive_late(LateAnswers::Number number, int64_t micros);
  void answer_arrived(LateAnswers::Number number);
  void commit_arrives_late();
  void commit_arrived(const Ref<Future>& future);

  // ---- a database in a file -------------------------------------------------------------------------
  class LateDecision;
  std::unique_ptr<CommitReceiver> late_decision();
  void commit_is_decided(const Ref<Future>& future, Error error);

  // ---- commit ---------------------------------------------------------------------------------------
  void start_commit() noexcept;
  DecidedCommit decide_commit();
  void commit_after_reads();
  void deliver_commit_locked();
  Error fail_above_native();
  Error prepare_commit(CommitRequest* request, bool is_disturbed);
  void add_tenant_prefix(CommitRequest* request);

  // ---- on_error -------------------------------------------------------------------------------------
  void finish_on_error(const Ref<Future>& future);

  const SpecialKeySpace& special_keys_;
};

}  // namespace fdb
