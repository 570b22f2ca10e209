#include "durable/sqlite_api.h"

#include <dlfcn.h>

#include "durable/file_error.h"

namespace fdb::durable {

namespace {

#ifdef __APPLE__
constexpr const char* kLibraries[] = {"libsqlite3.dylib", "/usr/lib/libsqlite3.dylib"};
#else
constexpr const char* kLibraries[] = {"libsqlite3.so.0", "libsqlite3.so"};
#endif

constexpr const char* kInstall =
    "; a file: database needs SQLite 3.27 or newer (Debian, Ubuntu: apt-get install libsqlite3-0; Fedora: dnf install "
    "sqlite-libs; "
    "macOS has it)";

[[noreturn]] void fail(Bytes what) { throw FileError(err::kIoError, std::move(what) + kInstall); }

void* open_library(const char* wanted) {
  constexpr int kFlags = RTLD_NOW | RTLD_LOCAL;
  Bytes message;
  for (const char* name : kLibraries) {
    if (void* library = dlopen(*wanted ? wanted : name, kFlags)) return library;
    const char* problem = dlerror();
    if (message.empty() && problem) message = problem;
  }
  fail("SQLite cannot be loaded: " + message);
}

template <class Function>
void bind(void* library, const char* name, Function* function) {
  *function = reinterpret_cast<Function>(dlsym(library, name));
  if (!*function) fail(Bytes("the library of SQLite has no ") + name);
}

}  // namespace

SqliteApi load_sqlite(const char* wanted) {
  void* library = open_library(wanted);
  SqliteApi api;
  bind(library, "sqlite3_libversion_number", &api.libversion_number);
  if (api.libversion_number() < kOldestSqlite) {
    fail("the library of SQLite is too old (" + std::to_string(api.libversion_number()) + ")");
  }
#define FDB_SQLITE_BIND(result, name, arguments) bind(library, "sqlite3_" #name, &api.name);
  FDB_SQLITE_FUNCTIONS(FDB_SQLITE_BIND)
#undef FDB_SQLITE_BIND
  bind(library, "sqlite3_vfs_find", &api.vfs_find);
  bind(library, "sqlite3_vfs_register", &api.vfs_register);
  if (!api.threadsafe()) fail("the library of SQLite was built for programs of one thread");
  return api;
}

const SqliteApi& sqlite_api() {
  static const SqliteApi api = load_sqlite("");
  return api;
}

}  // namespace fdb::durable
