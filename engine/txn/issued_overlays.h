// A transaction's writes as they were when each of its waiting reads was issued: one copy, and what was written since.
//
// Thread-safety: none; a transaction owns it under its lock.
#pragma once

#include <memory>
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

  struct Recording {
    explicit Recording(const WriteMap& now) : writes(now) {}
    void apply(const Write& write);

    WriteMap writes;  // at the moment `applied`
    Moment applied = 0;
    std::vector<Write> log;
    Arena arena;
  };

  void add(const Write& write);

  std::unique_ptr<Recording> recording_;  // while reads wait: in most transactions none ever does
};

}  // namespace fdb
