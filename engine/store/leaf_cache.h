// The leaves of one database file that are in memory: loaded when a page is looked at, let go of when they take too much room.
//
// Thread-safety: every member may be called from any thread. Loading blocks while the source reads, without a lock.
// Invariants:
//  1. A page has at most one leaf. Of two threads that load it at once one throws its work away.
//  2. The leaves of pages take at most `limit` bytes, or as much more as one load brings and calls are still inside to use.
//     What is evicted is freed when no call can use it any more (leaf_use.h); retired() is what waits for that.
//  3. Which one goes: clock. A leaf that was looked at since the hand passed gets a second chance.
//  4. What is loaded is what was stored: number, bytes and checksum of the rows are compared.
//  5. A fork() finds the bookkeeping whole on both sides. In the child nothing is loaded.
#pragma once

#include <sys/types.h>

#include <deque>
#include <span>
#include <vector>

#include "base/common.h"
#include "base/schedule.h"
#include "store/leaf_page.h"

namespace fdb::store {

class LeafCache : public RefCounted<LeafCache> {
 public:
  // `source` stays until detach(). `limit` in bytes.
  LeafCache(LeafSource* source, int64_t limit);
  ~LeafCache();

  // Returns when nobody uses the source any more: what was not loaded by then never will be, but throws 1510.
  void detach();
  void set_limit(int64_t limit);
  // Evicts what is beyond the limit, and frees all that no call can use any more. Loads do that by and by: this is for a cache that
  // nothing is loaded into after a call that has read a lot.
  void trim() noexcept;

  // ---- figures --------------------------------------------------------------------------------------
  int64_t bytes() const;    // of the leaves that pages have
  int64_t retired() const;  // of those that were evicted and are not freed yet
  int64_t loads() const;
  int64_t evictions() const;

  // ---- for pages, under a LeafUse -------------------------------------------------------------------
  // The leaf of a page that has none. Throws as LeafSource::scan.
  const Node* load(const Page* page, Version as_of);
  // The leaf of `pages[wanted]`; those of the others are loaded in the same scan, as far as that goes well. The pages have no
  // leaf and follow each other in the tree.
  const Node* load_together(std::span<const Page* const> pages, size_t wanted, Version as_of);
  // Gives a new page its leaf and adds a reference to that.
  void keep(const Page* page, Node* leaf);
  // The page ends; the caller takes over its leaf, if it has one.
  Node* forget(const Page* page) noexcept;

 private:
  class Reading;
  struct Retired {
    uint64_t epoch;
    int64_t bytes;
    Node* leaf;
  };

  const Node* load_run(std::span<const Page* const> pages, size_t wanted, Version as_of);
  void place(const Page* page, Node* leaf);
  const Node* publish(const Page* page, Node* leaf);
  Node* remove(const Page* page) noexcept;
  void evict(size_t most) noexcept;
  size_t tidy(size_t most) noexcept;

  Mutex source_mutex_;
  Condition source_idle_;
  LeafSource* source_;
  int readers_ = 0;
  const pid_t process_;

  // Under the lock that all caches share.
  int64_t limit_;
  int64_t bytes_ = 0;
  int64_t retired_bytes_ = 0;
  int64_t loads_ = 0;
  int64_t evictions_ = 0;
  std::vector<const Page*> loaded_;
  size_t hand_ = 0;
  std::deque<Retired> retired_;  // in order of their epochs
};

}  // namespace fdb::store
