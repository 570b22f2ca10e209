// Which keys were written when, as far back as a commit may still have read.
//
// Thread-safety: none; it belongs to the committer.
// Invariant: no commit is checked against writes that are forgotten: a read version from before them is too old.
#pragma once

#include <vector>

#include "db/applied_commit.h"
#include "db/commit_request.h"
#include "store/conflict_set.h"

namespace fdb {

class ConflictWindow {
 public:
  // Nothing is known of writes up to `forgotten`.
  explicit ConflictWindow(Version forgotten = 0) : forgotten_(forgotten) {}

  // 1007: what was written since its read version is not known any more.
  Error check_age(const CommitRequest& request) const;
  // 1020 when a range that it has read was written since; adds their indexes to `conflicting` if the request wants to know.
  Error check(const CommitRequest& request, std::vector<size_t>* conflicting) const;
  // What later commits have to know of this one.
  void add(const CommitRequest& request, const AppliedCommit& applied, Version version);
  // Versions up to `horizon` are out of the window.
  void forget(Version horizon);

 private:
  ConflictSet set_;
  Version forgotten_;  // writes up to this version may be missing
};

}  // namespace fdb
