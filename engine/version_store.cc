#include "version_store.h"

#include <algorithm>

namespace fdb {

using store::Child;
using store::Node;

namespace {

std::atomic<uint64_t> next_editor{1};

// What the keys below `key` add up to.
RangeStats stats_below(const Node* node, Slice key) {
  RangeStats sum;
  while (!node->is_leaf()) {
    const int index = store::child_index(node, key);
    for (int i = 0; i < index; ++i) {
      sum.keys += node->children()[i].keys;
      sum.bytes += node->children()[i].bytes;
    }
    node = node->children()[index].node;
  }
  bool equal;
  const int index = store::lower_bound(node, key, &equal);
  for (int i = 0; i < index; ++i) {
    sum.bytes += node->slots()[i].key_size + int64_t{node->slots()[i].value_size};
  }
  sum.keys += index;
  return sum;
}

bool find(const Node* node, Slice key, Slice* value) {
  if (node == nullptr) return false;
  while (!node->is_leaf()) {
    node = node->children()[store::child_index(node, key)].node;
    store::prefetch_node(node);
  }
  bool equal;
  const int index = store::lower_bound(node, key, &equal);
  if (equal) *value = node->value(index);
  return equal;
}

// The shortest key above `low` and not above `high`.
Slice separator_between(Slice low, Slice high) {
  size_t shared = 0;
  while (shared < low.size() && low[shared] == high[shared]) ++shared;
  return high.substr(0, shared + 1);
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

// Splits `node` if it is too large; returns the left part.
Node* split_if_needed(Node* node, int index, Node** right, Bytes* separator) {
  if (!node->overfull()) return node;
  const int at = split_point(node, index);
  *separator = node->is_leaf() ? separator_between(node->key(at - 1), node->key(at)) : node->key(at);
  Node* left;
  store::split_node(node, at, &left, right);
  return left;
}

bool fits_in_one(const Node* left, const Node* right, Slice separator) {
  const int slots = left->is_leaf() ? store::kMaxLeafKeys : store::kMaxChildren;
  return left->count + right->count <= slots &&
         left->heap_live + right->heap_live + separator.size() <= store::kMaxHeapBytes;
}

}  // namespace

// ---- Snapshot -------------------------------------------------------------------------------------

Snapshot::Snapshot(const Snapshot& other) noexcept : root_(other.root_) {
  if (root_) root_->references.fetch_add(1, std::memory_order_relaxed);
}

bool Snapshot::get(Slice key, Slice* value) const { return find(root_, key, value); }

RangeStats Snapshot::range_stats(Slice begin, Slice end) const {
  if (root_ == nullptr || begin >= end) return RangeStats();
  const RangeStats low = stats_below(root_, begin);
  const RangeStats high = stats_below(root_, end);
  return RangeStats{high.keys - low.keys, high.bytes - low.bytes};
}

RangeStats Snapshot::total() const { return root_ ? RangeStats{root_->keys, root_->bytes} : RangeStats(); }

// ---- Cursor ---------------------------------------------------------------------------------------

void Cursor::descend(Slice key) {
  const Node* node = snapshot_.root_;
  while (!node->is_leaf()) {
    const int index = store::child_index(node, key);
    path_[node->level] = Step{node, index};
    node = node->children()[index].node;
    store::prefetch_node(node);
  }
  bool equal;
  path_[0] = Step{node, store::lower_bound(node, key, &equal)};
}

void Cursor::seek(Slice key) {
  valid_ = snapshot_.root_ != nullptr;
  if (!valid_) return;
  descend(key);
  if (path_[0].index >= path_[0].node->count) next_leaf();
}

void Cursor::seek_before(Slice key) {
  valid_ = snapshot_.root_ != nullptr;
  if (!valid_) return;
  descend(key);
  prev();
}

void Cursor::seek_last() {
  const Node* node = snapshot_.root_;
  valid_ = node != nullptr;
  if (!valid_) return;
  for (; !node->is_leaf(); node = node->children()[node->count - 1].node) path_[node->level] = Step{node, node->count - 1};
  path_[0] = Step{node, node->count - 1};
}

void Cursor::next_leaf() {
  const uint32_t top = snapshot_.root_->level;
  uint32_t level = 1;
  while (level <= top && ++path_[level].index >= path_[level].node->count) ++level;
  valid_ = level <= top;
  if (!valid_) return;
  for (; level > 0; --level) path_[level - 1] = Step{path_[level].node->children()[path_[level].index].node, 0};
}

void Cursor::previous_leaf() {
  const uint32_t top = snapshot_.root_->level;
  uint32_t level = 1;
  while (level <= top && --path_[level].index < 0) ++level;
  valid_ = level <= top;
  if (!valid_) return;
  for (; level > 0; --level) {
    const Node* child = path_[level].node->children()[path_[level].index].node;
    path_[level - 1] = Step{child, child->count - 1};
  }
}

// ---- Editor ---------------------------------------------------------------------------------------

Editor::Editor(Snapshot base)
    : id_(next_editor.fetch_add(1, std::memory_order_relaxed)), root_(std::exchange(base.root_, nullptr)) {}

Editor::~Editor() {
  if (root_) store::release(root_);
}

Snapshot Editor::finish() {
  // What this editor made becomes immutable, also for itself.
  id_ = next_editor.fetch_add(1, std::memory_order_relaxed);
  return Snapshot(std::exchange(root_, nullptr));
}

bool Editor::get(Slice key, Slice* value) const { return find(root_, key, value); }

RangeStats Editor::total() const { return root_ ? RangeStats{root_->keys, root_->bytes} : RangeStats(); }

// `node` if this editor made it; else a copy that replaces the caller's reference to it.
Node* Editor::own(Node* node, uint32_t extra) {
  if (node->editor == id_) return node;
  Node* copy = store::copy_node(node, id_, extra);
  store::release(node);
  return copy;
}

Node* Editor::own_child(Node* node, int index, uint32_t extra) {
  Child& child = node->children()[index];
  child.node = own(child.node, extra);
  return child.node;
}

void Editor::set(Slice key, Slice value) {
  const uint32_t extra = static_cast<uint32_t>(std::min<size_t>(key.size() + value.size(), store::kInlineLimit));
  if (root_ == nullptr) root_ = store::make_node(0, id_, 4, extra + sizeof(void*));
  root_ = own(root_, root_->is_leaf() ? extra + sizeof(void*) : 0);
  Node* right = nullptr;
  Bytes separator;
  root_ = put(root_, key, value, &right, &separator);
  if (right == nullptr) return;
  Node* top = store::make_node(root_->level + 1, id_, 4, static_cast<uint32_t>(separator.size()) + 64);
  top = store::insert_child(top, 0, Slice(), root_);
  root_ = store::insert_child(top, 1, separator, right);
}

// Puts the entry below `node`, which is owned, and returns what takes its place; what does not fit goes to *right.
Node* Editor::put(Node* node, Slice key, Slice value, Node** right, Bytes* separator) {
  if (node->is_leaf()) {
    bool equal;
    const int index = store::lower_bound(node, key, &equal);
    node = equal ? store::replace_value(node, index, value) : store::insert_entry(node, index, key, value);
    return split_if_needed(node, index, right, separator);
  }
  const int index = store::child_index(node, key);
  const uint32_t extra = static_cast<uint32_t>(std::min<size_t>(key.size() + value.size(), store::kInlineLimit));
  Node* child = own_child(node, index, node->level == 1 ? extra + sizeof(void*) : 0);
  Node* split = nullptr;
  store::set_child(node, index, put(child, key, value, &split, separator));
  if (split == nullptr) return node;
  node = store::insert_child(node, index + 1, *separator, split);
  return split_if_needed(node, index + 1, right, separator);
}

void Editor::clear(Slice key) {
  Slice ignored;
  if (!get(key, &ignored)) return;
  root_ = own(root_, 0);
  erase(root_, key);
  mend_root();
}

// Erases a key that exists below the owned `node`.
void Editor::erase(Node* node, Slice key) {
  if (node->is_leaf()) {
    bool equal;
    const int index = store::lower_bound(node, key, &equal);
    store::erase_slots(node, index, index + 1);
    return;
  }
  const int index = store::child_index(node, key);
  Node* child = own_child(node, index, 0);
  erase(child, key);
  store::set_child(node, index, child);
  mend_child(node, index);
}

void Editor::clear_range(Slice begin, Slice end) {
  if (root_ == nullptr || begin >= end) return;
  if (stats_below(root_, begin).keys == stats_below(root_, end).keys) return;
  root_ = own(root_, 0);
  erase_range(root_, begin, &end);
  mend_root();
}

// Erases what is in [begin, *end) below the owned `node`. Null: no upper end.
void Editor::erase_range(Node* node, Slice begin, const Slice* end) {
  if (node->is_leaf()) {
    bool equal;
    const int from = store::lower_bound(node, begin, &equal);
    const int to = end ? store::lower_bound(node, *end, &equal) : node->count;
    if (from < to) store::erase_slots(node, from, to);
    return;
  }
  const int first = store::child_index(node, begin);
  const int last = end ? store::child_index(node, *end) : node->count - 1;
  Node* child = own_child(node, first, 0);
  erase_range(child, begin, first == last ? end : nullptr);
  store::set_child(node, first, child);
  if (first < last) {
    child = own_child(node, last, 0);
    erase_range(child, Slice(), end);
    store::set_child(node, last, child);
    if (first + 1 < last) store::erase_slots(node, first + 1, last);
    mend_child(node, first + 1);
  }
  mend_child(node, first);
}

// Removes child `index` of the owned `node` if it is empty; merges it with a neighbour if it is small and both fit in one.
void Editor::mend_child(Node* node, int index) {
  const Node* child = node->children()[index].node;
  if (child->count == 0) {
    store::erase_slots(node, index, index + 1);
    if (index < node->count) mend_child(node, index);  // it may have been hidden from its neighbour so far
    return;
  }
  if (!child->underfull() || node->count < 2) return;
  const int left = index > 0 ? index - 1 : 0;
  const Node* low = node->children()[left].node;
  const Node* high = node->children()[left + 1].node;
  const Slice separator = node->key(left + 1);
  if (low->count == 0 || high->count == 0 || !fits_in_one(low, high, separator)) return;
  Node* merged = store::merge_nodes(low, high, separator, id_);
  store::erase_slots(node, left + 1, left + 2);
  store::release(node->children()[left].node);
  store::set_child(node, left, merged);
}

// An inner root with one child gives way to it; an empty one to nothing.
void Editor::mend_root() {
  while (root_ != nullptr && root_->count <= 1 && !(root_->is_leaf() && root_->count == 1)) {
    Node* only = root_->count == 0 ? nullptr : root_->children()[0].node;
    if (only) only->references.fetch_add(1, std::memory_order_relaxed);
    store::release(root_);
    root_ = only;
  }
}

}  // namespace fdb
