// Who may use a database file: locks between processes, and between two copies of this library in one process.
//
//   PATH-lock   made with the first opening, never deleted (who waits for a deleted file's lock would wait for another file than who
//               comes next). Whoever writes holds an exclusive lock on it, whoever only reads a shared one. It holds the number of the
//               process that writes.
//
// Thread-safety: every member may be called from any thread.
// Invariants:
//  1. The lock belongs to the open descriptor, not to the process: two openings in one process exclude each other, and closing another
//     descriptor of the file does not free it.
//  2. A forked child has no share in its parent's lock: its copy of the descriptor is closed before fork() returns.
#pragma once

#include <memory>

#include "base/common.h"

namespace fdb::durable {

class FileLock {
 public:
  // Does not wait. Throws FileError 1529 if another one holds it, 1514 if the lock's file cannot be written. Null when a reader finds
  // no such file where it cannot make one: there, nobody can write.
  static std::unique_ptr<FileLock> take(const Bytes& path, bool shared);
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;
  ~FileLock();

 private:
  FileLock(int descriptor, bool shared);
  friend struct HeldLocks;

  int descriptor_;
  bool shared_;
  FileLock* next_ = nullptr;
};

// The locks on the database file itself that SQLite would take to be its only user, for a connection that takes none: in a forked child
// SQLite believes forever that its parent's connection, which the child must not touch, holds them.
class SqliteLock {
 public:
  // Does not wait. Throws FileError 1529.
  explicit SqliteLock(const Bytes& path);
  SqliteLock(const SqliteLock&) = delete;
  SqliteLock& operator=(const SqliteLock&) = delete;
  ~SqliteLock();

 private:
  int descriptor_;
};

}  // namespace fdb::durable
