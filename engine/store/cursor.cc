#include "store/leaf_page.h"
#include "store/node_search.h"
#include "store/version_store.h"

namespace fdb {

using store::Node;

void Cursor::descend(Slice key) {
  const Node* node = snapshot_.root_;
  while (!node->is_leaf()) {
    const int index = store::child_index(node, key);
    path_[node->level] = Step{node, index};
    node = node->children()[index].node;
    store::prefetch_node(node);
  }
  node = store::leaf_of(node, snapshot_.as_of_);
  bool equal;
  path_[0] = Step{node, store::lower_bound(node, key, &equal)};
}

void Cursor::seek(Slice key) {
  valid_ = false;
  if (snapshot_.root_ == nullptr) return;
  descend(key);
  valid_ = true;
  if (path_[0].index >= path_[0].node->count) next_leaf();
}

void Cursor::seek_before(Slice key) {
  valid_ = false;
  if (snapshot_.root_ == nullptr) return;
  descend(key);
  valid_ = true;
  prev();
}

void Cursor::seek_last() {
  valid_ = false;
  const Node* node = snapshot_.root_;
  if (node == nullptr) return;
  for (; !node->is_leaf(); node = node->children()[node->count - 1].node) path_[node->level] = Step{node, node->count - 1};
  node = store::leaf_of(node, snapshot_.as_of_);
  path_[0] = Step{node, node->count};
  valid_ = true;
  prev();
}

void Cursor::seek_rank(int64_t rank) {
  valid_ = false;
  const Node* node = snapshot_.root_;
  if (node == nullptr || rank < 0 || rank >= node->keys) return;
  while (!node->is_leaf()) {
    int index = 0;
    for (; rank >= node->children()[index].keys; ++index) rank -= node->children()[index].keys;
    path_[node->level] = Step{node, index};
    node = node->children()[index].node;
  }
  path_[0] = Step{store::leaf_of(node, snapshot_.as_of_), static_cast<int>(rank)};
  valid_ = true;
}

bool Cursor::is_in_plain_leaf() const {
  const uint32_t top = snapshot_.root_->level;
  return path_[0].node == (top == 0 ? snapshot_.root_ : path_[1].node->children()[path_[1].index].node);
}

// To the next leaf that has keys.
void Cursor::next_leaf() {
  valid_ = false;
  const uint32_t top = snapshot_.root_->level;
  do {
    uint32_t level = 1;
    while (level <= top && ++path_[level].index >= path_[level].node->count) ++level;
    if (level > top) return;
    for (; level > 1; --level) path_[level - 1] = Step{path_[level].node->children()[path_[level].index].node, 0};
    path_[0] = Step{store::leaf_ahead<1>(path_[1].node, path_[1].index, snapshot_.as_of_), 0};
  } while (path_[0].node->count == 0);
  valid_ = true;
}

// To the last key of the leaf before that has any.
void Cursor::previous_leaf() {
  valid_ = false;
  const uint32_t top = snapshot_.root_->level;
  do {
    uint32_t level = 1;
    while (level <= top && --path_[level].index < 0) ++level;
    if (level > top) return;
    for (; level > 1; --level) {
      const Node* child = path_[level].node->children()[path_[level].index].node;
      path_[level - 1] = Step{child, child->count - 1};
    }
    const Node* leaf = store::leaf_ahead<-1>(path_[1].node, path_[1].index, snapshot_.as_of_);
    path_[0] = Step{leaf, leaf->count - 1};
  } while (path_[0].node->count == 0);
  valid_ = true;
}

}  // namespace fdb
