// The reads of a transaction, through its own writes or without them, and what they depend on.
#include "txn/reads.h"

#include <algorithm>

#include "db/system_keys.h"

namespace fdb {

namespace {

constexpr int kIteratorBytes[] = {4096, 6144, 9216, 13824, 20736, 31104, 46656, 69984, 80000, 120000};

// The byte target of a streaming mode; 0 for none, -1 for an illegal mode or iteration.
int mode_bytes(int mode, int iteration) {
  switch (mode) {
    case FDB_STREAMING_MODE_EXACT: return 0;
    case FDB_STREAMING_MODE_SMALL: return 256;
    case FDB_STREAMING_MODE_MEDIUM: return 1000;
    case FDB_STREAMING_MODE_LARGE: return 4096;
    case FDB_STREAMING_MODE_SERIAL:
    case FDB_STREAMING_MODE_WANT_ALL: return 80000;
    case FDB_STREAMING_MODE_ITERATOR:
      return iteration <= 0 ? -1 : kIteratorBytes[std::min<int>(iteration, std::size(kIteratorBytes)) - 1];
    default: return -1;
  }
}

}  // namespace

Error resolve_limits(const RangeRequest& request, RangeLimits* limits) {
  limits->rows = request.limit == 0 ? -1 : request.limit;
  limits->bytes = request.target_bytes == 0 ? -1 : request.target_bytes;
  if (limits->rows == -1 && limits->bytes == -1 && request.mode == FDB_STREAMING_MODE_EXACT)
    return err::kExactModeWithoutLimits;
  const int mode = mode_bytes(request.mode, request.iteration);
  if (mode < 0) return err::kClientInvalidOperation;
  if (mode > 0) limits->bytes = limits->bytes == -1 ? mode : std::min(limits->bytes, mode);
  return 0;
}

bool Reads::sees_writes(bool snapshot) const {
  return !options_.read_your_writes_disabled && (!snapshot || options_.snapshot_ryw_counter > 0);
}

template <class Read>
Error Reads::read_through(const WriteMap* visible, Read&& read) {
  if (!view_.has_snapshot() && visible && !visible->empty()) {
    constexpr Error kNeedsSnapshot = -1;
    RywReader writes_only(walk(), visible, &attempt_.read_log);
    writes_only.forbid_fetches(kNeedsSnapshot);
    const Error error = read(writes_only);
    if (error != kNeedsSnapshot) return error;
  }
  if (Error error = view_.ensure_point(options_)) return error;
  RywReader reader(walk(), visible, &attempt_.read_log);
  if (view_.only_known()) reader.forbid_fetches(err::kTransactionTooOld);
  return read(reader);
}

// Adds a candidate conflict range, less what the transaction has overwritten itself.
void Reads::add_conflict(Slice begin, Slice end, const WriteMap* visible) {
  if (begin >= end) return;
  // Each piece counts with the size of the whole candidate.
  const auto add = [&](Slice from, Slice to) {
    attempt_.read_conflicts.add(from, to);
    size_.add_range(begin, end);
  };
  if (!visible || visible->empty()) return add(begin, end);
  for (WriteMap::Segment segment = visible->segment(begin); segment.begins_before(end); segment.next()) {
    const bool last = !segment.has_end();
    if (segment.is_unmodified() || (segment.is_operation() && !segment.is_independent())) {
      const Bytes from = std::max(Bytes(begin), segment.begin());
      const Bytes to = last ? Bytes(end) : std::min(Bytes(end), segment.end());
      if (from < to) add(from, to);
    }
    if (last) break;
  }
}

void Reads::count_point_conflict(Slice key) {
  if (options_.read_your_writes_disabled) {
    size_.add_native_point(key);
  } else {
    size_.add_point(key);
  }
}

// ---- a value ---------------------------------------------------------------------------------------

Error Reads::value(Slice key, bool snapshot, ValueResult* result) {
  ValueRead found;
  if (Error error = value(key, snapshot, &found)) return error;
  result->present = found.present;
  result->value.assign(found.value);
  return 0;
}

Error Reads::read_value(Slice key, bool snapshot, ValueRead* found) {
  const std::vector<KeyOperation>* operations = nullptr;
  bool needs_snapshot = true;
  if (!overlay_.empty() && sees_writes(snapshot)) {
    const WriteMap::Segment segment = overlay_.segment(key);
    if (segment.is_unreadable() && !options_.bypass_unreadable) return err::kAccessedUnreadable;
    if (segment.is_operation()) {
      operations = &segment.operations();
      needs_snapshot = !segment.is_independent();
    } else {
      needs_snapshot = segment.is_unmodified();
    }
  }
  const bool builds_on_stamp = operations && builds_on_pending_stamp(*operations);
  if (needs_snapshot) {
    if (Error error = view_.ensure_point(options_)) return error;
    if (view_.only_known() && (options_.read_your_writes_disabled || !attempt_.read_log.covers_point(key))) {
      return err::kTransactionTooOld;
    }
    found->present = view_.find(key, &found->value);
    // What the transaction has written itself it does not depend on.
    const bool depends = !snapshot && !builds_on_stamp;
    attempt_.add_point_read(key, key.size() + found->value.size(), depends);
    if (depends) count_point_conflict(key);
  }
  if (builds_on_stamp) return err::kOperationFailed;
  if (!operations) return 0;
  if (operations->size() == 1 && operations->front().op == Op::kSet) {
    found->present = operations->front().has_value;
    found->value = operations->front().value;
    return 0;
  }
  auto made = apply_operations(*operations, found->present ? std::optional<Slice>(found->value) : std::nullopt);
  found->present = made.has_value();
  found->made = made ? std::move(*made) : Bytes();
  found->value = found->made;
  return 0;
}

bool Reads::knows(Slice key) {
  if (!overlay_.empty()) {
    const WriteMap::Segment segment = overlay_.segment(key);
    if (!segment.is_unmodified() && !(segment.is_operation() && !segment.is_independent())) return true;
  }
  return attempt_.read_log.covers_point(key);
}

// ---- a key -----------------------------------------------------------------------------------------

Error Reads::read_key(const KeySelector& selector, bool snapshot, KeyResult* result) {
  const PlainSelector plain(selector);
  const WriteMap* visible = sees_writes(snapshot) ? &overlay_ : nullptr;
  Bytes found;
  if (options_.read_your_writes_disabled) {
    if (Error error = view_.ensure_point(options_)) return error;
    if (view_.only_known()) return err::kTransactionTooOld;
    found = find_native_key(plain, snapshot);
  } else {
    const auto find = [&](RywReader& reader) { return reader.find_key(plain, &found); };
    if (Error error = read_through(visible, find)) return error;
  }
  if (!snapshot && !options_.read_your_writes_disabled) {
    const Bytes& low = plain.offset > 0 ? plain.key : found;
    const Bytes high = plain.offset > 0 ? std::min<Bytes>(key_after(found), Bytes(system_keys::kSystemEnd)) : plain.key;
    add_conflict(low, high, visible);
  }
  result->key = std::min<Bytes>(std::move(found), Bytes(options_.max_read_key()));
  return 0;
}

// The key that a selector names without overlay: it may be one that the program does not get to see.
Bytes Reads::find_native_key(const PlainSelector& selector, bool snapshot) {
  const View whole = walk();
  const Bytes found = SnapshotWalk(whole).find_key(selector.key, selector.offset);
  if (snapshot) return found;
  if (selector.offset <= 0) {
    attempt_.read_conflicts.add(found, selector.key);
  } else if (found != whole.end || view_.in_tenant()) {
    attempt_.read_conflicts.add(selector.key, key_after(found));
  } else {
    // No selector runs through all the system keys of a cluster; the last one here stands for what it finds there.
    SnapshotWalk last(whole);
    last.seek_before(whole.end);
    attempt_.read_conflicts.add(selector.key, last.valid() ? key_after(last.key()) : found);
  }
  return found;
}

// ---- a range ---------------------------------------------------------------------------------------

namespace {

// A finished range read, for the rules about conflict ranges.
struct RangeOutcome {
  const RangeRead& read;
  const RangeEnds& ends;
  const KeyValueArray& rows;

