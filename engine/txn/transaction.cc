// A transaction's operations on itself: options, attempts, versions.
#include "txn/transaction.h"

#include <algorithm>

namespace fdb {

void Transaction::destroy() {
  {
    Lock lock(mutex_);
    destroyed_ = true;
    const bool is_pending =
        !waiting_.empty() || !late_answers_.empty() || !on_error_futures_.empty() || !jumps_.empty() || delivery_.has_futures();
    if (is_pending) fail_pending(err::kTransactionCancelled, err::kTransactionCancelled);
    if (!watches_.empty()) watches_.end(err::kTransactionCancelled);
    disarm_timeout();
    // Here, and not on the network thread, should that have a reference.
    if (!has_one_reference()) {
      clear_overlay();
      clear_native();
    }
  }
  database_->drop_handle();
  release();
}

void Transaction::refuse_everything(Error error) noexcept {
  Lock lock(mutex_);
  attempt_.defer(error);
}

// ---- options ---------------------------------------------------------------------------------------

Error Transaction::set_option(int option, const uint8_t* value, int length) {
  if (!is_known_option(OptionScope::kTransaction, option)) return err::kInvalidOption;
  Lock lock(mutex_);
  if (attempt_.deferred_error != 0) return 0;
  check_timeout();  // one that has run out is not undone by another
  const Slice bytes = value ? Slice(reinterpret_cast<const char*>(value), static_cast<size_t>(length)) : Slice();
  apply_option(option, value != nullptr, bytes);
  if (attempt_.deferred_error != 0) return 0;
  if (PersistentOptions::includes(option)) persistent_options_.remember(option, value != nullptr, bytes);
  if (option == FDB_TR_OPTION_TIMEOUT) {
    disarm_timeout();
    arm_timeout();
  }
  return 0;
}

// ---- attempts --------------------------------------------------------------------------------------

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

Ref<Future> Transaction::on_error(Error error) {
  Lock lock(mutex_);
  check_timeout();
  if (attempt_.state_error != 0) {
    watches_.end(err::kTransactionCancelled);
    return answer_error(attempt_.state_error);
  }
  // Above this client there is one that knows other versions: it makes the transaction anew, with the next one, at once.
  const bool is_renewed = error == err::kClusterVersionChanged && std::exchange(version_changed_, false);
  const std::optional<int64_t> delay =
      is_renewed ? 0 : retry_policy_.next_delay_micros(error, options_.retry_limit, options_.max_retry_delay_ms);
  if (!delay) {
    refuse_on_error();
    return answer_error(RetryPolicy::refused(error));
  }
  auto future = make_ref<Future>(network_);
  on_error_futures_.push_back(future);
  arm_timeout();
  at(clock_.now() + *delay, TimerKind::kWait, [this, future] { finish_on_error(future); });
  if (network_.stopped()) future->fail(err::kBrokenPromise);
  return future;
}

// ---- versions --------------------------------------------------------------------------------------

void Transaction::set_read_version(Version version) {
  Lock lock(mutex_);
  if (attempt_.deferred_error != 0) return;
  if (view_.has_version() || view_.refused_version() != 0) return attempt_.defer(err::kReadVersionAlreadySet);
  if (version <= 0) return attempt_.defer(err::kVersionInvalid);
  view_.name_version(version);
}

Ref<Future> Transaction::get_read_version() {
  Lock lock(mutex_);
  if (attempt_.deferred_error != 0) return answer_error(attempt_.deferred_error);
  check_timeout();
  if (attempt_.state_error != 0 && behavior().error_state_refuses_read_version) return answer_error(attempt_.state_error);
  if (latency_.disturbed()) {
    begin_disturbed();
    if (Error error = disturb_version()) return answer_error(error);
  }
  if (Error error = view_.ensure_version(options_)) return answer_error(error);
  return answer(static_cast<int64_t>(view_.version()), behavior().reset_fails_read_version ? Tie::kRequest : Tie::kLoose);
}

Version Transaction::committed_version() {
  Lock lock(mutex_);
  return delivery_.committed_version();
}

}  // namespace fdb
