#include "txn/ryw_reader.h"

#include <algorithm>

namespace fdb {

namespace {

constexpr int64_t kClientRowOverhead = 8;
constexpr int64_t kServerRowOverhead = 24;
constexpr int64_t kReplyByteLimit = 80'000;
constexpr int kMaxDoublings = 20;
constexpr int kMaxRequests = 10'000'000;  // each makes something known, so this only ends a read that is broken

int64_t row_bytes(Slice key, Slice value) { return static_cast<int64_t>(key.size() + value.size()); }

// Whether one request reads on over a segment: what is unknown, and single keys in between.
bool is_passed_over(const RywIterator& at) {
  return at.is_unknown() || (!at.is_unreadable() && is_key_after(at.end(), at.begin()));
}

// Whether no key can lie between the two, whatever they resolve to.
bool is_inverted(const PlainSelector& begin, const PlainSelector& end) {
  return begin.offset >= end.offset && begin.key >= end.key;
}

// Nothing that could become known would resolve such a selector any further.
bool is_before_all_keys(const PlainSelector& selector) { return selector.offset < 1 && selector.key.empty(); }

}  // namespace

void RywReader::Budget::spend(Slice key, Slice value) {
  min_rows = std::max<int64_t>(0, min_rows - 1);
  if (rows > 0) --rows;
  if (bytes > 0) bytes = std::max<int64_t>(0, bytes - kClientRowOverhead - row_bytes(key, value));
}

// ---- selectors -------------------------------------------------------------------------------------

// Moves a selector towards first-greater-or-equal form, as far as known segments allow.
void RywReader::resolve(Cursor* cursor, RangeEnds* ends) {
  PlainSelector& selector = cursor->selector;
  RywIterator& at = cursor->place;
  const auto knows = [&at] { return !at.is_unreadable() && !at.is_unknown(); };
  const bool moved = selector.offset != 1;
  at.skip(selector.key);
  if (selector.offset <= 0 && at.begin() == selector.key && !selector.key.empty()) at.prev();
  Bytes key = selector.key;
  for (; selector.offset > 1 && knows() && at.end() < view_.max_key; ++walked_) {
    selector.offset -= at.jump_forward(selector.offset - 2, view_.max_key);
    if (at.is_row()) --selector.offset;
    at.next();
    key = at.begin();
  }
  for (; selector.offset < 1 && knows() && !at.begin().empty(); ++walked_) {
    selector.offset += at.jump_backward(-selector.offset);
    if (at.is_row() && ++selector.offset == 1) {
      key = at.begin();
      break;
    }
    at.prev();
    key = at.end();
  }
  if (moved) cursor->actual_offset = selector.offset;
  if (knows() && selector.offset != 1) {
    (selector.offset < 1 ? ends->read_to_begin : ends->read_through_end) = true;
    selector = PlainSelector(selector.offset < 1 ? Bytes() : Bytes(view_.max_key), 1);
    return;
  }
  while (at.is_empty() && at.end() < view_.max_key) {
    at.next();
    key = at.begin();
  }
  selector.key = std::move(key);
}

Error RywReader::find_key(const PlainSelector& selector, Bytes* key) {
  const bool is_forward = selector.offset > 0;
  const PlainSelector first(Bytes(), 1);
  const PlainSelector last(Bytes(view_.max_key), 1);
  RangeRead read{is_forward ? selector : first, is_forward ? last : selector, {1, -1}, !is_forward};
  if (!is_forward) ++read.end.offset;
  KeyValueArray rows;
  RangeEnds ends;
  if (Error error = range(read, &rows, &ends)) return error;
  const bool found = !rows.rows.empty() && !ends.read_to_begin && !ends.read_through_end;
  if (found) {
    key->assign(reinterpret_cast<const char*>(rows.rows[0].key), static_cast<size_t>(rows.rows[0].key_length));
  } else {
    const bool at_end = is_forward ? !ends.read_to_begin : ends.read_through_end;
    *key = at_end ? Bytes(view_.max_key) : Bytes();
  }
  return 0;
}

// ---- ranges ----------------------------------------------------------------------------------------

Error RywReader::range(const RangeRead& read, KeyValueArray* rows, RangeEnds* ends) {
  return read.reverse ? backward(read, rows, ends) : forward(read, rows, ends);
}

Error RywReader::forward(const RangeRead& read, KeyValueArray* rows, RangeEnds* ends) {
  Cursor begin{read.begin, RywIterator(view_, overlay_, log_), read.begin.offset};
  Cursor end{read.end, begin.place, read.end.offset};
  resolve(&begin, ends);
  resolve(&end, ends);
  const auto nothing = [ends] {
    *ends = RangeEnds();
    return 0;
  };
  if (begin.actual_offset >= end.actual_offset && begin.selector.key >= end.selector.key) return nothing();
  if (is_before_all_keys(end.selector)) {
    ends->read_to_begin = true;
    return 0;
  }
  if ((begin.selector.offset == 1 && begin.selector.key == view_.max_key) ||
      (end.selector.offset == 1 && end.selector.key.empty()))
    return 0;
  if (end.selector.offset != 1 && begin.selector.key > end.selector.key) {
    Bytes resolved;
    if (Error error = find_key(end.selector, &resolved)) return error;
    if (resolved.empty()) ends->read_to_begin = true;
    if (resolved == view_.max_key) ends->read_through_end = true;
    if (begin.selector.key >= resolved && begin.selector.offset > 0) return nothing();
    if (resolved.empty()) return 0;
    resolve(&begin, ends);
    resolve(&end, ends);
  }
  Budget budget{read.limits.rows, read.limits.bytes};
  RywIterator at = begin.place;
  int64_t past_end = 0;  // rows walked over that the end may come to exclude, as seen from this key
  const Bytes counted_from = end.selector.key;
  for (int requests = 0;;) {
    if (is_inverted(begin.selector, end.selector)) {
      if (rows->rows.empty() && begin.actual_offset >= end.actual_offset) return nothing();
      break;
    }
    const int64_t spare = 1 - end.selector.offset;
    const bool at_end = at.begin() >= end.place.begin();
    if (budget.reached() && past_end >= spare) break;
    if (at_end && !at.is_unreadable() && !at.is_unknown()) break;
    if (begin.selector.offset > 0 && end.selector.offset == 1 && at.begin() >= end.selector.key) break;
    if (at.is_unreadable()) return err::kAccessedUnreadable;
    if (at.is_unknown()) {
      if (budget.has_bytes() && !rows->rows.empty() && past_end >= spare) {
        rows->more = true;
        break;
      }
      if (requests == kMaxRequests) return err::kInternalError;
      if (Error error = fetch_forward(at, end.place, &begin.selector, end.selector, budget, requests++)) return error;
      resolve(&begin, ends);
      resolve(&end, ends);
      at = begin.place;
    } else if (at.is_row()) {
      at.run_forward(end.selector.offset <= 1 ? Slice(end.selector.key) : view_.max_key, [&](Slice key, Slice value) {
        if (budget.reached()) {
          ++past_end;
        } else {
          rows->add(key, value);
          budget.spend(key, value);
        }
        return !budget.reached() || past_end < spare;
      });
    } else {
      at.next();
    }
  }
  rows->more = rows->more || budget.reached();
  const bool end_is_open = past_end < 1 - end.selector.offset || end.selector.key != counted_from;
  if (end.selector.offset < 1 && !rows->rows.empty() && end_is_open) {
    // Rows were taken while it was not known where they end.
    if (Error error = find_key(end.selector, &end.selector.key)) return error;
    end.selector.offset = 1;
  }
  if (end.selector.offset == 1) {
    drop_excluded(rows, [&](Slice key) { return key >= end.selector.key; });
  }
  ends->read_through_end = ends->read_through_end && !rows->more;
  return 0;
}

Error RywReader::backward(const RangeRead& read, KeyValueArray* rows, RangeEnds* ends) {
  Cursor begin{read.begin, RywIterator(view_, overlay_, log_), read.begin.offset};
  Cursor end{read.end, begin.place, read.end.offset};
  resolve(&begin, ends);
  resolve(&end, ends);
  const auto nothing = [ends] {
    *ends = RangeEnds();
    return 0;
  };
  if (begin.actual_offset >= end.actual_offset && begin.selector.key >= end.selector.key) return nothing();
  if (is_before_all_keys(end.selector)) {
    ends->read_to_begin = true;
    return 0;
  }
  if ((begin.selector.offset == 1 && begin.selector.key == view_.max_key) ||
      (end.selector.offset == 1 && end.selector.key.empty()))
    return 0;
  if (begin.selector.offset != 1 && begin.selector.key > end.selector.key) {
    Bytes resolved;
    if (Error error = find_key(begin.selector, &resolved)) return error;
    if (resolved.empty()) ends->read_to_begin = true;
    if (resolved == view_.max_key) ends->read_through_end = true;
    if (resolved >= end.selector.key && end.selector.offset <= 1) return nothing();
    if (resolved == view_.max_key) return 0;
    resolve(&begin, ends);
    resolve(&end, ends);
  }
  // The segment to look at: below the end once that is known, else the one in which its resolution is stuck.
  const auto start = [&end] {
    RywIterator place = end.place;
    if (end.selector.offset == 1) place.skip_before(end.selector.key);
    return place;
  };
  Budget budget{read.limits.rows, read.limits.bytes};
  RywIterator at = start();
  int64_t past_begin = 0;
  const Bytes counted_from = begin.selector.key;
  for (int requests = 0;;) {
    if (is_inverted(begin.selector, end.selector)) {
      if (rows->rows.empty() && begin.actual_offset >= end.actual_offset) return nothing();
      break;
    }
    const int64_t spare = begin.selector.offset - 1;
    if (at.is_exhausted() || (budget.reached() && past_begin >= spare)) break;
    if (begin.selector.offset == 1 && end.selector.offset == 1 && at.end() <= begin.selector.key) break;
    // What lies before the selector's key does not tell which of the rows it excludes.
    if (begin.selector.offset > 1 && budget.reached() && at.end() <= begin.selector.key) break;
    if (at.is_unreadable()) return err::kAccessedUnreadable;
    if (at.is_unknown()) {
      if (budget.has_bytes() && !rows->rows.empty() && past_begin >= spare) {
        rows->more = true;
        break;
      }
      if (requests == kMaxRequests) return err::kInternalError;
      if (Error error = fetch_backward(at, begin.place, begin.selector, &end.selector, budget, requests++)) return error;
      resolve(&begin, ends);
      resolve(&end, ends);
      at = start();
      continue;
    }
    if (at.is_row()) {
      at.run_backward(begin.selector.offset >= 1 ? Slice(begin.selector.key) : Slice(), [&](Slice key, Slice value) {
        if (budget.reached()) {
          ++past_begin;
        } else {
          rows->add(key, value);
          budget.spend(key, value);
        }
        return !budget.reached() || past_begin < spare;
      });
    } else {
      at.prev();
    }
  }
  rows->more = rows->more || budget.reached();
  const bool begin_is_open = past_begin < begin.selector.offset - 1 || begin.selector.key != counted_from;
  if (begin.selector.offset > 1 && !rows->rows.empty() && begin_is_open) {
    if (Error error = find_key(begin.selector, &begin.selector.key)) return error;
    begin.selector.offset = 1;
  }
  if (begin.selector.offset == 1) {
    drop_excluded(rows, [&](Slice key) { return key < begin.selector.key; });
  }
  ends->read_to_begin = ends->read_to_begin && !rows->more;
  return 0;
}

// ---- getting to know more --------------------------------------------------------------------------

namespace {

// What the client asks a server for, when it still wants `budget` and has to count `additional` rows besides.
template <class Budget>
Budget request_budget(Budget budget, int64_t additional, int64_t offset, int requests) {
  budget.min_rows = std::max(1 + additional, offset);
  if (budget.rows >= 0) budget.rows = std::max<int64_t>({1, budget.rows + additional, offset});
  if (budget.bytes == 0) {
    budget.bytes = -1;
    if (budget.rows < 0) budget.rows = std::max(additional, offset);
  } else if (budget.bytes > 0) {
    budget.bytes = std::min(budget.bytes << std::min(requests, kMaxDoublings), kReplyByteLimit);
  }
  return budget;
}

}  // namespace

Error RywReader::fetch_forward(const RywIterator& at, const RywIterator& end_at, PlainSelector* begin, const PlainSelector& end,
                               const Budget& budget, int requests) {
  int64_t additional = std::max<int64_t>(0, 1 - end.offset);
  RywIterator stop = at;
  // From beyond the end (when the begin selector leads back) this goes on to wherever something is known.
  const bool beyond = at.begin() > end_at.begin();
  while ((beyond ? stop.is_unknown() : is_passed_over(stop)) && stop.begin() != end_at.begin() && stop.begin() < view_.end) {
    stop.next();
  }
  PlainSelector read_end = end;
  if (stop.begin() != end_at.begin()) {
    read_end = PlainSelector(Bytes(stop.begin()), 1);
  } else if (end.offset < 1) {
    read_end.offset = 1;
  }
  if (begin->offset == 1) begin->key = std::max<Slice>(begin->key, at.begin());
  PlainSelector read_begin = *begin;
  if (begin->offset > 1) {
    read_begin.offset = 1;
    additional += begin->offset - 1;
  }
  if (read_end.key < read_begin.key) read_end.key = read_begin.key;
  return fetch(read_begin, read_end, request_budget(budget, additional, 2 - read_begin.offset, requests), false);
}

Error RywReader::fetch_backward(const RywIterator& at, const RywIterator& begin_at, const PlainSelector& begin,
                                PlainSelector* end, const Budget& budget, int requests) {
  int64_t additional = std::max<int64_t>(0, begin.offset - 1);
  RywIterator stop = at;
  const bool beyond = at.begin() < begin_at.begin();
  while ((beyond ? stop.is_unknown() : is_passed_over(stop)) && stop.begin() != begin_at.begin() && !stop.begin().empty()) {
    stop.prev();
  }
  PlainSelector read_begin = begin;
  if (stop.begin() != begin_at.begin()) {
    read_begin = PlainSelector(stop.is_unknown() ? Bytes() : Bytes(stop.end()), 1);
  } else if (begin.offset > 1) {
    read_begin.offset = 1;
  }
  if (end->offset == 1) end->key = std::min<Slice>(end->key, at.end());
  PlainSelector read_end = *end;
  if (end->offset < 1) {
    read_end.offset = 1;
    additional += 1 - end->offset;
  }
  if (read_begin.key > read_end.key) read_begin.key = read_end.key;
  return fetch(read_begin, read_end, request_budget(budget, additional, read_end.offset, requests), true);
}

// One request to the "server": finds out which part of the snapshot becomes known by it.
Error RywReader::fetch(const PlainSelector& begin, const PlainSelector& end, Budget budget, bool reverse) {
  if (fetch_error_ != 0) return fetch_error_;
  SnapshotWalk walk(view_);
  const SnapshotWalk::Place from = walk.resolve(begin.key, begin.offset);
  const SnapshotWalk::Place to = walk.resolve(end.key, end.offset);
  const Answered answered = count_rows(walk, from.key, to.key, budget, reverse);
  const bool more = answered.more;
  Bytes low = begin.offset <= 1 && !(reverse && more) ? begin.key : Bytes(view_.end);
  Bytes high = end.offset >= 1 && !(!reverse && more) ? end.key : Bytes();
  if (from.off_begin && !(reverse && more)) low.clear();
  if (to.off_end && !(!reverse && more)) high = view_.end;
  if (answered.any) {
    low = std::min(low, answered.lowest);
    high = std::max(high, key_after(answered.highest));
  }
  log_->add(low, high, static_cast<size_t>(answered.bytes));
  return 0;
}

// How far one request for the rows in [begin, end) gets. Rows at which it cannot stop are passed by count.
RywReader::Answered RywReader::count_rows(SnapshotWalk& walk, const Bytes& begin, const Bytes& end, const Budget& budget,
                                          bool reverse) {
  Answered answered;
  const int64_t lowest = walk.rank(begin);
  const int64_t total = walk.rank(end) - lowest;
  if (total <= 0) return answered;
  const int64_t wanted = budget.rows < 0 ? total : std::min(total, budget.rows);
  const int64_t passed = (budget.bytes < 0 ? wanted : std::min(wanted, budget.min_rows)) - 1;
  int64_t at = reverse ? lowest + total - 1 : lowest;
  walk.seek_rank(at);
  answered.any = true;
  answered.lowest = answered.highest = walk.key();
  int64_t count = 0;
  if (passed > 0) {
    at += reverse ? -passed : passed;
    walk.seek_rank(at);
    count = passed;
    answered.bytes = reverse ? walk.bytes_between(key_after(walk.key()), key_after(answered.highest))
                             : walk.bytes_between(answered.lowest, walk.key());
  }
  for (; count < total && !answered.more; reverse ? walk.prev() : walk.next(), ++walked_) {
    (reverse ? answered.lowest : answered.highest) = walk.key();
    answered.bytes += row_bytes(walk.key(), walk.value());
    ++count;
    const int64_t charged = answered.bytes + count * kServerRowOverhead;
    answered.more = count == budget.rows || (budget.bytes >= 0 && charged >= budget.bytes && count >= budget.min_rows);
  }
  return answered;
}

void read_snapshot_range(const View& view, const RangeRead& read, KeyValueArray* rows, RangeEnds* ends) {
  SnapshotWalk walk(view);
  const SnapshotWalk::Place from = walk.resolve(read.begin.key, read.begin.offset);
  const SnapshotWalk::Place to = walk.resolve(read.end.key, read.end.offset);
  int64_t bytes = 0;
  for (read.reverse ? walk.seek_before(to.key) : walk.seek(from.key);
       walk.valid() && (read.reverse ? walk.key() >= from.key : walk.key() < to.key);
       read.reverse ? walk.prev() : walk.next()) {
    rows->add(walk.key(), walk.value());
    bytes += kServerRowOverhead + row_bytes(walk.key(), walk.value());
    const bool enough = static_cast<int64_t>(rows->rows.size()) == read.limits.rows;
    rows->more = enough || (read.limits.bytes >= 0 && bytes >= read.limits.bytes);
    if (rows->more) break;
  }
  // What lies behind the row that a limit stopped at was not looked at.
  const bool starts_at_begin = read.begin.key.empty() && read.begin.offset < 1;
  ends->read_to_begin = starts_at_begin || (from.off_begin && !(read.reverse && rows->more));
  ends->read_through_end = to.off_end && !(!read.reverse && rows->more);
}

}  // namespace fdb
