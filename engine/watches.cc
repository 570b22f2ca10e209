#include "watches.h"

#include "database.h"
#include "network.h"

namespace fdb {

Watch::Watch(Ref<Database> owner, Ref<Future> result, Bytes watched_key, std::optional<Bytes> seen)
    : database(std::move(owner)), future(std::move(result)), key(std::move(watched_key)), remembered(std::move(seen)) {}

Watch::~Watch() { database->release_watch(); }

bool WatchRegistry::differs(const Watch& watch, const Snapshot& snapshot) {
  Slice value;
  const bool present = snapshot.get(watch.key, &value);
  return present != watch.remembered.has_value() || (present && value != *watch.remembered);
}

void WatchRegistry::fire(Ref<Watch> watch) {
  Network::instance().post([watch] { watch->future->complete(Void{}); });
}

void WatchRegistry::activate(Ref<Watch> watch, const Snapshot& current) {
  std::lock_guard lock(mutex_);
  if (watch->future->is_ready_quietly()) return;
  if (differs(*watch, current)) return fire(std::move(watch));
  Bytes key = watch->key;
  watches_.emplace(std::move(key), std::move(watch));
  count_.store(watches_.size(), std::memory_order_release);
}

void WatchRegistry::remove(const Bytes& key, const Watch* watch) {
  Ref<Watch> removed;  // released after the lock
  std::lock_guard lock(mutex_);
  const auto [first, last] = watches_.equal_range(key);
  for (auto at = first; at != last; ++at) {
    if (at->second.get() != watch) continue;
    removed = std::move(at->second);
    watches_.erase(at);
    break;
  }
  count_.store(watches_.size(), std::memory_order_release);
}

void WatchRegistry::check(Slice begin, Slice end, const Snapshot& current) {
  std::lock_guard lock(mutex_);
  for (auto at = watches_.lower_bound(begin); at != watches_.end() && at->first < end;) {
    if (differs(*at->second, current)) {
      fire(std::move(at->second));
      at = watches_.erase(at);
    } else {
      ++at;
    }
  }
  count_.store(watches_.size(), std::memory_order_release);
}

}  // namespace fdb
