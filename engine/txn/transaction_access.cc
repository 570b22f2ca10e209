#include "txn/transaction_access.h"

#include <algorithm>

namespace fdb {

// ---- what the transaction has read and written -----------------------------------------------------

// Unlike the other two, this waits for the reads that are on their way, and so fails as they do.
Error TransactionAccess::read_conflicts(std::vector<KeyRange>* ranges) {
  transaction_.check_timeout();
  if (transaction_.state_error_ != 0) return transaction_.state_error_;
  if (!transaction_.waiting_.empty()) {
    if (Error error = transaction_.ensure_read_point()) return error;
  }
  if (transaction_.read_error_ != 0) return transaction_.read_error_;
  *ranges = transaction_.read_conflicts_.merged();
  return 0;
}

// What a versionstamped key has flushed out of the overlay does not show, as in the official client. A versionstamped key shows
// all that it may come to be; once the transaction object has committed anything, it shows with that commit's stamp instead,
// as in the official client.
std::vector<KeyRange> TransactionAccess::write_conflicts(Arena* arena) const {
  std::vector<KeyRange> ranges;
  if (transaction_.options_.read_your_writes_disabled) ranges = transaction_.native_write_conflicts_;
  for (const Bytes& key : transaction_.stamped_keys_) {
    if (transaction_.last_stamp_.empty()) {
      ranges.push_back(transaction_.versionstamp_range(key, arena));
    } else {
      const Bytes filled = Transaction::with_stamp(key, transaction_.last_stamp_);
      ranges.push_back({arena->copy(filled), arena->copy_after(filled)});
    }
  }
  for (WriteMap::Segment segment = transaction_.writes_.segment(Slice());; segment.next()) {
    if (segment.is_conflict() && segment.has_end()) {
      ranges.push_back({arena->copy(segment.begin()), arena->copy(segment.end())});
    }
    if (!segment.has_end()) break;
  }
  std::erase_if(ranges, [](const KeyRange& range) { return range.empty(); });
  merge_ranges(&ranges);
  return ranges;
}

// ---- system keys -----------------------------------------------------------------------------------

Error TransactionAccess::prepare_read() {
  transaction_.check_timeout();
  if (transaction_.state_error_ != 0) return transaction_.state_error_;
  const bool aware = std::exchange(transaction_.options_.lock_aware, true);
  const Error error = transaction_.ensure_read_point();
  transaction_.options_.lock_aware = aware;
  if (error != 0) return error;
  return transaction_.snapshot_released_ ? err::kTransactionTooOld : 0;
}

Error TransactionAccess::read_version(Version* version) {
  if (Error error = prepare_read()) return error;
  *version = transaction_.read_point_.version;
  return 0;
}

Error TransactionAccess::get(Slice key, std::optional<Bytes>* value) {
  if (Error error = prepare_read()) return error;
  Slice found;
  value->reset();
  if (transaction_.read_point_.snapshot.get(key, &found)) *value = Bytes(found);
  transaction_.read_conflicts_.add_point(key);
  return 0;
}

Error TransactionAccess::scan(Slice begin, Slice end, bool reverse, const std::function<bool(Slice, Slice)>& take) {
  if (Error error = prepare_read()) return error;
  if (begin >= end) return 0;
  transaction_.read_conflicts_.add(begin, end);
  Cursor cursor(transaction_.read_point_.snapshot);
  reverse ? cursor.seek_before(end) : cursor.seek(begin);
  while (cursor.valid() && cursor.key() >= begin && cursor.key() < end && take(cursor.key(), cursor.value())) {
    reverse ? cursor.prev() : cursor.next();
  }
  return 0;
}

Error TransactionAccess::any_key(Slice begin, Slice end, bool* found) {
  if (Error error = prepare_read()) return error;
  *found = transaction_.read_point_.snapshot.range_stats(begin, end).keys > 0;
  transaction_.read_conflicts_.add(begin, end);
  return 0;
}

// ---- writes ----------------------------------------------------------------------------------------

void TransactionAccess::set(Slice key, Slice value) {
  Arena& arena = transaction_.arena_;
  transaction_.options_.raw_access = true;
  transaction_.native_mutations_.push_back({Op::kSet, arena.copy(key), arena.copy(value)});
  add_write_conflict(key, key_after(key));
}

void TransactionAccess::clear_range(Slice begin, Slice end) {
  Arena& arena = transaction_.arena_;
  transaction_.options_.raw_access = true;
  transaction_.native_mutations_.push_back({Op::kClearRange, arena.copy(begin), arena.copy(end)});
  add_write_conflict(begin, end);
}

void TransactionAccess::set_stamped(Slice key, Slice value) {
  Arena& arena = transaction_.arena_;
  transaction_.options_.raw_access = true;
  const Bytes operand = Bytes(value) + Bytes(4, '\0');
  transaction_.native_mutations_.push_back({Op::kSetVersionstampedValue, arena.copy(key), arena.copy(operand)});
  add_write_conflict(key, key_after(key));
}

void TransactionAccess::add_write_conflict(Slice begin, Slice end) {
  transaction_.native_write_conflicts_.push_back({transaction_.arena_.copy(begin), transaction_.arena_.copy(end)});
}

}  // namespace fdb
