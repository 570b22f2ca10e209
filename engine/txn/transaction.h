// A transaction as the C API sees it: each operation takes the lock, makes its checks in their documented order, and has a part do
// the work: Reads in a ReadView, Writes into the Attempt, WaitingReads, UnregisteredWatches, CommitDelivery, LateAnswers.
//
// Thread-safety: every member may be called from any thread; calls take effect in the order in which they get the lock.
// Invariants:
//  1. Operations check, in this order: deferred error, commit started (2017), error state (1025, 1031, 2017).
//  2. What belongs to one attempt is in attempt_, view_ and delivery_'s part of it; the next attempt begins by assignments.
//  3. commit() decides at once, unless reads are still on their way; its future is delivered when somebody looks.
//  4. No lock is held while a callback runs: futures post them to the network thread.
//  5. Members named *_locked, and all private members, want the lock to be held.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "db/atomic_ops.h"
#include "db/database.h"
#include "runtime/future.h"
#include "runtime/late_answers.h"
#include "runtime/network.h"
#include "txn/attempt.h"
#include "txn/commit_delivery.h"
#include "txn/read_view.h"
#include "txn/reads.h"
#include "txn/retry_policy.h"
#include "txn/size_accounting.h"
#include "txn/special_key_space.h"
#include "txn/transaction_link.h"
#include "txn/transaction_options.h"
#include "txn/unregistered_watches.h"
#include "txn/waiting_reads.h"
#include "txn/writes.h"

namespace fdb {

class Transaction : public KeyspaceUser {
 public:
  Transaction(Ref<Database> database, Ref<Tenant> tenant, const SpecialKeySpace& special_keys);
  ~Transaction() override;
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  // fdb_transaction_destroy: fails what is pending and drops the caller's reference.
  void destroy();
  void cancel();
  void reset();
  Error set_option(int option, const uint8_t* value, int length);

  void set_read_version(Version version);
  Ref<Future> get_read_version();
  Ref<Future> commit();
  Ref<Future> on_error(Error error);
  Version committed_version();
  Ref<Future> get_versionstamp();
  Ref<Future> get_approximate_size();
  Ref<Future> get_total_cost();
  Ref<Future> get_tag_throttled_duration();

  Ref<Future> get(Slice key, bool snapshot);
  Ref<Future> get_key(const KeySelector& selector, bool snapshot);
  Ref<Future> get_range(const RangeRequest& request);
  Ref<Future> get_mapped_range(const MappedRangeRequest& request);
  Ref<Future> get_addresses_for_key(Slice key);
  Ref<Future> get_estimated_range_size_bytes(Slice begin, Slice end);
  Ref<Future> get_range_split_points(Slice begin, Slice end, int64_t chunk_size);

  void set(Slice key, Slice value);
  void atomic_op(Slice key, Slice param, int operation);
  void clear(Slice key);
  void clear_range(Slice begin, Slice end);
  Error add_conflict_range(Slice begin, Slice end, int type);
  Ref<Future> watch(Slice key);

  // A call failed that could not say so: until the next reset everything else fails, a commit above all.
  void refuse_everything(Error error) noexcept;

  // ---- called by other parts of the engine, without the lock ---------------------------------------
  void deliver_commit();
  // A watch that was cancelled before the commit.
  void forget_watch(const Watched& watched);
  bool deliver_commit_unless_busy() override;
  // What the transaction has read stays.
  void release_snapshot(int* steps) override;

  // The oldest version that a snapshot is held of; Sweeper::kNone if none is.
  Version held_version();

  FDBTransaction* handle() { return reinterpret_cast<FDBTransaction*>(this); }
  static Transaction* from(FDBTransaction* handle) { return reinterpret_cast<Transaction*>(handle); }

 private:
  friend class TransactionAccess;

  using Lock = std::lock_guard<Mutex>;

