// Trees whose leaves lie elsewhere: they answer as if everything were in memory, load no more than they must, and fail cleanly.
#include "store/leaf_page.h"

#include <thread>

#include "sim/failing_allocator.h"
#include "sim/map_leaf_source.h"
#include "sim/test_support.h"
#include "store/reclaimer.h"

namespace fdb {
namespace {

using store::LeafCache;
using store::LeafUse;
using test::MapLeafSource;

constexpr int64_t kNoLimit = std::numeric_limits<int64_t>::max();

Bytes numbered(int number) {
  char buffer[16];
  std::snprintf(buffer, sizeof buffer, "%06d", number);
  return buffer;
}

// Rows 0, 10, 20, ... in leaves of ten.
struct Stored {
  explicit Stored(int count, int64_t limit = kNoLimit) : cache(make_ref<LeafCache>(&source, limit)) {
    for (int i = 0; i < count; ++i) source.rows[numbered(10 * i)] = i % 7 == 0 ? Bytes(2000, 'v') : "value" + std::to_string(i);
    source.describe_all(10);
    tree = source.build(cache);
  }
  // Rows that were read while `action` ran.
  template <class Action>
  int64_t rows_read(Action action) {
    const int64_t before = source.taken;
    action();
    return source.taken - before;
  }

  MapLeafSource source;
  Ref<LeafCache> cache;
  Snapshot tree;
};

template <class Action>
Error error_of(Action action) {
  try {
    action();
  } catch (const EngineError& error) {
    return error.code;
  }
  return 0;
}

void check_same(const Snapshot& tree, const MapLeafSource::Rows& rows) {
  CHECK_EQ(tree.total().keys, static_cast<int64_t>(rows.size()));
  Cursor cursor(tree);
  cursor.seek("");
  for (const auto& [key, value] : rows) {
    CHECK(cursor.valid() && cursor.key() == key && cursor.value() == value);
    cursor.next();
  }
  CHECK(!cursor.valid());
  cursor.seek_last();
  for (auto row = rows.rbegin(); row != rows.rend(); ++row) {
    CHECK(cursor.valid() && cursor.key() == row->first && cursor.value() == row->second);
    cursor.prev();
  }
  CHECK(!cursor.valid());
}

void test_reads() {
  const LeafUse use;
  Stored stored(5000);
  CHECK_EQ(stored.source.taken, 0);
  Slice value;
  CHECK_EQ(stored.rows_read([&] { CHECK(stored.tree.get(numbered(12340), &value) && value == "value1234"); }), 10);
  CHECK_EQ(stored.rows_read([&] { CHECK(!stored.tree.get(numbered(12345), &value)); }), 0);
  CHECK_EQ(stored.rows_read([&] { CHECK(!stored.tree.get("", &value)); }), 0);
  check_same(stored.tree, stored.source.rows);
  CHECK_EQ(stored.cache->loads(), 500);
}

// Counts answer all but the two leaves at the ends.
void test_ranks() {
  const LeafUse use;
  Stored stored(5000);
  const auto reads = stored.rows_read([&] {
    CHECK_EQ(stored.tree.rank(numbered(30001)), 3001);
    CHECK_EQ(stored.tree.rank(numbered(30000)), 3000);
    CHECK_EQ(stored.tree.rank("z"), 5000);
    CHECK_EQ(stored.tree.range_stats(numbered(105), numbered(49000)).keys, 4889);
  });
  CHECK(reads <= 30);
  Cursor cursor(stored.tree);
  CHECK(stored.rows_read([&] { cursor.seek_rank(4321); }) <= 10);
  CHECK(cursor.valid() && cursor.key() == numbered(43210));
  cursor.seek_rank(5000);
  CHECK(!cursor.valid());
}

void test_writes() {
  const LeafUse use;
  Stored stored(5000);
  MapLeafSource::Rows model = stored.source.rows;
  Editor editor(stored.tree);
  editor.keep_emptied_leaves();
  CHECK_EQ(stored.rows_read([&] { editor.set(numbered(777), "new"); }), 10);
  model[numbered(777)] = "new";
  // Whole leaves need not be loaded, and the two at the ends are.
  CHECK(stored.rows_read([&] { editor.clear_range(numbered(1005), numbered(40005)); }) <= 20);
  model.erase(model.lower_bound(numbered(1005)), model.lower_bound(numbered(40005)));
  CHECK_EQ(stored.rows_read([&] { editor.clear(numbered(45678)); }), 10);
  for (int i = 4500; i < 4520; ++i) {
    editor.clear(numbered(10 * i));
    model.erase(numbered(10 * i));
  }
  const Snapshot after = editor.finish();
  check_same(after, model);
  check_same(stored.tree, stored.source.rows);
}

// Leaves that writes empty stay, and nothing stumbles over them.
void test_only_empty_leaves() {
  const LeafUse use;
  Stored stored(100);
  Editor editor(stored.tree);
  editor.keep_emptied_leaves();
  for (const auto& [key, value] : stored.source.rows) editor.clear(key);
  const Snapshot empty = editor.finish();
  check_same(empty, {});
  CHECK_EQ(empty.rank("z"), 0);
  Cursor cursor(empty);
  cursor.seek_before("z");
  CHECK(!cursor.valid());
  Editor again(empty);
  again.keep_emptied_leaves();
  again.clear_range("", "z");
  again.set(numbered(500), "back");
  check_same(again.finish(), {{numbered(500), "back"}});
}

void test_as_of() {
  const LeafUse use;
  Stored stored(1000);
  stored.source.newest = 100;
  Snapshot old = stored.tree;
  CHECK_EQ(stored.tree.as_of(), std::numeric_limits<Version>::max());
  old.set_as_of(99);
  Slice value;
  Cursor cursor(old);
  CHECK_EQ(error_of([&] { old.get(numbered(0), &value); }), err::kTransactionTooOld);
  CHECK_EQ(error_of([&] { cursor.seek(""); }), err::kTransactionTooOld);
  CHECK(!cursor.valid());
  Editor editor(old);
  CHECK_EQ(error_of([&] { editor.set(numbered(0), ""); }), err::kTransactionTooOld);
  CHECK_EQ(editor.finish().as_of(), 99);
  old.set_as_of(100);
  CHECK(old.get(numbered(0), &value));
}

// A byte or a row that is not what it was: that leaf cannot be read, its neighbours can.
void test_corruption() {
  for (int kind = 0; kind < 4; ++kind) {
    const LeafUse use;
    Stored stored(1000);
    if (kind == 0) stored.source.rows[numbered(555 * 10)][0] ^= 1;
    if (kind == 1) stored.source.rows.erase(numbered(5550));
    if (kind == 2) stored.source.rows[numbered(5551)] = "";
    if (kind == 3) stored.source.rows[numbered(5550)] += "x";
    Slice value;
    for (int attempt = 0; attempt < 2; ++attempt)
      CHECK_EQ(error_of([&] { stored.tree.get(numbered(5560), &value); }), err::kFileCorrupt);
    CHECK(stored.tree.get(numbered(5490), &value) && stored.tree.get(numbered(5600), &value));
    Cursor cursor(stored.tree);
    cursor.seek(numbered(5300));  // what is read ahead is no error before it is needed
    while (cursor.key() < numbered(5490)) cursor.next();
    CHECK_EQ(error_of([&] { cursor.next(); }), err::kFileCorrupt);
    CHECK(!cursor.valid());
    cursor.seek(numbered(5600));
    CHECK(cursor.valid());
    CHECK_EQ(error_of([&] { cursor.prev(); }), err::kFileCorrupt);
    Editor editor(stored.tree);
    CHECK_EQ(error_of([&] { editor.clear_range(numbered(10), numbered(5555)); }), err::kFileCorrupt);
    CHECK_EQ(editor.finish().total().keys, 1000);
  }
}

void test_failing_source() {
  const LeafUse use;
  Stored stored(1000);
  Slice value;
  stored.source.rows_until_error = 5;
  CHECK_EQ(error_of([&] { stored.tree.get(numbered(0), &value); }), err::kIoError);
  stored.source.rows_until_error = -1;
  CHECK(stored.tree.get(numbered(0), &value));
  stored.cache->detach();
  CHECK(stored.tree.get(numbered(0), &value));
  CHECK_EQ(error_of([&] { stored.tree.get(numbered(5000), &value); }), err::kIoError);
}

// One scan brings what a cursor will come to next.
void test_read_ahead() {
  for (const bool forwards : {true, false}) {
    const LeafUse use;
    Stored stored(5000);
    Cursor cursor(stored.tree);
    int rows = 0;
    if (forwards) {
      for (cursor.seek(""); cursor.valid(); cursor.next()) ++rows;
    } else {
      for (cursor.seek_last(); cursor.valid(); cursor.prev()) ++rows;
    }
    CHECK_EQ(rows, 5000);
    CHECK_EQ(stored.cache->loads(), 500);
    CHECK_EQ(stored.source.taken, 5000);
    CHECK(stored.source.scans < 90);
  }
}

void test_eviction() {
  constexpr int64_t kLimit = 100'000;
  Stored stored(5000, kLimit);
  int64_t most = 0;
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 5000; ++i) {
      const LeafUse use;
      Slice value;
      CHECK(stored.tree.get(numbered(10 * i), &value) && value == stored.source.rows[numbered(10 * i)]);
      most = std::max(most, stored.cache->bytes());
    }
  }
  CHECK(most < 2 * kLimit);
  CHECK(stored.cache->retired() < kLimit);
  CHECK(stored.cache->evictions() > 1000);
  // What is used again and again stays: clock.
  int64_t loads = 0;
  for (int i = 0; i < 5000; ++i) {
    const LeafUse use;
    Slice value;
    CHECK(stored.tree.get(numbered(10 * i), &value));
    const int64_t before = stored.cache->loads();
    CHECK(stored.tree.get(numbered(20'000), &value));
    loads += stored.cache->loads() - before;
  }
  CHECK(loads < 10);
  // A call that is inside keeps what it has seen.
  const LeafUse use;
  Slice value;
  CHECK(stored.tree.get(numbered(0), &value));
  stored.cache->set_limit(0);
  CHECK_EQ(stored.cache->bytes(), 0);
  CHECK(value == stored.source.rows[numbered(0)]);
}

// Whatever allocation fails: the answer is an exception or right, and nothing is lost.
void test_no_memory() {
  const LeafUse use;
  Stored stored(600);
  for (int64_t nth = 0, done = 0; done < 3; ++nth) {
    stored.cache->set_limit(0);
    stored.cache->set_limit(nth % 2 == 0 ? kNoLimit : 30'000);
    MapLeafSource::Rows model = stored.source.rows;
    Editor editor(stored.tree);
    editor.keep_emptied_leaves();
    bool failed = false;
    {
      const test::AllocationFailure failure(nth, nth % 3 == 0);
      try {
        Cursor cursor(stored.tree);
        for (cursor.seek(numbered(2000)); cursor.valid() && cursor.key() < numbered(3000);) cursor.next();
      } catch (const std::bad_alloc&) {
        failed = true;
      }
      try {
        editor.clear_range(numbered(1000), numbered(5000));
      } catch (const std::bad_alloc&) {
        failed = true;
      }
    }
    if (editor.total().keys != 600) model.erase(model.lower_bound(numbered(1000)), model.lower_bound(numbered(5000)));
    check_same(editor.finish(), model);
    if (!failed) ++done;
    CHECK(nth < 2000);
  }
}

// What a transaction has read stays readable when the file goes on.
void test_keep_loaded() {
  const LeafUse use;
  Stored stored(1000);
  Slice value;
  CHECK(stored.tree.get(numbered(3000), &value) && stored.tree.get(numbered(3550), &value));
  Snapshot old = stored.tree;
  old.set_as_of(5);
  Editor editor(old);
  CHECK_EQ(stored.rows_read([&] { editor.keep_loaded(numbered(3010), numbered(3520)); }), 0);
  const Snapshot kept = editor.finish();
  stored.cache->set_limit(0);
  stored.source.newest = 6;
  CHECK(kept.get(numbered(3000), &value) && value == stored.source.rows[numbered(3000)]);
  CHECK(kept.get(numbered(3590), &value));
  CHECK_EQ(error_of([&] { kept.get(numbered(3600), &value); }), err::kTransactionTooOld);
  CHECK_EQ(error_of([&] { old.get(numbered(3000), &value); }), err::kTransactionTooOld);
}

// Pages that the tree is dropped with, loaded or not, take their leaves along.
void test_end() {
  Stored stored(5000);
  {
    const LeafUse use;
    Slice value;
    for (int i = 0; i < 5000; i += 20) CHECK(stored.tree.get(numbered(10 * i), &value));
    Editor editor(stored.tree);
    editor.keep_emptied_leaves();
    editor.clear_range("", numbered(20'000));
    stored.tree = editor.finish();
  }
  stored.tree = Snapshot();
  while (store::reclaimer_backlog() > 0) std::this_thread::yield();
  CHECK_EQ(stored.cache->bytes(), 0);
}

}  // namespace
}  // namespace fdb

int main() {
  fdb::store::LeafUse::require();  // the tests hold a LeafUse before they make a cache
  fdb::test_reads();
  fdb::test_ranks();
  fdb::test_writes();
  fdb::test_only_empty_leaves();
  fdb::test_as_of();
  fdb::test_corruption();
  fdb::test_failing_source();
  fdb::test_read_ahead();
  fdb::test_eviction();
  fdb::test_no_memory();
  fdb::test_keep_loaded();
  fdb::test_end();
  std::puts("leaf_page_test: ok");
  return 0;
}
