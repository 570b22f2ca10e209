// Range reads in both directions: the rows that a model has, whatever is known before, up to the limits.
#include "txn/ryw_reader.h"

#include <algorithm>
#include <map>
#include <vector>

#include "sim/test_support.h"

namespace fdb {
namespace {

using Random = std::mt19937_64;
using Row = std::pair<Bytes, Bytes>;

constexpr int kKeys = 30;
constexpr Slice kMaxKey = "\xff";
constexpr Slice kEnd = "\xff\xff";

int pick(Random& random, int limit) { return static_cast<int>(random() % static_cast<uint64_t>(limit)); }

Bytes random_key(Random& random) {
  if (pick(random, 20) == 0) return pick(random, 2) == 0 ? Bytes() : Bytes(kMaxKey);
  return "k" + Bytes(1, static_cast<char>('A' + pick(random, kKeys)));
}

// A database's rows and a transaction's writes; in `merged`, what the transaction sees.
struct Content {
  explicit Content(Random& random) {
    Editor editor{Snapshot()};
    for (int i = pick(random, kKeys); i > 0; --i) {
      const Bytes key = "k" + Bytes(1, static_cast<char>('A' + pick(random, kKeys)));
      editor.set(key, "stored");
      merged[key] = "stored";
    }
    editor.set("\xff/system", "");
    snapshot = editor.finish();
  }

  void write(Random& random) {
    const Bytes key = "k" + Bytes(1, static_cast<char>('A' + pick(random, kKeys)));
    if (pick(random, 3) > 0) {
      overlay.mutate(key, Op::kSet, "own", true);
      merged[key] = "own";
      return;
    }
    const Bytes end = pick(random, 2) == 0 ? key_after(key) : std::max(key_after(key), random_key(random));
    overlay.clear_range(key, end, true);
    merged.erase(merged.lower_bound(key), merged.lower_bound(end));
  }

  View view() const { return {&snapshot, "", kMaxKey, kEnd}; }

  Bytes resolved(const PlainSelector& selector) const {
    std::vector<Bytes> keys;
    for (const auto& [key, value] : merged) keys.push_back(key);
    const int64_t place = std::lower_bound(keys.begin(), keys.end(), selector.key) - keys.begin() + selector.offset - 1;
    if (selector.offset == 1) return selector.key;
    if (place < 0) return Bytes();
    return place < static_cast<int64_t>(keys.size()) ? keys[static_cast<size_t>(place)] : Bytes(kMaxKey);
  }

  std::vector<Row> rows(const RangeRead& read) const {
    const Bytes begin = resolved(read.begin);
    const Bytes end = resolved(read.end);
    if (begin >= end) return {};
    std::vector<Row> found(merged.lower_bound(begin), merged.lower_bound(end));
    if (read.reverse) std::reverse(found.begin(), found.end());
    return found;
  }

  Snapshot snapshot;
  WriteMap overlay;
  std::map<Bytes, Bytes> merged;
};

RangeRead random_read(Random& random, bool reverse) {
  const auto selector = [&random] { return PlainSelector(random_key(random), pick(random, 2) == 0 ? 1 : pick(random, 9) - 3); };
  RangeRead read{selector(), selector(), {-1, -1}, reverse};
  if (read.begin.key > read.end.key && pick(random, 4) > 0) std::swap(read.begin, read.end);
  if (pick(random, 2) == 0) read.limits.rows = 1 + pick(random, 6);
  if (pick(random, 3) == 0) read.limits.bytes = 1 + pick(random, 100);
  return read;
}

std::vector<Row> taken(const KeyValueArray& found) {
  std::vector<Row> rows;
  for (const FDBKeyValue& row : found.rows) {
    rows.emplace_back(Bytes(reinterpret_cast<const char*>(row.key), static_cast<size_t>(row.key_length)),
                      Bytes(reinterpret_cast<const char*>(row.value), static_cast<size_t>(row.value_length)));
  }
  return rows;
}

void check_rows(const KeyValueArray& found, std::vector<Row> expected, const RangeLimits& limits) {
  const std::vector<Row> rows = taken(found);
  const bool limited = limits.rows > 0 && static_cast<size_t>(limits.rows) <= expected.size();
  if (limited) expected.resize(static_cast<size_t>(limits.rows));
  if (limits.bytes < 0) {
    CHECK(rows == expected);
    CHECK_EQ(found.more, limited);
    return;
  }
  // A byte target stops a read earlier, but not before it has a row.
  CHECK(rows.size() <= expected.size() && std::equal(rows.begin(), rows.end(), expected.begin()));
  CHECK(rows.size() == expected.size() || (found.more && !rows.empty()));
  CHECK(!limited || found.more);
}

void test_ranges(uint64_t seed, int writes, bool reverse) {
  Random random(seed);
  Content content(random);
  for (int i = 0; i < writes; ++i) content.write(random);
  ReadLog log;
  for (int i = 0; i < 60; ++i) {
    if (pick(random, 8) == 0) log.clear();
    const RangeRead read = random_read(random, reverse);
    KeyValueArray found;
    RangeEnds ends;
    RywReader reader(content.view(), writes > 0 ? &content.overlay : nullptr, &log);
    CHECK_EQ(reader.range(read, &found, &ends), 0);
    check_rows(found, content.rows(read), read.limits);
  }
}

// With everything known, and without: what may not be asked for fails, what is known is answered.
void test_forbidden_fetches(bool reverse) {
  Random random(1);
  Content content(random);
  ReadLog log;
  const RangeRead read{PlainSelector("", 1), PlainSelector(Bytes(kMaxKey), 1), {-1, -1}, reverse};
  for (const Error wanted : {err::kTransactionTooOld, 0}) {
    KeyValueArray found;
    RangeEnds ends;
    RywReader reader(content.view(), nullptr, &log);
    reader.forbid_fetches(err::kTransactionTooOld);
    CHECK_EQ(reader.range(read, &found, &ends), wanted);
    CHECK(wanted != 0 || taken(found) == content.rows(read));
    log.add("", kMaxKey, 100);
  }
}

void test_unreadable_ranges(bool reverse) {
  Random random(1);
  Content content(random);
  content.overlay.make_unreadable("kD", "kE");
  ReadLog log;
  KeyValueArray found;
  RangeEnds ends;
  RywReader reader(content.view(), &content.overlay, &log);
  const RangeRead over{PlainSelector("kA", 1), PlainSelector("kZ", 1), {-1, -1}, reverse};
  CHECK_EQ(reader.range(over, &found, &ends), err::kAccessedUnreadable);
  const RangeRead beside{PlainSelector("kE", 1), PlainSelector("kZ", 1), {-1, -1}, reverse};
  CHECK_EQ(reader.range(beside, &found, &ends), 0);
}

}  // namespace
}  // namespace fdb

int main() {
  const uint64_t seed = fdb::test::seed();
  for (const bool reverse : {false, true}) {
    fdb::test_forbidden_fetches(reverse);
    fdb::test_unreadable_ranges(reverse);
    for (uint64_t i = 0; i < 100; ++i) {
      for (const int writes : {0, 1, 12}) fdb::test_ranges(seed + i, writes, reverse);
    }
  }
  std::puts("ryw_reader_test: ok");
  return 0;
}
