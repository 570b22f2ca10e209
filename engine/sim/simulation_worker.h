// One simulated client: a transaction object that it reads and writes with, commits, cancels, resets and retries at
// random, while it records in the history what it asked and what it was told.
//
// Thread-safety: none; one thread at a time runs, and another one may get its turn wherever the schedule decides.
#pragma once

#include "abi/library.h"
#include "sim/simulation_history.h"
#include "sim/simulation_schedule.h"
#include "txn/transaction.h"

namespace fdb::sim {

// What the workers of one simulated database share.
struct World {
  explicit World(uint64_t seed) : env(seed), random(seed * 0x9E3779B97F4A7C15ULL + 1) {}

  uint64_t below(uint64_t bound) { return random() % bound; }
  bool chance(uint64_t percent) { return below(100) < percent; }
  int64_t now() { return env.monotonic_micros(); }
  bool late() const { return database->keyspace()->latency().on(); }
  // Lets time pass, and others do what is due.
  void pass(int64_t micros) { schedule ? schedule->pass(micros) : env.advance(micros); }
  // Lets time pass until an answer that may be late is there.
  Future& arrived(const Ref<Future>& future) {
    while (late() && !future->is_ready()) pass(100);
    return *future;
  }

  test::SimEnv env;
  SeededSchedule* schedule = nullptr;  // of a run with threads
  std::mt19937_64 random;
  Ref<Database> database;
  History history;
  bool narrow = false;  // few keys and many watches: whoever meets, meets at the same key
  uint64_t keys = 0;    // in a narrow run
  std::deque<std::pair<WatchRecord, Ref<Future>>> watches;
  std::vector<Version> known_versions;  // handed out by the API
  Version acknowledged = 0;             // newest commit that a program knows to have happened
  int64_t events = 0;
};

constexpr char kStampArea[] = "v/";  // keys with stamps; nobody's range ends inside it
constexpr char kAfterStamps[] = "w";
constexpr char kMarkerArea[] = "~m/";  // tells a worker whether a commit of unknown outcome took effect

class Worker {
 public:
  Worker(World* world, int number) : world_(*world), marker_(kMarkerArea + std::to_string(number)) { start_anew(); }
  ~Worker() { transaction_->destroy(); }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

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
  struct PendingRead {
    Read* read;
    Ref<Future> future;
  };

  [[noreturn]] void fail(const std::string& what) const {
    throw Violation{"attempt " + std::to_string(attempt_->id) + ": " + what};
  }
  void require(bool condition, const char* what) const {
    if (!condition) fail(what);
  }
  void expect_error(const Ref<Future>& future, Error wanted, const char* what) const {
    const Error error = world_.arrived(future).get_error();
    if (error != wanted) fail(std::string(what) + ": got " + std::to_string(error) + ", not " + std::to_string(wanted));
  }

  // ---- attempts ---------------------------------------------------------------------------------------

  void start_anew() {
    transaction_ = create_transaction(*world_.database).detach();
    restart_clock();
    begin_attempt();
  }

  void restart_clock() {
    settle();  // by the old one
    time_base_ = world_.now();
    timeout_ms_ = 0;
  }

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

  void set_number_option(int option, int64_t number) {
    Bytes bytes(8, '\0');
    for (size_t i = 0; i < 8; ++i) bytes[i] = static_cast<char>(number >> (8 * i));
    require(transaction_->set_option(option, reinterpret_cast<const uint8_t*>(bytes.data()), 8) == 0, "an option was refused");
  }

  // Sets a read version: mostly one that was handed out, sometimes an invented one, past or to come.
  void name_version() {
    Version version = world_.history.clock(world_.now()) - 6'000'000 + static_cast<Version>(world_.below(8'000'000));
    if (!world_.known_versions.empty() && world_.chance(70)) {
      const size_t age = std::min<size_t>(world_.known_versions.size(), 1 + world_.below(40));
      version = world_.known_versions[world_.known_versions.size() - age];
      attempt_->set_version_was_known = true;
    }
    transaction_->set_read_version(version);
    attempt_->version_was_set = attempt_->version_asked = true;
    attempt_->read_version = version;
    get(random_key(), world_.chance(50));  // so that a version to come is waited for
  }

