// A database with a table, as the durable engine will drive it: edits, folds in pieces, settling, evictions, crashes in the middle.
// After each step the tree is compared with a model, and what is in no plain leaf's range with the table.
#include "store/changed_leaves.h"

#include <deque>
#include <functional>
#include <memory>
#include <optional>

#include "sim/failing_allocator.h"
#include "sim/map_leaf_source.h"
#include "sim/test_support.h"

namespace fdb {
namespace {

using store::LeafCache;
using store::LeafUse;
using Model = std::map<Bytes, Bytes>;
using Random = std::mt19937_64;

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
constexpr int kRounds = 1500;
#else
constexpr int kRounds = 12'000;
#endif

size_t pick(Random& random, size_t limit) { return random() % limit; }

Bytes random_key(Random& random) {
  switch (pick(random, 12)) {
    case 0: return Bytes(pick(random, 4), static_cast<char>(pick(random, 2) * 255));
    case 1: return Bytes(pick(random, 3) * 3000 + 400, 'q') + std::to_string(pick(random, 30));
    case 2: return Bytes(300, 'p') + std::to_string(pick(random, 200));
    default: return "some/prefix/" + std::to_string(pick(random, 6000));
  }
}

Bytes random_value(Random& random) {
  const size_t kind = pick(random, 30);
  return Bytes(kind == 0 ? 5000 : kind < 3 ? pick(random, 1200) : pick(random, 40), static_cast<char>('a' + pick(random, 26)));
}

void erase_range(Model* rows, const Bytes& begin, const Bytes& end) {
  if (begin >= end) return;
  rows->erase(rows->lower_bound(begin), rows->lower_bound(end));
}

void erase_stretch(Model* rows, Slice begin, Slice end) {
  rows->erase(rows->lower_bound(Bytes(begin)), end.empty() ? rows->end() : rows->lower_bound(Bytes(end)));
}

void check_same(const Snapshot& tree, const Model& model) {
  CHECK_EQ(tree.total().keys, static_cast<int64_t>(model.size()));
  Cursor cursor(tree);
  cursor.seek("");
  for (const auto& [key, value] : model) {
    CHECK(cursor.valid() && cursor.key() == key && cursor.value() == value);
    cursor.next();
  }
  CHECK(!cursor.valid());
  cursor.seek_last();
  for (auto row = model.rbegin(); row != model.rend(); ++row, cursor.prev())
    CHECK(cursor.valid() && cursor.key() == row->first);
  CHECK(!cursor.valid());
}

void check_points(Random& random, const Snapshot& tree, const Model& model) {
  const Bytes key = random_key(random), other = random_key(random);
  const auto at = model.lower_bound(key);
  Slice value;
  CHECK_EQ(tree.get(key, &value), at != model.end() && at->first == key);
  if (at != model.end() && at->first == key) CHECK(value == at->second);
  const auto rank = static_cast<int64_t>(std::distance(model.begin(), at));
  CHECK_EQ(tree.rank(key), rank);
  Cursor cursor(tree);
  cursor.seek_before(key);
  CHECK_EQ(cursor.valid(), at != model.begin());
  if (cursor.valid()) CHECK(cursor.key() == std::prev(at)->first);
  cursor.seek_rank(rank);
  CHECK_EQ(cursor.valid(), at != model.end());
  if (cursor.valid()) CHECK(cursor.key() == at->first);
  RangeStats expected;
  for (auto row = at; row != model.end() && row->first < other; ++row) {
    ++expected.keys;
    expected.bytes += static_cast<int64_t>(row->first.size() + row->second.size());
  }
  CHECK_EQ(tree.range_stats(key, other).keys, expected.keys);
  CHECK_EQ(tree.range_stats(key, other).bytes, expected.bytes);
}

class World {
 public:
  explicit World(uint64_t seed) : random_(seed), cache_(make_ref<LeafCache>(&source_, 0)) {}

  void run() {
    for (round_ = 0; round_ < kRounds; ++round_) {
      const LeafUse use;
      edit();
      fold_some();
      settle_some();
      if (pick(random_, 40) == 0) set_random_limit();
      if (pick(random_, 150) == 0) crash();
      keep_some();
      check_points(random_, tip_, model_);
      if (round_ % 25 == 0) check_same(tip_, model_);
      if (round_ % 10 == 0) check_plain_ranges();
    }
    finish_fold();
    std::printf("%lld loads, %lld evictions, %d folds, %d crashes, %d too old, %d failures\n",
                static_cast<long long>(loads_ + cache_->loads()), static_cast<long long>(evictions_ + cache_->evictions()),
                folds_, crashes_, too_old_, failures_);
    CHECK(folds_ > 10 && failures_ > 10 && crashes_ > 1 && evictions_ + cache_->evictions() > 10);
  }

