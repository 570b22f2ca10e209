// What a transaction submits to its keyspace, and what it is answered.
//
// Thread-safety: values.
#pragma once

#include <memory>
#include <vector>

#include "base/common.h"
#include "db/atomic_ops.h"
#include "store/range_set.h"

namespace fdb {

struct Mutation {
  Op op;
  Slice key;    // kClearRange: the begin
  Slice value;  // kClearRange: the end
};

// What a transaction submits. All bytes are borrowed from the transaction.
struct CommitRequest {
  Version read_version = kInvalidVersion;
  std::vector<Mutation> mutations;
  std::vector<KeyRange> read_conflicts;
  std::vector<KeyRange> write_conflicts;
  bool check_window = true;  // false: blind and CAUSAL_WRITE_RISKY
  bool lock_aware = false;
  bool report_conflicts = false;
  int64_t tenant_id = -1;  // the tenant that must still exist
};

// Who hears of a commit that is decided later.
class CommitReceiver {
 public:
  virtual ~CommitReceiver() = default;
  // Once: 0 when the commit is durable and published. On any thread, without a lock.
  virtual void decided(Error error) noexcept = 0;
};

struct CommitOutcome {
  Error error = 0;
  bool is_late = false;  // the receiver hears whether it fails after all
  Version version = kInvalidVersion;
  std::vector<size_t> conflicting;  // indexes into read_conflicts, if asked for
  Slice stamp() const { return Slice(stamp_bytes, sizeof stamp_bytes); }
  char stamp_bytes[10] = {};
};

}  // namespace fdb
