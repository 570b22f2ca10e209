// SQLite's write-ahead log, PATH-wal, as a file: making it durable beside the connection that writes to it, and what its end tells.
//
// SQLite runs with synchronous=NORMAL, so that COMMIT writes frames to the log and does not sync. A sync of the log's file afterwards is as
// good as synchronous=FULL, of which it is the last step:
//  - A frame counts only with those before it, by salts and running checksums: what a sync has put on disk stays valid whatever becomes of
//    later frames, and a commit that another thread makes during a sync is found as a whole or not at all.
//  - When the log starts over, SQLite writes the header with new salts and syncs it before any frame (also with NORMAL). It does so only
//    after a checkpoint of the whole log, which syncs the log before it writes to the database, and the database before it
//    counts as done: what was synced before is in the database then.
//  - The directory's entry of a new log is made durable when the file is opened, before there is a commit.
// It needs no lock of the connection: SQLite's unix VFS makes it one fdatasync() of a descriptor that stays open as long as the
// connection (the log is closed with it, and only then; offsets are arguments of its reads and writes). What it changes besides, a flag
// to sync the directory, it changes in its first call, which is made while opening. A commit or a checkpoint may go on meanwhile: what a
// sync promises is about the writes that were complete when it began.
//
// Thread-safety: sync() and check_synced() may be called from any thread; the others while nobody else uses the connection.
// Invariants:
//  1. After a sync that failed, here or in SQLite, Connection::sync_failed() is true and every sync() fails: the kernel takes what it could
//     not write for clean, and the next fdatasync() would succeed without it.
#pragma once

#include "durable/sqlite_connection.h"

namespace fdb::durable {

class WriteAheadLog {
 public:
  static constexpr int64_t kFrame = 24 + 4096;  // bytes

  // Of a connection that has read from a database in WAL mode.
  explicit WriteAheadLog(Connection* connection);

  int64_t size();
  // Throws FileError 1522 if a record of the commit log lies in the log, maybe behind a damaged frame, at which SQLite takes the log to end,
  // and says that versions were on disk that are newer than `last`, the last one that SQLite has found.
  void check_end(Version last);
  // Makes durable what was found when the file was opened: it will be acknowledged as if it were. Whoever wrote it may have died before
  // the sync, or after one that failed. So all of it is written again.
  void write_again();
  // Throws FileError 1510.
  void sync();
  // Throws FileError 1510 if a sync has failed.
  void check_synced() const;

 private:
  Connection* connection_;
  SqliteFile* file_;
};

}  // namespace fdb::durable
