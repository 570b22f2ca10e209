// A transaction as the C API sees it: life cycle, checks in their documented order, reads, buffered writes, commit.
//
// Thread-safety: every member may be called from any thread; calls take effect in the order in which they get the lock.
// Invariants:
//  1. Operations check, in this order: deferred error, commit started (2017), error state (1025, 1031, 2017).
//  2. Reads work on the read point, which never changes within an attempt; they never wait for a commit.
//  3. commit() decides at once; its future is delivered when somebody looks (deliver_commit).
//  4. No lock is held while a callback runs: futures post them to the network thread.
//  5. Members named *_locked, and all private members, want the lock to be held.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "base/weak_link.h"
#include "db/atomic_ops.h"
#include "db/database.h"
#include "runtime/future.h"
#include "runtime/late_answers.h"
#include "runtime/network.h"
#include "store/range_set.h"
#include "txn/issued_overlays.h"
#include "txn/read_log.h"
#include "txn/ryw_reader.h"
#include "txn/special_key_space.h"
#include "txn/transaction_options.h"
#include "txn/write_map.h"

namespace fdb {

class Transaction;

struct RangeRequest {
  KeySelector begin;
  KeySelector end;
  int limit;
  int target_bytes;
  int mode;
  int iteration;
  bool snapshot;
  bool reverse;
};

// Checks the limits and applies the streaming mode.
Error resolve_limits(const RangeRequest& request, RangeLimits* limits);

struct MappedRangeRequest {
  RangeRequest range;
  Slice mapper;
};

// Leads from a future, or a timer, back to its transaction, for as long as that exists.
class TransactionHook : public FutureHook, public WeakLink<Transaction> {
 public:
  using WeakLink::WeakLink;
  void before_look(Future& future) override;
};

// Takes back a watch whose future is cancelled or destroyed, before or after it was registered.
class WatchHook : public FutureHook {
 public:
  WatchHook(std::shared_ptr<TransactionHook> transaction, std::shared_ptr<const Watched> watched,
            std::shared_ptr<WeakLink<Keyspace>> keyspace)
      : transaction_(std::move(transaction)), watched_(std::move(watched)), keyspace_(std::move(keyspace)) {}
  void before_look(Future& future) override { transaction_->before_look(future); }
  void after_cancel(Future& future) override;

 private:
  const std::shared_ptr<TransactionHook> transaction_;
  const std::shared_ptr<const Watched> watched_;
  const std::shared_ptr<WeakLink<Keyspace>> keyspace_;
};

class MappedRangeReader;

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
  friend class MappedRangeReader;
  friend class TransactionAccess;
  friend class TransactionHook;

  using Lock = std::lock_guard<Mutex>;
  // What a read computes once its read point is there. Gets the overlay as it was when the read was issued.
  using ReadFunction = std::function<Error(Result*)>;
  static constexpr Error kStaysPending = -1;  // of a read whose future waits for something else now

  // A read, or a read version, that waits for its version to appear.
  struct WaitingRead {
    Ref<Future> future;
    ReadFunction read;
    IssuedOverlays::Moment issued;
    int64_t give_up_micros;
  };
  // A watch whose read a server would not have answered yet.
  struct UnreadWatch {
    Ref<Future> future;
    std::shared_ptr<const Watched> watched;  // null: refused after the read
    int64_t size;                            // counts when it is answered
    int64_t issued_micros;
  };
  struct DecidedCommit {
    Error error;
    bool read_only = false;
    bool reached_native = false;
    Version version = kInvalidVersion;
    Bytes stamp{};
  };