 private:
  using Operation = std::function<void(Editor* editor)>;
  struct Fold {
    Fold(const Snapshot& state, uint64_t since, uint64_t mark, Version version, size_t operations)
        : leaves(state, since), since(since), mark(mark), version(version), operations(operations) {}
    ChangedLeaves leaves;
    uint64_t since;
    uint64_t mark;
    Version version;
    size_t operations;  // how many of log_ are in it
  };
  struct Kept {
    Snapshot snapshot;
    Version version;
    Model model;
  };

  void edit() {
    Editor editor(tip_);
    editor.keep_emptied_leaves();
    const size_t clear_percent = (round_ / 300) % 3 == 2 ? 80 : 20;
    for (size_t i = pick(random_, round_ % 40 == 0 ? 300 : 6); i > 0; --i) write(&editor, clear_percent);
    tip_ = editor.finish();
    ++version_;
  }

  void write(Editor* editor, size_t clear_percent) {
    const Bytes key = random_key(random_);
    const size_t kind = pick(random_, 200);
    if (kind < 2 || (kind < 4 && clear_percent > 50)) {
      const Bytes end = random_key(random_);
      erase_range(&model_, key, end);
      carry_out([key, end](Editor* each) { each->clear_range(key, end); }, editor);
    } else if (kind < 2 * clear_percent) {
      model_.erase(key);
      carry_out([key](Editor* each) { each->clear(key); }, editor);
    } else {
      const Bytes value = random_value(random_);
      model_[key] = value;
      carry_out([key, value](Editor* each) { each->set(key, value); }, editor);
    }
  }

  void carry_out(Operation operation, Editor* editor) {
    const RangeStats before = editor->total();
    if (pick(random_, 10) != 0 || !fails([&] { operation(editor); })) {
      operation(editor);
    } else {
      CHECK_EQ(editor->total().keys, before.keys);
      CHECK_EQ(editor->total().bytes, before.bytes);
      operation(editor);
    }
    log_.push_back(std::move(operation));
  }

  // Whether `action` ends with an exception when there is no memory or the source cannot be read.
  template <class Action>
  bool fails(Action action) {
    const bool no_memory = pick(random_, 2) == 0;
    if (!no_memory) source_.rows_until_error = static_cast<int64_t>(pick(random_, 20));
    bool failed = false;
    {
      const test::AllocationFailure failure(no_memory ? static_cast<int64_t>(pick(random_, 15)) : -1, pick(random_, 2) == 0);
      try {
        action();
      } catch (const std::bad_alloc&) {
        failed = true;
      } catch (const EngineError& error) {
        CHECK(error.code == err::kIoError);
        failed = true;
      }
    }
    source_.rows_until_error = -1;
    failures_ += failed ? 1 : 0;
    return failed;
  }

  // ---- folding ------------------------------------------------------------------------------------
  void fold_some() {
    if (!fold_ && pick(random_, 10) == 0) {
      fold_.emplace(tip_, mark_, Editor::next_mark(), version_, log_.size());
    } else if (fold_ && pick(random_, 3) == 0) {
      source_.newest = fold_->version;
      for (size_t i = pick(random_, 30); i > 0 && fold_; --i) fold_one();
    }
  }

  void fold_one() {
    ChangedLeaves& leaves = fold_->leaves;
    if (!leaves.next()) return end_fold();
    const Slice begin = leaves.begin(), end = leaves.end();
    erase_stretch(&source_.rows, begin, end);
    for (int i = 0; i < leaves.count(); ++i) source_.rows[Bytes(leaves.key(i))] = leaves.value(i);
    auto& list = source_.leaves;
    const auto behind = end.empty() ? list.end() : list.lower_bound(Bytes(end));
    const Bytes behind_first = behind == list.end() ? Bytes() : behind->first;
    list.erase(list.lower_bound(Bytes(begin)), behind);
    if (leaves.count() > 0) {
      const StoredLeaf leaf = leaves.stored();
      list[Bytes(leaf.first)] = {leaf.keys, leaf.bytes, leaf.checksum};
    }
    if (end.empty()) return;
    // What a leaf of the list that was cut has left.
    const auto rest = source_.rows.lower_bound(Bytes(end));
    if (rest == source_.rows.end() || (behind != list.end() && rest->first >= behind_first)) return;
    source_.describe(rest->first, behind_first);
  }

