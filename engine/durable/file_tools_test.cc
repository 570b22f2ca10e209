// Checking, describing, rewriting, copying and making database files.
#include "durable/file_tools.h"

#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "durable/file_opening.h"
#include "durable/new_file.h"
#include "sim/child_process.h"
#include "sim/file_checks.h"
#include "sim/temporary_directory.h"
#include "store/leaf_checksum.h"

namespace fdb::durable {
namespace {

using test::check_fails;
using test::open_file;
using test::put;
using test::read_file;
using test::Rows;
using test::rows_of;
using test::TemporaryDirectory;
using test::write_file;

bool go_on(int64_t done, int64_t total) {
  CHECK(0 <= done && done <= total);
  return true;
}

bool stop(int64_t, int64_t) { return false; }

bool contains(const Bytes& text, const Bytes& part) { return text.find(part) != Bytes::npos; }

Bytes key_of(int number) { return "key " + std::to_string(10000 + number); }

void make(const Bytes& path, int rows, Version lease = 1000) {
  NewFile file(path);
  for (int i = 0; i < rows; ++i) file.add(key_of(i), Bytes(i % 40 == 7 ? 3000 : 60, static_cast<char>('a' + i % 26)));
  file.finish(lease);
}

void change(const Bytes& path, const char* sql) {
  Connection plain(path);
  plain.open(path, sqlite::kOpenReadwrite, nullptr);
  plain.checkpoint_on_close(true);
  plain.run(sql, "change");
}

void new_files_are_databases() {
  TemporaryDirectory directory;
  const Bytes path = directory.file("a.fdb"), empty = directory.file("empty.fdb");
  make(path, 1000);
  bool is_new = true;
  auto file = DatabaseFile::open({path}, &is_new);
  CHECK(!is_new);
  CHECK(file->versions() == (Versions{1000, 1000, 1000, 0}));
  Rows all;
  std::vector<Bytes> firsts;
  std::vector<StoredLeaf> leaves;
  file->for_each_leaf([&](const StoredLeaf& leaf) {
    firsts.emplace_back(leaf.first);
    leaves.push_back(leaf);
    CHECK(leaf.keys <= 64 && (leaf.bytes <= 4096 || leaf.keys == 1));
  });
  CHECK_EQ(firsts[0], "");
  for (size_t i = 0; i < firsts.size(); ++i) {
    store::LeafChecksum checksum;
    for (const auto& [key, value] : rows_of(*file, firsts[i], i + 1 < firsts.size() ? firsts[i + 1] : "")) {
      checksum.add(key, value);
      all[key] = value;
    }
    CHECK_EQ(checksum.value(), leaves[i].checksum);
  }
  CHECK(all == rows_of(*file));
  CHECK_EQ(all.size(), size_t{1000});
  CHECK_EQ(file->totals().keys, 1000);
  file.reset();
  CHECK(contains(check_file(path, go_on), "\"ok\":true"));
  make(empty, 0);
  CHECK(contains(check_file(empty, go_on), "\"ok\":true"));
}

void new_files_overwrite_nothing_and_leave_nothing() {
  TemporaryDirectory directory;
  const Bytes path = directory.file("a.fdb");
  {
    NewFile file(path);
    file.add("a", "1");
    CHECK(!file_exists(path));
    check_fails(err::kFileNotWritable, path + ".partial exists", [&] { NewFile second(path); });
  }
  CHECK(!file_exists(path) && !file_exists(path + ".partial"));
  {
    NewFile file(path);
    write_file(path, "somebody was faster");
    check_fails(err::kFileNotWritable, path + " exists", [&] { file.finish(1); });
  }
  CHECK_EQ(read_file(path), "somebody was faster");
  CHECK(!file_exists(path + ".partial"));
  check_fails(err::kFileNotWritable, path + " exists", [&] { NewFile file(path); });
  check_fails(err::kFileNotFound, directory.file("no"), [&] { NewFile file(directory.file("no/a.fdb")); });
}

void info_describes_a_file() {
  TemporaryDirectory directory;
  const Bytes path = directory.file("a.fdb");
  make(path, 100);
  const Bytes clean = info_of_file(path);
  for (const char* part : {"\"format\":1", "\"keys\":100", "\"lease\":1000", "\"log_records\":0", "\"cleanly_closed\":true"}) {
    CHECK(contains(clean, part));
  }
  auto file = open_file(path);
  auto batch = file->begin();
  batch->append(1001, "record");
  batch->commit();
  batch.reset();
  check_fails(err::kLockFileFailure, path, [&] { info_of_file(path); });
  check_fails(err::kLockFileFailure, path, [&] { check_file(path, go_on); });
  check_fails(err::kLockFileFailure, path, [&] { compact_file(path, go_on); });
  file.reset();
  CHECK(contains(info_of_file(path), "\"log_records\":1"));
  CHECK(contains(info_of_file(path), "\"cleanly_closed\":false"));
  for (const Bytes& bad : {directory.file("nothing"), directory.path()}) {
    const Error code = bad == directory.path() ? err::kFileCorrupt : err::kFileNotFound;
    check_fails(code, bad, [&] { info_of_file(bad); });
    check_fails(code, bad, [&] { check_file(bad, go_on); });
    check_fails(code, bad, [&] { compact_file(bad, go_on); });
  }
  CHECK(!file_exists(directory.file("nothing")));
}

void check_finds_damage() {
  const std::pair<const char*, const char*> damages[] = {
      {"UPDATE kv SET v = x'00' WHERE k = CAST('key 10005' AS BLOB)", "\"kind\":\"leaf_rows\",\"count\":1"},
      {"DELETE FROM kv WHERE v = 1", "\"kind\":\"big\",\"count\":1"},
      {"DELETE FROM big WHERE id = 2", "\"kind\":\"big\",\"count\":1"},
      {"UPDATE kv SET v = 1 WHERE v = 2", "several rows have the long value 1"},
      {"UPDATE leaves SET keys = keys + 1 WHERE k = x''", "\"kind\":\"leaves\",\"count\":1"},
      {"DELETE FROM leaves WHERE k > x''", "\"kind\":\"totals\""},
      {"DELETE FROM leaves WHERE k = x''", "\"kind\":\"rows\""},
      {"DELETE FROM leaves", "\"kind\":\"rows\",\"count\":200"},
      {"UPDATE meta SET value = 7 WHERE name = 'lease'", "\"kind\":\"meta\",\"count\":1"},
      {"CREATE TABLE another (a)", "\"kind\":\"tables\",\"count\":1"},
      {"DELETE FROM log WHERE version = 1002", "\"kind\":\"log\",\"count\":1"},
      {"UPDATE log SET record = x'00' WHERE version = 1002", "version 1002: another checksum"},
      {"DELETE FROM log WHERE version = 1003", "it ends before version 1003"},
      {"UPDATE kv SET v = 'text' WHERE k = CAST('key 10005' AS BLOB)", "another type"},
  };
  TemporaryDirectory directory;
  const Bytes good = directory.file("good.fdb"), path = directory.file("a.fdb");
  make(good, 200);
  {
    auto file = open_file(good);
    const auto batch = file->begin();
    for (Version version = 1001; version <= 1003; ++version) batch->append(version, "record");
    batch->commit();
  }
  {
    auto file = open_file(good);
    file->checkpoint();
  }
  CHECK(contains(check_file(good, go_on), "\"ok\":true"));
  for (const auto& [sql, expected] : damages) {
    write_file(path, read_file(good));
    change(path, sql);
    const Bytes before = read_file(path), report = check_file(path, go_on);
    CHECK(contains(report, "\"ok\":false"));
    if (!contains(report, expected)) CHECK_EQ(report, expected);
    CHECK(read_file(path) == before);
  }
  check_fails(err::kOperationCancelled, good, [&] { check_file(good, stop); });
}

// Much of a page is free space, where a bit means nothing; but no damage ends the check before its report.
void check_finds_flipped_bits() {
  TemporaryDirectory directory;
  const Bytes good = directory.file("good.fdb"), path = directory.file("a.fdb");
  make(good, 200);
  const Bytes pages = read_file(good);
  int found = 0, flips = 0;
  for (size_t place = 4096; place < pages.size(); place += 211, ++flips) {
    Bytes damaged = pages;
    damaged[place] = static_cast<char>(damaged[place] ^ (1 << place % 8));
    write_file(path, damaged);
    if (contains(check_file(path, go_on), "\"ok\":false")) ++found;
  }
  CHECK(found > flips / 4);
}

void compacting_keeps_everything_but_space() {
  TemporaryDirectory directory;
  const Bytes path = directory.file("it's.fdb");
  make(path, 3000);
  {
    auto file = open_file(path);
    const auto batch = file->begin();
    for (int i = 0; i < 3000; ++i) {
      if (i % 10) batch->erase(key_of(i));
    }
    batch->append(1001, "record");
    batch->commit();
  }
  CHECK_EQ(chmod(path.c_str(), 0640), 0);
  const auto size = read_file(path).size();
  auto file = open_file(path);
  const Rows rows = rows_of(*file);
  const Bytes id = file->id();
  file.reset();
  check_fails(err::kOperationCancelled, path, [&] { compact_file(path, stop); });
  CHECK_EQ(read_file(path).size(), size);
  CHECK(!file_exists(path + ".partial"));
  const Bytes report = compact_file(path, go_on);
  CHECK(read_file(path).size() < size / 2);
  CHECK(contains(report, "\"bytes_after\":" + std::to_string(read_file(path).size())));
  CHECK(!file_exists(path + ".partial") && !file_exists(path + "-wal"));
  struct stat status;
  CHECK(stat(path.c_str(), &status) == 0 && (status.st_mode & 0777) == 0640);
  file = open_file(path);
  CHECK(rows_of(*file) == rows && file->id() == id);
  CHECK(file->versions() == (Versions{1000, 1000, 1000, 1001}));
  int records = 0;
  file->for_each_record([&](Version version, Slice record) { records += version == 1001 && record == "record"; });
  CHECK_EQ(records, 1);
}

void back_up_while_others_write() {
  TemporaryDirectory directory;
  const Bytes path = directory.file("a.fdb"), target = directory.file("copy.fdb");
  make(path, 5000);
  auto file = open_file(path, Sync::kOff);
  // Two rows that always change together, at both ends.
  std::atomic<bool> stop_writing{false};
  std::atomic<int> written{0};
  const auto write = [&](int i) {
    const auto batch = file->begin();
    batch->put("a", std::to_string(i));
    for (int j = 0; j < 20; ++j) batch->put(key_of((i * 37 + j * 211) % 5000), Bytes(100, static_cast<char>(i)));
    batch->put("z", std::to_string(i));
    batch->commit();
    written = i;
  };
  write(0);
  std::thread writer([&] {
    for (int i = 1; !stop_writing; ++i) write(i);
  });
  int steps = 0, before = written;
  const Bytes report = back_up(*file, target, [&](int64_t done, int64_t total) {
    ++steps;
    CHECK(done <= total);
    // Writers come between the steps.
    while (written == before) std::this_thread::yield();
    before = written;
    return true;
  });
  stop_writing = true;
  writer.join();
  CHECK(steps > 2);
  CHECK(contains(report, target));
  const Rows copied = rows_of(*open_file(target));
  CHECK(copied.size() == rows_of(*file).size());
  CHECK_EQ(copied.at("a"), copied.at("z"));
  CHECK(std::stoi(copied.at("a")) > 1);
  CHECK(contains(check_file(target, go_on), "\"pages\"") == false);
  // Nothing is overwritten, nothing is left.
  check_fails(err::kFileNotWritable, target + " exists", [&] { back_up(*file, target, go_on); });
  const Bytes other = directory.file("other.fdb");
  check_fails(err::kOperationCancelled, other, [&] { back_up(*file, other, stop); });
  CHECK(!file_exists(other) && !file_exists(other + ".partial"));
  check_fails(err::kFileNotFound, directory.file("no"), [&] { back_up(*file, directory.file("no/b.fdb"), go_on); });
  put(*file, "still", "usable");
}

}  // namespace
}  // namespace fdb::durable

int main() {
  using namespace fdb::durable;
  new_files_are_databases();
  new_files_overwrite_nothing_and_leave_nothing();
  info_describes_a_file();
  check_finds_damage();
  check_finds_flipped_bits();
  compacting_keeps_everything_but_space();
  back_up_while_others_write();
  return 0;
}
