// Memory that runs out while a database file is used: every allocation in turn. What fails has done nothing, and the file goes on.
#include "durable/file_opening.h"
#include "sim/failing_allocator.h"
#include "sim/file_checks.h"
#include "sim/temporary_directory.h"

namespace fdb::durable {
namespace {

using test::AllocationFailure;
using test::open_file;
using test::put;
using test::Rows;
using test::rows_of;
using test::TemporaryDirectory;

// Fails every allocation of `work` in turn, with `check` after each, until it runs without one.
template <class Work, class Check>
void fail_all(Work work, Check check) {
  for (int64_t nth = 0;; ++nth) {
    CHECK(nth < 10'000);
    bool ended = false;
    {
      AllocationFailure failure(nth);
      try {
        work();
        ended = true;
      } catch (const std::bad_alloc&) {
      }
      if (ended && !failure.happened()) return;
    }
    check(ended);
  }
}

void opening() {
  TemporaryDirectory directory;
  const Bytes path = directory.file("a.fdb");
  std::unique_ptr<DatabaseFile> file;
  fail_all([&] { file = open_file(path, Sync::kOff); },
           [&](bool) {
             // Neither a lock nor an entry is left.
             file.reset();
             file = open_file(path, Sync::kOff);
             put(*file, "a", "1");
             CHECK_EQ(rows_of(*file).size(), size_t{1});
             file.reset();
           });
}

void batches() {
  TemporaryDirectory directory;
  auto file = open_file(directory.file("a.fdb"), Sync::kOff);
  put(*file, "before", "1");
  Version version = 10;
  fail_all(
      [&] {
        const auto batch = file->begin();
        batch->append(++version, "record");
        batch->put("key", Bytes(3000, 'v'));
        batch->replace_leaves("", "", std::vector<StoredLeaf>{{"", 1, 2, 3}});
        Bytes first;
        CHECK(batch->next_leaf("", &first));
        batch->set_versions({version, version, version + 100, 0});
        batch->forget_records(1);
        batch->commit();
      },
      [&](bool ended) {
        if (!ended) CHECK(rows_of(*file) == (Rows{{"before", "1"}}));
        const auto batch = file->begin();
        batch->erase("key");
        batch->commit();
      });
  file->for_each_record([](Version, Slice) {});
  file->for_each_leaf([](const StoredLeaf&) {});
}

void the_rest() {
  TemporaryDirectory directory;
  auto file = open_file(directory.file("a.fdb"), Sync::kOff);
  put(*file, "a", "1");
  fail_all([&] { file->checkpoint(); }, [&](bool) { CHECK_EQ(rows_of(*file).size(), size_t{1}); });
  fail_all([&] { file->scan("", "", [](Slice, Slice) {}); }, [&](bool) { CHECK_EQ(rows_of(*file).size(), size_t{1}); });
  fail_all([&] { file->sync(); }, [&](bool) { CHECK_EQ(rows_of(*file).size(), size_t{1}); });
}

}  // namespace
}  // namespace fdb::durable

int main() {
  fdb::durable::opening();
  fdb::durable::batches();
  fdb::durable::the_rest();
  return 0;
}
