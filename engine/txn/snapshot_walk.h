// Walking over the snapshot alone, in a transaction's own (tenant-relative) keys.
//
// Thread-safety: none; used within one call under the transaction's lock.
#pragma once

#include "store/version_store.h"
#include "txn/row_run.h"

namespace fdb {

// A snapshot as one transaction sees it: relative to a tenant's prefix.
struct View {
  const Snapshot* snapshot;
  Slice prefix;
  Slice max_key;  // the highest readable key; selectors do not go beyond it
  Slice end;      // of the key space
};

class SnapshotWalk {
 public:
  // What a selector resolves to over the whole view.
  struct Place {
    Bytes key;
    bool off_begin = false;
    bool off_end = false;
  };

  explicit SnapshotWalk(const View& view);

  void seek(Slice key);
  void seek_before(Slice key);
  void next() { cursor_.next(); }
  void prev() { cursor_.prev(); }
  bool valid() const;
  Slice key() const { return cursor_.key().substr(view_.prefix.size()); }
  Slice value() const { return cursor_.value(); }

  // From a row: those from there to the end of its leaf that are below `stop`, or those back to the begin of its leaf
  // that are not. Empty if the row itself is on the wrong side.
  RowRun rows_below(Slice stop);
  RowRun rows_down_to(Slice stop);
  // Steps over the first rows of such a run.
  void pass_forward(int rows) { cursor_.pass(rows); }
  void pass_backward(int rows) { cursor_.pass(-rows); }

  // How many of the snapshot's keys are below `key`, and the way to the one with so many below it. The view's own keys are those
  // from rank(first key) to rank(end).
  int64_t rank(Slice key) { return view_.snapshot->rank(prefixed(key)); }
  void seek_rank(int64_t rank) { cursor_.seek_rank(rank); }
  // What the keys and values in [begin, end) add up to.
  int64_t bytes_between(Slice begin, Slice end);

  // First-greater-or-equal resolves to its own key.
  Place resolve(Slice key, int64_t offset);
  // The key a selector names; the end of the view or the empty key if it runs off.
  Bytes find_key(Slice key, int64_t offset);

 private:
  Slice prefixed(Slice key);

  View view_;
  Cursor cursor_;
  Bytes scratch_;
  Bytes limit_;  // end of the view's keys, with prefix
};

}  // namespace fdb
