// Our declarations of SQLite's interface against its header, where that is installed, and what a program without SQLite is told.
#include "durable/sqlite_api.h"

#include <cstddef>
#include <type_traits>

#include "durable/file_error.h"
#include "sim/file_checks.h"

#if __has_include(<sqlite3.h>)
#include <sqlite3.h>

#define SAME_FUNCTION(result, name, arguments) \
  static_assert(std::is_same_v<decltype(&::sqlite3_##name), decltype(fdb::durable::SqliteApi::name)>, #name);
FDB_SQLITE_FUNCTIONS(SAME_FUNCTION)

namespace fdb::durable::sqlite {
static_assert(kOk == SQLITE_OK && kError == SQLITE_ERROR && kPerm == SQLITE_PERM && kBusy == SQLITE_BUSY &&
              kLocked == SQLITE_LOCKED);
static_assert(kNoMemory == SQLITE_NOMEM && kReadonly == SQLITE_READONLY && kInterrupt == SQLITE_INTERRUPT);
static_assert(kIoError == SQLITE_IOERR && kCorrupt == SQLITE_CORRUPT && kNotFound == SQLITE_NOTFOUND && kFull == SQLITE_FULL);
static_assert(kCantOpen == SQLITE_CANTOPEN && kTooBig == SQLITE_TOOBIG && kConstraint == SQLITE_CONSTRAINT);
static_assert(kMisuse == SQLITE_MISUSE && kNotADatabase == SQLITE_NOTADB && kRow == SQLITE_ROW && kDone == SQLITE_DONE);
static_assert(kIoErrorRead == SQLITE_IOERR_READ && kIoErrorShortRead == SQLITE_IOERR_SHORT_READ);
static_assert(kIoErrorWrite == SQLITE_IOERR_WRITE && kIoErrorSync == SQLITE_IOERR_FSYNC);
static_assert(kIoErrorDirectorySync == SQLITE_IOERR_DIR_FSYNC && kIoErrorTruncate == SQLITE_IOERR_TRUNCATE);
static_assert(kIoErrorDelete == SQLITE_IOERR_DELETE && kIoErrorNoMemory == SQLITE_IOERR_NOMEM &&
              kIoErrorClose == SQLITE_IOERR_CLOSE);
static_assert(kIoErrorDeleteNoEntry == SQLITE_IOERR_DELETE_NOENT);
static_assert(kOpenReadonly == SQLITE_OPEN_READONLY && kOpenReadwrite == SQLITE_OPEN_READWRITE &&
              kOpenCreate == SQLITE_OPEN_CREATE);
static_assert(kOpenDeleteOnClose == SQLITE_OPEN_DELETEONCLOSE && kOpenUri == SQLITE_OPEN_URI);
static_assert(kOpenMainDatabase == SQLITE_OPEN_MAIN_DB && kOpenMainJournal == SQLITE_OPEN_MAIN_JOURNAL &&
              kOpenWal == SQLITE_OPEN_WAL);
static_assert(kOpenNoMutex == SQLITE_OPEN_NOMUTEX && kOpenPrivateCache == SQLITE_OPEN_PRIVATECACHE);
static_assert(kInteger == SQLITE_INTEGER && kText == SQLITE3_TEXT && kBlob == SQLITE_BLOB && kNull == SQLITE_NULL);
static_assert(kPreparePersistent == SQLITE_PREPARE_PERSISTENT && kControlFilePointer == SQLITE_FCNTL_FILE_POINTER);
static_assert(kLockNone == SQLITE_LOCK_NONE);
static_assert(kControlPersistWal == SQLITE_FCNTL_PERSIST_WAL && kControlVfsPointer == SQLITE_FCNTL_VFS_POINTER);
static_assert(kControlJournalPointer == SQLITE_FCNTL_JOURNAL_POINTER);
static_assert(kConfigNoCheckpointOnClose == SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE &&
              kCheckpointPassive == SQLITE_CHECKPOINT_PASSIVE);
static_assert(kCheckpointTruncate == SQLITE_CHECKPOINT_TRUNCATE && kSyncFull == SQLITE_SYNC_FULL);
static_assert(kAccessExists == SQLITE_ACCESS_EXISTS && kPowersafeOverwrite == SQLITE_IOCAP_POWERSAFE_OVERWRITE);

#define SAME_PLACE(ours, member, theirs, their_member)                      \
  static_assert(offsetof(ours, member) == offsetof(theirs, their_member) && \
                sizeof(std::declval<ours>().member) == sizeof(std::declval<theirs>().their_member))
SAME_PLACE(SqliteFile, methods, sqlite3_file, pMethods);
SAME_PLACE(SqliteIoMethods, version, sqlite3_io_methods, iVersion);
SAME_PLACE(SqliteIoMethods, close, sqlite3_io_methods, xClose);
SAME_PLACE(SqliteIoMethods, read, sqlite3_io_methods, xRead);
SAME_PLACE(SqliteIoMethods, write, sqlite3_io_methods, xWrite);
SAME_PLACE(SqliteIoMethods, truncate, sqlite3_io_methods, xTruncate);
SAME_PLACE(SqliteIoMethods, sync, sqlite3_io_methods, xSync);
SAME_PLACE(SqliteIoMethods, file_size, sqlite3_io_methods, xFileSize);
SAME_PLACE(SqliteIoMethods, lock, sqlite3_io_methods, xLock);
SAME_PLACE(SqliteIoMethods, unlock, sqlite3_io_methods, xUnlock);
SAME_PLACE(SqliteIoMethods, check_reserved_lock, sqlite3_io_methods, xCheckReservedLock);
SAME_PLACE(SqliteIoMethods, file_control, sqlite3_io_methods, xFileControl);
SAME_PLACE(SqliteIoMethods, sector_size, sqlite3_io_methods, xSectorSize);
SAME_PLACE(SqliteIoMethods, device_characteristics, sqlite3_io_methods, xDeviceCharacteristics);
SAME_PLACE(SqliteIoMethods, shm_unmap, sqlite3_io_methods, xShmUnmap);
SAME_PLACE(SqliteVfs, version, sqlite3_vfs, iVersion);
SAME_PLACE(SqliteVfs, file_size, sqlite3_vfs, szOsFile);
SAME_PLACE(SqliteVfs, max_path, sqlite3_vfs, mxPathname);
SAME_PLACE(SqliteVfs, next, sqlite3_vfs, pNext);
SAME_PLACE(SqliteVfs, name, sqlite3_vfs, zName);
SAME_PLACE(SqliteVfs, app_data, sqlite3_vfs, pAppData);
SAME_PLACE(SqliteVfs, open, sqlite3_vfs, xOpen);
SAME_PLACE(SqliteVfs, remove, sqlite3_vfs, xDelete);
SAME_PLACE(SqliteVfs, access, sqlite3_vfs, xAccess);
SAME_PLACE(SqliteVfs, full_path, sqlite3_vfs, xFullPathname);
SAME_PLACE(SqliteVfs, randomness, sqlite3_vfs, xRandomness);
SAME_PLACE(SqliteVfs, sleep, sqlite3_vfs, xSleep);
SAME_PLACE(SqliteVfs, last_error, sqlite3_vfs, xGetLastError);
SAME_PLACE(SqliteVfs, current_time_int64, sqlite3_vfs, xCurrentTimeInt64);
}  // namespace fdb::durable::sqlite
#endif

namespace fdb::durable {
namespace {

void the_library_is_there() {
  CHECK(sqlite_api().libversion_number() >= kOldestSqlite);
  CHECK(&sqlite_api() == &sqlite_api());
  CHECK(sqlite_api().vfs_find(nullptr) != nullptr);
}

void a_missing_library_is_explained() {
  test::check_fails(err::kIoError, "apt-get install libsqlite3-0", [] { load_sqlite("libno-such-library.so.0"); });
  test::check_fails(err::kIoError, "sqlite3_libversion_number", [] { load_sqlite("libm.so.6"); });
}

}  // namespace
}  // namespace fdb::durable

int main() {
  fdb::durable::the_library_is_there();
  fdb::durable::a_missing_library_is_explained();
  return 0;
}
