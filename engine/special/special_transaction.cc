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
    {kConflicting, kConflictingEnd, &ApiBehavior::special_modules, true, read_conflicting, nullptr},
    {kReads, kReadsEnd, &ApiBehavior::special_modules, true, read_reads, nullptr},
    {kWrites, kWritesEnd, &ApiBehavior::special_modules, true, read_writes, nullptr},
};

}  // namespace

std::span<const SpecialRange> transaction_special_ranges() { return kRanges; }

}  // namespace fdb
