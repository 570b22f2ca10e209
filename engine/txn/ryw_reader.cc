#include "txn/ryw_reader.h"

#include <algorithm>
#include <optional>

#include "txn/read_direction.h"
#include "txn/unknown_range.h"

namespace fdb {

namespace {

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

// Counts down what a read may still return.
struct RywReader::Budget {
  int64_t rows;
  int64_t bytes;
  int64_t min_rows = 1;

  bool has_bytes() const { return bytes >= 0; }
  bool reached() const { return rows == 0 || (bytes == 0 && min_rows == 0); }
  void spend(int64_t spent_rows, int64_t row_bytes);
  int fitting(const RowRun& run, int from, int64_t* row_bytes) const;
  Budget of_request(int64_t additional, int64_t offset, int requests) const;
};

// One side of a read while its selector is being resolved.
struct RywReader::Cursor {
  PlainSelector selector;
  RywIterator place;
  int64_t actual_offset;
};

// What one request to the "server" came to.
struct RywReader::Answered {
  bool any = false;
  bool more = false;
  Bytes lowest;
  Bytes highest;
  int64_t bytes = 0;
};

// Takes off so many rows, which it has, with `row_bytes` in them.
void RywReader::Budget::spend(int64_t spent_rows, int64_t row_bytes) {
  min_rows = std::max<int64_t>(0, min_rows - spent_rows);
  if (rows > 0) rows -= spent_rows;
  if (bytes > 0) bytes = std::max<int64_t>(0, bytes - spent_rows * kClientRowOverhead - row_bytes);
}

// How many rows of a run from row `from` on it takes until it is reached, all if it is not. Without a limit of bytes those in
// them are not counted.
int RywReader::Budget::fitting(const RowRun& run, int from, int64_t* row_bytes) const {
  const int64_t left = run.count() - from;
  const auto most = static_cast<int>(rows < 0 ? left : std::min(left, rows));
  if (!has_bytes()) return most;
  int count = 0;
  for (int64_t charged = 0; count < most && (charged < bytes || count < min_rows); ++count) {
    *row_bytes += run.bytes(from + count);
    charged = *row_bytes + (count + 1) * kClientRowOverhead;
  }
  return count;
}

// What the client asks a server for, when it still wants this much and has to count `additional` rows besides.
RywReader::Budget RywReader::Budget::of_request(int64_t additional, int64_t offset, int requests) const {
  Budget budget = *this;
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

// One range read. Its steps answer the outcome once that is certain, else nothing.
template <class Direction>
class RywReader::Scan {
 public:
  Scan(RywReader* reader, const RangeRead& read, KeyValueArray* rows, RangeEnds* ends)
      : reader_(*reader),
        rows_(*rows),
        ends_(*ends),
        begin_{read.begin, RywIterator(reader->view_, reader->overlay_, reader->log_), read.begin.offset},
        end_{read.end, begin_.place, read.end.offset},
        at_(begin_.place),
        budget_{read.limits.rows, read.limits.bytes} {}

  Error run() {
    resolve();
    if (const Outcome outcome = settle_ends()) return *outcome;
    if (const Outcome outcome = walk()) return *outcome;
    return finish();
  }

 private:
  using Outcome = std::optional<Error>;

  Cursor& near() { return Direction::kReverse ? end_ : begin_; }
  Cursor& far() { return Direction::kReverse ? begin_ : end_; }
  // How many rows the far selector leads back from its key: as many have to be seen beyond those that are taken.
  int64_t spare() { return -Direction::lead(far().selector); }

  Outcome nothing() {
    ends_ = RangeEnds();
    return 0;
  }

  void resolve() {
    reader_.resolve(&begin_, &ends_);
    reader_.resolve(&end_, &ends_);
  }

  void go_to_start() {
    at_ = near().place;
    Direction::start(&at_, near().selector);
  }

  Outcome settle_ends();
  Outcome settle_far_end();
  Outcome walk();
  bool is_over();
  void take_run();
  bool is_sated() { return budget_.reached() && past_far_ >= spare(); }
  void take_row(Slice key, Slice value);
  int take_rows(const RowRun& run);
  Error ask(int requests);
  PlainSelector request_end();
  Error finish();

  RywReader& reader_;
  KeyValueArray& rows_;
  RangeEnds& ends_;
  Cursor begin_;
  Cursor end_;
  RywIterator at_;
  Budget budget_;
  int64_t past_far_ = 0;  // rows walked over that the far side may come to exclude, as seen from this key
  Bytes counted_from_;
};

Error RywReader::range(const RangeRead& read, KeyValueArray* rows, RangeEnds* ends) {
  if (fetch_error_ == 0 && read_unknown_range(view_, overlay_, log_, read, rows)) return 0;
  return walk_range(read, rows, ends);
}

Error RywReader::walk_range(const RangeRead& read, KeyValueArray* rows, RangeEnds* ends) {
  return read.reverse ? Scan<Backward>(this, read, rows, ends).run() : Scan<Forward>(this, read, rows, ends).run();
}

// Finds out whether there is anything to walk over.
template <class Direction>
auto RywReader::Scan<Direction>::settle_ends() -> Outcome {
  const PlainSelector& begin = begin_.selector;
  const PlainSelector& end = end_.selector;
  if (begin_.actual_offset >= end_.actual_offset && begin.key >= end.key) return nothing();
  if (is_before_all_keys(end)) {
    ends_.read_to_begin = true;
    return 0;
  }
  if ((begin.offset == 1 && begin.key == reader_.view_.max_key) || (end.offset == 1 && end.key.empty())) return 0;
  if (far().selector.offset != 1 && begin.key > end.key) return settle_far_end();
  return std::nullopt;
}

// The keys of the selectors lie the wrong way round, which what they resolve to need not do.
template <class Direction>
auto RywReader::Scan<Direction>::settle_far_end() -> Outcome {
  const PlainSelector& start = near().selector;
  Bytes resolved;
  if (Error error = reader_.find_key(far().selector, &resolved)) return error;
  if (resolved.empty()) ends_.read_to_begin = true;
  if (resolved == reader_.view_.max_key) ends_.read_through_end = true;
  if (!Direction::is_beyond(resolved, start.key) && Direction::lead(start) >= 0) return nothing();
  if (resolved == Direction::near_limit(reader_.view_)) return 0;
  resolve();
  return std::nullopt;
}

template <class Direction>
auto RywReader::Scan<Direction>::walk() -> Outcome {
  go_to_start();
  counted_from_ = far().selector.key;
  for (int requests = 0; !is_inverted(begin_.selector, end_.selector);) {
    if (is_over()) return std::nullopt;
    if (at_.is_unreadable()) return err::kAccessedUnreadable;
    if (at_.is_unknown()) {
      if (budget_.has_bytes() && !rows_.rows.empty() && past_far_ >= spare()) {
        rows_.more = true;
        return std::nullopt;
      }
      if (Error error = ask(requests++)) return error;
    } else if (at_.is_row()) {
      take_run();
    } else {
      Direction::advance(&at_);
    }
  }
  if (rows_.rows.empty() && begin_.actual_offset >= end_.actual_offset) return nothing();
  return std::nullopt;
}

template <class Direction>
bool RywReader::Scan<Direction>::is_over() {
  const PlainSelector& stop = far().selector;
  if (is_sated()) return true;
  const auto is_at_stop = [&] { return !Direction::is_beyond(stop.key, Direction::near_edge(at_)); };
  if constexpr (Direction::kReverse) {
    if (at_.is_exhausted()) return true;
    // What lies before the selector's key does not tell which of the rows it excludes.
    const bool stops_here = stop.offset == 1 ? near().selector.offset == 1 : stop.offset > 1 && budget_.reached();
    return stops_here && is_at_stop();
  } else {
    if (at_.begin() >= far().place.begin() && !at_.is_unreadable() && !at_.is_unknown()) return true;
    return near().selector.offset > 0 && stop.offset == 1 && is_at_stop();
  }
}

template <class Direction>
void RywReader::Scan<Direction>::take_run() {
  const PlainSelector& stop = far().selector;
  const Slice bound = Direction::lead(stop) <= 0 ? Slice(stop.key) : Direction::far_limit(reader_.view_);
  struct Take {
    Scan& scan;
    void operator()(Slice key, Slice value) const { scan.take_row(key, value); }
    bool operator()(const RowRun& run, int* taken) const {
      *taken = scan.take_rows(run);
      return !scan.is_sated();
    }
  };
  Direction::run(&at_, bound, Take{*this});
}

template <class Direction>
void RywReader::Scan<Direction>::take_row(Slice key, Slice value) {
  if (budget_.reached()) {
    ++past_far_;
    return;
  }
  rows_.add(key, value);
  budget_.spend(1, row_bytes(key, value));
}

// Takes rows until it has enough, at least one.
template <class Direction>
int RywReader::Scan<Direction>::take_rows(const RowRun& run) {
  int taken = 0;
  do {
    if (budget_.reached()) {
      ++past_far_;
      ++taken;
      continue;
    }
    int64_t bytes = 0;
    const int more = budget_.fitting(run, taken, &bytes);
    run.add_to(&rows_, taken, taken + more);
    budget_.spend(more, bytes);
    taken += more;
  } while (taken < run.count() && !is_sated());
  return taken;
}

template <class Direction>
Error RywReader::Scan<Direction>::finish() {
  PlainSelector& stop = far().selector;
  rows_.more = rows_.more || budget_.reached();
  const bool is_open = past_far_ < spare() || stop.key != counted_from_;
  if (spare() > 0 && !rows_.rows.empty() && is_open) {
    // Rows were taken while it was not known where they end.
    if (Error error = reader_.find_key(stop, &stop.key)) return error;
    stop.offset = 1;
  }
  if (stop.offset == 1) {
    drop_excluded(&rows_, [&](Slice key) { return Direction::excludes(stop.key, key); });
  }
  bool* const passed = Direction::passed_far_limit(&ends_);
  *passed = *passed && !rows_.more;
  return 0;
}

// ---- getting to know more --------------------------------------------------------------------------

// Makes known what the client would request at the place where the walk is, and starts from there again.
template <class Direction>
Error RywReader::Scan<Direction>::ask(int requests) {
  if (requests == kMaxRequests) return err::kInternalError;
  int64_t additional = std::max<int64_t>(0, spare());
  PlainSelector request_far = request_end();
  PlainSelector& start = near().selector;
  const Slice edge = Direction::near_edge(at_);
  if (start.offset == 1 && Direction::is_beyond(edge, start.key)) start.key = edge;
  PlainSelector request_near = start;
  if (Direction::lead(start) > 0) {
    request_near.offset = 1;
    additional += Direction::lead(start);
  }
  if (Direction::is_beyond(request_near.key, request_far.key)) request_far.key = request_near.key;
  const Budget budget = budget_.of_request(additional, 1 - Direction::lead(request_near), requests);
  const bool reverse = Direction::kReverse;
  if (Error error = reader_.fetch(reverse ? request_far : request_near, reverse ? request_near : request_far, budget, reverse))
    return error;
  resolve();
  go_to_start();
  return 0;
}

// How far the request goes.
template <class Direction>
PlainSelector RywReader::Scan<Direction>::request_end() {
  const Slice far_place = far().place.begin();
  RywIterator stop = at_;
  // From beyond the far end (when the near selector leads back) this goes on to wherever something is known.
  const bool beyond = Direction::is_beyond(at_.begin(), far_place);
  while ((beyond ? stop.is_unknown() : is_passed_over(stop)) && stop.begin() != far_place &&
         !Direction::is_last(stop, reader_.view_)) {
    Direction::advance(&stop);
  }
  if (stop.begin() != far_place) return PlainSelector(Bytes(Direction::request_end(stop)), 1);
  PlainSelector end = far().selector;
  if (spare() > 0) end.offset = 1;
  return end;
}

// One request to the "server": finds out which part of the snapshot becomes known by it.
Error RywReader::fetch(const PlainSelector& begin, const PlainSelector& end, const Budget& budget, bool reverse) {
  if (fetch_error_ != 0) return fetch_error_;
  SnapshotWalk walk(view_);
  const SnapshotWalk::Place from = walk.resolve(begin.key, begin.offset);
  const SnapshotWalk::Place to = walk.resolve(end.key, end.offset);
  const Answered answered = count_rows(walk, from.key, to.key, budget, reverse);
  // On the side where a limit stopped it nothing is known behind the last row.
  const bool reached_begin = !(reverse && answered.more);
  const bool reached_end = reverse || !answered.more;
  Bytes low = begin.offset <= 1 && reached_begin ? begin.key : Bytes(view_.end);
  Bytes high = end.offset >= 1 && reached_end ? end.key : Bytes();
  if (from.off_begin && reached_begin) low.clear();
  if (to.off_end && reached_end) high = view_.end;
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
  while (count < total && !answered.more) {
    const RowRun run = reverse ? walk.rows_down_to(begin) : walk.rows_below(end);
    int row = 0;
    while (row < run.count() && !answered.more) {
      answered.bytes += run.bytes(row++);
      ++count;
      const int64_t charged = answered.bytes + count * kServerRowOverhead;
      answered.more = count == budget.rows || (budget.bytes >= 0 && charged >= budget.bytes && count >= budget.min_rows);
    }
    (reverse ? answered.lowest : answered.highest) = run.key(row - 1);
    reverse ? walk.pass_backward(row) : walk.pass_forward(row);
    walked_ += row;
  }
  return answered;
}

void read_snapshot_range(const View& view, const RangeRead& read, KeyValueArray* rows, RangeEnds* ends) {
  SnapshotWalk walk(view);
  const SnapshotWalk::Place from = walk.resolve(read.begin.key, read.begin.offset);
  const SnapshotWalk::Place to = walk.resolve(read.end.key, read.end.offset);
  read.reverse ? walk.seek_before(to.key) : walk.seek(from.key);
  for (int64_t bytes = 0, count = 0; walk.valid();) {
    const RowRun run = read.reverse ? walk.rows_down_to(from.key) : walk.rows_below(std::min<Slice>(to.key, view.end));
    if (run.count() == 0) break;
    int taken = 0;
    while (taken < run.count() && !rows->more) {
      bytes += kServerRowOverhead + run.bytes(taken++);
      rows->more = ++count == read.limits.rows || (read.limits.bytes >= 0 && bytes >= read.limits.bytes);
    }
    run.add_to(rows, 0, taken);
    if (rows->more) break;  // a step may have to load a leaf
    read.reverse ? walk.pass_backward(taken) : walk.pass_forward(taken);
  }
  // What lies behind the row that a limit stopped at was not looked at.
  const bool starts_at_begin = read.begin.key.empty() && read.begin.offset < 1;
  ends->read_to_begin = starts_at_begin || (from.off_begin && !(read.reverse && rows->more));
  ends->read_through_end = to.off_end && !(!read.reverse && rows->more);
}

}  // namespace fdb
