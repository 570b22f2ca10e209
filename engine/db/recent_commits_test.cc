#include "db/recent_commits.h"

#include <map>
#include <thread>
#include <vector>

#include "sim/test_support.h"

namespace {

using fdb::Bytes;
using fdb::Change;
using fdb::Cursor;
using fdb::Editor;
using fdb::RecentCommits;
using fdb::Slice;
using fdb::Snapshot;
using fdb::Version;
using Model = std::map<Bytes, Bytes>;
using Random = std::mt19937_64;

constexpr Version kFirst = 1'000;
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
constexpr int kRounds = 300;
constexpr bool kMeasures = false;
#else
constexpr int kRounds = 3'000;
constexpr bool kMeasures = true;
#endif

size_t pick(Random& random, size_t limit) { return random() % limit; }

Bytes numbered(size_t number) {
  const Bytes digits = std::to_string(number);
  return "k" + Bytes(7 - digits.size(), '0') + digits;
}

// Commits into a RecentCommits as a database does.
class Writer {
 public:
  explicit Writer(size_t keys) : keys_(keys), recent(kFirst, Snapshot()) {}

  void commit(Version version, const std::vector<Change>& changes, Version window_start = 0) {
    Editor editor(state);
    editor.count_replaced(recent.newest_base_mark());
    for (const Change& change : changes) {
      change.is_clear ? editor.clear_range(change.key, change.value) : editor.set(change.key, change.value);
    }
    const int64_t replaced = editor.replaced_bytes();
    state = editor.finish();
    recent.add(version, changes, state, replaced, window_start);
  }
  // One key is set to `value`.
  void commit_one(Version version, Random& random, Slice value, Version window_start = 0) {
    const Bytes key = numbered(pick(random, keys_));
    commit(version, {Change{key, value}}, window_start);
  }

 private:
  const size_t keys_;

