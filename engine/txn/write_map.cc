#include "txn/write_map.h"

#include <algorithm>

#include "base/compare.h"

namespace fdb {

namespace {

bool is_stamp(Op op) { return op == Op::kSetVersionstampedKey || op == Op::kSetVersionstampedValue; }

// Whether the operation needs to know the value below it.
bool is_dependent(Op op) { return op != Op::kSet && !is_stamp(op); }

// Adds `next` to a stack that is not empty, folding it into the top where the result is known or mergeable.
void combine(std::vector<KeyOperation>* stack, KeyOperation next, Arena* arena) {
  KeyOperation& top = stack->back();
  if (top.op == Op::kSet && is_dependent(next.op)) {
    const auto folded = apply_atomic(next.op, top.has_value ? std::optional<Slice>(top.value) : std::nullopt, next.value);
    top.has_value = folded.has_value();
    top.value = folded ? arena->copy(*folded) : Slice();
    return;
  }
  if (next.op == Op::kSet || (is_stamp(next.op) && top.op == next.op)) {
    top = next;
    return;
  }
  if (top.op == next.op) {
    if (const auto merged = merge_operands(top.op, top.value, next.value)) {
      top.value = arena->copy(*merged);
      return;
    }
  }
  stack->push_back(next);
}

}  // namespace

std::optional<Bytes> apply_operations(const std::vector<KeyOperation>& operations, std::optional<Slice> existing) {
  std::optional<Bytes> value;
  if (existing) value.emplace(*existing);
  for (const KeyOperation& operation : operations) {
    if (operation.op == Op::kSet || operation.op == Op::kSetVersionstampedValue) {
      value = operation.has_value ? std::optional<Bytes>(Bytes(operation.value)) : std::nullopt;
    } else if (operation.op != Op::kSetVersionstampedKey) {
      value = apply_atomic(operation.op, value ? std::optional<Slice>(*value) : std::nullopt, operation.value);
    }
  }
  return value;
}

bool builds_on_pending_stamp(const std::vector<KeyOperation>& operations) {
  bool pending = false;
  for (const KeyOperation& operation : operations) {
    if (pending && is_dependent(operation.op)) return true;
    if (operation.op == Op::kSet) pending = false;
    if (operation.op == Op::kSetVersionstampedValue) pending = true;
  }
  return false;
}

// ---- segments ------------------------------------------------------------------------------------

Slice WriteMap::Segment::begin_key() const { return entry_->first; }

bool WriteMap::Segment::is_independent() const { return !is_dependent(entry_->second.operations.front().op); }

bool WriteMap::Segment::begins_before(Slice key) const {
  return compare(entry_->first, key) < 0 && !(begins_after() && is_key_after(key, entry_->first));
}

Bytes WriteMap::Segment::begin() const { return begins_after() ? key_after(entry_->first) : Bytes(entry_->first); }

bool WriteMap::Segment::has_end() const { return is_operation() || std::next(entry_) != map_->end(); }

Bytes WriteMap::Segment::end() const { return is_operation() ? key_after(entry_->first) : Bytes(std::next(entry_)->first); }

void WriteMap::Segment::next() {
  if (!on_range_) {
    // The range after the key is empty when the next entry sits right behind it.
    const auto after = std::next(entry_);
    if (after == map_->end() || !is_key_after(after->first, entry_->first)) {
      on_range_ = true;
      return;
    }
  }
  ++entry_;
  on_range_ = entry_->second.operations.empty();
}

void WriteMap::Segment::prev() {
  if (begins_after()) {
    on_range_ = false;
    return;
  }
  const Slice key = entry_->first;
  --entry_;
  on_range_ = entry_->second.operations.empty() || !is_key_after(key, entry_->first);
}

bool WriteMap::Segment::is_first() const { return entry_ == map_->begin() && !begins_after(); }

// ---- the map -------------------------------------------------------------------------------------

// What a map without writes looks like. Never freed.
const WriteMap::Map& WriteMap::untouched() {
  static const Map* const map = new Map{{Slice(), Entry()}};
  return *map;
}

WriteMap& WriteMap::operator=(const WriteMap& other) {
  if (this == &other) return *this;
  map_.clear();
  arena_.clear();
  for (const auto& [key, entry] : other.map_) {
    Entry& copy = map_.emplace_hint(map_.end(), arena_.copy(key), entry)->second;
    for (KeyOperation& operation : copy.operations) operation.value = arena_.copy(operation.value);
  }
  return *this;
}

WriteMap::Map::iterator WriteMap::containing(Slice key) { return std::prev(map_.upper_bound(key)); }

WriteMap::Segment WriteMap::segment(Slice key) const {
  Segment segment;
  segment.map_ = empty() ? &untouched() : &map_;
  segment.entry_ = std::prev(segment.map_->upper_bound(key));
  segment.on_range_ = segment.entry_->second.operations.empty() || segment.entry_->first != key;
  return segment;
}

// Makes sure that an entry starts at `key`.
WriteMap::Map::iterator WriteMap::split(Slice key) {
  const auto at = containing(key);
  if (at->first == key) return at;
  Entry entry;
  entry.following = at->second.following;
  return map_.emplace_hint(std::next(at), arena_.copy(key), std::move(entry));
}

// Makes one range of what is between the two entries.
void WriteMap::replace(Map::iterator start, Map::iterator stop, State state) noexcept {
  start->second = Entry();
  start->second.following = state;
  map_.erase(std::next(start), stop);
}

void WriteMap::mutate(Slice key, Op op, Slice value, bool add_conflict) {
  open();
  const auto at = containing(key);
  KeyOperation operation{op, true, arena_.copy(value)};
  const KeyOperation absent{Op::kSet, false, Slice()};
  if (at->first != key) {
    Entry entry;
    entry.following = at->second.following;
    entry.conflict = add_conflict || entry.following.conflict;
    entry.unreadable = entry.following.unreadable || is_stamp(op);
    entry.operations.reserve(1);
    if (entry.following.cleared && is_dependent(op)) {
      entry.operations.push_back(absent);
      combine(&entry.operations, operation, &arena_);
    } else {
      entry.operations.push_back(operation);
    }
    map_.emplace_hint(std::next(at), arena_.copy(key), std::move(entry));
    return;
  }
  Entry& entry = at->second;
  const bool fresh = entry.operations.empty();
  const bool was_unreadable = fresh ? entry.following.unreadable : entry.unreadable;
  const bool cleared = fresh && entry.following.cleared;
  entry.conflict = add_conflict || (fresh ? entry.following.conflict : entry.conflict);
  entry.unreadable = was_unreadable || is_stamp(op);
  if (!was_unreadable && op == Op::kSet) {
    entry.operations.assign(1, operation);
  } else if (cleared && is_dependent(op)) {
    entry.operations.push_back(absent);
    combine(&entry.operations, operation, &arena_);
  } else if (!entry.unreadable && !fresh) {
    combine(&entry.operations, operation, &arena_);
  } else {
    entry.operations.push_back(operation);
  }
}

void WriteMap::clear_range(Slice begin, Slice end, bool add_conflict) {
  open();
  if (!add_conflict) return clear_keeping_conflicts(begin, end);
  const Segment first = segment(begin);
  const bool extends = first.is_cleared() && first.is_conflict() && !first.is_unreadable();
  const auto stop = split(end);
  // A cleared stretch that starts right at the end is taken in.
  const State after = stop->second.following;
  const bool take_in = stop->second.operations.empty() && after.cleared && after.conflict && !after.unreadable;
  const auto last = take_in ? std::next(stop) : stop;
  if (extends) {
    map_.erase(map_.upper_bound(first.key()), last);
    return;
  }
  replace(split(begin), last, {true, true, false});
}

// Clearing without a conflict range leaves the conflict ranges that are there.
void WriteMap::clear_keeping_conflicts(Slice begin, Slice end) {
  struct Piece {
    Bytes begin;
    bool conflict;
  };
  std::vector<Piece> pieces;
  const auto stop = split(end);
  for (Segment piece = segment(begin); piece.begins_before(end); piece.next()) {
    const Bytes from = std::max(Bytes(begin), piece.begin());
    if (pieces.empty() || pieces.back().conflict != piece.is_conflict()) pieces.push_back({from, piece.is_conflict()});
    if (!piece.has_end()) break;
  }
  Map cleared;
  for (const Piece& piece : pieces) {
    cleared.emplace_hint(cleared.end(), arena_.copy(piece.begin), Entry())->second.following = {true, piece.conflict, false};
  }
  map_.erase(map_.lower_bound(begin), stop);
  map_.merge(cleared);
}

void WriteMap::add_conflict_range(Slice begin, Slice end) {
  open();
  // Inside of a conflict range there is nothing to mark, so it is not split there.
  const auto boundary = [this](Slice key) {
    const auto at = containing(key);
    return at->first == key || !at->second.following.conflict ? split(key) : std::next(at);
  };
  const auto stop = boundary(end);
  for (auto at = boundary(begin); at != stop; ++at) {
    at->second.conflict = true;
    at->second.following.conflict = true;
  }
}

void WriteMap::make_unreadable(Slice begin, Slice end) {
  open();
  const auto stop = split(end);
  replace(split(begin), stop, {false, false, true});
}

}  // namespace fdb
