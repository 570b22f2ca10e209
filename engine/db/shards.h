// Where the key space of a database is cut into shards, and who holds each piece: something to find for programs that ask.
//
// The boundaries are the rows of \xff/keyServers/, as on a cluster: part of the data, so that a file keeps them. Who holds a shard is kept
// in memory alone; where nothing is said it is the only process.
//
// Thread-safety: every member may be called from any thread.
// Invariants:
//  1. There is a shard from the empty key on.
//  2. A cut is one commit, or nothing.
#pragma once

#include <map>
#include <vector>

#include "base/common.h"
#include "base/schedule.h"
#include "store/version_store.h"

namespace fdb {

class Keyspace;

struct Shard {
  Bytes begin;
  std::vector<Bytes> addresses;  // with their ports; none: that of the only process
};

class Shards {
 public:
  explicit Shards(Keyspace& keyspace) : keyspace_(keyspace) {}

  // From now on these are the shards; begins ascend, and the first one is the empty key. In a file it blocks until that is on disk.
  // Returns the error of the commit.
  Error cut(const std::vector<Shard>& shards);
  // Who holds `key`, which is not beyond the system keys.
  std::vector<Bytes> addresses_of(Slice key);

  // Where shards begin in [begin, end) of a state.
  static std::vector<Bytes> begins(const Snapshot& state, Slice begin, Slice end);

 private:
  Keyspace& keyspace_;
  Mutex mutex_;
  std::map<Bytes, std::vector<Bytes>> addresses_;  // by the begin of the shard
};

// Who holds a shard, in the shape and size a server stores it: the value of a row of \xff/keyServers/.
Bytes shard_owners();

}  // namespace fdb
