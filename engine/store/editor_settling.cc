// Editor::settle(): plain leaves become pages when the file has what they hold; and the way back.
#include "store/leaf_page.h"
#include "store/node_path.h"
#include "store/node_search.h"
#include "store/version_store.h"

namespace fdb {

using store::Node;
using store::Step;

namespace {

bool is_unsettled(const Node* leaf, uint64_t mark) { return !leaf->is_page() && leaf->editor < mark; }

}  // namespace

bool Editor::settle(const Settling& fold, int budget, Bytes* from) {
  keeps_emptied_ = true;
  stop_sharing();
  while (budget > 0) {
    if (root_ == nullptr || root_->is_leaf()) {
      settle_root(fold);
      return false;
    }
    Bytes behind;
    const Found found = find_unsettled(fold, from, &behind, &budget);
    if (found != Found::kLeaf) return found == Found::kMore;
    settle_children(own_inner_path(*from), fold.mark, *fold.cache, from, &budget);
    mend_inner_path(root_, *from);
    mend_root();
    if (budget <= 0) break;
    if (behind.empty()) return false;
    from->swap(behind);
  }
  return true;
}

void Editor::settle_root(const Settling& fold) {
  if (root_ == nullptr || !is_unsettled(root_, fold.mark)) return;
  Node* page = root_->count == 0 ? nullptr : store::make_page_of(*fold.cache, root_);
  store::release(std::exchange(root_, page));
}

// Looks for a leaf from *from on that is to be settled. *from becomes what separates it from those before, *behind what separates
// the leaves beside it, of the same parent, from those after, empty if there are none. When the budget ends before, *from is where to go on.
Editor::Found Editor::find_unsettled(const Settling& fold, Bytes* from, Bytes* behind, int* budget) const {
  const uint32_t top = root_->level;
  Step path[store::kMaxHeight];
  for (const Node* node = root_; !node->is_leaf(); node = node->children()[path[node->level].index].node)
    path[node->level] = Step{node, store::child_index(node, *from)};
  --path[1].index;
  for (uint32_t level = 1; level <= top;) {
    Step& step = path[level];
    if (step.index + 1 >= step.node->count) {
      ++level;
      continue;
    }
    const Node* child = step.node->children()[++step.index].node;
    if (!child->is_leaf()) {
      if (child->editor >= fold.since) path[--level] = Step{child, -1};
      continue;
    }
    --*budget;
    if (is_unsettled(child, fold.mark)) {
      from->assign(store::separator_below(path, 1, top));
      if (top > 1) behind->assign(store::separator_above(path, 2, top));
      return Found::kLeaf;
    }
    if (*budget > 0) continue;
    const Slice next = store::separator_above(path, 1, top);
    if (next.empty()) return Found::kNothing;
    from->assign(next);
    return Found::kMore;
  }
  return Found::kNothing;
}

// Copies the inner nodes on the way to `key` that this editor has not made; returns the parent of the leaf.
Node* Editor::own_inner_path(Slice key) {
  root_ = own(root_, 0);
  Node* node = root_;
  while (node->level > 1) node = own_child(node, store::child_index(node, key), 0);
  return node;
}

// Settles the children of `node`, which is owned, from the one for *from on. What it comes to when the budget ends is *from then.
void Editor::settle_children(Node* node, uint64_t mark, store::LeafCache& cache, Bytes* from, int* budget) {
  int index = store::child_index(node, *from);
  for (bool is_first = true; index < node->count; is_first = false) {
    store::Child& child = node->children()[index];
    if (!is_first && --*budget < 0) {
      if (index > 0) from->assign(node->key(index));  // else everything before was dropped, and *from leads here
      return;
    }
    if (!is_unsettled(child.node, mark)) {
      ++index;
    } else if (child.node->count == 0) {
      store::erase_slots(node, index, index + 1);
    } else {
      Node* page = store::make_page_of(cache, child.node);
      store::release(std::exchange(child.node, page));
      ++index;
    }
  }
}

// Removes and merges inner nodes on the way to `key`, which this editor has made, as leaves were removed below them.
void Editor::mend_inner_path(Node* node, Slice key) noexcept {
  if (node->level < 2) return;
  const int index = store::child_index(node, key);
  mend_inner_path(node->children()[index].node, key);
  mend_child(node, index);
}

void Editor::keep_loaded(Slice begin, Slice end) {
  if (!store::LeafUse::is_required() || root_ == nullptr) return;
  stop_sharing();
  for (Bytes at(begin); at < end;) {
    Step path[store::kMaxHeight];
    const Node* node = root_;
    for (; !node->is_leaf(); node = node->children()[path[node->level].index].node)
      path[node->level] = Step{node, store::child_index(node, at)};
    Bytes next(store::separator_above(path, 1, root_->level));
    if (node->is_page() && store::leaf_in_memory(node) != nullptr) own_path(at);
    if (next.empty()) return;
    at.swap(next);
  }
}

}  // namespace fdb
