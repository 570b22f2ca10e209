#include "store/store_node.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "store/node_cache.h"
#include "store/node_search.h"

namespace fdb::store {

namespace {

uint32_t common_prefix(Slice a, Slice b) { return static_cast<uint32_t>(shared_prefix(a, b)); }

void set_heads(Node* node) {
  for (int i = node->first(); i < node->count; ++i) node->heads()[i] = head_of(node->key(i), node->prefix);
}

// Prefix and heads from scratch. Keys are sorted, so what the outer two share is shared by all.
void refresh_heads(Node* node) {
  node->prefix = 0;
  if (node->count > node->first()) node->prefix = common_prefix(node->key(node->first()), node->key(node->count - 1));
  set_heads(node);
}

// Prefix and heads after `index` was inserted.
void adopt_head(Node* node, int index) {
  const Slice key = node->key(index);
  const int first = node->first();
  if (index < first) return;
  if (node->count - first == 1) {
    node->prefix = static_cast<uint32_t>(key.size());
  } else {
    const uint32_t shared = common_prefix(key, node->key(index == first ? first + 1 : first));
    if (shared < node->prefix) {
      node->prefix = shared;
      set_heads(node);
      return;
    }
  }
  node->heads()[index] = head_of(key, node->prefix);
}

Blob* make_blob(Slice key, Slice value) {
  Blob* blob = new (::operator new(sizeof(Blob) + key.size() + value.size())) Blob{{1}};
  if (!key.empty()) std::memcpy(blob->bytes(), key.data(), key.size());
  if (!value.empty()) std::memcpy(blob->bytes() + key.size(), value.data(), value.size());
  return blob;
}

void release_blob(Blob* blob) {
  if (blob->references.fetch_sub(1, std::memory_order_acq_rel) == 1) ::operator delete(blob);
}

uint32_t stored_bytes(Slice key, Slice value) {
  const size_t size = key.size() + value.size();
  return size <= kInlineLimit ? static_cast<uint32_t>(size) : sizeof(Blob*);
}

// The blob that an entry needs, or null. Made before a node is touched, so that a failure leaves everything as it was.
class PreparedBlob {
 public:
  PreparedBlob(Slice key, Slice value) : blob_(key.size() + value.size() <= kInlineLimit ? nullptr : make_blob(key, value)) {}
  PreparedBlob(const PreparedBlob&) = delete;
  PreparedBlob& operator=(const PreparedBlob&) = delete;
  ~PreparedBlob() {
    if (blob_) release_blob(blob_);
  }
  Blob* take() { return std::exchange(blob_, nullptr); }

