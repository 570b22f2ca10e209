// The newest published state of one database, and the clock of its versions, which grow with the database's time.
//
// Thread-safety: every member may be called from any thread; assign(), give_up() and withdraw() by one at a time, and publish() by
// one at a time.
// Invariants:
//  1. Versions of commits increase strictly; a snapshot is published under exactly one version.
//  2. Readers take (version, snapshot) under a short lock that no commit holds while it works. Only what is published and
//     older than any commit that is being applied is handed out.
//  3. No other lock is taken under that of this class.
//  4. No version beyond the limit is handed out or assigned.
#pragma once

#include <atomic>

#include "base/common.h"
#include "base/schedule.h"
#include "runtime/clock.h"
#include "store/version_store.h"

namespace fdb {

struct ReadPoint {
  Version version = kInvalidVersion;
  Snapshot snapshot;
};

class PublishedState {
 public:
  // A cluster that has run for a while: version 1 is already out of the window.
  static constexpr Version kFirstVersion = 20 * kVersionsPerSecond;

  // Versions follow `time`, which outlives this.
  PublishedState(const Clock& time, Snapshot content, Version first = kFirstVersion);

  Version clock() const;
  // The oldest version that may be read at.
  Version window_start() const { return clock() - kReadWindow; }
  bool too_old(Version version) const { return version < window_start(); }
  // Microseconds until the clock reaches `version`; 0 if it has.
  int64_t micros_until(Version version) const;

  // The newest committed state, as a new transaction reads it.
  ReadPoint read_point();
  // The same without any effect on versions.
  Snapshot current();
  // Whether `version` can be read at: 1007 when it is out of the window, 1009 when it is still to come. If no commit came
  // after it, `*snapshot` is its state, otherwise `*superseded` is set.
  Error state_at(Version version, Snapshot* snapshot, bool* superseded);

  // The version of a commit that is about to be applied; several may be on their way to publish(). kInvalidVersion: the limit is
  // reached.
  Version assign();
  void publish(Version version, Snapshot snapshot) noexcept;
  // The version that was assigned last goes by without a commit.
  void give_up(Version version);
  // All that were assigned and are not published do.
  void withdraw() noexcept;
  // The newest published state in another form, with the same content. Not while a commit is on its way.
  void restate(Snapshot same) noexcept;
  // The newest version that may be handed out; none at first.
  void set_limit(Version limit) noexcept { limit_.store(limit, std::memory_order_release); }
  Version limit() const noexcept { return limit_.load(std::memory_order_acquire); }
  // Nothing newer was handed out or assigned.
  Version newest();
  // Moves the versions ahead of the clock, as `count` commits do while the clock stands. For tests.
  void skip(Version count);

 private:
  bool is_applying() const { return assigned_ > published_.version; }

  const Clock& time_;
  const int64_t start_micros_;
  const Version first_;
  std::atomic<Version> limit_{INT64_MAX};
  Mutex mutex_;
  ReadPoint published_;
  Version assigned_ = 0;         // to the newest commit that is on its way, if it is beyond what is published
  Version assigned_before_ = 0;  // the same, as it was before that commit
  Version newest_commit_;        // whose state published_ is
};

}  // namespace fdb
