// Leaves that need not be in memory: a Page stands in the tree for a leaf whose rows lie in a LeafSource.
//
// Thread-safety: as other nodes, except that the leaf of a page comes and goes; whoever looks at it holds a LeafUse.
// Invariants:
//  1. `keys`, `bytes` and the bounds of a page are exact: its leaf is all that the source has in [first, end), and not empty.
//  2. A plain leaf, which is any other one, is not in the source, or not known to be. What the source has and a tree of the
//     newest state has not lies in the range of a plain leaf: between the separators at its sides.
//  3. The leaf of a page never changes; a write turns the page into a plain leaf.
#pragma once

#include <cassert>

#include "store/leaf_source.h"
#include "store/leaf_use.h"
#include "store/store_node.h"

namespace fdb::store {

class LeafCache;

struct Page : Node {
  LeafCache* cache;  // holds a reference
  // The leaf, with a reference, or null. Comes and goes under the lock of the cache.
  mutable std::atomic<Node*> loaded;
  uint32_t checksum;
  uint32_t first_size;
  uint32_t end_size;
  mutable uint32_t place;          // among the loaded pages of the cache
  mutable std::atomic<bool> used;  // since the cache looked last

  Slice first() const { return Slice(reinterpret_cast<const char*>(this + 1), first_size); }
  // Empty: no bound.
  Slice end() const { return Slice(reinterpret_cast<const char*>(this + 1) + first_size, end_size); }
  bool is_above(Slice key) const { return key < first(); }  // all rows are above the key
  bool is_below(Slice key) const { return end_size > 0 && key >= end(); }
  // The leaf if it is there.
  const Node* leaf() const {
    assert(LeafUse::inside());
    const Node* leaf = loaded.load(std::memory_order_seq_cst);
    if (leaf != nullptr && !used.load(std::memory_order_relaxed)) used.store(true, std::memory_order_relaxed);
    return leaf;
  }
};

inline const Page* as_page(const Node* node) { return static_cast<const Page*>(node); }

// A page without its leaf, with one reference. An empty `end` is no bound. Throws 1522 for numbers that no leaf has.
Page* make_page(LeafCache& cache, const StoredLeaf& leaf, Slice end);
// How a plain leaf that has rows is stored.
StoredLeaf stored_leaf(const Node* leaf);
// A page for `leaf`, which is in the source now and has rows; it keeps the leaf until the cache lets go of it.
Page* make_page_of(LeafCache& cache, Node* leaf);
// Frees the memory of a page that nobody refers to any more; returns its leaf, whose reference the caller takes over, or null.
Node* free_page(Page* page);
// Of the allocation.
size_t page_size(const Page* page);

// The leaf of a page, loaded if it is not there. Throws as LeafSource::scan, and 1522 when its rows are not those of the page.
const Node* load_leaf(const Page* page, Version as_of);

// The leaf itself: what a descent ends at.
inline const Node* leaf_of(const Node* node, Version as_of) {
  if (!node->is_page()) [[likely]]
    return node;
  const Node* leaf = as_page(node)->leaf();
  return leaf != nullptr ? leaf : load_leaf(as_page(node), as_of);
}
// The same, or null where it would have to be loaded.
inline const Node* leaf_in_memory(const Node* node) { return node->is_page() ? as_page(node)->leaf() : node; }

// A cursor that goes forwards (1) or backwards (-1) comes to child `index` of `parent`, a leaf: loads it if need be, and with it up
// to kReadAhead leaves that the cursor will come to next.
constexpr int kReadAhead = 8;
template <int kDirection>
const Node* load_ahead(const Node* parent, int index, Version as_of);

template <int kDirection>
const Node* leaf_ahead(const Node* parent, int index, Version as_of) {
  const Node* node = parent->children()[index].node;
  if (!node->is_page()) [[likely]]
    return node;
  const Node* leaf = as_page(node)->leaf();
  return leaf != nullptr ? leaf : load_ahead<kDirection>(parent, index, as_of);
}

}  // namespace fdb::store
