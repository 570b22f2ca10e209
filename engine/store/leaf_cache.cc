#include "store/leaf_cache.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <new>

#include "base/fork.h"
#include "store/leaf_checksum.h"

namespace fdb::store {

namespace {

// What a load may evict: more than it brings, so that a lowered limit is reached in time.
constexpr size_t kEvictedPerLeaf = 4;
constexpr size_t kFreedAtOnce = 64;

// One for all caches, so that a fork() need not know them; nothing is waited for under it.
std::mutex& shared_mutex() {
  alignas(std::mutex) static unsigned char place[sizeof(std::mutex)];
  static std::mutex* const mutex = new (place) std::mutex;
  return *mutex;
}

void hold_mutex_over_forks() {
  static ForkHooks hooks{[] { shared_mutex().lock(); }, [] { shared_mutex().unlock(); }, [] { shared_mutex().unlock(); }};
  static const bool registered = [] {
    on_fork(&hooks);
    return true;
  }();
  static_cast<void>(registered);
}

// A leaf as its rows come in.
class IncomingLeaf {
 public:
  explicit IncomingLeaf(const Page* page)
      : page_(page),
        node_(make_node(0, 0, static_cast<uint32_t>(page->keys),
                        static_cast<uint32_t>(std::min<int64_t>(page->bytes, kMaxHeapBytes + kInlineLimit)))) {}
  IncomingLeaf(IncomingLeaf&& other) noexcept
      : page_(other.page_), node_(std::exchange(other.node_, nullptr)), checksum_(other.checksum_), good_(other.good_) {}
  IncomingLeaf& operator=(IncomingLeaf&&) = delete;
  ~IncomingLeaf() { release(node_); }

  const Page* page() const { return page_; }
  void add(Slice key, Slice value) {
    good_ = good_ && node_->count < page_->keys && !page_->is_above(key) && !page_->is_below(key) &&
            (node_->count == 0 || node_->key(node_->count - 1) < key);
    if (!good_) return;
    node_ = insert_entry(node_, node_->count, key, value);
    checksum_.add(key, value);
  }
  // Whether the rows are those that were stored.
  bool is_whole() const {
    return good_ && node_->keys == page_->keys && node_->bytes == page_->bytes && checksum_.value() == page_->checksum;
  }
  Node* get() const { return node_; }
  void hand_over() { node_ = nullptr; }

 private:
  const Page* page_;
  Node* node_;
  LeafChecksum checksum_;
  bool good_ = true;
};

}  // namespace

// ---- the source -----------------------------------------------------------------------------------

// Keeps the source from being detached.
class LeafCache::Reading {
 public:
  explicit Reading(LeafCache& cache) : cache_(cache) {
    std::lock_guard lock(cache.source_mutex_);
    if (cache.source_ == nullptr) throw EngineError{err::kIoError};
    source_ = cache.source_;
    ++cache.readers_;
  }
  ~Reading() {
    std::lock_guard lock(cache_.source_mutex_);
    if (--cache_.readers_ == 0) cache_.source_idle_.notify_all();
  }
  LeafSource* operator->() const { return source_; }

