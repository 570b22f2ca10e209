// What the writes of a transaction do: they go into the overlay or, where read-your-writes is disabled, past it into the native half;
// a commit hands down what the overlay holds.
//
// Thread-safety: none; made for one call under the transaction's lock.
// Invariant: the overlays of waiting reads are told of every write into the overlay.
#pragma once

#include "txn/attempt.h"
#include "txn/issued_overlays.h"
#include "txn/transaction_options.h"

namespace fdb {

// The position of the versionstamp that the last four bytes of `bytes` name; false if it does not fit.
bool stamp_offset(Slice bytes, size_t* offset);
// All keys that a SET_VERSIONSTAMPED_KEY operation may come to write in a transaction that reads at `version`.
KeyRange stamped_range(Slice key_with_offset, Version version, Slice max_key, Arena* arena);
// The key of such an operation, with `stamp` in its place.
Bytes with_stamp(Slice key_with_offset, Slice stamp);

class Writes {
 public:
  Writes(Attempt& attempt, const TransactionOptions& options, IssuedOverlays& overlays)
      : attempt_(attempt), options_(options), overlays_(overlays) {}

  void mutate(Slice key, Op op, Slice value, bool add_conflict);
  void clear_range(Slice begin, Slice end, bool add_conflict);
  // `key` ends with the offset of its stamp, which fits. `version` is the read version, or kInvalidVersion.
  void set_stamped_key(Bytes key, Slice value, Version version);
  void add_conflict_range(Slice begin, Slice end);
  // Appends what the overlay holds in [begin, end) to the native mutations: first the cleared stretches, then the
  // operations in key order.
  void hand_down(Slice begin, Slice end);

 private:
  void hand_down_clears(Slice begin, Slice end);
  void hand_down_operations(const WriteMap::Segment& segment, Slice after);

  Attempt& attempt_;
  const TransactionOptions& options_;
  IssuedOverlays& overlays_;
};

}  // namespace fdb
