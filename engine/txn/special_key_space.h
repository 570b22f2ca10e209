// What a transaction asks of the special key space, the keys from \xff\xff to \xff\xff\xff: whether a call is meant for it, its
// reads, and its writes, which take effect at the commit. Who makes a transaction hands it one.
//
// Thread-safety: one object serves all transactions, and each call comes under the lock of the transaction it is about.
// Invariant: an ordinary key costs a comparison of its first two bytes, and no virtual call.
#pragma once

#include "base/api_behavior.h"
#include "runtime/future.h"

namespace fdb {

class TransactionState;
struct RangeLimits;
struct RangeRequest;

// What an attempt keeps for the special key space, which alone knows what it is.
class SpecialAttempt {
 public:
  virtual ~SpecialAttempt() = default;
};

class SpecialKeySpace {
 public:
  virtual ~SpecialKeySpace() = default;

  // Whether a get of `key`, or a range read between the keys of the two selectors, is a special read at the selected API version.
  bool reads_point(const ApiBehavior& behavior, Slice key) const { return is_inside(key) && is_point_read(behavior, key); }
  bool reads_range(const ApiBehavior& behavior, Slice begin, Slice end) const {
    return is_inside(begin) && is_range_read(behavior, begin, end);
  }
  // Whether a write of `key` (clear of [begin, end)) is a special write at the selected API version.
  bool writes_point(const ApiBehavior& behavior, Slice key) const { return is_inside(key) && is_point_write(behavior, key); }
  bool writes_range(const ApiBehavior& behavior, Slice begin, Slice end) const {
    return is_inside(begin) && is_range_write(behavior, begin, end);
  }

  // 1009: try again when the transaction's read version has come.
  virtual Error get(TransactionState& transaction, Slice key, ValueResult* result) const = 0;
  // `request` as the program gave it; `limits` after the streaming mode.
  virtual Error get_range(TransactionState& transaction, const RangeRequest& request, const RangeLimits& limits,
                          KeyValueArray* result) const = 0;

  // The errors are to be deferred.
  virtual Error set(TransactionState& transaction, Slice key, Slice value) const = 0;
  virtual Error clear(TransactionState& transaction, Slice key) const = 0;
  virtual Error clear_range(TransactionState& transaction, Slice begin, Slice end) const = 0;

  // Turns the writes into ordinary (system-key) writes of the transaction; the error is the commit's. Only asked when the
  // attempt keeps something.
  virtual Error commit(TransactionState& transaction) const = 0;

 private:
  static bool is_inside(Slice key) { return key.size() >= 2 && key[0] == '\xff' && key[1] == '\xff'; }

  virtual bool is_point_read(const ApiBehavior& behavior, Slice key) const = 0;
  virtual bool is_range_read(const ApiBehavior& behavior, Slice begin, Slice end) const = 0;
  virtual bool is_point_write(const ApiBehavior& behavior, Slice key) const = 0;
  virtual bool is_range_write(const ApiBehavior& behavior, Slice begin, Slice end) const = 0;
};

}  // namespace fdb
