// Watches of a transaction: from the call to the registration after the commit.
#include "env.h"
#include "system_keys.h"
#include "transaction.h"

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
  const bool outside = key >= system_keys::kSystemEnd || (api_version() >= 300 && key >= max_read_key() && !metadata);
  if (outside) return answer_error(err::kKeyOutsideLegalRange);
  if (key.size() > max_key_size(key, true)) return answer_error(err::kKeyTooLarge);
  used_ = true;
  ValueResult seen;
  count_watch_reads();
  const int64_t size = approximate_size_;
  const bool known = read_log_.covers(key, key_after(key));
  const Error error = read_watched(key, &seen);
  if (!known) {
    watch_size_ += approximate_size_ - size;
    approximate_size_ = size;
    watch_round_trip_ = keyspace().round_trips();
    watch_read_micros_ = Env::current().monotonic_micros();
  }
  if (error == err::kFutureVersion) return wait_for_watched(key);
  if (error == err::kAccessedUnreadable) return answer_error(error);  // refused; the commit does not mind
  if (error != 0) return failed_read(error);
  auto future = make_ref<Future>();
  if (Error refused = keep_watch(key, std::move(seen), future)) return answer_error(refused);
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

Error Transaction::keep_watch(Slice key, ValueResult seen, const Ref<Future>& future) {
  const auto watched = std::make_shared<Watched>();
  watched->key = full_key(key);
  if (seen.present) watched->remembered = std::move(seen.value);
  auto watch_hook = std::make_shared<WatchHook>(hook(), watched, keyspace().link());
  if (!database_->watch_slots()->acquire()) return err::kTooManyWatches;
  unregistered_watches_.insert(make_ref<Watch>(database_->watch_slots(), future, watched));
  future->set_hook(std::move(watch_hook));
  return 0;
}

// A watch returns before its read is answered, and the read counts in the size from then on. That is when something else
// has been answered meanwhile, or some time has passed.
void Transaction::count_watch_reads() {
  if (watch_size_ == 0) return;
  const bool answered = keyspace().round_trips() != watch_round_trip_;
  if (!answered && Env::current().monotonic_micros() - watch_read_micros_ < kWatchReadMicros) return;
  approximate_size_ += watch_size_;
  watch_size_ = 0;
}

// ---- until the commit ------------------------------------------------------------------------------

Bytes Transaction::full_key(Slice key) const {
  return prefix_.empty() || key == system_keys::kMetadataVersion ? Bytes(key) : prefix_ + Bytes(key);
}

void Transaction::trigger_watches(Slice key, const std::optional<Slice>& value) {
  if (unregistered_watches_.empty()) return;
  unregistered_watches_.take_changed(full_key(key), value, [this](const Ref<Watch>& watch) { network_.deliver(watch->future(), Void{}); });
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
  unregistered_watches_.take_everything(
      [this](WatchIndex::Entry entry) { keyspace().watches().activate(std::move(entry), keyspace()); });
}

}  // namespace fdb
