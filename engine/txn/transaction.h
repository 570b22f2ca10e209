// A transaction as the C API sees it: each operation takes the lock, makes its checks in their documented order, and has a part do
// the work: Reads in a ReadView, Writes into the Attempt, WaitingReads, UnregisteredWatches, CommitDelivery, LateAnswers.
//
// Thread-safety: every member may be called from any thread; calls take effect in the order in which they get the lock. Private
// members want it to be held.
// Invariants:
//  1. Operations check, in this order: deferred error, commit started (2017), error state (1025, 1031, 2017).
//  2. commit() decides at once, unless reads are still on their way; its future is delivered when somebody looks.
#pragma once

#include <memory>

#include "db/atomic_ops.h"
#include "txn/transaction_answers.h"
#include "txn/transaction_memory.h"

namespace fdb {

class Transaction final : public TransactionAnswers, public InTransactionMemory {
 public:
  Transaction(Ref<Database> database, Ref<Tenant> tenant, const SpecialKeySpace& special_keys)
      : TransactionAnswers(std::move(database), std::move(tenant), special_keys) {}

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

  FDBTransaction* handle() { return reinterpret_cast<FDBTransaction*>(this); }
  static Transaction* from(FDBTransaction* handle) { return reinterpret_cast<Transaction*>(handle); }

 private:
  // ---- watches --------------------------------------------------------------------------------------
  Error read_watched(const WriteMap& overlay, Slice key, ValueResult* seen);
  Ref<Future> wait_for_watched(Slice key);
  // Makes `future` a watch of `key`, for which `seen` was read.
  Error keep_watch(Slice key, ValueResult seen, const Ref<Future>& future, std::shared_ptr<const Watched>* kept = nullptr);

  // ---- writes ---------------------------------------------------------------------------------------
  bool take_conflict_flag();
  void clear_keys(Slice begin, Slice end, bool add_conflict);
};

}  // namespace fdb
