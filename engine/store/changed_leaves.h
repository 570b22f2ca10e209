// What of a state has to be written to its file: the leaves that were changed since a moment.
//
// A fold goes like this.
//  1. At some moment, under the lock of commits: the newest Snapshot, and mark = Editor::next_mark(). An Editor that exists already
//     makes nodes that are older than this mark, so there must be none that the state goes on with. The first mark, for a tree that
//     was built from the file, is taken before the Editor that replays the log on it is made.
//  2. Once no state that is older is needed, neither by a reader nor, in RecentCommits, as the base of a replay (its oldest base may be
//     a good deal older than the window): for each leaf of ChangedLeaves(snapshot, mark of the fold before), make the rows of the
//     table in [begin(), end()) those of the leaf, and its list of leaves there stored(), or nothing for an empty one. A leaf of
//     the list that begins before end() and reaches beyond is cut there, in the same transaction.
//  3. When all that is done, Editor::settle() with both marks turns what has not changed since into pages.
//
// Thread-safety: an object belongs to one thread; others may go on to edit. No LeafUse is needed, nothing is loaded.
// Invariants:
//  1. Leaves come in order of their keys; their ranges do not overlap. What is in no range is in the table already.
//  2. What is handed out is good until the object ends.
#pragma once

#include "store/leaf_source.h"
#include "store/node_path.h"
#include "store/version_store.h"

namespace fdb {

class ChangedLeaves {
 public:
  // Leaves that are older than `mark` are not changed. In a state that was built by a SnapshotBuilder nothing is changed, except
  // before mark 0.
  ChangedLeaves(Snapshot state, uint64_t mark) : state_(std::move(state)), mark_(mark) {}

  // To the next leaf, at first to the first; false if there is none.
  bool next();

  // The range: from begin(), empty for the first leaf of the tree, up to end(), which is empty if there is no bound.
  Slice begin() const { return store::separator_below(path_, 1, state_.root_->level); }
  Slice end() const { return store::separator_above(path_, 1, state_.root_->level); }
  int count() const { return leaf_->count; }  // 0: all rows in the range go
  Slice key(int index) const { return leaf_->key(index); }
  Slice value(int index) const { return leaf_->value(index); }
  // How the leaf is stored; it must not be empty.
  StoredLeaf stored() const;

 private:
  const Snapshot state_;
  const uint64_t mark_;
  bool started_ = false;
  const store::Node* leaf_ = nullptr;
  store::Step path_[store::kMaxHeight];  // by level, from 1 on
};

}  // namespace fdb
