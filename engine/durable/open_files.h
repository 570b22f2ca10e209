// Which database files this library has open in this process, by their identity in the file system, and what becomes of them in a
// forked child.
//
// Thread-safety: every member may be called from any thread.
// Invariants:
//  1. A file is open once, under whichever name.
//  2. A forked child does not touch what it inherited: neither closes it, which would checkpoint the parent's log, nor frees it. It stays
//     reachable from here.
//  3. No thread is inside SQLite while the process forks, so that SQLite's own locks are free in the child.
#pragma once

#include <sys/types.h>

#include "base/common.h"

namespace fdb::durable {

struct SqliteFile;

class OpenFile {
 public:
  // Throws FileError 1529 if it is open.
  explicit OpenFile(const Bytes& path);
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  ~OpenFile();

  // Has SQLite forget, in a forked child, the locks that it believes to have on the file: they are the parent's. Another copy of this
  // library in the child, with the same SQLite, may then open the file once the parent has closed it.
  void unlock_in_child(SqliteFile* file);
  // Whether this process is a child that was forked while the file was open: who owns this, leaks it.
  bool is_inherited() const;
  // Whether a parent process had the file open at the fork.
  static bool was_open_in_parent(const Bytes& path);

 private:
  friend struct OpenFiles;

  dev_t device_ = 0;
  ino_t inode_ = 0;
  bool inherited_ = false;
  SqliteFile* file_ = nullptr;
  OpenFile* next_ = nullptr;
};

// While it lives, its thread may call SQLite. Entering waits for a fork that goes on.
class InsideSqlite {
 public:
  InsideSqlite();
  InsideSqlite(const InsideSqlite&) = delete;
  InsideSqlite& operator=(const InsideSqlite&) = delete;
  ~InsideSqlite();
};

}  // namespace fdb::durable
