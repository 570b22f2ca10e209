// Reads of a transaction that wait for a version that is still to come, and the writes that each of them sees.
//
// Thread-safety: none; a transaction owns it under its lock. Who owns it comes back at next_try() and calls carry_out().
// Invariants:
//  1. Reads are carried out in the order of the calls; the first one that goes on waiting stops those behind it.
//  2. A read sees the transaction's writes as they were when it was issued.
//  3. None waits longer than a second: then it fails with 1009.
#pragma once

#include <functional>
#include <list>

#include "runtime/clock.h"
#include "runtime/future.h"
#include "txn/issued_overlays.h"

namespace fdb {

class WaitingReads {
 public:
  // What a read computes once its version is there.
  using Read = std::function<Error(const WriteMap& overlay, Result* result)>;
  static constexpr Error kStaysPending = -1;  // of a read whose future waits for something else now

  // `clock` is what their patience is measured by, and outlives this.
  explicit WaitingReads(const Clock& clock) : clock_(clock) {}

  bool empty() const { return waiting_.empty(); }
  void add(const Ref<Future>& future, Read read, const WriteMap& writes);
  // The one that was added last is not going to be carried out.
  void withdraw_last() { waiting_.pop_back(); }
  // When to come again. All wait for the same version, which comes in so many microseconds.
  int64_t next_try(int64_t version_micros) const;
  // Completes what can be; true if no read is left waiting. `*failure` becomes the first error, if it was 0.
  bool carry_out(Error* failure);
  void fail_all(Error error);
  // Whoever changes the transaction's writes tells this, too.
  IssuedOverlays& overlays() { return overlays_; }

 private:
  struct Waiting {
    Ref<Future> future;
    Read read;
    IssuedOverlays::Moment issued;
    int64_t give_up_micros;
  };

  Error try_read(const Waiting& waiting, Result* result);

  const Clock& clock_;
  std::list<Waiting> waiting_;  // an empty deque allocates, and a reset may not fail
  IssuedOverlays overlays_;
};

}  // namespace fdb
