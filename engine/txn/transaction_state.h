// What a transaction has and the state it is in: the parts that its attempts are made of, its options, and what ends an attempt and
// begins the next. TransactionAnswers says how the operations are answered, Transaction has the operations.
//
// Thread-safety: the public members may be called from any thread; all others want the lock to be held.
// Invariants:
//  1. What belongs to one attempt is in attempt_, size_, view_ and delivery_'s part of it; the next attempt begins by assignments.
//  2. In an error state, and after a reset, nothing of the attempt before is pending.
//  3. A timeout is noticed by whatever is called next; a timer runs only while something is pending.
#pragma once

#include <mutex>
#include <utility>
#include <vector>

#include "db/database.h"
#include "db/keyspace_user.h"
#include "faults/faults.h"
#include "runtime/late_answers.h"
#include "runtime/network.h"
#include "store/leaf_use.h"
#include "txn/attempt.h"
#include "txn/commit_delivery.h"
#include "txn/read_view.h"
#include "txn/reads.h"
#include "txn/retry_policy.h"
#include "txn/size_accounting.h"
#include "txn/transaction_link.h"
#include "txn/transaction_options.h"
#include "txn/unregistered_watches.h"
#include "txn/waiting_reads.h"
#include "txn/writes.h"

namespace fdb {

class TransactionState : public KeyspaceUser {
 public:
  TransactionState(const TransactionState&) = delete;
  TransactionState& operator=(const TransactionState&) = delete;

  // ---- called by other parts of the engine, without the lock ---------------------------------------
  // Somebody looks at what hangs on the commit.
  virtual void deliver_commit() = 0;
  // A watch that was cancelled before the commit.
  void forget_watch(const Watched& watched);
  // What the transaction has read stays.
  void release_snapshot(int* steps) override;
  // The oldest version that a snapshot is held of; Sweeper::kNone if none is.
  Version held_version();

 protected:
  friend class TransactionAccess;

  // What a call looks at in snapshots stays until it lets go of this (leaf_use.h).
  class Lock {
   public:
    explicit Lock(Mutex& mutex) : lock_(mutex) {}

   private:
    std::lock_guard<Mutex> lock_;
    store::LeafUse leaf_use_;
  };

  TransactionState(Ref<Database> database, Ref<Tenant> tenant);
  ~TransactionState() override;

  Keyspace& keyspace() const { return *database_->keyspace(); }
  const ApiBehavior& behavior() const { return network_.behavior(); }
  bool answers_late() const { return latency_.on() && network_.running(); }

  // ---- checks ---------------------------------------------------------------------------------------
  void check_timeout();
  // Whether a commit was started; poisons the transaction unless it is protected.
  bool used_during_commit();
  // The error that refuses a read or a write, 0 if none.
  Error refusal();
  // Whether a write is refused because a commit was started.
  bool refuses_write();

  // ---- options --------------------------------------------------------------------------------------
  void apply_defaults();
  void apply_option(int option, bool present, Slice value);
  void replay_persistent_options();
  void restore_options(bool persistent) noexcept;
  void renew_options(const NativeOptions& native);

  // ---- the end of an attempt ------------------------------------------------------------------------
  // The official client keeps a transaction in two halves: the overlay with its reads, and below it the native one with
  // the read version, writes that were handed down to it, and options of its own.
  void clear_overlay();
  void clear_native();
  void soft_reset();
  void reset_overlay();
  void full_reset();
  // Fails everything pending; `stamp_error` is for get_versionstamp futures.
  void fail_pending(Error error, Error stamp_error);
  void fail_waiting(Error error);
  void enter_error_state(Error error);
  void refuse_on_error();

  // ---- timeouts -------------------------------------------------------------------------------------
  void arm_timeout();
  void start_timeout();
  void disarm_timeout() {
    if (timeout_timer_ != 0) network_.cancel(std::exchange(timeout_timer_, 0));
  }
  void timeout_fired();

  // ---- parts that are made for one call -------------------------------------------------------------
  // Reads that see `overlay`.
  Reads reads(const WriteMap& overlay) { return Reads(attempt_, view_, options_, overlay, size_); }
  Writes writes() { return Writes(attempt_, options_, waiting_.overlays()); }

  // Runs `task()` on the network thread when the database's clock says so, as TransactionLink does.
  template <class Task>
  Network::TimerId at(int64_t when_micros, TimerKind kind, Task task) {
    if (kind != TimerKind::kWait || !clock_.is_standing()) return link_.at(clock_, when_micros, kind, std::move(task));
    keyspace().clock().expect_jump(when_micros - clock_.now());
    start_timeout();  // which may come first; the clock may jump at once
    jumps_.push_back(0);
    return jumps_.back() = link_.at(clock_, when_micros, kind, std::move(task));
  }

  const Ref<Database> database_;
  Network& network_;
  const Clock& clock_;
  Latency& latency_;
  Mutex mutex_;

  // ---- for the life of the object -------------------------------------------------------------------
  PersistentOptions persistent_options_;
  RetryPolicy retry_policy_;
  CommitDelivery delivery_;
  UnregisteredWatches watches_;
  std::vector<std::pair<Bytes, Bytes>> conflicting_ranges_;
  Network::TimerId timeout_timer_ = 0;
  bool destroyed_ = false;
  TransactionLink link_;

  // ---- of one attempt -------------------------------------------------------------------------------
  TransactionOptions options_;
  ReadView view_;
  Attempt attempt_;
  SizeAccounting size_;

  WaitingReads waiting_{clock_};
  Network::TimerId retry_timer_ = 0;
  LateAnswers late_answers_;
  std::vector<Network::TimerId> jumps_;  // by which a clock that stands would move on; not those of a clock that runs
  OneShotFaults faults_;                 // of this transaction alone
  int64_t delay_micros_ = 0;             // of the answer that is being made, by a fault
  int64_t commit_delay_micros_ = 0;      // of the commit's
  bool version_changed_ = false;         // a fault has said so, and on_error grants it
  std::vector<Ref<Future>> on_error_futures_;
};

}  // namespace fdb
