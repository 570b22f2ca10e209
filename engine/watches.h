// Watches of one keyspace: which keys are watched, for which remembered value.
//
// Thread-safety: every member may be called from any thread. A watch's future is completed on the network thread.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "future.h"
#include "version_store.h"

namespace fdb {

class Database;

// One call of fdb_transaction_watch, from its read to its end.
struct Watch : public RefCounted<Watch> {
  Watch(Ref<Database> owner, Ref<Future> result, Bytes watched_key, std::optional<Bytes> seen);
  ~Watch();

  const Ref<Database> database;  // whose max_watches slot it holds
  const Ref<Future> future;
  const Bytes key;                        // with the tenant's prefix
  const std::optional<Bytes> remembered;  // nullopt: absent
};

class WatchRegistry {
 public:
  // Starts watching, or ends the watch at once when `current` already has another value.
  void activate(Ref<Watch> watch, const Snapshot& current);
  // A watch whose future was cancelled or destroyed.
  void remove(const Bytes& key, const Watch* watch);
  // Ends the watches of keys in [begin, end) whose value in `current` is no longer the remembered one.
  void check(Slice begin, Slice end, const Snapshot& current);
  bool empty() const { return count_.load(std::memory_order_acquire) == 0; }

 private:
  static bool differs(const Watch& watch, const Snapshot& snapshot);
  static void fire(Ref<Watch> watch);

  std::mutex mutex_;
  std::multimap<Bytes, Ref<Watch>, std::less<>> watches_;
  std::atomic<size_t> count_{0};
};

}  // namespace fdb
