#include "durable/leaf_table.h"

#include "base/crc32c.h"

namespace fdb::durable {

namespace {

constexpr const char* kDamaged = "is damaged (the checksum of the table leaves)";

void put(char* place, uint64_t number, int bytes) {
  for (int i = 0; i < bytes; ++i) place[i] = static_cast<char>(number >> (8 * i));
}

}  // namespace

uint32_t own_checksum(const StoredLeaf& leaf) {
  char numbers[20];
  put(numbers, static_cast<uint64_t>(leaf.keys), 8);
  put(numbers + 8, static_cast<uint64_t>(leaf.bytes), 8);
  put(numbers + 16, leaf.checksum, 4);
  return crc32c(Slice(numbers, sizeof numbers), crc32c(leaf.first));
}

void add(LeafTotals* totals, const StoredLeaf& leaf) {
  ++totals->leaves;
  totals->keys += leaf.keys;
  totals->bytes += leaf.bytes;
  totals->checksum ^= own_checksum(leaf);
}

void subtract(LeafTotals* totals, const StoredLeaf& leaf) {
  --totals->leaves;
  totals->keys -= leaf.keys;
  totals->bytes -= leaf.bytes;
  totals->checksum ^= own_checksum(leaf);
}

LeafTable::LeafTable(Connection* connection)
    : connection_(connection),
      all_(connection, "SELECT k, keys, bytes, checksum, own FROM leaves ORDER BY k"),
      from_(connection, "SELECT k, keys, bytes, checksum, own FROM leaves WHERE k >= ?1 ORDER BY k"),
      range_(connection, "SELECT k, keys, bytes, checksum, own FROM leaves WHERE k >= ?1 AND k < ?2 ORDER BY k"),
      remove_from_(connection, "DELETE FROM leaves WHERE k >= ?1"),
      remove_range_(connection, "DELETE FROM leaves WHERE k >= ?1 AND k < ?2"),
      insert_(connection, "INSERT INTO leaves VALUES (?1, ?2, ?3, ?4, ?5)") {}

StoredLeaf LeafTable::row(Statement& statement) {
  const StoredLeaf leaf{statement.blob(0), statement.integer(1), statement.integer(2),
                        static_cast<uint32_t>(statement.integer(3))};
  if (statement.integer(4) != int64_t{own_checksum(leaf)} || leaf.keys < 0 || leaf.bytes < 0) {
    throw_corrupt(connection_->path(), kDamaged);
  }
  return leaf;
}

void LeafTable::for_each(const LeafTotals& totals, const TakeLeaf& take) {
  Execution execution(all_);
  LeafTotals sum;
  Bytes last;
  while (all_.step()) {
    const StoredLeaf leaf = row(all_);
    if (sum.leaves > 0 && leaf.first <= last) throw_corrupt(connection_->path(), "is damaged (the order of the table leaves)");
    last = leaf.first;
    add(&sum, leaf);
    take(leaf);
  }
  if (sum != totals) throw_corrupt(connection_->path(), "is damaged (the totals of the table leaves)");
}

void LeafTable::replace(Slice begin, Slice end, std::span<const StoredLeaf> leaves, LeafTotals* totals) {
  Statement& select = end.empty() ? from_ : range_;
  Statement& remove = end.empty() ? remove_from_ : remove_range_;
  bool any = false;
  {
    Execution execution(select);
    select.bind(1, begin);
    if (!end.empty()) select.bind(2, end);
    for (; select.step(); any = true) subtract(totals, row(select));
  }
  if (any) {
    Execution execution(remove);
    remove.bind(1, begin);
    if (!end.empty()) remove.bind(2, end);
    remove.run();
  }
  for (const StoredLeaf& leaf : leaves) {
    insert(leaf);
    add(totals, leaf);
  }
}

bool LeafTable::next(Slice key, Bytes* first) {
  Execution execution(from_);
  from_.bind(1, key);
  if (!from_.step()) return false;
  *first = row(from_).first;
  return true;
}

void LeafTable::insert(const StoredLeaf& leaf) {
  Execution execution(insert_);
  insert_.bind(1, leaf.first).bind(2, leaf.keys).bind(3, leaf.bytes).bind(4, int64_t{leaf.checksum});
  insert_.bind(5, int64_t{own_checksum(leaf)}).run();
}

}  // namespace fdb::durable
