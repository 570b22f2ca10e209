#include "special/special_keys.h"

#include <algorithm>
#include <memory>

#include "special/special_ranges.h"
#include "special/status_json.h"

namespace fdb {

namespace {

constexpr Slice kSpace = literal("\xff\xff");
constexpr Slice kSpaceEnd = literal("\xff\xff\xff");
constexpr Slice kOldWorkers = literal("\xff\xff/worker_interfaces");
constexpr Slice kOldKeys[] = {literal("\xff\xff/status/json"), literal("\xff\xff/cluster_file_path"),
                              literal("\xff\xff/connection_string")};
constexpr int64_t kRowOverhead = 8;

struct Module {
  Slice begin;
  Slice end;
};

// Known at every API version that has modules, whatever is registered inside.
constexpr Module kModules[] = {
    {literal("\xff\xff/actor_lineage/"), literal("\xff\xff/actor_lineage0")},
    {literal("\xff\xff/actor_profiler_conf/"), literal("\xff\xff/actor_profiler_conf0")},
    {literal("\xff\xff/cluster_file_path"), literal("\xff\xff/cluster_file_path\0")},
    {literal("\xff\xff/cluster_id"), literal("\xff\xff/cluster_id\0")},
    {literal("\xff\xff/configuration/"), literal("\xff\xff/configuration0")},
    {literal("\xff\xff/connection_string"), literal("\xff\xff/connection_string\0")},
    {literal("\xff\xff/error_message"), literal("\xff\xff/error_message\0")},
    {literal("\xff\xff/global_config/"), literal("\xff\xff/global_config0")},
    {literal("\xff\xff/management/"), literal("\xff\xff/management0")},
    {literal("\xff\xff/metrics/"), literal("\xff\xff/metrics0")},
    {literal("\xff\xff/status/json"), literal("\xff\xff/status/json\0")},
    {literal("\xff\xff/tracing/"), literal("\xff\xff/tracing0")},
    {literal("\xff\xff/transaction/"), literal("\xff\xff/transaction0")},
    {literal("\xff\xff/worker_interfaces/"), literal("\xff\xff/worker_interfaces0")},
};

// All registered ranges, ascending.
const std::vector<SpecialRange>& registered() {
  static const auto* const ranges = [] {
    auto all = std::make_unique<std::vector<SpecialRange>>();
    for (const auto& group : {transaction_special_ranges(), cluster_special_ranges(), management_special_ranges(),
                              exclusion_special_ranges(), configuration_special_ranges(), tenant_special_ranges()}) {
      all->insert(all->end(), group.begin(), group.end());
    }
    std::sort(all->begin(), all->end(), [](const SpecialRange& a, const SpecialRange& b) { return a.begin < b.begin; });
    return all.release();
  }();
  return *ranges;
}

bool is_available(const SpecialAccess& access, const SpecialRange& range) {
  return range.available == kAlways || access.behavior().*range.available;
}

// Where a read between two keys may go: 2113 in no module, 2112 across a module's end.
Error bounds_of(const SpecialAccess& access, Slice begin, Slice end, Module* bounds) {
  *bounds = Module{kSpace, kSpaceEnd};
  if (access.options().special_keys_relaxed) return 0;
  const auto next = std::upper_bound(std::begin(kModules), std::end(kModules), begin,
                                     [](Slice key, const Module& module) { return key < module.begin; });
  if (next != std::begin(kModules)) bounds->begin = std::prev(next)->end;
  if (next != std::end(kModules)) bounds->end = next->begin;
  const bool inside = next != std::begin(kModules) && begin < std::prev(next)->end;
  if (inside) *bounds = *std::prev(next);
  if (end < bounds->begin || end > bounds->end) return err::kSpecialKeysCrossModuleRead;
  return inside ? 0 : err::kSpecialKeysNoModuleFound;
}

// Lays the transaction's own writes over the rows of a range.
void overlay_writes(SpecialAccess& access, Slice begin, Slice end, SpecialRows* rows) {
  if (!access.has_writes() || access.options().read_your_writes_disabled) return;
  for (const SpecialWriteMap::Piece& piece : access.writes().values.pieces(begin, end)) {
    if (piece.value) {
      (*rows)[piece.begin] = *piece.value;
    } else {
      rows->erase(rows->lower_bound(piece.begin), rows->lower_bound(piece.end));
    }
  }
}

Error collect(SpecialAccess& access, Slice begin, Slice end, SpecialRows* rows) {
  for (const SpecialRange& range : registered()) {
    if (range.end <= begin || range.begin >= end || !is_available(access, range)) continue;
    if (access.in_tenant() && !range.in_tenants) return err::kIllegalTenantAccess;
    const Slice from = std::max(begin, range.begin);
    const Slice to = std::min(end, range.end);
    if (Error error = range.read(access, from, to, rows)) return error;
    if (range.shows_writes) overlay_writes(access, from, to, rows);
  }
  return 0;
}

// The key that a selector (without or_equal) stands for among the rows within the bounds. Looks at one range after the
// other and no further than it has to: reading a range may be expensive, or fail.
Error resolve(SpecialAccess& access, Slice key, int offset, const Module& bounds, Bytes* resolved) {
  *resolved = key;
  const auto& ranges = registered();
  const bool forward = offset > 1;
  int64_t left = forward ? int64_t{offset} - 1 : 1 - int64_t{offset};  // rows to step over
  for (size_t i = 0; i < ranges.size() && left > 0; ++i) {
    const SpecialRange& range = forward ? ranges[i] : ranges[ranges.size() - 1 - i];
    const Slice from = std::max(forward ? key : bounds.begin, range.begin);
    const Slice to = std::min(forward ? bounds.end : key, range.end);
    SpecialRows rows;
    if (from >= to) continue;
    access.want({left, -1, !forward});
    if (Error error = collect(access, from, to, &rows)) return error;
    auto up = rows.begin();
    for (; forward && left > 0 && up != rows.end(); --left) *resolved = key_after((up++)->first);
    auto down = rows.rbegin();
    for (; !forward && left > 0 && down != rows.rend(); --left) *resolved = (down++)->first;
  }
  if (left > 0) *resolved = forward ? bounds.end : bounds.begin;
  return 0;
}

void add_limited(const SpecialRows& rows, bool reverse, const RangeLimits& limits, KeyValueArray* result) {
  int64_t bytes = 0;
  const auto add = [&](const auto& row) {
    result->add(row.first, row.second);
    bytes += kRowOverhead + static_cast<int64_t>(row.first.size() + row.second.size());
    result->more = static_cast<int64_t>(result->rows.size()) == limits.rows || (limits.bytes >= 0 && bytes >= limits.bytes);
    return !result->more;
  };
  if (reverse) {
    static_cast<void>(std::all_of(rows.rbegin(), rows.rend(), add));
  } else {
    static_cast<void>(std::all_of(rows.begin(), rows.end(), add));
  }
}

// The writable range that `key` belongs to; null if there is none.
const SpecialRange* writable_range(const SpecialAccess& access, Slice key) {
  for (const SpecialRange& range : registered()) {
    if (key >= range.begin && key < range.end && range.writable() && is_available(access, range)) return &range;
  }
  return nullptr;
}

// The one that the key right before `end` belongs to.
const SpecialRange* writable_range_before(const SpecialAccess& access, Slice end) {
  for (const SpecialRange& range : registered()) {
    if (end > range.begin && end <= range.end && range.writable() && is_available(access, range)) return &range;
  }
  return nullptr;
}

bool in_space(Slice key) { return key >= kSpace && key < kSpaceEnd; }

Bytes without_or_equal(const KeySelector& selector) {
  return selector.or_equal ? key_after(selector.key) : Bytes(selector.key);
}

class SpecialKeys : public SpecialKeySpace {
 public:
  Error get(TransactionState& transaction, Slice key, ValueResult* result) const override;
  Error get_range(TransactionState& transaction, const RangeRequest& request, const RangeLimits& limits,
                  KeyValueArray* result) const override;
  Error set(TransactionState& transaction, Slice key, Slice value) const override;
  Error clear(TransactionState& transaction, Slice key) const override;
  Error clear_range(TransactionState& transaction, Slice begin, Slice end) const override;
  Error commit(TransactionState& transaction) const override;

