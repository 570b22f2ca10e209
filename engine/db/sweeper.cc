#include "db/sweeper.h"

#include <array>
#include <new>

namespace fdb {

namespace {

constexpr size_t kUsers = 32;  // in one piece of work
constexpr int kSteps = 256;

}  // namespace

void Sweeper::move(KeyspaceUser* user, Version from, Version to) {
  if (from == to) return;
  std::lock_guard lock(mutex_);
  if (from == kNone) {
    holders_.emplace(to, user);
    return;
  }
  auto place = holders_.extract({from, user});
  if (to == kNone) return;
  place.value().first = to;
  holders_.insert(std::move(place));
}

bool Sweeper::sweep(Version horizon) {
  std::array<Ref<KeyspaceUser>, kUsers> found;
  size_t count = 0;
  {
    std::lock_guard lock(mutex_);
    auto at = holders_.upper_bound(last_);
    if (at == holders_.end() || at->first >= horizon) at = holders_.begin();
    for (; count < kUsers && at != holders_.end() && at->first < horizon; ++at) {
      last_ = *at;
      if (at->second->try_add_ref()) found[count++] = Ref<KeyspaceUser>::adopt(at->second);
    }
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
  return !holders_.empty() && holders_.begin()->first < horizon;
}

bool Sweeper::empty() {
  std::lock_guard lock(mutex_);
  return holders_.empty();
}

}  // namespace fdb
