// Loading and eviction by many threads at once, and what the cache counts.
#include "store/leaf_cache.h"

#include <sys/wait.h>
#include <unistd.h>

#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "sim/map_leaf_source.h"
#include "sim/test_support.h"
#include "store/changed_leaves.h"
#include "store/reclaimer.h"

namespace fdb {
namespace {

using store::LeafCache;
using store::LeafUse;
using test::MapLeafSource;
using Random = std::mt19937_64;

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
constexpr int kScale = 1;
#else
constexpr int kScale = 8;
#endif
constexpr int64_t kNoLimit = std::numeric_limits<int64_t>::max();

Bytes numbered(int64_t number) {
  char buffer[24];
  std::snprintf(buffer, sizeof buffer, "%08lld", static_cast<long long>(number));
  return buffer;
}

// In line and out of it.
Bytes value_of(const Bytes& key) { return key + Bytes(key.back() == '7' ? 900 : 20, key.back()); }

void fill(MapLeafSource* source, int count) {
  for (int i = 0; i < count; ++i) source->rows[numbered(i)] = value_of(numbered(i));
  source->describe_all(20);
}

void test_figures() {
  MapLeafSource source;
  fill(&source, 1000);
  const Ref<LeafCache> cache = make_ref<LeafCache>(&source, kNoLimit);
  const Snapshot tree = source.build(cache);
  Slice value;
  int64_t whole = 0;
  {
    const LeafUse use;
    for (int i = 0; i < 1000; i += 10) CHECK(tree.get(numbered(i), &value));
    CHECK_EQ(cache->loads(), 50);
    CHECK_EQ(cache->evictions(), 0);
    whole = cache->bytes();
    CHECK(whole > tree.total().bytes && whole < 3 * tree.total().bytes);
    cache->set_limit(whole / 2);
    CHECK(cache->bytes() <= whole / 2);
    CHECK_EQ(cache->bytes() + cache->retired(), whole);
    CHECK(cache->evictions() >= 25);
  }
  CHECK(cache->retired() > 0);
  cache->trim();
  CHECK_EQ(cache->retired(), 0);
  cache->set_limit(0);
  CHECK_EQ(cache->bytes(), 0);
  CHECK_EQ(cache->retired(), 0);
  CHECK_EQ(cache->evictions(), 50);
}

// All begin at once, and one leaf is left over.
void test_one_leaf_for_all() {
  MapLeafSource source;
  fill(&source, 20);
  for (int round = 0; round < 50 * kScale; ++round) {
    const Ref<LeafCache> cache = make_ref<LeafCache>(&source, kNoLimit);
    const Snapshot tree = source.build(cache);
    std::atomic<int> waiting{3};
    std::vector<std::thread> threads;
    std::vector<const char*> seen(3);
    for (int i = 0; i < 3; ++i) {
      threads.emplace_back([&, i] {
        const LeafUse use;
        --waiting;
        while (waiting > 0) std::this_thread::yield();
        Slice value;
        CHECK(tree.get(numbered(i), &value) && value == value_of(numbered(i)));
        CHECK(tree.get(numbered(5), &value));
        seen[static_cast<size_t>(i)] = value.data();
      });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(seen[0] == seen[1] && seen[1] == seen[2]);
    CHECK_EQ(cache->loads(), 1);
  }
}

// A source whose scans wait until they may go on.
class SlowSource : public MapLeafSource {
 public:
  void scan(Slice begin, Slice end, Version as_of, const TakeRow& take) override {
    scanning = true;
    while (held) std::this_thread::yield();
    MapLeafSource::scan(begin, end, as_of, take);
    scanning = false;
  }
  std::atomic<bool> held{true};
  std::atomic<bool> scanning{false};
};

// Nobody is in the source when detach() returns.
void test_detach() {
  SlowSource source;
  fill(&source, 100);
  const Ref<LeafCache> cache = make_ref<LeafCache>(&source, kNoLimit);
  const Snapshot tree = source.build(cache);
  std::thread reader([&tree] {
    const LeafUse use;
    Slice value;
    CHECK(tree.get(numbered(0), &value));
  });
  while (!source.scanning) std::this_thread::yield();
  std::atomic<bool> detached{false};
  std::thread closer([&] {
    cache->detach();
    CHECK(!source.scanning);
    detached = true;
  });
  CHECK(!detached);
  source.held = false;
  closer.join();
  reader.join();
  const LeafUse use;
  Slice value;
  CHECK(tree.get(numbered(1), &value));
  try {
    tree.get(numbered(99), &value);
    CHECK(!"refused");
  } catch (const EngineError& error) {
    CHECK_EQ(error.code, err::kIoError);
  }
}

// Readers, who check all that they see to the end of their call, an editor, a fold that settles, and a limit of a few leaves.
class Crowd {
 public:
  explicit Crowd(uint64_t seed) : seed_(seed) {
    fill(&source_, kRows);
    publish(source_.build(cache_));
    mark_ = Editor::next_mark();
  }

  void run() {
    std::vector<std::thread> threads;
    for (uint64_t i = 0; i < 3; ++i) threads.emplace_back([this, i] { read(seed_ + i); });
    threads.emplace_back([this] { move_limit(); });
    write(seed_ + 100);
    done_ = true;
    for (std::thread& thread : threads) thread.join();
    std::printf("%lld loads, %lld evictions\n", static_cast<long long>(cache_->loads()),
                static_cast<long long>(cache_->evictions()));
    CHECK(cache_->evictions() > 0);
    tip_ = Snapshot();
    while (store::reclaimer_backlog() > 0) std::this_thread::yield();
    cache_->set_limit(0);
    CHECK_EQ(cache_->bytes(), 0);
    CHECK_EQ(cache_->retired(), 0);
  }

 private:
  static constexpr int kRows = 4000;

  // The table that a real source would lock.
  class LockedSource : public MapLeafSource {
   public:
    void scan(Slice begin, Slice end, Version as_of, const TakeRow& take) override {
      std::lock_guard lock(mutex);
      MapLeafSource::scan(begin, end, as_of, take);
    }
    std::mutex mutex;
  };

  Snapshot tip() {
    std::lock_guard lock(mutex_);
    return tip_;
  }
  void publish(Snapshot tip) {
    tip.set_as_of(version_);
    std::lock_guard lock(mutex_);
    std::swap(tip_, tip);
  }

  void read(uint64_t seed) {
    Random random(seed);
    std::vector<std::pair<Slice, Slice>> rows;
    while (!done_) {
      const LeafUse use;
      const Snapshot tree = tip();
      Cursor cursor(tree);
      const Bytes key = numbered(static_cast<int64_t>(random() % kRows));
      rows.clear();
      try {
        const bool backwards = random() % 2 == 0;
        for (cursor.seek(key); cursor.valid() && rows.size() < 150; backwards ? cursor.prev() : cursor.next())
          rows.emplace_back(cursor.key(), cursor.value());
        CHECK(tree.rank(key) <= kRows);
      } catch (const EngineError& error) {
        CHECK_EQ(error.code, err::kTransactionTooOld);  // folded meanwhile
      }
      for (const auto& [each, found] : rows) CHECK(found == value_of(Bytes(each)));
    }
  }

  void move_limit() {
    for (int64_t limit = 0; !done_; limit = (limit + 10'000) % 60'000) {
      cache_->set_limit(limit);
      std::this_thread::yield();
    }
  }

  void write(uint64_t seed) {
    Random random(seed);
    for (int round = 0; round < 300 * kScale; ++round) {
      {
        const LeafUse use;
        Editor editor(tip());
        editor.keep_emptied_leaves();
        for (int i = 0; i < 10; ++i) {
          const Bytes key = numbered(static_cast<int64_t>(random() % kRows));
          random() % 3 == 0 ? editor.clear(key) : editor.set(key, value_of(key));
        }
        ++version_;
        publish(editor.finish());
      }
      if (round % 20 == 19) fold();
    }
  }

  void fold() {
    const uint64_t mark = Editor::next_mark();
    {
      std::lock_guard lock(source_.mutex);
      source_.newest = version_;
      for (ChangedLeaves leaves(tip(), mark_); leaves.next();) {
        auto& rows = source_.rows;
        rows.erase(rows.lower_bound(Bytes(leaves.begin())),
                   leaves.end().empty() ? rows.end() : rows.lower_bound(Bytes(leaves.end())));
        for (int i = 0; i < leaves.count(); ++i) rows[Bytes(leaves.key(i))] = leaves.value(i);
      }
    }
    const LeafUse use;
    Bytes from;
    for (bool more = true; more;) {
      Editor editor(tip());
      more = editor.settle(Settling{mark_, mark, cache_.get()}, 50, &from);
      publish(editor.finish());
    }
    mark_ = mark;
  }

  const uint64_t seed_;
  LockedSource source_;
  Ref<LeafCache> cache_ = make_ref<LeafCache>(&source_, 30'000);
  std::mutex mutex_;
  Snapshot tip_;
  Version version_ = 0;
  uint64_t mark_ = 0;
  std::atomic<bool> done_{false};
};

// A child finds the cache's lock free and drops what it has inherited.
[[maybe_unused]] void test_fork() {
  MapLeafSource source;
  fill(&source, 2000);
  const Ref<LeafCache> cache = make_ref<LeafCache>(&source, 20'000);
  std::optional<Snapshot> tree = source.build(cache);
  std::atomic<bool> done{false};
  std::thread reader([&, tree = *tree] {
    Random random(1);
    while (!done) {
      const LeafUse use;
      Slice value;
      CHECK(tree.get(numbered(static_cast<int64_t>(random() % 2000)), &value));
    }
  });
  for (int i = 0; i < 5; ++i) {
    const pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
      alarm(20);
      cache->detach();
      tree.reset();
      cache->set_limit(0);
      _exit(cache->retired() == 0 ? 0 : 1);
    }
    int status = 0;
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
  done = true;
  reader.join();
}

}  // namespace
}  // namespace fdb

int main() {
  fdb::test_figures();
  fdb::test_one_leaf_for_all();
  fdb::test_detach();
  fdb::Crowd(fdb::test::seed()).run();
#ifndef __SANITIZE_THREAD__
  fdb::test_fork();
#endif
  std::puts("leaf_cache_test: ok");
  return 0;
}
