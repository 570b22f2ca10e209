// Users of a keyspace (transactions) whose commit is decided and was not delivered: nobody has looked at it yet. Who looks gets it at once; for
// the others the network thread delivers it a moment later.
//
// Thread-safety: every member may be called from any thread. Lock order: a user's lock, then this one's.
#pragma once

#include "base/common.h"
#include "base/schedule.h"
#include "db/keyspace_user.h"

namespace fdb {

class Undelivered {
 public:
  // How long a commit waits for a look. A program that misuses the transaction meanwhile fails it, as it does while a server
  // works on the commit.
  static constexpr int64_t kPatienceMicros = 10'000;

  // A user's place in the list; the user owns it.
  struct Place {
    explicit Place(KeyspaceUser* owner) : user(owner) {}
    KeyspaceUser* const user;
    Place* previous = nullptr;
    Place* next = nullptr;
    int64_t due = 0;
  };

  // Puts the user at the end, from wherever it was. True if nobody is going to come for it yet: call arm() then.
  bool add(Place* place, int64_t now);
  void remove(Place* place);
  // Delivers what is due, a bounded number. Returns when to come again; negative: not before the next add().
  int64_t deliver(int64_t now);
  // Nobody comes after all.
  void disarm();

 private:
  void unlink(Place* place);

  Mutex mutex_;
  Place* first_ = nullptr;
  Place* last_ = nullptr;
  bool armed_ = false;
};

}  // namespace fdb
