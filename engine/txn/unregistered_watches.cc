#include "txn/unregistered_watches.h"

#include <utility>

namespace fdb {

namespace {

constexpr int64_t kReadMicros = 20'000;

}  // namespace

Error UnregisteredWatches::add(const Ref<Future>& future, const std::shared_ptr<const Watched>& watched,
                               const std::shared_ptr<WatchSlots>& slots) {
  WatchIndex& index = lists().index;
  if (!slots->acquire()) return err::kTooManyWatches;
  Ref<Watch> watch;
  try {
    watch = make_ref<Watch>(slots, future, watched);
  } catch (...) {
    slots->release();
    throw;
  }
  index.insert(std::move(watch));
  return 0;
}

// ---- reads that are not answered -------------------------------------------------------------------

void UnregisteredWatches::add_unread(const Ref<Future>& future, std::shared_ptr<const Watched> watched, int64_t size) {
  lists().unread.push_back({future, std::move(watched), size, keyspace_->clock().now()});
  lists_->round_trip = keyspace_->round_trips();
}

int64_t UnregisteredWatches::take_answered() {
  if (!lists_ || lists_->unread.empty()) return 0;
  std::list<Unread>& unread = lists_->unread;
  const bool answered = keyspace_->round_trips() != lists_->round_trip;
  const int64_t since = keyspace_->clock().now() - kReadMicros;
  int64_t size = 0;
  while (!unread.empty() && (answered || unread.front().issued_micros <= since)) {
    size += unread.front().size;
    unread.pop_front();
  }
  return size;
}

int64_t UnregisteredWatches::take_unread() {
  if (!lists_ || lists_->unread.empty()) return 0;
  int64_t size = 0;
  for (const Unread& unread : std::exchange(lists_->unread, {})) size += unread.size;
  return size;
}

void UnregisteredWatches::fail_unread(Error error) {
  if (!lists_) return;
  for (const Unread& unread : std::exchange(lists_->unread, {})) {
    if (!unread.watched) continue;
    unread.future->fail(error);
    lists_->index.take(*unread.watched);
  }
}

// ---- until the commit ------------------------------------------------------------------------------

void UnregisteredWatches::trigger(Slice key, const std::optional<Slice>& value) {
  if (!lists_) return;
  lists_->index.take_changed(key, value, [this](const Ref<Watch>& watch) { fire(watch); });
}

void UnregisteredWatches::trigger_all(Slice key) {
  if (!lists_) return;
  lists_->index.take_all(key, [this](const Ref<Watch>& watch) { fire(watch); });
}

void UnregisteredWatches::trigger_cleared(Slice begin, Slice end) {
  if (!lists_) return;
  const auto cleared = [](Slice) { return WatchIndex::Value(); };
  lists_->index.take_changed_in(begin, end, cleared, [this](const Ref<Watch>& watch) { fire(watch); });
}

void UnregisteredWatches::end(Error error) {
  if (!lists_) return;
  lists_->index.take_everything([error](const WatchIndex::Entry& entry) { entry.value()->future()->fail(error); });
}

void UnregisteredWatches::activate() noexcept {
  if (!lists_) return;
  lists_->index.take_everything([this](WatchIndex::Entry entry) { keyspace_->watches().activate(std::move(entry)); });
}

}  // namespace fdb
