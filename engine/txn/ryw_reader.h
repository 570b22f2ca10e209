// Range and selector reads of a transaction.
//
// Thread-safety: none; used within one call under the transaction's lock.
#pragma once

#include "runtime/future.h"
#include "txn/ryw_iterator.h"

namespace fdb {

struct KeySelector {
  Slice key;
  bool or_equal;
  int offset;
};

// Rows and bytes of a read after the streaming mode was taken into account; -1: no limit.
struct RangeLimits {
  int rows;
  int bytes;
};

// What a row counts for beside its bytes, with the client and with a server, and how much a server sends at once.
constexpr int64_t kClientRowOverhead = 8;
constexpr int64_t kServerRowOverhead = 24;
constexpr int64_t kReplyByteLimit = 80'000;

// A selector without or_equal.
struct PlainSelector {
  Bytes key;
  int64_t offset;

  explicit PlainSelector(const KeySelector& selector)
      : key(selector.or_equal ? key_after(selector.key) : Bytes(selector.key)), offset(selector.offset) {}
  PlainSelector(Bytes plain_key, int64_t plain_offset) : key(std::move(plain_key)), offset(plain_offset) {}
};

struct RangeRead {
  PlainSelector begin;
  PlainSelector end;
  RangeLimits limits;
  bool reverse;
};

// What a range read came to, besides its rows.
struct RangeEnds {
  bool read_to_begin = false;     // a selector ran off the beginning
  bool read_through_end = false;  // a selector ran off the end
};

// Cuts rows that the end of the read excludes after all; then nothing more is to come.
template <class Excluded>
void drop_excluded(KeyValueArray* rows, Excluded&& excluded) {
  const size_t before = rows->rows.size();
  while (!rows->rows.empty()) {
    const FDBKeyValue& last = rows->rows.back();
    if (!excluded(Slice(reinterpret_cast<const char*>(last.key), static_cast<size_t>(last.key_length)))) break;
    rows->rows.pop_back();
  }
  if (rows->rows.size() < before) rows->more = false;
}

// Reads `snapshot` through `overlay` (null: as if there were no writes); what was fetched is noted in `log`.
class RywReader {
 public:
  RywReader(const View& view, const WriteMap* overlay, ReadLog* log) : view_(view), overlay_(overlay), log_(log) {}

  // Without snapshot: whatever needs more than the writes and what is known fails with `error`.
  void forbid_fetches(Error error) { fetch_error_ = error; }

  Error range(const RangeRead& read, KeyValueArray* rows, RangeEnds* ends);
  // The same, segment by segment also where there is a shorter way.
  Error walk_range(const RangeRead& read, KeyValueArray* rows, RangeEnds* ends);
  Error find_key(const PlainSelector& selector, Bytes* key);
  // Segments and rows that were looked at one by one to resolve selectors and to answer requests.
  int64_t walked() const { return walked_; }

 private:
  struct Answered;
  struct Budget;
  struct Cursor;
  template <class Direction>
  class Scan;

  void resolve(Cursor* cursor, RangeEnds* ends);
  Error fetch(const PlainSelector& begin, const PlainSelector& end, const Budget& budget, bool reverse);
  Answered count_rows(SnapshotWalk& walk, const Bytes& begin, const Bytes& end, const Budget& budget, bool reverse);

  const View view_;
  const WriteMap* const overlay_;
  ReadLog* const log_;
  Error fetch_error_ = 0;
  int64_t walked_ = 0;
};

// A range read that bypasses the overlay and what is known, and does not stop at the view's max_key.
void read_snapshot_range(const View& view, const RangeRead& read, KeyValueArray* rows, RangeEnds* ends);

}  // namespace fdb
