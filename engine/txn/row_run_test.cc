// Rows of results: which are copied, which lie in leaves that the result keeps, and that they stay what they were.
#include "txn/row_run.h"

#include <algorithm>
#include <vector>

#include "sim/failing_allocator.h"
#include "sim/map_leaf_source.h"
#include "sim/test_support.h"
#include "store/leaf_cache.h"
#include "store/leaf_use.h"
#include "txn/snapshot_walk.h"

namespace fdb {

namespace {

using Rows = std::vector<std::pair<Bytes, Bytes>>;

Bytes numbered(int number) {
  char buffer[16];
  std::snprintf(buffer, sizeof buffer, "%06d", number);
  return buffer;
}

Rows numbered_rows(int count, const Bytes& prefix = Bytes()) {
  Rows rows;
  for (int i = 0; i < count; ++i)
    rows.emplace_back(prefix + numbered(i), i % 9 == 0 ? Bytes(900, 'v') : "value" + std::to_string(i));
  return rows;
}

Snapshot stored(const Rows& rows) {
  Editor editor{Snapshot()};
  for (const auto& [key, value] : rows) editor.set(key, value);
  return editor.finish();
}

Rows rows_of(const KeyValueArray& array) {
  const auto bytes = [](const uint8_t* place, int size) {
    return Bytes(reinterpret_cast<const char*>(place), static_cast<size_t>(size));
  };
  Rows rows;
  for (const FDBKeyValue& row : array.rows)
    rows.emplace_back(bytes(row.key, row.key_length), bytes(row.value, row.value_length));
  return rows;
}

View view_of(const Snapshot& snapshot, Slice prefix = Slice()) { return {&snapshot, prefix, "\xff", "\xff"}; }

void read_forward(const View& view, Slice from, Slice stop, KeyValueArray* array) {
  SnapshotWalk walk(view);
  walk.seek(from);
  while (walk.valid()) {
    const RowRun run = walk.rows_below(stop);
    if (run.count() == 0) return;
    run.add_to(array, 0, run.count());
    walk.pass_forward(run.count());
  }
}

void read_backward(const View& view, Slice from, Slice stop, KeyValueArray* array) {
  SnapshotWalk walk(view);
  walk.seek_before(from);
  while (walk.valid()) {
    const RowRun run = walk.rows_down_to(stop);
    if (run.count() == 0) return;
    run.add_to(array, 0, run.count());
    walk.pass_backward(run.count());
  }
}

Rows part(const Rows& rows, size_t from, size_t to) {
  return Rows(rows.begin() + static_cast<ptrdiff_t>(from), rows.begin() + static_cast<ptrdiff_t>(to));
}

// Both ways, between bounds of every kind, also where they are no keys; with and without a tenant's prefix.
void test_bounds() {
  const Rows rows = numbered_rows(500);
  Snapshot snapshots[] = {stored(rows), stored(numbered_rows(500, "tenant"))};
  for (const View& view : {view_of(snapshots[0]), view_of(snapshots[1], "tenant")}) {
    for (size_t from : {0, 1, 63, 64, 200, 499}) {
      for (size_t to : {0, 1, 64, 201, 499, 500}) {
        for (const Bytes& after : {Bytes(), Bytes(1, '\0')}) {
          const size_t behind = after.empty() ? 0 : 1;  // the bound is just above the key
          const size_t low = std::min<size_t>(from + behind, 500);
          const size_t high = std::max(low, std::min<size_t>(to + behind, 500));
          Rows expected = part(rows, low, high);
          KeyValueArray forward;
          read_forward(view, numbered(static_cast<int>(from)) + after, numbered(static_cast<int>(to)) + after, &forward);
          CHECK(rows_of(forward) == expected);
          KeyValueArray backward;
          read_backward(view, numbered(static_cast<int>(to)) + after, numbered(static_cast<int>(from)) + after, &backward);
          std::reverse(expected.begin(), expected.end());
          CHECK(rows_of(backward) == expected);
        }
      }
    }
  }
}

void test_rows_outlive_the_snapshot() {
  const Rows rows = numbered_rows(1000);
  KeyValueArray array;
  {
    Snapshot snapshot = stored(rows);
    read_forward(view_of(snapshot), "", "\xff", &array);
    CHECK_EQ(array.arena.reserved(), 0u);  // nothing was copied
    Editor editor(std::move(snapshot));
    for (const auto& [key, value] : rows) editor.set(key, Bytes(value.size(), 'x'));
    editor.clear_range("", numbered(900));
  }
  CHECK(rows_of(array) == rows);
  // They go with their keeper to another result.
  const KeyValueArray moved = std::move(array);
  array = KeyValueArray();
  CHECK(rows_of(moved) == rows);
}

// Who takes little of a leaf does not keep all of it.
void test_few_rows_are_copied() {
  const Snapshot snapshot = stored(numbered_rows(1000));
  KeyValueArray array;
  SnapshotWalk walk(view_of(snapshot));
  walk.seek(numbered(500));
  walk.rows_below(numbered(502)).add_to(&array, 0, 2);
  CHECK(array.keeper == nullptr && array.arena.reserved() > 0);
  CHECK(rows_of(array) == part(numbered_rows(1000), 500, 502));
}

// Neither does who takes its small rows keep the large ones beside them, which lie outside of the leaf.
void test_small_rows_beside_large_ones_are_copied() {
  constexpr int kSmall = 10, kAll = 20;
  Rows rows;
  for (int i = 0; i < kAll; ++i) rows.emplace_back(numbered(i), Bytes(i < kSmall ? 10 : 100'000, 'v'));
  const Snapshot snapshot = stored(rows);
  KeyValueArray small;
  read_forward(view_of(snapshot), "", numbered(kSmall), &small);
  CHECK(small.keeper == nullptr);
  CHECK(rows_of(small) == part(rows, 0, kSmall));
  KeyValueArray large;
  read_forward(view_of(snapshot), numbered(kSmall), "\xff", &large);
  CHECK(large.keeper != nullptr && large.arena.reserved() == 0);
  CHECK(rows_of(large) == part(rows, kSmall, kAll));
}

// A cache counts what it has loaded and lets go of it: nobody else may keep that.
void test_rows_of_pages_are_copied() {
  test::MapLeafSource source;
  const Rows rows = numbered_rows(500);
  source.rows = {rows.begin(), rows.end()};
  source.describe_all(10);
  const auto cache = make_ref<store::LeafCache>(&source, 0);
  const Snapshot snapshot = source.build(cache);
  KeyValueArray array;
  {
    const store::LeafUse use;
    read_forward(view_of(snapshot), "", "\xff", &array);
  }
  CHECK(array.keeper == nullptr);
  CHECK(rows_of(array) == rows);
}

// Whether the read went well although the nth allocation was to fail.
bool reads_all(const Snapshot& snapshot, int64_t nth, KeyValueArray* array) {
  test::AllocationFailure failure(nth);
  try {
    read_forward(view_of(snapshot), "", "\xff", array);
  } catch (const std::bad_alloc&) {
    CHECK(failure.happened());
    return false;
  }
  return true;
}

void test_memory_may_run_out() {
  const Rows rows = numbered_rows(300);
  const Snapshot snapshot = stored(rows);
  for (int64_t nth = 0;; ++nth) {
    KeyValueArray array;
    if (!reads_all(snapshot, nth, &array)) continue;
    CHECK(nth > 2 && rows_of(array) == rows);
    return;
  }
}

}  // namespace

}  // namespace fdb

int main() {
  fdb::test_bounds();
  fdb::test_rows_outlive_the_snapshot();
  fdb::test_few_rows_are_copied();
  fdb::test_small_rows_beside_large_ones_are_copied();
  fdb::test_memory_may_run_out();
  fdb::test_rows_of_pages_are_copied();  // last: from here on there is a cache
  return 0;
}