 private:
  Blob* blob_;
};

// Writes an entry at the bump pointer and fills the slot. There must be room.
void store_entry(Node* node, Slot* slot, Slice key, Slice value, PreparedBlob& prepared) noexcept {
  slot->key_size = static_cast<uint32_t>(key.size());
  slot->value_size = static_cast<uint32_t>(value.size());
  slot->offset = node->heap_used;
  char* place = node->heap() + node->heap_used;
  if (slot->is_inline()) {
    if (!key.empty()) std::memcpy(place, key.data(), key.size());
    if (!value.empty()) std::memcpy(place + key.size(), value.data(), value.size());
  } else {
    Blob* blob = prepared.take();
    std::memcpy(place, &blob, sizeof blob);
    ++node->blobs;
  }
  node->heap_used += slot->heap_bytes();
  node->heap_live += slot->heap_bytes();
}

void drop_entry(Node* node, const Slot& slot) {
  node->heap_live -= slot.heap_bytes();
  if (slot.is_inline()) return;
  --node->blobs;
  release_blob(node->blob(slot));
}

// Adds a node's references once more, for a copy. The targets are usually cold: fetch them side by side.
void add_references(const Node* node, int from, int to) {
  const Slot* slots = node->slots();
  if (!node->is_leaf()) {
    const Child* children = node->children();
    for (int i = from; i < to; ++i) __builtin_prefetch(children[i].node, 1);
    for (int i = from; i < to; ++i) children[i].node->references.fetch_add(1, std::memory_order_relaxed);
  }
  for (int i = from; node->blobs > 0 && i < to; ++i) {
    if (!slots[i].is_inline()) node->blob(slots[i])->references.fetch_add(1, std::memory_order_relaxed);
  }
}

// Appends raw slots [from, to) of `source` with their heads, without touching references, prefix or totals.
void append_slots(Node* node, const Node* source, int from, int to) {
  Slot* target = node->slots() + node->count;
  for (int i = from; i < to; ++i, ++target) {
    const Slot& slot = source->slots()[i];
    *target = slot;
    target->offset = node->heap_used;
    std::memcpy(node->heap() + node->heap_used, source->heap() + slot.offset, slot.heap_bytes());
    node->heap_used += slot.heap_bytes();
    node->heap_live += slot.heap_bytes();
    if (!slot.is_inline()) ++node->blobs;
  }
  std::copy_n(source->heads() + from, to - from, node->heads() + node->count);
  if (!node->is_leaf()) std::copy_n(source->children() + from, to - from, node->children() + node->count);
  node->count = static_cast<uint16_t>(node->count + to - from);
}

bool has_many_holes(const Node* node) { return node->heap_used - node->heap_live > node->heap_live / 4; }

void copy_contents(Node* node, const Node* source) {
  node->prefix = source->prefix;
  node->keys = source->keys;
  node->bytes = source->bytes;
  if (has_many_holes(source)) {
    append_slots(node, source, 0, source->count);
    return;
  }
  node->count = source->count;
  node->heap_used = source->heap_used;
  node->heap_live = source->heap_live;
  node->blobs = source->blobs;
  if (node->slot_capacity == source->slot_capacity) {
    std::memcpy(node->heads(), source->heads(),
                static_cast<size_t>(source->heap() + source->heap_used - reinterpret_cast<const char*>(source->heads())));
    return;
  }
  std::copy_n(source->heads(), source->count, node->heads());
  std::copy_n(source->slots(), source->count, node->slots());
  std::memcpy(node->heap(), source->heap(), source->heap_used);
  if (!node->is_leaf()) std::copy_n(source->children(), source->count, node->children());
}

// The node itself, or a larger one that took everything over, with room for one more slot and `extra` heap bytes.
Node* with_room(Node* node, uint32_t extra) {
  if (node->count < node->slot_capacity && node->heap_used + extra <= node->heap_capacity) return node;
  const uint32_t slots = node->count < node->slot_capacity ? node->slot_capacity : node->count + node->count / 2 + 4;
  Node* larger = make_node(node->level, node->editor, slots, node->heap_live + node->heap_live / 2 + extra + 64);
  // Holes are left behind: compact whatever the share of live bytes, so that the capacity above suffices.
  append_slots(larger, node, 0, node->count);
  larger->prefix = node->prefix;
  larger->keys = node->keys;
  larger->bytes = node->bytes;
  free_node(node);
  return larger;
}

// Heap bytes that copying slots [from, to) takes.
uint32_t heap_bytes(const Node* node, int from, int to) {
  uint32_t sum = 0;
  for (int i = from; i < to; ++i) sum += node->slots()[i].heap_bytes();
  return sum;
}

void total_children(Node* node) {
  node->keys = node->bytes = 0;
  for (int i = 0; i < node->count; ++i) {
    node->keys += node->children()[i].keys;
    node->bytes += node->children()[i].bytes;
  }
}

void total_entries(Node* node) {
  node->keys = node->count;
  node->bytes = 0;
  for (int i = 0; i < node->count; ++i) node->bytes += node->slots()[i].key_size + int64_t{node->slots()[i].value_size};
}

void forget_first_separator(Node* node) {
  if (node->count == 0) return;
  Slot& slot = node->slots()[0];
  drop_entry(node, slot);
  slot = Slot{node->heap_used, 0, 0};
}

// Inserts an entry; there must be room.
void place_entry(Node* node, int index, Slice key, Slice value, PreparedBlob& blob) noexcept {
  Slot* slots = node->slots();
  uint32_t* heads = node->heads();
  std::copy_backward(slots + index, slots + node->count, slots + node->count + 1);
  std::copy_backward(heads + index, heads + node->count, heads + node->count + 1);
  store_entry(node, &slots[index], key, value, blob);
  ++node->count;
  adopt_head(node, index);
  if (node->is_leaf()) {
    ++node->keys;
    node->bytes += static_cast<int64_t>(key.size() + value.size());
  }
}

// Gives the slot that was just inserted at `index` its child.
void adopt_child(Node* node, int index, Node* child) noexcept {
  Child* children = node->children();
  std::copy_backward(children + index, children + node->count - 1, children + node->count);
  children[index] = Child{child, child->keys, child->bytes};
  node->keys += child->keys;
  node->bytes += child->bytes;
}

void finish_rebuilt(Node* node) {
  if (node->is_leaf()) {
    total_entries(node);
  } else {
    forget_first_separator(node);
    total_children(node);
  }
  refresh_heads(node);
}

// Moves the slots from `at` on to a new node; both are rebuilt, *left replaces `node`.
void split_node(Node* node, int at, Node** left, Node** right) {
  const uint32_t left_bytes = heap_bytes(node, 0, at);
  const uint32_t right_bytes = heap_bytes(node, at, node->count);
  // Where keys arrive in ascending order the left part is finished: it gets no room to grow.
  const uint32_t left_room = node->count - at <= 2 ? 0 : 4;
  *left = make_node(node->level, node->editor, static_cast<uint32_t>(at) + left_room, left_bytes + 16 * left_room);
  try {
    *right = make_node(node->level, node->editor, static_cast<uint32_t>(node->count - at) + 4, right_bytes + 64);
  } catch (...) {
    free_node(*left);
    throw;
  }
  append_slots(*left, node, 0, at);
  append_slots(*right, node, at, node->count);
  free_node(node);
  finish_rebuilt(*left);
  finish_rebuilt(*right);
}

}  // namespace

Blob* Node::blob(const Slot& slot) const {
  Blob* blob;
  std::memcpy(&blob, heap() + slot.offset, sizeof blob);
  return blob;
}

namespace {

// With memory from the cache the heap takes what is left over of it.
Node* make_node(uint32_t level, uint64_t editor, uint32_t slot_capacity, uint32_t heap_capacity, NodeCache* cache) {
  slot_capacity += slot_capacity & 1;
  const size_t per_slot = sizeof(uint32_t) + sizeof(Slot) + (level ? sizeof(Child) : 0);
  const size_t size = sizeof(Node) + slot_capacity * per_slot + heap_capacity;
  const size_t rounded = cache ? NodeCache::rounded(size) : size;
  Node* node = new (cache ? cache->take(rounded) : ::operator new(size)) Node{};
  heap_capacity += static_cast<uint32_t>(rounded - size);
  node->references.store(1, std::memory_order_relaxed);
  node->level = static_cast<uint16_t>(level);
  node->editor = editor;
  node->slot_capacity = static_cast<uint16_t>(slot_capacity);
  node->heap_capacity = heap_capacity;
  return node;
}

}  // namespace

Node* make_node(uint32_t level, uint64_t editor, uint32_t slot_capacity, uint32_t heap_capacity) {
  return make_node(level, editor, slot_capacity, heap_capacity, nullptr);
}

void recycle(Node* node, NodeCache* cache) {
  release_blobs(node);
  cache ? cache->put(node, node->size()) : free_node(node);
}

void free_node(Node* node) { ::operator delete(node); }

void release_blobs(Node* node) {
  for (int i = 0; node->blobs > 0 && i < node->count; ++i) {
    const Slot& slot = node->slots()[i];
    if (!slot.is_inline()) release_blob(node->blob(slot));
  }
}

int64_t memory_of(const Node* node) {
  auto sum = static_cast<int64_t>(node->size());
  for (int i = 0; i < node->count; ++i) {
    const Slot& slot = node->slots()[i];
    if (!slot.is_inline()) sum += static_cast<int64_t>(sizeof(Blob)) + slot.key_size + slot.value_size;
  }
  return sum;
}

Slice separator_between(Slice low, Slice high) { return high.substr(0, shared_prefix(low, high) + 1); }

Node* copy_sharing(const Node* node, uint64_t editor, uint32_t extra, NodeCache* cache) {
  const uint32_t heap = has_many_holes(node) ? node->heap_live : node->heap_used;
  const bool has_room = node->count < node->slot_capacity && node->slot_capacity <= node->count + 4;
  Node* copy = make_node(node->level, editor, has_room ? node->slot_capacity : node->count + 1u, heap + extra, cache);
  copy_contents(copy, node);
  return copy;
}

Node* copy_node(const Node* node, uint64_t editor, uint32_t extra, NodeCache* cache) {
  Node* copy = copy_sharing(node, editor, extra, cache);
  add_references(node, 0, node->count);
  return copy;
}

void add_shared_references(const Node* copy, const Node* original) {
  const Child* children = copy->children();
  for (int i = 0; i < copy->count; ++i) __builtin_prefetch(children[i].node, 1);
  for (int i = 0; i < copy->count; ++i) {
    if (children[i].node == original->children()[i].node) children[i].node->references.fetch_add(1, std::memory_order_relaxed);
  }
}

Node* insert_entry(Node* node, int index, Slice key, Slice value) {
  PreparedBlob blob(key, value);
  node = with_room(node, stored_bytes(key, value));
  place_entry(node, index, key, value, blob);
  return node;
}

Node* replace_value(Node* node, int index, Slice value) {
  const uint32_t key_size = node->slots()[index].key_size;
  const Slot before = node->slots()[index];
  if (before.is_inline() && before.value_size == value.size()) {
    if (!value.empty()) std::memcpy(node->heap() + before.offset + key_size, value.data(), value.size());
    return node;
  }
  PreparedBlob blob(node->key(index), value);
  node = with_room(node, stored_bytes(node->key(index), value));
  Slot& slot = node->slots()[index];
  const Slot old = slot;
  store_entry(node, &slot, Slice(node->entry(old), key_size), value, blob);
  drop_entry(node, old);
  node->bytes += static_cast<int64_t>(value.size()) - old.value_size;
  return node;
}

Node* insert_child(Node* node, int index, Slice separator, Node* child) {
  node = insert_entry(node, index, separator, Slice());
  adopt_child(node, index, child);
  return node;
}

Node* split_child(Node* node, int index, int at, Slice separator) {
  PreparedBlob blob(separator, Slice());
  node = with_room(node, stored_bytes(separator, Slice()));
  Node* left;
  Node* right;
  try {
    split_node(node->children()[index].node, at, &left, &right);
  } catch (const std::bad_alloc&) {
    return node;  // a node that is too large still works, and the next write to it tries again
  }
  set_child(node, index, left);
  place_entry(node, index + 1, separator, Slice(), blob);
  adopt_child(node, index + 1, right);
  return node;
}

void set_child(Node* node, int index, Node* child) {
  Child& slot = node->children()[index];
  node->keys += child->keys - slot.keys;
  node->bytes += child->bytes - slot.bytes;
  slot = Child{child, child->keys, child->bytes};
}

void erase_slots(Node* node, int from, int to) {
  Slot* slots = node->slots();
  for (int i = from; i < to; ++i) {
    if (node->is_leaf()) {
      --node->keys;
      node->bytes -= slots[i].key_size + int64_t{slots[i].value_size};
    } else {
      Child& child = node->children()[i];
      node->keys -= child.keys;
      node->bytes -= child.bytes;
      release(child.node);
    }
    drop_entry(node, slots[i]);
  }
  std::copy(slots + to, slots + node->count, slots + from);
  std::copy(node->heads() + to, node->heads() + node->count, node->heads() + from);
  if (!node->is_leaf()) std::copy(node->children() + to, node->children() + node->count, node->children() + from);
  node->count = static_cast<uint16_t>(node->count - (to - from));
  if (!node->is_leaf() && from == 0) forget_first_separator(node);
}

Node* merge_nodes(const Node* left, const Node* right, Slice separator, uint64_t editor) {
  const uint32_t extra = stored_bytes(separator, Slice());
  PreparedBlob blob(left->is_leaf() ? Slice() : separator, Slice());
  Node* merged = make_node(left->level, editor, static_cast<uint32_t>(left->count + right->count) + 2,
                           left->heap_live + right->heap_live + extra + 64);
  add_references(left, 0, left->count);
  add_references(right, 0, right->count);
  append_slots(merged, left, 0, left->count);
  const int seam = merged->count;
  append_slots(merged, right, 0, right->count);
  if (!merged->is_leaf()) store_entry(merged, &merged->slots()[seam], separator, Slice(), blob);
  finish_rebuilt(merged);
  return merged;
}

}  // namespace fdb::store
