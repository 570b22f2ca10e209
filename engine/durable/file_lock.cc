#include "durable/file_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include <cstdlib>
#include <mutex>
#include <system_error>

#include "base/fork.h"
#include "durable/file_error.h"

namespace fdb::durable {

// Never destroyed: files may be closed after static destruction.
struct HeldLocks {
  std::mutex mutex;
  FileLock* first = nullptr;

  static HeldLocks& get();
  void add(FileLock* lock) {
    std::lock_guard guard(mutex);
    lock->next_ = first;
    first = lock;
  }
  void remove(FileLock* lock) {
    std::lock_guard guard(mutex);
    for (FileLock** place = &first; *place; place = &(*place)->next_) {
      if (*place != lock) continue;
      *place = lock->next_;
      return;
    }
  }
  static void in_child() {
    for (FileLock* lock = get().first; lock; lock = lock->next_) ::close(std::exchange(lock->descriptor_, -1));
    get().first = nullptr;
    get().mutex.unlock();
  }
};

HeldLocks& HeldLocks::get() {
  alignas(HeldLocks) static unsigned char place[sizeof(HeldLocks)];
  static HeldLocks* const locks = new (place) HeldLocks;
  static ForkHooks hooks{[] { get().mutex.lock(); }, [] { get().mutex.unlock(); }, in_child};
  static const bool registered = (on_fork(&hooks), true);
  static_cast<void>(registered);
  return *locks;
}

namespace {

Bytes message_of(int error) { return std::generic_category().message(error); }

// 0, or an errno; EAGAIN when somebody else holds it.
int try_lock(int descriptor, bool shared) {
#ifdef F_OFD_SETLK
  struct flock lock = {};
  lock.l_type = shared ? F_RDLCK : F_WRLCK;
  lock.l_whence = SEEK_SET;
  if (fcntl(descriptor, F_OFD_SETLK, &lock) == 0) return 0;
  if (errno == EACCES) return EAGAIN;
  if (errno != EINVAL) return errno;
#endif
  if (flock(descriptor, (shared ? LOCK_SH : LOCK_EX) | LOCK_NB) == 0) return 0;
  return errno == EWOULDBLOCK ? EAGAIN : errno;
}

// Whether those who hold it only read.
bool is_held_by_readers(int descriptor) {
#ifdef F_OFD_GETLK
  struct flock lock = {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return fcntl(descriptor, F_OFD_GETLK, &lock) == 0 && lock.l_type == F_RDLCK;
#else
  static_cast<void>(descriptor);
  return false;
#endif
}

Bytes holder(int descriptor) {
  if (is_held_by_readers(descriptor)) return "is open with ?mode=ro in another process, or by another library in this one";
  char text[24] = {};
  const ssize_t size = pread(descriptor, text, sizeof text - 1, 0);
  const long pid = size > 0 ? std::strtol(text, nullptr, 10) : 0;
  if (pid == getpid())
    return "is open in this process already, by this or by another library (two of them cannot share a file)";
  if (pid > 0 && (kill(static_cast<pid_t>(pid), 0) == 0 || errno == EPERM)) {
    return "is open in another process (pid " + std::to_string(pid) + ")";
  }
  return "is open in another process";
}

[[noreturn]] void throw_unopened(int error, const Bytes& path) {
  if (error == ENOMEM) throw std::bad_alloc();
  const Bytes text = "cannot write " + path + ": " + message_of(error);
  if (error == ENOSPC || error == EDQUOT || error == EIO || error == EMFILE || error == ENFILE)
    throw FileError(err::kIoError, text);
  throw FileError(err::kFileNotWritable, text + "; open the database with ?mode=ro to read it only");
}

void write_pid(int descriptor) {
  const Bytes text = std::to_string(getpid()) + "\n";
  // For messages only.
  if (ftruncate(descriptor, 0) == 0 && pwrite(descriptor, text.data(), text.size(), 0) < 0) return;
}

}  // namespace

FileLock::FileLock(int descriptor, bool shared) : descriptor_(descriptor), shared_(shared) {}

std::unique_ptr<FileLock> FileLock::take(const Bytes& path, bool shared) {
  const Bytes name = path + "-lock";
  int descriptor = ::open(name.c_str(), (shared ? O_RDONLY : O_RDWR) | O_CREAT | O_CLOEXEC, 0666);
  if (descriptor < 0 && shared) {
    const int error = errno;
    descriptor = ::open(name.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0 && errno == ENOENT && (error == EACCES || error == EPERM || error == EROFS || error == ENOENT))
      return nullptr;
  }
  if (descriptor < 0) throw_unopened(errno, name);
  std::unique_ptr<FileLock> lock;
  try {
    lock.reset(new FileLock(descriptor, shared));
  } catch (...) {
    ::close(descriptor);
    throw;
  }
  HeldLocks::get().add(lock.get());
  const int error = try_lock(descriptor, shared);
  if (error == EAGAIN) {
    lock->shared_ = true;  // so that the holder's number stays
    throw FileError(err::kLockFileFailure, path + " " + holder(descriptor) + "; close it there first");
  }
  if (error) throw FileError(err::kLockFileFailure, "cannot lock " + name + ": " + message_of(error));
  if (!shared) write_pid(descriptor);
  return lock;
}

FileLock::~FileLock() {
  HeldLocks::get().remove(this);
  if (descriptor_ < 0) return;
  if (!shared_ && ftruncate(descriptor_, 0) != 0) errno = 0;  // the number is for messages only
  ::close(descriptor_);
}

SqliteLock::SqliteLock(const Bytes& path) : descriptor_(::open(path.c_str(), O_RDWR | O_CLOEXEC)) {
  if (descriptor_ < 0) throw_unopened(errno, path);
  struct flock lock = {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  lock.l_start = 0x40000000;  // the pending byte, the reserved byte and those of readers
  lock.l_len = 512;
  if (fcntl(descriptor_, F_SETLK, &lock) == 0) return;
  ::close(descriptor_);
  throw FileError(err::kLockFileFailure, path + " is open in another program that uses SQLite; close it there first");
}

SqliteLock::~SqliteLock() { ::close(descriptor_); }

}  // namespace fdb::durable
