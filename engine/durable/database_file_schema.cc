#include "durable/database_file_schema.h"

#include <cstring>
#include <memory>

#include "base/env.h"

namespace fdb::durable {

namespace {

constexpr int kHeader = 100;

struct Table {
  Slice name;
  const char* sql;
};

// In the order of their names. SQLite keeps these texts as they are.
constexpr Table kTables[] = {
    {"big", "CREATE TABLE big (id INTEGER PRIMARY KEY, v BLOB NOT NULL)"},
    {"kv", "CREATE TABLE kv (k BLOB PRIMARY KEY, v NOT NULL) WITHOUT ROWID"},
    {"leaves",
     "CREATE TABLE leaves (k BLOB PRIMARY KEY, keys INTEGER NOT NULL, bytes INTEGER NOT NULL, checksum INTEGER NOT NULL, "
     "own INTEGER NOT NULL) WITHOUT ROWID"},
    {"log", "CREATE TABLE log (version INTEGER PRIMARY KEY, record BLOB NOT NULL)"},
    {"meta", "CREATE TABLE meta (name TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID"},
};

[[noreturn]] void throw_foreign(Slice path, Slice what) {
  Bytes text(path);
  text.append(" ").append(what).append("; nothing was changed. Choose another path for the database");
  throw FileError(err::kFileCorrupt, std::move(text));
}

int64_t big_endian(const char* place) {
  uint32_t number = 0;
  for (int i = 0; i < 4; ++i) number = number << 8 | static_cast<unsigned char>(place[i]);
  return number;
}

SqliteVfs* vfs_of(Connection* connection) {
  SqliteVfs* vfs = nullptr;
  sqlite_api().file_control(connection->handle(), "main", sqlite::kControlVfsPointer, &vfs);
  if (!vfs) connection->fail(sqlite::kCantOpen, "open");
  return vfs;
}

// What SQLite hands to a VFS ends with two zero bytes.
Bytes journal_of(Connection* connection) {
  return Bytes(sqlite_api().db_filename(connection->handle(), "main")) + "-journal" + Bytes(3, '\0');
}

// Whether the journal takes the file back to no pages at all: creating it was interrupted.
bool has_journal_of_creation(Connection* connection) {
  if (!has_journal(connection)) return false;
  SqliteVfs* vfs = vfs_of(connection);
  const Bytes name = journal_of(connection);
  const std::unique_ptr<char[]> place(new char[static_cast<size_t>(vfs->file_size)]());
  auto* file = reinterpret_cast<SqliteFile*>(place.get());
  int flags = sqlite::kOpenReadonly | sqlite::kOpenMainJournal;
  if (vfs->open(vfs, name.c_str(), file, flags, &flags) != sqlite::kOk) return false;
  char header[28] = {};
  const int result = file->methods->read(file, header, sizeof header, 0);
  file->methods->close(file);
  constexpr unsigned char kMagic[] = {0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7};
  return result == sqlite::kOk && std::memcmp(header, kMagic, sizeof kMagic) == 0 && big_endian(header + 16) == 0;
}

Bytes fresh_id() {
  Bytes id;
  for (int i = 0; i < 2; ++i) {
    const uint64_t word = Env::current().random_u64();
    for (int shift = 0; shift < 64; shift += 8) id.push_back(static_cast<char>(word >> shift));
  }
  return id;
}

}  // namespace

bool has_journal(Connection* connection) {
  SqliteVfs* vfs = vfs_of(connection);
  int exists = 0;
  connection->check(vfs->access(vfs, journal_of(connection).c_str(), sqlite::kAccessExists, &exists), "read");
  return exists != 0;
}

bool is_empty(Connection* connection) {
  SqliteFile* file = connection->file(sqlite::kControlFilePointer);
  if (!file) connection->fail(sqlite::kCantOpen, "open");
  int64_t size = 0;
  connection->check(file->methods->file_size(file, &size), "read");
  if (size == 0) return true;
  char header[kHeader] = {};
  const int result = file->methods->read(file, header, kHeader, 0);
  if (result != sqlite::kIoErrorShortRead) connection->check(result, "read");
  const bool is_sqlite = std::memcmp(header, "SQLite format 3", 16) == 0;
  if (is_sqlite && big_endian(header + 68) == kApplicationId) {
    if (big_endian(header + 60) <= kUserVersion) return false;
    throw FileError(err::kIncompatibleSoftwareVersion,
                    connection->path() + " was written by a newer version of this library (format " +
                        std::to_string(big_endian(header + 60)) + "); it has to be opened with that");
  }
  if (has_journal_of_creation(connection)) return true;
  throw_foreign(connection->path(),
                is_sqlite ? "is a SQLite database of another program" : "is a file of another kind, or damaged");
}

void create_schema(Connection* connection) {
  connection->run("PRAGMA page_size=4096; PRAGMA encoding='UTF-8'; PRAGMA journal_mode=DELETE; PRAGMA synchronous=EXTRA",
                  "create");
  // auto_vacuum writes the first page: inside of the transaction, and before anything else in it.
  connection->run("BEGIN; PRAGMA auto_vacuum=INCREMENTAL", "create");
  connection->run(("PRAGMA application_id=" + std::to_string(kApplicationId)).c_str(), "create");
  connection->run(("PRAGMA user_version=" + std::to_string(kUserVersion)).c_str(), "create");
  for (const Table& table : kTables) connection->run(table.sql, "create");
  Meta meta;
  meta.id = fresh_id();
  MetaTable::create(connection, meta);
  connection->run("COMMIT", "create");
}

void check_schema(Connection* connection) {
  if (connection->number("PRAGMA user_version") != kUserVersion || connection->number("PRAGMA page_size") != kPageSize ||
      connection->number("PRAGMA auto_vacuum") != 2 || connection->text("PRAGMA encoding") != "UTF-8") {
    throw_corrupt(connection->path(), "is damaged (its header)");
  }
  // Statistics and the like are SQLite's own affair.
  Statement select(connection, "SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite%' ORDER BY name");
  for (const Table& table : kTables) {
    if (!select.step() || select.text(0) != table.name || select.text(1) != table.sql) {
      throw_corrupt(connection->path(), "is damaged (its tables are others)");
    }
  }
  if (select.step()) throw_corrupt(connection->path(), "has a table that is not ours, or is damaged");
}

}  // namespace fdb::durable
