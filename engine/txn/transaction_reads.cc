// Reads of a transaction.
#include <algorithm>

#include "base/env.h"
#include "db/system_keys.h"
#include "txn/accounting.h"
#include "txn/size_estimates.h"
#include "txn/transaction.h"

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

bool Transaction::sees_writes(bool snapshot) const {
  return !options_.read_your_writes_disabled && (!snapshot || options_.snapshot_ryw_counter > 0);
}

View Transaction::view() const {
  return {&read_point_.snapshot, prefix_, max_read_key(), tenant_ ? system_keys::kSystemBegin : system_keys::kSystemEnd};
}

template <class Read>
Error Transaction::read_through(const WriteMap* visible, Read&& read) {
  if (version_state_ != VersionState::kReading && visible && !visible->empty()) {
    constexpr Error kNeedsSnapshot = -1;
    RywReader writes_only(view(), visible, &read_log_);
    writes_only.forbid_fetches(kNeedsSnapshot);
    const Error error = read(writes_only);
    if (error != kNeedsSnapshot) return error;
  }
  if (Error error = ensure_read_point()) return error;
  RywReader reader(view(), visible, &read_log_);
  if (snapshot_released_) reader.forbid_fetches(err::kTransactionTooOld);
  return read(reader);
}

// Adds a candidate conflict range, less what the transaction has overwritten itself.
void Transaction::add_read_conflict(Slice begin, Slice end, const WriteMap* overlay) {
  if (begin >= end) return;
  // Each piece counts with the size of the whole candidate.
  const auto add = [&](Slice from, Slice to) {
    read_conflicts_.add(from, to);
    approximate_size_ += range_size(begin, end);
  };
  if (!overlay || overlay->empty()) return add(begin, end);
  for (WriteMap::Segment segment = overlay->segment(begin); segment.begins_before(end); segment.next()) {
    const bool last = !segment.has_end();
    if (segment.is_unmodified() || (segment.is_operation() && !segment.is_independent())) {
      const Bytes from = std::max(Bytes(begin), segment.begin());
      const Bytes to = last ? Bytes(end) : std::min(Bytes(end), segment.end());
      if (from < to) add(from, to);
    }
    if (last) break;
  }
}

void Transaction::add_point_read_conflict(Slice key, const WriteMap* overlay) {
  if (overlay && !overlay->empty()) {
    const WriteMap::Segment segment = overlay->segment(key);
    if (!segment.is_unmodified() && !(segment.is_operation() && !segment.is_independent())) return;
  }
  read_conflicts_.add_point(key);
  if (options_.read_your_writes_disabled) {
    const Slice after = arena_.copy_after(key);
    native_counted_reads_.push_back({after.substr(0, key.size()), after});
  } else {
    approximate_size_ += point_range_size(key);
  }
}

// ---- get -------------------------------------------------------------------------------------------

Error Transaction::read_value(Slice key, bool snapshot, ValueResult* result) {
  const bool writes = sees_writes(snapshot) && !overlay().empty();
  const WriteMap* visible = writes ? &overlay() : nullptr;
  const std::vector<KeyOperation>* operations = nullptr;
  bool needs_snapshot = true;
  if (writes) {
    const WriteMap::Segment segment = visible->segment(key);
    if (segment.is_unreadable() && !options_.bypass_unreadable) return err::kAccessedUnreadable;
    if (segment.is_operation()) {
      operations = &segment.operations();
      needs_snapshot = !segment.is_independent();
    } else {
      needs_snapshot = segment.is_unmodified();
    }
  }
  if (needs_snapshot) {
    if (Error error = ensure_read_point()) return error;
    const bool global = key == system_keys::kMetadataVersion;
    Slice value;
    if (snapshot_released_ && (options_.read_your_writes_disabled || !read_log_.covers(key, key_after(key)))) {
      return err::kTransactionTooOld;
    }
    result->present = prefix_.empty() || global ? read_point_.snapshot.get(key, &value)
                                                : read_point_.snapshot.get(prefix_ + Bytes(key), &value);
    if (result->present) result->value.assign(value);
    read_log_.add_point(key, key.size() + value.size());
  }
  if (operations && builds_on_pending_stamp(*operations)) return err::kOperationFailed;
  if (!snapshot) add_point_read_conflict(key, visible);
  if (operations) {
    auto value = apply_operations(*operations, result->present ? std::optional<Slice>(result->value) : std::nullopt);
    result->present = value.has_value();
    if (value) result->value = std::move(*value);
  }
  return 0;
}

