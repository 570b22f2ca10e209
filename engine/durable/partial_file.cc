#include "durable/partial_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <system_error>

#include "durable/file_opening.h"

namespace fdb::durable {

namespace {

[[noreturn]] void throw_system(int error, const Bytes& doing, const Bytes& path) {
  if (error == ENOMEM) throw std::bad_alloc();
  const Bytes text = "cannot " + doing + " " + path + ": " + std::generic_category().message(error);
  const bool refused = error == EACCES || error == EPERM || error == EROFS;
  throw FileError(refused ? err::kFileNotWritable : err::kIoError, text);
}

[[noreturn]] void throw_exists(const Bytes& path) {
  throw FileError(err::kFileNotWritable, path + " exists, and is not overwritten; choose another path, or remove it first");
}

void make_empty(const Bytes& path) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (descriptor < 0 && errno == EEXIST) throw_exists(path);
  if (descriptor < 0) throw_system(errno, "make", path);
  ::close(descriptor);
}

void sync_file(const Bytes& path, const mode_t* mode) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  int error = descriptor < 0 ? errno : 0;
  if (!error && mode && fchmod(descriptor, *mode) != 0) error = errno;
  if (!error && fsync(descriptor) != 0) error = errno;
  if (descriptor >= 0) ::close(descriptor);
  if (error) throw_system(error, "sync", path);
}

}  // namespace

PartialFile::PartialFile(const Bytes& path) : path_(real_path(path)), partial_(path_ + ".partial") {
  if (file_exists(path_)) throw_exists(path_);
  make_empty(partial_);
}

PartialFile::~PartialFile() {
  if (partial_.empty()) return;
  for (const char* suffix : {"", "-journal", "-wal"}) ::unlink((partial_ + suffix).c_str());
}

void PartialFile::finish() {
  sync_file(partial_, nullptr);
  if (::link(partial_.c_str(), path_.c_str()) == 0) {
    ::unlink(partial_.c_str());
  } else if (errno == EEXIST) {
    throw_exists(path_);
  } else {
    // A file system without links: an empty file holds the place.
    make_empty(path_);
    if (::rename(partial_.c_str(), path_.c_str()) != 0) throw_system(errno, "make", path_);
  }
  partial_.clear();
  sync_directory_of(path_);
}

void PartialFile::replace(const Bytes& fresh, const Bytes& path) {
  struct stat status;
  if (stat(path.c_str(), &status) != 0) throw_system(errno, "replace", path);
  const mode_t mode = status.st_mode & 07777;
  sync_file(fresh, &mode);
  if (::rename(fresh.c_str(), path.c_str()) != 0) throw_system(errno, "replace", path);
  sync_directory_of(path);
}

}  // namespace fdb::durable
