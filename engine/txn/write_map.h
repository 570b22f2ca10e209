// The uncommitted writes of one transaction: for every key either unmodified, cleared, or a stack of operations.
//
// Thread-safety: none; a transaction owns it under its lock.
// When memory runs out a write throws, perhaps half done: the map can be walked, but its transaction must not be committed.
//
// The key space is cut into segments at the entries of an ordered map. An entry with operations is a segment of its own,
// [key, key\0); what follows up to the next entry is a second segment with the entry's `following` state. An entry
// without operations only starts a segment. Where segments begin is visible to programs (each piece of a read
// conflict counts in the approximate size), so adjacent segments of equal state are not merged behind their back.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "base/arena.h"
#include "db/atomic_ops.h"

namespace fdb {

// An operation on one key. A kSet without value is a known absence (what COMPARE_AND_CLEAR leaves of a known value).
struct KeyOperation {
  Op op;
  bool has_value;
  Slice value;
};

class WriteMap {
 public:
  struct State {
    bool cleared = false;
    bool conflict = false;
    bool unreadable = false;
  };
  struct Entry {
    std::vector<KeyOperation> operations;
    bool conflict = false;    // of the key itself, when it has operations
    bool unreadable = false;  // of the key itself, when it has operations
    State following;
  };
  using Map = std::map<Slice, Entry, std::less<>>;

  // A segment: the part of the key space with one state. Walks forwards and backwards.
  class Segment {
   public:
    Slice begin_key() const;  // without the \0 that begins_after() says
    bool begins_after() const { return on_range_ && !entry_->second.operations.empty(); }
    bool is_operation() const { return !on_range_; }
    bool is_cleared() const { return on_range_ && entry_->second.following.cleared; }
    bool is_unmodified() const { return on_range_ && !entry_->second.following.cleared; }
    bool is_unreadable() const { return on_range_ ? entry_->second.following.unreadable : entry_->second.unreadable; }
    bool is_conflict() const { return on_range_ ? entry_->second.following.conflict : entry_->second.conflict; }
    // Operation segments: whether the stack starts with a value of its own, so that the snapshot does not matter.
    bool is_independent() const;
    const std::vector<KeyOperation>& operations() const { return entry_->second.operations; }
    Slice key() const { return entry_->first; }

    bool begins_before(Slice key) const;  // begin < key
    Bytes begin() const;
    bool has_end() const;  // false for the last segment
    Bytes end() const;     // only if has_end()
    void next();
    void prev();
    bool is_first() const;

   private:
    friend class WriteMap;
    const Map* map_ = nullptr;
    Map::const_iterator entry_;
    bool on_range_ = true;
  };

  WriteMap() = default;  // allocates nothing
  WriteMap(const WriteMap& other) { *this = other; }
  WriteMap(WriteMap&&) noexcept = default;
  WriteMap& operator=(const WriteMap& other);
  WriteMap& operator=(WriteMap&&) noexcept = default;

  bool empty() const { return map_.empty(); }
  void clear() noexcept {
    map_.clear();
    arena_.clear();
  }

  // The segment that contains `key`.
  Segment segment(Slice key) const;

  // One operation on `key`; combines with what is there.
  void mutate(Slice key, Op op, Slice value, bool add_conflict);
  void clear_range(Slice begin, Slice end, bool add_conflict);
  void add_conflict_range(Slice begin, Slice end);
  // For versionstamped keys: forgets the writes in the range and makes it unreadable.
  void make_unreadable(Slice begin, Slice end);

 private:
  static const Map& untouched();
  // Before a write: makes the entry at the beginning of the key space.
  void open() {
    if (map_.empty()) map_.emplace(Slice(), Entry());
  }
  Map::iterator split(Slice key);
  Map::iterator containing(Slice key);
  void replace(Map::iterator start, Map::iterator stop, State state) noexcept;
  void clear_keeping_conflicts(Slice begin, Slice end);

  Map map_;  // empty, or with an entry at the beginning of the key space
  Arena arena_;
};

// What the operations of a stack make of `existing`. nullopt: the key is absent.
std::optional<Bytes> apply_operations(const std::vector<KeyOperation>& operations, std::optional<Slice> existing);

// Whether one of them needs a value whose versionstamp is still to come.
bool builds_on_pending_stamp(const std::vector<KeyOperation>& operations);

}  // namespace fdb
