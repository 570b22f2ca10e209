// The way down to a leaf, and between which separators what is there lies.
//
// Thread-safety: functions on values.
#pragma once

#include "store/store_node.h"

namespace fdb::store {

struct Step {
  const Node* node;
  int index;
};

// `path` has a step for each level from `level` up to `top`. Keys below the step's child are not below the first of these, which is
// empty where there is none, and are below the second one, which is empty where there is none.
inline Slice separator_below(const Step* path, uint32_t level, uint32_t top) {
  for (; level <= top; ++level) {
    if (path[level].index > 0) return path[level].node->key(path[level].index);
  }
  return Slice();
}

inline Slice separator_above(const Step* path, uint32_t level, uint32_t top) {
  for (; level <= top; ++level) {
    if (path[level].index + 1 < path[level].node->count) return path[level].node->key(path[level].index + 1);
  }
  return Slice();
}

}  // namespace fdb::store
