// A database in a file and a model of it, for simulations: random transactions, time, folding, restarts, and disks that fail.
// Everything happens on one thread, so that a seed replays a run.
//
// The model is a map and what each commit does to it. After a crash the file has to hold what some prefix of the commits leads to,
// and no shorter one than what was acknowledged.
//
// Thread-safety: none.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "abi/library.h"
#include "db/system_keys.h"
#include "sim/sim_env.h"
#include "sim/test_library.h"
#include "sim/test_support.h"
#include "txn/transaction.h"

namespace fdb::sim {

using Rows = std::map<Bytes, Bytes>;

inline constexpr Slice kCount = "~count";  // holds the number of the commit
inline constexpr Slice kStamp = "~stamp";  // holds its stamp
inline constexpr Slice kStamps = "~s/";    // followed by a stamp: the number of the commit

// One commit, as what it does to a map.
struct Change {
  enum class Kind { kSet, kClear, kAdd } kind;
  Bytes key;
  Bytes value;  // kClear: the end
};

inline void apply(const std::vector<Change>& commit, Rows* rows) {
  for (const Change& change : commit) {
    switch (change.kind) {
      case Change::Kind::kSet: (*rows)[change.key] = change.value; break;
      case Change::Kind::kClear: rows->erase(rows->lower_bound(change.key), rows->lower_bound(change.value)); break;
      case Change::Kind::kAdd: {
        Bytes& value = (*rows)[change.key];
        value.resize(change.value.size());
        int carry = 0;
        for (size_t i = 0; i < value.size(); ++i) {
          carry += static_cast<unsigned char>(value[i]) + static_cast<unsigned char>(change.value[i]);
          value[i] = static_cast<char>(carry);
          carry >>= 8;
        }
        break;
      }
    }
  }
}

class DurableWorld {
 public:
  DurableWorld(test::SimEnv& env, uint64_t seed, Bytes cluster_string)
      : env_(env), random_(seed), cluster_string_(std::move(cluster_string)) {}

  uint64_t below(uint64_t limit) { return random_() % limit; }
  bool one_in(uint64_t count) { return below(count) == 0; }

  // While that is true what the database does may fail, and commits may be neither acknowledged nor refused.
  std::function<bool()> disk_may_fail = [] { return false; };

  // Opens the file and compares it with the model. False if commits that were acknowledged are missing.
  bool open_and_check();
  // Drops all handles, after the commits that are on their way have been answered if `waits`.
  void close(bool waits);
  int64_t evictions() const { return evictions_; }
  int64_t folds() const { return folds_; }

  // A random step: a commit, time, a turn of the committer or the network, a read.
  void step();

 private:
  struct InFlight {
    Transaction* transaction;
    Ref<Future> future;
  };
  // A transaction that reads what was there when it began.
  struct OldReader {
    Transaction* transaction;
    Version version;
    Rows rows;
  };

