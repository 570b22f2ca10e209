// The special key space, \xff\xff .. \xff\xff\xff: which calls reach it, its modules, their
// reads, and their writes, which take effect at commit.
//
// Thread-safety: none; called under the transaction's lock, which the transaction holds.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "db/keyspace.h"
#include "runtime/future.h"
#include "txn/transaction.h"

namespace fdb {

// What one attempt has written to special keys: for every key unwritten, set or cleared.
class SpecialWriteMap {
 public:
  struct Piece {
    Bytes begin;
    Bytes end;
    std::optional<Bytes> value;  // nullopt: cleared

    // Whether this is [key, key\0) and not a longer range.
    bool is_point() const { return end == key_after(begin); }
  };

  bool empty() const { return states_.empty(); }
  void put(Slice begin, Slice end, std::optional<Bytes> value);
  void set(Slice key, Slice value) { put(key, key_after(key), Bytes(value)); }
  // Forgets what was written.
  void forget(Slice begin, Slice end);
  // The written parts of [begin, end), ascending.
  std::vector<Piece> pieces(Slice begin, Slice end) const;

 private:
  struct State {
    bool written = false;
    std::optional<Bytes> value;
  };
  std::map<Bytes, State, std::less<>>::iterator split(Slice key);

  std::map<Bytes, State, std::less<>> states_;  // from each key to the next one; unwritten before the first
};

struct SpecialWrites {
  SpecialWriteMap values;
  Bytes error_message;  // JSON text behind \xff\xff/error_message, empty if none
  bool traced = false;  // whether the two below were chosen
  Bytes trace_id;       // 32 hex digits
  uint64_t trace_token = 0;
};

class SpecialKeys {
 public:
  // Whether a get of `key`, or a range read between the keys of the two selectors, is a special read at this API version.
  static bool reads_point(const Transaction& transaction, Slice key);
  static bool reads_range(const Transaction& transaction, Slice begin, Slice end);
  // Whether a write of `key` (clear of [begin, end)) is a special write at this API version.
  static bool writes_point(const Transaction& transaction, Slice key);
  static bool writes_range(const Transaction& transaction, Slice begin, Slice end);

  // 1009: try again when the transaction's read version has come.
  static Error get(Transaction& transaction, Slice key, ValueResult* result);
  // `request` as the program gave it; `limits` after the streaming mode.
  static Error get_range(Transaction& transaction, const RangeRequest& request, const RangeLimits& limits,
                         KeyValueArray* result);

  // The errors are to be deferred.
  static Error set(Transaction& transaction, Slice key, Slice value);
  static Error clear(Transaction& transaction, Slice key);
  static Error clear_range(Transaction& transaction, Slice begin, Slice end);

  // Turns the writes into ordinary (system-key) writes of the transaction; the error is the commit's.
  static Error commit(Transaction& transaction);

  class Access;  // the transaction as the modules see it (special_ranges.h)
};

}  // namespace fdb
