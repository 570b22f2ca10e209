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

void TransactionHook::before_look(Future&) {
  if (const Ref<Transaction> alive = lock()) alive->deliver_commit();
}

void WatchHook::after_cancel(Future&) {
  if (const Ref<Transaction> alive = transaction_->lock()) alive->forget_watch(*watched_);
  if (const Ref<Keyspace> alive = keyspace_->lock()) alive->watches().remove(*watched_);
}

const std::shared_ptr<TransactionHook>& Transaction::hook() {
  if (!hook_) hook_ = std::make_shared<TransactionHook>(this);
  return hook_;
}

Transaction::Transaction(Ref<Database> database, Ref<Tenant> tenant, const SpecialKeySpace& special_keys)
    : database_(std::move(database)),
      tenant_(std::move(tenant)),
      special_keys_(special_keys),
      network_(Network::instance()),
      latency_(latency_of(*database_)),
      time_base_(now_micros()),
      backoff_(kInitialBackoff),
      deferred_error_(database_->deferred_error()) {
  options_.snapshot_ryw_counter = database_->snapshot_ryw_counter();
  apply_defaults();
  if (behavior().born_with_system_access && !tenant_) apply_option(FDB_TR_OPTION_ACCESS_SYSTEM_KEYS, false, Slice());
}

Transaction::~Transaction() {
  if (hook_) hook_->cut();
  if (!keyspace_or_null()) return;
  keyspace().hold(this, listed_version_, Sweeper::kNone);
  keyspace().forget_undelivered(&undelivered_);
}

void Transaction::destroy() {
  {
    Lock lock(mutex_);
    destroyed_ = true;
    fail_pending(err::kTransactionCancelled, err::kTransactionCancelled);
    end_watches(err::kTransactionCancelled);
    disarm_timeout();
    clear_overlay();  // here, and not on the network thread, should that have a reference
    clear_native();
  }
  release();
}

void Transaction::refuse_everything(Error error) noexcept {
  Lock lock(mutex_);
  defer(error);
}

// ---- checks ----------------------------------------------------------------------------------------

void Transaction::check_timeout() {
  if (options_.timeout_ms > 0 && state_error_ == 0 && now_micros() - time_base_ >= options_.timeout_ms * 1000) {
    enter_error_state(err::kTransactionTimedOut);
  }
}

bool Transaction::used_during_commit() {
  if (commit_started_ && state_error_ == 0 && !options_.unprotected_during_commit) enter_error_state(err::kUsedDuringCommit);
  return commit_started_;
}

Error Transaction::refusal() {
  if (deferred_error_ != 0) return deferred_error_;
  check_timeout();
  if (used_during_commit()) return err::kUsedDuringCommit;
  return state_error_;
}

Slice Transaction::max_read_key() const { return has_system_access() ? system_keys::kSystemEnd : system_keys::kSystemBegin; }

Slice Transaction::max_write_key() const {
  return options_.access_system_keys ? system_keys::kSystemEnd : system_keys::kSystemBegin;
}

size_t Transaction::max_key_size(Slice key, bool for_write) const {
  if (!key.empty() && key[0] == '\xff') return 30'000;
  return for_write && !options_.raw_access ? 10'000 : 10'008;
}

// ---- options ---------------------------------------------------------------------------------------

void Transaction::apply_option(int option, bool present, Slice value) {
  OptionValue parsed;
  Error error = parse_option_value(OptionScope::kTransaction, option,
                                   present ? reinterpret_cast<const uint8_t*>(value.data() ? value.data() : "") : nullptr,
                                   static_cast<int>(value.size()), &parsed);
  if (error == 0) {
    const OptionContext context{used_, static_cast<bool>(tenant_), version_state_ != VersionState::kNone,
                                !behavior().grv_cache_needs_shared_state || network_.has_multi_version_layer()};
    error = options_.apply(option, parsed, context);
  }
  if (error != 0) defer(error);
}