Ref<Future> Transaction::get(Slice key, bool snapshot) {
  Lock lock(mutex_);
  if (deferred_error_ != 0) return answer_error(deferred_error_);
  if (special_keys_.reads_point(behavior(), key)) {
    ValueResult result;
    if (Error error = special_keys_.get(*this, key, &result)) return answer_error(error);
    return answer(std::move(result), Tie::kLoose);
  }
  if (Error error = refusal()) return answer_error(error);
  const bool metadata = key == system_keys::kMetadataVersion;
  if (key >= max_read_key() && !metadata) return answer_error(err::kKeyOutsideLegalRange);
  if (Error error = metadata ? 0 : tenant_requirement()) return failed_read(error);
  used_ = true;
  if (key.size() > max_key_size(key, false)) return answer(ValueResult{}, Tie::kRead);
  ValueResult result;
  const Error error = read_value(key, snapshot, &result);
  if (error == 0) return answer(std::move(result), Tie::kRead);
  if (error != err::kFutureVersion) return failed_read(error);
  return wait_for_version([this, owned = Bytes(key), snapshot](Result* late) {
    ValueResult value;
    const Error failure = read_value(owned, snapshot, &value);
    *late = std::move(value);
    return failure;
  });
}

// ---- get_key ---------------------------------------------------------------------------------------

Error Transaction::read_key(const KeySelector& selector, bool snapshot, KeyResult* result) {
  const PlainSelector plain(selector);
  const WriteMap* visible = sees_writes(snapshot) ? &overlay() : nullptr;
  Bytes found;
  if (options_.read_your_writes_disabled) {
    if (Error error = ensure_read_point()) return error;
    if (snapshot_released_) return err::kTransactionTooOld;
    found = find_native_key(plain, snapshot);
  } else {
    const auto find = [&](RywReader& reader) { return reader.find_key(plain, &found); };
    if (Error error = read_through(visible, find)) return error;
  }
  if (!snapshot && !options_.read_your_writes_disabled) {
    const Bytes& low = plain.offset > 0 ? plain.key : found;
    const Bytes high = plain.offset > 0 ? std::min<Bytes>(key_after(found), Bytes(system_keys::kSystemEnd)) : plain.key;
    add_read_conflict(low, high, visible);
  }
  result->key = std::min<Bytes>(std::move(found), Bytes(max_read_key()));
  return 0;
}

// The key that a selector names without overlay: it may be one that the program does not get to see.
Bytes Transaction::find_native_key(const PlainSelector& selector, bool snapshot) {
  const View whole = view();
  const Bytes found = SnapshotWalk(whole).find_key(selector.key, selector.offset);
  if (snapshot) return found;
  if (selector.offset <= 0) {
    read_conflicts_.add(found, selector.key);
  } else if (found != whole.end || tenant_) {
    read_conflicts_.add(selector.key, key_after(found));
  } else {
    // No selector runs through all the system keys of a cluster; the last one here stands for what it finds there.
    SnapshotWalk last(whole);
    last.seek_before(whole.end);
    read_conflicts_.add(selector.key, last.valid() ? key_after(last.key()) : found);
  }
  return found;
}

Ref<Future> Transaction::get_key(const KeySelector& selector, bool snapshot) {
  Lock lock(mutex_);
  if (Error error = refusal()) return answer_error(error);
  if (selector.key > max_read_key()) return answer_error(err::kKeyOutsideLegalRange);
  if (Error error = tenant_requirement()) return failed_read(error);
  used_ = true;
  KeySelector cut = selector;
  cut.key = cut.key.substr(0, max_key_size(cut.key, false) + 1);
  KeyResult result;
  const Error error = read_key(cut, snapshot, &result);
  if (error == 0) return answer(std::move(result), Tie::kRead);
  if (error != err::kFutureVersion) return failed_read(error);
  return wait_for_version([this, owned = Bytes(cut.key), cut, snapshot](Result* late) {
    KeyResult key;
    const Error failure = read_key({owned, cut.or_equal, cut.offset}, snapshot, &key);
    *late = std::move(key);
    return failure;
  });
}

// ---- get_range -------------------------------------------------------------------------------------

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

Error Transaction::read_range(const RangeRequest& request, const RangeLimits& limits, KeyValueArray* result) {
  const RangeRead read{PlainSelector(request.begin), PlainSelector(request.end), limits, request.reverse};
  RangeEnds ends;
  if (options_.read_your_writes_disabled) {
    if (Error error = ensure_read_point()) return error;
    if (snapshot_released_) return err::kTransactionTooOld;
    read_native_range(read, request.snapshot, result);
    return 0;
  }
  const WriteMap* visible = sees_writes(request.snapshot) ? &overlay() : nullptr;
  const auto fill = [&](RywReader& reader) {
    *result = KeyValueArray();
    ends = RangeEnds();
    return reader.range(read, result, &ends);
  };
  if (Error error = read_through(visible, fill)) return error;
  if (!request.snapshot) {
    const OwnedRange conflict = conflict_of({read, ends, *result}, max_read_key());
    add_read_conflict(conflict.low, conflict.high, visible);
  }
  return 0;
}

