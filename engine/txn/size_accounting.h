// How large a transaction is: as the program is told at any time, and as it is held against the limit at the commit. The two
// differ, since what is told counts each call, and the commit what comes of them.
//
// Thread-safety: none; a transaction owns it under its lock.
#pragma once

#include "db/keyspace.h"

namespace fdb {

class SizeAccounting {
 public:
  static constexpr int64_t kMutationOverhead = 44;
  static constexpr int64_t kRangeOverhead = 24;

  static int64_t of_mutation(Slice first, Slice second) {
    return kMutationOverhead + static_cast<int64_t>(first.size() + second.size());
  }
  static int64_t of_range(Slice begin, Slice end) { return kRangeOverhead + static_cast<int64_t>(begin.size() + end.size()); }
  // Of [key, key\0).
  static int64_t of_point(Slice key) { return kRangeOverhead + 2 * static_cast<int64_t>(key.size()) + 1; }

  // ---- what the program is told ---------------------------------------------------------------------
  int64_t approximate() const { return approximate_; }
  void add(int64_t size) { approximate_ += size; }
  void add_mutation(Slice first, Slice second) { add(of_mutation(first, second)); }
  void add_range(Slice begin, Slice end) { add(of_range(begin, end)); }
  void add_point(Slice key) { add(of_point(key)); }
  // Takes back what was added since it was `size`, which the caller adds later, and answers how much that is.
  int64_t take_back_to(int64_t size) { return std::exchange(approximate_, size) - size; }
  void clear() { approximate_ = 0; }

  // ---- what is held against the limit ---------------------------------------------------------------
  // A read conflict range of a transaction without overlay: there each counts, repeated ones each time.
  void add_native_read(Slice begin, Slice end) { native_reads_ += of_range(begin, end); }
  void add_native_point(Slice key) { native_reads_ += of_point(key); }
  void clear_native() { native_reads_ = 0; }
  // Of what is going to be submitted. `conflicts_count`: whether conflict ranges do; `native_reads`: whether those that were
  // added here stand for the request's.
  int64_t of_commit(const CommitRequest& request, bool conflicts_count, bool native_reads) const;

 private:
  int64_t approximate_ = 0;
  int64_t native_reads_ = 0;
};

}  // namespace fdb
