// A database file: what a batch leaves, what reading finds, what is refused at opening, and what comes of damage.
#include "durable/database_file.h"

#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <map>
#include <vector>

#include "durable/database_file_schema.h"
#include "durable/file_opening.h"
#include "durable/kv_table.h"
#include "sim/child_process.h"
#include "sim/file_checks.h"
#include "sim/temporary_directory.h"
#include "sim/test_support.h"
#include "store/leaf_description.h"

namespace fdb::durable {
namespace {

using test::check_fails;
using test::read_file;
using test::Rows;
using test::rows_of;
using test::TemporaryDirectory;
using test::write_file;

std::unique_ptr<DatabaseFile> open(const Bytes& path, bool expect_new = false, Sync sync = Sync::kFull) {
  bool is_new = !expect_new;
  auto file = DatabaseFile::open({path, sync}, &is_new);
  CHECK_EQ(is_new, expect_new);
  return file;
}

std::unique_ptr<DatabaseFile> open_read_only(const Bytes& path) {
  bool is_new = true;
  auto file = DatabaseFile::open({path, Sync::kFull, true}, &is_new);
  CHECK(!is_new);
  return file;
}

StoredLeaf leaf_of(Slice first, const Rows& rows) {
  store::LeafDescription description;
  for (const auto& [key, value] : rows) description.add(key, value);
  return description.leaf(first);
}

std::vector<std::pair<Version, Bytes>> records_of(DatabaseFile& file) {
  std::vector<std::pair<Version, Bytes>> records;
  file.for_each_record([&](Version version, Slice record) { records.emplace_back(version, record); });
  return records;
}

void batches_are_kept_as_a_whole() {
  TemporaryDirectory directory;
  const Bytes path = directory.file("a.fdb");
  Bytes id;
  {
    auto file = open(path, true);
    id = file->id();
    CHECK_EQ(id.size(), size_t{16});
    auto batch = file->begin();
    batch->append(100, "first");
    batch->append(101, "second");
    batch->put("a", "1");
    batch->put("", "empty key");
    batch->put("b", "");
    batch->set_versions({100, 101, 5000, 0});
    batch->commit();
    batch.reset();
    file->sync();
    auto undone = file->begin();
    undone->append(102, "third");
    undone->put("a", "2");
    undone->erase("b");
    undone.reset();
    auto last = file->begin();
    last->append(103, "fourth");
    last->commit();
  }
  for (int i = 0; i < 2; ++i) {
    auto file = open(path);
    CHECK(file->id() == id);
    CHECK(rows_of(*file) == (Rows{{"", "empty key"}, {"a", "1"}, {"b", ""}}));
    CHECK(file->versions() == (Versions{100, 101, 5000, 103}));
    CHECK(records_of(*file) == (std::vector<std::pair<Version, Bytes>>{{101, "second"}, {103, "fourth"}}));
  }
}

void long_values_go_with_their_rows() {
  TemporaryDirectory directory;
  auto file = open(directory.file("a.fdb"), true);
  const Bytes small(kLongestInlineValue, 's'), big(kLongestInlineValue + 1, 'b'), huge(100'000, 'h');
  auto batch = file->begin();
  batch->put("a", small);
  batch->put("b", big);
  batch->put("c", huge);
  batch->put("d", huge);
  batch->put("c", "short");
  batch->put("a", huge);
  batch->put("d", big);
  batch->erase("b");
  batch->erase("nothing");
  Rows seen;
  CHECK(batch->rows("a", "d", 1, [&](Slice key, Slice value) { seen.emplace(key, value); }));
  CHECK(!batch->rows("b", "", 2, [&](Slice key, Slice value) { seen.emplace(key, value); }));
  batch->commit();
  batch.reset();
  const Rows expected{{"a", huge}, {"c", "short"}, {"d", big}};
  CHECK(seen == expected);
  CHECK(rows_of(*file) == expected);
  CHECK(rows_of(*file, "b", "d") == (Rows{{"c", "short"}}));
  CHECK(rows_of(*file, "d", "b").empty());
  file.reset();
  Connection plain(directory.file("a.fdb"));
  plain.open(directory.file("a.fdb"), sqlite::kOpenReadonly, nullptr);
  CHECK_EQ(plain.number("SELECT count(*) FROM big"), 2);
}

void leaves_add_up() {
  TemporaryDirectory directory;
  const Bytes path = directory.file("a.fdb");
  auto file = open(path, true);
  const StoredLeaf first{"", 2, 30, 7}, second{"m", 1, 20, 0xffffffff}, third{"t", 5, 1, 0};
  auto batch = file->begin();
  batch->replace_leaves("", "", std::vector{first, second, third});
  batch->replace_leaves("m", "t", std::vector{StoredLeaf{"n", 4, 4, 4}, StoredLeaf{"o", 6, 6, 6}});
  Bytes next;
  CHECK(batch->next_leaf("a", &next) && next == "n");
  CHECK(batch->next_leaf("n", &next) && next == "n");
  CHECK(!batch->next_leaf("u", &next));
  batch->commit();
  batch.reset();
  CHECK((file->totals() == LeafTotals{4, 17, 41, file->totals().checksum}));
  file.reset();
  file = open(path);
  Bytes firsts;
  file->for_each_leaf([&](const StoredLeaf& leaf) { firsts += Bytes(leaf.first) + ":" + std::to_string(leaf.checksum) + " "; });
  CHECK_EQ(firsts, ":7 n:4 o:6 t:0 ");
}

void the_log_is_forgotten_up_to_base() {
  TemporaryDirectory directory;
  const Bytes path = directory.file("a.fdb");
  auto file = open(path, true);
  auto batch = file->begin();
  for (Version version = 1; version <= 10; ++version) batch->append(version * 10, std::to_string(version));
  batch->set_versions({70, 70, 1000, 0});
  CHECK(batch->forget_records(3));
  batch->commit();
  batch.reset();
  file->checkpoint();
  CHECK_EQ(file->pending_bytes(), 0);
  CHECK_EQ(file->versions().log_end, 100);
  batch = file->begin();
  CHECK(!batch->forget_records(5));
  batch->append(105, "more");
  batch->commit();
  batch.reset();
  CHECK_EQ(records_of(*file).size(), size_t{4});
  file.reset();
  file = open(path);
  CHECK_EQ(records_of(*file).size(), size_t{4});
  // All of it is folded: what comes next names the base.
  batch = file->begin();
  batch->set_versions({105, 105, 1000, 0});
  CHECK(!batch->forget_records(100));
  batch->commit();
  batch.reset();
  file.reset();
  file = open(path);
  batch = file->begin();
  batch->append(200, "again");
  batch->commit();
  batch.reset();
  CHECK_EQ(records_of(*file).size(), size_t{1});
}

// ---- the log is whole, or it is an error ---------------------------------------------------------------

// Closing it says where the log ends, as a checkpoint does.
void make_log(const Bytes& path) {
  auto file = open(path, true);
  auto batch = file->begin();
  for (Version version = 1; version <= 5; ++version) batch->append(version * 10, "record " + std::to_string(version));
  batch->set_versions({10, 10, 1000, 0});
  batch->commit();
}

void a_record_that_is_missing_is_found_out() {
  for (const char* damage :
       {"DELETE FROM log WHERE version = 20", "DELETE FROM log WHERE version = 30", "DELETE FROM log WHERE version = 50",
        "DELETE FROM log", "UPDATE log SET version = 25 WHERE version = 20", "UPDATE log SET version = 55 WHERE version = 50",
        "UPDATE log SET record = (SELECT record FROM log WHERE version = 30) WHERE version = 20",
        "UPDATE log SET record = record || x'00' WHERE version = 40", "UPDATE log SET record = 'text' WHERE version = 40"}) {
    TemporaryDirectory directory;
    const Bytes path = directory.file("a.fdb");
    make_log(path);
    {
      Connection plain(path);
      plain.open(path, sqlite::kOpenReadwrite, nullptr);
      plain.checkpoint_on_close(true);
      plain.run(damage, "damage");
    }
    auto file = open(path);
    check_fails(err::kFileCorrupt, path, [&] { records_of(*file); });
  }
}

// ---- what is refused -----------------------------------------------------------------------------------

void foreign_files_stay_as_they_are() {
  TemporaryDirectory directory;
  const Bytes text = directory.file("text"), other = directory.file("other.db"), folder = directory.file("folder");
  const Bytes fifo = directory.file("fifo"), missing = directory.file("no/such/a.fdb");
  write_file(text, Bytes(5000, 'x'));
  {
    Connection plain(other);
    plain.open(other, sqlite::kOpenReadwrite | sqlite::kOpenCreate, nullptr);
    plain.run("CREATE TABLE mine (a); INSERT INTO mine VALUES (1)", "make");
  }
  std::filesystem::create_directory(folder);
  CHECK_EQ(mkfifo(fifo.c_str(), 0600), 0);
  const Bytes short_text = directory.file("short");
  write_file(short_text, "hello");
  for (const bool read_only : {false, true}) {
    const auto refused = [&](const Bytes& path, Error code, const Bytes& part) {
      bool is_new;
      check_fails(code, part, [&] { DatabaseFile::open({path, Sync::kFull, read_only}, &is_new); });
    };
    const Bytes before = read_file(other);
    refused(text, err::kFileCorrupt, text + " is a file of another kind");
    refused(short_text, err::kFileCorrupt, short_text);
    refused(other, err::kFileCorrupt, other + " is a SQLite database of another program");
    refused(folder, err::kFileCorrupt, folder + " is a directory");
    refused(fifo, err::kFileCorrupt, fifo + " is not a regular file");
    refused("/dev/null", err::kFileCorrupt, "/dev/null is not a regular file");
    refused(missing, err::kFileNotFound, directory.file("no/such"));
    refused(text + "/a.fdb", err::kFileNotFound, text);
    refused("", err::kFileNotFound, "path");
    CHECK(read_file(other) == before);
    CHECK(read_file(text) == Bytes(5000, 'x'));
    CHECK_EQ(read_file(short_text), "hello");
  }
  bool is_new;
  const Bytes nothing = directory.file("nothing.fdb");
  check_fails(err::kFileNotFound, nothing, [&] { DatabaseFile::open({nothing, Sync::kFull, false, true}, &is_new); });
  check_fails(err::kFileNotFound, nothing, [&] { DatabaseFile::open({nothing, Sync::kFull, true}, &is_new); });
  CHECK(!file_exists(nothing));
}

void newer_formats_are_refused() {
  TemporaryDirectory directory;
  const Bytes path = directory.file("a.fdb");
  open(path, true).reset();
  {
    Connection plain(path);
    plain.open(path, sqlite::kOpenReadwrite, nullptr);
    plain.run("PRAGMA user_version=2; PRAGMA wal_checkpoint(TRUNCATE)", "change");
  }
  bool is_new;
  check_fails(err::kIncompatibleSoftwareVersion, path, [&] { DatabaseFile::open({path}, &is_new); });
}

void an_empty_file_becomes_a_database() {
  TemporaryDirectory directory;
  const Bytes path = directory.file("a%20b?c#d.fdb");
  write_file(path, "");
  bool is_new;
  check_fails(err::kFileCorrupt, "is empty", [&] { DatabaseFile::open({path, Sync::kFull, true}, &is_new); });
  auto file = open(path, true);
  file.reset();
  // Nothing was stored in it, not even a lease.
  file = open(path, true);
  auto batch = file->begin();
  batch->put("a", "1");
  batch->set_versions({0, 0, 10, 0});
  batch->commit();
  batch.reset();
  file.reset();
  CHECK(rows_of(*open(path)) == (Rows{{"a", "1"}}));
  CHECK(rows_of(*open_read_only(path)) == (Rows{{"a", "1"}}));
}

void reading_only_writes_nothing() {
  TemporaryDirectory directory;
  const Bytes path = directory.file("a.fdb"), copy = directory.file("copy.fdb");
  auto file = open(path, true);
  auto batch = file->begin();
  batch->append(10, "record");
  batch->put("a", "1");
  batch->set_versions({0, 0, 10, 0});
  batch->commit();
  batch.reset();
  // As a crash leaves it: with a log beside it.
  write_file(copy, read_file(path));
  write_file(copy + "-wal", read_file(path + "-wal"));
  file.reset();
  const Bytes log = read_file(copy + "-wal"), pages = read_file(copy);
  CHECK(log.size() > 0);
  for (const Bytes& name : {path, copy}) {
    auto reader = open_read_only(name);
    CHECK(rows_of(*reader) == (Rows{{"a", "1"}}));
    CHECK_EQ(records_of(*reader).size(), size_t{1});
    check_fails(err::kFileNotWritable, "mode=ro", [&] { reader->begin(); });
    check_fails(err::kFileNotWritable, "mode=ro", [&] { reader->checkpoint(); });
  }
  CHECK(read_file(copy + "-wal") == log);
  CHECK(read_file(copy) == pages);
  CHECK(!file_exists(path + "-wal"));
  CHECK(!file_exists(copy + "-shm"));
}

// In a child, since root may write everywhere.
void where_nothing_can_be_written_it_can_be_read() {
  TemporaryDirectory directory;
  const Bytes clean = directory.file("clean.fdb"), crashed = directory.file("crashed.fdb");
  auto file = open(clean, true);
  auto batch = file->begin();
  batch->put("a", "1");
  batch->set_versions({0, 0, 10, 0});
  batch->commit();
  batch.reset();
  write_file(crashed, read_file(clean));
  write_file(crashed + "-wal", read_file(clean + "-wal"));
  file.reset();
  CHECK_EQ(unlink((clean + "-lock").c_str()), 0);
  for (const Bytes& name : {clean, crashed, crashed + "-wal"}) CHECK_EQ(chmod(name.c_str(), 0444), 0);
  CHECK_EQ(chmod(directory.path().c_str(), 0555), 0);
  test::Child([&] {
    if (geteuid() == 0) CHECK_EQ(setuid(65534), 0);
    for (const Bytes& name : {clean, crashed}) {
      CHECK(rows_of(*open_read_only(name)) == (Rows{{"a", "1"}}));
      check_fails(err::kFileNotWritable, "?mode=ro", [&] { open(name); });
    }
    check_fails(err::kFileNotWritable, "?mode=ro", [&] { open(directory.file("new.fdb")); });
  }).end();
  CHECK_EQ(chmod(directory.path().c_str(), 0755), 0);
}

// ---- damage --------------------------------------------------------------------------------------------

// Everything that is in the file, checked as the store does it, or the error's code.
Bytes contents(const Bytes& path) {
  try {
    bool is_new;
    auto file = DatabaseFile::open({path, Sync::kOff}, &is_new);
    Bytes all = file->id() + std::to_string(file->versions().lease) + ":" + std::to_string(file->versions().base);
    std::vector<std::pair<Bytes, StoredLeaf>> leaves;
    file->for_each_leaf([&](const StoredLeaf& leaf) { leaves.emplace_back(leaf.first, leaf); });
    for (size_t i = 0; i < leaves.size(); ++i) {
      const Bytes end = i + 1 < leaves.size() ? leaves[i + 1].first : "";
      store::LeafChecksum checksum;
      file->scan(leaves[i].first, end, [&](Slice key, Slice value) {
        checksum.add(key, value);
        all.append(key).append("=").append(value).append(";");
      });
      if (checksum.value() != leaves[i].second.checksum) return "error 1522";
    }
    for (const auto& [version, record] : records_of(*file)) all += std::to_string(version) + record;
    return all;
  } catch (const FileError& error) {
    CHECK(error.text.find(path) != Bytes::npos);
    return "error " + std::to_string(error.code);
  }
}

void fill(DatabaseFile& file) {
  auto batch = file.begin();
  std::vector<Bytes> firsts;
  std::vector<StoredLeaf> leaves;
  for (int leaf = 0; leaf < 12; ++leaf) {
    Rows rows;
    for (int row = 0; row < 12; ++row) {
      const Bytes key = std::to_string(100 + leaf) + "/" + std::to_string(100 + row);
      rows[key] = Bytes(static_cast<size_t>(row == 3 ? 3000 : 20 + row), static_cast<char>('a' + leaf));
      batch->put(key, rows[key]);
    }
    firsts.push_back(leaf == 0 ? "" : rows.begin()->first);
    leaves.push_back(leaf_of("", rows));
  }
  for (size_t i = 0; i < leaves.size(); ++i) leaves[i].first = firsts[i];
  batch->replace_leaves("", "", leaves);
  for (Version version = 1; version <= 30; ++version) batch->append(version, "record " + std::to_string(version));
  batch->set_versions({5, 5, 1000, 0});
  batch->commit();
}

void check_flips(const Bytes& original, const Bytes& damaged_name, const Bytes& path, size_t step) {
  const Bytes good = contents(path);
  CHECK(good.substr(0, 5) != "error");
  int errors = 0;
  for (size_t place = 0; place < original.size(); place += step) {
    Bytes damaged = original;
    damaged[place] = static_cast<char>(damaged[place] ^ (1 << place % 8));
    write_file(damaged_name, damaged);
    const Bytes found = contents(path);
    if (found.substr(0, 5) == "error") {
      ++errors;
    } else if (found != good) {
      size_t difference = 0;
      while (difference < std::min(found.size(), good.size()) && found[difference] == good[difference]) ++difference;
      std::cerr << "a flipped bit in byte " << place << " changed the answer from its byte " << difference << " on, of "
                << good.size() << " and now " << found.size() << "\n";
      CHECK(!"another answer");
    }
  }
  CHECK(errors > 0);
}

void a_flipped_bit_is_an_error_or_the_same_answer() {
  TemporaryDirectory directory;
  const Bytes path = directory.file("a.fdb");
  auto file = open(path, true);
  fill(*file);
  file.reset();
  const Bytes pages = read_file(path);
  CHECK_EQ(pages.size() % kPageSize, size_t{0});
  check_flips(pages, path, path, 37);
}

}  // namespace
}  // namespace fdb::durable

int main() {
  using namespace fdb::durable;
  batches_are_kept_as_a_whole();
  long_values_go_with_their_rows();
  leaves_add_up();
  the_log_is_forgotten_up_to_base();
  a_record_that_is_missing_is_found_out();
  foreign_files_stay_as_they_are();
  newer_formats_are_refused();
  an_empty_file_becomes_a_database();
  reading_only_writes_nothing();
  where_nothing_can_be_written_it_can_be_read();
  a_flipped_bit_is_an_error_or_the_same_answer();
  return 0;
}
