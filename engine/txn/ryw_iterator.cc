#include "txn/ryw_iterator.h"

#include <algorithm>

namespace fdb {

namespace {

constexpr Slice kBehindAllKeys = "\xff\xff\xff";

}  // namespace

RywIterator::RywIterator(const View& view, const WriteMap* overlay, ReadLog* log)
    : view_(view), overlay_(overlay && !overlay->empty() ? overlay : nullptr), log_(log), walk_(view) {}

// ---- segments --------------------------------------------------------------------------------------

void RywIterator::skip(Slice key) { locate(key, false); }

void RywIterator::skip_before(Slice key) { locate(key, true); }

void RywIterator::next() { locate(Bytes(end_), false); }

void RywIterator::prev() { locate(Bytes(begin_), true); }

// Finds the segment that contains `key`, or, with `before`, the one that ends there.
void RywIterator::locate(Slice key, bool before) {
  exhausted_ = before && key.empty();
  if (exhausted_) return;
  in_run_ = false;
  if (before ? key > view_.end : key >= view_.end) {
    // Behind all keys there is nothing, which nobody has to be asked for.
    type_ = Type::kEmpty;
    begin_ = view_.end;
    end_ = kBehindAllKeys;
    return;
  }
  run_low_.clear();
  run_high_ = view_.end;
  if (overlay_) {
    WriteMap::Segment segment = overlay_->segment(key);
    if (before && segment.begin() == key) segment.prev();
    if (segment.is_operation()) return locate_operation(segment);
    run_low_ = segment.begin();
    if (segment.has_end()) run_high_ = std::min(run_high_, segment.end());
    if (segment.is_unreadable() || segment.is_cleared()) {
      type_ = segment.is_unreadable() ? Type::kUnreadable : Type::kEmpty;
      begin_ = run_low_;
      end_ = run_high_;
      return;
    }
  }
  locate_known(key, before);
}

void RywIterator::locate_operation(const WriteMap::Segment& segment) {
  begin_ = segment.begin();
  end_ = segment.end();
  if (segment.is_unreadable()) {
    type_ = Type::kUnreadable;
    return;
  }
  Slice below;
  bool has_below = false;
  if (!segment.is_independent()) {
    if (!log_->covers(begin_, end_)) {
      type_ = Type::kUnknown;
      return;
    }
    walk_.seek(begin_);
    has_below = walk_.valid() && walk_.key() == begin_;
    if (has_below) below = walk_.value();
  }
  type_ = Type::kRow;
  auto value = apply_operations(segment.operations(), has_below ? std::optional<Slice>(below) : std::nullopt);
  present_ = value.has_value();
  if (value) own_value_ = std::move(*value);
}

// A part of the key space without writes: known or not, and if known, a row or the gap between two.
void RywIterator::locate_known(Slice key, bool before) {
  const auto& known = log_->known();
  const auto after = before ? known.lower_bound(key) : known.upper_bound(key);
  const bool has_left = after != known.begin();
  const auto left = has_left ? std::prev(after) : known.end();
  const bool inside = has_left && (before ? left->second >= key : left->second > key);
  if (inside) {
    run_low_ = std::max(run_low_, left->first);
    run_high_ = std::min(run_high_, left->second);
  } else {
    if (has_left) run_low_ = std::max(run_low_, left->second);
    if (after != known.end()) run_high_ = std::min(run_high_, after->first);
    type_ = Type::kUnknown;
    begin_ = run_low_;
    end_ = run_high_;
    return;
  }
  Bytes row;
  if (before) {
    walk_.seek_before(key);
    if (walk_.valid() && walk_.key() >= run_low_) row = key_after(walk_.key());
    in_run_ = row == key;
  } else {
    walk_.seek(key);
    in_run_ = walk_.valid() && walk_.key() == key;
  }
  if (in_run_) {
    type_ = Type::kRow;
    present_ = true;
    begin_ = walk_.key();
    end_ = key_after(begin_);
    return;
  }
  type_ = Type::kEmpty;
  if (before) {
    begin_ = std::max(run_low_, row);
    end_ = key;
    return;
  }
  end_ = walk_.valid() ? std::min(run_high_, Bytes(walk_.key())) : run_high_;
  walk_.seek_before(key);
  begin_ = walk_.valid() && walk_.key() >= run_low_ ? key_after(walk_.key()) : run_low_;
}

// ---- jumps -----------------------------------------------------------------------------------------

int64_t RywIterator::jump_forward(int64_t most, Slice bound) {
  if (!in_run_ || most < 1) return 0;
  const int64_t here = walk_.rank(begin_);
  const int64_t last = walk_.rank(std::min<Slice>(run_high_, bound)) - 1;
  const int64_t rows = std::min(most, last - here);
  if (rows < 1) return 0;
  land(here + rows);
  return rows;
}

int64_t RywIterator::jump_backward(int64_t most) {
  if (!in_run_ || most < 1) return 0;
  const int64_t here = walk_.rank(begin_);
  // Not to the empty key, behind which nothing comes.
  const int64_t rows = std::min(most, here - walk_.rank(std::max<Slice>(run_low_, Slice("\0", 1))));
  if (rows < 1) return 0;
  land(here - rows);
  return rows;
}

// Goes to another row of the same stretch.
void RywIterator::land(int64_t rank) {
  walk_.seek_rank(rank);
  begin_ = walk_.key();
  end_ = key_after(begin_);
}

}  // namespace fdb
