// The transactions of a keyspace that hold a snapshot, by its version: what is out of the read window is taken from them, a
// bounded piece of work at a time, and without waiting for a transaction that is busy.
//
// Thread-safety: every member may be called from any thread. Lock order: a transaction's lock, then the sweeper's.
#pragma once

#include <set>

#include "base/common.h"
#include "base/schedule.h"

namespace fdb {

class Transaction;

class Sweeper {
 public:
  static constexpr Version kNone = INT64_MAX;  // holds nothing

  // The oldest version that the transaction holds a snapshot of has changed.
  void move(Transaction* transaction, Version from, Version to);
  // One piece of work on what is older than `horizon`; whether there is more to do.
  bool sweep(Version horizon);
  bool empty();

 private:
  using Place = std::pair<Version, Transaction*>;

  Mutex mutex_;
  std::set<Place> holders_;
  Place last_{0, nullptr};  // where the last piece of work ended
};

}  // namespace fdb
