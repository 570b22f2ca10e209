#include "store/snapshot_builder.h"

#include <algorithm>

namespace fdb {

using store::Node;

// The nodes are older than any editor, and immutable for all of them.
SnapshotBuilder::SnapshotBuilder(Ref<store::LeafCache> cache) : cache_(std::move(cache)), editor_(0) {}

SnapshotBuilder::~SnapshotBuilder() {
  store::release(leaf_);
  for (const Level& level : levels_) store::release(level.node);
}

void SnapshotBuilder::add(const StoredLeaf& leaf) {
  if (has_page_ && leaf.first <= page_first_) throw EngineError{err::kFileCorrupt};
  if (has_page_) finish_page(leaf.first);
  page_first_.assign(leaf.first);
  page_ = leaf;
  has_page_ = true;
}

void SnapshotBuilder::finish_page(Slice end) {
  page_.first = page_first_;
  append(0, page_first_, store::make_page(*cache_, page_, end));
}

void SnapshotBuilder::add_row(Slice key, Slice value) {
  const size_t size = key.size() + value.size();
  const auto extra = static_cast<uint32_t>(size <= store::kInlineLimit ? size : sizeof(store::Blob*));
  Bytes separator;
  if (leaf_ != nullptr) {
    const Slice last = leaf_->key(leaf_->count - 1);
    if (key <= last) throw EngineError{err::kFileCorrupt};
    if (leaf_->count == store::kMaxLeafKeys || leaf_->heap_live + extra > store::kMaxHeapBytes) {
      separator = store::separator_between(last, key);
      finish_leaf();
    }
  }
  if (leaf_ == nullptr) {
    leaf_first_ = std::move(separator);
    leaf_ = store::make_node(0, editor_, store::kMaxLeafKeys, store::kMaxHeapBytes);
  }
  leaf_ = store::insert_entry(leaf_, leaf_->count, key, value);
}

void SnapshotBuilder::finish_leaf() {
  // Without the room that was left.
  Node* exact = store::copy_node(leaf_, editor_, 0);
  store::release(std::exchange(leaf_, nullptr));
  append(0, leaf_first_, exact);
}

// Puts a child, whose reference it takes over, behind the last one of the open node above it.
void SnapshotBuilder::append(size_t below, Slice separator, Node* child) {
  try {
    Level& level = levels_[below];
    Node*& node = level.node;
    if (node != nullptr && (node->count == store::kMaxChildren ||
                            (node->count > 4 && node->heap_live + separator.size() > store::kMaxHeapBytes))) {
      append(below + 1, level.first, std::exchange(node, nullptr));
    }
    if (node == nullptr) {
      level.first.assign(separator);
      const size_t heap = std::min<size_t>(separator.size() * store::kMaxChildren, store::kMaxHeapBytes);
      node = store::make_node(static_cast<uint32_t>(below + 1), editor_, store::kMaxChildren, static_cast<uint32_t>(heap));
    }
    node = store::insert_child(node, node->count, node->count == 0 ? Slice() : separator, child);
  } catch (...) {
    store::release(child);
    throw;
  }
}

Snapshot SnapshotBuilder::finish() {
  if (std::exchange(has_page_, false)) finish_page(Slice());
  if (leaf_ != nullptr) finish_leaf();
  Node* root = nullptr;
  for (size_t i = 0; i < levels_.size(); ++i) {
    if (levels_[i].node == nullptr) break;
    const bool is_top = i + 1 == levels_.size() || levels_[i + 1].node == nullptr;
    if (!is_top) {
      append(i + 1, levels_[i].first, std::exchange(levels_[i].node, nullptr));
      continue;
    }
    root = std::exchange(levels_[i].node, nullptr);
  }
  while (root != nullptr && !root->is_leaf() && root->count == 1) {
    Node* only = root->children()[0].node;
    only->references.fetch_add(1, std::memory_order_relaxed);
    store::release(root);
    root = only;
  }
  return Snapshot(root, std::numeric_limits<Version>::max());
}

}  // namespace fdb
