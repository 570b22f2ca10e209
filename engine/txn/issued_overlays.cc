#include "txn/issued_overlays.h"

namespace fdb {

IssuedOverlays::Moment IssuedOverlays::now(const WriteMap& writes) {
  if (!recording_) recording_ = std::make_unique<Recording>(writes);
  return recording_->log.size();
}

void IssuedOverlays::mutate(Slice key, Op op, Slice value, bool add_conflict) {
  add({Kind::kMutate, op, add_conflict, key, value});
}

void IssuedOverlays::clear_range(Slice begin, Slice end, bool add_conflict) {
  add({Kind::kClear, Op::kClearRange, add_conflict, begin, end});
}

void IssuedOverlays::add_conflict_range(Slice begin, Slice end) { add({Kind::kConflict, Op::kSet, false, begin, end}); }

void IssuedOverlays::make_unreadable(Slice begin, Slice end) { add({Kind::kUnreadable, Op::kSet, false, begin, end}); }

void IssuedOverlays::add(const Write& write) {
  if (!recording_) return;
  Write kept = write;
  kept.first = recording_->arena.copy(write.first);
  kept.second = recording_->arena.copy(write.second);
  recording_->log.push_back(kept);
}

void IssuedOverlays::Recording::apply(const Write& write) {
  switch (write.kind) {
    case Kind::kMutate: return writes.mutate(write.first, write.op, write.second, write.add_conflict);
    case Kind::kClear: return writes.clear_range(write.first, write.second, write.add_conflict);
    case Kind::kConflict: return writes.add_conflict_range(write.first, write.second);
    case Kind::kUnreadable: return writes.make_unreadable(write.first, write.second);
  }
}

const WriteMap& IssuedOverlays::at(Moment moment) {
  Recording& recording = *recording_;
  for (; recording.applied < moment; ++recording.applied) recording.apply(recording.log[recording.applied]);
  return recording.writes;
}

void IssuedOverlays::clear() { recording_.reset(); }

}  // namespace fdb