  // ---- checks ---------------------------------------------------------------------------------------
  Keyspace* keyspace_or_null() const { return database_->keyspace(); }
  Keyspace& keyspace() const { return *keyspace_or_null(); }
  const ApiBehavior& behavior() const { return network_.behavior(); }
  void check_timeout();
  // Whether a commit was started; poisons the transaction unless it is protected.
  bool used_during_commit();
  // The error that refuses a read or a write, 0 if none.
  Error refusal();
  void defer(Error error) {
    if (deferred_error_ == 0) deferred_error_ = error;
  }
  Slice max_read_key() const;
  Slice max_write_key() const;
  size_t max_key_size(Slice key, bool for_write) const;
  bool has_system_access() const { return options_.access_system_keys || options_.read_system_keys; }

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
  const std::shared_ptr<TransactionHook>& hook();
  // Runs `task(*this)` on the network thread at `when_micros`, unless the transaction is gone by then.
  template <class Task>
  Network::TimerId at(int64_t when_micros, Task task) {
    return network_.at(when_micros, [link = hook(), task = std::move(task)] {
      if (const Ref<Transaction> alive = link->lock()) task(*alive);
    });
  }

  // ---- read versions --------------------------------------------------------------------------------
  // Makes read_point_ usable: 0, or the error of the read.
  Error ensure_read_point();
  Error ensure_read_version();
  void forget_read_version();
  void trim_snapshot(int* steps);
  void enlist() noexcept;
  Error resolve_tenant(const Snapshot& snapshot);
  Error tenant_requirement() const;
  void arm_retry();
  void fail_waiting(Error error);
  void go_on_waiting();
  void retry_waiting();
  Error carry_out(const WaitingRead& waiting, Result* result);

  // ---- reads ----------------------------------------------------------------------------------------
  // The future of a read that failed: the failure is the commit's, too.
  Ref<Future> failed_read(Error error);
  Ref<Future> wait_for_version(ReadFunction read);
  void wait_for_version(const Ref<Future>& future, ReadFunction read);
  Error read_value(Slice key, bool snapshot, ValueResult* result);
  Error read_key(const KeySelector& selector, bool snapshot, KeyResult* result);
  Error read_range(const RangeRequest& request, const RangeLimits& limits, KeyValueArray* result);
  // The same two without overlay; the read point is there.
  Bytes find_native_key(const PlainSelector& selector, bool snapshot);
  void read_native_range(RangeRead read, bool snapshot, KeyValueArray* rows);
  bool sees_writes(bool snapshot) const;
  View view() const;
  void add_read_conflict(Slice begin, Slice end, const WriteMap* overlay);
  void add_point_read_conflict(Slice key, const WriteMap* overlay);
  const WriteMap& overlay() const { return issued_overlay_ ? *issued_overlay_ : writes_; }
  // Carries out `read(reader)`. The read version is only taken when the writes do not answer the read by themselves.
  template <class Read>
  Error read_through(const WriteMap* visible, Read&& read);

  // ---- watches --------------------------------------------------------------------------------------
  bool is_known(Slice key);
  void count_watch_reads();
  void fail_unread_watches(Error error);
  Error read_watched(Slice key, ValueResult* seen);
  Ref<Future> wait_for_watched(Slice key);
  // Makes `future` a watch of `key`, for which `seen` was read.
  Error keep_watch(Slice key, ValueResult seen, const Ref<Future>& future, std::shared_ptr<const Watched>* kept = nullptr);
  // Watches that are not registered yet fire when their own transaction writes another value.
  void trigger_watches(Slice key, const std::optional<Slice>& value);
  void trigger_all_watches(Slice key);
  void trigger_watches_in(Slice begin, Slice end);
  // The database's key for one of this transaction.
  Bytes full_key(Slice key) const;
  void activate_watches();
  void end_watches(Error error);

  // ---- writes ---------------------------------------------------------------------------------------
  bool refuses_write();
  bool take_conflict_flag();
  void write_stamped_key(Bytes key, Slice value, size_t offset);
  void write(Slice key, Op op, Slice value, bool add_conflict);
  void buffer_clear(Slice begin, Slice end, bool add_conflict);
  void flush_writes(Slice begin, Slice end);
  KeyRange versionstamp_range(Slice key_with_offset, Arena* arena) const;