 private:
  LeafCache& cache_;
  LeafSource* source_;
};

LeafCache::LeafCache(LeafSource* source, int64_t limit) : source_(source), process_(getpid()), limit_(limit) {
  hold_mutex_over_forks();
  LeafUse::require();
}

LeafCache::~LeafCache() {
  for (const Retired& retired : retired_) store::release(retired.leaf);
}

void LeafCache::detach() {
  if (getpid() != process_) return;  // the lock may be one that a thread held which is not in this process
  std::unique_lock lock(source_mutex_);
  source_ = nullptr;
  source_idle_.wait(lock, [this] { return readers_ == 0; });
}

// ---- loading --------------------------------------------------------------------------------------

const Node* LeafCache::load(const Page* page, Version as_of) {
  IncomingLeaf leaf(page);
  {
    const Reading source(*this);
    source->scan(page->first(), page->end(), as_of, [&leaf](Slice key, Slice value) { leaf.add(key, value); });
  }
  if (!leaf.is_whole()) throw EngineError{err::kFileCorrupt};
  const Node* result = publish(page, leaf.get());
  if (result == leaf.get()) leaf.hand_over();
  tidy(kEvictedPerLeaf);
  return result;
}

const Node* LeafCache::load_together(std::span<const Page* const> pages, size_t wanted, Version as_of) {
  try {
    if (pages.size() > 1) {
      if (const Node* leaf = load_run(pages, wanted, as_of)) return leaf;
    }
  } catch (const EngineError&) {
    // What is wrong with the others is none of the caller's business.
  } catch (const std::bad_alloc&) {
  }
  return load(pages[wanted], as_of);
}

// Null if the leaf that is wanted is not what was stored.
const Node* LeafCache::load_run(std::span<const Page* const> pages, size_t wanted, Version as_of) {
  std::vector<IncomingLeaf> leaves;
  leaves.reserve(pages.size());
  for (const Page* page : pages) leaves.emplace_back(page);
  {
    const Reading source(*this);
    size_t at = 0;
    source->scan(pages.front()->first(), pages.back()->end(), as_of, [&](Slice key, Slice value) {
      while (at < pages.size() && pages[at]->is_below(key)) ++at;
      if (at < pages.size() && !pages[at]->is_above(key)) leaves[at].add(key, value);
    });
  }
  const Node* result = nullptr;
  for (size_t i = 0; i < leaves.size(); ++i) {
    if (!leaves[i].is_whole()) continue;
    const Node* leaf = publish(pages[i], leaves[i].get());
    if (leaf == leaves[i].get()) leaves[i].hand_over();
    if (i == wanted) result = leaf;
  }
  tidy(kEvictedPerLeaf * pages.size());
  return result;
}

// Makes `leaf` the page's, whose reference it takes over, unless the page has one by now. The leaf of the page.
const Node* LeafCache::publish(const Page* page, Node* leaf) {
  std::lock_guard lock(shared_mutex());
  if (const Node* other = page->loaded.load(std::memory_order_relaxed)) return other;
  place(page, leaf);
  ++loads_;
  return leaf;
}

void LeafCache::keep(const Page* page, Node* leaf) {
  {
    std::lock_guard lock(shared_mutex());
    place(page, leaf);
    leaf->references.fetch_add(1, std::memory_order_relaxed);
  }
  tidy(kEvictedPerLeaf);
}

// ---- bookkeeping, under the lock ------------------------------------------------------------------

void LeafCache::place(const Page* page, Node* leaf) {
  loaded_.push_back(page);
  page->place = static_cast<uint32_t>(loaded_.size() - 1);
  page->used.store(true, std::memory_order_relaxed);
  bytes_ += memory_of(leaf);
  page->loaded.store(leaf, std::memory_order_seq_cst);
}

// Takes the page's leaf away. The page may end as soon as it has none: that is the last that happens to it.
Node* LeafCache::remove(const Page* page) noexcept {
  loaded_.back()->place = page->place;
  loaded_[page->place] = loaded_.back();
  loaded_.pop_back();
  bytes_ -= memory_of(page->loaded.load(std::memory_order_relaxed));
  return page->loaded.exchange(nullptr, std::memory_order_seq_cst);
}

void LeafCache::evict(size_t most) noexcept {
  const size_t before = retired_.size();
  for (size_t steps = 2 * most; steps > 0 && most > 0 && bytes_ > limit_ && !loaded_.empty(); --steps) {
    if (hand_ >= loaded_.size()) hand_ = 0;
    const Page* page = loaded_[hand_];
    if (page->used.exchange(false, std::memory_order_relaxed)) {
      ++hand_;
      continue;
    }
    const Node* leaf = page->loaded.load(std::memory_order_relaxed);
    try {
      retired_.push_back(Retired{0, memory_of(leaf), const_cast<Node*>(leaf)});
    } catch (const std::bad_alloc&) {
      break;  // the next load tries again
    }
    remove(page);
    retired_bytes_ += retired_.back().bytes;
    ++evictions_;
    --most;
  }
  if (retired_.size() == before) return;
  const uint64_t epoch = LeafUse::retire();
  for (size_t i = before; i < retired_.size(); ++i) retired_[i].epoch = epoch;
}

// Evicts at most `most` leaves if there are too many, and frees some of those that nobody can use any more; returns how many.
size_t LeafCache::tidy(size_t most) noexcept {
  std::array<Node*, kFreedAtOnce> garbage;
  size_t freed = 0;
  {
    std::lock_guard lock(shared_mutex());
    evict(most);
    const uint64_t oldest = retired_.empty() ? 0 : LeafUse::oldest();
    while (freed < garbage.size() && !retired_.empty() && retired_.front().epoch <= oldest) {
      garbage[freed++] = retired_.front().leaf;
      retired_bytes_ -= retired_.front().bytes;
      retired_.pop_front();
    }
  }
  for (size_t i = 0; i < freed; ++i) store::release(garbage[i]);
  return freed;
}

Node* LeafCache::forget(const Page* page) noexcept {
  if (page->loaded.load(std::memory_order_seq_cst) == nullptr) return nullptr;
  std::lock_guard lock(shared_mutex());
  if (page->loaded.load(std::memory_order_relaxed) == nullptr) return nullptr;
  return remove(page);
}

// ---- figures --------------------------------------------------------------------------------------

void LeafCache::set_limit(int64_t limit) {
  {
    std::lock_guard lock(shared_mutex());
    limit_ = limit;
  }
  trim();
}

void LeafCache::trim() noexcept {
  size_t leaves;
  {
    std::lock_guard lock(shared_mutex());
    leaves = loaded_.size();
  }
  while (tidy(leaves) == kFreedAtOnce) leaves = 0;
}

int64_t LeafCache::bytes() const {
  std::lock_guard lock(shared_mutex());
  return bytes_;
}

int64_t LeafCache::retired() const {
  std::lock_guard lock(shared_mutex());
  return retired_bytes_;
}

int64_t LeafCache::loads() const {
  std::lock_guard lock(shared_mutex());
  return loads_;
}

int64_t LeafCache::evictions() const {
  std::lock_guard lock(shared_mutex());
  return evictions_;
}

}  // namespace fdb::store