 public:
  Snapshot state;
  RecentCommits recent;
};

void check_same(const Snapshot& state, const Model& model) {
  CHECK_EQ(state.total().keys, static_cast<int64_t>(model.size()));
  Cursor cursor(state);
  cursor.seek("");
  for (const auto& [key, value] : model) {
    CHECK(cursor.valid() && cursor.key() == key && cursor.value() == value);
    cursor.next();
  }
}

// A commit of some sets and clears, now and then of so many that it is kept without a record.
void random_commit(Writer& writer, Random& random, Version version, Model* model, Version window_start) {
  std::vector<Bytes> bytes;
  const size_t count = pick(random, 50) == 0 ? 600 : pick(random, 6);
  bytes.reserve(2 * count);
  std::vector<Change> changes;
  for (size_t i = 0; i < count; ++i) {
    bytes.push_back(numbered(pick(random, 500)));
    const bool is_clear = pick(random, 10) == 0;
    bytes.push_back(is_clear ? numbered(pick(random, 500))
                             : Bytes(pick(random, 60), static_cast<char>('a' + pick(random, 26))));
    const Bytes& key = bytes[bytes.size() - 2];
    const Bytes& value = bytes.back();
    changes.push_back(Change{key, value, is_clear});
    if (!is_clear) {
      (*model)[key] = value;
    } else if (key < value) {
      model->erase(model->lower_bound(key), model->lower_bound(value));
    }
  }
  writer.commit(version, changes, window_start);
}

// States at all kinds of versions, also such that no commit got, while the window moves on.
void test_every_version_is_exact(uint64_t seed) {
  Random random(seed);
  Writer writer(500);
  std::map<Version, Model> history{{kFirst, Model()}};
  Version version = kFirst;
  for (int round = 0; round < kRounds; ++round) {
    const Version window_start = version - 5'000;
    version += 1 + static_cast<Version>(pick(random, 10));
    Model model = history.rbegin()->second;
    random_commit(writer, random, version, &model, window_start);
    history[version] = std::move(model);
    while (std::next(history.begin())->first <= window_start) history.erase(history.begin());
    if (pick(random, 500) == 0) writer.recent.trim(window_start);
    for (int i = 0; i < 2; ++i) {
      const Version wanted = std::max(kFirst, window_start) + static_cast<Version>(pick(random, static_cast<size_t>(5'010)));
      if (wanted > version) continue;
      Snapshot state;
      CHECK(writer.recent.state_at(wanted, &state));
      check_same(state, std::prev(history.upper_bound(wanted))->second);
    }
  }
  Snapshot state;
  CHECK(!writer.recent.state_at(kFirst - 1, &state));
}

// Bytes for each of many commits to a tree of some size, whatever part of it they rewrite.
void test_memory_for_each_version(size_t hot_keys) {
  Random random(7);
  Writer writer(hot_keys);
  for (size_t key = 0; key < 20'000; ++key) {
    const Bytes name = numbered(key);
    writer.commit(kFirst + 1 + static_cast<Version>(key), {Change{name, Slice("some value of moderate size")}});
  }
  constexpr int kCommits = 40'000;
  Version version = 1'000'000;
  for (int i = 0; i < kCommits; ++i) writer.commit_one(++version, random, "another value of such a size");
  CHECK(writer.recent.record_bytes() < 60'000 * 100);
  CHECK(writer.recent.bases() <= RecentCommits::kMostBases + 1);
  // What was committed just now is a short way from a base; what is older too, where few pages hold all that is written.
  for (const Version age : {1, 10, 100, 1'000, 10'000}) {
    if (age > 100 && hot_keys > 100) break;
    const int64_t before = writer.recent.replayed_changes();
    Snapshot state;
    CHECK(writer.recent.state_at(version - age, &state));
    CHECK(writer.recent.replayed_changes() - before <= 2 * RecentCommits::kChangesPerBase + age);
  }
}

// Commits that are too large for any record, but small beside the pages that they rewrite, keep no snapshot each.
void test_large_commits_all_over_the_tree_have_records() {
  constexpr size_t kKeys = 20'000;
  Random random(11);
  Writer writer(kKeys);
  Version version = kFirst;
  std::vector<Bytes> names;
  for (size_t key = 0; key < kKeys; ++key) names.push_back(numbered(key));
  const auto commit = [&](size_t count, Slice value) {
    std::vector<Change> changes;
    for (size_t i = 0; i < count; ++i) changes.push_back(Change{names[pick(random, kKeys)], value});
    writer.commit(++version, changes);
  };
  for (size_t first = 0; first < kKeys; first += 1000) {
    std::vector<Change> changes;
    for (size_t key = first; key < first + 1000; ++key) changes.push_back(Change{names[key], "some value of moderate size"});
    writer.commit(++version, changes);
  }
  const Version loaded = version;
  const size_t before = writer.recent.bases();
  std::map<Version, fdb::RangeStats> totals;
  for (int i = 0; i < 2 * static_cast<int>(RecentCommits::kMostBases); ++i) {
    commit(500, Bytes(pick(random, 60), 'v'));
    totals[version] = writer.state.total();
  }
  CHECK(writer.recent.bases() < before + RecentCommits::kMostBases / 2);
  for (Version at = loaded + 1; at <= version; at += 7) {
    Snapshot state;
    CHECK(writer.recent.state_at(at, &state));
    CHECK(state.total().keys == totals[at].keys && state.total().bytes == totals[at].bytes);
  }
}

// The second look at a version, or at one near it, starts from the first.
void test_rebuilt_states_are_remembered() {
  Random random(8);
  Writer writer(100);
  Version version = kFirst;
  for (int i = 0; i < 200; ++i) writer.commit_one(++version, random, "v");
  Snapshot state;
  CHECK(writer.recent.state_at(kFirst + 150, &state));
  CHECK_EQ(writer.recent.replayed_changes(), 150);
  CHECK(writer.recent.state_at(kFirst + 150, &state));
  CHECK_EQ(writer.recent.replayed_changes(), 150);
  CHECK(writer.recent.state_at(kFirst + 160, &state));
  CHECK_EQ(writer.recent.replayed_changes(), 160);
}

void test_an_idle_database_keeps_its_newest_state_only() {
  Random random(9);
  Writer writer(1'000);
  Version version = kFirst;
  while (version < kFirst + 20'000) {
    ++version;
    writer.commit_one(version, random, "v", version - 5'000);
  }
  Snapshot state;
  CHECK(writer.recent.state_at(version - 4'000, &state));
  CHECK(writer.recent.trim(version - 5'000));
  CHECK(writer.recent.state_at(version - 5'000, &state));
  CHECK(writer.recent.trim(version - 1));
  CHECK(writer.recent.state_at(version - 1, &state));
  CHECK(writer.recent.trim(version - 1));  // there is a rebuilt state that was asked for
  CHECK(!writer.recent.trim(version));
  CHECK_EQ(writer.recent.bases(), size_t{1});
  CHECK_EQ(writer.recent.record_bytes(), 0);
  CHECK(!writer.recent.state_at(version - 1, &state));
  CHECK(writer.recent.state_at(version + 10, &state));
  CHECK_EQ(state.total().keys, writer.state.total().keys);
  writer.commit_one(version + 20, random, "w");
  CHECK(writer.recent.state_at(version + 10, &state));
  CHECK_EQ(state.total().keys, writer.state.total().keys);
}

// Each commit sets the same two keys to its version: whoever looks back must find both, of the version that he named.
void test_readers_beside_the_writer() {
  Writer writer(2);
  std::atomic<Version> newest{kFirst + 1};
  const auto commit = [&writer](Version version) {
    const Bytes value = std::to_string(version);
    writer.commit(version, {Change{"a", value}, Change{"b", value}}, version - 2'000);
  };
  commit(kFirst + 1);
  const auto read = [&](uint64_t seed) {
    Random random(seed);
    for (Version last = 0; last < kFirst + 2 * kRounds + 2'000; last = newest.load()) {
      const Version wanted = std::max<Version>(kFirst + 1, newest.load() - static_cast<Version>(pick(random, 2'500)));
      Snapshot state;
      if (!writer.recent.state_at(wanted, &state)) {
        CHECK(wanted < newest.load() - 1'900);
        continue;
      }
      Slice a, b;
      CHECK(state.get("a", &a) && state.get("b", &b));
      CHECK_EQ(a, Slice(std::to_string(wanted)));
      CHECK_EQ(a, b);
    }
  };
  std::vector<std::thread> readers;
  for (uint64_t i = 0; i < 3; ++i) readers.emplace_back(read, i);
  for (Version version = kFirst + 2; version <= kFirst + 2 * kRounds + 2'000; ++version) {
    commit(version);
    newest.store(version);
    if (version % 100 == 0) writer.recent.trim(version - 2'000);
  }
  for (std::thread& reader : readers) reader.join();
}

}  // namespace

int main() {
  test_every_version_is_exact(fdb::test::seed());
  if (kMeasures) test_memory_for_each_version(20'000);
  if (kMeasures) test_memory_for_each_version(100);
  test_large_commits_all_over_the_tree_have_records();
  test_rebuilt_states_are_remembered();
  test_an_idle_database_keeps_its_newest_state_only();
  test_readers_beside_the_writer();
  std::puts("recent_commits_test: ok");
  return 0;
}
