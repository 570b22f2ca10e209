// A LeafSource over a std::map, as a table of a database file would be: with the leaves that it consists of, a version it may be as
// new as, and faults on demand.
//
// Thread-safety: scan() may be called from any thread, the rest while no other thread uses the object.
#pragma once

#include <atomic>
#include <limits>
#include <map>
#include <new>

#include "sim/test_support.h"
#include "store/leaf_checksum.h"
#include "store/leaf_source.h"
#include "store/snapshot_builder.h"

namespace fdb::test {

class MapLeafSource : public LeafSource {
 public:
  using Rows = std::map<Bytes, Bytes>;
  struct Leaf {
    int64_t keys = 0;
    int64_t bytes = 0;
    uint32_t checksum = 0;
  };

  void scan(Slice begin, Slice end, Version as_of, const TakeRow& take) override {
    ++scans;
    if (as_of < newest) throw EngineError{err::kTransactionTooOld};
    for (auto row = rows.lower_bound(Bytes(begin)); row != rows.end() && (end.empty() || row->first < end); ++row) {
      if (rows_until_error == 0) throw EngineError{err::kIoError};
      if (rows_until_error > 0) --rows_until_error;
      // Good for a moment only, as what a real table hands out.
      const Bytes key = row->first, value = row->second;
      take(key, value);
      ++taken;
    }
  }

  // The leaf that begins at `first` and has all rows below `end`; an empty end is none.
  void describe(const Bytes& first, Slice end) {
    Leaf leaf;
    store::LeafChecksum checksum;
    for (auto row = rows.lower_bound(first); row != rows.end() && (end.empty() || row->first < end); ++row) {
      ++leaf.keys;
      leaf.bytes += static_cast<int64_t>(row->first.size() + row->second.size());
      checksum.add(row->first, row->second);
    }
    leaf.checksum = checksum.value();
    leaves[first] = leaf;
  }
  // Leaves of so many rows each.
  void describe_all(int rows_per_leaf) {
    leaves.clear();
    for (auto row = rows.begin(); row != rows.end();) {
      const Bytes first = row->first;
      for (int i = 0; i < rows_per_leaf && row != rows.end(); ++i) ++row;
      describe(first, row == rows.end() ? Slice() : Slice(row->first));
    }
  }
  // The tree, as a database file is opened.
  Snapshot build(const Ref<store::LeafCache>& cache) const {
    SnapshotBuilder builder(cache);
    for (const auto& [first, leaf] : leaves) builder.add(StoredLeaf{first, leaf.keys, leaf.bytes, leaf.checksum});
    return builder.finish();
  }

  Rows rows;
  std::map<Bytes, Leaf> leaves;
  Version newest = 0;                         // rows may be as new as this
  std::atomic<int64_t> rows_until_error{-1};  // negative: no error
  std::atomic<int64_t> scans{0};
  std::atomic<int64_t> taken{0};
};

}  // namespace fdb::test
