#include "db/published_state.h"

#include <algorithm>
#include <mutex>

#include "base/env.h"

namespace fdb {

namespace {

// An idle database commits an empty batch when a read version would be older than this.
constexpr Version kIdleBatchAge = kVersionsPerSecond;

}  // namespace

PublishedState::PublishedState(Snapshot content)
    : clock_start_(now_micros()), published_{kFirstVersion, std::move(content)}, newest_commit_(kFirstVersion) {}

Version PublishedState::clock() const { return kFirstVersion + (now_micros() - clock_start_); }

int64_t PublishedState::micros_until(Version version) const { return std::max<Version>(0, version - clock()); }

// ---- what is read ----------------------------------------------------------------------------------

ReadPoint PublishedState::read_point() {
  std::lock_guard lock(mutex_);
  const Version now = clock();
  if (now - published_.version > kIdleBatchAge && !is_applying()) published_.version = now;
  return published_;
}

Snapshot PublishedState::current() {
  std::lock_guard lock(mutex_);
  return published_.snapshot;
}

Error PublishedState::state_at(Version version, Snapshot* snapshot, bool* superseded) {
  if (too_old(version)) return err::kTransactionTooOld;
  std::lock_guard lock(mutex_);
  if (version > published_.version) {
    // The commit that is being applied gets this version or an older one.
    if (version > clock() || is_applying()) return err::kFutureVersion;
    published_.version = version;
  }
  *superseded = version < newest_commit_;
  if (!*superseded) *snapshot = published_.snapshot;
  return 0;
}

// ---- commits ---------------------------------------------------------------------------------------

// What is published counts as the state right before the commit: who reads while a long commit is applied reads at a fresh version.
Version PublishedState::assign() {
  std::lock_guard lock(mutex_);
  assigned_ = std::max(clock(), published_.version + 1);
  published_.version = assigned_ - 1;
  return assigned_;
}

void PublishedState::publish(Version version, Snapshot snapshot) noexcept {
  std::lock_guard lock(mutex_);
  std::swap(published_.snapshot, snapshot);
  published_.version = newest_commit_ = version;
}

void PublishedState::give_up(Version version) {
  std::lock_guard lock(mutex_);
  published_.version = version;
  assigned_ = 0;
}

void PublishedState::skip(Version count) {
  std::lock_guard lock(mutex_);
  published_.version += count;
}

}  // namespace fdb
