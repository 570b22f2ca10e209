// Finding a key in a node: what every read and every write does at each level of the tree.
//
// Thread-safety: as the node's.
// The heads are bisected first, a few cache lines; then one key is looked at, rarely more.
#pragma once

#include "base/compare.h"
#include "store/store_node.h"

namespace fdb::store {

struct Found {
  int index;   // of the first meaningful slot whose key is not below the one that was searched, or count
  bool equal;  // whether it is that key
};

// The four bytes after the first `prefix` ones, zero padded.
inline uint32_t head_of(Slice key, uint32_t prefix) {
  if (key.size() >= size_t{prefix} + 4) return load_ordered32(key.data() + prefix);
  if (key.size() <= prefix) return 0;
  const size_t rest = key.size() - prefix;
  if (key.size() >= 4) return load_ordered32(key.data() + key.size() - 4) << (8 * (4 - rest));
  uint32_t head = 0;
  for (size_t i = 0; i < 4; ++i) head = head << 8 | (i < rest ? static_cast<unsigned char>(key[prefix + i]) : 0);
  return head;
}

// How many of `count` heads, at least one, are below `head`. Bisected without branches on the data, as a mispredicted one costs more
// than the comparison it saves, and in steps of constant length behind the first one.
[[gnu::always_inline]] inline int heads_below(const uint32_t* heads, size_t count, uint32_t head) {
  const uint32_t* base = heads;
  const auto step = [&base, head](size_t length, size_t forward) { base += forward & -size_t{base[length - 1] < head}; };
  while (count >= 128) {
    step(count / 2, count / 2);
    count -= count / 2;
  }
  const int bits = std::bit_width(count);
  const size_t power = size_t{1} << (bits - 1);
  step(power, count - power);
  switch (bits) {
    case 7: step(32, 32); [[fallthrough]];
    case 6: step(16, 16); [[fallthrough]];
    case 5: step(8, 8); [[fallthrough]];
    case 4: step(4, 4); [[fallthrough]];
    case 3: step(2, 2); [[fallthrough]];
    case 2: step(1, 1); [[fallthrough]];
    default: return static_cast<int>(base - heads) + (*base < head ? 1 : 0);
  }
}

// The rest of search(): where the common prefix decides, and from slot `low` on among keys of equal heads.
Found search_by_prefix(const Node* node, Slice key, Slice sample);
Found search_equal_heads(const Node* node, Slice key, int low);

template <bool kLeaf>
[[gnu::always_inline]] inline Found search(const Node* node, Slice key) {
  constexpr int kFirst = kLeaf ? 0 : 1;
  const int count = node->count;
  if (count <= kFirst) [[unlikely]]
    return {kFirst, false};
  const uint32_t prefix = node->prefix;
  const uint32_t head = head_of(key, prefix);
  const uint32_t* heads = node->heads();
  const int low = kFirst + heads_below(heads + kFirst, static_cast<size_t>(count - kFirst), head);
  const Slot* slots = node->slots();
  const Slot& slot = slots[low < count ? low : count - 1];
  const Slice near(node->entry_of<kLeaf>(slot), slot.key_size);
  // One look at a key decides whether `key` has the common prefix at all; the heads mean nothing if it has not.
  if (key.size() < prefix || !equal_bytes(key.data(), near.data(), prefix)) [[unlikely]]
    return search_by_prefix(node, key, near);
  if (low == count || heads[low] != head) return {low, false};
  if (equal(near, key)) return {low, true};
  return search_equal_heads(node, key, low);
}

// In a leaf.
inline int lower_bound(const Node* leaf, Slice key, bool* equal) {
  const Found found = search<true>(leaf, key);
  *equal = found.equal;
  return found.index;
}

// Index of the child of an inner node that is responsible for `key`.
[[gnu::always_inline]] inline int child_towards(const Node* node, Slice key) {
  const Found found = search<false>(node, key);
  return found.index - (found.equal ? 0 : 1);
}
inline int child_index(const Node* node, Slice key) { return child_towards(node, key); }

// From `node` down to the leaf that is responsible for `key`, or the page that stands for it.
inline const Node* leaf_towards(const Node* node, Slice key) {
  while (!node->is_leaf()) {
    node = node->children()[child_towards(node, key)].node;
    prefetch_node(node);
  }
  return node;
}

}  // namespace fdb::store
