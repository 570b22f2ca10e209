// What mutations and conflict ranges count in the size of a transaction.
#pragma once

#include "base/common.h"

namespace fdb {

constexpr int64_t kMutationOverhead = 44;
constexpr int64_t kRangeOverhead = 24;

inline int64_t range_size(Slice begin, Slice end) { return kRangeOverhead + static_cast<int64_t>(begin.size() + end.size()); }

// Of [key, key\0).
inline int64_t point_range_size(Slice key) { return kRangeOverhead + 2 * static_cast<int64_t>(key.size()) + 1; }

inline int64_t mutation_size(Slice first, Slice second) {
  return kMutationOverhead + static_cast<int64_t>(first.size() + second.size());
}

}  // namespace fdb
