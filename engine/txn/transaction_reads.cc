// Reads of a transaction.
#include "db/system_keys.h"
#include "txn/size_estimates.h"
#include "txn/transaction.h"

namespace fdb {

// ---- get -------------------------------------------------------------------------------------------

Ref<Future> Transaction::get(Slice key, bool snapshot) {
  Lock lock(mutex_);
  if (attempt_.deferred_error != 0) return answer_error(attempt_.deferred_error);
  if (special_keys_.reads_point(behavior(), key)) {
    ValueResult result;
    if (Error error = special_keys_.get(*this, key, &result)) return answer_error(error);
    return answer(std::move(result), Tie::kLoose);
  }
  if (Error error = refusal()) return answer_error(error);
  const bool metadata = key == system_keys::kMetadataVersion;
  if (key >= options_.max_read_key() && !metadata) return answer_error(err::kKeyOutsideLegalRange);
  if (Error error = metadata ? 0 : view_.tenant_requirement(options_)) return failed_read(error);
  attempt_.used = true;
  if (key.size() > options_.max_key_size(key, false)) return answer(ValueResult{}, Tie::kRead);
  if (latency_.disturbed() && !metadata && !reads(attempt_.writes).knows(key)) {
    if (Error error = disturb_read(key, Slice())) return failed_read(error);
  }
  ValueRead found;
  const Error error = reads(attempt_.writes).value(key, snapshot, &found);
  if (error == 0) {
    if (!latency_.disturbed() && network_.running()) [[likely]]
      return Future::ready_value(found.present, found.value);
    return answer(ValueResult{found.present, Bytes(found.value)}, Tie::kRead);
  }
  if (error != err::kFutureVersion) return failed_read(error);
  return wait_for_version([this, owned = Bytes(key), snapshot](const WriteMap& overlay, Result* late) {
    ValueResult value;
    const Error failure = reads(overlay).value(owned, snapshot, &value);
    *late = std::move(value);
    return failure;
  });
}

// ---- get_key ---------------------------------------------------------------------------------------

Ref<Future> Transaction::get_key(const KeySelector& selector, bool snapshot) {
  Lock lock(mutex_);
  if (Error error = refusal()) return answer_error(error);
  if (selector.key > options_.max_read_key()) return answer_error(err::kKeyOutsideLegalRange);
  if (Error error = view_.tenant_requirement(options_)) return failed_read(error);
  attempt_.used = true;
  KeySelector cut = selector;
  cut.key = cut.key.substr(0, options_.max_key_size(cut.key, false) + 1);
  if (latency_.disturbed()) {
    if (Error error = disturb_read(cut.key, Slice())) return failed_read(error);
  }
  KeyResult result;
  const Error error = reads(attempt_.writes).key(cut, snapshot, &result);
  if (error == 0) return answer(std::move(result), Tie::kRead);
  if (error != err::kFutureVersion) return failed_read(error);
  return wait_for_version([this, owned = Bytes(cut.key), cut, snapshot](const WriteMap& overlay, Result* late) {
    KeyResult key;
    const Error failure = reads(overlay).key({owned, cut.or_equal, cut.offset}, snapshot, &key);
    *late = std::move(key);
    return failure;
  });
}

// ---- get_range -------------------------------------------------------------------------------------

Ref<Future> Transaction::get_range(const RangeRequest& given) {
  RangeRequest request = given;
  if (behavior().negative_limit_reverses && request.limit < 0) {
    request.limit = -request.limit;
    request.reverse = true;
  }
  RangeLimits limits;
  if (Error error = resolve_limits(request, &limits)) return Future::failed(error);
  Lock lock(mutex_);
  if (attempt_.deferred_error != 0) return answer_error(attempt_.deferred_error);
  if (special_keys_.reads_range(behavior(), request.begin.key, request.end.key)) {
    auto rows = std::make_unique<KeyValueArray>();
    if (Error error = special_keys_.get_range(*this, request, limits, rows.get())) return answer_error(error);
    return answer(std::move(rows), Tie::kLoose);
  }
  if (Error error = refusal()) return answer_error(error);
  if (request.begin.key > options_.max_read_key() || request.end.key > options_.max_read_key())
    return answer_error(err::kKeyOutsideLegalRange);
  if (Error error = view_.tenant_requirement(options_)) return failed_read(error);
  if (limits.rows < -1 || limits.bytes < -1) return answer_error(err::kRangeLimitsInvalid);
  request.begin.key = request.begin.key.substr(0, options_.max_key_size(request.begin.key, false) + 1);
  request.end.key = request.end.key.substr(0, options_.max_key_size(request.end.key, false) + 1);
  auto rows = std::make_unique<KeyValueArray>();
  if (request.begin.offset >= request.end.offset && PlainSelector(request.begin).key >= PlainSelector(request.end).key) {
    return answer(std::move(rows), Tie::kRead);
  }
  attempt_.used = true;
  if (latency_.disturbed()) {
    if (Error error = disturb_read(request.begin.key, request.end.key)) return failed_read(error);
    if (request.mode != FDB_STREAMING_MODE_EXACT) shorten_batch(request.begin.key, request.end.key, &limits.rows);
  }
  const Error error = reads(attempt_.writes).range(request, limits, rows.get());
  if (error == 0) return answer(std::move(rows), Tie::kRead);
  if (error != err::kFutureVersion) return failed_read(error);
  return wait_for_version([this, request, limits, begin = Bytes(request.begin.key), end = Bytes(request.end.key)](
                              const WriteMap& overlay, Result* late) {
    RangeRequest owned = request;
    owned.begin.key = begin;
    owned.end.key = end;
    auto late_rows = std::make_unique<KeyValueArray>();
    const Error failure = reads(overlay).range(owned, limits, late_rows.get());
    *late = std::move(late_rows);
    return failure;
  });
}

// ---- places and sizes ------------------------------------------------------------------------------

Ref<Future> Transaction::get_addresses_for_key(Slice key) {
  Lock lock(mutex_);
  if (Error error = refusal()) return answer_error(error);
  attempt_.used = true;
  auto found = std::make_unique<StringArray>();
  if (key < system_keys::kSystemEnd) {
    if (view_.in_tenant()) {
      if (Error error = view_.resolve_tenant(keyspace().current())) return answer_error(error);
    }
    const bool with_port = behavior().addresses_with_port || options_.include_port;
    found->strings = keyspace().shards().addresses_of(view_.full_key(key));
    for (Bytes& address : found->strings) {
      if (!with_port) address.resize(address.rfind(':'));
      found->pointers.push_back(address.c_str());
    }
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
  if (Error error = view_.resolve_tenant(current)) return answer_error(error);
  const RangeStats stats = current.range_stats(view_.prefix() + Bytes(begin), view_.prefix() + Bytes(end));
  return answer(stats.bytes, Tie::kRequest);
}

Ref<Future> Transaction::get_range_split_points(Slice begin, Slice end, int64_t chunk_size) {
  if (begin > end) return Future::failed(err::kInvertedRange);
  Lock lock(mutex_);
  if (Error error = refusal()) return answer_error(error);
  if (begin > options_.max_read_key() || end > options_.max_read_key()) return answer_error(err::kKeyOutsideLegalRange);
  if (Error error = view_.tenant_requirement(options_)) return answer_error(error);
  const Snapshot current = keyspace().current();
  if (Error error = view_.resolve_tenant(current)) return answer_error(error);
  auto points = std::make_unique<KeyArray>();
  points->add(begin);
  if (begin == end) return answer_error(err::kInternalError);  // as the official client answers
  Bytes from(begin);
  const Bytes first_inside = view_.prefix() + Bytes(begin) + '\0';
  for (const Bytes& boundary : Shards::begins(current, first_inside, view_.prefix() + Bytes(end))) {
    const Bytes key = boundary.substr(view_.prefix().size());
    if (chunk_size > 0) add_split_points(current, view_.prefix(), from, key, chunk_size, points.get());
    points->add(key);
    from = key;
  }
  if (chunk_size > 0) add_split_points(current, view_.prefix(), from, end, chunk_size, points.get());
  points->add(end);
  return answer(std::move(points), Tie::kRequest);
}

}  // namespace fdb
