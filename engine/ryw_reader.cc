#include "ryw_reader.h"

#include "system_keys.h"

namespace fdb {

MergedCursor::MergedCursor(const View& view, const WriteMap* overlay)
    : view_(view), overlay_(overlay && !overlay->empty() ? overlay : nullptr), cursor_(*view.snapshot) {
  if (!view_.prefix.empty()) limit_ = Bytes(view_.prefix) + Bytes(view_.max_key);
}

// ---- the snapshot below --------------------------------------------------------------------------

bool MergedCursor::snapshot_valid() const {
  if (!cursor_.valid()) return false;
  const Slice key = cursor_.key();
  if (view_.prefix.empty()) return key < view_.max_key;
  return key >= view_.prefix && key < limit_;
}

void MergedCursor::snapshot_seek(Slice key) {
  if (view_.prefix.empty()) return cursor_.seek(key);
  scratch_.assign(view_.prefix);
  scratch_.append(key);
  cursor_.seek(scratch_);
}

void MergedCursor::snapshot_seek_before(Slice key) {
  if (view_.prefix.empty()) return cursor_.seek_before(key);
  scratch_.assign(view_.prefix);
  scratch_.append(key);
  cursor_.seek_before(scratch_);
}

void MergedCursor::yield_snapshot() {
  on_snapshot_ = valid_ = true;
  key_ = snapshot_key();
  value_ = cursor_.value();
}

// ---- walking ---------------------------------------------------------------------------------------

bool MergedCursor::yield_operation(const WriteMap::Segment& segment) {
  Slice below;
  const bool needs_below = !segment.is_independent();
  bool present = false;
  if (needs_below) {
    snapshot_seek(segment.key());
    present = snapshot_valid() && snapshot_key() == segment.key();
    if (present) below = cursor_.value();
  }
  auto value = apply_operations(segment.operations(), present ? std::optional<Slice>(below) : std::nullopt);
  if (!value) return false;
  own_key_ = segment.key();
  own_value_ = std::move(*value);
  on_snapshot_ = false;
  valid_ = true;
  key_ = own_key_;
  value_ = own_value_;
  return true;
}

void MergedCursor::seek(Slice key, Slice bound) {
  valid_ = false;
  if (bound > view_.max_key) bound = view_.max_key;
  if (overlay_) return forward(key, false, bound);
  snapshot_seek(key);
  if (snapshot_valid() && snapshot_key() < bound) yield_snapshot();
}

void MergedCursor::next(Slice bound) {
  if (bound > view_.max_key) bound = view_.max_key;
  if (overlay_) return forward(Bytes(key_), true, bound);
  valid_ = false;
  cursor_.next();
  if (snapshot_valid() && snapshot_key() < bound) yield_snapshot();
}

void MergedCursor::forward(Slice from, bool after, Slice bound) {
  valid_ = false;
  Bytes position = after ? key_after(from) : Bytes(from);
  while (position < bound) {
    const WriteMap::Segment segment = overlay_->segment(position);
    if (segment.is_unreadable()) {
      error_ = err::kAccessedUnreadable;
      return;
    }
    if (segment.is_operation()) {
      if (yield_operation(segment)) return;
    } else if (segment.is_unmodified()) {
      if (after && on_snapshot_) {
        cursor_.next();  // it stands on `from`, just below `position`
      } else {
        snapshot_seek(position);
      }
      if (snapshot_valid() && (!segment.has_end() || snapshot_key() < segment.end())) {
        if (snapshot_key() < bound) yield_snapshot();
        return;
      }
    }
    after = false;
    if (!segment.has_end()) return;
    position = segment.end();
  }
}

void MergedCursor::seek_before(Slice key, Slice bound) {
  valid_ = false;
  if (key > view_.max_key) key = view_.max_key;
  if (overlay_) return backward(key, bound);
  snapshot_seek_before(key);
  if (snapshot_valid() && snapshot_key() >= bound) yield_snapshot();
}

void MergedCursor::prev(Slice bound) {
  if (overlay_) return backward(Bytes(key_), bound);
  valid_ = false;
  cursor_.prev();
  if (snapshot_valid() && snapshot_key() >= bound) yield_snapshot();
}

void MergedCursor::backward(Slice from, Slice bound) {
  valid_ = false;
  Bytes position(from);
  while (position > bound) {
    WriteMap::Segment segment = overlay_->segment(position);
    if (segment.begin() == position) segment.prev();
    if (segment.is_unreadable()) {
      error_ = err::kAccessedUnreadable;
      return;
    }
    if (segment.is_operation()) {
      if (yield_operation(segment)) return;
    } else if (segment.is_unmodified()) {
      snapshot_seek_before(position);
      if (snapshot_valid() && snapshot_key() >= segment.begin()) {
        if (snapshot_key() >= bound) yield_snapshot();
        return;
      }
    }
    position = segment.begin();
  }
}

// ---- selectors -------------------------------------------------------------------------------------

Error resolve_selector(const View& view, const WriteMap* overlay, const KeySelector& selector, ResolvedKey* resolved) {
  const Bytes from = selector.or_equal ? key_after(selector.key) : Bytes(selector.key);
  MergedCursor cursor(view, overlay);
  if (selector.offset > 0) {
    cursor.seek(from, view.max_key);
    for (int step = 1; step < selector.offset && cursor.valid(); ++step) cursor.next(view.max_key);
    if (cursor.error() != 0) return cursor.error();
    resolved->off_end = !cursor.valid() && selector.offset > 1;
    resolved->key = cursor.valid() ? Bytes(cursor.key()) : Bytes(view.max_key);
  } else {
    cursor.seek_before(from, Slice());
    for (int step = 0; step > selector.offset && cursor.valid(); --step) cursor.prev(Slice());
    if (cursor.error() != 0) return cursor.error();
    resolved->off_begin = !cursor.valid();
    resolved->key = cursor.valid() ? Bytes(cursor.key()) : Bytes();
  }
  return 0;
}

}  // namespace fdb
