// The two ways to read a range: what RywReader's one algorithm leaves to the direction.
//
// A read starts at its near side and goes towards its far side: from begin to end, or from end to begin. "Beyond" means
// further on that way, and the lead of a selector is how many rows further it leads than to its key.
//
// Thread-safety: stateless.
#pragma once

#include "txn/ryw_iterator.h"
#include "txn/ryw_reader.h"

namespace fdb {

struct Forward {
  static constexpr bool kReverse = false;

  static int64_t lead(const PlainSelector& selector) { return selector.offset - 1; }
  static bool is_beyond(Slice key, Slice other) { return key > other; }
  static Slice near_edge(const RywIterator& at) { return at.begin(); }
  // Where a request ends that passes over everything up to this segment.
  static Slice request_end(const RywIterator& stop) { return stop.begin(); }
  static bool is_last(const RywIterator& at, const View& view) { return at.begin() >= view.end; }
  static bool excludes(Slice far_key, Slice key) { return key >= far_key; }

  static Slice near_limit(const View&) { return Slice(); }
  static Slice far_limit(const View& view) { return view.max_key; }
  static bool* passed_far_limit(RangeEnds* ends) { return &ends->read_through_end; }

  static void start(RywIterator*, const PlainSelector&) {}
  static void advance(RywIterator* at) { at->next(); }
  template <class Take>
  static void run(RywIterator* at, Slice bound, Take&& take) {
    at->run_forward(bound, take);
  }
};

struct Backward {
  static constexpr bool kReverse = true;

  static int64_t lead(const PlainSelector& selector) { return 1 - selector.offset; }
  static bool is_beyond(Slice key, Slice other) { return key < other; }
  static Slice near_edge(const RywIterator& at) { return at.end(); }
  static Slice request_end(const RywIterator& stop) { return stop.is_unknown() ? Slice() : stop.end(); }
  static bool is_last(const RywIterator& at, const View&) { return at.begin().empty(); }
  static bool excludes(Slice far_key, Slice key) { return key < far_key; }

  static Slice near_limit(const View& view) { return view.max_key; }
  static Slice far_limit(const View&) { return Slice(); }
  static bool* passed_far_limit(RangeEnds* ends) { return &ends->read_to_begin; }

  // Below the end once that is known, else in the segment in which its resolution is stuck.
  static void start(RywIterator* at, const PlainSelector& end) {
    if (end.offset == 1) at->skip_before(end.key);
  }
  static void advance(RywIterator* at) { at->prev(); }
  template <class Take>
  static void run(RywIterator* at, Slice bound, Take&& take) {
    at->run_backward(bound, take);
  }
};

}  // namespace fdb
