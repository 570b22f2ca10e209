#include "txn/transaction_link.h"

#include "txn/transaction_state.h"

namespace fdb {

void TransactionHook::before_look(Future&) {
  if (const Ref<TransactionState> alive = lock()) alive->deliver_commit();
}

void WatchHook::after_cancel(Future&) {
  if (const Ref<TransactionState> alive = transaction_->lock()) alive->forget_watch(watched_);
  if (const Ref<Keyspace> alive = keyspace_->lock()) alive->watches().remove(watched_);
}

const std::shared_ptr<TransactionHook>& TransactionLink::hook() {
  if (!hook_) hook_ = std::make_shared<TransactionHook>(transaction_);
  return hook_;
}

}  // namespace fdb
