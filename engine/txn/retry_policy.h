// Whether and when a transaction is tried again: which errors are retried, how often, after how long; and since when its
// timeout runs. All of it goes on over the attempts of a transaction and begins anew with reset().
//
// Thread-safety: none; a transaction owns it under its lock.
// Invariants:
//  1. Every on_error counts, also one that is refused.
//  2. The limit of the delay takes effect when the backoff doubles, so it does not shorten the first delay.
#pragma once

#include <optional>

#include "base/common.h"

namespace fdb {

class RetryPolicy {
 public:
  explicit RetryPolicy(int64_t now_micros) : since_micros_(now_micros) {}

  // For one on_error(error): the delay until the next attempt in microseconds, or nothing when there is none. `limit` is the
  // number of on_errors that may be granted, -1 for any; `max_delay_ms` what the backoff may grow to.
  std::optional<int64_t> next_delay_micros(Error error, int64_t limit, int64_t max_delay_ms);

  // What a refused on_error answers.
  static Error refused(Error error);

  // When a timeout runs out; it is counted from the last reset().
  int64_t deadline_micros(int64_t timeout_ms) const { return since_micros_ + timeout_ms * 1000; }

 private:
  static constexpr double kInitialBackoff = 0.01;  // seconds

  int64_t since_micros_;
  int64_t retries_ = 0;
  double backoff_ = kInitialBackoff;
};

}  // namespace fdb
