#include "txn/snapshot_walk.h"

#include "store/node_search.h"

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

RowRun SnapshotWalk::rows_below(Slice stop) {
  const store::Node* leaf = cursor_.leaf();
  const Slice limit = prefixed(stop);
  bool equal;
  const int end = leaf->key(leaf->count - 1) < limit ? leaf->count : store::lower_bound(leaf, limit, &equal);
  const int first = cursor_.index();
  return RowRun(leaf, first, std::max(0, end - first), 1, view_.prefix.size(), cursor_.is_in_plain_leaf());
}

RowRun SnapshotWalk::rows_down_to(Slice stop) {
  const store::Node* leaf = cursor_.leaf();
  const Slice limit = prefixed(stop);
  bool equal;
  const int begin = leaf->key(0) >= limit ? 0 : store::lower_bound(leaf, limit, &equal);
  const int first = cursor_.index();
  return RowRun(leaf, first, std::max(0, first + 1 - begin), -1, view_.prefix.size(), cursor_.is_in_plain_leaf());
}

int64_t SnapshotWalk::bytes_between(Slice begin, Slice end) {
  const RangeStats stats = view_.snapshot->range_stats(Bytes(view_.prefix) + Bytes(begin), Bytes(view_.prefix) + Bytes(end));
  return stats.bytes - stats.keys * static_cast<int64_t>(view_.prefix.size());
}

SnapshotWalk::Place SnapshotWalk::resolve(Slice from, int64_t offset) {
  Place place{Bytes(from)};
  if (offset == 1) return place;
  const int64_t target = rank(from) + offset - 1;
  place.off_end = offset > 1 && target >= rank(view_.end);
  place.off_begin = offset < 1 && target < rank(Slice());
  place.key = place.off_end ? Bytes(view_.end) : Bytes();
  if (place.off_end || place.off_begin) return place;
  seek_rank(target);
  place.key = key();
  return place;
}

Bytes SnapshotWalk::find_key(Slice from, int64_t offset) {
  if (offset != 1) return resolve(from, offset).key;
  seek(from);
  return valid() ? Bytes(key()) : Bytes(view_.end);
}

}  // namespace fdb
