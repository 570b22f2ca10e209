// Which single keys were written by recent commits, and when: a log whose newest part is not sorted and whose older parts, the
// runs, are. A write is an append. A question looks at what is newer than the version that it names: for most of them at nothing.
//
// Thread-safety: none; the committer calls it under its lock.
// Invariants:
//  1. The tail is newer than every run, and a run newer than those before it. A run is one allocation and has each of its keys once.
//  2. Levels do not grow from run to run; kFanOut runs of a level become one of the next. So there are few runs, one add() merges
//     a bounded number of keys, and an entry is merged at most kLevels times.
//  3. An add() that throws has changed nothing. Runs that cannot be merged for want of memory stay as they are.
#pragma once

#include <memory>
#include <vector>

#include "base/common.h"

namespace fdb {

class PointWrites {
 public:
  PointWrites();
  ~PointWrites();
  PointWrites(const PointWrites&) = delete;
  PointWrites& operator=(const PointWrites&) = delete;

  // Records a write of `key` at `version`, which is at least as new as every earlier one.
  void add(Slice key, Version version);
  // Whether a key in [begin, end) was written after `since`.
  bool conflicts(Slice begin, Slice end, Version since) const { return newest_ > since && is_newer_than(begin, end, since); }
  // Writes at or before `version` will not be asked for any more. Frees at most one run.
  void forget(Version version) noexcept;
  // Writes held, for tests.
  size_t size() const;
  // Bytes held, for tests.
  size_t memory() const;

 private:
  static constexpr size_t kTail = 128;
  static constexpr size_t kFanOut = 8;
  static constexpr int kLevels = 3;
  static constexpr size_t kMostTailBytes = 64 << 10;
  static constexpr size_t kMostMergedBytes = 4 << 20;

  struct Run;
  struct FreeRun {
    void operator()(Run* run) const noexcept;
  };
  using OwnedRun = std::unique_ptr<Run, FreeRun>;
  struct Written {
    Version version;
    uint32_t offset;  // of the key in tail_bytes_
    uint32_t size;
  };
  struct Entry;
  class Source;

  Slice key_of(const Written& written) const { return Slice(tail_bytes_.data() + written.offset, written.size); }
  bool is_newer_than(Slice begin, Slice end, Version since) const;
  void seal_tail();
  void merge_runs() noexcept;
  OwnedRun merged(size_t first) const;
  static OwnedRun make_run(size_t entries, size_t bytes, int level, Version oldest);
  static void finish(Run* run) noexcept;

  std::vector<Written> tail_;  // has room for kTail
  std::vector<char> tail_bytes_;
  std::vector<OwnedRun> runs_;  // from the oldest on
  Version newest_;
  Version forgotten_;
};

}  // namespace fdb
