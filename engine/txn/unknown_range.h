// Range reads over a part of the key space that a transaction neither knows nor has written to: most of them.
//
// Thread-safety: none; used within one call under the transaction's lock.
// Invariant: the answer, and what becomes known by it, are those of RywReader::walk_range, which takes several steps to them.
#pragma once

#include "txn/ryw_reader.h"

namespace fdb {

// False, with nothing done, for any other read: one whose ends are not plain keys in order, or not within one such part.
bool read_unknown_range(const View& view, const WriteMap* overlay, ReadLog* log, const RangeRead& read, KeyValueArray* rows);

}  // namespace fdb
