#include "db/watches.h"

#include "db/keyspace.h"
#include "runtime/network.h"
#include "store/leaf_use.h"

namespace fdb {

bool WatchSlots::acquire() {
  int64_t taken = taken_.load(std::memory_order_relaxed);
  do {
    if (taken >= most_.load(std::memory_order_relaxed)) return false;
  } while (!taken_.compare_exchange_weak(taken, taken + 1, std::memory_order_relaxed));
  return true;
}

// ---- one watch -------------------------------------------------------------------------------------

// Made with the watch, so that nothing has to be allocated when it fires.
struct Watch::Firing : Work {
  Ref<Watch> watch;
  void run() override { watch->future_->complete(Void{}); }
};

Watch::Watch(std::shared_ptr<WatchSlots> slots, Ref<Future> future, std::shared_ptr<const Watched> watched)
    : slots_(std::move(slots)), future_(std::move(future)), watched_(std::move(watched)), firing_(std::make_unique<Firing>()) {}

Watch::~Watch() { slots_->release(); }

void Watch::fire(Ref<Watch> watch, Network& network) noexcept {
  std::unique_ptr<Firing> firing = std::move(watch->firing_);
  firing->watch = std::move(watch);
  network.post(std::move(firing));
}

// ---- an index --------------------------------------------------------------------------------------

const Watched* const WatchIndex::kLast = reinterpret_cast<const Watched*>(UINTPTR_MAX);

bool WatchIndex::ByPlace::less(const Place& left, const Place& right) {
  if (left.present != right.present) return right.present;
  if (const int order = left.key.compare(right.key)) return order < 0;
  if (const int order = left.value.compare(right.value)) return order < 0;
  return std::less<const Watched*>()(left.identity, right.identity);
}

Ref<Watch> WatchIndex::take(const Watched& watched) {
  const auto at = watches_.find(place_of(watched));
  return at == watches_.end() ? Ref<Watch>() : std::move(watches_.extract(at).value());
}

// ---- the watches of a keyspace ---------------------------------------------------------------------

WatchRegistry::~WatchRegistry() {
  // Nothing can change the values any more.
  index_.take_everything([](const WatchIndex::Entry& entry) { entry.value()->future()->fail(err::kOperationCancelled); });
}

namespace {

// What cannot be read now may have changed.
bool has_changed(const Watched& watched, const Snapshot& current) noexcept {
  try {
    Slice value;
    const bool present = current.get(watched.key, &value);
    return present != watched.remembered.has_value() || (present && value != *watched.remembered);
  } catch (...) {
    return true;
  }
}

}  // namespace

void WatchRegistry::activate(WatchIndex::Entry entry) noexcept {
  const store::LeafUse leaf_use;
  const Ref<Watch> watch = entry.value();
  reach(Point::kWatchActivating);
  {
    std::lock_guard lock(mutex_);
    if (watch->future()->is_ready_quietly()) return;
    index_.insert(std::move(entry));
    count();
  }
  reach(Point::kWatchRegistered);
  compare(watch->watched(), [this](Ref<Watch> changed) { fire(std::move(changed)); });
}

// Only this watch: for others, which may have been registered meanwhile, this value could be an old one.
template <class Fire>
void WatchRegistry::compare(const Watched& watched, Fire&& fire) noexcept {
  if (!has_changed(watched, keyspace_.current())) return;
  std::lock_guard lock(mutex_);
  if (Ref<Watch> changed = index_.take(watched)) fire(std::move(changed));
  count();
}

// ---- faults ----------------------------------------------------------------------------------------

bool WatchRegistry::is_put_off(const Ref<Watch>& watch) noexcept {
  if (!keyspace_.latency().disturbed()) return false;
  try {
    const KeysOccasion occasion(site::kWatch, watch->watched().key_in_tenant(), Slice());
    const Fault fault = keyspace_.faults().decide(occasion);
    if (!fault.is_lost && fault.delay_micros == 0) return false;
    const Clock& clock = keyspace_.clock();
    network_.at(clock, clock.now() + fault.delay_micros, TimerKind::kWait,
                [this, watch, is_lost = fault.is_lost, link = keyspace_.link()] {
                  const Ref<Keyspace> alive = is_lost ? link->lock() : Ref<Keyspace>();
                  if (alive) return renew(watch);
                  is_lost ? watch->future()->fail(err::kOperationCancelled) : watch->future()->complete(Void{});
                });
    return true;
  } catch (...) {
    return false;
  }
}

// What happened while the watch was lost shows in the value alone.
void WatchRegistry::renew(const Ref<Watch>& watch) noexcept {
  const store::LeafUse leaf_use;
  try {
    std::lock_guard lock(mutex_);
    if (watch->future()->is_ready_quietly()) return;
    index_.insert(Ref<Watch>(watch));
    count();
  } catch (...) {
    return Watch::fire(watch, network_);  // a program has to bear with one too many
  }
  compare(watch->watched(), [this](Ref<Watch> changed) { Watch::fire(std::move(changed), network_); });
}

void WatchRegistry::remove(const Watched& watched) {
  Ref<Watch> removed;  // released after the lock
  std::lock_guard lock(mutex_);
  removed = index_.take(watched);
  count();
}

void WatchRegistry::check(Slice key, const Snapshot& published) {
  const store::LeafUse leaf_use;
  std::lock_guard lock(mutex_);
  if (!index_.watches(key)) return;
  Slice found;
  WatchIndex::Value value;
  if (published.get(key, &found)) value = found;
  index_.take_changed(key, value, [this](Ref<Watch> watch) { fire(std::move(watch)); });
  count();
}

void WatchRegistry::check_range(Slice begin, Slice end, const Snapshot& published) {
  const store::LeafUse leaf_use;
  std::lock_guard lock(mutex_);
  const auto value_of = [&](Slice key) {
    Slice found;
    return published.get(key, &found) ? WatchIndex::Value(found) : std::nullopt;
  };
  index_.take_changed_in(begin, end, value_of, [this](Ref<Watch> watch) { fire(std::move(watch)); });
  count();
}

}  // namespace fdb
