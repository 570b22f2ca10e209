#include "txn/mapped_range.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "db/system_keys.h"
#include "txn/transaction.h"

namespace fdb {

namespace {

constexpr Slice kRangeMarker = "{...}";
constexpr int kSecondaryRowLimit = 2000;
constexpr int kSecondaryByteLimit = 10'000'000;
constexpr size_t kLookUpBatch = 10;
constexpr double kIndexShare = 0.2;  // of the byte target

// Replaces every `from` by `to`; whether there was one.
bool unescape(Bytes* text, Slice from, Slice to) {
  bool found = false;
  for (size_t at = text->find(from); at != Bytes::npos; at = text->find(from, at + to.size())) {
    text->erase(at, from.size());  // not replace(): GCC 12 warns of its implementation
    text->insert(at, to);
    found = true;
  }
  return found;
}

// {K[i]} or {V[i]}
bool is_reference(Slice text) {
  return text.size() > 5 && text[0] == '{' && (text[1] == 'K' || text[1] == 'V') && text[2] == '[' && text.ends_with("]}");
}

int reference_index(Slice text) {
  const Slice digits = text.substr(3, text.size() - 5);
  int index = -1;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), index);
  return error == std::errc() && end == digits.data() + digits.size() ? index : -1;
}

Slice slice_of(const uint8_t* bytes, int length) {
  return Slice(reinterpret_cast<const char*>(bytes), static_cast<size_t>(length));
}

FDBKey to_key(Slice bytes) { return {reinterpret_cast<const uint8_t*>(bytes.data()), static_cast<int>(bytes.size())}; }

// The end of the range of all keys that start with `prefix`.
Bytes prefix_end(Bytes prefix) {
  while (!prefix.empty() && prefix.back() == '\xff') prefix.pop_back();
  if (!prefix.empty()) prefix.back() = static_cast<char>(prefix.back() + 1);
  return prefix;
}

}  // namespace

// ---- the mapper ------------------------------------------------------------------------------------

Error Mapper::parse(Slice packed) {
  const auto elements = split_tuple(packed);
  if (!elements) return err::kMapperNotTuple;
  for (size_t i = 0; i < elements->size(); ++i) {
    const TupleElement& element = (*elements)[i];
    if (element.code != kTupleBytes && element.code != kTupleUnicode) {
      parts_.push_back({Part::kLiteral, Bytes(element.raw)});
      continue;
    }
    Bytes text = tuple_text(element);
    const bool opened = unescape(&text, "{{", "{");
    if (unescape(&text, "}}", "}") || opened) {
      parts_.push_back({Part::kLiteral, pack_bytes(text)});
    } else if (is_reference(text)) {
      parts_.push_back({text[1] == 'K' ? Part::kKey : Part::kValue, {}, reference_index(text)});
    } else if (text == kRangeMarker) {
      if (i + 1 != elements->size()) return err::kMapperBadRangeDescriptor;
      is_range_ = true;
    } else {
      parts_.push_back({Part::kLiteral, Bytes(element.raw)});
    }
  }
  return 0;
}

Error Mapper::apply(Slice key, Slice value, Bytes* result) const {
  std::optional<std::vector<TupleElement>> keys;
  std::optional<std::vector<TupleElement>> values;
  result->clear();
  for (const Part& part : parts_) {
    if (part.kind == Part::kLiteral) {
      result->append(part.literal);
      continue;
    }
    auto& elements = part.kind == Part::kKey ? keys : values;
    if (!elements) elements = split_tuple(part.kind == Part::kKey ? key : value);
    if (!elements) return part.kind == Part::kKey ? err::kKeyNotTuple : err::kValueNotTuple;
    if (part.index < 0 || static_cast<size_t>(part.index) >= elements->size()) return err::kMapperBadIndex;
    result->append((*elements)[static_cast<size_t>(part.index)].raw);
  }
  return 0;
}

// ---- reading ---------------------------------------------------------------------------------------

bool MappedRangeReader::touches_writes(const WriteMap& writes, Slice begin, Slice end) {
  if (writes.empty()) return false;
  for (WriteMap::Segment segment = writes.segment(begin); segment.begins_before(end); segment.next()) {
    if (!segment.is_unmodified() || segment.is_unreadable()) return true;
    if (!segment.has_end()) break;
  }
  return false;
}

