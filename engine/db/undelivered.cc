#include "db/undelivered.h"

#include <array>

namespace fdb {

namespace {

constexpr size_t kAtOnce = 32;

}  // namespace

void Undelivered::unlink(Place* place) {
  if (place != first_ && !place->previous) return;  // not in the list
  (place->previous ? place->previous->next : first_) = place->next;
  (place->next ? place->next->previous : last_) = place->previous;
  place->previous = place->next = nullptr;
}

bool Undelivered::add(Place* place, int64_t now) {
  std::lock_guard lock(mutex_);
  unlink(place);
  place->due = now + kPatienceMicros;
  place->previous = last_;
  (last_ ? last_->next : first_) = place;
  last_ = place;
  return !std::exchange(armed_, true);
}

void Undelivered::remove(Place* place) {
  std::lock_guard lock(mutex_);
  unlink(place);
}

int64_t Undelivered::deliver(int64_t now) {
  std::array<Ref<KeyspaceUser>, kAtOnce> due;
  std::array<Place*, kAtOnce> places;
  size_t count = 0;
  {
    std::lock_guard lock(mutex_);
    while (first_ && first_->due <= now && count < kAtOnce) {
      Place* place = first_;
      unlink(place);
      if (!place->user->try_add_ref()) continue;
      places[count] = place;
      due[count++] = Ref<KeyspaceUser>::adopt(place->user);
    }
  }
  for (size_t i = 0; i < count; ++i) {
    if (!due[i]->deliver_commit_unless_busy()) add(places[i], now);
  }
  std::lock_guard lock(mutex_);
  armed_ = first_ != nullptr;
  return armed_ ? first_->due : -1;
}

void Undelivered::disarm() {
  std::lock_guard lock(mutex_);
  armed_ = false;
}

}  // namespace fdb
