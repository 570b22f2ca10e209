// Watches of one keyspace: which keys are watched, for which remembered value.
//
// Thread-safety: every member of WatchRegistry may be called from any thread; WatchIndex has none. A watch's future is
// completed on the network thread.
// Invariants:
//  1. A watch is registered before the current value is looked at, and a commit is published before its watches are
//     checked: of a commit and a registration at the same time, at least one sees the other.
//  2. A watch is in one index at most, and leaves it when its future is ready.
//  3. Registering and firing a watch allocate nothing: they cannot fail. A fault that finds no memory does not happen.
//  4. A watch that a fault puts off or lets get lost is in no index until its time has come.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "base/schedule.h"
#include "runtime/future.h"
#include "store/version_store.h"

namespace fdb {

class Keyspace;
class Network;
class WatchIndex;

// How many watches a database may still have.
class WatchSlots {
 public:
  void limit(int64_t most) { most_.store(most, std::memory_order_relaxed); }
  // False when there is none.
  bool acquire();
  void release() { taken_.fetch_sub(1, std::memory_order_relaxed); }

 private:
  std::atomic<int64_t> most_{10'000};
  std::atomic<int64_t> taken_{0};
};

// What is watched: what a watch and the hook of its future share.
struct Watched {
  Bytes key;                        // with the tenant's prefix
  std::optional<Bytes> remembered;  // nullopt: absent
  size_t prefix_size = 0;

  Slice key_in_tenant() const { return Slice(key).substr(prefix_size); }
};

// One call of fdb_transaction_watch, from its read to its end.
class Watch : public RefCounted<Watch> {
 public:
  // Holds one of `slots`, which the caller has acquired.
  Watch(std::shared_ptr<WatchSlots> slots, Ref<Future> future, std::shared_ptr<const Watched> watched);
  ~Watch();

  const Ref<Future>& future() const { return future_; }
  const Watched& watched() const { return *watched_; }
  // Completes the future on the thread of `network`. Called once.
  static void fire(Ref<Watch> watch, Network& network) noexcept;

 private:
  struct Firing;

  const std::shared_ptr<WatchSlots> slots_;
  const Ref<Future> future_;
  const std::shared_ptr<const Watched> watched_;
  std::unique_ptr<Firing> firing_;
};

// Watches in an order in which those that a write ends lie together: what remembers an absent key apart from the rest, then
// by key and remembered value. Of the watches that stay in place an operation looks at one a key at most.
class WatchIndex {
  // A place in the order: at one watch, or before or after all those of a key and value.
  struct Place {
    bool present;
    Slice key;
    Slice value;
    const Watched* identity;
  };
  struct ByPlace {
    using is_transparent = void;
    bool operator()(const Ref<Watch>& left, const Ref<Watch>& right) const { return less(place(left), place(right)); }
    bool operator()(const Ref<Watch>& left, const Place& right) const { return less(place(left), right); }
    bool operator()(const Place& left, const Ref<Watch>& right) const { return less(left, place(right)); }

    static Place place(const Ref<Watch>& watch) { return place_of(watch->watched()); }
    static bool less(const Place& left, const Place& right);
  };

 public:
  using Value = std::optional<Slice>;
  using Entry = std::set<Ref<Watch>, ByPlace>::node_type;  // of a watch that changes its index, for which nothing is allocated

  bool empty() const { return watches_.empty(); }
  size_t size() const { return watches_.size(); }
  bool watches(Slice key) const {
    const auto is_next = [&](bool present) {
      const auto at = watches_.lower_bound(Place{present, key, Slice(), nullptr});
      return at != watches_.end() && (*at)->watched().key == key;
    };
    return is_next(false) || is_next(true);
  }
  void insert(Ref<Watch> watch) { watches_.insert(std::move(watch)); }
  void insert(Entry entry) { watches_.insert(std::move(entry)); }
  // Null when the watch of `watched` is not there.
  Ref<Watch> take(const Watched& watched);
  // Hands the watches of `key` that remember something else than `value` to `taker`, and forgets them.
  template <class Taker>
  void take_changed(Slice key, const Value& value, Taker&& taker) {
    if (value) take_from({false, key, Slice(), nullptr}, nullptr, taker);
    take_from({true, key, Slice(), nullptr}, value ? &*value : nullptr, taker);
    if (value) take_from({true, key, *value, kLast}, nullptr, taker);
  }
  // All watches of `key`.
  template <class Taker>
  void take_all(Slice key, Taker&& taker) {
    for (const bool present : {false, true}) take_from({present, key, Slice(), nullptr}, nullptr, taker);
  }
  // As take_changed, for the keys in [begin, end) that a watch remembers as present; `value_of(key)` is the value.
  template <class ValueOf, class Taker>
  void take_changed_in(Slice begin, Slice end, ValueOf&& value_of, Taker&& taker) {
    for (auto at = watches_.lower_bound(Place{true, begin, Slice(), nullptr});
         at != watches_.end() && (*at)->watched().key < end;) {
      const Ref<Watch> first = *at;
      const Slice key = first->watched().key;
      const Value value = value_of(key);
      take_changed(key, value, taker);
      at = watches_.lower_bound(Place{true, key, value.value_or(Slice()), value ? kLast : nullptr});
    }
  }
  // Everything.
  template <class Taker>
  void take_everything(Taker&& taker) {
    while (!watches_.empty()) taker(watches_.extract(watches_.begin()));
  }

 private:
  static const Watched* const kLast;  // behind every identity

  static Place place_of(const Watched& watched) {
    return {watched.remembered.has_value(), watched.key, watched.remembered ? Slice(*watched.remembered) : Slice(), &watched};
  }

  // Takes the watches of the place's key from there on, up to value `before` if there is one.
  template <class Taker>
  void take_from(const Place& first, const Slice* before, Taker&& taker) {
    for (auto at = watches_.lower_bound(first); at != watches_.end();) {
      const Place place = ByPlace::place(*at);
      if (place.present != first.present || place.key != first.key || (before && place.value >= *before)) return;
      taker(std::move(watches_.extract(at++).value()));
    }
  }

  std::set<Ref<Watch>, ByPlace> watches_;
};

class WatchRegistry {
 public:
  WatchRegistry(Network& network, Keyspace& keyspace) : network_(network), keyspace_(keyspace) {}
  ~WatchRegistry();

  // Starts watching, or fires the watch when the keyspace's current value is another one already.
  void activate(WatchIndex::Entry entry) noexcept;
  // A watch whose future was cancelled or destroyed.
  void remove(const Watched& watched);
  // Ends the watches of `key`, or of the keys in [begin, end), whose value in `published` is no longer the remembered one.
  void check(Slice key, const Snapshot& published);
  void check_range(Slice begin, Slice end, const Snapshot& published);
  // To be asked after the publication of what would be checked.
  bool empty() const { return count_.load(std::memory_order_seq_cst) == 0; }

 private:
  // The watch, which has left the index, has to hear of a change.
  void fire(Ref<Watch> watch) noexcept {
    if (!is_put_off(watch)) Watch::fire(std::move(watch), network_);
  }
  bool is_put_off(const Ref<Watch>& watch) noexcept;
  void renew(const Ref<Watch>& watch) noexcept;
  // Ends a watch that was registered just now if the value is another one already; by itself, whatever is put off.
  template <class Fire>
  void compare(const Watched& watched, Fire&& fire) noexcept;
  void count() { count_.store(index_.size(), std::memory_order_seq_cst); }

  Network& network_;
  Keyspace& keyspace_;
  Mutex mutex_;
  WatchIndex index_;
  std::atomic<size_t> count_{0};
};

}  // namespace fdb
