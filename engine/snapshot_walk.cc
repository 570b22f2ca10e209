#include "snapshot_walk.h"

namespace fdb {

SnapshotWalk::SnapshotWalk(const View& view) : view_(view), cursor_(*view.snapshot) {
  if (!view_.prefix.empty()) limit_ = Bytes(view_.prefix) + Bytes(view_.end);
}

bool SnapshotWalk::valid() const {
  if (!cursor_.valid()) return false;
  const Slice key = cursor_.key();
  return view_.prefix.empty() ? key < view_.end : key >= view_.prefix && key < limit_;
}

Slice SnapshotWalk::prefixed(Slice key) {
  if (view_.prefix.empty()) return key;
  scratch_.assign(view_.prefix);
  scratch_.append(key);
  return scratch_;
}

void SnapshotWalk::seek(Slice key) { cursor_.seek(prefixed(key)); }

void SnapshotWalk::seek_before(Slice key) { cursor_.seek_before(prefixed(key)); }

SnapshotWalk::Place SnapshotWalk::resolve(Slice from, int64_t offset) {
  Place place{Bytes(from)};
  if (offset == 1) return place;
  if (offset > 1) {
    seek(from);
    for (int64_t step = 1; step < offset && valid(); ++step) next();
    place.off_end = !valid();
    place.key = valid() ? Bytes(key()) : Bytes(view_.end);
  } else {
    seek_before(from);
    for (int64_t step = 0; step > offset && valid(); --step) prev();
    place.off_begin = !valid();
    place.key = valid() ? Bytes(key()) : Bytes();
  }
  return place;
}

Bytes SnapshotWalk::find_key(Slice from, int64_t offset) {
  if (offset != 1) return resolve(from, offset).key;
  seek(from);
  return valid() ? Bytes(key()) : Bytes(view_.end);
}

}  // namespace fdb
