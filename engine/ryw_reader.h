// Reading a snapshot through the uncommitted writes of a transaction (semantics.md, sections 6 and 7).
//
// Thread-safety: none; used within one call under the transaction's lock.
#pragma once

#include <optional>

#include "future.h"
#include "version_store.h"
#include "write_map.h"

namespace fdb {

struct KeySelector {
  Slice key;
  bool or_equal;
  int offset;
};

// A snapshot as one transaction sees it: relative to a tenant's prefix, and ending at the highest readable key.
struct View {
  const Snapshot* snapshot;
  Slice prefix;
  Slice max_key;  // relative; keys at or above it are invisible
};

// Walks over the keys that are visible to the transaction.
class MergedCursor {
 public:
  // `overlay` may be null: then only the snapshot counts.
  MergedCursor(const View& view, const WriteMap* overlay);

  // To the first visible key in [key, bound), or nowhere.
  void seek(Slice key, Slice bound);
  // To the last visible key in [bound, key), or nowhere.
  void seek_before(Slice key, Slice bound);
  // To the next visible key below `bound`; to the previous visible key at or above `bound`.
  void next(Slice bound);
  void prev(Slice bound);

  bool valid() const { return valid_; }
  // 1036 when the walk came upon something unreadable; then not valid.
  Error error() const { return error_; }
  // Valid until the cursor moves.
  Slice key() const { return key_; }
  Slice value() const { return value_; }

 private:
  void yield_snapshot();
  void forward(Slice from, bool after, Slice bound);
  void backward(Slice from, Slice bound);
  bool yield_operation(const WriteMap::Segment& segment);
  bool snapshot_valid() const;
  Slice snapshot_key() const { return cursor_.key().substr(view_.prefix.size()); }
  void snapshot_seek(Slice key);
  void snapshot_seek_before(Slice key);

  const View view_;
  const WriteMap* const overlay_;
  Cursor cursor_;
  Bytes scratch_;  // for prefixed keys
  Bytes limit_;    // of a tenant's keys, with prefix
  bool on_snapshot_ = false;
  bool valid_ = false;
  Error error_ = 0;
  Slice key_;
  Slice value_;
  Bytes own_key_;
  Bytes own_value_;
};

// What a selector resolves to, and how the walk ended.
struct ResolvedKey {
  Bytes key;
  bool off_begin = false;  // fewer keys precede than the offset asks for
  bool off_end = false;    // the offset is above 1 and fewer keys follow
};

Error resolve_selector(const View& view, const WriteMap* overlay, const KeySelector& selector, ResolvedKey* resolved);

}  // namespace fdb
