// The special key space, \xff\xff .. \xff\xff\xff (semantics.md, section 17): which calls reach it, its modules, their
// reads, and their writes, which take effect at commit.
//
// Thread-safety: none; called under the transaction's lock, which the transaction holds.
#pragma once

#include <map>
#include <optional>

#include "future.h"
#include "keyspace.h"
#include "transaction.h"

namespace fdb {

// The special-key writes of one attempt, in key order; nullopt: cleared.
struct SpecialWrites {
  std::map<Bytes, std::optional<Bytes>, std::less<>> values;
  Bytes error_message;  // JSON text behind \xff\xff/error_message, empty if none
};

class SpecialKeys {
 public:
  // Whether a get of `key`, or a range read between the keys of the two selectors, is a special read at this API version.
  static bool reads_point(const Transaction& transaction, Slice key);
  static bool reads_range(const Transaction& transaction, Slice begin, Slice end);
  // Whether a write of `key` (clear of [begin, end)) is a special write at this API version.
  static bool writes_point(const Transaction& transaction, Slice key);
  static bool writes_range(const Transaction& transaction, Slice begin, Slice end);

  static Error get(Transaction& transaction, Slice key, ValueResult* result);
  // `request` as the program gave it; `limits` after the streaming mode.
  static Error get_range(Transaction& transaction, const RangeRequest& request, const RangeLimits& limits, KeyValueArray* result);

  // The errors are to be deferred.
  static Error set(Transaction& transaction, Slice key, Slice value);
  static Error clear(Transaction& transaction, Slice key);
  static Error clear_range(Transaction& transaction, Slice begin, Slice end);

  // Turns the writes into ordinary (system-key) writes of the transaction; the error is the commit's.
  static Error commit(Transaction& transaction);
};

}  // namespace fdb