void Transaction::read_native_range(RangeRead read, bool snapshot, KeyValueArray* rows) {
  const Slice max_key = max_read_key();
  if (read.reverse && read.end.offset > 1) {
    // Here the official client first asks for the key at the end, which is a read of its own.
    read.end = PlainSelector(std::min<Bytes>(find_native_key(read.end, snapshot), Bytes(max_key)), 1);
    if (read.begin.offset >= 1 && read.begin.key >= read.end.key) return;
  }
  RangeEnds ends;
  read_snapshot_range(view(), read, rows, &ends);
  ends.read_through_end = ends.read_through_end && (tenant_ || read.end.key > system_keys::kSystemBegin);
  size_t bytes = 0;
  for (const FDBKeyValue& row : rows->rows) bytes += static_cast<size_t>(row.key_length + row.value_length);
  read_log_.charge(bytes);
  if (!snapshot) {
    const OwnedRange conflict = conflict_without_overlay({read, ends, *rows});
    read_conflicts_.add(conflict.low, conflict.high);
  }
  drop_excluded(rows, [&](Slice key) { return key >= max_key; });
}

Ref<Future> Transaction::get_range(const RangeRequest& given) {
  RangeRequest request = given;
  if (behavior().negative_limit_reverses && request.limit < 0) {
    request.limit = -request.limit;
    request.reverse = true;
  }
  RangeLimits limits;
  if (Error error = resolve_limits(request, &limits)) return Future::failed(error);
  Lock lock(mutex_);
  if (deferred_error_ != 0) return answer_error(deferred_error_);
  if (special_keys_.reads_range(behavior(), request.begin.key, request.end.key)) {
    auto rows = std::make_unique<KeyValueArray>();
    if (Error error = special_keys_.get_range(*this, request, limits, rows.get())) return answer_error(error);
    return answer(std::move(rows), Tie::kLoose);
  }
  if (Error error = refusal()) return answer_error(error);
  if (request.begin.key > max_read_key() || request.end.key > max_read_key()) return answer_error(err::kKeyOutsideLegalRange);
  if (Error error = tenant_requirement()) return failed_read(error);
  if (limits.rows < -1 || limits.bytes < -1) return answer_error(err::kRangeLimitsInvalid);
  request.begin.key = request.begin.key.substr(0, max_key_size(request.begin.key, false) + 1);
  request.end.key = request.end.key.substr(0, max_key_size(request.end.key, false) + 1);
  auto rows = std::make_unique<KeyValueArray>();
  if (request.begin.offset >= request.end.offset && PlainSelector(request.begin).key >= PlainSelector(request.end).key) {
    return answer(std::move(rows), Tie::kRead);
  }
  used_ = true;
  const Error error = read_range(request, limits, rows.get());
  if (error == 0) return answer(std::move(rows), Tie::kRead);
  if (error != err::kFutureVersion) return failed_read(error);
  return wait_for_version(
      [this, request, limits, begin = Bytes(request.begin.key), end = Bytes(request.end.key)](Result* late) {
        RangeRequest owned = request;
        owned.begin.key = begin;
        owned.end.key = end;
        auto late_rows = std::make_unique<KeyValueArray>();
        const Error failure = read_range(owned, limits, late_rows.get());
        *late = std::move(late_rows);
        return failure;
      });
}

// ---- places and sizes ------------------------------------------------------------------------------

Ref<Future> Transaction::get_addresses_for_key(Slice key) {
  Lock lock(mutex_);
  if (Error error = refusal()) return answer_error(error);
  used_ = true;
  auto found = std::make_unique<StringArray>();
  if (key < system_keys::kSystemEnd) {
    found->strings.push_back(behavior().addresses_with_port || options_.include_port ? "127.0.0.1:4500" : "127.0.0.1");
    found->pointers.push_back(found->strings.back().c_str());
  }
  return answer(std::move(found), Tie::kRead);
}

Ref<Future> Transaction::get_estimated_range_size_bytes(Slice begin, Slice end) {
  if (begin > end) return Future::failed(err::kInvertedRange);
  Lock lock(mutex_);
  if (Error error = refusal()) return answer_error(error);
  if (begin == end) return answer_error(err::kInternalError);  // as the official client answers
  if (end > system_keys::kSystemEnd) return answer_error(err::kKeyOutsideLegalRange);
  const Snapshot current = keyspace().current();
  if (Error error = resolve_tenant(current)) return answer_error(error);
  const RangeStats stats = current.range_stats(prefix_ + Bytes(begin), prefix_ + Bytes(end));
  return answer(stats.bytes, Tie::kRequest);
}

Ref<Future> Transaction::get_range_split_points(Slice begin, Slice end, int64_t chunk_size) {
  if (begin > end) return Future::failed(err::kInvertedRange);
  Lock lock(mutex_);
  if (Error error = refusal()) return answer_error(error);
  if (begin > max_read_key() || end > max_read_key()) return answer_error(err::kKeyOutsideLegalRange);
  if (Error error = tenant_requirement()) return answer_error(error);
  const Snapshot current = keyspace().current();
  if (Error error = resolve_tenant(current)) return answer_error(error);
  auto points = std::make_unique<KeyArray>();
  points->add(begin);
  if (begin == end) return answer_error(err::kInternalError);  // as the official client answers
  if (chunk_size > 0) add_split_points(current, prefix_, begin, end, chunk_size, points.get());
  points->add(end);
  return answer(std::move(points), Tie::kRequest);
}

}  // namespace fdb
