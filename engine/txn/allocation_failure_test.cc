// The parts of a database when memory runs out: whatever allocation fails, an operation either happens or leaves
// everything as it was, and goes on working afterwards.
#include <map>
#include <vector>

#include "sim/failing_allocator.h"
#include "sim/test_support.h"
#include "store/conflict_set.h"
#include "store/range_set.h"
#include "store/version_store.h"
#include "txn/attempt.h"
#include "txn/write_map.h"

namespace fdb {
namespace {

using Model = std::map<Bytes, Bytes>;
using Random = std::mt19937_64;

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
constexpr int kRounds = 40;
#else
constexpr int kRounds = 300;
#endif

size_t pick(Random& random, size_t limit) { return random() % limit; }

// Some entries are longer than a node keeps by itself, some separators too.
Bytes random_key(Random& random) {
  const size_t kind = pick(random, 10);
  if (kind == 0) return Bytes(600, 'p') + std::to_string(pick(random, 300));
  return "k" + std::to_string(pick(random, 2000));
}

Bytes random_value(Random& random) { return Bytes(pick(random, 10) == 0 ? 2'000 : pick(random, 60), 'v'); }

// Runs `work` with its first, second, third ... allocation failing until none is left to fail. `check(failed)` looks at
// what is there after each try, `undo` prepares the next one.
template <class Work, class Check>
void fail_each_allocation(Work&& work, Check&& check) {
  for (int64_t nth = 0;; ++nth) {
    bool failed = false;
    bool happened;
    {
      test::AllocationFailure failure(nth, nth % 2 == 1);
      try {
        work();
      } catch (const std::bad_alloc&) {
        failed = true;
      }
      happened = failure.happened();
    }
    check(failed);
    if (!happened) return;
  }
}

void check_same(const Snapshot& snapshot, const Model& model) {
  CHECK_EQ(snapshot.total().keys, static_cast<int64_t>(model.size()));
  int64_t bytes = 0;
  Cursor cursor(snapshot);
  cursor.seek("");
  for (const auto& [key, value] : model) {
    CHECK(cursor.valid() && cursor.key() == key && cursor.value() == value);
    cursor.next();
    bytes += static_cast<int64_t>(key.size() + value.size());
  }
  CHECK(!cursor.valid());
  CHECK_EQ(snapshot.total().bytes, bytes);
}

struct Edit {
  int kind;
  Bytes key;
  Bytes value;  // or the end of a range

  void apply(Editor* editor) const {
    if (kind == 0) editor->set(key, value);
    if (kind == 1) editor->clear(key);
    if (kind == 2) editor->clear_range(key, value);
  }
  void apply(Model* model) const {
    if (kind == 0) (*model)[key] = value;
    if (kind == 1) model->erase(key);
    if (kind == 2 && key < value) model->erase(model->lower_bound(key), model->lower_bound(value));
  }
};

Edit random_edit(Random& random) {
  const size_t kind = pick(random, 12);
  if (kind == 0) return {2, random_key(random), random_key(random)};
  if (kind < 4) return {1, random_key(random), Bytes()};
  return {0, random_key(random), random_value(random)};
}

// Some levels of nodes to work on.
Snapshot filled(Random& random, Model* model) {
  Editor editor{Snapshot()};
  for (int i = 0; i < 4'000; ++i) {
    const Edit edit{0, random_key(random), random_value(random)};
    edit.apply(&editor);
    edit.apply(model);
  }
  return editor.finish();
}

// One edit after the other, each repeated until no allocation of it is left to fail; the editor is looked at each time.
void test_tree(uint64_t seed) {
  Random random(seed);
  Model model;
  Snapshot current = filled(random, &model);
  for (int round = 0; round < kRounds; ++round) {
    const Snapshot base = current;
    const Model before = model;
    const Edit edit = random_edit(random);
    edit.apply(&model);
    Snapshot after;
    fail_each_allocation(
        [&] {
          Editor editor(base);
          try {
            edit.apply(&editor);
          } catch (...) {
            test::allocations_left = -1;
            const Snapshot left = editor.finish();
            check_same(left, before);
            throw;
          }
          after = editor.finish();
        },
        [&](bool failed) {
          check_same(base, before);
          if (!failed) check_same(after, model);
        });
    current = after;
  }
}

// A batch whose edits fail now and then goes on with the next one, so that unsplit and unmerged nodes pile up.
void test_batches_under_pressure(uint64_t seed) {
  Random random(seed);
  Model model;
  Snapshot current = filled(random, &model);
  for (int round = 0; round < kRounds; ++round) {
    Editor editor(current);
    for (int i = 0; i < 300; ++i) {
      const Edit edit = random_edit(random);
      bool failed = false;
      {
        test::AllocationFailure failure(static_cast<int64_t>(pick(random, 8)));
        try {
          edit.apply(&editor);
        } catch (const std::bad_alloc&) {
          failed = true;
        }
      }
      if (!failed) edit.apply(&model);
    }
    current = editor.finish();
    check_same(current, model);
  }
}

// Does the same to two objects. The allocations of the first fail now and then; what failed there is not done to the second, and
// then both must be the same.
template <class Object, class Step, class Compare>
void test_beside_a_twin(uint64_t seed, int steps, Step&& step, Compare&& compare) {
  Random random(seed);
  Object object;
  Object twin;
  int failures = 0;
  for (int i = 0; i < steps; ++i) {
    const uint64_t choice = random();
    bool failed = false;
    {
      test::AllocationFailure failure(static_cast<int64_t>(pick(random, 12)), i % 2 == 0);
      try {
        Random same(choice);
        step(object, same, i);
      } catch (const std::bad_alloc&) {
        failed = true;
      }
    }
    Random same(choice);
    if (!failed) step(twin, same, i);
    failures += failed;
    if (failed || i % 16 == 0) compare(object, twin, random, i);
  }
  CHECK(failures > steps / 100);
}

void test_conflict_set(uint64_t seed) {
  constexpr int kWindow = 1'000;
  const auto step = [](ConflictSet& set, Random& random, int i) {
    const Bytes begin = random_key(random);
    const Bytes end = pick(random, 3) == 0 ? random_key(random) : key_after(begin);
    if (pick(random, 4) == 0) return set.forget(i - kWindow);
    set.add(begin, end, i);
  };
  const auto compare = [](ConflictSet& set, ConflictSet& twin, Random& random, int now) {
    const Version since = now - static_cast<Version>(pick(random, kWindow));
    for (int i = 0; i < 20; ++i) {
      const Bytes begin = random_key(random);
      const Bytes end = i % 2 == 0 ? key_after(begin) : random_key(random);
      CHECK_EQ(set.conflicts(begin, end, since), twin.conflicts(begin, end, since));
    }
  };
  test_beside_a_twin<ConflictSet>(seed, 10'000, step, compare);
}

void test_range_set(uint64_t seed) {
  const auto step = [](RangeSet& set, Random& random, int) {
    const Bytes begin = random_key(random);
    if (pick(random, 8) == 0) return set.add(begin, random_key(random).substr(0, 4));
    set.add_point(begin);
  };
  const auto compare = [](RangeSet& set, RangeSet& twin, Random& random, int) {
    if (pick(random, 10) != 0) return;  // looking merges
    const auto& ranges = set.merged();
    const auto& expected = twin.merged();
    CHECK_EQ(ranges.size(), expected.size());
    for (size_t i = 0; i < ranges.size(); ++i) CHECK(ranges[i].begin == expected[i].begin && ranges[i].end == expected[i].end);
  };
  test_beside_a_twin<RangeSet>(seed, 5'000, step, compare);
}

void test_read_log(uint64_t seed) {
  const auto step = [](ReadLog& log, Random& random, int) {
    const Bytes begin = random_key(random);
    if (pick(random, 8) == 0) return log.add(begin, begin + "5", 5'000);
    if (pick(random, 8) == 0) return static_cast<void>(log.covers(begin, key_after(begin)));
    log.add_point(begin, 10);
  };
  const auto compare = [](ReadLog& log, ReadLog& twin, Random& random, int) {
    if (pick(random, 10) != 0) return;
    CHECK(log.known() == twin.known());
    CHECK_EQ(log.cost(), twin.cost());
  };
  test_beside_a_twin<ReadLog>(seed, 5'000, step, compare);
}

// A read that fails is known at most; what the commit depends on comes of those that do not.
void test_point_reads(uint64_t seed) {
  const auto step = [](OverlayHalf& half, Random& random, int) {
    const Bytes begin = random_key(random);
    if (pick(random, 20) == 0) return half.read_conflicts.add(begin, begin + "5");
    half.add_point_read(begin, 10, pick(random, 2) == 0);
  };
  const auto compare = [](OverlayHalf& half, OverlayHalf& twin, Random& random, int) {
    if (pick(random, 10) != 0) return;
    const auto& ranges = half.merged_read_conflicts();
    const auto& expected = twin.merged_read_conflicts();
    CHECK_EQ(ranges.size(), expected.size());
    for (size_t i = 0; i < ranges.size(); ++i) CHECK(ranges[i].begin == expected[i].begin && ranges[i].end == expected[i].end);
  };
  test_beside_a_twin<OverlayHalf>(seed, 5'000, step, compare);
}

// A write that fails may leave the map split or the write half done, as the transaction cannot be committed any more. But
// the map stays one that can be walked, and starts anew.
void test_write_map(uint64_t seed) {
  Random random(seed);
  WriteMap map;
  for (int round = 0; round < kRounds; ++round) {
    for (int i = 0; i < 40; ++i) {
      const Bytes key = pick(random, 10) == 0 ? Bytes() : random_key(random);
      const Bytes end = std::max(key, random_key(random));
      test::AllocationFailure failure(static_cast<int64_t>(pick(random, 6)));
      try {
        switch (pick(random, 6)) {
          case 0: map.clear_range(key, key_after(end), pick(random, 2) == 0); break;
          case 1: map.add_conflict_range(key, key_after(end)); break;
          case 2: map.make_unreadable(key, key_after(end)); break;
          case 3: map.mutate(key, Op::kAdd, "12345678", true); break;
          case 4: map.mutate(key, Op::kCompareAndClear, random_value(random), true); break;
          default: map.mutate(key, Op::kSet, random_value(random), true);
        }
      } catch (const std::bad_alloc&) {
      }
    }
    Bytes last;
    int segments = 0;
    for (WriteMap::Segment segment = map.segment(Slice());; segment.next(), ++segments) {
      CHECK(segments == 0 || segment.begin() > last);
      last = segment.begin();
      if (segment.is_operation()) CHECK(!segment.operations().empty());
      if (!segment.has_end()) break;
    }
    map = WriteMap();
    CHECK(map.empty() && map.segment("k").is_unmodified());
  }
}

}  // namespace
}  // namespace fdb

int main() {
  const uint64_t seed = fdb::test::seed();
  fdb::test_tree(seed);
  fdb::test_batches_under_pressure(seed);
  fdb::test_conflict_set(seed);
  fdb::test_range_set(seed);
  fdb::test_read_log(seed);
  fdb::test_point_reads(seed);
  fdb::test_write_map(seed);
  std::puts("allocation_failure_test: ok");
  return 0;
}
