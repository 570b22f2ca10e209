// The users of a keyspace (transactions) that hold a snapshot, by its version: what is out of the read window is taken from them, a
// bounded piece of work at a time, and without waiting for one that is busy.
//
// Thread-safety: every member may be called from any thread. Lock order: a user's lock, then the sweeper's.
// Invariants:
//  1. Coming and going allocates nothing and takes a few instructions: every transaction that reads does both.
//  2. The list is in the order of the versions but for users that come with one much older than those of others: they stay where they
//     are, and so longer by at most a window.
#pragma once

#include "base/common.h"
#include "base/schedule.h"
#include "db/keyspace_user.h"

namespace fdb {

class Sweeper {
 public:
  static constexpr Version kNone = INT64_MAX;  // holds nothing

  // A user's place in the list; the user owns it.
  struct Place {
    explicit Place(KeyspaceUser* owner) : user(owner) {}
    KeyspaceUser* const user;
    Place* previous = nullptr;
    Place* next = nullptr;
    Version version = kNone;  // the oldest one that the user holds a snapshot of; it is in the list if there is one
  };

  // The oldest version that the user holds a snapshot of is another one.
  void move(Place* place, Version version) noexcept;
  // One piece of work on what is older than `horizon`; whether there is more to do.
  bool sweep(Version horizon);
  bool empty();

 private:
  void unlink(Place* place) noexcept;
  void link(Place* place) noexcept;

  Mutex mutex_;
  Place* first_ = nullptr;
  Place* last_ = nullptr;
  Place* next_ = nullptr;  // where the next piece of work begins; null: at the first
};

}  // namespace fdb
