#include "store/leaf_page.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <new>
#include <span>

#include "store/leaf_cache.h"
#include "store/leaf_description.h"

namespace fdb::store {

namespace {

// A leaf that could not be split for want of memory may have more rows than kMaxLeafKeys, but never so many.
constexpr int64_t kMostKeys = 16384;

// `bytes` may be more than a node holds in line.
bool is_possible(const StoredLeaf& leaf) { return leaf.keys > 0 && leaf.keys <= kMostKeys && leaf.bytes >= 0; }

}  // namespace

Page* make_page(LeafCache& cache, const StoredLeaf& leaf, Slice end) {
  if (!is_possible(leaf) || leaf.first.size() > std::numeric_limits<uint32_t>::max() ||
      end.size() > std::numeric_limits<uint32_t>::max() || (!end.empty() && end <= leaf.first)) {
    throw EngineError{err::kFileCorrupt};
  }
  Page* page = new (::operator new(sizeof(Page) + leaf.first.size() + end.size())) Page{};
  page->references.store(1, std::memory_order_relaxed);
  page->kind = kPage;
  page->count = static_cast<uint16_t>(leaf.keys);
  page->keys = leaf.keys;
  page->bytes = leaf.bytes;
  cache.add_ref();
  page->cache = &cache;
  page->checksum = leaf.checksum;
  page->first_size = static_cast<uint32_t>(leaf.first.size());
  page->end_size = static_cast<uint32_t>(end.size());
  char* bounds = reinterpret_cast<char*>(page + 1);
  if (!leaf.first.empty()) std::memcpy(bounds, leaf.first.data(), leaf.first.size());
  if (!end.empty()) std::memcpy(bounds + leaf.first.size(), end.data(), end.size());
  return page;
}

StoredLeaf stored_leaf(const Node* leaf) {
  LeafDescription rows;
  for (int i = 0; i < leaf->count; ++i) rows.add(leaf->key(i), leaf->value(i));
  return rows.leaf(leaf->key(0));
}

Page* make_page_of(LeafCache& cache, Node* leaf) {
  Page* page = make_page(cache, stored_leaf(leaf), key_after(leaf->key(leaf->count - 1)));
  try {
    cache.keep(page, leaf);
  } catch (...) {
    free_page(page);
    throw;
  }
  return page;
}

Node* free_page(Page* page) {
  LeafCache* cache = page->cache;
  Node* leaf = cache->forget(page);
  ::operator delete(page);
  cache->release();
  return leaf;
}

size_t page_size(const Page* page) { return sizeof(Page) + page->first_size + page->end_size; }

const Node* load_leaf(const Page* page, Version as_of) { return page->cache->load(page, as_of); }

template <int kDirection>
const Node* load_ahead(const Node* parent, int index, Version as_of) {
  std::array<const Page*, kReadAhead + 1> pages;
  size_t count = 0;
  for (int i = index; i >= 0 && i < parent->count && count < pages.size(); i += kDirection) {
    const Node* node = parent->children()[i].node;
    if (!node->is_page() || as_page(node)->loaded.load(std::memory_order_relaxed) != nullptr) break;
    pages[count++] = as_page(node);
  }
  // One that was loaded since is not loaded once more, but counts as the end.
  if (count == 0) return leaf_of(parent->children()[index].node, as_of);
  const std::span<const Page*> run(pages.data(), count);
  if (kDirection < 0) std::reverse(run.begin(), run.end());
  return run.front()->cache->load_together(run, kDirection < 0 ? count - 1 : 0, as_of);
}

template const Node* load_ahead<1>(const Node* parent, int index, Version as_of);
template const Node* load_ahead<-1>(const Node* parent, int index, Version as_of);

}  // namespace fdb::store
