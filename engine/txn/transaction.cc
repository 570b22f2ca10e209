// Life cycle of a transaction: states, options, errors, read versions.
#include "txn/transaction.h"

#include <algorithm>

#include "base/env.h"
#include "db/system_keys.h"

namespace fdb {

namespace {

int64_t now_micros() { return Env::current().monotonic_micros(); }

// An unusable database has none.
Latency& latency_of(const Database& database) {
  static Latency off;
  return database.keyspace() ? database.keyspace()->latency() : off;
}

}  // namespace

Transaction::Transaction(Ref<Database> database, Ref<Tenant> tenant, const SpecialKeySpace& special_keys)
    : database_(std::move(database)),
      special_keys_(special_keys),
      network_(database_->network()),
      latency_(latency_of(*database_)),
      retry_policy_(now_micros()),
      delivery_(network_, database_->keyspace(), this),
      watches_(network_, database_->keyspace()),
      link_(this, network_),
      view_(database_->keyspace(), std::move(tenant), this),
      attempt_(database_->deferred_error()) {
  options_.snapshot_ryw_counter = database_->snapshot_ryw_counter();
  apply_defaults();
  if (behavior().born_with_system_access && !view_.in_tenant()) apply_option(FDB_TR_OPTION_ACCESS_SYSTEM_KEYS, false, Slice());
}

Transaction::~Transaction() { link_.cut(); }

void Transaction::destroy() {
  {
    Lock lock(mutex_);
    destroyed_ = true;
    fail_pending(err::kTransactionCancelled, err::kTransactionCancelled);
    watches_.end(err::kTransactionCancelled);
    disarm_timeout();
    clear_overlay();  // here, and not on the network thread, should that have a reference
    clear_native();
  }
  release();
}

void Transaction::refuse_everything(Error error) noexcept {
  Lock lock(mutex_);
  attempt_.defer(error);
}

// ---- checks ----------------------------------------------------------------------------------------

void Transaction::check_timeout() {
  if (options_.timeout_ms > 0 && attempt_.state_error == 0 &&
      now_micros() >= retry_policy_.deadline_micros(options_.timeout_ms)) {
    enter_error_state(err::kTransactionTimedOut);
  }
}

bool Transaction::used_during_commit() {
  if (delivery_.started() && attempt_.state_error == 0 && !options_.unprotected_during_commit)
    enter_error_state(err::kUsedDuringCommit);
  return delivery_.started();
}

Error Transaction::refusal() {
  if (attempt_.deferred_error != 0) return attempt_.deferred_error;
  check_timeout();
  if (used_during_commit()) return err::kUsedDuringCommit;
  return attempt_.state_error;
}

// ---- options ---------------------------------------------------------------------------------------

void Transaction::apply_option(int option, bool present, Slice value) {
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

void Transaction::apply_defaults() {
  for (OptionDefault& preset : database_->transaction_defaults()) {
    apply_option(preset.transaction_option, preset.present, preset.value);
  }
}

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

void Transaction::replay_persistent_options() {
  for (const PersistentOptions::Entry& kept : persistent_options_.entries())
    apply_option(kept.option, kept.present, kept.value);
}

// ---- timeouts --------------------------------------------------------------------------------------

// Only needed while something is pending: every call looks at the clock itself.
void Transaction::arm_timeout() {
  const bool pending = !waiting_.empty() || delivery_.is_awaited() || !on_error_futures_.empty() || !late_answers_.empty();
  if (!pending || options_.timeout_ms <= 0 || timeout_timer_ != 0 || destroyed_) return;
  timeout_timer_ =
      link_.at(retry_policy_.deadline_micros(options_.timeout_ms), [](Transaction& self) { self.timeout_fired(); });
}

void Transaction::disarm_timeout() {
  if (timeout_timer_ != 0) network_.cancel(timeout_timer_);
  timeout_timer_ = 0;
}

void Transaction::timeout_fired() {
  Lock lock(mutex_);
  timeout_timer_ = 0;
  check_timeout();
}

// ---- versions --------------------------------------------------------------------------------------

void Transaction::set_read_version(Version version) {
  Lock lock(mutex_);
  if (attempt_.deferred_error != 0) return;
  if (view_.has_version()) return attempt_.defer(err::kReadVersionAlreadySet);
  if (version <= 0) return attempt_.defer(err::kVersionInvalid);
  view_.name_version(version);
}

Ref<Future> Transaction::get_read_version() {
  Lock lock(mutex_);
  if (attempt_.deferred_error != 0) return answer_error(attempt_.deferred_error);
  check_timeout();
  if (attempt_.state_error != 0 && behavior().error_state_refuses_read_version) return answer_error(attempt_.state_error);
  if (Error error = view_.ensure_version(options_)) return answer_error(error);
  return answer(static_cast<int64_t>(view_.version()), behavior().reset_fails_read_version ? Tie::kRequest : Tie::kLoose);
}

Version Transaction::committed_version() {
  Lock lock(mutex_);
  return delivery_.committed_version();
}

Version Transaction::held_version() {
  Lock lock(mutex_);
  return view_.held_version();
}

void Transaction::release_snapshot(int* steps) {
  std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock.owns_lock()) return;
  --*steps;
  view_.release(&attempt_.read_log, steps);
}

Ref<Future> Transaction::failed_read(Error error) {
  if (attempt_.read_error == 0) attempt_.read_error = error;
  return answer_error(error, Tie::kRead);
}

}  // namespace fdb
