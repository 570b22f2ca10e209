#include "store/changed_leaves.h"

#include "store/leaf_page.h"

namespace fdb {

using store::Node;

bool ChangedLeaves::next() {
  const Node* root = state_.root_;
  if (root == nullptr || root->is_page() || root->editor < mark_) return false;
  const bool is_first = !std::exchange(started_, true);
  if (root->is_leaf()) {
    leaf_ = root;
    return is_first;
  }
  const uint32_t top = root->level;
  if (is_first) path_[top] = store::Step{root, -1};
  for (uint32_t level = is_first ? top : 1; level <= top;) {
    store::Step& step = path_[level];
    if (step.index + 1 >= step.node->count) {
      ++level;
      continue;
    }
    const Node* child = step.node->children()[++step.index].node;
    if (child->is_page() || child->editor < mark_) continue;
    if (child->is_leaf()) {
      leaf_ = child;
      return true;
    }
    path_[--level] = store::Step{child, -1};
  }
  return false;
}

StoredLeaf ChangedLeaves::stored() const { return store::stored_leaf(leaf_); }

}  // namespace fdb