  void ask_for_version() {
    if (!attempt_->version_asked) attempt_->version_floor = world_.acknowledged;
    attempt_->version_asked = true;
  }

  // The read version, also after the commit; must be known before something forgets it.
  void learn_version() {
    if (attempt_->read_version != kInvalidVersion) return;
    ask_for_version();
    const Ref<Future> future = transaction_->get_read_version();
    if (world_.arrived(future).get_error() != 0) return note_refusal(future->get_error());
    attempt_->read_version = number_of(future);
    world_.known_versions.push_back(attempt_->read_version);
  }

  static int64_t number_of(const Ref<Future>& future) {
    Result* result = nullptr;
    return future->value(&result) == 0 ? std::get<int64_t>(*result) : kInvalidVersion;
  }

  bool timed_out() { return timeout_ms_ != 0 && world_.now() - time_base_ >= timeout_ms_ * 1000; }

  void note_refusal(Error error) {
    if (!(error == err::kTransactionTimedOut && timed_out())) fail("refused, or timed out too early: " + std::to_string(error));
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
    const Ref<Future> future = probe->get(marker_, true);
    Result* result = nullptr;
    require(world_.arrived(future).value(&result) == 0, "the marker cannot be read");
    const ValueResult& found = std::get<ValueResult>(*result);
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

  void replace() {
    transaction_->destroy();
    transaction_ = create_transaction(*world_.database).detach();
  }

  void cancel() {
    learn_version();
    transaction_->cancel();
    const Error error = world_.arrived(transaction_->get("a", true)).get_error();
    require(error == err::kTransactionCancelled || (error == err::kTransactionTimedOut && timed_out()),
            "a cancelled transaction reads");
    abandon_by([this] { transaction_->reset(); });
  }

  Bytes random_key() {
    if (world_.narrow) return Bytes{'a', static_cast<char>('0' + world_.below(world_.keys))};
    Bytes key{static_cast<char>('a' + world_.below(4)), static_cast<char>('0' + world_.below(6))};
    const uint64_t dice = world_.below(40);
    if (dice == 0) return "";
    if (dice == 1) return key + '\0';
    if (dice == 2) return key.substr(0, 1);
    return key;
  }

  // Also one among or behind the keys with stamps, for reads only.
  Selector random_selector() {
    static constexpr const char* kLandmarks[] = {kStampArea, kAfterStamps, "\xff", ""};
    const Bytes key = world_.chance(15) ? kLandmarks[world_.below(4)] : random_key();
    const bool plain = world_.chance(60) || has_compare_and_clear();
    return {key, !plain && world_.chance(50), plain ? 1 : static_cast<int>(world_.below(8)) - 3};
  }

  // Like the official client, the engine counts a key that the transaction's own COMPARE_AND_CLEAR has removed when it
  // resolves an offset, so the model says nothing about that.
  bool has_compare_and_clear() const {
    return std::any_of(attempt_->writes.begin(), attempt_->writes.end(),
                       [](const Write& write) { return write.operation == FDB_MUTATION_TYPE_COMPARE_AND_CLEAR; });
  }

  Bytes random_value() {
    Bytes value(world_.chance(50) ? 8 : world_.below(10), '\0');
    for (char& byte : value) byte = static_cast<char>(world_.chance(30) ? 0 : world_.below(4));
    return value;
  }

  // ---- reads ------------------------------------------------------------------------------------------

  Read* new_read(Read::Kind kind, bool snapshot) {
    ask_for_version();
    attempt_->reads.emplace_back();
    Read* read = &attempt_->reads.back();
    read->kind = kind;
    read->snapshot = snapshot;
    read->sees_writes = !attempt_->ryw_disabled && (!snapshot || sees_writes_in_snapshots_);
    read->own = attempt_->writes.size();
    read->issued_micros = world_.now();
    return read;
  }

  void await(Read* read, Ref<Future> future) {
    pending_.push_back({read, std::move(future)});
    settle();
  }

  void get(const Bytes& key, bool snapshot) {
    Read* read = new_read(Read::Kind::kGet, snapshot);
    read->begin.key = key;
    await(read, transaction_->get(key, snapshot));
  }

  void get_key() {
    Read* read = new_read(Read::Kind::kGetKey, world_.chance(20));
    read->begin = random_selector();
    await(read, transaction_->get_key({read->begin.key, read->begin.or_equal, read->begin.offset}, read->snapshot));
  }

  void get_range() {
    Read* read = new_read(Read::Kind::kRange, world_.chance(20));
    read->begin = random_selector();
    read->end = random_selector();
    if (read->begin.key > read->end.key && world_.chance(90)) std::swap(read->begin, read->end);
    read->reverse = world_.chance(40);
    read->limit = world_.chance(50) ? 1 + static_cast<int>(world_.below(6)) : 0;
    read->exact = read->limit != 0 && world_.chance(50);
    const int target = !read->exact && world_.chance(50) ? 1 + static_cast<int>(world_.below(300)) : 0;
    const int mode = read->exact ? FDB_STREAMING_MODE_EXACT : FDB_STREAMING_MODE_WANT_ALL;
    await(read, transaction_->get_range({{read->begin.key, read->begin.or_equal, read->begin.offset},
                                         {read->end.key, read->end.or_equal, read->end.offset},
                                         read->limit,
                                         target,
                                         mode,
                                         1,
                                         read->snapshot,
                                         read->reverse}));
  }

  // Takes the answers that have come.
  void settle() {
    for (size_t i = 0; i < pending_.size();) {
      if (!pending_[i].future->is_ready()) {
        ++i;
        continue;
      }
      take_answer(pending_[i].read, pending_[i].future);
      pending_.erase(pending_.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }

  void take_answer(Read* read, const Ref<Future>& future) {
    Result* result = nullptr;
    read->error = future->value(&result);
    read->seen_micros = world_.now();
    if (read->error == err::kTransactionTimedOut) require(timed_out(), "a read timed out too early");
    if (read->error != 0) return;
    if (read->kind == Read::Kind::kGet) {
      const ValueResult& found = std::get<ValueResult>(*result);
      if (found.present) read->value = found.value;
    } else if (read->kind == Read::Kind::kGetKey) {
      read->key = std::get<KeyResult>(*result).key;
    } else {
      const KeyValueArray& found = *std::get<std::unique_ptr<KeyValueArray>>(*result);
      const auto bytes = [](const uint8_t* data, int length) {
        return Bytes(reinterpret_cast<const char*>(data), static_cast<size_t>(length));
      };
      for (const FDBKeyValue& row : found.rows)
        read->rows.emplace_back(bytes(row.key, row.key_length), bytes(row.value, row.value_length));
      read->more = found.more;
    }
  }

  void watch() {
    const Bytes key = random_key();
    if (attempt_->ryw_disabled || attempt_->version_was_set) return;
    ask_for_version();
    // What the watch sees, seen by a read of our own; the watch itself reads serializably.
    get(key, true);
    if (!pending_.empty()) world_.arrived(pending_.back().future);
    settle();
    const Read seen = attempt_->reads.back();
    if (seen.error != 0 || !seen.sees_writes || timed_out()) return;
    const Ref<Future> future = transaction_->watch(key);
    if (future->is_ready()) return require(future->get_error() == err::kTransactionTimedOut, "a watch was refused");
    attempt_->reads.push_back(seen);
    attempt_->reads.back().snapshot = false;
    world_.watches.push_back({{attempt_, key, attempt_->writes.size(), seen.value, false, kPending, 0, world_.late()}, future});
  }

  void ask_for_stamp() {
    if (!stamp_) stamp_ = transaction_->get_versionstamp();
  }

  // ---- writes -----------------------------------------------------------------------------------------

  void write(Write write) {
    if (timed_out()) return;  // a write is not refused then, but means nothing any more
    if (write.operation == kSet) {
      transaction_->set(write.key, write.value);
    } else if (write.operation == kClear) {
      transaction_->clear_range(write.key, write.value);
    } else if (write.operation == kWriteConflict) {
      require(transaction_->add_conflict_range(write.key, write.value, FDB_CONFLICT_RANGE_TYPE_WRITE) == 0,
              "a conflict range was refused");
    } else {
      transaction_->atomic_op(write.key, write.value, write.operation);
    }
    attempt_->writes.push_back(std::move(write));
  }

  void write_atomic() {
    static constexpr int kOperations[] = {
        FDB_MUTATION_TYPE_ADD,           FDB_MUTATION_TYPE_BIT_AND,  FDB_MUTATION_TYPE_BIT_OR,
        FDB_MUTATION_TYPE_BIT_XOR,       FDB_MUTATION_TYPE_MAX,      FDB_MUTATION_TYPE_MIN,
        FDB_MUTATION_TYPE_BYTE_MIN,      FDB_MUTATION_TYPE_BYTE_MAX, FDB_MUTATION_TYPE_COMPARE_AND_CLEAR,
        FDB_MUTATION_TYPE_APPEND_IF_FITS};
    const Bytes value = random_value();
    write({kOperations[world_.below(std::size(kOperations))], random_key(), value});
  }

  void clear_some() {
    const Bytes key = random_key();
    const uint64_t dice = world_.below(10);
    if (dice < 4) return write({kClear, key, key_after(key)});
    if (dice == 4) return write({kClear, kStampArea, kAfterStamps});
    const Bytes other = random_key();
    write({kClear, std::min(key, other), std::max(key, other)});
  }

  void add_conflict() {
    const Bytes key = random_key();
    const Bytes end = std::max(key_after(key), random_key());
    if (world_.chance(50)) return write({kWriteConflict, key, end});
    Read* read = new_read(Read::Kind::kConflict, false);
    read->error = 0;
    read->begin.key = key;
    read->end.key = end;
    require(transaction_->add_conflict_range(key, end, FDB_CONFLICT_RANGE_TYPE_READ) == 0, "a conflict range was refused");
  }

  void write_stamped(bool in_key) {
    const Bytes gap(10, '\0');
    if (in_key) {
      // A key of its own for each: two operations on one key keep no order when a read version came between them.
      const Bytes key = kStampArea + gap + static_cast<char>('a' + attempt_->writes.size()) + Bytes("\2\0\0\0", 4);
      write({FDB_MUTATION_TYPE_SET_VERSIONSTAMPED_KEY, key, random_value()});
    } else {
      const Bytes key = random_key();
      write({FDB_MUTATION_TYPE_SET_VERSIONSTAMPED_VALUE, key, "<" + gap + ">" + Bytes("\1\0\0\0", 4)});
    }
  }

  // ---- commit and after -------------------------------------------------------------------------------

  void commit() {
    fate_ = world_.chance(85) ? Fate::kAwait : static_cast<Fate>(world_.below(5));
    guarded_ = (fate_ != Fate::kAwait || timeout_ms_ != 0) && attempt_->writes_anything() && !timed_out();
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
    return error == err::kNotCommitted || error == err::kTransactionTooOld || error == err::kFutureVersion;
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

  World& world_;
  const Bytes marker_;
  Transaction* transaction_ = nullptr;
  Attempt* attempt_ = nullptr;
  Phase phase_ = Phase::kBody;
  Fate fate_ = Fate::kAwait;
  bool guarded_ = false;
  bool sees_writes_in_snapshots_ = true;
  int steps_left_ = 0;
  int64_t time_base_ = 0;
  int64_t timeout_ms_ = 0;
  Error retried_ = 0;
  Ref<Future> future_;
  Ref<Future> stamp_;
  std::vector<PendingRead> pending_;
};

}  // namespace fdb::sim
