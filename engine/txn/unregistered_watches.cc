// Watches of a transaction: from the call to the registration after the commit.
#include "base/env.h"
#include "db/system_keys.h"
#include "txn/transaction.h"

namespace fdb {

namespace {

constexpr int64_t kWatchReadMicros = 20'000;

}  // namespace

// ---- the call --------------------------------------------------------------------------------------

Ref<Future> Transaction::watch(Slice key) {
  Lock lock(mutex_);
  if (Error error = refusal()) return answer_error(error);
  if (options_.read_your_writes_disabled) return answer_error(err::kWatchesDisabled);
  const bool metadata = key == system_keys::kMetadataVersion;
  const bool checked = behavior().watch_checks_system_access && !metadata;
  const bool outside = key >= system_keys::kSystemEnd || (checked && key >= max_read_key());
  if (outside) return answer_error(err::kKeyOutsideLegalRange);
  if (key.size() > max_key_size(key, true)) return answer_error(err::kKeyTooLarge);
  used_ = true;
  ValueResult seen;
  count_watch_reads();
  const int64_t size = approximate_size_;
  const bool known = is_known(key);
  const Error error = read_watched(key, &seen);
  const int64_t added = approximate_size_ - size;
  if (!known) approximate_size_ = size;
  if (error == err::kFutureVersion) return wait_for_watched(key);
  if (error != 0) return answer_error(error);  // the commit waits for the read, but does not mind
  auto future = make_ref<Future>();
  UnreadWatch unread{future, nullptr, added, Env::current().monotonic_micros()};
  const Error refused = keep_watch(key, std::move(seen), future, &unread.watched);
  if (!known) {
    watch_round_trip_ = keyspace().round_trips();
    unread_watches_.push_back(std::move(unread));
  }
  if (refused != 0) return answer_error(refused);
  if (answers_late()) watch_is_read_late(future);
  if (network_.stopped()) future->fail(err::kBrokenPromise);
  return future;
}

Error Transaction::read_watched(Slice key, ValueResult* seen) {
  if (Error error = read_value(key, false, seen)) return error;
  // A value of this transaction's own needed no snapshot, but the key of a tenant needs its prefix.
  return tenant_ ? ensure_read_point() : 0;
}

// A watch on a version that is still to come waits for it as a read does, reports its failure, and watches from then on.
Ref<Future> Transaction::wait_for_watched(Slice key) {
  auto future = make_ref<Future>();
  wait_for_version(future, [this, owned = Bytes(key), watching = future.get()](Result*) {
    ValueResult seen;
    if (Error error = read_watched(owned, &seen)) return error;
    const Error refused = keep_watch(owned, std::move(seen), Ref<Future>(watching));
    return refused != 0 ? refused : kStaysPending;
  });
  return future;
}

Error Transaction::keep_watch(Slice key, ValueResult seen, const Ref<Future>& future, std::shared_ptr<const Watched>* kept) {
  const auto watched = std::make_shared<Watched>();
  watched->key = full_key(key);
  if (seen.present) watched->remembered = std::move(seen.value);
  auto watch_hook = std::make_shared<WatchHook>(hook(), watched, keyspace().link());
  future->set_hook(std::move(watch_hook));
  const std::shared_ptr<WatchSlots>& slots = database_->watch_slots();
  if (!slots->acquire()) return err::kTooManyWatches;
  Ref<Watch> watch;
  try {
    watch = make_ref<Watch>(slots, future, watched);
  } catch (...) {
    slots->release();
    throw;
  }
  unregistered_watches_.insert(std::move(watch));
  if (kept) *kept = watched;
  return 0;
}

// Whether a read of the key is answered by what the transaction has written and read.
bool Transaction::is_known(Slice key) {
  if (!writes_.empty()) {
    const WriteMap::Segment segment = writes_.segment(key);
    if (!segment.is_unmodified() && !(segment.is_operation() && !segment.is_independent())) return true;
  }
  return read_log_.covers(key, key_after(key));
}

// A watch returns before its read is answered, and the read counts in the size from then on. That is when something else
// has been answered meanwhile, or some time has passed.
void Transaction::count_watch_reads() {
  if (unread_watches_.empty()) return;
  const bool answered = keyspace().round_trips() != watch_round_trip_;
  const int64_t since = Env::current().monotonic_micros() - kWatchReadMicros;
  while (!unread_watches_.empty() && (answered || unread_watches_.front().issued_micros <= since)) {
    approximate_size_ += unread_watches_.front().size;
    unread_watches_.pop_front();
  }
}

// A watch whose read is not answered fails as a read does; later it stays pending in a transaction that is cancelled.
void Transaction::fail_unread_watches(Error error) {
  count_watch_reads();
  if (answers_late()) return;  // late_answers_ knows which these are
  for (const UnreadWatch& unread : std::exchange(unread_watches_, {})) {
    if (!unread.watched) continue;
    unread.future->fail(error);
    unregistered_watches_.take(*unread.watched);
  }
}

// ---- until the commit ------------------------------------------------------------------------------

Bytes Transaction::full_key(Slice key) const {
  return prefix_.empty() || key == system_keys::kMetadataVersion ? Bytes(key) : prefix_ + Bytes(key);
}

void Transaction::trigger_watches(Slice key, const std::optional<Slice>& value) {
  if (unregistered_watches_.empty()) return;
  unregistered_watches_.take_changed(full_key(key), value,
                                     [this](const Ref<Watch>& watch) { network_.deliver(watch->future(), Void{}); });
}

void Transaction::trigger_all_watches(Slice key) {
  if (unregistered_watches_.empty()) return;
  unregistered_watches_.take_all(full_key(key), [this](const Ref<Watch>& watch) { network_.deliver(watch->future(), Void{}); });
}

void Transaction::trigger_watches_in(Slice begin, Slice end) {
  if (unregistered_watches_.empty()) return;
  const auto cleared = [](Slice) { return WatchIndex::Value(); };
  unregistered_watches_.take_changed_in(prefix_ + Bytes(begin), prefix_ + Bytes(end), cleared,
                                        [this](const Ref<Watch>& watch) { network_.deliver(watch->future(), Void{}); });
}

void Transaction::forget_watch(const Watched& watched) {
  Ref<Watch> forgotten;  // released after the lock
  Lock lock(mutex_);
  forgotten = unregistered_watches_.take(watched);
}

void Transaction::end_watches(Error error) {
  unregistered_watches_.take_everything([error](const WatchIndex::Entry& entry) { entry.value()->future()->fail(error); });
}

void Transaction::activate_watches() {
  for (const UnreadWatch& unread : std::exchange(unread_watches_, {}))
    approximate_size_ += unread.size;  // the commit has waited
  unregistered_watches_.take_everything(
      [this](WatchIndex::Entry entry) { keyspace().watches().activate(std::move(entry), keyspace()); });
}

}  // namespace fdb