 private:
  bool is_point_read(const ApiBehavior& behavior, Slice key) const override;
  bool is_range_read(const ApiBehavior& behavior, Slice begin, Slice end) const override;
  bool is_point_write(const ApiBehavior& behavior, Slice key) const override;
  bool is_range_write(const ApiBehavior& behavior, Slice begin, Slice end) const override;
};

}  // namespace

// ---- what was written ------------------------------------------------------------------------------

std::map<Bytes, SpecialWriteMap::State, std::less<>>::iterator SpecialWriteMap::split(Slice key) {
  const auto after = states_.upper_bound(key);
  if (after == states_.begin()) return states_.emplace(Bytes(key), State()).first;
  const auto containing = std::prev(after);
  if (containing->first == key) return containing;
  return states_.emplace(Bytes(key), containing->second).first;
}

void SpecialWriteMap::put(Slice begin, Slice end, std::optional<Bytes> value) {
  if (begin >= end) return;
  const auto last = split(end);
  const auto first = split(begin);
  states_.erase(std::next(first), last);
  first->second = State{true, std::move(value)};
}

void SpecialWriteMap::forget(Slice begin, Slice end) {
  put(begin, end, std::nullopt);
  split(begin)->second.written = false;
}

std::vector<SpecialWriteMap::Piece> SpecialWriteMap::pieces(Slice begin, Slice end) const {
  std::vector<Piece> found;
  auto at = states_.upper_bound(begin);
  if (at != states_.begin()) --at;
  for (; at != states_.end() && at->first < end; ++at) {
    const auto next = std::next(at);
    const Slice from = std::max<Slice>(begin, at->first);
    const Slice to = next == states_.end() ? end : std::min<Slice>(end, next->first);
    if (at->second.written && from < to) found.push_back(Piece{Bytes(from), Bytes(to), at->second.value});
  }
  return found;
}

// ---- which calls are meant -------------------------------------------------------------------------

bool SpecialKeys::is_point_read(const ApiBehavior& behavior, Slice key) const {
  if (behavior.special_modules) return in_space(key);
  return std::find(std::begin(kOldKeys), std::end(kOldKeys), key) != std::end(kOldKeys);
}

bool SpecialKeys::is_range_read(const ApiBehavior& behavior, Slice begin, Slice end) const {
  if (!behavior.special_modules) return begin == kOldWorkers;
  return in_space(begin) && end >= kSpace && end <= kSpaceEnd;
}

bool SpecialKeys::is_point_write(const ApiBehavior& behavior, Slice key) const {
  return behavior.special_writes && in_space(key);
}

bool SpecialKeys::is_range_write(const ApiBehavior& behavior, Slice begin, Slice end) const {
  return behavior.special_writes && begin >= kSpace && end <= kSpaceEnd;
}

// ---- reads -----------------------------------------------------------------------------------------

Error SpecialKeys::get(TransactionState& transaction, Slice key, ValueResult* result) const {
  SpecialAccess access(transaction);
  if (key == kSpace) return 0;
  const Bytes end = key_after(key);
  if (access.behavior().special_modules) {
    Module bounds;
    if (Error error = bounds_of(access, key, end, &bounds)) return error;
  }
  SpecialRows rows;
  if (Error error = collect(access, key, end, &rows)) return error;
  result->present = !rows.empty();
  if (result->present) result->value = rows.begin()->second;
  return 0;
}

Error SpecialKeys::get_range(TransactionState& transaction, const RangeRequest& request, const RangeLimits& limits,
                             KeyValueArray* result) const {
  SpecialAccess access(transaction);
  if (limits.rows < -1 || limits.bytes < -1) return err::kRangeLimitsInvalid;
  if (!access.behavior().special_modules) {
    result->add(literal("127.0.0.1:4500"), worker_interface());
    return 0;
  }
  const Bytes begin = without_or_equal(request.begin);
  const Bytes end = without_or_equal(request.end);
  if (request.begin.offset >= request.end.offset && begin >= end) return 0;
  Module bounds;
  if (Error error = bounds_of(access, begin, end, &bounds)) return error;
  Bytes from, to;
  if (Error error = resolve(access, begin, request.begin.offset, bounds, &from)) return error;
  if (Error error = resolve(access, end, request.end.offset, bounds, &to)) return error;
  SpecialRows rows;
  access.want({limits.rows, limits.bytes, request.reverse});
  if (from < to) {
    if (Error error = collect(access, from, to, &rows)) return error;
  }
  add_limited(rows, request.reverse, limits, result);
  return 0;
}

// ---- writes ----------------------------------------------------------------------------------------

Error SpecialKeys::set(TransactionState& transaction, Slice key, Slice value) const {
  SpecialAccess access(transaction);
  if (!access.options().special_keys_writable) return err::kSpecialKeysWriteDisabled;
  const SpecialRange* range = writable_range(access, key);
  if (range == nullptr) return err::kSpecialKeysNoWriteModuleFound;
  if (access.in_tenant()) return err::kIllegalTenantAccess;
  if (range->set != nullptr) return range->set(access, key, value);
  access.writes().values.set(key, value);
  return 0;
}

Error SpecialKeys::clear(TransactionState& transaction, Slice key) const {
  return clear_range(transaction, key, key_after(key));
}

Error SpecialKeys::clear_range(TransactionState& transaction, Slice begin, Slice end) const {
  SpecialAccess access(transaction);
  if (!access.options().special_keys_writable) return err::kSpecialKeysWriteDisabled;
  if (begin >= end) return 0;
  const SpecialRange* range = writable_range(access, begin);
  if (range != writable_range_before(access, end)) return err::kSpecialKeysCrossModuleClear;
  if (range == nullptr) return err::kSpecialKeysNoWriteModuleFound;
  if (access.in_tenant()) return err::kIllegalTenantAccess;
  if (range->clear != nullptr) return range->clear(access, begin, end);
  access.writes().values.put(begin, end, std::nullopt);
  return 0;
}

Error SpecialKeys::commit(TransactionState& transaction) const {
  SpecialAccess access(transaction);
  for (const SpecialRange& range : registered()) {
    if (!range.writable() || !is_available(access, range) || range.written(access).empty()) continue;
    if (Error error = range.commit(access, range)) return error;
  }
  return 0;
}

const SpecialKeySpace& special_key_space() {
  static const auto* const keys = new SpecialKeys;
  return *keys;
}

}  // namespace fdb