  Bytes random_key() { return "k" + std::to_string(below(one_in(3) ? 60 : 4'000)); }
  Bytes random_value() {
    if (one_in(30)) return Bytes(below(6'000), static_cast<char>('a' + below(26)));
    return Bytes(below(one_in(2) ? 1'200 : 120), static_cast<char>('a' + below(26))) + std::to_string(below(1'000'000));
  }
  Change random_change();
  void commit();
  void turn();
  void collect();
  void pass_time();
  void read();
  void begin_reading();
  void read_in_the_past();
  void compare(Transaction* transaction, const Rows& rows, Slice begin, Slice end);
  Rows all_rows(Transaction* transaction, Slice begin, Slice end, Error* error);
  void check_stamps(const Rows& rows);
  static Version version_of(Transaction* transaction) {
    Result* result = nullptr;
    const Ref<Future> future = transaction->get_read_version();
    CHECK_EQ(future->value(&result), 0);
    return std::get<int64_t>(*result);
  }

  test::SimEnv& env_;
  std::mt19937_64 random_;
  const Bytes cluster_string_;
  Ref<Database> database_;

  Rows rows_;                                // as the first `settled_` commits leave them
  size_t settled_ = 0;                       // known to be in the file
  std::deque<std::vector<Change>> commits_;  // after those
  size_t acknowledged_ = 0;                  // how many commits there are at least
  Version newest_version_ = 0;               // that was given out
  std::deque<InFlight> in_flight_;
  std::vector<OldReader> readers_;
  std::ptrdiff_t unknown_ = 0;  // the first ones of commits_: they may be in the file
  int64_t evictions_ = 0;
  int64_t folds_ = 0;
};

// ---- reading ---------------------------------------------------------------------------------------

inline Rows DurableWorld::all_rows(Transaction* transaction, Slice begin, Slice end, Error* error) {
  Rows rows;
  Bytes from(begin);
  for (bool more = true; more;) {
    RangeRequest request{};
    request.begin = {from, false, 1};
    request.end = {end, false, 1};
    request.mode = FDB_STREAMING_MODE_WANT_ALL;
    request.snapshot = true;
    const Ref<Future> future = transaction->get_range(request);
    Result* result = nullptr;
    *error = future->value(&result);
    if (*error != 0) return rows;
    const KeyValueArray& array = **std::get_if<std::unique_ptr<KeyValueArray>>(result);
    for (const FDBKeyValue& row : array.rows) {
      rows.emplace(Bytes(reinterpret_cast<const char*>(row.key), static_cast<size_t>(row.key_length)),
                   Bytes(reinterpret_cast<const char*>(row.value), static_cast<size_t>(row.value_length)));
    }
    more = array.more && !array.rows.empty();
    if (more) from = key_after(rows.rbegin()->first);
  }
  return rows;
}

inline void DurableWorld::compare(Transaction* transaction, const Rows& expected, Slice begin, Slice end) {
  Error error = 0;
  const Rows rows = all_rows(transaction, begin, end, &error);
  if (error != 0 && disk_may_fail()) return;
  CHECK_EQ(error, 0);
  auto at = expected.lower_bound(Bytes(begin));
  for (const auto& [key, value] : rows) {
    if (key.substr(0, kStamps.size()) == kStamps || key == kStamp) continue;
    CHECK(at != expected.end());
    CHECK_EQ(key, at->first);
    CHECK(value == at->second);
    ++at;
  }
  CHECK(at == expected.lower_bound(Bytes(end)));
}

// Stamps ascend with the numbers of their commits, and the newest one stands in its place.
inline void DurableWorld::check_stamps(const Rows& rows) {
  Bytes number;
  Bytes newest;
  for (auto at = rows.lower_bound(Bytes(kStamps)); at != rows.end() && at->first.substr(0, kStamps.size()) == kStamps; ++at) {
    const Bytes padded = Bytes(20 - at->second.size(), '0') + at->second;
    CHECK(number < padded);
    number = padded;
    newest = at->first.substr(kStamps.size());
  }
  const auto last = rows.find(Bytes(kStamp));
  if (last != rows.end() && !newest.empty()) CHECK_EQ(last->second, newest);
}

inline bool DurableWorld::open_and_check() {
  database_ = test::open_database(cluster_string_);
  CHECK_EQ(database_->deferred_error(), 0);
  if (one_in(2)) database_->keyspace()->file()->cache().set_limit(static_cast<int64_t>(below(100'000)));
  Transaction* transaction = create_transaction(*database_).detach();
  Error error = 0;
  const Rows rows = all_rows(transaction, Slice(), "\xff", &error);
  CHECK_EQ(error, 0);
  const auto count = rows.find(Bytes(kCount));
  const size_t held = count == rows.end() ? 0 : std::stoull(count->second);
  CHECK(held <= settled_ + commits_.size());
  if (held < acknowledged_) {
    transaction->destroy();
    database_ = Ref<Database>();
    return false;
  }
  for (; settled_ < held; ++settled_) {
    sim::apply(commits_.front(), &rows_);
    commits_.pop_front();
  }
  commits_.clear();
  compare(transaction, rows_, Slice(), "\xff");
  check_stamps(rows);
  const Version version = version_of(transaction);
  CHECK(version >= newest_version_);
  newest_version_ = version;
  transaction->destroy();
  acknowledged_ = settled_;
  unknown_ = 0;
  return true;
}

inline void DurableWorld::close(bool waits) {
  while (waits && !in_flight_.empty()) {
    turn();
    collect();
  }
  evictions_ += database_->keyspace()->file()->cache().evictions();
  for (const InFlight& one : in_flight_) one.transaction->destroy();
  in_flight_.clear();
  for (const OldReader& reader : readers_) reader.transaction->destroy();
  readers_.clear();
  database_ = Ref<Database>();
}

// ---- steps -----------------------------------------------------------------------------------------

inline Change DurableWorld::random_change() {
  const uint64_t dice = below(20);
  const Bytes key = random_key();
  if (dice < 12) return {Change::Kind::kSet, key, random_value()};
  if (dice < 15) return {Change::Kind::kClear, key, key_after(key)};
  if (dice < 17) return {Change::Kind::kAdd, "n" + std::to_string(below(5)), Bytes("\x03\0\0\0\0\0\0\0", 8)};
  if (dice < 19 || !one_in(8)) return {Change::Kind::kClear, key, key + "9"};
  return {Change::Kind::kClear, std::min(key, Bytes("k5")), "k8"};
}

inline void DurableWorld::commit() {
  std::vector<Change> changes;
  Transaction* transaction = create_transaction(*database_).detach();
  for (uint64_t left = 1 + below(one_in(20) ? 300 : 6); left > 0; --left) changes.push_back(random_change());
  changes.push_back({Change::Kind::kSet, Bytes(kCount), std::to_string(settled_ + commits_.size() + 1)});
  for (const Change& change : changes) {
    switch (change.kind) {
      case Change::Kind::kSet: transaction->set(change.key, change.value); break;
      case Change::Kind::kClear: transaction->clear_range(change.key, change.value); break;
      case Change::Kind::kAdd: transaction->atomic_op(change.key, change.value, FDB_MUTATION_TYPE_ADD); break;
    }
  }
  const Bytes offset("\0\0\0\0", 4);
  transaction->atomic_op(kStamp, Bytes(10, '\0') + offset, FDB_MUTATION_TYPE_SET_VERSIONSTAMPED_VALUE);
  transaction->atomic_op(Bytes(kStamps) + Bytes(10, '\0') + Bytes("\3\0\0\0", 4), changes.back().value,
                         FDB_MUTATION_TYPE_SET_VERSIONSTAMPED_KEY);
  in_flight_.push_back({transaction, transaction->commit()});
  commits_.push_back(std::move(changes));
}

// Of the thread that writes.
inline void DurableWorld::turn() {
  KeyspaceFile& file = *database_->keyspace()->file();
  const Version base = file.folded_version();
  file.turn();
  folds_ += file.folded_version() != base ? 1 : 0;
}

// Commits whose answers have come.
inline void DurableWorld::collect() {
  test::network().turn();
  while (!in_flight_.empty() && in_flight_.front().future->is_ready()) {
    const InFlight done = in_flight_.front();
    in_flight_.pop_front();
    const Error error = done.future->get_error();
    if (error == 0) {
      CHECK_EQ(unknown_, 0);
      CHECK(done.transaction->committed_version() > newest_version_);
      newest_version_ = done.transaction->committed_version();
      sim::apply(commits_.front(), &rows_);
      commits_.pop_front();
      acknowledged_ = ++settled_;
    } else {
      CHECK(disk_may_fail());
      CHECK(error == err::kIoError || error == err::kCommitUnknownResult);
      // What was refused is not in the file. What may be there or not stays in the model, and is followed by nothing.
      if (error == err::kCommitUnknownResult) {
        ++unknown_;
      } else {
        commits_.erase(commits_.begin() + unknown_);
      }
    }
    done.transaction->destroy();
  }
}

inline void DurableWorld::read() {
  collect();
  Transaction* transaction = create_transaction(*database_).detach();
  Bytes begin = random_key();
  Bytes end = random_key();
  if (end < begin) std::swap(begin, end);
  compare(transaction, rows_, begin, end);
  transaction->destroy();
}

inline void DurableWorld::begin_reading() {
  collect();
  Transaction* transaction = create_transaction(*database_).detach();
  readers_.push_back({transaction, version_of(transaction), rows_});
}

inline void DurableWorld::read_in_the_past() {
  if (readers_.empty()) return begin_reading();
  const size_t index = below(readers_.size());
  const OldReader reader = readers_[index];
  if (!database_->keyspace()->too_old(reader.version)) {
    Bytes begin = random_key();
    Bytes end = random_key();
    if (end < begin) std::swap(begin, end);
    return compare(reader.transaction, reader.rows, begin, end);
  }
  // Out of the window: the right answer or 1007.
  Error error = 0;
  const Rows rows = all_rows(reader.transaction, "k", "l", &error);
  CHECK(error == 0 || error == err::kTransactionTooOld || disk_may_fail());
  if (error == 0) compare(reader.transaction, reader.rows, "k", "l");
  reader.transaction->destroy();
  readers_.erase(readers_.begin() + static_cast<std::ptrdiff_t>(index));
}

// While a commit is on its way read versions stand still, and would leave the window.
inline void DurableWorld::pass_time() {
  while (!in_flight_.empty()) {
    turn();
    collect();
  }
  env_.advance(static_cast<int64_t>(below(one_in(4) ? 3'000'000 : 20'000)));
}

inline void DurableWorld::step() {
  const uint64_t dice = below(100);
  if (dice < 45) return commit();
  if (dice < 70) return turn();
  if (dice < 80) return collect();
  if (dice < 88) return pass_time();
  if (dice < 94) return read();
  read_in_the_past();
}

}  // namespace fdb::sim
