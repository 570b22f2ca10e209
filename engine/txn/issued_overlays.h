// A transaction's writes as they were when each of its waiting reads was issued: one copy, and what was written since.
//
// Thread-safety: none; a transaction owns it under its lock.
#pragma once

#include <vector>

#include "base/arena.h"
#include "txn/write_map.h"

namespace fdb {

class IssuedOverlays {
 public:
  using Moment = size_t;

  // The state of `writes` now, for a read that is about to wait.
  Moment now(const WriteMap& writes);
  // As the functions of WriteMap, which the caller calls, too.
  void mutate(Slice key, Op op, Slice value, bool add_conflict);
  void clear_range(Slice begin, Slice end, bool add_conflict);
  void add_conflict_range(Slice begin, Slice end);
  void make_unreadable(Slice begin, Slice end);
  // The writes at a moment that is not before the one asked for last. Valid until the next call.
  const WriteMap& at(Moment moment);
  void clear();

 private:
  enum class Kind { kMutate, kClear, kConflict, kUnreadable };
  struct Write {
    Kind kind;
    Op op;
    bool add_conflict;
    Slice first;
    Slice second;
  };

  void add(const Write& write);
  void apply(const Write& write);

  bool recording_ = false;
  WriteMap writes_;  // at the moment applied_
  Moment applied_ = 0;
  std::vector<Write> log_;
  Arena arena_;
};

}  // namespace fdb