Error MappedRangeReader::look_up(Reads& reads, const Mapper& mapper, const FDBKeyValue& row, MappedKeyValueArray* result,
                                 int64_t* bytes) {
  const Slice key = slice_of(row.key, row.key_length);
  const Slice value = slice_of(row.value, row.value_length);
  Bytes begin;
  if (Error error = mapper.apply(key, value, &begin)) return error;
  const Bytes end = mapper.is_range() ? prefix_end(begin) : key_after(begin);
  if (touches_writes(reads.overlay(), begin, end)) return err::kGetMappedKeyValuesReadsOwnWrites;
  FDBMappedKeyValue mapped{};
  mapped.key = to_key(result->arena.copy(key));
  mapped.value = to_key(result->arena.copy(value));
  *bytes += static_cast<int64_t>(key.size() + value.size());
  const Slice kept_begin = result->arena.copy(begin);
  result->secondary.emplace_back();
  if (mapper.is_range()) {
    KeyValueArray found;
    const RangeRequest request{{begin, false, 1}, {end, false, 1}, 0, 0, FDB_STREAMING_MODE_WANT_ALL, 1, false, false};
    if (Error error = reads.range(request, {kSecondaryRowLimit, kSecondaryByteLimit}, &found)) return error;
    for (const FDBKeyValue& hit : found.rows) {
      const FDBKey hit_key = to_key(result->arena.copy(slice_of(hit.key, hit.key_length)));
      const FDBKey hit_value = to_key(result->arena.copy(slice_of(hit.value, hit.value_length)));
      result->secondary.back().push_back({hit_key.key, hit_key.key_length, hit_value.key, hit_value.key_length});
      *bytes += hit.key_length + hit.value_length;
    }
    mapped.getRange.begin = {to_key(kept_begin), 0, 1};
    mapped.getRange.end = {to_key(result->arena.copy(end)), 0, 1};
    mapped.getRange.data = result->secondary.back().data();
    mapped.getRange.m_size = mapped.getRange.m_capacity = static_cast<int>(result->secondary.back().size());
    mapped.buffer[24] = 1;  // the discriminator: a range
  } else {
    ValueResult found;
    if (Error error = reads.value(begin, false, &found)) return error;
    // A single look-up overlays the selectors with its key and its optional value.
    struct __attribute__((packed)) Single {
      FDBKey key;
      FDBKey value;
      unsigned char present;
    } single{to_key(kept_begin), {}, found.present};
    if (found.present) single.value = to_key(result->arena.copy(found.value));
    std::memcpy(&mapped.getRange, &single, sizeof single);
    *bytes += static_cast<int64_t>(begin.size() + found.value.size());
  }
  result->rows.push_back(mapped);
  return 0;
}

Error MappedRangeReader::read(Reads& reads, const MappedRangeRequest& request, const RangeLimits& limits,
                              MappedKeyValueArray* result) {
  Mapper mapper;
  if (Error error = mapper.parse(request.mapper)) return error;
  RangeLimits index_limits = limits;
  if (limits.bytes > 0) index_limits.bytes = std::max(1, static_cast<int>(limits.bytes * kIndexShare));
  KeyValueArray index;
  if (Error error = reads.range(request.range, index_limits, &index)) return error;
  const Bytes begin = request.range.begin.or_equal ? key_after(request.range.begin.key) : Bytes(request.range.begin.key);
  const Bytes end = request.range.end.or_equal ? key_after(request.range.end.key) : Bytes(request.range.end.key);
  if (touches_writes(reads.overlay(), begin, end)) return err::kGetMappedKeyValuesReadsOwnWrites;
  const int64_t budget = limits.bytes > 0 ? limits.bytes - index_limits.bytes : INT64_MAX;
  int64_t bytes = 0;
  size_t taken = 0;
  while (taken < index.rows.size() && bytes < budget) {
    const size_t stop = std::min(index.rows.size(), taken + kLookUpBatch);
    for (; taken < stop; ++taken) {
      if (Error error = look_up(reads, mapper, index.rows[taken], result, &bytes)) return error;
    }
  }
  result->more = index.more || taken < index.rows.size();
  if (mapper.is_range()) return 0;
  // Only the ends of a batch carry the primary row; a program continues from the last one.
  for (size_t i = 1; i + 1 < result->rows.size(); ++i) result->rows[i].key = result->rows[i].value = FDBKey{};
  return 0;
}

// ---- the call --------------------------------------------------------------------------------------

Ref<Future> Transaction::get_mapped_range(const MappedRangeRequest& request) {
  RangeLimits limits;
  if (Error error = resolve_limits(request.range, &limits)) return Future::failed(error);
  Lock lock(mutex_);
  if (attempt_.deferred_error != 0) return answer_error(attempt_.deferred_error);
  const KeySelector& begin = request.range.begin;
  const KeySelector& end = request.range.end;
  if (request.range.snapshot || options_.read_your_writes_disabled) return answer_error(err::kUnsupportedOperation);
  if (special_keys_.reads_range(behavior(), begin.key, end.key)) return answer_error(err::kClientInvalidOperation);
  if (Error error = refusal()) return answer_error(error);
  if (begin.key > options_.max_read_key() || end.key > options_.max_read_key()) return answer_error(err::kKeyOutsideLegalRange);
  if (Error error = view_.tenant_requirement(options_)) return answer_error(error);
  if (limits.rows < -1 || limits.bytes < -1) return answer_error(err::kRangeLimitsInvalid);
  attempt_.used = true;
  if (latency_.disturbed()) {
    if (Error error = disturb_read(begin.key, end.key)) return answer_error(error);
    if (request.range.mode != FDB_STREAMING_MODE_EXACT) shorten_batch(begin.key, end.key, &limits.rows);
  }
  auto rows = std::make_unique<MappedKeyValueArray>();
  Reads reading = reads(attempt_.writes);
  const Error error = MappedRangeReader::read(reading, request, limits, rows.get());
  // The versions of this read are not waited for: it is not a registered read.
  if (error != 0) return answer_error(error);
  return answer(std::move(rows), Tie::kRequest);
}

}  // namespace fdb
