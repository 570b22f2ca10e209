// fdb_transaction_watch.
#include "db/system_keys.h"
#include "txn/transaction.h"

namespace fdb {

Ref<Future> Transaction::watch(Slice key) {
  Lock lock(mutex_);
  if (Error error = refusal()) return answer_error(error);
  if (options_.read_your_writes_disabled) return answer_error(err::kWatchesDisabled);
  const bool metadata = key == system_keys::kMetadataVersion;
  const bool checked = behavior().watch_checks_system_access && !metadata;
  const bool outside = key >= system_keys::kSystemEnd || (checked && key >= options_.max_read_key());
  if (outside) return answer_error(err::kKeyOutsideLegalRange);
  if (key.size() > options_.max_key_size(key, true)) return answer_error(err::kKeyTooLarge);
  attempt_.used = true;
  if (latency_.disturbed() && !metadata && !reads(attempt_.writes).knows(key)) {
    if (Error error = disturb_read(key, Slice())) return answer_error(error);
    delay_micros_ = 0;  // nobody waits for what a watch reads
  }
  ValueResult seen;
  size_.add(watches_.take_answered());
  const int64_t size = size_.approximate();
  const bool known = reads(attempt_.writes).knows(key);
  const Error error = read_watched(attempt_.writes, key, &seen);
  const int64_t added = known ? 0 : size_.take_back_to(size);
  if (error == err::kFutureVersion) return wait_for_watched(key);
  if (error != 0) return answer_error(error);  // the commit waits for the read, but does not mind
  auto future = make_ref<Future>(network_);
  std::shared_ptr<const Watched> watched;
  const Error refused = keep_watch(key, std::move(seen), future, &watched);
  if (!known) watches_.add_unread(future, std::move(watched), added);
  if (refused != 0) return answer_error(refused);
  if (answers_late()) watch_is_read_late(future);
  if (network_.stopped()) future->fail(err::kBrokenPromise);
  return future;
}

Error Transaction::read_watched(const WriteMap& overlay, Slice key, ValueResult* seen) {
  if (Error error = reads(overlay).value(key, false, seen)) return error;
  // A value of this transaction's own needed no snapshot, but the key of a tenant needs its prefix.
  return view_.in_tenant() ? view_.ensure_point(options_) : 0;
}

// A watch on a version that is still to come waits for it as a read does, reports its failure, and watches from then on.
Ref<Future> Transaction::wait_for_watched(Slice key) {
  auto future = make_ref<Future>(network_);
  wait_for_version(future, [this, owned = Bytes(key), watching = future.get()](const WriteMap& overlay, Result*) {
    ValueResult seen;
    if (Error error = read_watched(overlay, owned, &seen)) return error;
    const Error refused = keep_watch(owned, std::move(seen), Ref<Future>(watching));
    return refused != 0 ? refused : WaitingReads::kStaysPending;
  });
  return future;
}

Error Transaction::keep_watch(Slice key, ValueResult seen, const Ref<Future>& future, std::shared_ptr<const Watched>* kept) {
  Watched made;
  made.key = view_.full_key(key);
  made.prefix_size = made.key.size() - key.size();
  if (seen.present) made.remembered = std::move(seen.value);
  const auto hook = std::make_shared<WatchHook>(link_.hook(), std::move(made), keyspace().link());
  const std::shared_ptr<const Watched> watched(hook, &hook->watched());
  future->set_hook(hook);
  const Error refused = watches_.add(future, watched, database_->watch_slots());
  if (refused == 0 && kept) *kept = watched;
  return refused;
}

}  // namespace fdb
