// Nodes of the version store's B+tree: slotted pages of sorted keys, with values (leaves) or children (inner nodes).
//
// Thread-safety: a node belongs to the editor that made it until that editor finishes; from then on it is immutable and
// may be read, referenced and released from any thread.
// Layout, one allocation: header | head[slot_capacity] | Slot[slot_capacity] | Child[slot_capacity] (inner nodes only) | heap.
// The capacity is even, which keeps everything aligned.
// Invariants:
//  1. Keys of a node are sorted and distinct. In an inner node slot i > 0 holds the separator: keys of child i - 1 are
//     below it, keys of child i are not. Slot 0 of an inner node has an empty key that means nothing.
//  2. All meaningful keys of a node share their first `prefix` bytes; their heads are the four bytes after those, big
//     endian and zero padded. A search runs over the heads, a few cache lines, and then looks at one or two keys.
//  3. Key and value lie together in the heap; if they are longer than kInlineLimit, in a Blob that nodes share.
//  4. `keys` and `bytes` describe the subtree.
#pragma once

#include <atomic>

#include "base/common.h"

namespace fdb::store {

constexpr int kMaxLeafKeys = 64;
constexpr int kMaxChildren = 32;
constexpr uint32_t kMaxHeapBytes = 4096;  // a page with more live bytes than this is split
constexpr uint32_t kInlineLimit = 512;
constexpr int kMaxHeight = 16;  // far beyond any memory: inner nodes have at least 8 children on average

struct Blob {
  std::atomic<uint32_t> references;
  char* bytes() { return reinterpret_cast<char*>(this + 1); }
};

struct Slot {
  uint32_t offset;
  uint32_t key_size;
  uint32_t value_size;

  bool is_inline() const { return uint64_t{key_size} + value_size <= kInlineLimit; }
  uint32_t heap_bytes() const { return is_inline() ? key_size + value_size : sizeof(Blob*); }
};

struct Node;
class NodeCache;

struct Child {
  Node* node;
  int64_t keys;
  int64_t bytes;
};

// What a node of level 0 is; see leaf_page.h.
constexpr uint16_t kPlain = 0;
constexpr uint16_t kPage = 1;

struct Node {
  std::atomic<uint32_t> references;
  uint16_t count;  // slots in use
  uint16_t slot_capacity;
  uint16_t level;  // 0: leaf
  uint16_t kind;
  uint32_t prefix;
  uint32_t heap_capacity;
  uint32_t heap_used;  // bump pointer
  uint32_t heap_live;  // heap_used without holes
  uint32_t blobs;      // slots that are not inline
  uint64_t editor;     // who may still change the node
  int64_t keys;
  int64_t bytes;
  Node* next_dead;  // links nodes whose last reference is gone

  bool is_leaf() const { return level == 0; }
  // Whether it stands for a leaf, and has no slots itself.
  bool is_page() const { return kind == kPage; }
  // The first slot with a meaning of its own as a key.
  int first() const { return level == 0 ? 0 : 1; }
  uint32_t* heads() { return reinterpret_cast<uint32_t*>(this + 1); }
  const uint32_t* heads() const { return reinterpret_cast<const uint32_t*>(this + 1); }
  Slot* slots() { return reinterpret_cast<Slot*>(heads() + slot_capacity); }
  const Slot* slots() const { return const_cast<Node*>(this)->slots(); }
  Child* children() { return reinterpret_cast<Child*>(slots() + slot_capacity); }
  const Child* children() const { return const_cast<Node*>(this)->children(); }
  // Of the allocation.
  size_t size() const { return static_cast<size_t>(heap() + heap_capacity - reinterpret_cast<const char*>(this)); }
  char* heap() { return level == 0 ? heap_of<true>() : heap_of<false>(); }
  const char* heap() const { return const_cast<Node*>(this)->heap(); }
  // The same of a node of which it is known whether it is a leaf.
  template <bool kLeaf>
  char* heap_of() {
    return reinterpret_cast<char*>(children() + (kLeaf ? 0 : slot_capacity));
  }

