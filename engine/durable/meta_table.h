// What a database file keeps about itself: the table `meta`, a row for each name.
//
//   name             value
//   format           INTEGER  1
//   id               BLOB     16 random bytes, the identity of the database
//   base             INTEGER  log records up to this version are in the table kv
//   fold_target      INTEGER  rows of kv may be as new as this version
//   lease            INTEGER  no version above it was given out
//   log_end          INTEGER  the newest record that was there at the last checkpoint
//   leaves           INTEGER  the number of rows in the table leaves, and over all of them
//   keys             INTEGER    the sum of their `keys`,
//   bytes            INTEGER    the sum of their `bytes`,
//   leaves_checksum  INTEGER    their `own` combined by exclusive or
//   checksum         INTEGER  crc32c of the text of lines "name=value\n" for all other rows in the order of their names, numbers in
//                             decimal and the id in lower-case hexadecimal digits
//
// Thread-safety: none.
#pragma once

#include "durable/file_error.h"
#include "durable/sqlite_connection.h"

namespace fdb::durable {

constexpr int64_t kFileFormat = 1;

// The versions that the file keeps.
struct Versions {
  Version base = 0;         // log records up to it are in the table
  Version fold_target = 0;  // rows of the table may be as new as this
  Version lease = 0;        // no version above it was given out
  Version log_end = 0;      // the newest record that is known to be there; see DatabaseFile::checkpoint()
  bool operator==(const Versions&) const = default;
};

// Over all rows of `leaves`.
struct LeafTotals {
  int64_t leaves = 0;
  int64_t keys = 0;
  int64_t bytes = 0;
  uint32_t checksum = 0;
  bool operator==(const LeafTotals&) const = default;
};

struct Meta {
  Bytes id;
  Versions versions;
  LeafTotals totals;
  bool operator==(const Meta&) const = default;
};

uint32_t checksum_of(const Meta& meta);

// As the id is written where people read it, and in the checksum.
Bytes hexadecimal(Slice bytes);

class MetaTable {
 public:
  explicit MetaTable(Connection* connection);

  // 1522 if a row is missing, of a wrong type, too much, or if the checksum is another one.
  Meta load();
  // Writes the rows in which `now` differs from `before`.
  void update(const Meta& before, const Meta& now);
  // All rows, into an empty table.
  static void create(Connection* connection, const Meta& meta);

 private:
  void set(const char* name, int64_t value);

  Connection* connection_;
  Statement select_;
  Statement update_;
};

}  // namespace fdb::durable