  void end_fold() {
    while (unsettled_) settle_some();
    unsettled_.emplace(Settling{fold_->since, fold_->mark, cache_.get()});
    settled_up_to_.clear();
    log_.erase(log_.begin(), log_.begin() + static_cast<std::ptrdiff_t>(fold_->operations));
    mark_ = fold_->mark;
    fold_.reset();
    ++folds_;
  }

  void finish_fold() {
    const LeafUse use;
    while (fold_) fold_one();
    check_same(source_.build(cache_), Model(source_.rows));
  }

  void settle_some() {
    if (!unsettled_ || pick(random_, 2) == 0) return;
    Editor editor(tip_);
    const int budget = 1 + static_cast<int>(pick(random_, 40));
    bool more = true;
    if (pick(random_, 5) != 0 || !fails([&] { more = editor.settle(*unsettled_, budget, &settled_up_to_); })) {
      more = editor.settle(*unsettled_, budget, &settled_up_to_);
    }
    tip_ = editor.finish();
    if (more) return;
    check_settled();
    unsettled_.reset();
  }

  // No leaf is left that the fold has written and that has not changed since.
  void check_settled() {
    ChangedLeaves all(tip_, 0), changed(tip_, unsettled_->mark);
    int plain = 0, newer = 0;
    while (all.next()) ++plain;
    while (changed.next()) ++newer;
    CHECK_EQ(plain, newer);
  }

  // ---- what else happens --------------------------------------------------------------------------
  void set_random_limit() {
    const int64_t limits[] = {0, 20'000, 300'000, int64_t{1} << 40};
    cache_->set_limit(limits[pick(random_, 4)]);
  }

  // All that is in memory is gone; the table and the log since the last complete fold are there.
  void crash() {
    ++crashes_;
    fold_.reset();
    unsettled_.reset();
    kept_.clear();
    loads_ += cache_->loads();
    evictions_ += cache_->evictions();
    cache_ = make_ref<LeafCache>(&source_, 100'000);
    mark_ = Editor::next_mark();
    Editor editor(source_.build(cache_));
    editor.keep_emptied_leaves();
    for (const Operation& operation : log_) operation(&editor);
    tip_ = editor.finish();
    check_same(tip_, model_);
    check_plain_ranges();
  }

  // Old states are what they were, or too old if the table may be newer.
  void keep_some() {
    if (pick(random_, 20) == 0) {
      kept_.push_back(Kept{tip_, version_, model_});
      kept_.back().snapshot.set_as_of(version_);
    }
    if (kept_.size() < 6) return;
    const size_t index = pick(random_, kept_.size());
    const Kept kept = std::move(kept_[index]);
    kept_.erase(kept_.begin() + static_cast<std::ptrdiff_t>(index));
    try {
      check_same(kept.snapshot, kept.model);
    } catch (const EngineError& error) {
      CHECK_EQ(error.code, err::kTransactionTooOld);
      CHECK(kept.version < source_.newest);
      ++too_old_;
    }
  }

  // Outside the ranges of plain leaves the table has what the tree has.
  void check_plain_ranges() {
    Model table = source_.rows, tree = model_;
    ChangedLeaves plain(tip_, 0);
    while (plain.next()) {
      erase_stretch(&table, plain.begin(), plain.end());
      erase_stretch(&tree, plain.begin(), plain.end());
    }
    CHECK(table == tree);
  }

  Random random_;
  test::MapLeafSource source_;
  Ref<LeafCache> cache_;
  Snapshot tip_;
  Model model_;
  Version version_ = 1;
  uint64_t mark_ = 0;  // of the newest complete fold
  std::vector<Operation> log_;
  std::optional<Fold> fold_;
  std::optional<Settling> unsettled_;
  Bytes settled_up_to_;
  std::deque<Kept> kept_;
  int round_ = 0, folds_ = 0, crashes_ = 0, too_old_ = 0, failures_ = 0;
  int64_t loads_ = 0, evictions_ = 0;
};

}  // namespace
}  // namespace fdb

int main() {
  fdb::store::LeafUse::require();  // the test holds a LeafUse before it makes another cache
  fdb::World(fdb::test::seed()).run();
  std::puts("changed_leaves_test: ok");
  return 0;
}
