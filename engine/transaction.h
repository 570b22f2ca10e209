// A transaction as the C API sees it: life cycle, checks in their documented order, reads, buffered writes, commit.
//
// Thread-safety: every member may be called from any thread; calls take effect in the order in which they get the lock.
// Invariants:
//  1. Operations check, in this order: deferred error, commit started (2017), error state (1025, 1031, 2017)
//     (semantics.md, section 2).
//  2. Reads work on `read_point_`, which never changes within an attempt; nothing here takes the commit lock to read.
//  3. commit() decides at once; its future is delivered when somebody looks (deliver_commit).
//  4. No lock is held while a callback runs: futures post them to the network thread.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "atomic_ops.h"
#include "database.h"
#include "future.h"
#include "network.h"
#include "range_set.h"
#include "transaction_options.h"
#include "write_map.h"

namespace fdb {

struct KeySelector {
  Slice key;
  bool or_equal;
  int offset;
};

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

struct MappedRangeRequest {
  RangeRequest range;
  Slice mapper;
};

class SpecialKeyWrites;

class Transaction : public RefCounted<Transaction> {
 public:
  Transaction(Ref<Database> database, Ref<Tenant> tenant);
  ~Transaction();
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

  FDBTransaction* handle() { return reinterpret_cast<FDBTransaction*>(this); }
  static Transaction* from(FDBTransaction* handle) { return reinterpret_cast<Transaction*>(handle); }
};

}  // namespace fdb