  bool has_rows() const { return !rows.rows.empty(); }
  Bytes row_key(size_t index) const {
    return Bytes(reinterpret_cast<const char*>(rows.rows[index].key), static_cast<size_t>(rows.rows[index].key_length));
  }
  Bytes lowest() const { return row_key(read.reverse ? rows.rows.size() - 1 : 0); }
  Bytes highest() const { return row_key(read.reverse ? 0 : rows.rows.size() - 1); }
};

struct OwnedRange {
  Bytes low;
  Bytes high;
};

// What a read through the overlay depends on: nothing beyond the last row it returned can change it, unless a
// selector with an offset reached further.
OwnedRange conflict_of(const RangeOutcome& outcome, Slice max_key) {
  const RangeRead& read = outcome.read;
  const bool more = outcome.rows.more;
  OwnedRange range{read.end.key, read.begin.key};
  if (read.begin.key < read.end.key) {
    range.low = read.reverse && read.begin.offset <= 1 && more ? read.end.key : read.begin.key;
    range.high = !read.reverse && read.end.offset > 0 && more ? read.begin.key : read.end.key;
  }
  if (outcome.ends.read_to_begin && read.begin.offset <= 0) range.low.clear();
  if (outcome.ends.read_through_end && read.end.offset > 1) range.high = max_key;
  if (!outcome.has_rows()) return range;
  if (read.reverse || read.begin.offset <= 0) range.low = std::min(range.low, outcome.lowest());
  const bool reaches_rows = !read.reverse || read.end.offset > 0;
  if (reaches_rows && range.high <= outcome.highest()) range.high = key_after(outcome.highest());
  return range;
}

// The same without overlay, by the official client's simpler rule.
OwnedRange conflict_without_overlay(const RangeOutcome& outcome) {
  const RangeRead& read = outcome.read;
  const bool more = outcome.rows.more;
  OwnedRange range;
  if (!outcome.ends.read_to_begin) {
    const bool whole = (!read.reverse || !more || read.begin.offset > 1) && read.begin.offset > 0;
    range.low = whole || !outcome.has_rows() ? read.begin.key : outcome.lowest();
  }
  if (read.end.offset > read.begin.offset && read.end.key < range.low) range.low = read.end.key;
  if (outcome.ends.read_through_end) {
    range.high = system_keys::kSystemEnd;
  } else {
    const bool whole = (read.reverse || !more || read.end.offset <= 0) && read.end.offset <= 1;
    range.high = whole || !outcome.has_rows() ? read.end.key : key_after(outcome.highest());
  }
  if (read.begin.offset < read.end.offset && read.begin.key > range.high) range.high = read.begin.key;
  return range;
}

}  // namespace

Error Reads::read_range(const RangeRequest& request, const RangeLimits& limits, KeyValueArray* rows) {
  const RangeRead read{PlainSelector(request.begin), PlainSelector(request.end), limits, request.reverse};
  RangeEnds ends;
  if (options_.read_your_writes_disabled) {
    if (Error error = view_.ensure_point(options_)) return error;
    if (view_.only_known()) return err::kTransactionTooOld;
    read_native_range(read, request.snapshot, rows);
    return 0;
  }
  const WriteMap* visible = sees_writes(request.snapshot) ? &overlay_ : nullptr;
  const auto fill = [&](RywReader& reader) {
    *rows = KeyValueArray();
    ends = RangeEnds();
    return reader.range(read, rows, &ends);
  };
  if (Error error = read_through(visible, fill)) return error;
  if (!request.snapshot) {
    const OwnedRange conflict = conflict_of({read, ends, *rows}, options_.max_read_key());
    add_conflict(conflict.low, conflict.high, visible);
  }
  return 0;
}

void Reads::read_native_range(RangeRead read, bool snapshot, KeyValueArray* rows) {
  const Slice max_key = options_.max_read_key();
  if (read.reverse && read.end.offset > 1) {
    // Here the official client first asks for the key at the end, which is a read of its own.
    read.end = PlainSelector(std::min<Bytes>(find_native_key(read.end, snapshot), Bytes(max_key)), 1);
    if (read.begin.offset >= 1 && read.begin.key >= read.end.key) return;
  }
  RangeEnds ends;
  read_snapshot_range(walk(), read, rows, &ends);
  ends.read_through_end = ends.read_through_end && (view_.in_tenant() || read.end.key > system_keys::kSystemBegin);
  size_t bytes = 0;
  for (const FDBKeyValue& row : rows->rows) bytes += static_cast<size_t>(row.key_length + row.value_length);
  attempt_.read_log.charge(bytes);
  if (!snapshot) {
    const OwnedRange conflict = conflict_without_overlay({read, ends, *rows});
    attempt_.read_conflicts.add(conflict.low, conflict.high);
  }
  drop_excluded(rows, [&](Slice key) { return key >= max_key; });
}

}  // namespace fdb
