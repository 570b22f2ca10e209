// Where the rows of leaves come from that are not in memory.
//
// Thread-safety: every member may be called from any thread.
#pragma once

#include <functional>

#include "base/common.h"

namespace fdb {

// One leaf as it lies in the source: all rows there from `first` on, and below the first key of the next one.
struct StoredLeaf {
  Slice first;
  int64_t keys = 0;
  int64_t bytes = 0;      // sum of key and value lengths
  uint32_t checksum = 0;  // LeafChecksum of its rows
};

class LeafSource {
 public:
  using TakeRow = std::function<void(Slice key, Slice value)>;

  virtual ~LeafSource() = default;
  // Hands the rows in [begin, end), or from `begin` on when `end` is empty, to `take`, in order of their keys. Throws EngineError: 1007 when they may be newer than
  // `as_of`, 1510 or 1522 when they cannot be read. Blocks while it reads. `take` may throw.
  virtual void scan(Slice begin, Slice end, Version as_of, const TakeRow& take) = 0;
};

}  // namespace fdb
