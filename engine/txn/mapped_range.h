// fdb_transaction_get_mapped_range: a primary range, and one look-up for each of its rows.
//
// Thread-safety: none; called under the transaction's lock.
#pragma once

#include "base/tuple_codec.h"
#include "txn/reads.h"

namespace fdb {

// A mapper: how to make the key of a look-up from a primary row.
class Mapper {
 public:
  // 2043, 2032.
  Error parse(Slice packed);
  // The key to look up; 2030, 2041, 2042.
  Error apply(Slice key, Slice value, Bytes* result) const;
  bool is_range() const { return is_range_; }

 private:
  struct Part {
    enum Kind { kLiteral, kKey, kValue } kind;
    Bytes literal;  // packed
    int index = 0;  // -1: no number
  };
  std::vector<Part> parts_;
  bool is_range_ = false;
};

class MappedRangeReader {
 public:
  static Error read(Reads& reads, const MappedRangeRequest& request, const RangeLimits& limits, MappedKeyValueArray* result);

 private:
  static Error look_up(Reads& reads, const Mapper& mapper, const FDBKeyValue& row, MappedKeyValueArray* result, int64_t* bytes);
  static bool touches_writes(const WriteMap& writes, Slice begin, Slice end);
};

}  // namespace fdb
