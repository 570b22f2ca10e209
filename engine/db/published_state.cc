#include "db/published_state.h"

#include <algorithm>
#include <mutex>

namespace fdb {

namespace {

// An idle database commits an empty batch when a read version would be older than this.
constexpr Version kIdleBatchAge = kVersionsPerSecond;

}  // namespace

PublishedState::PublishedState(const Clock& time, Snapshot content, Version first)
    : time_(time), start_micros_(time.now()), first_(first), published_{first, std::move(content)}, newest_commit_(first) {}

Version PublishedState::clock() const {
  return std::min(first_ + (time_.now() - start_micros_), limit_.load(std::memory_order_acquire));
}

int64_t PublishedState::micros_until(Version version) const { return std::max<Version>(0, version - clock()); }

// ---- what is read ----------------------------------------------------------------------------------

ReadPoint PublishedState::read_point() {
  std::lock_guard lock(mutex_);
  const Version now = clock();
  if (now - published_.version > kIdleBatchAge && !is_applying()) published_.version = now;
  ReadPoint point = published_;
  point.snapshot.set_as_of(point.version);
  return point;
}

Snapshot PublishedState::current() {
  std::lock_guard lock(mutex_);
  Snapshot snapshot = published_.snapshot;
  snapshot.set_as_of(published_.version);
  return snapshot;
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
  if (*superseded) return 0;
  *snapshot = published_.snapshot;
  snapshot->set_as_of(version);
  return 0;
}

// ---- commits ---------------------------------------------------------------------------------------

// What is published counts as the state right before the commit: who reads while a long commit is applied reads at a fresh version.
Version PublishedState::assign() {
  std::lock_guard lock(mutex_);
  const Version next = std::max(clock(), std::max(published_.version, assigned_) + 1);
  if (next > limit_.load(std::memory_order_relaxed)) return kInvalidVersion;
  if (!is_applying()) published_.version = next - 1;
  assigned_before_ = assigned_;
  return assigned_ = next;
}

void PublishedState::publish(Version version, Snapshot snapshot) noexcept {
  std::lock_guard lock(mutex_);
  std::swap(published_.snapshot, snapshot);
  published_.version = newest_commit_ = version;
}

void PublishedState::give_up(Version version) {
  std::lock_guard lock(mutex_);
  assigned_ = assigned_before_;
  if (!is_applying()) published_.version = version;
}

void PublishedState::withdraw() noexcept {
  std::lock_guard lock(mutex_);
  published_.version = std::max(published_.version, assigned_);
}

void PublishedState::restate(Snapshot same) noexcept {
  std::lock_guard lock(mutex_);
  std::swap(published_.snapshot, same);
}

Version PublishedState::newest() {
  std::lock_guard lock(mutex_);
  return std::max(published_.version, assigned_);
}

void PublishedState::skip(Version count) {
  std::lock_guard lock(mutex_);
  published_.version += count;
}

}  // namespace fdb
