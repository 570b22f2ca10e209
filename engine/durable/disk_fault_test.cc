// A disk that fails: every single call in turn, full or broken, once or from then on; and what a file can do afterwards.
#include <thread>

#include "durable/database_file_schema.h"
#include "sim/file_checks.h"
#include "sim/file_workload.h"
#include "sim/simulated_vfs.h"

namespace fdb::durable {
namespace {

using test::check_fails;
using test::Fault;
using test::FileWorkload;
using test::open_file;
using test::put;
using test::Rows;
using test::rows_of;
using test::SimulatedDisk;
using test::SimulatedVfs;

// False when the workload ended before the call came.
bool fail_call(int64_t nth, Fault fault, bool all_after, uint64_t seed) {
  SimulatedDisk disk(seed);
  SimulatedVfs vfs(&disk);
  FileWorkload workload(seed, Sync::kFull);
  disk.fail(nth, fault, all_after);
  workload.run(30);
  const bool happened = disk.faults() > 0;
  disk.heal();
  workload.close();
  const auto state = workload.read();
  if (!state) std::cerr << workload.last_error() << "\n";
  CHECK(state.has_value());
  const int batch = workload.batch_of(*state);
  CHECK(batch >= workload.synced());
  // What was read was synced before.
  disk.lose_power();
  const auto after = workload.read();
  CHECK(after && *after == *state);
  return happened;
}

void every_call_may_fail(uint64_t seed) {
  for (const Fault fault : {Fault::kError, Fault::kFull}) {
    for (const bool all_after : {false, true}) {
      int64_t calls = 0;
      while (fail_call(calls, fault, all_after, seed)) ++calls;
      CHECK(calls > 50);
    }
  }
}

void a_full_disk_undoes_the_batch_alone() {
  SimulatedDisk disk(1);
  SimulatedVfs vfs(&disk);
  auto file = open_file("test.fdb");
  put(*file, "a", "1");
  file->sync();
  disk.fail(0, Fault::kFull, true);
  for (int i = 0; i < 3; ++i) {
    check_fails(err::kIoError, "the disk is full", [&] { put(*file, "b", Bytes(5000, 'b')); });
    CHECK(rows_of(*file) == (Rows{{"a", "1"}}));
  }
  disk.heal();
  put(*file, "c", "3");
  file->sync();
  file.reset();
  CHECK(rows_of(*open_file("test.fdb")) == (Rows{{"a", "1"}, {"c", "3"}}));
}

void a_batch_that_failed_does_nothing_more() {
  SimulatedDisk disk(1);
  SimulatedVfs vfs(&disk);
  auto file = open_file("test.fdb");
  auto batch = file->begin();
  batch->append(1, "a");
  disk.fail(0, Fault::kFull, true);
  check_fails(err::kIoError, "full", [&] { batch->commit(); });
  disk.heal();
  check_fails(err::kIoError, "undone", [&] { batch->put("b", "2"); });
  check_fails(err::kIoError, "undone", [&] { batch->commit(); });
  batch.reset();
  CHECK(rows_of(*file).empty());
  // The chain of records goes on from what is there.
  batch = file->begin();
  batch->append(2, "b");
  batch->commit();
  batch.reset();
  file->for_each_record([](Version version, Slice record) { CHECK(version == 2 && record == "b"); });
}

void a_failed_sync_is_the_end_until_the_file_is_opened_again() {
  SimulatedDisk disk(1);
  SimulatedVfs vfs(&disk);
  auto file = open_file("test.fdb");
  put(*file, "a", "1");
  disk.fail(0, Fault::kError, false);
  check_fails(err::kIoError, "sync", [&] { file->sync(); });
  // The next sync of the system would succeed.
  check_fails(err::kIoError, "sync", [&] { file->sync(); });
  check_fails(err::kIoError, "sync", [&] { put(*file, "b", "2"); });
  check_fails(err::kIoError, "sync", [&] { file->checkpoint(); });
  CHECK(rows_of(*file) == (Rows{{"a", "1"}}));
  file.reset();
  file = open_file("test.fdb");
  CHECK(rows_of(*file) == (Rows{{"a", "1"}}));
  put(*file, "b", "2");
  file->sync();
  disk.fail(0, Fault::kError, true);
  file.reset();
  disk.lose_power();
  disk.heal();
  CHECK(rows_of(*open_file("test.fdb")) == (Rows{{"a", "1"}, {"b", "2"}}));
}

void reads_and_commits_go_on_while_a_sync_waits() {
  SimulatedDisk disk(1);
  SimulatedVfs vfs(&disk);
  auto file = open_file("test.fdb");
  put(*file, "a", "1");
  disk.hold_syncs();
  std::thread syncing([&] { file->sync(); });
  disk.await_sync();
  CHECK(rows_of(*file) == (Rows{{"a", "1"}}));
  for (int i = 0; i < 50; ++i) put(*file, "b", std::to_string(i));
  CHECK_EQ(rows_of(*file).size(), size_t{2});
  disk.let_syncs_go();
  syncing.join();
  disk.fail(0, Fault::kError, true);
  file.reset();
  disk.lose_power();
  disk.heal();
  CHECK_EQ(rows_of(*open_file("test.fdb"))["a"], "1");
}

void reading_only_needs_no_writes() {
  SimulatedDisk disk(1);
  SimulatedVfs vfs(&disk);
  auto file = open_file("test.fdb");
  put(*file, "a", "1");
  // Once as a crash leaves it, once closed.
  disk.install("crashed.fdb", disk.contents("test.fdb"));
  disk.install("crashed.fdb-wal", disk.contents("test.fdb-wal"));
  file.reset();
  SimulatedVfs::refuses_writes() = true;
  for (const char* name : {"test.fdb", "crashed.fdb"}) {
    CHECK(rows_of(*open_file(name, Sync::kFull, true)) == (Rows{{"a", "1"}}));
  }
  SimulatedVfs::refuses_writes() = false;
  CHECK(disk.exists("crashed.fdb-wal") && !disk.exists("test.fdb-wal"));
}

// At a damaged frame SQLite takes its log to end, as after a loss of power: the file is as an earlier batch left it. But it is an error
// where a later record says that what is missing was on disk, and where later pages had been copied from the log into the file: what is
// left of the log then lies over newer pages, and the table contradicts itself. Older rows alone are not noticed here: a database compares
// them with the checksums of its leaves, which are random numbers in this workload.
void a_flipped_bit_in_the_log_of_an_open_file(uint64_t seed) {
  SimulatedDisk disk(seed);
  SimulatedVfs vfs(&disk);
  FileWorkload workload(seed, Sync::kFull);
  for (int steps = 0; disk.contents("test.fdb-wal").size() < 100'000; ++steps) CHECK(workload.run(1) && steps < 1000);
  const Bytes pages = disk.contents("test.fdb"), log = disk.contents("test.fdb-wal");
  disk.fail(0, Fault::kError, true);
  workload.close();
  disk.heal();
  for (size_t place = 0; place < log.size(); place += 97) {
    Bytes damaged = log;
    damaged[place] = static_cast<char>(damaged[place] ^ (1 << place % 8));
    disk.install("test.fdb", pages);
    disk.install("test.fdb-wal", damaged);
    const auto state = workload.read();
    if (!state) {
      CHECK(workload.last_error().find("is damaged") != Bytes::npos);
      continue;
    }
    CHECK(workload.batch_of(*state) >= 0 || workload.differs_in_rows(*state));
    CHECK(test::newest_version(*state) >= workload.proven());
  }
}

void a_synced_commit_that_damage_took_is_missed() {
  SimulatedDisk disk(1);
  SimulatedVfs vfs(&disk);
  auto file = open_file("test.fdb");
  for (Version version = 1; version <= 3; ++version) {
    const auto batch = file->begin();
    batch->append(version, Bytes(2000, 'r'));
    batch->commit();
    file->sync();
  }
  const Bytes pages = disk.contents("test.fdb"), log = disk.contents("test.fdb-wal");
  disk.fail(0, Fault::kError, true);
  file.reset();
  disk.heal();
  // The header, and what is in the first commit's frames.
  for (const size_t place : {size_t{5}, size_t{20}, size_t{32}, size_t{40}, size_t{50}, size_t{1000}, size_t{4000}}) {
    Bytes damaged = log;
    damaged[place] = static_cast<char>(damaged[place] ^ 4);
    disk.install("test.fdb", pages);
    disk.install("test.fdb-wal", damaged);
    // Again and again: the log stays as it is.
    for (const bool read_only : {false, true, false}) {
      check_fails(err::kFileCorrupt, "it was on disk up to version 2", [&] { open_file("test.fdb", Sync::kFull, read_only); });
    }
    CHECK(disk.contents("test.fdb-wal") == damaged);
  }
}

}  // namespace
}  // namespace fdb::durable

int main() {
  using namespace fdb::durable;
  const uint64_t seed = fdb::test::seed();
  a_full_disk_undoes_the_batch_alone();
  a_batch_that_failed_does_nothing_more();
  a_failed_sync_is_the_end_until_the_file_is_opened_again();
  reads_and_commits_go_on_while_a_sync_waits();
  reading_only_needs_no_writes();
  every_call_may_fail(seed);
  a_flipped_bit_in_the_log_of_an_open_file(seed);
  a_flipped_bit_in_the_log_of_an_open_file(3170896499);  // leaves older rows below newer records
  a_synced_commit_that_damage_took_is_missed();
  return 0;
}
