// The ordered key-value map of one database as immutable snapshots: a copy-on-write B+tree.
//
// Thread-safety: a Snapshot is a value; distinct Snapshot objects that share nodes may be used from different
// threads. One Snapshot object must not be assigned to while another thread reads it. Cursors and editors belong to one thread.
// Invariants:
//  1. A node reachable from a finished Snapshot never changes.
//  2. Slices returned by a Snapshot or Cursor live as long as some Snapshot that contains them.
//  3. An Editor copies each node at most once; everything it did not touch is shared.
//  4. Dropping the last reference to a large structure is cheap for the caller: beyond a small budget the nodes are
//     freed by the reclaimer thread.
#pragma once

#include <memory>

#include "common.h"

namespace fdb {

struct RangeStats {
  int64_t keys = 0;
  int64_t bytes = 0;  // sum of key and value lengths
};

namespace store {
struct Node;
}

class Snapshot {
 public:
  Snapshot() = default;  // empty
  Snapshot(const Snapshot& other) noexcept;
  Snapshot(Snapshot&& other) noexcept;
  Snapshot& operator=(Snapshot other) noexcept;
  ~Snapshot();

  // True and *value set if the key is present.
  bool get(Slice key, Slice* value) const;
  // Keys and bytes in [begin, end), in O(log n).
  RangeStats range_stats(Slice begin, Slice end) const;
  RangeStats total() const;

 private:
  friend class Cursor;
  friend class Editor;
  explicit Snapshot(store::Node* root) : root_(root) {}
  store::Node* root_ = nullptr;
};

// A position in a snapshot. Keeps a reference to the snapshot. Allocates nothing.
class Cursor {
 public:
  explicit Cursor(const Snapshot& snapshot);
  void seek(Slice key);       // to the first key >= `key`
  void seek_before(Slice key);  // to the last key < `key`
  void seek_last();
  bool valid() const;
  void next();
  void prev();
  Slice key() const;
  Slice value() const;
};

// Builds the next snapshot from a base by a batch of writes.
class Editor {
 public:
  explicit Editor(Snapshot base);
  void set(Slice key, Slice value);
  void clear(Slice key);
  void clear_range(Slice begin, Slice end);
  bool get(Slice key, Slice* value) const;  // sees the writes so far; valid until the next write
  Snapshot finish();
};

}  // namespace fdb
