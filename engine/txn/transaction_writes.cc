// Writes of a transaction: checks in their documented order, then into the overlay.
#include "db/system_keys.h"
#include "txn/transaction.h"

namespace fdb {

namespace {

constexpr Slice kMetadataOperand{"\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 14};

}  // namespace

bool Transaction::take_conflict_flag() { return !std::exchange(options_.next_write_no_conflict, false); }

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
  size_.add_mutation(key, value);
  if (add_conflict) size_.add_point(key);
  if (key.size() > options_.max_key_size(key, true)) return attempt_.defer(err::kKeyTooLarge);
  if (value.size() > kValueSizeLimit) return attempt_.defer(err::kValueTooLarge);
  writes().mutate(key, Op::kSet, value, add_conflict);
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
    size_.add(SizeAccounting::of_point(key) * (add_conflict ? 2 : 1));
  }
  clear_keys(key, after, add_conflict);
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
  size_.add_mutation(begin, end);
  if (add_conflict) size_.add_range(begin, end);
  if (begin < end) clear_keys(begin, end, add_conflict);
}

void Transaction::clear_keys(Slice begin, Slice end, bool add_conflict) {
  writes().clear_range(begin, end, add_conflict);
  if (!watches_.empty()) watches_.trigger_cleared(view_.prefix() + Bytes(begin), view_.prefix() + Bytes(end));
}

// ---- atomic operations -----------------------------------------------------------------------------

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
  size_.add_mutation(key, param);
  if (add_conflict) size_.add_point(key);
  if (passed_size > options_.max_key_size(key, true)) return attempt_.defer(err::kKeyTooLarge);
  if (param.size() > kValueSizeLimit) return attempt_.defer(err::kValueTooLarge);
  Op op = static_cast<Op>(operation);
  if (behavior().min_and_set_absent) op = op == Op::kMin ? Op::kMinV2 : op == Op::kAnd ? Op::kAndV2 : op;
  size_t offset = 0;
  if ((stamped_key || stamped_value) && !stamp_offset(stamped_key ? key : param, &offset))
    return attempt_.defer(err::kClientInvalidOperation);
  if (stamped_key) {
    writes().set_stamped_key(Bytes(key), param, view_.has_version() ? view_.version() : kInvalidVersion);
  } else {
    writes().mutate(key, op, param, add_conflict);
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
      size_.add_range(begin, end);
      attempt_.read_conflicts.add(begin, end);
      size_.add_native_read(begin, end);
    }
    return 0;
  }
  size_.add_range(begin, end);
  writes().add_conflict_range(begin, end);
  return 0;
}

}  // namespace fdb
