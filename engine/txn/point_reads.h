// The keys that an attempt has read one by one, in the order in which they were read first, each kept once.
//
// A hash table of records that lie in an arena. The first few keys need no memory but what is in here.
//
// Thread-safety: none; a transaction owns it under its lock. A point stays where it is until clear().
// Invariants:
//  1. Memory grows with the number of keys, not with that of the reads.
//  2. An add that finds no memory throws and changes nothing.
//  3. Which keys collide follows from a number drawn for the process: who chooses keys cannot choose that.
#pragma once

#include <memory>

#include "store/range_set.h"

namespace fdb {

class PointReads {
 public:
  // The key's bytes follow, and a zero byte.
  struct Point {
    Point* next;
    uint32_t size;
    uint32_t hash;
    bool depends;  // a commit fails if the key was written since
    bool is_collected;

    Slice key() const { return Slice(reinterpret_cast<const char*>(this + 1), size); }
    KeyRange range() const { return {key(), Slice(reinterpret_cast<const char*>(this + 1), size + size_t{1})}; }
  };

  PointReads() = default;
  PointReads(const PointReads&) = delete;

  // The key's point, made if there is none.
  Point& add(Slice key, bool* is_new);
  bool contains(Slice key) const { return *find(key, hash_of(key)) != nullptr; }
  // Adds the ranges of those that the commit depends on to `set`, which need this to live; each once.
  void collect(RangeSet* set);
  const Point* first() const { return first_; }
  size_t size() const { return size_; }
  void clear() noexcept;

 private:
  static constexpr size_t kFirstSlots = 8;
  static constexpr size_t kRoom = 160;
  static const uint64_t seed_;

  static uint32_t hash_of(Slice key);
  // Where the key is, or belongs.
  Point* const* find(Slice key, uint32_t hash) const;
  void* allocate(size_t size);
  void grow();

  Point* first_ = nullptr;
  Point** last_ = &first_;
  Point** uncollected_ = &first_;
  size_t size_ = 0;
  size_t mask_ = kFirstSlots - 1;
  std::unique_ptr<Point*[]> table_;  // instead of first_table_ once that is too small
  size_t room_used_ = 0;
  Arena arena_;  // what does not fit into room_
  Point* first_table_[kFirstSlots] = {};
  alignas(Point) char room_[kRoom];
};

}  // namespace fdb
