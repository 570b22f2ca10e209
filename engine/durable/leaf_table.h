// Which rows of the table kv belong together: the table `leaves`, a row for each leaf of the tree, so that opening a database reads these
// only.
//
//   k         BLOB     the leaf holds all rows of kv from this key on, and below the next leaf's; the primary key
//   keys      INTEGER  how many they are
//   bytes     INTEGER  the sum of the lengths of their keys and values
//   checksum  INTEGER  over the rows in the order of their keys: crc32c of, for each, the lengths of key and value in 8 bytes each
//                      (little-endian), the key, and the value (that of the table big where kv only has its id)
//   own       INTEGER  crc32c of k and of keys, bytes and checksum in 8, 8 and 4 bytes (little-endian)
//
// Thread-safety: none.
// Invariants:
//  1. A row is what was written, and no row is missing, or reading all of them is error 1522: see the totals in meta_table.h.
#pragma once

#include <span>

#include "durable/meta_table.h"
#include "store/leaf_source.h"

namespace fdb::durable {

uint32_t own_checksum(const StoredLeaf& leaf);
void add(LeafTotals* totals, const StoredLeaf& leaf);
void subtract(LeafTotals* totals, const StoredLeaf& leaf);

class LeafTable {
 public:
  using TakeLeaf = std::function<void(const StoredLeaf& leaf)>;

  explicit LeafTable(Connection* connection);

  // In order; 1522 unless they add up to `totals`.
  void for_each(const LeafTotals& totals, const TakeLeaf& take);
  // Instead of those whose first key is in [begin, end), where an empty `end` is the end of all keys.
  void replace(Slice begin, Slice end, std::span<const StoredLeaf> leaves, LeafTotals* totals);
  // The first key of the first leaf from `key` on.
  bool next(Slice key, Bytes* first);
  // Behind all others.
  void insert(const StoredLeaf& leaf);

 private:
  // The row that a statement over (k, keys, bytes, checksum, own) stands on.
  StoredLeaf row(Statement& statement);

  Connection* connection_;
  Statement all_, from_, range_, remove_from_, remove_range_, insert_;
};

}  // namespace fdb::durable
