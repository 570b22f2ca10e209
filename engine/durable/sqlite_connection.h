// One connection to a SQLite database and its prepared statements, with errors as exceptions.
//
// Thread-safety: none; who has the connection has a lock for it. sync_failed() may be called from any thread.
// Invariants:
//  1. Every result of SQLite that is none of success becomes a FileError that names the file, or std::bad_alloc.
//  2. Once a sync has failed, wherever SQLite tried it, sync_failed() is true: the kernel may have dropped what it could not write, and
//     would call the next sync a success.
#pragma once

#include <atomic>

#include "base/common.h"
#include "durable/sqlite_api.h"

namespace fdb::durable {

class Connection {
 public:
  // `path` is for messages.
  explicit Connection(Bytes path) : path_(std::move(path)) {}
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() { close(); }

  // `name`, `flags` and `vfs` (null: the default) as sqlite3_open_v2() takes them. Reads nothing that a program would notice.
  void open(const Bytes& name, int flags, const char* vfs);
  // Whether closing moves the write-ahead log into the database, and removes it. Not at first: whoever opens a file that turns out to be
  // damaged leaves it as it is.
  void checkpoint_on_close(bool wanted) noexcept;
  // Statements have to be gone.
  void close() noexcept;

  void run(const char* sql, Slice doing);
  // The first column of the first row; throws if there is none.
  int64_t number(const char* sql);
  Bytes text(const char* sql);

  const Bytes& path() const { return path_; }
  sqlite3* handle() const { return handle_; }
  bool in_transaction() const { return !sqlite_api().get_autocommit(handle_); }
  // SQLite's object for the file itself or, once it is open, for its write-ahead log.
  SqliteFile* file(int control) const;

  // Throws what a result means.
  [[noreturn]] void fail(int result, Slice doing);
  void check(int result, Slice doing) {
    if (result != sqlite::kOk) fail(result, doing);
  }
  void note_result(int result) noexcept {
    if (result == sqlite::kIoErrorSync || result == sqlite::kIoErrorDirectorySync) sync_failed_.store(true);
  }
  bool sync_failed() const noexcept { return sync_failed_.load(); }

 private:
  Bytes path_;
  sqlite3* handle_ = nullptr;
  std::atomic<bool> sync_failed_{false};
};

class Statement {
 public:
  Statement() = default;
  Statement(Connection* connection, const char* sql) { prepare(connection, sql); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  ~Statement() { sqlite_->finalize(statement_); }

  void prepare(Connection* connection, const char* sql);

  // Parameters and columns count from 1 and 0, as in SQLite. Bytes that are bound have to stay until reset().
  Statement& bind(int parameter, Slice blob) {
    // A null pointer would be NULL.
    return bound(
        sqlite_->bind_blob(statement_, parameter, blob.empty() ? "" : blob.data(), static_cast<int>(blob.size()), nullptr));
  }
  Statement& bind(int parameter, int64_t number) { return bound(sqlite_->bind_int64(statement_, parameter, number)); }
  Statement& bind_text(int parameter, Slice text) {
    return bound(sqlite_->bind_text(statement_, parameter, text.data(), static_cast<int>(text.size()), nullptr));
  }

  // To the next row, if there is one.
  bool step(Slice doing = "read") {
    const int result = sqlite_->step(statement_);
    if (result == sqlite::kRow) return true;
    if (result == sqlite::kDone) return false;
    connection_->fail(result, doing);
  }
  // To the end, for statements without rows.
  void run(Slice doing = "write") {
    while (step(doing)) {
    }
    sqlite_->reset(statement_);
  }
  void reset() noexcept { sqlite_->reset(statement_); }

  // Valid until the next step, 1522 if something else is stored there.
  Slice blob(int column) { return bytes(column, sqlite::kBlob); }
  Slice text(int column) { return bytes(column, sqlite::kText); }
  int64_t integer(int column) {
    sqlite3_value* value = sqlite_->column_value(statement_, column);
    if (sqlite_->value_type(value) != sqlite::kInteger) wrong_type();
    return sqlite_->value_int64(value);
  }
  // The blob, or true and the integer.
  bool integer_or_blob(int column, int64_t* integer, Slice* blob) {
    sqlite3_value* value = sqlite_->column_value(statement_, column);
    const int type = sqlite_->value_type(value);
    if (type == sqlite::kInteger) {
      *integer = sqlite_->value_int64(value);
      return true;
    }
    *blob = bytes(value, type, sqlite::kBlob);
    return false;
  }
  int changes() { return sqlite_->changes(connection_->handle()); }

 private:
  Statement& bound(int result) {
    connection_->check(result, "use");
    return *this;
  }
  // By way of the value: one call of the four that look at the connection's state.
  Slice bytes(int column, int wanted) {
    sqlite3_value* value = sqlite_->column_value(statement_, column);
    return bytes(value, sqlite_->value_type(value), wanted);
  }
  Slice bytes(sqlite3_value* value, int type, int wanted) {
    if (type != wanted) wrong_type();
    const void* bytes = sqlite_->value_blob(value);
    const int size = sqlite_->value_bytes(value);
    if (size > 0 && !bytes) throw_no_memory();
    return Slice(static_cast<const char*>(bytes), static_cast<size_t>(size));
  }
  [[noreturn]] void wrong_type();
  [[noreturn]] static void throw_no_memory();

  const SqliteApi* sqlite_ = &sqlite_api();
  Connection* connection_ = nullptr;
  sqlite3_stmt* statement_ = nullptr;
};

// Ends a statement's execution with the scope, whatever happens in it.
class Execution {
 public:
  explicit Execution(Statement& statement) : statement_(statement) {}
  Execution(const Execution&) = delete;
  Execution& operator=(const Execution&) = delete;
  ~Execution() { statement_.reset(); }

 private:
  Statement& statement_;
};

}  // namespace fdb::durable
