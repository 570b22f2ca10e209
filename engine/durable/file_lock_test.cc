// The locks of a database file: between processes, between two copies of the library in one process, over forks.
#include "durable/file_lock.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "durable/file_error.h"
#include "sim/child_process.h"
#include "sim/file_checks.h"
#include "sim/temporary_directory.h"

namespace fdb::durable {
namespace {

using test::check_fails;
using test::Child;
using test::TemporaryDirectory;
using test::Turns;

void two_in_one_process_exclude_each_other() {
  TemporaryDirectory directory;
  const Bytes path = directory.file("a.fdb");
  auto writer = FileLock::take(path, false);
  CHECK(writer != nullptr);
  for (const bool shared : {false, true}) {
    check_fails(err::kLockFileFailure, path + " is open in this process already, by this or by another library",
                [&] { FileLock::take(path, shared); });
  }
  // A refused one lets go of nothing, and forgets no number.
  check_fails(err::kLockFileFailure, "this process", [&] { FileLock::take(path, false); });
  writer.reset();
  auto reader = FileLock::take(path, true), other = FileLock::take(path, true);
  CHECK(reader && other);
  check_fails(err::kLockFileFailure, "?mode=ro", [&] { FileLock::take(path, false); });
  reader.reset();
  check_fails(err::kLockFileFailure, "?mode=ro", [&] { FileLock::take(path, false); });
  other.reset();
  CHECK(FileLock::take(path, false) != nullptr);
}

void another_process_is_named() {
  TemporaryDirectory directory;
  const Bytes path = directory.file("a.fdb");
  Turns locked, done;
  Child child([&] {
    const auto lock = FileLock::take(path, false);
    locked.give();
    done.wait();
  });
  locked.wait();
  check_fails(err::kLockFileFailure, path + " is open in another process (pid " + std::to_string(child.pid()) + ")",
              [&] { FileLock::take(path, false); });
  done.give();
  child.end();
  CHECK(FileLock::take(path, false) != nullptr);
}

void a_child_has_no_share() {
  TemporaryDirectory directory;
  const Bytes path = directory.file("a.fdb");
  auto lock = FileLock::take(path, false);
  Turns freed, done;
  Child child([&] {
    // Destroying what was inherited does nothing to the parent's.
    lock.reset();
    check_fails(err::kLockFileFailure, "pid " + std::to_string(getppid()), [&] { FileLock::take(path, false); });
    freed.give();
    done.wait();
  });
  freed.wait();
  check_fails(err::kLockFileFailure, "this process", [&] { FileLock::take(path, false); });
  lock.reset();
  CHECK(FileLock::take(path, false) != nullptr);
  done.give();
  child.end();
}

// In a child, since root may write everywhere.
void where_nothing_can_be_written() {
  TemporaryDirectory directory;
  const Bytes locked = directory.file("locked.fdb"), unlocked = directory.file("unlocked.fdb");
  FileLock::take(locked, false).reset();
  CHECK_EQ(chmod((locked + "-lock").c_str(), 0444), 0);
  CHECK_EQ(chmod(directory.path().c_str(), 0555), 0);
  Child([&] {
    if (geteuid() == 0) CHECK_EQ(setuid(65534), 0);
    check_fails(err::kFileNotWritable, "?mode=ro", [&] { FileLock::take(unlocked, false); });
    check_fails(err::kFileNotWritable, "?mode=ro", [&] { FileLock::take(locked, false); });
    CHECK(FileLock::take(unlocked, true) == nullptr);
    CHECK(FileLock::take(locked, true) != nullptr);
  }).end();
  CHECK_EQ(chmod(directory.path().c_str(), 0755), 0);
}

void the_bytes_that_sqlite_locks() {
  TemporaryDirectory directory;
  const Bytes path = directory.file("a.fdb");
  test::write_file(path, "x");
  const SqliteLock lock(path);
  Child([&] {
    check_fails(err::kLockFileFailure, "another program", [&] { SqliteLock second(path); });
    const int descriptor = ::open(path.c_str(), O_RDWR);
    struct flock shared = {};
    shared.l_type = F_RDLCK;
    shared.l_start = 0x40000002;
    shared.l_len = 510;
    CHECK(fcntl(descriptor, F_SETLK, &shared) != 0);
  }).end();
}

}  // namespace
}  // namespace fdb::durable

int main() {
  using namespace fdb::durable;
  two_in_one_process_exclude_each_other();
  another_process_is_named();
  a_child_has_no_share();
  where_nothing_can_be_written();
  the_bytes_that_sqlite_locks();
  return 0;
}
