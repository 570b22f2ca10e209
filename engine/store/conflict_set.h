// Which parts of the key space were written by commits of the last five seconds, and when.
//
// Thread-safety: none; the committer calls it under its lock.
// Model: a step function key -> version of the newest write; conflicts() asks for its maximum over a range. Single keys, which most
// writes are, lie in PointWrites; what is said of boundaries holds for wider ranges.
#pragma once

#include "base/common.h"

namespace fdb {

class ConflictSet {
 public:
  ConflictSet();
  ~ConflictSet();
  ConflictSet(const ConflictSet&) = delete;
  ConflictSet& operator=(const ConflictSet&) = delete;

  // Records a write of [begin, end) at `version`, which is at least as new as every earlier one. If there is no memory for
  // that it throws, and nothing has changed.
  void add(Slice begin, Slice end, Version version);
  // Whether a part of [begin, end) was written after `since`. Logarithmic, also for ranges over many writes.
  bool conflicts(Slice begin, Slice end, Version since) const;
  // Writes at or before `version` will not be asked for any more. Amortised constant per call.
  void forget(Version version) noexcept;
  size_t size() const;  // boundaries and single keys held, for tests

 private:
  struct Impl;
  Impl* impl_;
};

}  // namespace fdb
