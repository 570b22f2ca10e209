// The pairs: the table `kv`, and the table `big` for long values, which would make the tree of `kv` deep.
//
//   kv.k    BLOB     the key, the primary key; rows lie in the order of their bytes
//   kv.v    BLOB     the value, up to 1,000 bytes
//           INTEGER  or the id of a row of big
//   big.id  INTEGER  the primary key; no two rows of kv have the same one
//   big.v   BLOB     a value of more than 1,000 bytes
//
// Thread-safety: none.
// Invariants:
//  1. A row of big belongs to one row of kv, and goes with it.
//  2. Keys and values have no checksum here: they are covered by their leaf's (leaf_table.h).
#pragma once

#include "durable/meta_table.h"
#include "store/leaf_source.h"

namespace fdb::durable {

constexpr size_t kLongestInlineValue = 1000;

class KvTable {
 public:
  explicit KvTable(Connection* connection);

  // At most `most` rows in [begin, end), where an empty `end` is the end of all keys; true if there are more. `take` must not use the
  // table, and may throw.
  bool scan(Slice begin, Slice end, int64_t most, const LeafSource::TakeRow& take);
  // Replaces what the key had.
  void put(Slice key, Slice value);
  void erase(Slice key);
  // The change was undone, so that what is remembered of the table may be wrong.
  void forget() { has_big_known_ = false; }

 private:
  Slice big_value(int64_t id);
  // Removes the long value of a key that has one.
  void remove_big(Slice key);
  bool has_big();

  Connection* connection_;
  Statement rows_, put_, erase_, put_big_, get_big_, remove_big_, any_big_;
  // Most databases have no long values, and need not look for one that goes.
  bool has_big_ = false, has_big_known_ = false;
};

}  // namespace fdb::durable
