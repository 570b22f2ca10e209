#include "txn/size_accounting.h"

namespace fdb {

namespace {

int64_t ranges_size(const std::vector<KeyRange>& ranges) {
  int64_t size = 0;
  for (const KeyRange& range : ranges) size += SizeAccounting::of_range(range.begin, range.end);
  return size;
}

}  // namespace

int64_t SizeAccounting::of_commit(const CommitRequest& request, bool conflicts_count, bool native_reads) const {
  int64_t size = 0;
  for (const Mutation& mutation : request.mutations) size += of_mutation(mutation.key, mutation.value);
  if (!conflicts_count) return size;
  return size + ranges_size(request.write_conflicts) + (native_reads ? native_reads_ : ranges_size(request.read_conflicts));
}

}  // namespace fdb
