// What belongs to one attempt of a transaction. The next attempt begins with a fresh one: a reset is an assignment, which neither
// allocates nor throws.
//
// Thread-safety: none; a transaction owns it under its lock.
// Invariant: the official client keeps a transaction in two halves, the overlay with its reads, and below it the native one. Some
// resets renew only one of them, so what is in one half does not point into the other.
#pragma once

#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "db/keyspace.h"
#include "store/range_set.h"
#include "txn/read_log.h"
#include "txn/special_key_space.h"
#include "txn/write_map.h"

namespace fdb {

struct OverlayHalf {
  explicit OverlayHalf(Error deferred = 0) noexcept : deferred_error(deferred) {}

  void defer(Error error) {
    if (deferred_error == 0) deferred_error = error;
  }

  Error deferred_error;   // of a call that could not say so; everything else fails with it
  Error state_error = 0;  // 1025, 1031, 2017: the transaction was ended
  Error read_error = 0;   // of the first registered read that failed
  bool used = false;      // by a read, or a write into the overlay
  WriteMap writes;
  std::vector<Bytes> stamped_keys;  // pending SET_VERSIONSTAMPED_KEY operands
  RangeSet read_conflicts;
  ReadLog read_log;
  std::unique_ptr<SpecialAttempt> special;  // what the special key space keeps
};

struct NativeHalf {
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

  void renew_overlay(Error deferred) noexcept {
    OverlayHalf fresh(deferred);
    keep_room(writes, &fresh.writes);
    keep_room(read_conflicts, &fresh.read_conflicts);
    keep_room(read_log, &fresh.read_log);
    static_cast<OverlayHalf&>(*this) = std::move(fresh);
  }
  void renew_native() noexcept {
    NativeHalf fresh;
    keep_room(native.arena, &fresh.arena);
    keep_room(native.mutations, &fresh.mutations);
    keep_room(native.write_conflicts, &fresh.write_conflicts);
    native = std::move(fresh);
  }

  NativeHalf native;

 private:
  // What attempts fill again and again starts empty, but with the memory that it had.
  template <class Container>
  static void keep_room(Container& old, Container* fresh) noexcept {
    old.clear();
    *fresh = std::move(old);
  }
};

static_assert(std::is_nothrow_move_assignable_v<OverlayHalf> && std::is_nothrow_move_assignable_v<NativeHalf>);

}  // namespace fdb
