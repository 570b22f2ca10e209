// From a path to a connection that is set up: what may be opened, and how.
//
// Thread-safety: functions that may be called from any thread.
#pragma once

#include <memory>

#include "durable/database_file.h"
#include "durable/file_lock.h"
#include "durable/open_files.h"
#include "durable/sqlite_connection.h"

namespace fdb::durable {

// For tests, which set it before they open files and while nothing is open: the name of a VFS that holds files of its own, to which
// nothing applies that is done with the system's files beside SQLite (locks, looks at the path). Null: none.
inline const char* vfs_for_tests = nullptr;

// The one name of a file that exists or may be created: absolute, and without links. Throws FileError 1511 where there is no such
// directory, 1522 where there is something else than a file.
Bytes real_path(const Bytes& path);
bool file_exists(const Bytes& path);

// Makes what was created in, renamed in or removed from a file's directory durable. Throws FileError 1510.
void sync_directory_of(const Bytes& path);

// Ends what OpenFile::unlock_in_child() began.
struct ForgetSqliteFile {
  void operator()(OpenFile* entry) const { entry->unlock_in_child(nullptr); }
};

// A connection to a database of ours, with what keeps others from the file; destroyed in the reverse order.
struct OpenedFile {
  std::unique_ptr<FileLock> lock;
  std::unique_ptr<OpenFile> entry;
  std::unique_ptr<SqliteLock> sqlite_lock;  // where the connection takes none
  std::unique_ptr<Connection> connection;
  std::unique_ptr<OpenFile, ForgetSqliteFile> unlocked_in_child;
};

// Opens the file, or makes it; `*created` then. `settings.path` is a real path. Throws as DatabaseFile::open(), but does not look at the
// tables yet.
OpenedFile open_file(const FileSettings& settings, bool* created);

}  // namespace fdb::durable
