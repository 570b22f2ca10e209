#include "txn/size_estimates.h"

#include <algorithm>

namespace fdb {

namespace {

// A server samples rows about this far apart, so smaller pieces cannot be told from each other.
constexpr int64_t kSampleDistance = 25'000;

}  // namespace

void add_split_points(const Snapshot& snapshot, Slice prefix, Slice begin, Slice end, int64_t chunk, KeyArray* points) {
  const int64_t piece = std::max(chunk, kSampleDistance);
  const Bytes stop = Bytes(prefix) + Bytes(end);
  int64_t bytes = 0;
  Cursor cursor(snapshot);
  for (cursor.seek(Bytes(prefix) + Bytes(begin)); cursor.valid() && cursor.key() < stop; cursor.next()) {
    if (bytes >= piece) {
      points->add(cursor.key().substr(prefix.size()));
      bytes = 0;
    }
    bytes += static_cast<int64_t>(cursor.key().size() + cursor.value().size());
  }
}

}  // namespace fdb