  Blob* blob(const Slot& slot) const;
  const char* entry(const Slot& slot) const { return slot.is_inline() ? heap() + slot.offset : blob(slot)->bytes(); }
  template <bool kLeaf>
  const char* entry_of(const Slot& slot) const {
    if (!slot.is_inline()) [[unlikely]]
      return blob(slot)->bytes();
    return const_cast<Node*>(this)->heap_of<kLeaf>() + slot.offset;
  }
  Slice key(int index) const {
    const Slot& slot = slots()[index];
    return Slice(entry(slot), slot.key_size);
  }
  Slice value(int index) const {
    const Slot& slot = slots()[index];
    return Slice(entry(slot) + slot.key_size, slot.value_size);
  }
  bool overfull() const {
    return count > (is_leaf() ? kMaxLeafKeys : kMaxChildren) || (heap_live > kMaxHeapBytes && count > 4);
  }
  bool underfull() const { return count < (is_leaf() ? kMaxLeafKeys / 4 : kMaxChildren / 4) && heap_live < kMaxHeapBytes / 4; }
};

// An empty node, owned by `editor`, with one reference.
Node* make_node(uint32_t level, uint64_t editor, uint32_t slot_capacity, uint32_t heap_capacity);
// Frees the memory of a node whose references to others have been moved or dropped.
void free_node(Node* node);
// Drops one reference (see reclaimer.h).
void release(Node* node);
// Frees a node nobody else refers to: its children, whose references have been moved, stay. `cache` may be null.
void recycle(Node* node, NodeCache* cache);
// Drops the blob references of a node that is about to be freed.
void release_blobs(Node* node);
// What a node takes with its blobs, though others may share those.
int64_t memory_of(const Node* node);

// Asks the processor for the parts of a node that a search looks at first.
inline void prefetch_node(const Node* node) {
  const char* start = reinterpret_cast<const char*>(node);
  for (size_t offset = 0; offset < sizeof(Node) + kMaxLeafKeys * sizeof(uint32_t); offset += 64)
    __builtin_prefetch(start + offset);
}

// The shortest key above `low` and not above `high`.
Slice separator_between(Slice low, Slice high);

// A copy for `editor` with room for one more entry with `extra` bytes; adds a reference to all that it shares. Its memory comes
// from `cache` unless that is null.
Node* copy_node(const Node* node, uint64_t editor, uint32_t extra, NodeCache* cache = nullptr);
// The same of an inner node without blobs, without references: until add_shared_references() it lives on those of the original.
Node* copy_sharing(const Node* node, uint64_t editor, uint32_t extra, NodeCache* cache);
// Adds a reference to each child that the copy and the original have both, at the same place.
void add_shared_references(const Node* copy, const Node* original);

// The functions below change a node that belongs to its editor. Those that may need room return the node to use instead;
// when memory runs out they throw and the node is as it was.
// They keep keys/bytes of leaves right; those of inner nodes are the caller's business except where stated.
[[nodiscard]] Node* insert_entry(Node* node, int index, Slice key, Slice value);
[[nodiscard]] Node* replace_value(Node* node, int index, Slice value);
// Takes over the reference to `child`; maintains keys/bytes.
[[nodiscard]] Node* insert_child(Node* node, int index, Slice separator, Node* child);
// Splits child `index`, an editor's own node, before its slot `at`; maintains keys/bytes. Leaves it whole if there is no memory
// for the parts.
[[nodiscard]] Node* split_child(Node* node, int index, int at, Slice separator);
// Points slot `index` at `child`, whose reference it takes over without dropping the old one; maintains keys/bytes.
void set_child(Node* node, int index, Node* child);
// Removes slots [from, to) with what they refer to; maintains keys/bytes.
void erase_slots(Node* node, int from, int to);
// A node with the entries of both; adds references to all of them. `separator` is the one between them (inner nodes).
Node* merge_nodes(const Node* left, const Node* right, Slice separator, uint64_t editor);

}  // namespace fdb::store
