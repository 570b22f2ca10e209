#include "txn/unregistered_watches.h"

#include <utility>

namespace fdb {

namespace {

constexpr int64_t kReadMicros = 20'000;

}  // namespace

Error UnregisteredWatches::add(const Ref<Future>& future, const std::shared_ptr<const Watched>& watched,
                               const std::shared_ptr<WatchSlots>& slots) {
  if (!slots->acquire()) return err::kTooManyWatches;
  Ref<Watch> watch;
  try {
    watch = make_ref<Watch>(slots, future, watched);
  } catch (...) {
    slots->release();
    throw;
  }
  index_.insert(std::move(watch));
  return 0;
}

// ---- reads that are not answered -------------------------------------------------------------------

void UnregisteredWatches::add_unread(const Ref<Future>& future, std::shared_ptr<const Watched> watched, int64_t size) {
  unread_.push_back({future, std::move(watched), size, keyspace_->clock().now()});
  round_trip_ = keyspace_->round_trips();
}

int64_t UnregisteredWatches::take_answered() {
  if (unread_.empty()) return 0;
  const bool answered = keyspace_->round_trips() != round_trip_;
  const int64_t since = keyspace_->clock().now() - kReadMicros;
  int64_t size = 0;
  while (!unread_.empty() && (answered || unread_.front().issued_micros <= since)) {
    size += unread_.front().size;
    unread_.pop_front();
  }
  return size;
}

int64_t UnregisteredWatches::take_unread() {
  if (unread_.empty()) return 0;
  int64_t size = 0;
  for (const Unread& unread : std::exchange(unread_, {})) size += unread.size;
  return size;
}

void UnregisteredWatches::fail_unread(Error error) {
  for (const Unread& unread : std::exchange(unread_, {})) {
    if (!unread.watched) continue;
    unread.future->fail(error);
    index_.take(*unread.watched);
  }
}

// ---- until the commit ------------------------------------------------------------------------------

void UnregisteredWatches::trigger(Slice key, const std::optional<Slice>& value) {
  index_.take_changed(key, value, [this](const Ref<Watch>& watch) { fire(watch); });
}

void UnregisteredWatches::trigger_all(Slice key) {
  index_.take_all(key, [this](const Ref<Watch>& watch) { fire(watch); });
}

void UnregisteredWatches::trigger_cleared(Slice begin, Slice end) {
  const auto cleared = [](Slice) { return WatchIndex::Value(); };
  index_.take_changed_in(begin, end, cleared, [this](const Ref<Watch>& watch) { fire(watch); });
}

void UnregisteredWatches::end(Error error) {
  index_.take_everything([error](const WatchIndex::Entry& entry) { entry.value()->future()->fail(error); });
}

void UnregisteredWatches::activate() noexcept {
  index_.take_everything([this](WatchIndex::Entry entry) { keyspace_->watches().activate(std::move(entry)); });
}

}  // namespace fdb
