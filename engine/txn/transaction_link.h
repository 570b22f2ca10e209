// What leads back to a transaction, for as long as it exists: from its futures, and from timers on the network thread.
//
// Thread-safety: the hooks may be called from any thread; a transaction owns its TransactionLink under its lock.
// Invariant: nothing that leads back keeps the transaction alive, except while it uses it.
#pragma once

#include <memory>

#include "base/weak_link.h"
#include "db/keyspace.h"
#include "runtime/future.h"
#include "runtime/network.h"

namespace fdb {

class TransactionState;

class TransactionHook : public FutureHook, public WeakLink<TransactionState> {
 public:
  using WeakLink::WeakLink;
  // Delivers a commit that is decided.
  void before_look(Future& future) override;
};

// Takes back a watch whose future is cancelled or destroyed, before or after it was registered. Has what is watched, so that they
// are one piece of memory.
class WatchHook : public FutureHook {
 public:
  WatchHook(std::shared_ptr<TransactionHook> transaction, Watched watched, std::shared_ptr<WeakLink<Keyspace>> keyspace)
      : transaction_(std::move(transaction)), watched_(std::move(watched)), keyspace_(std::move(keyspace)) {}
  void before_look(Future& future) override { transaction_->before_look(future); }
  void after_cancel(Future& future) override;
  const Watched& watched() const { return watched_; }

 private:
  const std::shared_ptr<TransactionHook> transaction_;
  const Watched watched_;
  const std::shared_ptr<WeakLink<Keyspace>> keyspace_;
};

class TransactionLink {
 public:
  TransactionLink(TransactionState* transaction, Network& network) : transaction_(transaction), network_(network) {}

  // Made when it is asked for first: most transactions need none.
  const std::shared_ptr<TransactionHook>& hook();
  // Runs `task()` on the network thread at `when_micros` of real time or of the database's, unless the transaction is gone by then; it
  // is not during the task.
  template <class Task>
  Network::TimerId at(int64_t when_micros, Task task) {
    return network_.at(when_micros, while_alive(std::move(task)));
  }
  template <class Task>
  Network::TimerId at(const Clock& clock, int64_t when_micros, TimerKind kind, Task task) {
    return network_.at(clock, when_micros, kind, while_alive(std::move(task)));
  }
  // For the transaction's destructor, first of all.
  void cut() {
    if (hook_) hook_->cut();
  }

 private:
  template <class Task>
  auto while_alive(Task task) {
    return [link = hook(), task = std::move(task)] {
      if (const Ref<TransactionState> alive = link->lock()) task();
    };
  }

  TransactionState* const transaction_;
  Network& network_;
  std::shared_ptr<TransactionHook> hook_;
};

}  // namespace fdb