  // ---- checks ---------------------------------------------------------------------------------------
  Keyspace* keyspace_or_null() const { return database_->keyspace(); }
  Keyspace& keyspace() const { return *keyspace_or_null(); }
  const ApiBehavior& behavior() const { return network_.behavior(); }
  void check_timeout();
  // Whether a commit was started; poisons the transaction unless it is protected.
  bool used_during_commit();
  // The error that refuses a read or a write, 0 if none.
  Error refusal();

  // ---- answers, late in a database with a latency -----------------------------------------------------
  bool answers_late() const { return latency_.on() && network_.running(); }
  Ref<Future> answer(Result result, Tie tie) {
    return latency_.on() ? answer_late({0, std::move(result)}, tie) : network_.answer(std::move(result));
  }
  Ref<Future> answer_error(Error error, Tie tie = Tie::kRefusal) {
    return latency_.on() ? answer_late({error, Void{}}, tie) : network_.answer_error(error);
  }
  Ref<Future> answer_late(Answer answer, Tie tie);
  void watch_is_read_late(const Ref<Future>& future);
  void arrive_late(LateAnswers::Number number);
  void answer_arrived(LateAnswers::Number number);
  void commit_arrives_late();
  void commit_arrived(const Ref<Future>& future);

  // ---- life cycle -----------------------------------------------------------------------------------
  void apply_defaults();
  void apply_option(int option, bool present, Slice value);
  void replay_persistent_options();
  void restore_options(bool persistent) noexcept;
  // The official client keeps a transaction in two halves: the overlay with its reads, and below it the native one with
  // the read version, writes that were handed down to it, and options of its own.
  void clear_overlay();
  void clear_native();
  void renew_options(const NativeOptions& native);
  void soft_reset();
  void reset_overlay();
  void full_reset();
  // Fails everything pending; `stamp_error` is for get_versionstamp futures.
  void fail_pending(Error error, Error stamp_error);
  void enter_error_state(Error error);
  void arm_timeout();
  void disarm_timeout();
  void timeout_fired();
  void finish_on_error(const Ref<Future>& future);
  void refuse_on_error();

  // ---- reads that wait ------------------------------------------------------------------------------
  void arm_retry();
  void fail_waiting(Error error);
  void retry_waiting();

  // ---- reads ----------------------------------------------------------------------------------------
  // The future of a read that failed: the failure is the commit's, too.
  Ref<Future> failed_read(Error error);
  Ref<Future> wait_for_version(WaitingReads::Read read);
  void wait_for_version(const Ref<Future>& future, WaitingReads::Read read);
  // Reads that see `overlay`.
  Reads reads(const WriteMap& overlay) { return Reads(attempt_, view_, options_, overlay, size_); }

  // ---- watches --------------------------------------------------------------------------------------
  Error read_watched(const WriteMap& overlay, Slice key, ValueResult* seen);
  Ref<Future> wait_for_watched(Slice key);
  // Makes `future` a watch of `key`, for which `seen` was read.
  Error keep_watch(Slice key, ValueResult seen, const Ref<Future>& future, std::shared_ptr<const Watched>* kept = nullptr);

  // ---- writes ---------------------------------------------------------------------------------------
  bool refuses_write();
  bool take_conflict_flag();
  void clear_keys(Slice begin, Slice end, bool add_conflict);
  Writes writes() { return Writes(attempt_, options_, waiting_.overlays(), native_cost_); }

  // ---- commit ---------------------------------------------------------------------------------------
  void start_commit() noexcept;
  DecidedCommit decide_commit();
  void commit_after_reads();
  void deliver_commit_locked();
  Error fail_above_native();
  Error prepare_commit(CommitRequest* request);
  void add_tenant_prefix(CommitRequest* request);

  const Ref<Database> database_;
  const SpecialKeySpace& special_keys_;
  Network& network_;
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
  int64_t native_cost_ = 0;  // of writes, and of reads that the overlay has forgotten

  WaitingReads waiting_;
  Network::TimerId retry_timer_ = 0;
  LateAnswers late_answers_;
  std::vector<Ref<Future>> on_error_futures_;
};

}  // namespace fdb
