#include "store/node_cache.h"

#include <cstring>
#include <new>
#include <vector>

#include "sim/test_support.h"

namespace {

using fdb::store::NodeCache;

void test_recycling() {
  NodeCache cache;
  const size_t size = NodeCache::rounded(1000);
  CHECK_EQ(size, 1024u);
  void* block = cache.take(size);
  std::memset(block, 1, size);
  cache.put(block, size + 100);  // as much as the next step is not there
  CHECK_EQ(cache.bytes(), size);
  CHECK(cache.take(size) == block);
  CHECK_EQ(cache.bytes(), 0u);
  cache.put(block, size);
  void* other = cache.take(size + NodeCache::kStep);
  CHECK(other != block);
  ::operator delete(other);
}

void test_bounds() {
  NodeCache cache;
  CHECK_EQ(NodeCache::rounded(NodeCache::kLargest + 1), NodeCache::kLargest + 1);
  cache.put(cache.take(NodeCache::kLargest + 1), NodeCache::kLargest + 1);
  cache.put(::operator new(NodeCache::kStep - 1), NodeCache::kStep - 1);
  CHECK_EQ(cache.bytes(), 0u);
  std::vector<void*> blocks;
  for (int i = 0; i < 1000; ++i) blocks.push_back(cache.take(NodeCache::kLargest));
  for (void* block : blocks) cache.put(block, NodeCache::kLargest);
  CHECK_EQ(cache.bytes(), NodeCache::kMostBytes);
}

}  // namespace

int main() {
  test_recycling();
  test_bounds();
  std::puts("node_cache_test: ok");
  return 0;
}
