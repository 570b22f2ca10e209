// What a transaction has read: which parts of the key space it knows, and what the reads cost.
//
// Thread-safety: none; a transaction owns it under its lock. Adding is an append; the accounting is done when asked for.
// Invariants:
//  1. Every key of points() is known. Until a range is read they alone are, so that what a read of one adds is plain at once.
//  2. From then on reads are accounted for in their order, since a range may make keys known, and the other way round.
//  3. An add that finds no memory throws and changes nothing.
#pragma once

#include <map>

#include "txn/point_reads.h"

namespace fdb {

class ReadLog {
 public:
  static constexpr int64_t kPage = 4096;

  // A read of [begin, end) that returned `bytes`.
  void add(Slice begin, Slice end, size_t bytes);
  PointReads::Point& add_point(Slice key, size_t bytes);
  // A read that makes nothing known.
  void charge(size_t bytes);
  bool covers(Slice begin, Slice end);
  bool covers_point(Slice key);
  // Pages times kPage over the reads that went beyond what was known when they were made.
  int64_t cost();
  const std::map<Bytes, Bytes, std::less<>>& known();
  // Does a part of the accounting, at most `*steps` reads, which it takes from that; whether all is done.
  bool settle(int* steps);
  PointReads& points() { return points_; }
  void clear() noexcept;

 private:
  struct Read {
    KeyRange range;
    uint32_t pages;
  };
  void settle();
  void learn(Slice begin, Slice end);
  bool is_known(Slice begin, Slice end) const;

  PointReads points_;
  const PointReads::Point* last_learned_ = nullptr;  // of those that were read before any range
  size_t to_learn_ = 0;                              // so many more are in the order of points_
  bool has_ranges_ = false;
  std::vector<Read> pending_;
  size_t settled_ = 0;  // of them
  Arena arena_;
  std::map<Bytes, Bytes, std::less<>> known_;  // begin -> end, disjoint
  int64_t pages_ = 0;
};

}  // namespace fdb
