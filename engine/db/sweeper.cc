#include "db/sweeper.h"

#include <array>
#include <new>

namespace fdb {

namespace {

constexpr size_t kUsers = 32;  // in one piece of work
constexpr int kSteps = 256;
constexpr int kLooks = 8;  // for the place of a user in the list

}  // namespace

void Sweeper::unlink(Place* place) noexcept {
  if (next_ == place) next_ = place->next;
  (place->previous ? place->previous->next : first_) = place->next;
  (place->next ? place->next->previous : last_) = place->previous;
}

void Sweeper::link(Place* place) noexcept {
  Place* before = last_;
  for (int i = 0; i < kLooks && before && before->version > place->version; ++i) before = before->previous;
  place->previous = before;
  place->next = before ? before->next : first_;
  (before ? before->next : first_) = place;
  (place->next ? place->next->previous : last_) = place;
}

void Sweeper::move(Place* place, Version version) noexcept {
  if (place->version == version) return;
  std::lock_guard lock(mutex_);
  if (place->version != kNone) unlink(place);
  place->version = version;
  if (version != kNone) link(place);
}

bool Sweeper::sweep(Version horizon) {
  std::array<Ref<KeyspaceUser>, kUsers> found;
  size_t count = 0;
  {
    std::lock_guard lock(mutex_);
    if (next_ && next_->version >= horizon) next_ = nullptr;
    Place* at = next_ ? next_ : first_;
    for (; count < kUsers && at && at->version < horizon; at = at->next) {
      if (at->user->try_add_ref()) found[count++] = Ref<KeyspaceUser>::adopt(at->user);
    }
    next_ = at;
  }
  int steps = kSteps;
  for (size_t i = 0; i < count && steps > 0; ++i) {
    try {
      found[i]->release_snapshot(&steps);
    } catch (const std::bad_alloc&) {
      continue;  // its snapshot lives on until there is memory again
    } catch (const EngineError&) {
      continue;  // a leaf of it cannot be read any more, nor can who holds it
    }
  }
  std::lock_guard lock(mutex_);
  return first_ && first_->version < horizon;
}

bool Sweeper::empty() {
  std::lock_guard lock(mutex_);
  return first_ == nullptr;
}

}  // namespace fdb
