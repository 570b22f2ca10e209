// Rough sizes and split points of a range, in the spirit of the storage server's byte sample.
#pragma once

#include "runtime/future.h"
#include "store/version_store.h"

namespace fdb {

// Appends the keys strictly inside (begin, end) that cut it into pieces of about `chunk` bytes; keys are relative to `prefix`.
void add_split_points(const Snapshot& snapshot, Slice prefix, Slice begin, Slice end, int64_t chunk, KeyArray* points);

}  // namespace fdb
