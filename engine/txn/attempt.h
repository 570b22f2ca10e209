// What belongs to one attempt of a transaction. The next attempt begins with what is as fresh: neither that nor its end allocates or
// throws.
//
// Thread-safety: none; a transaction owns it under its lock.
// Invariant: the official client keeps a transaction in two halves, the overlay with its reads, and below it the native one. Some
// resets renew only one of them, so what is in one half does not point into the other.
#pragma once

#include <memory>
#include <vector>

#include "db/keyspace.h"
#include "store/range_set.h"
#include "txn/read_log.h"
#include "txn/special_key_space.h"
#include "txn/write_map.h"

namespace fdb {

// Containers that attempts fill again and again start empty, but with the memory that they had.
struct OverlayHalf {
  explicit OverlayHalf(Error deferred = 0) noexcept : deferred_error(deferred) {}

  void defer(Error error) {
    if (deferred_error == 0) deferred_error = error;
  }
  // A read of one key, which returned `bytes`; `depends`: a write of it that comes before the commit fails that.
  void add_point_read(Slice key, size_t bytes, bool depends) {
    PointReads::Point& point = read_log.add_point(key, bytes);
    if (!depends || point.depends) return;
    if (point.is_collected) read_conflicts.add_kept(point.range());
    point.depends = true;
  }
  // Ascending, disjoint, not touching. Valid until the next read.
  const std::vector<KeyRange>& merged_read_conflicts() {
    read_log.points().collect(&read_conflicts);
    return read_conflicts.merged();
  }
  void renew_overlay(Error deferred) noexcept {
    deferred_error = deferred;
    state_error = read_error = 0;
    used = false;
    writes.clear();
    stamped_keys.clear();
    read_conflicts.clear();
    read_log.clear();
    special.reset();
  }

  Error deferred_error;   // of a call that could not say so; everything else fails with it
  Error state_error = 0;  // 1025, 1031, 2017: the transaction was ended
  Error read_error = 0;   // of the first registered read that failed
  bool used = false;      // by a read, or a write into the overlay
  WriteMap writes;
  std::vector<Bytes> stamped_keys;  // pending SET_VERSIONSTAMPED_KEY operands
  RangeSet read_conflicts;          // with those of the points in the log once they are collected
  ReadLog read_log;
  std::unique_ptr<SpecialAttempt> special;  // what the special key space keeps
};

struct NativeHalf {
  void renew() noexcept {
    arena.clear();
    mutations.clear();
    write_conflicts.clear();
    read_conflicts.clear();
    cost = 0;
    renewed = half_reset = false;
  }

  Arena arena;                      // bytes of the two below
  std::vector<Mutation> mutations;  // writes that bypass the overlay or were flushed out of it
  std::vector<KeyRange> write_conflicts;
  RangeSet read_conflicts;  // those of the overlay's that its reset keeps
  int64_t cost = 0;         // of writes, and of reads that the overlay has forgotten
  bool renewed = false;     // a commit has reset this half
  // Where on_error is refused after a read-only commit, only half of the official client's transaction is reset: the next commit
  // fails one of that client's internal checks (4100).
  bool half_reset = false;
};

struct Attempt : OverlayHalf {
  using OverlayHalf::OverlayHalf;

  NativeHalf native;
};

}  // namespace fdb
