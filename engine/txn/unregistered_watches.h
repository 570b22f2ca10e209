// The watches of a transaction from their call to the commit that registers them with the keyspace.
//
// Thread-safety: none; a transaction owns it under its lock. Futures are completed on the network thread. Keys are the database's, with
// the tenant's prefix.
// Invariants:
//  1. A watch is here or with the keyspace or ended, and ended watches are in neither place.
//  2. A watch returns before its read is answered, and the read counts in the transaction's size from the answer on. That is
//     when something else has been answered meanwhile, or some time has passed.
//  3. Registering and ending watches allocate nothing: they cannot fail.
#pragma once

#include <list>
#include <memory>
#include <optional>

#include "db/keyspace.h"
#include "db/watches.h"
#include "runtime/network.h"

namespace fdb {

class UnregisteredWatches {
 public:
  UnregisteredWatches(Network& network, Keyspace* keyspace) : network_(network), keyspace_(keyspace) {}

  // Makes `future` a watch, for which one of `slots` is taken; 1032 if there is none.
  Error add(const Ref<Future>& future, const std::shared_ptr<const Watched>& watched, const std::shared_ptr<WatchSlots>& slots);
  // The read of a watch is on its way, and will count `size`. `watched` is null if the watch was refused after the read.
  void add_unread(const Ref<Future>& future, std::shared_ptr<const Watched> watched, int64_t size);
  // What the reads count that have been answered since the last call.
  int64_t take_answered();
  // The same for all: a commit has waited for them.
  int64_t take_unread();
  // A watch whose read is not answered fails as a read does; later it stays pending in a transaction that is cancelled.
  void fail_unread(Error error);
  // Of an attempt that ends.
  void forget_unread() noexcept {
    if (lists_) lists_->unread.clear();
  }

  // The transaction's own writes end watches that remember another value.
  void trigger(Slice key, const std::optional<Slice>& value);
  void trigger_all(Slice key);
  void trigger_cleared(Slice begin, Slice end);

  // Null when the watch is not here.
  Ref<Watch> take(const Watched& watched) { return lists_ ? lists_->index.take(watched) : Ref<Watch>(); }
  // The commit took effect: from now on the keyspace has the watches.
  void activate() noexcept;
  void end(Error error);
  bool empty() const { return !lists_ || lists_->index.empty(); }

 private:
  struct Unread {
    Ref<Future> future;
    std::shared_ptr<const Watched> watched;  // null: refused after the read
    int64_t size;                            // counts when it is answered
    int64_t issued_micros;
  };
  struct Lists {
    WatchIndex index;
    std::list<Unread> unread;
    uint64_t round_trip = 0;  // the keyspace's count when the last of them was issued
  };

  Lists& lists() {
    if (!lists_) lists_ = std::make_unique<Lists>();
    return *lists_;
  }

  void fire(const Ref<Watch>& watch) { network_.deliver(watch->future(), Void{}); }

  Network& network_;
  Keyspace* const keyspace_;
  std::unique_ptr<Lists> lists_;  // made with the first watch: most transactions have none
};

}  // namespace fdb
