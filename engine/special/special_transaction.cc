// \xff\xff/transaction/: what the transaction has read and written, and what it conflicted with.
#include <algorithm>

#include "special/special_ranges.h"

namespace fdb {

namespace {

constexpr Slice kConflicting = literal("\xff\xff/transaction/conflicting_keys/");
constexpr Slice kConflictingEnd = literal("\xff\xff/transaction/conflicting_keys/\xff\xff");
constexpr Slice kReads = literal("\xff\xff/transaction/read_conflict_range/");
constexpr Slice kReadsEnd = literal("\xff\xff/transaction/read_conflict_range/\xff\xff");
constexpr Slice kWrites = literal("\xff\xff/transaction/write_conflict_range/");
constexpr Slice kWritesEnd = literal("\xff\xff/transaction/write_conflict_range/\xff\xff");

void add_boundaries(Slice prefix, Slice range_begin, Slice range_end, Slice begin, Slice end, SpecialRows* rows) {
  add_row(Bytes(prefix) + Bytes(range_begin), "1", begin, end, rows);
  add_row(Bytes(prefix) + Bytes(range_end), "0", begin, end, rows);
}

Error read_conflicting(SpecialAccess& access, Slice begin, Slice end, SpecialRows* rows) {
  for (const auto& [low, high] : access.conflicting_ranges()) add_boundaries(kConflicting, low, high, begin, end, rows);
  return 0;
}

Error read_reads(SpecialAccess& access, Slice begin, Slice end, SpecialRows* rows) {
  std::vector<KeyRange> ranges;
  if (Error error = access.read_conflicts(&ranges)) return error;
  for (const KeyRange& range : ranges) add_boundaries(kReads, range.begin, range.end, begin, end, rows);
  return 0;
}

Error read_writes(SpecialAccess& access, Slice begin, Slice end, SpecialRows* rows) {
  Arena arena;
  for (const KeyRange& range : access.write_conflicts(&arena))
    add_boundaries(kWrites, range.begin, range.end, begin, end, rows);
  return 0;
}

constexpr SpecialRange kRanges[] = {
    {kConflicting, kConflictingEnd, 630, kEveryApiVersion, true, read_conflicting, nullptr},
    {kReads, kReadsEnd, 630, kEveryApiVersion, true, read_reads, nullptr},
    {kWrites, kWritesEnd, 630, kEveryApiVersion, true, read_writes, nullptr},
};

}  // namespace

std::span<const SpecialRange> transaction_special_ranges() { return kRanges; }

// Unlike the other two, this waits for the reads that are on their way, and so fails as they do.
Error SpecialKeys::Access::read_conflicts(std::vector<KeyRange>* ranges) {
  transaction_.check_timeout();
  if (transaction_.state_error_ != 0) return transaction_.state_error_;
  if (!transaction_.waiting_.empty()) {
    if (Error error = transaction_.ensure_read_point()) return error;
  }
  if (transaction_.read_error_ != 0) return transaction_.read_error_;
  *ranges = transaction_.read_conflicts_.merged();
  return 0;
}

// What a versionstamped key has flushed out of the overlay does not show, as in the official client. A versionstamped key shows all that it may come to be; once
// the transaction object has committed anything, it shows with that commit's stamp instead, as in the official client.
std::vector<KeyRange> SpecialKeys::Access::write_conflicts(Arena* arena) const {
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

}  // namespace fdb
