#include "durable/file_opening.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <system_error>

#include "durable/database_file_schema.h"

namespace fdb::durable {

namespace {

Bytes message_of(int error) { return std::generic_category().message(error); }

Bytes directory_of(const Bytes& path) {
  const size_t slash = path.rfind('/');
  if (slash == Bytes::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

[[noreturn]] void throw_path(int error, const Bytes& path) {
  if (error == ENOMEM) throw std::bad_alloc();
  if (error == ENOENT || error == ENOTDIR) {
    throw FileError(err::kFileNotFound, "there is no directory " + directory_of(path) + " for " + path + "; make it first");
  }
  if (error == EACCES) throw FileError(err::kFileNotReadable, path + " cannot be read: " + message_of(error));
  throw FileError(err::kIoError, path + ": " + message_of(error));
}

Bytes resolved(const Bytes& path, const Bytes& whole) {
  char* text = realpath(path.c_str(), nullptr);
  if (!text) throw_path(errno, whole);
  const std::unique_ptr<char, void (*)(void*)> owner(text, free);
  return text;
}

// `path` as the name in a URI.
Bytes quoted(const Bytes& path) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  Bytes text;
  for (const char byte : path) {
    if (byte == '%' || byte == '?' || byte == '#') {
      text.push_back('%');
      text.push_back(kDigits[static_cast<unsigned char>(byte) >> 4]);
      text.push_back(kDigits[byte & 15]);
    } else {
      text.push_back(byte);
    }
  }
  return text;
}

bool has_bytes(const Bytes& path) {
  if (vfs_for_tests) {
    SqliteVfs* vfs = sqlite_api().vfs_find(vfs_for_tests);
    int exists = 0;
    return vfs->access(vfs, path.c_str(), sqlite::kAccessExists, &exists) == sqlite::kOk && exists;
  }
  struct stat status;
  return stat(path.c_str(), &status) == 0 && status.st_size > 0;
}

// To read only. With a log that was not checkpointed, SQLite has to build an index over it, for which there may be no place but memory:
// that is possible with a VFS that takes no locks. The file stays the same while it is open, since writers would need our lock.
void open_read_only(OpenedFile* file, const FileSettings& settings) {
  const char* vfs = vfs_for_tests ? vfs_for_tests : "unix-none";
  const bool has_log = has_bytes(settings.path + "-wal") || has_bytes(settings.path + "-journal");
  const Bytes name = "file:" + quoted(settings.path) + (has_log ? "" : "?immutable=1");
  Connection* connection = file->connection.get();
  connection->open(name, sqlite::kOpenReadonly | sqlite::kOpenUri, vfs);
  if (is_empty(connection)) {
    throw FileError(err::kFileCorrupt, settings.path + " is empty, and cannot become a database while it is only read");
  }
  connection->run("PRAGMA locking_mode=EXCLUSIVE", "open");
}

void open_to_write(OpenedFile* file, const FileSettings& settings, bool* created) {
  const bool takes_no_locks = !vfs_for_tests && OpenFile::was_open_in_parent(settings.path);
  // First, where that is possible: closing a second descriptor would take the system's locks from the first one.
  if (!vfs_for_tests && file_exists(settings.path)) file->entry = std::make_unique<OpenFile>(settings.path);
  Connection* connection = file->connection.get();
  const auto connect = [&] {
    // Closing a descriptor takes the locks of all of them.
    file->sqlite_lock.reset();
    connection->close();
    connection->open(settings.path, sqlite::kOpenReadwrite | sqlite::kOpenCreate, takes_no_locks ? "unix-none" : vfs_for_tests);
    if (takes_no_locks) file->sqlite_lock = std::make_unique<SqliteLock>(settings.path);
  };
  connect();
  if (!vfs_for_tests && !file->entry) file->entry = std::make_unique<OpenFile>(settings.path);
  if (sqlite_api().db_readonly(connection->handle(), "main") == 1) connection->fail(sqlite::kReadonly, "write");
  *created = is_empty(connection);
  if (has_journal(connection)) {
    // The first read undoes what was interrupted, which may leave nothing.
    const bool is_nothing = connection->number("PRAGMA schema_version") + connection->number("PRAGMA page_count") == 0;
    if (*created && !is_nothing) throw_corrupt(settings.path, "is damaged, or a file of another kind");
    *created = is_nothing;
    // What SQLite has seen of the file before that would go into the new one.
    connect();
  }
  if (*created) create_schema(connection);
  if (*created && !vfs_for_tests) sync_directory_of(settings.path);
  // Before anything is read: with several connections the index over the log would be a file. The log must not begin before the journal
  // of this change is gone for good, which is what EXTRA adds.
  connection->run("PRAGMA locking_mode=EXCLUSIVE; PRAGMA synchronous=EXTRA", "open");
  if (connection->text("PRAGMA journal_mode=WAL") != "wal") connection->fail(sqlite::kCantOpen, "write the log of");
  if (!file->entry) return;
  file->entry->unlock_in_child(connection->file(sqlite::kControlFilePointer));
  file->unlocked_in_child.reset(file->entry.get());
}

}  // namespace

Bytes real_path(const Bytes& path) {
  if (path.empty()) throw FileError(err::kFileNotFound, "file: needs a path");
  if (path.find('\0') != Bytes::npos) throw FileError(err::kFileNotFound, "a path has no zero byte");
  if (vfs_for_tests) return path;
  struct stat status;
  if (lstat(path.c_str(), &status) == 0) {
    const Bytes real = resolved(path, path);
    if (stat(real.c_str(), &status) != 0) throw_path(errno, path);
    if (S_ISREG(status.st_mode)) return real;
    throw FileError(err::kFileCorrupt, path + (S_ISDIR(status.st_mode) ? " is a directory" : " is not a regular file") +
                                           "; nothing was changed. Choose another path for the database");
  }
  if (errno != ENOENT || path.back() == '/') throw_path(errno, path);
  const size_t slash = path.rfind('/');
  const Bytes directory = resolved(directory_of(path), path);
  const Bytes name = slash == Bytes::npos ? path : path.substr(slash + 1);
  return (directory == "/" ? "" : directory) + "/" + name;
}

bool file_exists(const Bytes& path) {
  struct stat status;
  return lstat(path.c_str(), &status) == 0;
}

void sync_directory_of(const Bytes& path) {
  const Bytes directory = directory_of(path);
  const int descriptor = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int error = descriptor < 0 ? errno : 0;
  // Some file systems know no sync of a directory.
  if (descriptor >= 0 && fsync(descriptor) != 0 && errno != EINVAL) error = errno;
  if (descriptor >= 0) ::close(descriptor);
  if (error) throw FileError(err::kIoError, "cannot sync the directory of " + path + ": " + message_of(error));
}

OpenedFile open_file(const FileSettings& settings, bool* created) {
  *created = false;
  std::unique_ptr<FileLock> lock;
  if (!vfs_for_tests) lock = FileLock::take(settings.path, settings.read_only);
  InsideSqlite inside;
  OpenedFile file;
  file.lock = std::move(lock);
  file.connection = std::make_unique<Connection>(settings.path);
  if (settings.read_only) {
    if (!vfs_for_tests) file.entry = std::make_unique<OpenFile>(settings.path);
    open_read_only(&file, settings);
  } else {
    open_to_write(&file, settings, created);
  }
  // No mapping: a disk that fails would be a signal. The cache is small, since the pages' rows have a cache of their own.
  file.connection->run(
      "PRAGMA wal_autocheckpoint=0; PRAGMA cache_size=-16000; PRAGMA mmap_size=0; PRAGMA temp_store=MEMORY; PRAGMA "
      "trusted_schema=OFF;"
      "PRAGMA cell_size_check=ON; PRAGMA journal_size_limit=67108864; PRAGMA fullfsync=ON; PRAGMA checkpoint_fullfsync=ON",
      "open");
  file.connection->run(settings.sync == Sync::kOff ? "PRAGMA synchronous=OFF" : "PRAGMA synchronous=NORMAL", "open");
  return file;
}

}  // namespace fdb::durable
