#include "durable/open_files.h"

#include <sys/stat.h>
#include <time.h>

#include <atomic>
#include <mutex>

#include "base/fork.h"
#include "durable/file_error.h"
#include "durable/sqlite_api.h"
#include "store/reclaimer.h"

namespace fdb::durable {

// Never destroyed: files may be closed after static destruction.
struct OpenFiles {
  std::mutex mutex;
  OpenFile* first = nullptr;

  std::atomic<int> inside{0};  // threads that are in SQLite
  std::atomic<bool> forking{false};
  std::mutex fork_mutex;  // held over a fork

  static OpenFiles& get();

  OpenFile* find(dev_t device, ino_t inode, bool inherited) const {
    for (OpenFile* file = first; file; file = file->next_) {
      if (file->device_ == device && file->inode_ == inode && file->inherited_ == inherited) return file;
    }
    return nullptr;
  }

  static void before_fork() {
    OpenFiles& files = get();
    files.fork_mutex.lock();
    files.forking.store(true);
    // What a thread does in there is bounded, mostly by a disk.
    while (files.inside.load() > 0) {
      const timespec moment{0, 50'000};
      nanosleep(&moment, nullptr);
    }
    files.mutex.lock();
  }
  static void in_parent() {
    OpenFiles& files = get();
    files.mutex.unlock();
    files.forking.store(false);
    files.fork_mutex.unlock();
  }
  static void in_child() {
    for (OpenFile* file = get().first; file; file = file->next_) {
      if (file->file_ && !file->inherited_) file->file_->methods->unlock(file->file_, sqlite::kLockNone);
      file->inherited_ = true;
    }
    in_parent();
  }
};

// Work on a file may contain work on others: only the outermost one waits.
thread_local int depth = 0;

OpenFiles& OpenFiles::get() {
  alignas(OpenFiles) static unsigned char place[sizeof(OpenFiles)];
  static OpenFiles* const files = new (place) OpenFiles;
  static ForkHooks hooks{before_fork, in_parent, in_child};
  static const bool registered = [] {
    // Those that are in SQLite may drop nodes: the reclaimer must not be locked before they were waited for.
    store::reclaimer_backlog();
    on_fork(&hooks);
    return true;
  }();
  static_cast<void>(registered);
  return *files;
}

OpenFile::OpenFile(const Bytes& path) {
  struct stat status;
  if (stat(path.c_str(), &status) != 0) throw FileError(err::kIoError, path + " has gone while it was opened");
  device_ = status.st_dev;
  inode_ = status.st_ino;
  OpenFiles& files = OpenFiles::get();
  std::lock_guard lock(files.mutex);
  if (files.find(device_, inode_, false)) {
    throw FileError(err::kLockFileFailure, path + " is open in this process already, maybe under another name; close it first");
  }
  next_ = files.first;
  files.first = this;
}

OpenFile::~OpenFile() {
  OpenFiles& files = OpenFiles::get();
  std::lock_guard lock(files.mutex);
  for (OpenFile** place = &files.first; *place; place = &(*place)->next_) {
    if (*place != this) continue;
    *place = next_;
    return;
  }
}

void OpenFile::unlock_in_child(SqliteFile* file) {
  std::lock_guard lock(OpenFiles::get().mutex);
  file_ = file;
}

bool OpenFile::is_inherited() const {
  std::lock_guard lock(OpenFiles::get().mutex);
  return inherited_;
}

bool OpenFile::was_open_in_parent(const Bytes& path) {
  struct stat status;
  if (stat(path.c_str(), &status) != 0) return false;
  OpenFiles& files = OpenFiles::get();
  std::lock_guard lock(files.mutex);
  return files.find(status.st_dev, status.st_ino, true) != nullptr;
}

InsideSqlite::InsideSqlite() {
  if (depth++ > 0) return;
  OpenFiles& files = OpenFiles::get();
  for (;;) {
    files.inside.fetch_add(1);
    if (!files.forking.load()) return;
    files.inside.fetch_sub(1);
    std::lock_guard wait(files.fork_mutex);
  }
}

InsideSqlite::~InsideSqlite() {
  if (--depth == 0) OpenFiles::get().inside.fetch_sub(1);
}

}  // namespace fdb::durable
