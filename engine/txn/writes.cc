#include "txn/writes.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "db/system_keys.h"

namespace fdb {

namespace {

constexpr size_t kStampLength = 10;

int64_t rounded_to_pages(size_t bytes) {
  return static_cast<int64_t>((bytes + ReadLog::kPage - 1) / ReadLog::kPage) * ReadLog::kPage;
}

}  // namespace

// ---- versionstamps ---------------------------------------------------------------------------------

bool stamp_offset(Slice bytes, size_t* offset) {
  if (bytes.size() < 4) return false;
  int32_t number;
  std::memcpy(&number, bytes.data() + bytes.size() - 4, 4);
  if (number < 0 || static_cast<size_t>(number) + kStampLength > bytes.size() - 4) return false;
  *offset = static_cast<size_t>(number);
  return true;
}

KeyRange stamped_range(Slice key_with_offset, Version version, Slice max_key, Arena* arena) {
  size_t offset = 0;
  stamp_offset(key_with_offset, &offset);
  Bytes low(key_with_offset.substr(0, key_with_offset.size() - 4));
  Bytes high = low;
  const Bytes least = version < 0 ? Bytes(8, '\0') : system_keys::big_endian(static_cast<uint64_t>(version) + 1);
  low.replace(offset, kStampLength, least + Bytes(2, '\0'));
  high.replace(offset, kStampLength, Bytes(kStampLength, '\xff'));
  high.push_back('\0');
  return {arena->copy(low), arena->copy(std::min<Slice>(high, max_key))};
}

Bytes with_stamp(Slice key_with_offset, Slice stamp) {
  uint32_t offset;
  std::memcpy(&offset, key_with_offset.data() + key_with_offset.size() - 4, 4);
  Bytes key(key_with_offset.substr(0, key_with_offset.size() - 4));
  key.replace(offset, stamp.size(), stamp);
  return key;
}

// ---- writes ----------------------------------------------------------------------------------------

void Writes::mutate(Slice key, Op op, Slice value, bool add_conflict) {
  if (options_.read_your_writes_disabled) {
    const Slice after = attempt_.native.arena.copy_after(key);
    const Slice kept = after.substr(0, key.size());
    attempt_.native.mutations.push_back({op, kept, attempt_.native.arena.copy(value)});
    if (add_conflict && op != Op::kSetVersionstampedKey) attempt_.native.write_conflicts.push_back({kept, after});
  } else {
    attempt_.used = true;
    attempt_.writes.mutate(key, op, value, add_conflict);
    overlays_.mutate(key, op, value, add_conflict);
  }
}

void Writes::clear_range(Slice begin, Slice end, bool add_conflict) {
  if (options_.read_your_writes_disabled) {
    const KeyRange range{attempt_.native.arena.copy(begin), attempt_.native.arena.copy(end)};
    attempt_.native.mutations.push_back({Op::kClearRange, range.begin, range.end});
    if (add_conflict) attempt_.native.write_conflicts.push_back(range);
  } else {
    attempt_.used = true;
    attempt_.writes.clear_range(begin, end, add_conflict);
    overlays_.clear_range(begin, end, add_conflict);
  }
}

void Writes::set_stamped_key(Bytes key, Slice value, Version version) {
  attempt_.stamped_keys.push_back(key);
  if (!options_.read_your_writes_disabled) {
    const KeyRange range = stamped_range(key, version, options_.max_read_key(), &attempt_.native.arena);
    if (!range.empty()) {
      hand_down(range.begin, range.end);
      attempt_.writes.make_unreadable(range.begin, range.end);
      overlays_.make_unreadable(range.begin, range.end);
    }
    size_t offset = 0;
    stamp_offset(key, &offset);
    // The overlay keeps the operation under the smallest key it may come to write.
    key.replace(offset, kStampLength, range.begin.substr(offset, kStampLength));
  }
  mutate(key, Op::kSetVersionstampedKey, value, false);
}

void Writes::add_conflict_range(Slice begin, Slice end) {
  if (options_.read_your_writes_disabled) {
    attempt_.native.write_conflicts.push_back({attempt_.native.arena.copy(begin), attempt_.native.arena.copy(end)});
  } else {
    attempt_.used = true;
    attempt_.writes.add_conflict_range(begin, end);
    overlays_.add_conflict_range(begin, end);
  }
}

// ---- handing down ----------------------------------------------------------------------------------

// One walk for conflict ranges and operations, which share the bytes of their keys, and one for cleared stretches if there are any.
void Writes::hand_down(Slice begin, Slice end) {
  NativeHalf& native = attempt_.native;
  const auto first = static_cast<std::ptrdiff_t>(native.mutations.size());
  bool has_cleared = false;
  bool in_conflict = false;
  Slice from;
  Slice after;  // the key of the operation that the walk has come from, with a zero byte
  for (WriteMap::Segment segment = attempt_.writes.segment(begin); segment.begins_before(end); segment.next()) {
    const bool is_operation = segment.is_operation();
    const Slice before = std::exchange(after, is_operation ? native.arena.copy_after(segment.key()) : Slice());
    if (segment.is_conflict() != in_conflict) {
      const bool is_behind_operation = !before.empty() && segment.begins_after();
      const Slice border = is_operation          ? after.substr(0, after.size() - 1)
                           : is_behind_operation ? before
                                                 : native.arena.copy(std::max<Slice>(begin, segment.begin()));
      if (in_conflict) native.write_conflicts.push_back({from, border});
      from = border;
      in_conflict = !in_conflict;
    }
    has_cleared = has_cleared || segment.is_cleared();
    if (is_operation) hand_down_operations(segment, after);
    if (!segment.has_end()) break;
  }
  if (in_conflict) native.write_conflicts.push_back({from, native.arena.copy(end)});
  if (!has_cleared) return;
  const auto operations_end = static_cast<std::ptrdiff_t>(native.mutations.size());
  hand_down_clears(begin, end);
  const auto mutations = native.mutations.begin();
  std::rotate(mutations + first, mutations + operations_end, native.mutations.end());
}

void Writes::hand_down_clears(Slice begin, Slice end) {
  NativeHalf& native = attempt_.native;
  bool is_open = false;
  Slice from;
  const auto emit = [&](Slice to) {
    native.mutations.push_back({Op::kClearRange, from, to});
    native.cost += ReadLog::kPage;
  };
  for (WriteMap::Segment segment = attempt_.writes.segment(begin); segment.begins_before(end); segment.next()) {
    if (segment.is_cleared() != is_open) {
      const Slice border = native.arena.copy(std::max<Slice>(begin, segment.begin()));
      if (is_open) emit(border);
      from = border;
      is_open = !is_open;
    }
    if (!segment.has_end()) break;
  }
  if (is_open) emit(native.arena.copy(end));
}

// `after` is the segment's key with a zero byte, in the arena.
void Writes::hand_down_operations(const WriteMap::Segment& segment, Slice after) {
  NativeHalf& native = attempt_.native;
  const Slice key = after.substr(0, after.size() - 1);
  for (const KeyOperation& operation : segment.operations()) {
    if (operation.has_value) {
      native.mutations.push_back({operation.op, key, native.arena.copy(operation.value)});
      attempt_.native.cost += 4 * rounded_to_pages(key.size() + (operation.op == Op::kSet ? operation.value.size() : 0));
    } else {
      native.mutations.push_back({Op::kClearRange, key, after});
      attempt_.native.cost += ReadLog::kPage;
    }
  }
}

}  // namespace fdb
