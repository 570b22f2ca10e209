#include "durable/folder.h"

#include <vector>

#include "store/leaf_description.h"

namespace fdb::durable {

namespace {

constexpr int64_t kRowsAtOnce = 128;
constexpr int64_t kCostOfWrite = 8;  // in rows that are only looked at

// What a leaf and the rows of the table differ in.
struct Differences {
  std::vector<int> missing;  // rows of the leaf
  std::vector<Bytes> extra;  // keys in the table
  int at = 0;                // the leaf's rows before it have been compared
  int64_t compared = 0;
  Bytes last;  // key of the table
};

void compare(const ChangedLeaves& leaf, Slice key, Slice value, Differences* found) {
  int& at = found->at;
  while (at < leaf.count() && leaf.key(at) < key) found->missing.push_back(at++);
  if (at == leaf.count() || leaf.key(at) != key) {
    found->extra.emplace_back(key);
  } else if (leaf.value(at++) != value) {
    found->missing.push_back(at - 1);
  }
  found->last = key;
  ++found->compared;
}

// The first of the leaf's rows that is not below `key`.
int first_from(const ChangedLeaves& leaf, Slice key) {
  int at = 0;
  while (at < leaf.count() && leaf.key(at) < key) ++at;
  return at;
}

}  // namespace

bool Folder::is_ready() const {
  if (stage_ == Stage::kTaken) return !readers_matter_ || capture_.version <= host_.foldable();
  return stage_ == Stage::kFolding || stage_ == Stage::kForgetting;
}

void Folder::take() {
  if (stage_ != Stage::kIdle) return;
  capture_ = host_.capture();
  if (capture_.version <= file_.versions().base) {
    capture_ = Capture();
    return;
  }
  stage_ = Stage::kTaken;
  committed_ = Position{stage_, Bytes()};
}

void Folder::forget_after(Version version) {
  if (stage_ != Stage::kTaken || capture_.version <= version) return;
  capture_ = Capture();
  committed_ = Position();
  stage_ = Stage::kIdle;
}

// ---- pieces ----------------------------------------------------------------------------------------

void Folder::piece(DatabaseFile::Batch& batch, Versions* versions, int64_t budget) {
  if (stage_ == Stage::kForgetting) {
    if (!batch.forget_records(static_cast<int>(budget))) stage_ = Stage::kIdle;
    return;
  }
  if (stage_ == Stage::kTaken) {
    leaves_.raise_target(capture_.version);
    versions->fold_target = capture_.version;
    key_.clear();
    stage_ = Stage::kFolding;
  }
  if (!walk_) {
    walk_.emplace(capture_.state, folded_mark_);
    at_leaf_ = false;
  }
  while (at_leaf_ || next_leaf()) {
    if (budget <= 0) return describe_rest(batch);
    if (fold_leaf(batch, &budget)) at_leaf_ = false;
  }
  versions->base = capture_.version;
  stage_ = Stage::kSettling;
}

// Goes to the next leaf that has rows from key_ on; false if there is none.
bool Folder::next_leaf() {
  do {
    if (!walk_->next()) return false;
  } while (!walk_->end().empty() && walk_->end() <= key_);
  at_leaf_ = true;
  if (key_ < walk_->begin()) key_ = walk_->begin();
  return true;
}

// Makes the rows in the leaf's range equal to it, as far as the budget goes; true if that was all of them.
bool Folder::fold_leaf(DatabaseFile::Batch& batch, int64_t* budget) {
  bool more = true;
  while (more && *budget > 0) more = merge_rows(batch, budget);
  if (more) {
    describe_leaf(batch, key_, first_from(*walk_, key_));
    return false;
  }
  describe_leaf(batch, walk_->end(), walk_->count());
  key_ = walk_->end();
  return true;
}

// One stretch of rows from key_ on; false if it was the last one of the leaf's range.
bool Folder::merge_rows(DatabaseFile::Batch& batch, int64_t* budget) {
  const ChangedLeaves& leaf = *walk_;
  Differences found;
  found.at = first_from(leaf, key_);
  const bool more =
      batch.rows(key_, leaf.end(), kRowsAtOnce, [&](Slice key, Slice value) { compare(leaf, key, value, &found); });
  while (!more && found.at < leaf.count()) found.missing.push_back(found.at++);
  for (const Bytes& key : found.extra) batch.erase(key);
  for (const int index : found.missing) batch.put(leaf.key(index), leaf.value(index));
  if (more) key_ = key_after(found.last);
  *budget -= found.compared + kCostOfWrite * static_cast<int64_t>(1 + found.extra.size() + found.missing.size());
  return more;
}

// The first `count` rows of the current leaf are what lies in the table from its begin up to `end`.
void Folder::describe_leaf(DatabaseFile::Batch& batch, Slice end, int count) {
  store::LeafDescription rows;
  for (int i = 0; i < count; ++i) rows.add(walk_->key(i), walk_->value(i));
  const StoredLeaf leaf = rows.leaf(count > 0 ? walk_->key(0) : Slice());
  batch.replace_leaves(walk_->begin(), end, std::span(&leaf, count > 0 ? 1 : 0));
}

// What a leaf of before has from key_ on becomes a leaf of its own.
void Folder::describe_rest(DatabaseFile::Batch& batch) {
  Bytes next;
  if (!batch.next_leaf(key_, &next)) next.clear();
  Bytes first;
  store::LeafDescription rows;
  batch.rows(key_, next, INT64_MAX, [&](Slice key, Slice value) {
    if (rows.keys() == 0) first = key;
    rows.add(key, value);
  });
  if (rows.keys() == 0) return;
  const StoredLeaf leaf = rows.leaf(first);
  batch.replace_leaves(leaf.first, key_after(leaf.first), std::span(&leaf, 1));
}

// ---- between pieces --------------------------------------------------------------------------------

void Folder::committed() {
  if (stage_ != Stage::kFolding) walk_.reset();
  if (stage_ == Stage::kIdle) capture_ = Capture();
  committed_ = Position{stage_, key_};
}

void Folder::undone() {
  walk_.reset();
  stage_ = committed_.stage;
  key_ = committed_.key;
}

bool Folder::settle(int budget) {
  if (stage_ != Stage::kSettling) return true;
  capture_.state = Snapshot();
  if (readers_matter_ && host_.settle(folded_mark_, capture_.mark, budget)) return false;
  folded_mark_ = capture_.mark;
  stage_ = Stage::kForgetting;
  committed_ = Position{stage_, Bytes()};
  return true;
}

}  // namespace fdb::durable
