#include "txn/issued_overlays.h"

namespace fdb {

IssuedOverlays::Moment IssuedOverlays::now(const WriteMap& writes) {
  if (!recording_) writes_ = writes;
  recording_ = true;
  return log_.size();
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
  kept.first = arena_.copy(write.first);
  kept.second = arena_.copy(write.second);
  log_.push_back(kept);
}

void IssuedOverlays::apply(const Write& write) {
  switch (write.kind) {
    case Kind::kMutate: return writes_.mutate(write.first, write.op, write.second, write.add_conflict);
    case Kind::kClear: return writes_.clear_range(write.first, write.second, write.add_conflict);
    case Kind::kConflict: return writes_.add_conflict_range(write.first, write.second);
    case Kind::kUnreadable: return writes_.make_unreadable(write.first, write.second);
  }
}

const WriteMap& IssuedOverlays::at(Moment moment) {
  for (; applied_ < moment; ++applied_) apply(log_[applied_]);
  return writes_;
}

void IssuedOverlays::clear() {
  if (!recording_) return;
  recording_ = false;
  writes_ = WriteMap();
  applied_ = 0;
  log_.clear();
  arena_.clear();
}

}  // namespace fdb