  // ---- commit ---------------------------------------------------------------------------------------
  void start_commit() noexcept;
  DecidedCommit decide_commit();
  void let_go_of_snapshot() noexcept;
  void commit_after_reads();
  void deliver_commit_locked();
  Error fail_above_native();
  Error prepare_commit(CommitRequest* request);
  int64_t commit_size(const CommitRequest& request) const;
  void add_tenant_prefix(CommitRequest* request);
  static Bytes with_stamp(Slice key_with_offset, Slice stamp);

  const Ref<Database> database_;
  const Ref<Tenant> tenant_;
  const SpecialKeySpace& special_keys_;
  Network& network_;
  Latency& latency_;
  Mutex mutex_;

  // ---- for the life of the object -------------------------------------------------------------------
  static constexpr double kInitialBackoff = 0.01;  // seconds
  PersistentOptions persistent_options_;
  int64_t time_base_;
  int64_t retries_ = 0;
  double backoff_;
  Version committed_version_ = kInvalidVersion;
  Bytes last_stamp_;  // of the last successful commit with writes
  std::vector<std::pair<Bytes, Bytes>> conflicting_ranges_;
  Network::TimerId timeout_timer_ = 0;
  bool destroyed_ = false;
  std::shared_ptr<TransactionHook> hook_;

  // ---- of one attempt -------------------------------------------------------------------------------
  TransactionOptions options_;
  Error deferred_error_ = 0;
  Error state_error_ = 0;
  bool used_ = false;
  enum class VersionState { kNone, kNamed, kReading } version_state_ = VersionState::kNone;
  ReadPoint read_point_;
  Version listed_version_ = Sweeper::kNone;  // where the sweeper has this transaction
  bool snapshot_released_ = false;           // out of the window: only what was read is readable
  bool snapshot_trimmed_ = false;            // and only that is kept
  std::optional<Bytes> trimmed_to_;          // begin of the last stretch that was read, up to which the rest is gone
  int64_t tenant_id_ = -1;
  Bytes prefix_;
  Error read_error_ = 0;  // of the first registered read that failed

  WriteMap writes_;
  const WriteMap* issued_overlay_ = nullptr;  // set while a waiting read is carried out
  Arena arena_;                               // bytes of the four below
  std::vector<Mutation> native_mutations_;    // writes that bypass the overlay or were flushed out of it
  std::vector<KeyRange> native_write_conflicts_;
  std::vector<KeyRange> native_counted_reads_;  // RYW disabled: what counts in the size, each time
  std::vector<Bytes> stamped_keys_;             // pending SET_VERSIONSTAMPED_KEY operands
  RangeSet read_conflicts_;
  RangeSet native_read_conflicts_;  // those of them that a reset of the overlay keeps
  ReadLog read_log_;
  int64_t approximate_size_ = 0;
  // Lists, here and below: an empty deque allocates, and neither a reset nor a delivery may fail.
  std::list<UnreadWatch> unread_watches_;
  uint64_t watch_round_trip_ = 0;  // the keyspace's count when the last of them was issued
  int64_t native_cost_ = 0;        // of writes, and of reads that the overlay has forgotten
  std::unique_ptr<SpecialAttempt> special_attempt_;

  std::list<WaitingRead> waiting_;
  IssuedOverlays issued_overlays_;  // of them
  Network::TimerId retry_timer_ = 0;
  LateAnswers late_answers_;
  WatchIndex unregistered_watches_;
  std::vector<Ref<Future>> versionstamp_futures_;
  std::vector<Ref<Future>> on_error_futures_;

  // Where on_error is refused after a read-only commit, only half of the official client's transaction is reset:
  // the next commit fails one of that client's internal checks (4100).
  bool half_reset_ = false;
  bool native_renewed_ = false;  // a commit has reset the native half
  bool commit_started_ = false;
  bool commit_waits_ = false;       // for waiting reads
  bool commit_on_its_way_ = false;  // decided, and no look hastens its delivery
  Ref<Future> commit_future_;       // not delivered yet
  Undelivered::Place undelivered_{this};
  std::optional<DecidedCommit> decided_;
};

}  // namespace fdb
