// The short way of a range read against the long one: the same rows, and the same that is known and charged afterwards.
#include "txn/unknown_range.h"

#include <vector>

#include "sim/test_support.h"

namespace fdb {
namespace {

using Random = std::mt19937_64;
using Row = std::pair<Bytes, Bytes>;

constexpr int kKeys = 24;
constexpr Slice kMaxKey = "\xff";

int pick(Random& random, int limit) { return static_cast<int>(random() % static_cast<uint64_t>(limit)); }

// A key of a row, the one just behind it, or an end of the key space.
Bytes random_key(Random& random) {
  if (pick(random, 12) == 0) return pick(random, 2) == 0 ? Bytes() : Bytes(kMaxKey);
  const Bytes key(1, static_cast<char>('A' + pick(random, kKeys)));
  return pick(random, 3) == 0 ? key_after(key) : key;
}

Snapshot random_snapshot(Random& random, const Bytes& prefix) {
  const int width = pick(random, 4) == 0 ? 30'000 : 40;
  Editor editor{Snapshot()};
  for (int i = pick(random, 2 * kKeys); i > 0; --i) {
    editor.set(prefix + random_key(random), Bytes(static_cast<size_t>(pick(random, width)), 'v'));
  }
  if (!prefix.empty()) editor.set("a", "before the view");
  editor.set("\xff/system", "");
  return editor.finish();
}

void write(Random& random, WriteMap* overlay) {
  const Bytes key = random_key(random);
  const Bytes end = std::max(key_after(key), random_key(random));
  switch (pick(random, 5)) {
    case 0: return overlay->make_unreadable(key, end);
    case 1: return overlay->clear_range(key, end, true);
    case 2: return overlay->mutate(key, Op::kAdd, Bytes(8, '\1'), true);
    default: return overlay->mutate(key, Op::kSet, "own", true);
  }
}

RangeRead random_read(Random& random) {
  const auto offset = [&random] { return pick(random, 8) == 0 ? pick(random, 5) - 1 : 1; };
  RangeRead read{PlainSelector(random_key(random), offset()), PlainSelector(random_key(random), offset()), {-1, -1}, false};
  if (read.begin.key > read.end.key && pick(random, 8) > 0) std::swap(read.begin, read.end);
  read.reverse = pick(random, 2) == 0;
  if (pick(random, 2) == 0) read.limits.rows = 1 + pick(random, 6);
  if (pick(random, 2) == 0) read.limits.bytes = 1 + pick(random, pick(random, 3) == 0 ? 200'000 : 200);
  return read;
}

// What a read came to, and the transaction with it.
struct Outcome {
  Error error;
  std::vector<Row> rows;
  bool more;
  bool read_to_begin;
  bool read_through_end;
  std::map<Bytes, Bytes, std::less<>> known;
  int64_t cost;

  bool operator==(const Outcome&) const = default;
};

Outcome outcome_of(Error error, const KeyValueArray& found, const RangeEnds& ends, ReadLog* log) {
  Outcome outcome{error, {}, found.more, ends.read_to_begin, ends.read_through_end, log->known(), log->cost()};
  for (const FDBKeyValue& row : found.rows) {
    outcome.rows.emplace_back(Bytes(reinterpret_cast<const char*>(row.key), static_cast<size_t>(row.key_length)),
                              Bytes(reinterpret_cast<const char*>(row.value), static_cast<size_t>(row.value_length)));
  }
  return outcome;
}

// Reads of one transaction, each both ways, every way with a log of its own.
void test_both_ways(uint64_t seed, const Bytes& prefix, int writes, int* short_ways) {
  Random random(seed);
  const Snapshot snapshot = random_snapshot(random, prefix);
  const View view{&snapshot, prefix, kMaxKey, prefix.empty() ? Slice("\xff\xff") : kMaxKey};
  WriteMap overlay;
  ReadLog log, long_log, tried_log;
  for (int i = 0; i < 20; ++i) {
    if (pick(random, 6) == 0) log.clear(), long_log.clear(), tried_log.clear();
    if (i % 5 == 0 && writes > 0) write(random, &overlay), --writes;
    if (pick(random, 6) == 0) {
      const Bytes key = random_key(random);
      for (ReadLog* each : {&log, &long_log, &tried_log}) each->add_point(key, 10);
    }
    const RangeRead read = random_read(random);
    KeyValueArray found, long_found, tried;
    RangeEnds ends, long_ends;
    const Error error = RywReader(view, &overlay, &log).range(read, &found, &ends);
    const Error long_error = RywReader(view, &overlay, &long_log).walk_range(read, &long_found, &long_ends);
    CHECK(outcome_of(error, found, ends, &log) == outcome_of(long_error, long_found, long_ends, &long_log));
    if (read_unknown_range(view, &overlay, &tried_log, read, &tried)) {
      ++*short_ways;
      CHECK(outcome_of(0, tried, RangeEnds(), &tried_log) == outcome_of(error, found, ends, &log));
    } else {
      CHECK(tried.rows.empty() && !tried.more);
      RywReader(view, &overlay, &tried_log).walk_range(read, &tried, &ends);
    }
  }
}

// A first read goes the short way, the same one again the long way: by then there is something that is known.
void test_which_way() {
  Random random(1);
  const Snapshot snapshot = random_snapshot(random, "");
  const View view{&snapshot, "", kMaxKey, "\xff\xff"};
  for (const bool reverse : {false, true}) {
    ReadLog log;
    WriteMap overlay;
    const RangeRead read{PlainSelector("A", 1), PlainSelector("Z", 1), {1, -1}, reverse};
    for (const bool is_unknown : {true, false}) {
      KeyValueArray found;
      CHECK_EQ(read_unknown_range(view, &overlay, &log, read, &found), is_unknown);
      CHECK_EQ(found.rows.size(), is_unknown ? 1u : 0u);
    }
  }
}

}  // namespace
}  // namespace fdb

int main() {
  const uint64_t seed = fdb::test::seed();
  fdb::test_which_way();
  int short_ways = 0;
  for (uint64_t i = 0; i < 120; ++i) {
    for (const char* prefix : {"", "tenant01"}) {
      for (const int writes : {0, 1, 4}) fdb::test_both_ways(seed + i, prefix, writes, &short_ways);
    }
  }
  CHECK(short_ways > 500);
  std::puts("unknown_range_test: ok");
  return 0;
}
