// Trees built from below: the same rows come back, in any number and size, and what is out of order is refused.
#include "store/snapshot_builder.h"

#include <map>

#include "sim/failing_allocator.h"
#include "sim/map_leaf_source.h"
#include "sim/test_support.h"
#include "store/changed_leaves.h"

namespace fdb {
namespace {

using store::LeafCache;
using store::LeafUse;
using Rows = std::map<Bytes, Bytes>;

constexpr int64_t kNoLimit = std::numeric_limits<int64_t>::max();

Rows random_rows(std::mt19937_64& random, size_t count) {
  Rows rows;
  while (rows.size() < count) {
    const size_t kind = random() % 20;
    const Bytes key = (kind == 0 ? Bytes(random() % 6000, 'k') : Bytes("key")) + std::to_string(random());
    rows[key] = Bytes(kind < 2 ? random() % 3000 : random() % 50, 'v');
  }
  return rows;
}

void check_same(const Snapshot& tree, const Rows& rows) {
  CHECK_EQ(tree.total().keys, static_cast<int64_t>(rows.size()));
  Cursor cursor(tree);
  cursor.seek("");
  int64_t rank = 0;
  for (const auto& [key, value] : rows) {
    CHECK(cursor.valid() && cursor.key() == key && cursor.value() == value);
    if (rank % 97 == 0) CHECK_EQ(tree.rank(key), rank);
    cursor.next();
    ++rank;
  }
  CHECK(!cursor.valid());
}

Snapshot of_rows(const Rows& rows) {
  SnapshotBuilder builder;
  for (const auto& [key, value] : rows) builder.add_row(key, value);
  return builder.finish();
}

void test_sizes() {
  std::mt19937_64 random(test::seed());
  for (const size_t count : {0, 1, 2, 63, 64, 65, 500, 2048, 2049, 30'000}) {
    const LeafUse use;
    test::MapLeafSource source;
    source.rows = random_rows(random, count);
    check_same(of_rows(source.rows), source.rows);
    const Ref<LeafCache> cache = make_ref<LeafCache>(&source, kNoLimit);
    source.describe_all(3);
    const Snapshot pages = source.build(cache);
    CHECK_EQ(cache->loads(), 0);
    check_same(pages, source.rows);
  }
}

// The result is a tree like others.
void test_edits() {
  const LeafUse use;
  std::mt19937_64 random(test::seed());
  const Rows rows = random_rows(random, 3000);
  const Snapshot built = of_rows(rows);
  CHECK(!ChangedLeaves(built, Editor::next_mark()).next());
  Rows model = rows;
  Editor editor(built);
  for (const auto& [key, value] : random_rows(random, 3000)) {
    editor.set(key, value);
    model[key] = value;
  }
  for (const auto& [key, value] : rows) {
    if (random() % 3 == 0) continue;
    editor.clear(key);
    model.erase(key);
  }
  check_same(editor.finish(), model);
  check_same(built, rows);
}

template <class Action>
void check_refused(Action action) {
  try {
    action();
  } catch (const EngineError& error) {
    CHECK_EQ(error.code, err::kFileCorrupt);
    return;
  }
  CHECK(!"refused");
}

void test_order() {
  test::MapLeafSource source;
  const Ref<LeafCache> cache = make_ref<LeafCache>(&source, kNoLimit);
  for (const Slice second : {Slice("a"), Slice("b")}) {
    SnapshotBuilder pages(cache), rows;
    pages.add(StoredLeaf{"b", 1, 1, 0});
    check_refused([&] { pages.add(StoredLeaf{second, 1, 1, 0}); });
    rows.add_row("b", "");
    check_refused([&] { rows.add_row(second, ""); });
  }
  for (const int64_t keys : {int64_t{0}, int64_t{-1}, int64_t{1} << 40}) {
    check_refused([&] {
      SnapshotBuilder pages(cache);
      pages.add(StoredLeaf{"a", keys, 1, 0});
      pages.finish();
    });
  }
}

void test_no_memory() {
  test::MapLeafSource source;
  std::mt19937_64 random(7);
  source.rows = random_rows(random, 300);
  source.describe_all(3);
  const Ref<LeafCache> cache = make_ref<LeafCache>(&source, kNoLimit);
  const auto survives = [](int64_t nth, const auto& build) {
    const test::AllocationFailure failure(nth);
    try {
      build();
    } catch (const std::bad_alloc&) {
      return false;
    }
    return !failure.happened();
  };
  for (int64_t nth = 0; !survives(nth, [&] { source.build(cache); }); ++nth) CHECK(nth < 1000);
  for (int64_t nth = 0; !survives(nth, [&] { of_rows(source.rows); }); ++nth) CHECK(nth < 1000);
}

}  // namespace
}  // namespace fdb

int main() {
  fdb::store::LeafUse::require();  // the tests hold a LeafUse before they make a cache
  fdb::test_sizes();
  fdb::test_edits();
  fdb::test_order();
  fdb::test_no_memory();
  std::puts("snapshot_builder_test: ok");
  return 0;
}
