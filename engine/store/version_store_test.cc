#include "store/version_store.h"

#include <sys/wait.h>
#include <unistd.h>

#include <deque>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "sim/test_support.h"
#include "store/node_cache.h"
#include "store/reclaimer.h"

namespace {

using fdb::Bytes;
using fdb::Cursor;
using fdb::Editor;
using fdb::RangeStats;
using fdb::Slice;
using fdb::Snapshot;
using Model = std::map<Bytes, Bytes>;
using Random = std::mt19937_64;

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
constexpr int kScale = 1;
#else
constexpr int kScale = 10;
#endif

size_t pick(Random& random, size_t limit) { return random() % limit; }

// Keys of several kinds: short and dense, with long common prefixes, with zero and 0xff bytes, longer than a page.
Bytes random_key(Random& random) {
  switch (pick(random, 8)) {
    case 0: return Bytes(pick(random, 6), static_cast<char>(pick(random, 2) * 255));
    case 1: {
      Bytes key;
      for (size_t length = pick(random, 5); length > 0; --length)
        key.push_back(static_cast<char>("\x00\x01\xfe\xff"[pick(random, 4)]));
      return key;
    }
    case 2: return Bytes(300, 'p') + std::to_string(pick(random, 300));
    case 3: return Bytes(pick(random, 3) * 5000 + 400, 'q') + std::to_string(pick(random, 40));
    default: return "tuple/prefix/" + std::to_string(pick(random, 3000));
  }
}

Bytes random_value(Random& random) {
  const size_t kind = pick(random, 20);
  const size_t length = kind == 0 ? 20'000 : kind < 3 ? pick(random, 1500) : pick(random, 40);
  return Bytes(length, static_cast<char>('a' + pick(random, 26)));
}

RangeStats model_stats(const Model& model, const Bytes& begin, const Bytes& end) {
  RangeStats stats;
  for (auto it = model.lower_bound(begin); it != model.end() && it->first < end; ++it) {
    ++stats.keys;
    stats.bytes += static_cast<int64_t>(it->first.size() + it->second.size());
  }
  return stats;
}

void check_same(const Snapshot& snapshot, const Model& model) {
  CHECK_EQ(snapshot.total().keys, static_cast<int64_t>(model.size()));
  Cursor cursor(snapshot);
  cursor.seek("");
  for (const auto& [key, value] : model) {
    CHECK(cursor.valid());
    CHECK(cursor.key() == key);
    CHECK(cursor.value() == value);
    cursor.next();
  }
  CHECK(!cursor.valid());
  cursor.seek_last();
  for (auto it = model.rbegin(); it != model.rend(); ++it) {
    CHECK(cursor.valid());
    CHECK(cursor.key() == it->first);
    cursor.prev();
  }
  CHECK(!cursor.valid());
}

void check_point(const Snapshot& snapshot, const Model& model, const Bytes& key) {
  const auto at = model.lower_bound(key);
  Slice value;
  const bool present = at != model.end() && at->first == key;
  CHECK_EQ(snapshot.get(key, &value), present);
  if (present) CHECK(value == at->second);
  Cursor cursor(snapshot);
  cursor.seek(key);
  CHECK_EQ(cursor.valid(), at != model.end());
  if (cursor.valid()) CHECK(cursor.key() == at->first);
  cursor.seek_before(key);
  CHECK_EQ(cursor.valid(), at != model.begin());
  if (cursor.valid()) CHECK(cursor.key() == std::prev(at)->first);
}

void check_stats(const Snapshot& snapshot, const Model& model, const Bytes& begin, const Bytes& end) {
  const RangeStats actual = snapshot.range_stats(begin, end);
  const RangeStats expected = begin < end ? model_stats(model, begin, end) : RangeStats();
  CHECK_EQ(actual.keys, expected.keys);
  CHECK_EQ(actual.bytes, expected.bytes);
}

void random_write(Random& random, Editor& editor, Model& model, size_t clear_percent) {
  const Bytes key = random_key(random);
  const size_t kind = pick(random, 100);
  if (kind < clear_percent) {
    editor.clear(key);
    model.erase(key);
  } else if (kind < clear_percent + 2) {
    const Bytes end = random_key(random);
    editor.clear_range(key, end);
    if (key < end) model.erase(model.lower_bound(key), model.lower_bound(end));
  } else {
    const Bytes value = random_value(random);
    editor.set(key, value);
    model[key] = value;
  }
  Slice value;
  CHECK_EQ(editor.get(key, &value), model.count(key) == 1);
}

// Batches of writes, with old snapshots kept and verified long after they were superseded.
void test_against_model(uint64_t seed) {
  Random random(seed);
  Snapshot current;
  Model model;
  std::deque<std::pair<Snapshot, Model>> retained;
  for (int round = 0; round < 300 * kScale; ++round) {
    Editor editor(current);
    const size_t clear_percent = (round / 100) % 2 ? 70 : 20;
    for (size_t i = pick(random, round % 50 == 0 ? 400 : 8) + 1; i > 0; --i) random_write(random, editor, model, clear_percent);
    current = editor.finish();
    check_point(current, model, random_key(random));
    check_stats(current, model, random_key(random), random_key(random));
    if (round % 20 == 0) {
      check_same(current, model);
      retained.emplace_back(current, model);
    }
    if (retained.size() > 10) {
      const size_t victim = pick(random, retained.size());
      check_same(retained[victim].first, retained[victim].second);
      retained.erase(retained.begin() + static_cast<int64_t>(victim));
    }
  }
  for (const auto& [snapshot, old] : retained) check_same(snapshot, old);
}

Bytes numbered(int number) {
  char buffer[16];
  std::snprintf(buffer, sizeof buffer, "%08d", number);
  return buffer;
}

// Results that live on references of their bases for a while: the base goes first, or stays, or somebody keeps it, and what was
// given up in between changes nothing.
void test_sharing(uint64_t seed) {
  Random random(seed);
  fdb::store::NodeCache cache;
  std::deque<std::pair<Snapshot, Model>> kept;
  Snapshot current;
  Model model;
  for (int i = 0; i < 200 * kScale; ++i) {
    if (pick(random, 50) == 0) kept.emplace_back(current, model);
    if (kept.size() > 5) kept.pop_front();
    Snapshot base = current;
    Snapshot next;
    const bool is_given_up = pick(random, 50) == 0;
    Model unused;
    if (is_given_up) unused = model;
    {
      Editor editor(base, pick(random, 8) > 0 ? &cache : nullptr);
      size_t writes = i < 100 ? 30 : 1 + pick(random, 3);
      for (; writes > 0; --writes) random_write(random, editor, is_given_up ? unused : model, 3);
      if (is_given_up) continue;
      next = editor.finish_sharing();
      if (pick(random, 4) > 0) base = Snapshot();
      current = next;
      if (pick(random, 2) == 0) {
        Editor branch(current);
        branch.set("branch", "");
        branch.finish();
      }
    }
    if (i % 100 == 0) check_same(current, model);
    if (i % 100 == 50 && !kept.empty()) check_same(kept.front().first, kept.front().second);
  }
  check_same(current, model);
}

// What a write of one key costs is one path.
void test_copies_one_path() {
  Snapshot content;
  for (int batch = 0; batch < 20; ++batch) {
    Editor editor(content);
    for (int i = 0; i < 1000; ++i) editor.set("key" + std::to_string(1'000'000 + batch * 1000 + i), Bytes(100, 'v'));
    content = editor.finish();
  }
  for (int i = 0; i < 20'000; i += 37) {
    Editor editor(content);
    editor.set("key" + std::to_string(1'000'000 + i), "changed");
    CHECK(editor.copied_nodes() >= 2 &&
          editor.copied_nodes() <= 4);  // leaves of about 30 rows, inner nodes of about 20 children
    const int64_t copied = editor.copied_nodes();
    editor.set("key" + std::to_string(1'000'000 + i), "again");
    CHECK_EQ(editor.copied_nodes(), copied);
  }
}

void test_ascending_and_descending() {
  const int count = 5000 * kScale;
  for (const bool ascending : {true, false}) {
    Editor editor{Snapshot()};
    for (int i = 0; i < count; ++i) editor.set(numbered(ascending ? i : count - i - 1), "v");
    const Snapshot full = editor.finish();
    CHECK_EQ(full.total().keys, count);
    CHECK_EQ(full.total().bytes, count * 9);
    Cursor cursor(full);
    cursor.seek("");
    for (int i = 0; i < count; ++i, cursor.next()) CHECK(cursor.valid() && cursor.key() == numbered(i));
    CHECK(!cursor.valid());
  }
}

void test_branches_share_a_base() {
  Editor base_editor{Snapshot()};
  for (int i = 0; i < 1000; ++i) base_editor.set(numbered(i), "base");
  const Snapshot base = base_editor.finish();
  Editor left(base), right(base);
  left.set(numbered(5), "left");
  right.clear_range(numbered(0), numbered(990));
  const Snapshot one = left.finish(), two = right.finish();
  Slice value;
  CHECK(base.get(numbered(5), &value) && value == "base");
  CHECK(one.get(numbered(5), &value) && value == "left");
  CHECK(!two.get(numbered(5), &value));
  CHECK_EQ(two.total().keys, 10);
  CHECK_EQ(base.total().keys, 1000);
}

void test_empty() {
  const Snapshot empty;
  Slice value;
  CHECK(!empty.get("", &value));
  CHECK_EQ(empty.total().keys, 0);
  CHECK_EQ(empty.range_stats("", "\xff").keys, 0);
  Cursor cursor(empty);
  CHECK(!cursor.valid());
  cursor.seek("");
  CHECK(!cursor.valid());
  cursor.seek_before("z");
  CHECK(!cursor.valid());
  cursor.seek_last();
  CHECK(!cursor.valid());
  Editor editor(empty);
  editor.clear("a");
  editor.clear_range("a", "b");
  editor.set("", "");
  const Snapshot one = editor.finish();
  CHECK(one.get("", &value) && value.empty());
  Editor undo(one);
  undo.clear("");
  CHECK_EQ(undo.finish().total().keys, 0);
}

Snapshot big_snapshot(int count) {
  Editor editor{Snapshot()};
  for (int i = 0; i < count; ++i) editor.set(numbered(i), "some value");
  return editor.finish();
}

// Structures beyond the inline budget go to the reclaimer thread, again and again, and the backlog drains.
void test_reclaiming() {
  for (int round = 0; round < 5; ++round) {
    const Snapshot big = big_snapshot(20'000 * kScale);
    Editor editor(big);
    editor.clear_range(numbered(10), numbered(20'000 * kScale - 10));
    CHECK_EQ(editor.finish().total().keys, 20);
    CHECK_EQ(big.total().keys, 20'000 * kScale);
  }
  while (fdb::store::reclaimer_backlog() > 0) std::this_thread::yield();
}

// A child has no reclaimer thread at first; dropping large structures there must neither hang nor crash.
[[maybe_unused]] void test_fork() {
  const Snapshot kept = big_snapshot(20'000);
  {
    const Snapshot dropped = big_snapshot(20'000);
  }
  const pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    {
      const Snapshot dropped = big_snapshot(20'000);
    }
    while (fdb::store::reclaimer_backlog() > 0) std::this_thread::yield();
    Slice value;
    _exit(kept.get(numbered(77), &value) ? 0 : 1);
  }
  int status = 0;
  CHECK_EQ(waitpid(child, &status, 0), child);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

// One writer publishes snapshots in which every key holds the same value; readers must never see two values in one.
void test_readers_and_writer() {
  std::mutex mutex;
  Snapshot published;
  std::atomic<bool> done{false};
  const auto latest = [&] {
    std::lock_guard lock(mutex);
    return published;
  };
  const auto read = [&] {
    while (!done.load()) {
      const Snapshot snapshot = latest();
      Cursor cursor(snapshot);
      Bytes first;
      int keys = 0;
      for (cursor.seek(""); cursor.valid(); cursor.next(), ++keys) {
        if (keys == 0) first = cursor.value();
        CHECK(cursor.value() == first);
      }
      CHECK(keys == 0 || keys == 300);
    }
  };
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) readers.emplace_back(read);
  for (int round = 0; round < 100 * kScale; ++round) {
    Editor editor(latest());
    const Bytes value = std::to_string(round) + Bytes(round % 3 == 0 ? 600 : 1, 'x');  // in and out of line
    for (int i = 0; i < 300; ++i) editor.set(numbered(i), value);
    Snapshot next = editor.finish();
    std::lock_guard lock(mutex);
    std::swap(published, next);
  }
  done = true;
  for (std::thread& reader : readers) reader.join();
}

}  // namespace

int main() {
  test_empty();
  test_branches_share_a_base();
  test_ascending_and_descending();
#ifndef __SANITIZE_THREAD__
  test_fork();  // a thread started in a forked child is more than the thread sanitizer supports
#endif
  const uint64_t seed = fdb::test::seed();
  test_against_model(seed);
  test_sharing(seed);
  test_copies_one_path();
  test_reclaiming();
  test_readers_and_writer();
  std::puts("version_store_test: ok");
  return 0;
}
