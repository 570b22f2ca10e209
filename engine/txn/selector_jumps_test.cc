// Selectors with large offsets: the right key, found by counts and not row by row.
#include <set>
#include <vector>

#include "sim/test_support.h"
#include "txn/ryw_reader.h"

namespace fdb {
namespace {

using Random = std::mt19937_64;

constexpr size_t kRows = 20'000;
constexpr Slice kMaxKey = "\xff";
constexpr Slice kEnd = "\xff\xff";

size_t pick(Random& random, size_t limit) { return random() % limit; }

Bytes numbered(size_t number) {
  const Bytes digits = std::to_string(number);
  return "k" + Bytes(7 - digits.size(), '0') + digits;
}

// The rows of a database, below a tenant's prefix or not, among others that are not in the view.
struct Content {
  explicit Content(Slice tenant_prefix) : prefix(tenant_prefix) {
    Editor editor{Snapshot()};
    for (size_t i = 0; i < kRows; ++i) {
      editor.set(prefix + numbered(2 * i), "value");
      keys.insert(numbered(2 * i));
    }
    if (!prefix.empty()) editor.set("a" + prefix, "");
    editor.set(prefix.empty() ? Bytes("\xff/system") : "z" + prefix, "");
    snapshot = editor.finish();
  }
  View view() const { return {&snapshot, prefix, kMaxKey, prefix.empty() ? kEnd : kMaxKey}; }

  const Bytes prefix;
  std::set<Bytes> keys;
  Snapshot snapshot;
};

// The key that is `offset` - 1 rows after the first one at or behind `key`.
Bytes expected_key(const std::vector<Bytes>& keys, const Bytes& key, int64_t offset) {
  const int64_t place = std::lower_bound(keys.begin(), keys.end(), key) - keys.begin() + offset - 1;
  if (place < 0) return Bytes();
  return place < static_cast<int64_t>(keys.size()) ? keys[static_cast<size_t>(place)] : Bytes(kMaxKey);
}

// Fresh transactions, and ones that know something already; with `writes` sets and clears of their own.
void test_selectors(const Content& content, size_t writes, uint64_t seed) {
  Random random(seed);
  WriteMap overlay;
  std::set<Bytes> merged = content.keys;
  for (size_t i = 0; i < writes; ++i) {
    const Bytes key = numbered(pick(random, 2 * kRows));
    if (pick(random, 3) == 0) {
      const Bytes end = key + "5";
      overlay.clear_range(key, end, true);
      merged.erase(merged.lower_bound(key), merged.lower_bound(end));
    } else {
      overlay.mutate(key, Op::kSet, "own", true);
      merged.insert(key);
    }
  }
  const std::vector<Bytes> keys(merged.begin(), merged.end());
  ReadLog log;
  for (int i = 0; i < 200; ++i) {
    if (pick(random, 4) == 0) log.clear();
    const Bytes from = pick(random, 10) == 0 ? Bytes() : numbered(pick(random, 2 * kRows));
    const int64_t offset = static_cast<int64_t>(pick(random, 3 * kRows)) - static_cast<int64_t>(kRows + kRows / 2);
    const View view = content.view();
    RywReader reader(view, writes > 0 ? &overlay : nullptr, &log);
    Bytes found;
    CHECK_EQ(reader.find_key(PlainSelector(from, offset), &found), 0);
    CHECK_EQ(found, expected_key(keys, from, offset));
    CHECK(reader.walked() <= static_cast<int64_t>(100 + 40 * writes));
    if (writes > 0) continue;
    SnapshotWalk walk(view);
    if (offset != 1) CHECK_EQ(std::min(walk.find_key(from, offset), Bytes(kMaxKey)), found);
  }
}

void test_positions_by_count() {
  const Content content("");
  Cursor cursor(content.snapshot);
  for (size_t i = 0; i < kRows; i += 77) {
    cursor.seek_rank(static_cast<int64_t>(i));
    CHECK(cursor.valid());
    CHECK_EQ(cursor.key(), Slice(numbered(2 * i)));
    CHECK_EQ(content.snapshot.rank(cursor.key()), static_cast<int64_t>(i));
    CHECK_EQ(content.snapshot.rank(key_after(cursor.key())), static_cast<int64_t>(i + 1));
    cursor.next();
    CHECK_EQ(cursor.key(), i + 1 < kRows ? Slice(numbered(2 * i + 2)) : Slice("\xff/system"));
  }
  cursor.seek_rank(-1);
  CHECK(!cursor.valid());
  cursor.seek_rank(kRows + 1);
  CHECK(!cursor.valid());
}

}  // namespace
}  // namespace fdb

int main() {
  const uint64_t seed = fdb::test::seed();
  fdb::test_positions_by_count();
  for (const fdb::Slice prefix : {fdb::Slice(""), fdb::Slice("\0\0\0\0\0\0\0\7", 8)}) {
    const fdb::Content content(prefix);
    for (const size_t writes : {0, 1, 20}) fdb::test_selectors(content, writes, seed + writes);
  }
  std::puts("selector_jumps_test: ok");
  return 0;
}
