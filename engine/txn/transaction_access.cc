#include "txn/transaction_access.h"

#include <algorithm>

namespace fdb {

// ---- what the transaction has read and written -----------------------------------------------------

// Unlike the other two, this waits for the reads that are on their way, and so fails as they do.
Error TransactionAccess::read_conflicts(std::vector<KeyRange>* ranges) {
  transaction_.check_timeout();
  if (transaction_.attempt_.state_error != 0) return transaction_.attempt_.state_error;
  if (!transaction_.waiting_.empty()) {
    if (Error error = transaction_.view_.ensure_point(transaction_.options_)) return error;
  }
  if (transaction_.attempt_.read_error != 0) return transaction_.attempt_.read_error;
  *ranges = transaction_.attempt_.merged_read_conflicts();
  return 0;
}

// What a versionstamped key has flushed out of the overlay does not show, as in the official client. A versionstamped key shows
// all that it may come to be; once the transaction object has committed anything, it shows with that commit's stamp instead,
// as in the official client.
std::vector<KeyRange> TransactionAccess::write_conflicts(Arena* arena) const {
  std::vector<KeyRange> ranges;
  if (transaction_.options_.read_your_writes_disabled) ranges = transaction_.attempt_.native.write_conflicts;
  for (const Bytes& key : transaction_.attempt_.stamped_keys) {
    if (transaction_.delivery_.last_stamp().empty()) {
      ranges.push_back(stamped_range(key, transaction_.view_.has_version() ? transaction_.view_.version() : kInvalidVersion,
                                     transaction_.options_.max_read_key(), arena));
    } else {
      const Bytes filled = with_stamp(key, transaction_.delivery_.last_stamp());
      ranges.push_back({arena->copy(filled), arena->copy_after(filled)});
    }
  }
  for (WriteMap::Segment segment = transaction_.attempt_.writes.segment(Slice());; segment.next()) {
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
  if (transaction_.attempt_.state_error != 0) return transaction_.attempt_.state_error;
  const bool aware = std::exchange(transaction_.options_.lock_aware, true);
  const Error error = transaction_.view_.ensure_point(transaction_.options_);
  transaction_.options_.lock_aware = aware;
  if (error != 0) return error;
  return transaction_.view_.only_known() ? err::kTransactionTooOld : 0;
}

Error TransactionAccess::read_version(Version* version) {
  if (Error error = prepare_read()) return error;
  *version = transaction_.view_.version();
  return 0;
}

Error TransactionAccess::get(Slice key, std::optional<Bytes>* value) {
  if (Error error = prepare_read()) return error;
  Slice found;
  value->reset();
  if (transaction_.view_.snapshot().get(key, &found)) *value = Bytes(found);
  transaction_.attempt_.read_conflicts.add_point(key);
  return 0;
}

Error TransactionAccess::scan(Slice begin, Slice end, bool reverse, const std::function<bool(Slice, Slice)>& take) {
  if (Error error = prepare_read()) return error;
  if (begin >= end) return 0;
  transaction_.attempt_.read_conflicts.add(begin, end);
  Cursor cursor(transaction_.view_.snapshot());
  reverse ? cursor.seek_before(end) : cursor.seek(begin);
  while (cursor.valid() && cursor.key() >= begin && cursor.key() < end && take(cursor.key(), cursor.value())) {
    reverse ? cursor.prev() : cursor.next();
  }
  return 0;
}

Error TransactionAccess::any_key(Slice begin, Slice end, bool* found) {
  if (Error error = prepare_read()) return error;
  *found = transaction_.view_.snapshot().range_stats(begin, end).keys > 0;
  transaction_.attempt_.read_conflicts.add(begin, end);
  return 0;
}

// ---- writes ----------------------------------------------------------------------------------------

void TransactionAccess::set(Slice key, Slice value) {
  Arena& arena = transaction_.attempt_.native.arena;
  transaction_.options_.raw_access = true;
  transaction_.attempt_.native.mutations.push_back({Op::kSet, arena.copy(key), arena.copy(value)});
  add_write_conflict(key, key_after(key));
}

void TransactionAccess::clear_range(Slice begin, Slice end) {
  Arena& arena = transaction_.attempt_.native.arena;
  transaction_.options_.raw_access = true;
  transaction_.attempt_.native.mutations.push_back({Op::kClearRange, arena.copy(begin), arena.copy(end)});
  add_write_conflict(begin, end);
}

void TransactionAccess::set_stamped(Slice key, Slice value) {
  Arena& arena = transaction_.attempt_.native.arena;
  transaction_.options_.raw_access = true;
  const Bytes operand = Bytes(value) + Bytes(4, '\0');
  transaction_.attempt_.native.mutations.push_back({Op::kSetVersionstampedValue, arena.copy(key), arena.copy(operand)});
  add_write_conflict(key, key_after(key));
}

void TransactionAccess::add_write_conflict(Slice begin, Slice end) {
  transaction_.attempt_.native.write_conflicts.push_back(
      {transaction_.attempt_.native.arena.copy(begin), transaction_.attempt_.native.arena.copy(end)});
}

}  // namespace fdb
