// A simulated disk as SQLite sees it. While a SimulatedVfs lives, database files are opened on it.
//
// Thread-safety: as its disk. One at a time.
// Invariants:
//  1. It offers no shared memory: the index over a write-ahead log is in the connection's own.
//  2. A file that was open when power was lost fails in every call.
#pragma once

#include <cstring>
#include <new>

#include "durable/file_opening.h"
#include "durable/sqlite_api.h"
#include "sim/simulated_disk.h"
#include "sim/test_support.h"

namespace fdb::test {

class SimulatedVfs {
 public:
  explicit SimulatedVfs(SimulatedDisk* disk) {
    current() = disk;
    static durable::SqliteVfs* const vfs = make();
    durable::vfs_for_tests = vfs->name;
  }
  SimulatedVfs(const SimulatedVfs&) = delete;
  SimulatedVfs& operator=(const SimulatedVfs&) = delete;
  ~SimulatedVfs() {
    durable::vfs_for_tests = nullptr;
    current() = nullptr;
  }
  // Whether writing is refused, in any form: for what must only read.
  static bool& refuses_writes() {
    static bool refuses = false;
    return refuses;
  }

 private:
  struct Open {
    durable::SqliteFile base;  // has to be first
    SimulatedDisk* disk;
    SimulatedDisk::FileRef file;
    int boot;
    bool syncs_directory;
  };
  using File = durable::SqliteFile;
  using Vfs = durable::SqliteVfs;

  static SimulatedDisk*& current() {
    static SimulatedDisk* disk = nullptr;
    return disk;
  }
  static Open* open_of(File* file) { return reinterpret_cast<Open*>(file); }
  static bool is_dead(Open* open) { return open->boot != open->disk->boots(); }

  static int close(File* file) {
    open_of(file)->file.reset();
    file->methods = nullptr;
    return durable::sqlite::kOk;
  }
  static int read(File* file, void* to, int size, int64_t offset) {
    Open* open = open_of(file);
    if (is_dead(open)) return durable::sqlite::kIoErrorRead;
    const Bytes& bytes = open->file->live;
    const int64_t there = std::clamp<int64_t>(static_cast<int64_t>(bytes.size()) - offset, 0, size);
    if (there > 0) std::memcpy(to, bytes.data() + offset, static_cast<size_t>(there));
    std::memset(static_cast<char*>(to) + there, 0, static_cast<size_t>(size - there));
    return there == size ? durable::sqlite::kOk : durable::sqlite::kIoErrorShortRead;
  }
  static int result_of(Fault fault, int error, int full) {
    return fault == Fault::kNone ? durable::sqlite::kOk : fault == Fault::kError ? error : full;
  }
  static int write(File* file, const void* from, int size, int64_t offset) {
    Open* open = open_of(file);
    if (is_dead(open) || refuses_writes()) return durable::sqlite::kIoErrorWrite;
    const Fault fault =
        open->disk->write(open->file.get(), offset, Slice(static_cast<const char*>(from), static_cast<size_t>(size)));
    return result_of(fault, durable::sqlite::kIoErrorWrite, durable::sqlite::kFull);
  }
  static int truncate(File* file, int64_t size) {
    Open* open = open_of(file);
    if (is_dead(open) || refuses_writes()) return durable::sqlite::kIoErrorTruncate;
    return result_of(open->disk->truncate(open->file.get(), size), durable::sqlite::kIoErrorTruncate,
                     durable::sqlite::kIoErrorTruncate);
  }
  static int sync(File* file, int) {
    Open* open = open_of(file);
    if (is_dead(open) || refuses_writes()) return durable::sqlite::kIoErrorSync;
    const Fault fault = open->disk->sync(open->file.get(), open->syncs_directory);
    if (fault == Fault::kNone) open->syncs_directory = false;
    return result_of(fault, durable::sqlite::kIoErrorSync, durable::sqlite::kIoErrorSync);
  }
  static int file_size(File* file, int64_t* size) {
    if (is_dead(open_of(file))) return durable::sqlite::kIoError;
    *size = static_cast<int64_t>(open_of(file)->file->live.size());
    return durable::sqlite::kOk;
  }
  static int nothing(File*, int) { return durable::sqlite::kOk; }
  static int nobody(File*, int* result) {
    *result = 0;
    return durable::sqlite::kOk;
  }
  static int control(File*, int, void*) { return durable::sqlite::kNotFound; }
  static int sector_size(File*) { return 4096; }
  static int characteristics(File*) { return durable::sqlite::kPowersafeOverwrite; }

  static int open(Vfs*, const char* path, File* file, int flags, int* flags_out) {
    static const durable::SqliteIoMethods methods = {
        1,      close,   read,        write,           truncate, sync,    file_size, nothing, nothing,
        nobody, control, sector_size, characteristics, nullptr,  nullptr, nullptr,   nullptr};
    file->methods = nullptr;
    const bool create = (flags & durable::sqlite::kOpenCreate) != 0 && !refuses_writes();
    SimulatedDisk::FileRef found = current()->open(path ? path : "", create);
    if (!found) return durable::sqlite::kCantOpen;
    constexpr int kJournals = durable::sqlite::kOpenMainJournal | durable::sqlite::kOpenWal;
    new (file) Open{{&methods}, current(), std::move(found), current()->boots(), create && (flags & kJournals) != 0};
    if (flags_out) *flags_out = flags;
    return durable::sqlite::kOk;
  }
  static int remove(Vfs*, const char* path, int sync_directory) {
    if (refuses_writes()) return durable::sqlite::kIoErrorDelete;
    if (!current()->exists(path)) return durable::sqlite::kIoErrorDeleteNoEntry;
    return result_of(current()->remove(path, sync_directory != 0), durable::sqlite::kIoErrorDelete,
                     durable::sqlite::kIoErrorDelete);
  }
  static int access(Vfs*, const char* path, int, int* result) {
    *result = current()->exists(path);
    return durable::sqlite::kOk;
  }
  static int full_path(Vfs*, const char* path, int size, char* out) {
    std::snprintf(out, static_cast<size_t>(size), "%s", path);
    return durable::sqlite::kOk;
  }
  static int randomness(Vfs*, int size, char* out) {
    for (int i = 0; i < size; ++i) out[i] = static_cast<char>(current()->random());
    return size;
  }
  static int sleep(Vfs*, int micros) { return micros; }
  static int current_time(Vfs*, double* julian_day) {
    *julian_day = 2461000.5;
    return durable::sqlite::kOk;
  }
  static int last_error(Vfs*, int, char*) { return 0; }

  static Vfs* make() {
    static Vfs vfs = {};
    vfs.version = 1;
    vfs.file_size = sizeof(Open);
    vfs.max_path = 512;
    vfs.name = "fdb-simulated-disk";
    vfs.open = open;
    vfs.remove = remove;
    vfs.access = access;
    vfs.full_path = full_path;
    vfs.randomness = randomness;
    vfs.sleep = sleep;
    vfs.current_time = current_time;
    vfs.last_error = last_error;
    CHECK_EQ(durable::sqlite_api().vfs_register(&vfs, 0), durable::sqlite::kOk);
    return &vfs;
  }
};

}  // namespace fdb::test
