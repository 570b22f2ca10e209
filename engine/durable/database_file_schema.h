// What makes a SQLite database one of ours, and how an empty one comes into being.
//
//   application_id  0x66646245, "fdbE" in the bytes 68 to 71 of the file
//   user_version    1, the version of the format
//   page size       4096, auto_vacuum incremental, text in UTF-8
//   tables          meta (meta_table.h), log (log_table.h), kv and big (kv_table.h), leaves (leaf_table.h), and no others
//
// A file in use has PATH-wal beside it, and PATH-lock (file_lock.h). One that was closed cleanly is complete without them, and the
// program `sqlite3` can look into it.
//
// Thread-safety: none.
// Invariants:
//  1. Creating is one transaction with a rollback journal, synced together with the directory: after a crash the file is empty, or
//     becomes so when it is opened next, or has everything.
//  2. What is not ours is recognized by its first 100 bytes, before SQLite reads more of it, and is not changed.
#pragma once

#include "durable/meta_table.h"

namespace fdb::durable {

constexpr int64_t kApplicationId = 0x66646245;
constexpr int64_t kUserVersion = 1;
constexpr int64_t kPageSize = 4096;

// Whether an opened file, of which SQLite has read nothing yet, is empty. Throws FileError 1522 if it is something else than a file of
// ours, 1220 if of a newer format.
bool is_empty(Connection* connection);

// Whether there is a rollback journal: making the file a database may have been interrupted.
bool has_journal(Connection* connection);

// Makes the tables of an empty database with a fresh id.
void create_schema(Connection* connection);

// Throws FileError 1522 unless the tables are exactly what create_schema() makes.
void check_schema(Connection* connection);

}  // namespace fdb::durable
