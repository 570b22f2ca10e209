// What the reads of a transaction answer: the snapshot through the transaction's own writes, with the conflict ranges that come of it
// and a note of what was read.
//
// Thread-safety: none; made for one call under the transaction's lock.
#pragma once

#include "txn/attempt.h"
#include "txn/read_view.h"
#include "txn/ryw_reader.h"
#include "txn/size_accounting.h"
#include "txn/transaction_options.h"

namespace fdb {

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

// What the read of a key found. The value lies in the snapshot, with the writes, or in `made`: it is good until the next of either.
struct ValueRead {
  bool present = false;
  Slice value;
  Bytes made;  // out of the value below by the writes
};

class Reads {
 public:
  // Sees the writes in `overlay`, which are the attempt's, now or as they were. `size` grows by what reads count.
  Reads(Attempt& attempt, ReadView& view, const TransactionOptions& options, const WriteMap& overlay, SizeAccounting& size)
      : attempt_(attempt), view_(view), options_(options), overlay_(overlay), size_(size) {}

  // 1009: the read version is still to come. What the disk has to say is an error of the read, too.
  Error value(Slice key, bool snapshot, ValueRead* found) {
    return caught([&] { return read_value(key, snapshot, found); });
  }
  Error value(Slice key, bool snapshot, ValueResult* result);
  Error key(const KeySelector& selector, bool snapshot, KeyResult* result) {
    return caught([&] { return read_key(selector, snapshot, result); });
  }
  Error range(const RangeRequest& request, const RangeLimits& limits, KeyValueArray* rows) {
    return caught([&] { return read_range(request, limits, rows); });
  }

  // Adds a candidate conflict range, less what the transaction has overwritten itself.
  void add_conflict(Slice begin, Slice end) { add_conflict(begin, end, &overlay_); }
  // Whether a read of the key is answered by what the transaction has written and read.
  bool knows(Slice key);
  const WriteMap& overlay() const { return overlay_; }

 private:
  template <class Read>
  static Error caught(Read&& read) {
    try {
      return read();
    } catch (const EngineError& error) {
      return error.code;
    }
  }
  Error read_value(Slice key, bool snapshot, ValueRead* found);
  Error read_key(const KeySelector& selector, bool snapshot, KeyResult* result);
  Error read_range(const RangeRequest& request, const RangeLimits& limits, KeyValueArray* rows);
  // The last two without overlay; the read point is there.
  Bytes find_native_key(const PlainSelector& selector, bool snapshot);
  void read_native_range(RangeRead read, bool snapshot, KeyValueArray* rows);
  bool sees_writes(bool snapshot) const;
  void add_conflict(Slice begin, Slice end, const WriteMap* visible);
  void count_point_conflict(Slice key);
  View walk() const { return view_.walk(options_.max_read_key()); }
  // Carries out `read(reader)`. The read version is only taken when the writes do not answer the read by themselves.
  template <class Read>
  Error read_through(const WriteMap* visible, Read&& read);

  Attempt& attempt_;
  ReadView& view_;
  const TransactionOptions& options_;
  const WriteMap& overlay_;
  SizeAccounting& size_;
};

}  // namespace fdb
