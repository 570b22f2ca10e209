// The attempts of a transaction: how one ends and the next begins, by reset, on_error, cancel and commit.
#include "txn/transaction.h"

#include <algorithm>

#include "base/env.h"

namespace fdb {

namespace {

int64_t now_micros() { return Env::current().monotonic_micros(); }

}  // namespace

// ---- attempts --------------------------------------------------------------------------------------

void Transaction::clear_overlay() {
  attempt_.renew_overlay(database_->keyspace() ? 0 : database_->deferred_error());
  size_.clear();
  watches_.forget_unread();
  delivery_.begin_attempt();
}

void Transaction::clear_native() {
  size_.clear_native();
  attempt_.renew_native();
  view_.forget();
  native_cost_ = 0;
}

void Transaction::renew_options(const NativeOptions& native) {
  if (behavior().retry_keeps_options) {
    // The options are kept, but nobody watches the clock for the timeout any more.
    options_.timeout_ms = 0;
    return disarm_timeout();
  }
  options_ = TransactionOptions();
  static_cast<NativeOptions&>(options_) = native;
  options_.snapshot_ryw_counter = database_->snapshot_ryw_counter();
  restore_options(true);
}

// An attempt that would run without its options is refused.
void Transaction::restore_options(bool persistent) noexcept {
  try {
    apply_defaults();
    if (persistent) replay_persistent_options();
  } catch (...) {
    attempt_.defer(err::kPlatformError);
  }
}

void Transaction::soft_reset() {
  fail_pending(err::kTransactionCancelled, err::kBrokenPromise);
  watches_.end(err::kTransactionCancelled);
  clear_overlay();
  clear_native();
  renew_options(NativeOptions());
}

void Transaction::reset_overlay() {
  fail_pending(err::kTransactionCancelled, err::kTransactionCancelled);
  watches_.end(err::kTransactionCancelled);
  // Without overlay the native half has the conflict ranges of the reads.
  if (options_.read_your_writes_disabled) {
    for (const KeyRange& range : attempt_.read_conflicts.merged()) attempt_.native.read_conflicts.add(range.begin, range.end);
  }
  native_cost_ += attempt_.read_log.cost();
  clear_overlay();
  for (const KeyRange& range : attempt_.native.read_conflicts.merged()) attempt_.read_conflicts.add(range.begin, range.end);
  renew_options(NativeOptions(options_));
}

void Transaction::full_reset() {
  fail_pending(err::kTransactionCancelled, err::kBrokenPromise);
  watches_.end(err::kTransactionCancelled);
  clear_overlay();
  clear_native();
  delivery_.forget_last_stamp();
  retry_policy_ = RetryPolicy(now_micros());
  persistent_options_.clear();
  disarm_timeout();
  options_ = TransactionOptions();
  options_.snapshot_ryw_counter = database_->snapshot_ryw_counter();
  if (behavior().reset_applies_defaults) restore_options(false);
}

void Transaction::reset() {
  Lock lock(mutex_);
  const bool retrying = !on_error_futures_.empty();
  full_reset();
  // The on_error that was still waiting fails, and its failure cancels the transaction.
  if (retrying && behavior().failed_on_error_cancels) attempt_.state_error = err::kTransactionCancelled;
}

void Transaction::cancel() {
  Lock lock(mutex_);
  check_timeout();
  enter_error_state(err::kTransactionCancelled);
}

void Transaction::fail_pending(Error error, Error stamp_error) {
  fail_waiting(error);
  late_answers_.fail_all(error);
  for (const Ref<Future>& future : on_error_futures_) future->fail(error);
  on_error_futures_.clear();
  delivery_.fail(error, stamp_error);
}

void Transaction::enter_error_state(Error error) {
  if (attempt_.state_error != 0) return;
  attempt_.state_error = error;
  fail_pending(error, error);
  size_.add(watches_.take_answered());
  if (!answers_late()) watches_.fail_unread(error);  // late_answers_ knows which these are
}

// ---- on_error --------------------------------------------------------------------------------------

void Transaction::refuse_on_error() {
  watches_.end(err::kTransactionCancelled);
  if (attempt_.state_error != 0) return;
  if (behavior().failed_on_error_cancels) {
    enter_error_state(err::kTransactionCancelled);
  } else if (attempt_.native.renewed) {
    const bool half = attempt_.native.half_reset;
    soft_reset();
    attempt_.native.half_reset = half;
  } else {
    reset_overlay();
  }
}

Ref<Future> Transaction::on_error(Error error) {
  Lock lock(mutex_);
  check_timeout();
  if (attempt_.state_error != 0) {
    watches_.end(err::kTransactionCancelled);
    return answer_error(attempt_.state_error);
  }
  const std::optional<int64_t> delay =
      retry_policy_.next_delay_micros(error, options_.retry_limit, options_.max_retry_delay_ms);
  if (!delay) {
    refuse_on_error();
    return answer_error(RetryPolicy::refused(error));
  }
  auto future = make_ref<Future>(network_);
  on_error_futures_.push_back(future);
  arm_timeout();
  link_.at(now_micros() + *delay, [future](Transaction& self) { self.finish_on_error(future); });
  if (network_.stopped()) future->fail(err::kBrokenPromise);
  return future;
}

void Transaction::finish_on_error(const Ref<Future>& future) {
  Lock lock(mutex_);
  const auto at = std::find_if(on_error_futures_.begin(), on_error_futures_.end(),
                               [&](const Ref<Future>& waiting) { return waiting.get() == future.get(); });
  if (at == on_error_futures_.end()) return;  // a reset, cancel or timeout was quicker
  on_error_futures_.erase(at);
  try {
    soft_reset();
  } catch (...) {
    future->fail(err::kUnknownError);  // somebody waits for it
    throw;
  }
  future->complete(Void{});
}

}  // namespace fdb
