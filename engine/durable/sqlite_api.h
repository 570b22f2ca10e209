// The part of SQLite's C interface that the engine uses, bound when the first database file is opened: the engine builds and
// `memory:` works without SQLite. SQLite promises that these types, numbers and signatures stay as they are; where its header is
// installed, sqlite_api_test.cc compares.
//
// Thread-safety: sqlite_api() may be called from any thread, and what it returns never changes.
// Invariants:
//  1. The library is opened by its usual name, so that it is the copy that other users in this process have (Python's `sqlite3`):
//     two copies would not see each other's locks on a file. It is never unloaded.
#pragma once

#include <cstdint>

#include "base/common.h"

struct sqlite3;
struct sqlite3_stmt;
struct sqlite3_value;
struct sqlite3_backup;

namespace fdb::durable {

struct SqliteFile;
struct SqliteVfs;

// sqlite3_io_methods, to its second version. Shared memory is what several connections need; there is one.
struct SqliteIoMethods {
  int version;
  int (*close)(SqliteFile*);
  int (*read)(SqliteFile*, void* to, int size, int64_t offset);
  int (*write)(SqliteFile*, const void* from, int size, int64_t offset);
  int (*truncate)(SqliteFile*, int64_t size);
  int (*sync)(SqliteFile*, int flags);
  int (*file_size)(SqliteFile*, int64_t* size);
  int (*lock)(SqliteFile*, int level);
  int (*unlock)(SqliteFile*, int level);
  int (*check_reserved_lock)(SqliteFile*, int* result);
  int (*file_control)(SqliteFile*, int operation, void* argument);
  int (*sector_size)(SqliteFile*);
  int (*device_characteristics)(SqliteFile*);
  int (*shm_map)(SqliteFile*, int page, int page_size, int extend, void volatile** place);
  int (*shm_lock)(SqliteFile*, int offset, int count, int flags);
  void (*shm_barrier)(SqliteFile*);
  int (*shm_unmap)(SqliteFile*, int delete_it);
};

// sqlite3_file; what implements it appends members.
struct SqliteFile {
  const SqliteIoMethods* methods;
};

// sqlite3_vfs, to its second version.
struct SqliteVfs {
  int version;
  int file_size;
  int max_path;
  SqliteVfs* next;
  const char* name;
  void* app_data;
  int (*open)(SqliteVfs*, const char* path, SqliteFile*, int flags, int* flags_out);
  int (*remove)(SqliteVfs*, const char* path, int sync_directory);
  int (*access)(SqliteVfs*, const char* path, int flags, int* result);
  int (*full_path)(SqliteVfs*, const char* path, int size, char* out);
  void* (*dl_open)(SqliteVfs*, const char* path);
  void (*dl_error)(SqliteVfs*, int size, char* message);
  void (*(*dl_symbol)(SqliteVfs*, void* library, const char* symbol))(void);
  void (*dl_close)(SqliteVfs*, void* library);
  int (*randomness)(SqliteVfs*, int size, char* out);
  int (*sleep)(SqliteVfs*, int micros);
  int (*current_time)(SqliteVfs*, double* julian_day);
  int (*last_error)(SqliteVfs*, int size, char* message);
  int (*current_time_int64)(SqliteVfs*, int64_t* julian_millis);
};

// The numbers, by SQLite's names.
namespace sqlite {
constexpr int kOk = 0, kError = 1, kPerm = 3, kBusy = 5, kLocked = 6, kNoMemory = 7, kReadonly = 8, kInterrupt = 9,
              kIoError = 10;
constexpr int kCorrupt = 11, kNotFound = 12, kFull = 13, kCantOpen = 14, kTooBig = 18, kConstraint = 19, kMisuse = 21;
constexpr int kNotADatabase = 26, kRow = 100, kDone = 101;
constexpr int kIoErrorRead = kIoError | 1 << 8, kIoErrorShortRead = kIoError | 2 << 8, kIoErrorWrite = kIoError | 3 << 8;
constexpr int kIoErrorSync = kIoError | 4 << 8, kIoErrorDirectorySync = kIoError | 5 << 8, kIoErrorTruncate = kIoError | 6 << 8;
constexpr int kIoErrorDelete = kIoError | 10 << 8, kIoErrorNoMemory = kIoError | 12 << 8, kIoErrorClose = kIoError | 16 << 8;
constexpr int kIoErrorDeleteNoEntry = kIoError | 23 << 8;
constexpr int kOpenReadonly = 0x1, kOpenReadwrite = 0x2, kOpenCreate = 0x4, kOpenDeleteOnClose = 0x8, kOpenUri = 0x40;
constexpr int kOpenMainDatabase = 0x100, kOpenMainJournal = 0x800, kOpenNoMutex = 0x8000, kOpenPrivateCache = 0x40000;
constexpr int kOpenWal = 0x80000;
constexpr int kInteger = 1, kText = 3, kBlob = 4, kNull = 5;
constexpr int kPreparePersistent = 1;
constexpr int kLockNone = 0, kControlFilePointer = 7, kControlPersistWal = 10, kControlVfsPointer = 27,
              kControlJournalPointer = 28;
constexpr int kConfigNoCheckpointOnClose = 1006;
constexpr int kCheckpointPassive = 0, kCheckpointTruncate = 3;
constexpr int kSyncFull = 3;
constexpr int kAccessExists = 0;
constexpr int kPowersafeOverwrite = 0x1000;
}  // namespace sqlite

// X(result, name without "sqlite3_", arguments)
#define FDB_SQLITE_FUNCTIONS(X)                                                             \
  X(int, libversion_number, (void))                                                         \
  X(int, threadsafe, (void))                                                                \
  X(const char*, errstr, (int))                                                             \
  X(int, open_v2, (const char*, sqlite3**, int, const char*))                               \
  X(int, close, (sqlite3*))                                                                 \
  X(int, close_v2, (sqlite3*))                                                              \
  X(int, extended_result_codes, (sqlite3*, int))                                            \
  X(const char*, errmsg, (sqlite3*))                                                        \
  X(int, errcode, (sqlite3*))                                                               \
  X(int, system_errno, (sqlite3*))                                                          \
  X(int, exec, (sqlite3*, const char*, int (*)(void*, int, char**, char**), void*, char**)) \
  X(int, prepare_v3, (sqlite3*, const char*, int, unsigned, sqlite3_stmt**, const char**))  \
  X(int, step, (sqlite3_stmt*))                                                             \
  X(int, reset, (sqlite3_stmt*))                                                            \
  X(int, finalize, (sqlite3_stmt*))                                                         \
  X(int, bind_blob, (sqlite3_stmt*, int, const void*, int, void (*)(void*)))                \
  X(int, bind_text, (sqlite3_stmt*, int, const char*, int, void (*)(void*)))                \
  X(int, bind_int64, (sqlite3_stmt*, int, long long))                                       \
  X(int, bind_null, (sqlite3_stmt*, int))                                                   \
  X(sqlite3_value*, column_value, (sqlite3_stmt*, int))                                     \
  X(const void*, value_blob, (sqlite3_value*))                                              \
  X(int, value_bytes, (sqlite3_value*))                                                     \
  X(long long, value_int64, (sqlite3_value*))                                               \
  X(int, value_type, (sqlite3_value*))                                                      \
  X(long long, last_insert_rowid, (sqlite3*))                                               \
  X(int, changes, (sqlite3*))                                                               \
  X(int, get_autocommit, (sqlite3*))                                                        \
  X(int, db_readonly, (sqlite3*, const char*))                                              \
  X(const char*, db_filename, (sqlite3*, const char*))                                      \
  X(int, db_config, (sqlite3*, int, ...))                                                   \
  X(int, file_control, (sqlite3*, const char*, int, void*))                                 \
  X(void*, wal_hook, (sqlite3*, int (*)(void*, sqlite3*, const char*, int), void*))         \
  X(int, wal_checkpoint_v2, (sqlite3*, const char*, int, int*, int*))                       \
  X(void, progress_handler, (sqlite3*, int, int (*)(void*), void*))                         \
  X(sqlite3_backup*, backup_init, (sqlite3*, const char*, sqlite3*, const char*))           \
  X(int, backup_step, (sqlite3_backup*, int))                                               \
  X(int, backup_finish, (sqlite3_backup*))                                                  \
  X(int, backup_remaining, (sqlite3_backup*))                                               \
  X(int, backup_pagecount, (sqlite3_backup*))

// sqlite3_vfs_find() and sqlite3_vfs_register() are apart: their argument is our struct here.
struct SqliteApi {
#define FDB_SQLITE_MEMBER(result, name, arguments) result(*name) arguments = nullptr;
  FDB_SQLITE_FUNCTIONS(FDB_SQLITE_MEMBER)
#undef FDB_SQLITE_MEMBER
  SqliteVfs* (*vfs_find)(const char*) = nullptr;
  int (*vfs_register)(SqliteVfs*, int make_default) = nullptr;
};

// The first version with all that is used (VACUUM INTO came with it).
constexpr int kOldestSqlite = 3027000;

// Throws FileError 1510, with what to install, where SQLite is missing, too old or built for one thread.
const SqliteApi& sqlite_api();

// As sqlite_api(), with the library of another name; for tests. "" stands for what is searched by default.
SqliteApi load_sqlite(const char* library);

}  // namespace fdb::durable
