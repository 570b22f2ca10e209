// Builds a whole tree from below, in order of its keys: of pages, as a database file is opened, or of rows.
//
// Thread-safety: a value that belongs to one thread.
// Invariants:
//  1. Keys ascend; what does not is refused with 1522.
//  2. A page ends where the next one begins, the last one has no end.
//  3. After an exception the builder is good for nothing but to be destroyed.
#pragma once

#include <array>

#include "store/leaf_cache.h"
#include "store/version_store.h"

namespace fdb {

class SnapshotBuilder {
 public:
  // `cache` loads the pages; none is needed for rows.
  explicit SnapshotBuilder(Ref<store::LeafCache> cache = {});
  ~SnapshotBuilder();
  SnapshotBuilder(const SnapshotBuilder&) = delete;
  SnapshotBuilder& operator=(const SnapshotBuilder&) = delete;

  // One or the other. The arguments are not kept.
  void add(const StoredLeaf& leaf);
  void add_row(Slice key, Slice value);
  // The result; the builder is empty afterwards.
  Snapshot finish();

 private:
  struct Level {
    store::Node* node = nullptr;  // not full yet
    Bytes first;                  // what separates it from those before
  };

  void finish_page(Slice end);
  void finish_leaf();
  void append(size_t level, Slice separator, store::Node* child);

  Ref<store::LeafCache> cache_;
  bool has_page_ = false;  // the page that awaits its end
  Bytes page_first_;
  StoredLeaf page_;
  store::Node* leaf_ = nullptr;  // of rows, not full yet
  Bytes leaf_first_;
  uint64_t editor_;
  std::array<Level, store::kMaxHeight> levels_;  // inner nodes, from level 1 on
};

}  // namespace fdb
