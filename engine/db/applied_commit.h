// One commit, carried out on the state before it: the state after it, and its changes with everything resolved that only the
// committer knows: stamps, and what atomic operations come to.
//
// Thread-safety: none; it belongs to the committer.
#pragma once

#include <vector>

#include "base/arena.h"
#include "db/commit_request.h"
#include "store/commit_record.h"
#include "store/node_cache.h"
#include "store/version_store.h"

namespace fdb {

class AppliedCommit {
 public:
  // Counts as replaced the pages of `before` that are older than `mark` (Editor::next_mark()). `is_in_file`: leaves may be in a
  // table (Editor::keep_emptied_leaves()). `cache`, which may be null, outlives this. What the state after it shares with the one
  // before is settled at the end of this object: cheaply, if nobody else has the latter any more by then.
  AppliedCommit(Snapshot before, const std::vector<Mutation>& mutations, Slice stamp, uint64_t mark, bool is_in_file = false,
                store::NodeCache* cache = nullptr);

  const Snapshot& state() const { return state_; }
  // One for each mutation, in order. They borrow bytes from the mutations and from this object.
  const std::vector<Change>& changes() const { return changes_; }
  int64_t replaced_bytes() const { return editor_.replaced_bytes(); }
  int64_t copied_nodes() const { return editor_.copied_nodes(); }  // for tests
  // Whether a change may be one of the keys from \xff on.
  bool touches_system_keys() const { return touches_system_keys_; }

 private:
  void carry_out(const Mutation& mutation, Slice stamp);
  Slice with_stamp(Slice operand, Slice stamp);

  Arena arena_;
  std::vector<Change> changes_;
  Snapshot state_;
  Editor editor_;  // ends before the state
  bool touches_system_keys_ = false;
};

}  // namespace fdb
