// Writes of a transaction: checks in their documented order, then into the overlay.
#include <algorithm>
#include <cstring>

#include "db/system_keys.h"
#include "txn/accounting.h"
#include "txn/transaction.h"

namespace fdb {

namespace {

constexpr size_t kStampLength = 10;
constexpr Slice kMetadataOperand{"\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 14};

// The position of the stamp that the last four bytes of `bytes` name; false if it does not fit.
bool stamp_offset(Slice bytes, size_t* offset) {
  if (bytes.size() < 4) return false;
  int32_t number;
  std::memcpy(&number, bytes.data() + bytes.size() - 4, 4);
  if (number < 0 || static_cast<size_t>(number) + kStampLength > bytes.size() - 4) return false;
  *offset = static_cast<size_t>(number);
  return true;
}

int64_t rounded_to_pages(size_t bytes) {
  return static_cast<int64_t>((bytes + ReadLog::kPage - 1) / ReadLog::kPage) * ReadLog::kPage;
}

}  // namespace

// Whether a commit was started. At old versions the misuse only poisons the commit; the write itself is taken.
bool Transaction::refuses_write() {
  if (!used_during_commit() || !behavior().commit_refuses_writes) return false;
  attempt_.defer(err::kUsedDuringCommit);
  return true;
}

bool Transaction::take_conflict_flag() { return !std::exchange(options_.next_write_no_conflict, false); }

void Transaction::write(Slice key, Op op, Slice value, bool add_conflict) {
  if (options_.read_your_writes_disabled) {
    const Slice after = attempt_.native.arena.copy_after(key);
    const Slice kept = after.substr(0, key.size());
    attempt_.native.mutations.push_back({op, kept, attempt_.native.arena.copy(value)});
    if (add_conflict && op != Op::kSetVersionstampedKey) attempt_.native.write_conflicts.push_back({kept, after});
  } else {
    attempt_.used = true;
    attempt_.writes.mutate(key, op, value, add_conflict);
    waiting_.overlays().mutate(key, op, value, add_conflict);
  }
}

void Transaction::set(Slice key, Slice value) {
  Lock lock(mutex_);
  if (attempt_.deferred_error != 0) return;
  if (key == system_keys::kMetadataVersion) return attempt_.defer(err::kClientInvalidOperation);
  if (special_keys_.writes_point(behavior(), key)) {
    if (Error error = special_keys_.set(*this, key, value)) attempt_.defer(error);
    return;
  }
  const bool add_conflict = take_conflict_flag();
  if (refuses_write()) return;
  if (key >= options_.max_write_key()) return attempt_.defer(err::kKeyOutsideLegalRange);
  approximate_size_ += mutation_size(key, value);
  if (add_conflict) approximate_size_ += point_range_size(key);
  if (key.size() > options_.max_key_size(key, true)) return attempt_.defer(err::kKeyTooLarge);
  if (value.size() > kValueSizeLimit) return attempt_.defer(err::kValueTooLarge);
  write(key, Op::kSet, value, add_conflict);
  if (!watches_.empty()) watches_.trigger(view_.full_key(key), value);
}

void Transaction::clear(Slice key) {
  Lock lock(mutex_);
  if (attempt_.deferred_error != 0) return;
  const bool add_conflict = take_conflict_flag();
  if (refuses_write()) return;
  if (special_keys_.writes_point(behavior(), key)) {
    options_.next_write_no_conflict = !add_conflict;  // special writes leave the flag alone
    if (Error error = special_keys_.clear(*this, key)) attempt_.defer(error);
    return;
  }
  if (key >= options_.max_write_key()) return attempt_.defer(err::kKeyOutsideLegalRange);
  if (key.size() > options_.max_key_size(key, false)) return;
  const Bytes after = key_after(key);
  if (!options_.read_your_writes_disabled) {
    approximate_size_ += point_range_size(key) * (add_conflict ? 2 : 1);
  }
  buffer_clear(key, after, add_conflict);
}

void Transaction::clear_range(Slice begin, Slice end) {
  Lock lock(mutex_);
  if (attempt_.deferred_error != 0) return;
  if (begin > end) return attempt_.defer(err::kInvertedRange);
  const bool add_conflict = take_conflict_flag();
  if (refuses_write()) return;
  if (special_keys_.writes_range(behavior(), begin, end)) {
    options_.next_write_no_conflict = !add_conflict;
    if (Error error = special_keys_.clear_range(*this, begin, end)) attempt_.defer(error);
    return;
  }
  if (begin > options_.max_write_key() || end > options_.max_write_key()) return attempt_.defer(err::kKeyOutsideLegalRange);
  begin = begin.substr(0, options_.max_key_size(begin, false) + 1);
  end = end.substr(0, options_.max_key_size(end, false) + 1);
  approximate_size_ += mutation_size(begin, end);
  if (add_conflict) approximate_size_ += range_size(begin, end);
  if (begin < end) buffer_clear(begin, end, add_conflict);
}

void Transaction::buffer_clear(Slice begin, Slice end, bool add_conflict) {
  if (options_.read_your_writes_disabled) {
    const KeyRange range{attempt_.native.arena.copy(begin), attempt_.native.arena.copy(end)};
    attempt_.native.mutations.push_back({Op::kClearRange, range.begin, range.end});
    if (add_conflict) attempt_.native.write_conflicts.push_back(range);
  } else {
    attempt_.used = true;
    attempt_.writes.clear_range(begin, end, add_conflict);
    waiting_.overlays().clear_range(begin, end, add_conflict);
  }
  if (!watches_.empty()) watches_.trigger_cleared(view_.prefix() + Bytes(begin), view_.prefix() + Bytes(end));
}

// ---- atomic operations -----------------------------------------------------------------------------

// All keys that the operation may come to write.
KeyRange Transaction::versionstamp_range(Slice key_with_offset, Arena* arena) const {
  size_t offset = 0;
  stamp_offset(key_with_offset, &offset);
  Bytes low(key_with_offset.substr(0, key_with_offset.size() - 4));
  Bytes high = low;
  const Version known = !view_.has_version() ? kInvalidVersion : view_.version();
  const Bytes least = known < 0 ? Bytes(8, '\0') : system_keys::big_endian(static_cast<uint64_t>(known) + 1);
  low.replace(offset, kStampLength, least + Bytes(2, '\0'));
  high.replace(offset, kStampLength, Bytes(kStampLength, '\xff'));
  high.push_back('\0');
  return {arena->copy(low), arena->copy(std::min<Slice>(high, options_.max_read_key()))};
}

void Transaction::write_stamped_key(Bytes key, Slice value, size_t offset) {
  attempt_.stamped_keys.push_back(key);
  if (!options_.read_your_writes_disabled) {
    const KeyRange range = versionstamp_range(key, &attempt_.native.arena);
    if (!range.empty()) {
      flush_writes(range.begin, range.end);
      attempt_.writes.make_unreadable(range.begin, range.end);
      waiting_.overlays().make_unreadable(range.begin, range.end);
    }
    // The overlay keeps the operation under the smallest key it may come to write.
    key.replace(offset, kStampLength, range.begin.substr(offset, kStampLength));
  }
  write(key, Op::kSetVersionstampedKey, value, false);
}

void Transaction::atomic_op(Slice key, Slice param, int operation) {
  Lock lock(mutex_);
  if (attempt_.deferred_error != 0) return;
  bool add_conflict = take_conflict_flag();
  if (refuses_write()) return;
  if (key == system_keys::kMetadataVersion) {
    if (operation != FDB_MUTATION_TYPE_SET_VERSIONSTAMPED_VALUE || param != kMetadataOperand)
      return attempt_.defer(err::kClientInvalidOperation);
  } else if (key >= options_.max_write_key()) {
    return attempt_.defer(err::kKeyOutsideLegalRange);
  }
  if (!is_atomic_op(operation)) return attempt_.defer(err::kInvalidMutationType);
  const bool stamped_key = operation == FDB_MUTATION_TYPE_SET_VERSIONSTAMPED_KEY;
  const bool stamped_value = operation == FDB_MUTATION_TYPE_SET_VERSIONSTAMPED_VALUE;
  if (stamped_key) add_conflict = false;
  const size_t passed_size = key.size();
  Bytes widened;  // in the newer form, with an offset of four bytes at the end
  if (!behavior().stamp_offset_has_four_bytes && (stamped_key || stamped_value)) {
    Slice& target = stamped_key ? key : param;
    widened = Bytes(target) + Bytes(stamped_key ? 2 : 4, '\0');
    target = widened;
  }
  approximate_size_ += mutation_size(key, param);
  if (add_conflict) approximate_size_ += point_range_size(key);
  if (passed_size > options_.max_key_size(key, true)) return attempt_.defer(err::kKeyTooLarge);
  if (param.size() > kValueSizeLimit) return attempt_.defer(err::kValueTooLarge);
  Op op = static_cast<Op>(operation);
  if (behavior().min_and_set_absent) op = op == Op::kMin ? Op::kMinV2 : op == Op::kAnd ? Op::kAndV2 : op;
  size_t offset = 0;
  if ((stamped_key || stamped_value) && !stamp_offset(stamped_key ? key : param, &offset))
    return attempt_.defer(err::kClientInvalidOperation);
  if (stamped_key) {
    write_stamped_key(Bytes(key), param, offset);
  } else {
    write(key, op, param, add_conflict);
  }
  if (!watches_.empty()) watches_.trigger_all(view_.full_key(key));
}

// ---- conflict ranges -------------------------------------------------------------------------------

Error Transaction::add_conflict_range(Slice begin, Slice end, int type) {
  if (begin > end) return err::kInvertedRange;
  if (type != FDB_CONFLICT_RANGE_TYPE_READ && type != FDB_CONFLICT_RANGE_TYPE_WRITE) return err::kClientInvalidOperation;
  const bool read = type == FDB_CONFLICT_RANGE_TYPE_READ;
  Lock lock(mutex_);
  if (attempt_.deferred_error != 0) return 0;
  if (refuses_write()) return 0;
  const Slice limit = read ? options_.max_read_key() : options_.max_write_key();
  const bool metadata = read && begin == system_keys::kMetadataVersion && end == system_keys::kMetadataVersionEnd;
  if (behavior().conflict_range_checks_system_access && !metadata && (begin > limit || end > limit)) {
    attempt_.defer(err::kKeyOutsideLegalRange);
    return 0;
  }
  begin = begin.substr(0, options_.max_key_size(begin, false) + 1);
  end = end.substr(0, options_.max_key_size(end, false) + 1);
  if (begin >= end) return 0;
  // Older versions are not stopped above, and the official client then fails an internal check.
  if ((read ? end : begin) > system_keys::kSystemEnd) {
    attempt_.defer(err::kInternalError);
    return 0;
  }
  if (read) {
    if (!options_.read_your_writes_disabled) {
      reads(attempt_.writes).add_conflict(begin, end);
    } else {
      approximate_size_ += range_size(begin, end);
      attempt_.read_conflicts.add(begin, end);
      attempt_.native.counted_reads.push_back({attempt_.native.arena.copy(begin), attempt_.native.arena.copy(end)});
    }
    return 0;
  }
  approximate_size_ += range_size(begin, end);
  if (options_.read_your_writes_disabled) {
    attempt_.native.write_conflicts.push_back({attempt_.native.arena.copy(begin), attempt_.native.arena.copy(end)});
  } else {
    attempt_.used = true;
    attempt_.writes.add_conflict_range(begin, end);
    waiting_.overlays().add_conflict_range(begin, end);
  }
  return 0;
}

// ---- handing the overlay over ----------------------------------------------------------------------

// Appends what the overlay holds in [begin, end) to the native mutations: first the cleared stretches, then the
// operations in key order.
void Transaction::flush_writes(Slice begin, Slice end) {
  const auto clip = [&](const WriteMap::Segment& segment) {
    const Bytes from = segment.begin();
    return attempt_.native.arena.copy(std::max<Slice>(begin, from));
  };
  const auto collect = [&](bool (WriteMap::Segment::*wanted)() const, auto&& emit) {
    std::optional<Slice> open;
    for (WriteMap::Segment segment = attempt_.writes.segment(begin); segment.begins_before(end); segment.next()) {
      if ((segment.*wanted)() && !open) open = clip(segment);
      if (!(segment.*wanted)() && open) {
        emit(*open, clip(segment));
        open.reset();
      }
      if (!segment.has_end()) break;
    }
    if (open) emit(*open, attempt_.native.arena.copy(end));
  };
  collect(&WriteMap::Segment::is_cleared, [&](Slice from, Slice to) {
    attempt_.native.mutations.push_back({Op::kClearRange, from, to});
    native_cost_ += ReadLog::kPage;
  });
  collect(&WriteMap::Segment::is_conflict,
          [&](Slice from, Slice to) { attempt_.native.write_conflicts.push_back({from, to}); });
  for (WriteMap::Segment segment = attempt_.writes.segment(begin); segment.begins_before(end); segment.next()) {
    if (segment.is_operation()) {
      const Slice after = attempt_.native.arena.copy_after(segment.key());
      const Slice key = after.substr(0, after.size() - 1);
      for (const KeyOperation& operation : segment.operations()) {
        if (operation.has_value) {
          attempt_.native.mutations.push_back({operation.op, key, attempt_.native.arena.copy(operation.value)});
          native_cost_ += 4 * rounded_to_pages(key.size() + (operation.op == Op::kSet ? operation.value.size() : 0));
        } else {
          attempt_.native.mutations.push_back({Op::kClearRange, key, after});
          native_cost_ += ReadLog::kPage;
        }
      }
    }
    if (!segment.has_end()) break;
  }
}

}  // namespace fdb
