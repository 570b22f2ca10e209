// What keeps leaves that a call reads from being freed while a cache lets go of them: epochs.
//
// A leaf that was loaded (leaf_page.h) may be evicted at any time, and what a Snapshot, a Cursor or an Editor has handed out of it
// is good until the call is over. So every call that looks at snapshots of a database with leaves on demand holds a LeafUse around
// all of it, once it has its locks: a transaction's lock does, and so must a commit, a read that the network thread carries out, the
// check of a watch, the replay of old commits, the folding of changes. Whoever works for long lets go of it now and then, with its
// cursors, since nothing is freed meanwhile.
//
// Thread-safety: an object belongs to the thread that made it and is destroyed there, the last one first. They nest.
// Invariants:
//  1. What was retired when a call was inside is freed after that call has left.
//  2. Nothing here allocates, waits or fails. Until a process makes its first LeafCache an object costs one test, and protects
//     nothing afterwards.
//  3. In a forked child the threads that do not exist there are not inside.
#pragma once

#include <atomic>
#include <cstdint>

namespace fdb::store {

class LeafUse {
 public:
  LeafUse() noexcept : entered_(is_required()) {
    if (entered_) enter();
  }
  ~LeafUse() {
    if (entered_) leave();
  }
  LeafUse(const LeafUse&) = delete;
  LeafUse& operator=(const LeafUse&) = delete;

  // Whether this thread holds one, for assertions.
  static bool inside() noexcept;

  // Whether there is a cache in this process, or was one.
  static bool is_required() noexcept { return needed_.load(std::memory_order_acquire); }

  // ---- for caches -----------------------------------------------------------------------------------
  // There are leaves to protect from now on. Called before the first of them can be seen.
  static void require() noexcept;
  // Ends an epoch, after leaves were made unreachable: they may be freed once oldest() has come to the result.
  static uint64_t retire() noexcept;
  // The epoch in which the call began that has been inside for longest; the largest number if nobody is inside.
  static uint64_t oldest() noexcept;

 private:
  static void enter() noexcept;
  static void leave() noexcept;

  static inline std::atomic<bool> needed_{false};
  const bool entered_;
};

}  // namespace fdb::store
