// One simulated client: a transaction object that it reads and writes with, commits, cancels, resets and retries at
// random, while it records in the history what it asked and what it was told.
//
// Thread-safety: none; one thread at a time runs, and another one may get its turn wherever the schedule decides.
#pragma once

#include "sim/simulation_operations.h"

namespace fdb::sim {

constexpr char kMarkerArea[] = "~m/";  // tells a worker whether a commit of unknown outcome took effect

class Worker : private RandomOperations {
 public:
  Worker(World* world, int number) : RandomOperations(world), marker_(kMarkerArea + std::to_string(number)) {
    restart_clock();
    begin_attempt();
  }

  void step() {
    ++world_.events;
    settle();
    switch (phase_) {
      case Phase::kBody: return body();
      case Phase::kCommitting: return look_at_commit();
      case Phase::kRetrying: return look_at_retry();
    }
  }

  // Ends the current attempt: sees a commit through that was issued, and gives up what was not.
  void stop() {
    ++world_.events;
    if (phase_ == Phase::kCommitting && fate_ == Fate::kAwait) {
      while (!future_->is_ready()) world_.pass(100'000);
      finish_commit();
    }
    if (phase_ == Phase::kRetrying) return transaction_->reset();
    abandon_by([this] { transaction_->reset(); });
  }

 private:
  enum class Phase { kBody, kCommitting, kRetrying };
  // What becomes of a commit that was issued.
  enum class Fate { kAwait, kCancel, kReset, kDestroy, kMisuse };

  // ---- attempts ---------------------------------------------------------------------------------------

  void begin_attempt() {
    phase_ = Phase::kBody;
    attempt_ = world_.history.begin_attempt();
    stamp_ = Ref<Future>();
    steps_left_ = 1 + static_cast<int>(world_.below(9));
    sees_writes_in_snapshots_ = true;
    if (timeout_ms_ == 0 && world_.chance(5)) {
      timeout_ms_ = 1 + static_cast<int64_t>(world_.below(2000));
      set_number_option(FDB_TR_OPTION_TIMEOUT, timeout_ms_);
    }
    if (world_.chance(5)) {
      attempt_->ryw_disabled = transaction_->set_option(FDB_TR_OPTION_READ_YOUR_WRITES_DISABLE, nullptr, 0) == 0;
    }
    if (world_.chance(10)) {
      sees_writes_in_snapshots_ = false;
      transaction_->set_option(FDB_TR_OPTION_SNAPSHOT_RYW_DISABLE, nullptr, 0);
    }
    if (world_.chance(8)) name_version();
    if (timeout_ms_ != 0 || world_.chance(30)) learn_version();
  }

  void close(Attempt::Outcome outcome) {
    attempt_->outcome = outcome;
    attempt_->end_micros = world_.now();
    attempt_->end_event = world_.events;
    settle();
    require(pending_.empty(), "a read was left pending");
  }

  // The attempt came to nothing, unless its marker is there. The transaction was reset, or is new.
  void abandon() {
    close(Attempt::Outcome::kAbandoned);
    if (phase_ == Phase::kCommitting) {
      require(future_->is_ready(), "a commit outlived its transaction");
      attempt_->error = future_->get_error();
      // A look at a watch delivers the commit, too: then it was over before it was abandoned.
      if (attempt_->error == 0) attempt_->outcome = Attempt::Outcome::kReadOnly;
    }
    restart_clock();  // before time passes
    if (guarded_) find_marker();
    guarded_ = false;
    begin_attempt();
  }

  template <class Ending>
  void abandon_by(Ending&& ending) {
    learn_version();
    ending();
    abandon();
  }

  void find_marker() {
    Transaction* probe = create_transaction(*world_.database).detach();
    Ref<Future> future = probe->get(marker_, true);
    for (int i = 0; world_.faulty && i < 100 && world_.arrived(future).get_error() != 0; ++i)
      future = probe->get(marker_, true);
    Result* result = nullptr;
    require(world_.arrived(future).value(&result) == 0, "the marker cannot be read");
    const PlacedValue found = *value_in(*result);
    if (found.present && found.value.substr(10) == std::to_string(attempt_->id)) {
      Version version = 0;
      for (size_t i = 0; i < 8; ++i) version = version << 8 | static_cast<uint8_t>(found.value[i]);
      attempt_->commit_version = version;
      attempt_->outcome = Attempt::Outcome::kCommitted;
      world_.acknowledged = std::max(world_.acknowledged, version);
    }
    probe->destroy();
  }

  // ---- body -------------------------------------------------------------------------------------------

  void body() {
    if (steps_left_-- <= 0) return commit();
    if (world_.narrow && world_.chance(40)) return world_.chance(50) ? watch() : write({kSet, random_key(), random_value()});
    const uint64_t dice = world_.below(200);
    if (dice < 40) return get(random_key(), world_.chance(20));
    if (dice < 60) return get_key();
    if (dice < 95) return get_range();
    if (dice < 130) return write({kSet, random_key(), random_value()});
    if (dice < 165) return write_atomic();
    if (dice < 172) return clear_some();
    if (dice < 178) return add_conflict();
    if (dice < 184) return write_stamped(world_.chance(50));
    if (dice < 190) return watch();
    if (dice < 194) return learn_version();
    if (dice < 196) return ask_for_stamp();
    if (dice < 197) return cancel();
    if (dice < 198) return abandon_by([this] { transaction_->reset(); });
    if (dice < 199) return abandon_by([this] { replace(); });
    retry(err::kNotCommitted);
  }

  void cancel() {
    learn_version();
    transaction_->cancel();
    const Error error = world_.arrived(transaction_->get("a", true)).get_error();
    require(error == err::kTransactionCancelled || (error == err::kTransactionTimedOut && timed_out()),
            "a cancelled transaction reads");
    abandon_by([this] { transaction_->reset(); });
  }

  // ---- commit and after -------------------------------------------------------------------------------

  void commit() {
    fate_ = world_.chance(85) ? Fate::kAwait : static_cast<Fate>(world_.below(5));
    guarded_ = (fate_ != Fate::kAwait || timeout_ms_ != 0 || world_.faulty) && attempt_->writes_anything() && !timed_out();
    if (guarded_) {
      const Bytes operand = Bytes(10, '\0') + std::to_string(attempt_->id) + Bytes(4, '\0');
      write({FDB_MUTATION_TYPE_SET_VERSIONSTAMPED_VALUE, marker_, operand});
    }
    if (fate_ != Fate::kAwait) learn_version();
    ask_for_version();
    attempt_->commit_floor = world_.acknowledged;
    attempt_->commit_micros = world_.now();
    attempt_->commit_event = world_.events;
    future_ = transaction_->commit();
    phase_ = Phase::kCommitting;
  }

  void look_at_commit() {
    if (fate_ == Fate::kAwait) {
      maybe_block();
      if (world_.chance(70) && future_->is_ready()) finish_commit();
      return;
    }
    if (fate_ == Fate::kMisuse) {
      const Error error = world_.arrived(transaction_->get_key({"a", false, 1}, false)).get_error();
      require(error == err::kUsedDuringCommit || timed_out(), "a read during the commit was not refused");
    } else if (fate_ == Fate::kCancel) {
      transaction_->cancel();
    }
    if (fate_ == Fate::kMisuse || fate_ == Fate::kCancel) {
      if (timed_out()) world_.arrived(future_);  // it was refused, which may be told late
      require(future_->is_ready(), "the commit of a transaction that was ended is pending");
      world_.pass(static_cast<int64_t>(world_.below(3'000'000)));  // long enough for what would come too late
    }
    abandon_by([this] { fate_ == Fate::kDestroy ? replace() : transaction_->reset(); });
  }

  void finish_commit() {
    const Error error = future_->get_error();
    learn_version();
    if (error == err::kTransactionTimedOut) {
      require(timed_out(), "a commit timed out too early");
      return abandon_by([this] { transaction_->reset(); });
    }
    guarded_ = false;
    attempt_->error = error;
    attempt_->commit_version = error == 0 ? transaction_->committed_version() : kInvalidVersion;
    check_stamp(error);
    if (error != 0) {
      close(Attempt::Outcome::kFailed);
      if (error == err::kCommitUnknownResult) find_marker();
    } else if (attempt_->commit_version == kInvalidVersion) {
      close(Attempt::Outcome::kReadOnly);
    } else {
      close(Attempt::Outcome::kCommitted);
      world_.acknowledged = std::max(world_.acknowledged, attempt_->commit_version);
      world_.known_versions.push_back(attempt_->commit_version);
    }
    if (error != 0 && world_.chance(80)) return retry(error);
    world_.chance(50) ? replace() : transaction_->reset();
    restart_clock();
    begin_attempt();
  }

  void check_stamp(Error error) {
    if (!stamp_) return;
    if (stamp_->get_error() == err::kTransactionTimedOut) return require(timed_out(), "a stamp timed out too early");
    if (error != 0) return expect_error(stamp_, err::kTransactionInvalidVersion, "stamp of a failed commit");
    if (attempt_->commit_version == kInvalidVersion)
      return expect_error(stamp_, err::kNoCommitVersion, "stamp of a read-only commit");
    Result* result = nullptr;
    require(stamp_->value(&result) == 0, "no stamp after a commit");
    require(std::get<KeyResult>(*result).key == attempt_->stamp(), "the stamp does not agree with the commit version");
  }

  static bool retryable(Error error) {
    return error == err::kNotCommitted || error == err::kTransactionTooOld || error == err::kFutureVersion ||
           error == err::kCommitUnknownResult;
  }

  void retry(Error error) {
    learn_version();
    if (attempt_->outcome == Attempt::Outcome::kOpen) {
      settle();
      attempt_->outcome = Attempt::Outcome::kAbandoned;
    }
    const bool late = timed_out();
    future_ = transaction_->on_error(error);
    retried_ = error;
    if (late || !retryable(error)) world_.arrived(future_);
    require(late || world_.schedule || retryable(error) == !future_->is_ready(), "on_error does not know what can be retried");
    phase_ = Phase::kRetrying;
  }

  // In a thread of its own a worker may also wait as programs do.
  void maybe_block() {
    if (world_.schedule && world_.chance(50)) require(future_->block_until_ready() == 0, "waiting was refused");
  }

  void look_at_retry() {
    maybe_block();
    if (!future_->is_ready()) {
      if (world_.schedule || world_.chance(95)) return;  // with threads it may end at any moment
      // An on_error that a reset overtakes cancels the transaction once more.
      transaction_->reset();
      expect_error(future_, err::kTransactionCancelled, "on_error overtaken by reset");
      expect_error(transaction_->get("a", true), err::kTransactionCancelled, "read after that");
      transaction_->reset();
      restart_clock();
      return end_retry();
    }
    const Error error = future_->get_error();
    if (error != 0) {
      require(error == retried_ || (error == err::kTransactionTimedOut && timed_out()), "on_error answered with another error");
      transaction_->reset();
      restart_clock();
    }
    end_retry();
  }

  void end_retry() {
    settle();
    require(pending_.empty(), "a read outlived the retry");
    begin_attempt();
  }

  const Bytes marker_;
  Phase phase_ = Phase::kBody;
  Fate fate_ = Fate::kAwait;
  bool guarded_ = false;
  int steps_left_ = 0;
  Error retried_ = 0;
  Ref<Future> future_;
};

}  // namespace fdb::sim
