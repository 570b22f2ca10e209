// The key space of a transaction as the official client sees it while it reads: cut into rows, gaps, what it does not
// know yet and what it may not read.
//
// Thread-safety: none; used within one call under the transaction's lock.
//
// The engine could answer every read from its snapshot at once. But where a range read stops in the modes with a byte
// target depends on what the transaction has read before, and conflict ranges depend on where it stops. So the reads walk
// over the same segments as the official client: the product of what is known of the snapshot and the uncommitted writes.
#pragma once

#include "txn/read_log.h"
#include "txn/snapshot_walk.h"
#include "txn/write_map.h"

namespace fdb {

class RywIterator {
 public:
  // `overlay` may be null: then only the snapshot counts.
  RywIterator(const View& view, const WriteMap* overlay, ReadLog* log);

  void skip(Slice key);         // to the segment that contains `key`
  void skip_before(Slice key);  // to the segment with the keys just below `key`
  void next();
  void prev();
  // prev() was called on the first segment.
  bool is_exhausted() const { return exhausted_; }

  Slice begin() const { return begin_; }
  Slice end() const { return end_; }
  bool is_unknown() const { return type_ == Type::kUnknown; }
  bool is_empty() const { return type_ == Type::kEmpty; }
  // A key of the snapshot, or one with operations. The latter counts as a key for selectors even when they leave it absent.
  bool is_row() const { return type_ == Type::kRow; }
  bool is_unreadable() const { return type_ == Type::kUnreadable; }

  // Of a row: whether it is present, its key and value. Valid until the iterator moves.
  bool row_present() const { return present_; }
  Slice row_key() const { return begin_; }
  Slice row_value() const { return in_run_ ? walk_.value() : Slice(own_value_); }

  // From a row of the snapshot: steps over up to `most` rows to a later (an earlier) one of the known stretch without writes
  // that it lies in, below `bound`. Returns how many rows it has left behind.
  int64_t jump_forward(int64_t most, Slice bound);
  int64_t jump_backward(int64_t most);

  // From a row: offers it and the rows that follow (precede) it to `take`, as long as nothing but known snapshot rows and gaps lie
  // between and `bound` is not reached; then moves behind (before) the last one taken. `take` gets one row, or a run with a place
  // for how many of it it took, which is at least one; it answers whether it wants more.
  template <class Take>
  void run_forward(Slice bound, Take&& take);
  template <class Take>
  void run_backward(Slice bound, Take&& take);

 private:
  enum class Type { kUnknown, kEmpty, kRow, kUnreadable };

  void locate(Slice key, bool before);
  void locate_operation(const WriteMap::Segment& segment);
  void locate_known(Slice key, bool before);
  void land(int64_t rank);
  View view_;
  const WriteMap* overlay_;
  ReadLog* log_;
  SnapshotWalk walk_;

  Type type_ = Type::kEmpty;
  Bytes begin_;
  Bytes end_;
  Bytes run_low_;  // the known, unmodified stretch around a row of the snapshot
  Bytes run_high_;
  bool in_run_ = false;
  bool exhausted_ = false;
  bool present_ = false;
  Bytes own_value_;
};

template <class Take>
void RywIterator::run_forward(Slice bound, Take&& take) {
  if (!in_run_) {
    if (present_) take(row_key(), row_value());
    return next();
  }
  const Bytes stop(std::min<Slice>(bound, run_high_));
  for (bool more = true; more && walk_.valid();) {
    const RowRun run = walk_.rows_below(stop);
    if (run.count() == 0) break;
    int taken;
    more = take(run, &taken);
    walk_.pass_forward(taken);
  }
  skip(walk_.valid() && walk_.key() < stop ? Bytes(walk_.key()) : std::max(stop, end_));
}

template <class Take>
void RywIterator::run_backward(Slice bound, Take&& take) {
  if (!in_run_) {
    if (present_) take(row_key(), row_value());
    return prev();
  }
  const Bytes stop(std::max<Slice>(bound, run_low_));
  Bytes last;
  for (bool more = true; more && walk_.valid();) {
    const RowRun run = walk_.rows_down_to(stop);
    if (run.count() == 0) break;
    int taken;
    more = take(run, &taken);
    last = run.key(taken - 1);
    walk_.pass_backward(taken);
  }
  locate(last, true);
}

}  // namespace fdb
