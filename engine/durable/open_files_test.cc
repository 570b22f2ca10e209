// One file is open once, under whichever name; and forks: what a child may do with a file that its parent has or had open.
#include "durable/open_files.h"

#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "durable/sqlite_connection.h"
#include "sim/child_process.h"
#include "sim/file_checks.h"
#include "sim/temporary_directory.h"

namespace fdb::durable {
namespace {

using test::check_fails;
using test::Child;
using test::open_file;
using test::put;
using test::Rows;
using test::rows_of;
using test::TemporaryDirectory;
using test::Turns;

void other_names_do_not_help() {
  TemporaryDirectory directory;
  const Bytes path = directory.file("a.fdb"), link = directory.file("link.fdb"), hard = directory.file("hard.fdb");
  auto file = open_file(path);
  CHECK_EQ(symlink(path.c_str(), link.c_str()), 0);
  CHECK_EQ(::link(path.c_str(), hard.c_str()), 0);
  for (const Bytes& name :
       {path, link, hard, directory.path() + "/../" + directory.path().substr(directory.path().rfind('/')) + "/a.fdb"}) {
    for (const bool read_only : {false, true}) {
      check_fails(err::kLockFileFailure, "is open in this process", [&] { open_file(name, Sync::kFull, read_only); });
    }
  }
  // The refused ones have not taken its locks away.
  put(*file, "a", "1");
  Child([&] {
    Connection plain(path);
    plain.open(path, sqlite::kOpenReadwrite, nullptr);
    check_fails(err::kLockFileFailure, path, [&] { plain.number("SELECT count(*) FROM kv"); });
  }).end();
  file.reset();
  CHECK(rows_of(*open_file(link)) == (Rows{{"a", "1"}}));
}

void other_programs_with_sqlite_are_in_the_way() {
  TemporaryDirectory directory;
  const Bytes path = directory.file("a.fdb");
  open_file(path).reset();
  Turns reading, done;
  Child child([&] {
    Connection plain(path);
    plain.open(path, sqlite::kOpenReadwrite, nullptr);
    plain.run("BEGIN; SELECT * FROM kv", "read");
    reading.give();
    done.wait();
  });
  reading.wait();
  check_fails(err::kLockFileFailure, "another program has it open", [&] { open_file(path); });
  done.give();
  child.end();
  open_file(path).reset();
}

void an_orphaned_link_is_no_file() {
  TemporaryDirectory directory;
  const Bytes link = directory.file("link.fdb");
  CHECK_EQ(symlink(directory.file("nothing").c_str(), link.c_str()), 0);
  check_fails(err::kFileNotFound, link, [&] { open_file(link); });
}

void a_child_opens_what_its_parent_has_closed() {
  TemporaryDirectory directory;
  const Bytes path = directory.file("a.fdb"), hard = directory.file("hard.fdb");
  auto file = open_file(path);
  put(*file, "parent", "1");
  CHECK_EQ(::link(path.c_str(), hard.c_str()), 0);
  Turns closed, opened, tried, tested, gone;
  Child child([&] {
    check_fails(err::kLockFileFailure, "pid " + std::to_string(getppid()), [&] { open_file(path); });
    opened.give();
    closed.wait();
    // The inherited object goes nowhere, and does not touch the file.
    file.reset();
    auto own = open_file(path);
    CHECK(rows_of(*own) == (Rows{{"again", "2"}, {"parent", "1"}}));
    put(*own, "child", "3");
    own->sync();
    own->checkpoint();
    put(*own, "child", "4");
    opened.give();
    tried.wait();
    check_fails(err::kLockFileFailure, "is open in this process", [&] { open_file(path); });
    check_fails(err::kLockFileFailure, "is open in this process", [&] { open_file(hard); });
    tested.give();
    tried.wait();
    own.reset();
    CHECK_EQ(rows_of(*open_file(path, Sync::kFull, true)).size(), size_t{3});
    gone.give();
  });
  opened.wait();
  file.reset();
  // The child's copy of the descriptor does not hold the lock.
  file = open_file(path);
  put(*file, "again", "2");
  file.reset();
  closed.give();
  opened.wait();
  check_fails(err::kLockFileFailure, "pid " + std::to_string(child.pid()), [&] { open_file(path); });
  const auto check_locked = [&] {
    Connection plain(path);
    plain.open(path, sqlite::kOpenReadwrite, nullptr);
    check_fails(err::kLockFileFailure, path, [&] { plain.number("SELECT count(*) FROM kv"); });
  };
  check_locked();
  tried.give();
  // What was refused there has not taken its locks away.
  tested.wait();
  check_locked();
  tried.give();
  gone.wait();
  child.end();
  CHECK(rows_of(*open_file(path)) == (Rows{{"again", "2"}, {"child", "4"}, {"parent", "1"}}));
}

void an_open_batch_survives_a_child() {
  TemporaryDirectory directory;
  auto file = open_file(directory.file("a.fdb"));
  auto batch = file->begin();
  batch->put("a", "1");
  Child([&] {
    batch.reset();
    file.reset();
  }).end();
  batch->put("b", "2");
  batch->commit();
  batch.reset();
  CHECK_EQ(rows_of(*file).size(), size_t{2});
}

// Without the gate SQLite's locks would be held in some children.
void children_of_a_busy_process_can_use_sqlite() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return;  // the sanitizers' own allocator may be locked in the child
#endif
  TemporaryDirectory directory;
  auto file = open_file(directory.file("busy.fdb"), Sync::kOff);
  std::atomic<bool> stop{false};
  std::thread busy([&] {
    for (int i = 0; !stop; ++i) {
      put(*file, std::to_string(i % 1000), Bytes(500, 'x'));
      rows_of(*file, "1", "2");
    }
  });
  for (int i = 0; i < 25; ++i) {
    Child([&] {
      auto own = open_file(directory.file("own.fdb"), Sync::kOff);
      put(*own, std::to_string(i), "1");
      CHECK_EQ(rows_of(*own).size(), size_t(i + 1));
    }).end();
  }
  stop = true;
  busy.join();
}

}  // namespace
}  // namespace fdb::durable

int main() {
  using namespace fdb::durable;
  other_names_do_not_help();
  other_programs_with_sqlite_are_in_the_way();
  an_orphaned_link_is_no_file();
  a_child_opens_what_its_parent_has_closed();
  an_open_batch_survives_a_child();
  children_of_a_busy_process_can_use_sqlite();
  return 0;
}
