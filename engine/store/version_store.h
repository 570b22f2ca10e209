// The ordered key-value map of one database as immutable snapshots: a copy-on-write B+tree.
//
// Thread-safety: a Snapshot is a value; distinct Snapshot objects that share nodes may be used from different
// threads. One Snapshot object must not be assigned to while another thread reads it. Cursors and editors belong to one thread.
// Invariants:
//  1. A node reachable from a finished Snapshot never changes.
//  2. Slices returned by a Snapshot or Cursor live as long as that Snapshot or a copy of it (a Cursor holds one).
//  3. An Editor copies each node at most once; everything it did not touch is shared.
//  4. A write that fails because memory ran out leaves its editor as it was.
//  5. In a database file leaves may have to be loaded (leaf_page.h): then whatever looks at keys may throw an EngineError, too, a
//     cursor is invalid afterwards, an editor as it was. Slices from there are good only while the caller's LeafUse lasts.
//  6. While an editor works, inner nodes that it has copied may be without references to what they share with their originals, which
//     it keeps. Before children of such a node move or go, and before the editor ends, it settles that.
//  7. Dropping the last reference to a large structure is cheap for the caller: beyond a small budget the nodes are
//     freed by the reclaimer thread.
#pragma once

#include <limits>

#include "base/common.h"
#include "store/store_node.h"

namespace fdb {

namespace store {
class LeafCache;
class NodeCache;
}  // namespace store

struct RangeStats {
  int64_t keys = 0;
  int64_t bytes = 0;  // sum of key and value lengths
};

class Snapshot {
 public:
  Snapshot() = default;  // empty
  Snapshot(const Snapshot& other) noexcept;
  Snapshot(Snapshot&& other) noexcept : root_(std::exchange(other.root_, nullptr)), as_of_(other.as_of_) {}
  Snapshot& operator=(Snapshot other) noexcept {
    std::swap(root_, other.root_);
    as_of_ = other.as_of_;
    return *this;
  }
  ~Snapshot() {
    if (root_) store::release(root_);
  }

  // True and *value set if the key is present.
  bool get(Slice key, Slice* value) const;
  // Keys and bytes in [begin, end), in O(log n). Nothing if begin >= end.
  RangeStats range_stats(Slice begin, Slice end) const;
  RangeStats total() const;
  // How many keys are below `key`, in O(log n).
  int64_t rank(Slice key) const;

  // The version of which leaves that have to be loaded must be; without a limit at first. Copies, cursors and editors take it over.
  void set_as_of(Version version) { as_of_ = version; }
  Version as_of() const { return as_of_; }

 private:
  friend class ChangedLeaves;
  friend class Cursor;
  friend class Editor;
  friend class SnapshotBuilder;
  Snapshot(store::Node* root, Version as_of) : root_(root), as_of_(as_of) {}
  store::Node* root_ = nullptr;
  Version as_of_ = std::numeric_limits<Version>::max();
};

// A position in a snapshot. Keeps a reference to the snapshot. Allocates nothing. Invalid until the first seek.
class Cursor {
 public:
  explicit Cursor(Snapshot snapshot) : snapshot_(std::move(snapshot)) {}

  // Each leaves the cursor invalid if there is no such key.
  void seek(Slice key);         // to the first key >= `key`
  void seek_before(Slice key);  // to the last key < `key`
  void seek_last();
  void seek_rank(int64_t rank);  // to the key with so many keys below it

  bool valid() const { return valid_; }
  // The four below need a valid cursor. A step over either end makes it invalid; seek again then.
  void next() {
    if (++path_[0].index >= path_[0].node->count) next_leaf();
  }
  void prev() {
    if (--path_[0].index < 0) previous_leaf();
  }
  Slice key() const { return path_[0].node->key(path_[0].index); }
  Slice value() const { return path_[0].node->value(path_[0].index); }
  // The leaf that the key is in, and where. A reference keeps it like any node if it is plain; else its page may let go of it.
  const store::Node* leaf() const { return path_[0].node; }
  int index() const { return path_[0].index; }
  bool is_in_plain_leaf() const;
  // So many steps of next() or, if negative, of prev(), which do not lead farther than one step out of the leaf.
  void pass(int rows) {
    path_[0].index += rows;
    if (path_[0].index >= path_[0].node->count) return next_leaf();
    if (path_[0].index < 0) previous_leaf();
  }

 private:
  struct Step {
    const store::Node* node;
    int index;
  };

  void descend(Slice key);
  void next_leaf();
  void previous_leaf();

