#include "store/version_store.h"

#include <algorithm>

#include "store/leaf_page.h"
#include "store/node_cache.h"
#include "store/node_search.h"

namespace fdb {

using store::Child;
using store::Node;

namespace {

std::atomic<uint64_t> next_editor{1};

// What the keys below `key` add up to.
RangeStats stats_below(const Node* node, Slice key, Version as_of) {
  RangeStats sum;
  while (!node->is_leaf()) {
    const int index = store::child_index(node, key);
    for (int i = 0; i < index; ++i) {
      sum.keys += node->children()[i].keys;
      sum.bytes += node->children()[i].bytes;
    }
    node = node->children()[index].node;
  }
  if (node->is_page() && (key <= store::as_page(node)->first() || store::as_page(node)->is_below(key))) {
    if (!store::as_page(node)->is_below(key)) return sum;
    return RangeStats{sum.keys + node->keys, sum.bytes + node->bytes};
  }
  node = store::leaf_of(node, as_of);
  bool equal;
  const int index = store::lower_bound(node, key, &equal);
  for (int i = 0; i < index; ++i) {
    sum.bytes += node->slots()[i].key_size + int64_t{node->slots()[i].value_size};
  }
  sum.keys += index;
  return sum;
}

bool find(const Node* node, Slice key, Version as_of, Slice* value) {
  if (node == nullptr) return false;
  node = store::leaf_towards(node, key);
  if (node->is_page()) [[unlikely]] {
    if (store::as_page(node)->is_above(key) || store::as_page(node)->is_below(key)) return false;
    node = store::leaf_of(node, as_of);
  }
  const store::Found found = store::search<true>(node, key);
  if (found.equal) *value = node->value(found.index);
  return found.equal;
}

// What separates the slots from `at` on from those before it.
Bytes separator_at(const Node* node, int at) {
  return Bytes(node->is_leaf() ? store::separator_between(node->key(at - 1), node->key(at)) : node->key(at));
}

// Where to split a node that just grew at `index`. Keys that arrive in ascending order leave full nodes behind.
int split_point(const Node* node, int index) {
  if (index == node->count - 1) return node->count - (node->is_leaf() ? 1 : 2);
  uint32_t below = 0;
  for (int at = 1; at < node->count - 1; ++at) {
    below += node->slots()[at - 1].heap_bytes();
    const bool half_of_slots = 2 * at >= node->count;
    const bool half_of_bytes = node->heap_live > store::kMaxHeapBytes && 2 * below >= node->heap_live;
    if (half_of_slots || half_of_bytes) return at;
  }
  return node->count - 1;
}

bool fits_in_one(const Node* left, const Node* right, Slice separator) {
  const int slots = left->is_leaf() ? store::kMaxLeafKeys : store::kMaxChildren;
  return left->count + right->count <= slots && left->heap_live + right->heap_live + separator.size() <= store::kMaxHeapBytes;
}

}  // namespace

// ---- Snapshot -------------------------------------------------------------------------------------

Snapshot::Snapshot(const Snapshot& other) noexcept : root_(other.root_), as_of_(other.as_of_) {
  if (root_) root_->references.fetch_add(1, std::memory_order_relaxed);
}

bool Snapshot::get(Slice key, Slice* value) const { return find(root_, key, as_of_, value); }

RangeStats Snapshot::range_stats(Slice begin, Slice end) const {
  if (root_ == nullptr || begin >= end) return RangeStats();
  const RangeStats low = stats_below(root_, begin, as_of_);
  const RangeStats high = stats_below(root_, end, as_of_);
  return RangeStats{high.keys - low.keys, high.bytes - low.bytes};
}

RangeStats Snapshot::total() const { return root_ ? RangeStats{root_->keys, root_->bytes} : RangeStats(); }

int64_t Snapshot::rank(Slice key) const { return root_ ? stats_below(root_, key, as_of_).keys : 0; }

// ---- Editor ---------------------------------------------------------------------------------------

Editor::Editor(Snapshot base, store::NodeCache* cache)
    : id_(next_editor.fetch_add(1, std::memory_order_relaxed)),
      root_(std::exchange(base.root_, nullptr)),
      as_of_(base.as_of_),
      cache_(cache) {}

Editor::~Editor() {
  settle_references();
  if (root_) store::release(root_);
}

Snapshot Editor::finish() {
  settle_references();
  return finish_sharing();
}

Snapshot Editor::finish_sharing() {
  // What this editor made becomes immutable, also for itself.
  id_ = next_editor.fetch_add(1, std::memory_order_relaxed);
  return Snapshot(std::exchange(root_, nullptr), as_of_);
}

uint64_t Editor::next_mark() { return next_editor.load(std::memory_order_relaxed); }

void Editor::count_subtrees(const Node* node, int from, int to) {
  for (int i = from; i < to; ++i) {
    const Child& child = node->children()[i];
    if (child.node->editor < counted_before_) replaced_bytes_ += child.bytes + child.keys * int64_t{sizeof(store::Slot)};
  }
}

bool Editor::get(Slice key, Slice* value) const { return find(root_, key, as_of_, value); }

RangeStats Editor::total() const { return root_ ? RangeStats{root_->keys, root_->bytes} : RangeStats(); }

// `node` if this editor made it; else a copy that replaces the caller's reference to it.
Node* Editor::own(Node* node, uint32_t extra, int parent) {
  if (node->editor == id_) return node;
  const Node* source = store::leaf_of(node, as_of_);
  if (copies_count_ == kMostCopies) stop_sharing();
  const bool lacks_references = shares_ && !source->is_leaf() && source->blobs == 0;
  Node* copy =
      lacks_references ? store::copy_sharing(source, id_, extra, cache_) : store::copy_node(source, id_, extra, cache_);
  ++copied_nodes_;
  if (node->editor < counted_before_) replaced_bytes_ += static_cast<int64_t>(source->size());
  if (shares_) {
    copies_[copies_count_++] = Copy{lacks_references ? copy : nullptr, node, parent};
  } else {
    store::release(node);
  }
  return copy;
}

Node* Editor::own_child(Node* node, int index, uint32_t extra) {
  Child& child = node->children()[index];
  int parent = copies_count_ - 1;
  while (parent >= 0 && copies_[parent].copy != node) --parent;
  child.node = own(child.node, extra, parent);
  return child.node;
}

// Gives the copies what they lack: the references of an original that nobody else refers to, else new ones.
void Editor::settle_references() noexcept {
  bool has_passed_on[kMostCopies];
  const int count = std::exchange(copies_count_, 0);
  for (int i = 0; i < count; ++i) {
    Copy& one = copies_[i];
    const bool is_ours = one.parent < 0 || has_passed_on[one.parent];
    const bool dies = is_ours && !one.original->is_page() && one.original->references.load(std::memory_order_acquire) == 1;
    has_passed_on[i] = dies && one.copy != nullptr;
    if (one.copy != nullptr && !dies) store::add_shared_references(one.copy, one.original);
    if (dies && (one.copy != nullptr || one.original->is_leaf())) {
      store::recycle(one.original, cache_);
      one.original = nullptr;
    } else if (!is_ours) {
      one.original = nullptr;
    }
  }
  // Not before all below them have their references.
  for (int i = 0; i < count; ++i) store::release(copies_[i].original);
}

void Editor::stop_sharing() noexcept {
  settle_references();
  shares_ = false;
}

// Copies the nodes on the way to `key` that this editor has not made yet, so that a change there needs no memory.
void Editor::own_path(Slice key) {
  root_ = own(root_, 0);
  for (Node* node = root_; !node->is_leaf();) node = own_child(node, store::child_index(node, key), 0);
}

void Editor::set(Slice key, Slice value) {
  const uint32_t extra = static_cast<uint32_t>(std::min<size_t>(key.size() + value.size(), store::kInlineLimit));
  if (root_ == nullptr) {
    Node* leaf = store::make_node(0, id_, 4, extra + sizeof(void*));
    try {
      root_ = store::insert_entry(leaf, 0, key, value);
    } catch (...) {
      store::free_node(leaf);
      throw;
    }
    return;
  }
  root_ = own(root_, root_->is_leaf() ? extra + sizeof(void*) : 0);
  int grown;
  root_ = put(root_, key, value, &grown);
  if (root_->overfull()) split_root(grown);
}

// Puts the entry below `node`, which is owned, and returns what takes its place, which grew at slot *grown.
Node* Editor::put(Node* node, Slice key, Slice value, int* grown) {
  if (node->is_leaf()) {
    bool equal;
    *grown = store::lower_bound(node, key, &equal);
    return equal ? store::replace_value(node, *grown, value) : store::insert_entry(node, *grown, key, value);
  }
  const int index = store::child_index(node, key);
  const uint32_t extra = static_cast<uint32_t>(std::min<size_t>(key.size() + value.size(), store::kInlineLimit));
  Node* child = own_child(node, index, node->level == 1 ? extra + sizeof(void*) : 0);
  store::set_child(node, index, put(child, key, value, grown));
  node = split_child_if_needed(node, index, *grown);
  *grown = index + 1;
  return node;
}

// The entry is in already: a node that stays too large for want of memory is no failure, and the next write tries again.
Node* Editor::split_child_if_needed(Node* node, int index, int grown) {
  const Node* child = node->children()[index].node;
  if (!child->overfull()) return node;
  settle_references();
  try {
    const int at = split_point(child, grown);
    return store::split_child(node, index, at, separator_at(child, at));
  } catch (const std::bad_alloc&) {
    return node;
  }
}

void Editor::split_root(int grown) {
  try {
    Node* top = store::make_node(root_->level + 1, id_, 4, store::kInlineLimit + 64);
    root_ = store::insert_child(top, 0, Slice(), root_);  // for which there is room
  } catch (const std::bad_alloc&) {
    return;
  }
  root_ = split_child_if_needed(root_, 0, grown);
}

void Editor::clear(Slice key) {
  Slice ignored;
  if (!get(key, &ignored)) return;
  own_path(key);
  erase(root_, key);
  mend_root();
}

// Erases a key that exists below `node`; the editor owns the path to it.
void Editor::erase(Node* node, Slice key) noexcept {
  if (node->is_leaf()) {
    bool equal;
    const int index = store::lower_bound(node, key, &equal);
    store::erase_slots(node, index, index + 1);
    return;
  }
  const int index = store::child_index(node, key);
  Node* child = node->children()[index].node;
  erase(child, key);
  store::set_child(node, index, child);
  mend_child(node, index);
}

void Editor::clear_range(Slice begin, Slice end) {
  if (root_ == nullptr || begin >= end) return;
  if (stats_below(root_, begin, as_of_).keys == stats_below(root_, end, as_of_).keys) return;
  stop_sharing();
  own_path(begin);
  own_path(end);
  erase_range(root_, &begin, &end);
  mend_root();
}

// Erases what is in [*begin, *end) below `node`; the editor owns the paths to both. Null: no bound on that side.
void Editor::erase_range(Node* node, const Slice* begin, const Slice* end) noexcept {
  if (node->is_leaf()) {
    bool equal;
    const int from = begin ? store::lower_bound(node, *begin, &equal) : 0;
    const int to = end ? store::lower_bound(node, *end, &equal) : node->count;
    if (from < to) store::erase_slots(node, from, to);
    return;
  }
  const auto erase_in_child = [&](int index, const Slice* from, const Slice* to) {
    Node* child = node->children()[index].node;
    erase_range(child, from, to);
    store::set_child(node, index, child);
  };
  const int first = begin ? store::child_index(node, *begin) : -1;
  const int last = end ? store::child_index(node, *end) : node->count;
  if (first == last) {
    erase_in_child(first, begin, end);
    return mend_child(node, first);
  }
  if (begin) erase_in_child(first, begin, nullptr);
  if (end) erase_in_child(last, nullptr, end);
  if (first + 1 < last) {
    count_subtrees(node, first + 1, last);
    store::erase_slots(node, first + 1, last);
  }
  if (end) mend_child(node, first + 1);
  if (begin) mend_child(node, first);
}

// Removes child `index` of the owned `node` if it is empty; merges it with a neighbour if it is small, both fit in one and
// there is memory for that.
void Editor::mend_child(Node* node, int index) noexcept {
  const Node* child = node->children()[index].node;
  if (child->count == 0 && !(keeps_emptied_ && child->is_leaf())) {
    settle_references();
    store::erase_slots(node, index, index + 1);
    if (index < node->count) mend_child(node, index);  // it may have been hidden from its neighbour so far
    return;
  }
  if (!child->underfull() || node->count < 2) return;
  settle_references();
  if (merge_children(node, index > 0 ? index - 1 : 0) || !keeps_emptied_) return;
  if (index > 0 && index + 1 < node->count) merge_children(node, index);  // the left one may be a page that is not loaded
}

// Child `left` and the next one, of which this editor owns one at least. The range of what comes of pages is that of a plain leaf.
bool Editor::merge_children(Node* node, int left) noexcept {
  const Node* low = store::leaf_in_memory(node->children()[left].node);
  const Node* high = store::leaf_in_memory(node->children()[left + 1].node);
  if (low == nullptr || high == nullptr) return false;
  const Slice separator = node->key(left + 1);
  if (!keeps_emptied_ && (low->count == 0 || high->count == 0)) return false;
  if (!fits_in_one(low, high, separator)) return false;
  Node* merged;
  try {
    merged = store::merge_nodes(low, high, separator, id_);
  } catch (const std::bad_alloc&) {
    return false;
  }
  store::erase_slots(node, left + 1, left + 2);
  store::release(node->children()[left].node);
  store::set_child(node, left, merged);
  return true;
}

// An inner root with one child gives way to it; an empty one to nothing.
void Editor::mend_root() noexcept {
  while (root_ != nullptr && root_->count <= 1 && !(root_->is_leaf() && (root_->count == 1 || keeps_emptied_))) {
    settle_references();
    Node* only = root_->count == 0 ? nullptr : root_->children()[0].node;
    if (only) only->references.fetch_add(1, std::memory_order_relaxed);
    store::release(root_);
    root_ = only;
  }
}

}  // namespace fdb
