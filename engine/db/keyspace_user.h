// What a keyspace knows of its transactions: that they hold snapshots, which get too old, and commits that nobody looks at.
//
// Thread-safety: every member may be called from any thread, without locks of the keyspace held. None of them waits for a user
// that is busy.
#pragma once

#include "base/common.h"

namespace fdb {

class KeyspaceUser : public RefCounted<KeyspaceUser> {
 public:
  virtual ~KeyspaceUser() = default;

  // Gives up snapshots that are out of the read window, in pieces: each takes from `*steps` what it has cost.
  virtual void release_snapshot(int* steps) = 0;
  // Delivers the commit that is decided; false if the user is busy.
  virtual bool deliver_commit_unless_busy() = 0;
};

}  // namespace fdb