  Snapshot snapshot_;
  bool valid_ = false;
  Step path_[store::kMaxHeight];  // by level, leaf first; set up to the root's level
};

// A fold that is complete (changed_leaves.h): what has not changed since `mark` is in the file as it is here, and was settled
// before if it has not changed since `since` either.
struct Settling {
  uint64_t since;
  uint64_t mark;
  store::LeafCache* cache;
};

// Builds the next snapshot from a base by a batch of writes. Several editors may start from the same base.
class Editor {
 public:
  // Nodes are made of the memory in `cache`, if there is one, which this editor has for itself.
  explicit Editor(Snapshot base, store::NodeCache* cache = nullptr);
  ~Editor();
  Editor(const Editor&) = delete;
  Editor& operator=(const Editor&) = delete;

  // The arguments must not point into what this editor's get() returned.
  void set(Slice key, Slice value);
  void clear(Slice key);
  void clear_range(Slice begin, Slice end);  // [begin, end); nothing if begin >= end
  bool get(Slice key, Slice* value) const;   // sees the writes so far; valid until the next write
  RangeStats total() const;
  // Nodes made before this moment are older than the mark.
  static uint64_t next_mark();
  // From now on counts the bytes of those nodes older than `mark` that writes replace, in replaced_bytes(). An estimate where
  // whole subtrees are erased.
  void count_replaced(uint64_t mark) { counted_before_ = mark; }
  int64_t replaced_bytes() const { return replaced_bytes_; }
  // For a database file: leaves that writes empty stay, so that what the file has of them lies in the range of a plain leaf.
  void keep_emptied_leaves() { keeps_emptied_ = true; }
  // Turns leaves that are in the file into pages, from *from on (at first empty), and drops empty ones; the rows stay the same.
  // Looks at about `budget` leaves; true if there may be more of them, from *from on then.
  bool settle(const Settling& fold, int budget, Bytes* from);
  // Takes over the leaves of [begin, end) that are loaded now, so that they are there when the file has newer ones. Loads none.
  void keep_loaded(Slice begin, Slice end);
  // The result. The editor is empty afterwards.
  Snapshot finish();
  // The same, but the result lives on references of the base until this editor is destroyed, before which the caller must not let
  // go of it. If nobody else has the base any more by then, the references pass to the result.
  Snapshot finish_sharing();
  // How many nodes were copied, for tests.
  int64_t copied_nodes() const { return copied_nodes_; }

 private:
  // A node that was copied. `copy` is the copy as long as it has no references of its own to the children that it shares with the
  // original, else null. `parent` is the place among the copies of the original's parent, if that has none of its own either: then
  // the reference to the original is that of its parent. Else, if negative, it is this editor's.
  struct Copy {
    store::Node* copy;
    store::Node* original;
    int parent;
  };
  static constexpr int kMostCopies = 16;  // after so many there is more to save than references

  store::Node* own(store::Node* node, uint32_t extra, int parent = -1);
  void settle_references() noexcept;
  void stop_sharing() noexcept;
  store::Node* put(store::Node* node, Slice key, Slice value, int* grown);
  store::Node* split_child_if_needed(store::Node* node, int index, int grown);
  void split_root(int grown);
  store::Node* own_child(store::Node* node, int index, uint32_t extra);
  void own_path(Slice key);
  void erase(store::Node* node, Slice key) noexcept;
  void erase_range(store::Node* node, const Slice* begin, const Slice* end) noexcept;
  void mend_child(store::Node* node, int index) noexcept;
  bool merge_children(store::Node* node, int left) noexcept;
  void mend_root() noexcept;

  enum class Found { kLeaf, kMore, kNothing };
  void settle_root(const Settling& fold);
  Found find_unsettled(const Settling& fold, Bytes* from, Bytes* behind, int* budget) const;
  store::Node* own_inner_path(Slice key);
  void settle_children(store::Node* node, uint64_t mark, store::LeafCache& cache, Bytes* from, int* budget);
  void mend_inner_path(store::Node* node, Slice key) noexcept;

  void count_subtrees(const store::Node* node, int from, int to);

  uint64_t id_;
  store::Node* root_;
  uint64_t counted_before_ = 0;
  int64_t replaced_bytes_ = 0;
  Version as_of_;
  bool keeps_emptied_ = false;
  bool shares_ = true;  // copies may be without references for now
  int copies_count_ = 0;
  int64_t copied_nodes_ = 0;
  store::NodeCache* const cache_;
  Copy copies_[kMostCopies];  // parents before children
};

}  // namespace fdb