void Transaction::apply_defaults() {
  for (OptionDefault& preset : database_->transaction_defaults()) {
    apply_option(preset.transaction_option, preset.present, preset.value);
  }
}

Error Transaction::set_option(int option, const uint8_t* value, int length) {
  if (!is_known_option(OptionScope::kTransaction, option)) return err::kInvalidOption;
  Lock lock(mutex_);
  if (deferred_error_ != 0) return 0;
  check_timeout();  // one that has run out is not undone by another
  const Slice bytes = value ? Slice(reinterpret_cast<const char*>(value), static_cast<size_t>(length)) : Slice();
  apply_option(option, value != nullptr, bytes);
  if (deferred_error_ != 0) return 0;
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
  const bool pending = !waiting_.empty() || !versionstamp_futures_.empty() || !on_error_futures_.empty() ||
                       !late_answers_.empty() || commit_on_its_way_;
  if (!pending || options_.timeout_ms <= 0 || timeout_timer_ != 0 || destroyed_) return;
  timeout_timer_ = at(time_base_ + options_.timeout_ms * 1000, [](Transaction& self) { self.timeout_fired(); });
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
  if (deferred_error_ != 0) return;
  if (version_state_ != VersionState::kNone) return defer(err::kReadVersionAlreadySet);
  if (version <= 0) return defer(err::kVersionInvalid);
  version_state_ = VersionState::kNamed;
  read_point_.version = version;
}

Error Transaction::ensure_read_version() {
  if (version_state_ != VersionState::kNone) return 0;
  if (options_.initialize_new_database) {
    read_point_.version = 0;
    version_state_ = VersionState::kNamed;
    return 0;
  }
  if (keyspace().locked() && !options_.lock_aware && !options_.read_lock_aware) return err::kDatabaseLocked;
  read_point_ = keyspace().read_point();
  version_state_ = VersionState::kReading;
  enlist();
  return 0;
}

Error Transaction::ensure_read_point() {
  if (Error error = ensure_read_version()) return error;
  if (version_state_ == VersionState::kNamed) {
    if (options_.initialize_new_database) return err::kClientInvalidOperation;
    if (Error error = keyspace().read_point_at(read_point_.version, &read_point_.snapshot)) return error;
    version_state_ = VersionState::kReading;
    enlist();
  }
  if (keyspace().too_old(read_point_.version)) snapshot_released_ = true;
  if (snapshot_released_ && tenant_ && tenant_id_ < 0) return err::kTransactionTooOld;
  keyspace().note_round_trip();
  return resolve_tenant(read_point_.snapshot);
}

Error Transaction::resolve_tenant(const Snapshot& snapshot) {
  if (!tenant_ || tenant_id_ >= 0) return 0;
  int64_t id;
  if (Error error = tenant_->resolve(snapshot, &id)) return error;
  tenant_id_ = id;
  prefix_ = system_keys::big_endian(static_cast<uint64_t>(id));
  return 0;
}

Error Transaction::tenant_requirement() const {
  const bool missing = keyspace().tenant_mode() == 2 && !tenant_ && !options_.raw_access;
  return missing ? err::kTenantNameRequired : 0;
}

Ref<Future> Transaction::get_read_version() {
  Lock lock(mutex_);
  if (deferred_error_ != 0) return answer_error(deferred_error_);
  check_timeout();
  if (state_error_ != 0 && behavior().error_state_refuses_read_version) return answer_error(state_error_);
  if (Error error = ensure_read_version()) return answer_error(error);
  return answer(static_cast<int64_t>(read_point_.version), behavior().reset_fails_read_version ? Tie::kRequest : Tie::kLoose);
}

Version Transaction::committed_version() {
  Lock lock(mutex_);
  return committed_version_;
}

Ref<Future> Transaction::failed_read(Error error) {
  if (read_error_ == 0) read_error_ = error;
  return answer_error(error, Tie::kRead);
}

}  // namespace fdb
