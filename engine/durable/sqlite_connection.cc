#include "durable/sqlite_connection.h"

#include <new>

#include "durable/file_error.h"

namespace fdb::durable {

void Connection::open(const Bytes& name, int flags, const char* vfs) {
  const SqliteApi& sqlite = sqlite_api();
  const int result = sqlite.open_v2(name.c_str(), &handle_, flags | sqlite::kOpenNoMutex | sqlite::kOpenPrivateCache, vfs);
  if (result != sqlite::kOk) {
    sqlite3* half = std::exchange(handle_, nullptr);
    Bytes detail = half ? sqlite.errmsg(half) : "";
    if (half) sqlite.close(half);
    throw_result(result, path_, "open", detail);
  }
  sqlite.extended_result_codes(handle_, 1);
  checkpoint_on_close(false);
}

void Connection::checkpoint_on_close(bool wanted) noexcept {
  sqlite_api().db_config(handle_, sqlite::kConfigNoCheckpointOnClose, wanted ? 0 : 1, static_cast<int*>(nullptr));
}

void Connection::close() noexcept {
  if (handle_) sqlite_api().close_v2(std::exchange(handle_, nullptr));
}

void Connection::run(const char* sql, Slice doing) { check(sqlite_api().exec(handle_, sql, nullptr, nullptr, nullptr), doing); }

int64_t Connection::number(const char* sql) {
  Statement statement(this, sql);
  if (!statement.step()) throw_corrupt(path_, "has nothing where a number has to be");
  return statement.integer(0);
}

Bytes Connection::text(const char* sql) {
  Statement statement(this, sql);
  if (!statement.step()) throw_corrupt(path_, "has nothing where a text has to be");
  return Bytes(statement.text(0));
}

SqliteFile* Connection::file(int control) const {
  SqliteFile* file = nullptr;
  sqlite_api().file_control(handle_, "main", control, &file);
  return file && file->methods ? file : nullptr;
}

void Connection::fail(int result, Slice doing) {
  note_result(result);
  throw_result(result, path_, doing, handle_ ? sqlite_api().errmsg(handle_) : "");
}

void Statement::prepare(Connection* connection, const char* sql) {
  connection_ = connection;
  connection_->check(sqlite_->prepare_v3(connection->handle(), sql, -1, sqlite::kPreparePersistent, &statement_, nullptr),
                     "read");
}

void Statement::wrong_type() { throw_corrupt(connection_->path(), "is damaged (a value has another type)"); }

void Statement::throw_no_memory() { throw std::bad_alloc(); }

}  // namespace fdb::durable
