#include "store/node_search.h"

#include <algorithm>

namespace fdb::store {

Found search_by_prefix(const Node* node, Slice key, Slice sample) {
  const uint32_t prefix = node->prefix;
  return {compare(key.substr(0, prefix), sample.substr(0, prefix)) < 0 ? node->first() : node->count, false};
}

Found search_equal_heads(const Node* node, Slice key, int low) {
  const uint32_t prefix = node->prefix;
  const uint32_t* heads = node->heads();
  int high = static_cast<int>(std::upper_bound(heads + low, heads + node->count, head_of(key, prefix)) - heads);
  const Slice rest = key.substr(prefix);
  while (low < high) {
    const int middle = (low + high) / 2;
    const int order = compare(node->key(middle).substr(prefix), rest);
    if (order == 0) return {middle, true};
    if (order < 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return {low, false};
}

}  // namespace fdb::store
