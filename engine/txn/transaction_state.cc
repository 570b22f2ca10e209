// What a transaction has and the state it is in: checks, options, timeouts, and how an attempt ends and the next begins.
#include "txn/transaction_state.h"

namespace fdb {

namespace {

// An unusable database has none.
Latency& latency_of(const Database& database) {
  static Latency off;
  return database.keyspace() ? database.keyspace()->latency() : off;
}

// In an unusable database only timeouts and backoffs go on, in real time.
const Clock& clock_of(const Database& database) {
  if (Keyspace* keyspace = database.keyspace()) [[likely]]
    return keyspace->clock();
  static const Clock real_time;
  return real_time;
}

}  // namespace

TransactionState::TransactionState(Ref<Database> database, Ref<Tenant> tenant)
    : database_(std::move(database)),
      network_(database_->network()),
      clock_(clock_of(*database_)),
      latency_(latency_of(*database_)),
      retry_policy_(clock_.now()),
      delivery_(network_, database_->keyspace(), this),
      watches_(network_, database_->keyspace()),
      link_(this, network_),
      view_(database_->keyspace(), std::move(tenant), this),
      attempt_(database_->deferred_error()) {
  database_->add_handle();
  options_.snapshot_ryw_counter = database_->snapshot_ryw_counter();
  apply_defaults();
  if (behavior().born_with_system_access && !view_.in_tenant()) apply_option(FDB_TR_OPTION_ACCESS_SYSTEM_KEYS, false, Slice());
}

TransactionState::~TransactionState() { link_.cut(); }

// ---- checks ----------------------------------------------------------------------------------------

void TransactionState::check_timeout() {
  if (options_.timeout_ms > 0 && attempt_.state_error == 0 &&
      clock_.now() >= retry_policy_.deadline_micros(options_.timeout_ms)) {
    enter_error_state(err::kTransactionTimedOut);
  }
}

bool TransactionState::used_during_commit() {
  if (delivery_.started() && attempt_.state_error == 0 && !options_.unprotected_during_commit)
    enter_error_state(err::kUsedDuringCommit);
  return delivery_.started();
}

Error TransactionState::refusal() {
  if (attempt_.deferred_error != 0) return attempt_.deferred_error;
  check_timeout();
  if (used_during_commit()) return err::kUsedDuringCommit;
  return attempt_.state_error;
}

// Whether a commit was started. At old versions the misuse only poisons the commit; the write itself is taken.
bool TransactionState::refuses_write() {
  if (!used_during_commit() || !behavior().commit_refuses_writes) return false;
  attempt_.defer(err::kUsedDuringCommit);
  return true;
}

// ---- options ---------------------------------------------------------------------------------------

void TransactionState::apply_option(int option, bool present, Slice value) {
  OptionValue parsed;
  Error error = parse_option_value(OptionScope::kTransaction, option,
                                   present ? reinterpret_cast<const uint8_t*>(value.data() ? value.data() : "") : nullptr,
                                   static_cast<int>(value.size()), &parsed);
  if (error == 0) {
    const OptionContext context{attempt_.used, view_.in_tenant(), view_.has_version(),
                                !behavior().grv_cache_needs_shared_state || network_.has_multi_version_layer()};
    error = options_.apply(option, parsed, context);
  }
  if (error != 0) attempt_.defer(error);
}

void TransactionState::apply_defaults() {
  if (!database_->has_transaction_defaults()) return;
  for (OptionDefault& preset : database_->transaction_defaults()) {
    apply_option(preset.transaction_option, preset.present, preset.value);
  }
}

void TransactionState::replay_persistent_options() {
  for (const PersistentOptions::Entry& kept : persistent_options_.entries())
    apply_option(kept.option, kept.present, kept.value);
}

// ---- attempts --------------------------------------------------------------------------------------

void TransactionState::clear_overlay() {
  attempt_.renew_overlay(database_->keyspace() ? 0 : database_->deferred_error());
  size_.clear();
  watches_.forget_unread();
  delivery_.begin_attempt();
}

void TransactionState::clear_native() {
  size_.clear_native();
  attempt_.native.renew();
  view_.forget();
}

void TransactionState::renew_options(const NativeOptions& native) {
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
void TransactionState::restore_options(bool persistent) noexcept {
  try {
    apply_defaults();
    if (persistent) replay_persistent_options();
  } catch (...) {
    attempt_.defer(err::kPlatformError);
  }
}

void TransactionState::soft_reset() {
  fail_pending(err::kTransactionCancelled, err::kBrokenPromise);
  watches_.end(err::kTransactionCancelled);
  clear_overlay();
  clear_native();
  renew_options(NativeOptions());
}

void TransactionState::reset_overlay() {
  fail_pending(err::kTransactionCancelled, err::kTransactionCancelled);
  watches_.end(err::kTransactionCancelled);
  // Without overlay the native half has the conflict ranges of the reads.
  if (options_.read_your_writes_disabled) {
    for (const KeyRange& range : attempt_.merged_read_conflicts()) attempt_.native.read_conflicts.add(range.begin, range.end);
  }
  attempt_.native.cost += attempt_.read_log.cost();
  clear_overlay();
  for (const KeyRange& range : attempt_.native.read_conflicts.merged()) attempt_.read_conflicts.add(range.begin, range.end);
  renew_options(NativeOptions(options_));
}

void TransactionState::full_reset() {
  fail_pending(err::kTransactionCancelled, err::kBrokenPromise);
  watches_.end(err::kTransactionCancelled);
  clear_overlay();
  clear_native();
  delivery_.forget_last_stamp();
  version_changed_ = false;
  retry_policy_ = RetryPolicy(clock_.now());
  persistent_options_.clear();
  disarm_timeout();
  options_ = TransactionOptions();
  options_.snapshot_ryw_counter = database_->snapshot_ryw_counter();
  if (behavior().reset_applies_defaults) restore_options(false);
}

void TransactionState::fail_pending(Error error, Error stamp_error) {
  fail_waiting(error);
  late_answers_.fail_all(error);
  for (const Ref<Future>& future : on_error_futures_) future->fail(error);
  on_error_futures_.clear();
  for (const Network::TimerId timer : jumps_) network_.cancel(timer);  // nobody waits for them any more
  jumps_.clear();
  delivery_.fail(error, stamp_error);
}

void TransactionState::enter_error_state(Error error) {
  if (attempt_.state_error != 0) return;
  attempt_.state_error = error;
  fail_pending(error, error);
  size_.add(watches_.take_answered());
  if (!answers_late()) watches_.fail_unread(error);  // late_answers_ knows which these are
}

// ---- on_error --------------------------------------------------------------------------------------

void TransactionState::refuse_on_error() {
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

void TransactionState::fail_waiting(Error error) {
  waiting_.fail_all(error);
  if (retry_timer_ != 0) network_.cancel(std::exchange(retry_timer_, 0));
}

// ---- timeouts --------------------------------------------------------------------------------------

// Only needed while something is pending: every call looks at the clock itself.
void TransactionState::arm_timeout() {
  const bool pending = !waiting_.empty() || delivery_.is_awaited() || !on_error_futures_.empty() || !late_answers_.empty();
  if (pending) start_timeout();
}

void TransactionState::start_timeout() {
  if (options_.timeout_ms <= 0 || timeout_timer_ != 0 || destroyed_) return;
  timeout_timer_ = at(retry_policy_.deadline_micros(options_.timeout_ms), TimerKind::kLimit, [this] { timeout_fired(); });
}

void TransactionState::timeout_fired() {
  Lock lock(mutex_);
  timeout_timer_ = 0;
  check_timeout();
}

// ---- for other parts of the engine --------------------------------------------------------------------

Version TransactionState::held_version() {
  Lock lock(mutex_);
  return view_.held_version();
}

void TransactionState::release_snapshot(int* steps) {
  std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock.owns_lock()) return;
  const store::LeafUse leaf_use;
  --*steps;
  view_.release(&attempt_.read_log, steps);
}

void TransactionState::forget_watch(const Watched& watched) {
  Ref<Watch> forgotten;  // released after the lock
  Lock lock(mutex_);
  forgotten = watches_.take(watched);
}

}  // namespace fdb
