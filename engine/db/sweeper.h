// The users of a keyspace (transactions) that hold a snapshot, by its version: what is out of the read window is taken from them, a
// bounded piece of work at a time, and without waiting for one that is busy.
//
// Thread-safety: every member may be called from any thread. Lock order: a user's lock, then the sweeper's.
#pragma once

#include <set>

#include "base/common.h"
#include "base/schedule.h"
#include "db/keyspace_user.h"

namespace fdb {

class Sweeper {
 public:
  static constexpr Version kNone = INT64_MAX;  // holds nothing

  // The oldest version that `user` holds a snapshot of has changed.
  void move(KeyspaceUser* user, Version from, Version to);
  // One piece of work on what is older than `horizon`; whether there is more to do.
  bool sweep(Version horizon);
  bool empty();

 private:
  using Place = std::pair<Version, KeyspaceUser*>;

  Mutex mutex_;
  std::set<Place> holders_;
  Place last_{0, nullptr};  // where the last piece of work ended
};

}  // namespace fdb
