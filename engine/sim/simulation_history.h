// What happened in a simulated run, and the check that it could have happened one transaction after the other, in the
// order of the commit versions, in accordance with real time (strict serializability).
//
// Thread-safety: none.
#pragma once

#include <deque>
#include <iostream>
#include <sstream>

#include "sim/simulation_model.h"

namespace fdb::sim {

constexpr int kPending = -1;  // in the place of an error: no answer yet

struct Read {
  enum class Kind { kGet, kGetKey, kRange, kConflict } kind = Kind::kGet;
  bool snapshot = false;
  bool sees_writes = true;
  size_t own = 0;  // writes of the transaction that were issued before
  Selector begin;  // kGet: only its key
  Selector end;
  int limit = 0;
  bool exact = false;  // no byte target
  bool reverse = false;
  int64_t issued_micros = 0;

  Error error = kPending;
  int64_t seen_micros = 0;
  Value value;
  Bytes key;
  Rows rows;
  bool more = false;
};

// One attempt of a transaction, from its begin to its commit, reset or end.
struct Attempt {
  enum class Outcome { kOpen, kCommitted, kReadOnly, kFailed, kAbandoned };

  int id = 0;
  bool ryw_disabled = false;
  std::vector<Write> writes;
  std::deque<Read> reads;
  Version read_version = kInvalidVersion;
  bool version_was_set = false;
  bool set_version_was_known = false;  // the API had handed it out
  Version version_floor = 0;           // newest acknowledged commit when the read version was asked for
  bool version_asked = false;

  Outcome outcome = Outcome::kOpen;
  Error error = 0;
  Version commit_version = kInvalidVersion;
  Version commit_floor = 0;  // newest acknowledged commit when the commit was issued
  int64_t commit_micros = 0;
  int64_t commit_event = 0;
  int64_t end_micros = 0;
  int64_t end_event = 0;

  Bytes stamp() const {
    Bytes bytes(10, '\0');
    for (int i = 0; i < 8; ++i) bytes[static_cast<size_t>(i)] = static_cast<char>(commit_version >> (56 - 8 * i));
    return bytes;
  }
  bool writes_anything() const {
    return std::any_of(writes.begin(), writes.end(), [](const Write& w) { return !w.is_range() || w.key < w.value; });
  }
};

struct WatchRecord {
  const Attempt* attempt = nullptr;
  Bytes key;
  size_t own = 0;
  Value remembered;
  bool cancelled = false;
  Error error = kPending;
  int64_t seen_event = 0;
  bool reads_late = false;  // then a timeout may come before its read
};

// Thrown by a check that failed; the driver adds the seed.
struct Violation {
  std::string text;
};

class History {
 public:
  Attempt* begin_attempt() {
    attempts_.emplace_back();
    attempts_.back().id = static_cast<int>(attempts_.size());
    return &attempts_.back();
  }
  // The engine's version clock: version at the simulation's time zero.
  void set_clock(Version at_zero) { clock_zero_ = at_zero; }
  // Errors may come for no reason, and watches late; what is answered is as true as ever.
  void expect_faults() { faulty_ = true; }
  Version clock(int64_t micros) const { return clock_zero_ + micros; }
  size_t size() const { return attempts_.size(); }

  // Checks everything; `final_rows` is what the database holds in the end. Returns a digest of the history.
  uint64_t verify(const std::deque<WatchRecord>& watches, const Rows& final_rows) {
    order_commits();
    for (const Attempt& attempt : attempts_) {
      check_versions(attempt);
      check_reads(attempt);
      check_commit(attempt);
    }
    for (const WatchRecord& watch : watches) check_watch(watch);
    const State& last = states_.rbegin()->second;
    if (final_rows != Rows(last.begin(), last.end())) throw Violation{"the final database differs from the model's"};
    return digest();
  }

  // How many attempts ended in which way.
  std::map<std::string, size_t> outcomes() const {
    std::map<std::string, size_t> counts;
    for (const Attempt& attempt : attempts_) {
      switch (attempt.outcome) {
        case Attempt::Outcome::kCommitted: ++counts["committed"]; break;
        case Attempt::Outcome::kReadOnly: ++counts["read-only"]; break;
        case Attempt::Outcome::kFailed: ++counts["failed with " + std::to_string(attempt.error)]; break;
        case Attempt::Outcome::kOpen:
        case Attempt::Outcome::kAbandoned: ++counts["abandoned"]; break;
      }
    }
    return counts;
  }

 private:
  const State& state_at(Version version) const { return std::prev(states_.upper_bound(version))->second; }

  [[noreturn]] static void fail(const Attempt& attempt, const std::string& what) {
    std::ostringstream text;
    text << "attempt " << attempt.id << " (read version " << attempt.read_version << ", commit version "
         << attempt.commit_version << ", error " << attempt.error << ", " << attempt.reads.size() << " reads, "
         << attempt.writes.size() << " writes): " << what;
    throw Violation{text.str()};
  }
  static void require(bool condition, const Attempt& attempt, const char* what) {
    if (!condition) fail(attempt, what);
  }

  // The sequential execution: every committed transaction, in the order of versions.
  void order_commits() {
    for (const Attempt& attempt : attempts_) {
      if (attempt.outcome != Attempt::Outcome::kCommitted) continue;
      require(commits_.emplace(attempt.commit_version, &attempt).second, attempt, "two commits share a version");
    }
    states_.emplace(0, State());
    for (const auto& [version, attempt] : commits_) {
      State state = states_.rbegin()->second;
      const Bytes stamp = attempt->stamp();
      for (const Write& write : attempt->writes) apply(write, &stamp, &state);
      states_.emplace_hint(states_.end(), version, std::move(state));
    }
  }

  void check_versions(const Attempt& attempt) const {
    if (!attempt.version_was_set && attempt.read_version != kInvalidVersion) {
      require(attempt.read_version >= attempt.version_floor, attempt, "the read version is older than an acknowledged commit");
    }
    if (attempt.outcome != Attempt::Outcome::kCommitted) return;
    require(attempt.commit_version > attempt.commit_floor, attempt, "committed before a commit that was acknowledged earlier");
    const bool named_ahead = attempt.version_was_set && attempt.read_version > clock(attempt.commit_micros);
    require(named_ahead || attempt.commit_version > attempt.read_version, attempt, "committed at or before the read version");
  }

  // ---- reads ------------------------------------------------------------------------------------------

  State visible(const Attempt& attempt, const Read& read, const State& base) const {
    State state = base;
    if (!read.sees_writes) return state;
    for (size_t i = 0; i < read.own; ++i) apply(attempt.writes[i], nullptr, &state);
    return state;
  }

  bool too_old(Version version, int64_t micros) const { return version < clock(micros) - kReadWindow; }

  void check_read_error(const Attempt& attempt, const Read& read) const {
    if (read.error == 0 || read.error == kPending) return;
    if (faulty_ && (read.error == err::kTransactionTooOld || read.error == err::kFutureVersion)) return;
    if (read.error == err::kTransactionTooOld) {
      const bool invented = attempt.version_was_set && !attempt.set_version_was_known;
      require(invented || too_old(attempt.read_version, read.seen_micros), attempt,
              "a read failed with 1007 within the window");
    } else if (read.error == err::kFutureVersion) {
      const bool far = attempt.version_was_set && attempt.read_version > clock(read.issued_micros) + 1'000'000;
      require(far, attempt, "a read failed with 1009 at a version that came in time");
    } else if (read.error == err::kAccessedUnreadable) {
      require(read.sees_writes && OwnWrites(attempt.writes, read.own).any_unreadable(), attempt,
              "a read failed with 1036 for no reason");
    } else {
      // The driver only lets a cancelled, reset or timed-out transaction fail with these.
      require(read.error == err::kTransactionCancelled || read.error == err::kTransactionTimedOut ||
                  read.error == err::kUsedDuringCommit,
              attempt, "a read failed with an unexpected error");
    }
  }

  // Whether `read` would return the same in `state`.
  static bool agrees(const Read& read, const State& state) {
    if (read.kind == Read::Kind::kGet) {
      const auto at = state.find(read.begin.key);
      return read.value == (at == state.end() ? Value() : Value(at->second));
    }
    if (read.kind == Read::Kind::kGetKey) return read.key == resolve(state, read.begin).key;
    if (read.kind == Read::Kind::kConflict) return true;
    const Rows all = rows_between(state, read.begin, read.end, read.reverse);
    if (read.rows.size() > all.size() || !std::equal(read.rows.begin(), read.rows.end(), all.begin())) return false;
    if (!all.empty() && read.rows.empty()) return false;
    const bool complete = read.rows.size() == all.size();
    const bool full = read.limit > 0 && read.rows.size() == static_cast<size_t>(read.limit);
    if (read.limit > 0 && read.rows.size() > static_cast<size_t>(read.limit)) return false;
    if (read.exact && !complete && !full) return false;
    return complete || read.more;
  }

  void check_reads(const Attempt& attempt) const {
    for (const Read& read : attempt.reads) {
      check_read_error(attempt, read);
      if (read.error != 0 || read.kind == Read::Kind::kConflict) continue;
      const OwnWrites own(attempt.writes, read.sees_writes ? read.own : 0);
      if (read.kind == Read::Kind::kGet) require(!own.unreadable(read.begin.key), attempt, "a get returned an unreadable key");
      if (read.kind == Read::Kind::kRange && !read.rows.empty()) {
        const auto [low, high] = std::minmax(read.rows.front().first, read.rows.back().first);
        require(!own.has_unreadable_in({low, key_after(high)}), attempt, "a range read went over an unreadable key");
      }
      // No version: all that was read came from the transaction's own writes.
      const State& base = attempt.read_version == kInvalidVersion ? states_.begin()->second : state_at(attempt.read_version);
      if (!agrees(read, visible(attempt, read, base)))
        fail(attempt, "a read differs from the model at the read version: " + describe(read));
    }
  }

  // ---- commits ----------------------------------------------------------------------------------------

  // The candidate conflict range, which may go beyond what the result depends on.
  Range candidate(const Attempt& attempt, const Read& read) const {
    if (read.kind == Read::Kind::kConflict) return {read.begin.key, read.end.key};
    if (read.kind == Read::Kind::kGet) return {read.begin.key, key_after(read.begin.key)};
    const Bytes begin = read.begin.plain_key();
    if (read.kind == Read::Kind::kGetKey) {
      return read.begin.offset > 0 ? Range{begin, key_after(read.key)} : Range{read.key, begin};
    }
    const Bytes end = read.end.plain_key();
    if (attempt.read_version == kInvalidVersion) return {std::min(begin, end), std::max(begin, end)};
    const State state = visible(attempt, read, state_at(attempt.read_version));
    Bytes low = begin < end ? begin : end;
    Bytes high = begin < end ? end : begin;
    if (begin < end && read.more) {
      if (!read.reverse && read.end.offset > 0) high = begin;
      if (read.reverse && read.begin.offset <= 1) low = end;
    }
    // Either selector counts, and one that leads to an empty key that exists is taken for one that ran off, too.
    const Bytes ends[] = {resolve(state, read.begin).key, resolve(state, read.end).key};
    if (read.begin.offset <= 0 && (ends[0].empty() || ends[1].empty())) low.clear();
    if (read.end.offset > 1 && (ends[0] == kKeysEnd || ends[1] == kKeysEnd)) high = kKeysEnd;
    if (read.rows.empty()) return {low, high};
    const auto [first, last] = std::minmax(read.rows.front().first, read.rows.back().first);
    if (read.reverse || read.begin.offset <= 0) low = std::min<Bytes>(low, first);
    if (!read.reverse || read.end.offset > 0) high = std::max(high, key_after(last));
    return {low, high};
  }

  std::vector<Range> read_conflicts(const Attempt& attempt) const {
    std::vector<Range> ranges;
    for (const Read& read : attempt.reads) {
      if (read.snapshot || read.error != 0) continue;
      if (attempt.ryw_disabled && read.kind == Read::Kind::kRange) return {{"", kKeysEnd}};  // 10.4 is not modelled
      const Range whole = candidate(attempt, read);
      const auto parts =
          attempt.ryw_disabled ? std::vector<Range>{whole} : OwnWrites(attempt.writes, read.own).dependent_parts(whole);
      ranges.insert(ranges.end(), parts.begin(), parts.end());
    }
    return ranges;
  }

  static bool writes_into(const Attempt& writer, const std::vector<Range>& ranges) {
    const Bytes stamp = writer.stamp();
    for (const Write& write : writer.writes) {
      const Range written = conflict_range_of(write, stamp);
      for (const Range& range : ranges) {
        if (range.meets(written)) return true;
      }
    }
    return false;
  }

  void check_commit(const Attempt& attempt) const {
    if (attempt.outcome == Attempt::Outcome::kCommitted) {
      check_committed(attempt);
    } else if (attempt.outcome == Attempt::Outcome::kFailed) {
      check_failed(attempt);
    } else if (attempt.outcome == Attempt::Outcome::kReadOnly) {
      require(!attempt.writes_anything(), attempt, "writes were committed as if there were none");
    }
  }

  void check_committed(const Attempt& attempt) const {
    require(attempt.writes_anything(), attempt, "nothing was written, but it got a version");
    const bool versioned = attempt.read_version != kInvalidVersion;
    require(!versioned || !too_old(attempt.read_version, attempt.commit_micros), attempt,
            "committed although its read version was too old");
    const State& before = std::prev(states_.find(attempt.commit_version))->second;
    for (const Read& read : attempt.reads) {
      const bool registered =
          read.error == err::kTransactionTooOld || read.error == err::kFutureVersion || read.error == err::kAccessedUnreadable;
      require(!registered, attempt, "committed although a read had failed");
      if (read.error != 0 || read.snapshot) continue;
      if (!agrees(read, visible(attempt, read, before)))
        fail(attempt, "a read is out of date at the commit version: " + describe(read));
    }
    if (!versioned || attempt.ryw_disabled) return;
    std::vector<Range> exact;
    for (const Read& read : attempt.reads) {
      const bool point = read.kind == Read::Kind::kGet || read.kind == Read::Kind::kConflict;
      if (!point || read.snapshot || read.error != 0) continue;
      const auto parts = OwnWrites(attempt.writes, read.own).dependent_parts(candidate(attempt, read));
      exact.insert(exact.end(), parts.begin(), parts.end());
    }
    for (auto at = commits_.upper_bound(attempt.read_version); at->second != &attempt; ++at) {
      require(!writes_into(*at->second, exact), attempt,
              "committed although another commit wrote into its read conflict ranges");
    }
  }

  void check_failed(const Attempt& attempt) const {
    if (faulty_ && is_commit_fault(attempt.error)) return;
    if (attempt.error == err::kTransactionTooOld) {
      const bool read_failed = std::any_of(attempt.reads.begin(), attempt.reads.end(),
                                           [](const Read& read) { return read.error == err::kTransactionTooOld; });
      require(read_failed || too_old(attempt.read_version, attempt.end_micros), attempt,
              "the commit failed with 1007 within the window");
    } else if (attempt.error == err::kNotCommitted) {
      const std::vector<Range> ranges = read_conflicts(attempt);
      for (auto at = commits_.upper_bound(attempt.read_version); at != commits_.end(); ++at) {
        if (at->second->commit_event <= attempt.end_event && writes_into(*at->second, ranges)) return;
      }
      fail(attempt, "1020 although nothing it read was written");
    } else {
      const bool from_read = std::any_of(attempt.reads.begin(), attempt.reads.end(),
                                         [&](const Read& read) { return read.error == attempt.error; });
      require(from_read, attempt, "the commit failed with an error that no read had");
    }
  }

  static bool is_commit_fault(Error error) {
    return error == err::kNotCommitted || error == err::kTransactionTooOld || error == err::kCommitUnknownResult;
  }

  // ---- watches ----------------------------------------------------------------------------------------

  // Whether the program was told that the attempt succeeded; otherwise its watches end with it.
  static bool succeeded(const Attempt& attempt) {
    const bool done = attempt.outcome == Attempt::Outcome::kCommitted || attempt.outcome == Attempt::Outcome::kReadOnly;
    return done && attempt.error == 0;
  }

  static Value value_in(const State& state, const Bytes& key) {
    const auto at = state.find(key);
    return at == state.end() ? Value() : Value(at->second);
  }

  // Whether the transaction's own later writes may have ended the watch.
  static bool own_change(const WatchRecord& watch) {
    const std::vector<Write>& writes = watch.attempt->writes;
    for (size_t i = watch.own; i < writes.size(); ++i) {
      const Write& write = writes[i];
      if (write.operation == kClear && write.key <= watch.key && watch.key < write.value && watch.remembered) return true;
      if (write.operation == kSet && write.key == watch.key && watch.remembered != write.value) return true;
      if (!write.is_range() && write.operation != kSet && write.key == watch.key) return true;
    }
    return false;
  }

  void check_watch(const WatchRecord& watch) const {
    const Attempt& attempt = *watch.attempt;
    const bool active = succeeded(attempt);
    if (watch.error == kPending) {
      const bool owed = active && value_in(states_.rbegin()->second, watch.key) != watch.remembered;
      require(!owed, attempt, "a watch did not fire although the value has changed for good");
    } else if (watch.error == 0) {
      require(own_change(watch) || (active && database_change(watch)), attempt, "a watch fired although nothing changed");
    } else {
      const bool justified = (watch.cancelled && watch.error == err::kOperationCancelled) ||
                             (!active && (watch.error == attempt.error || watch.error == err::kTransactionCancelled)) ||
                             (!active && watch.reads_late && watch.error == err::kTransactionTimedOut);
      if (!justified) fail(attempt, "a watch ended with " + std::to_string(watch.error) + " for no known cause");
    }
  }

  bool database_change(const WatchRecord& watch) const {
    const Attempt& attempt = *watch.attempt;
    const Version from = attempt.outcome == Attempt::Outcome::kCommitted ? attempt.commit_version : attempt.read_version;
    if (value_in(state_at(from), watch.key) != watch.remembered) return true;
    for (auto at = commits_.upper_bound(from); at != commits_.end(); ++at) {
      const bool visible = at->second->commit_event <= watch.seen_event;
      if (visible && value_in(states_.at(at->first), watch.key) != watch.remembered) return true;
    }
    return false;
  }

  // ---- for people -------------------------------------------------------------------------------------

  static std::string describe(const Read& read) {
    static constexpr const char* kNames[] = {"get", "get_key", "get_range", "conflict range"};
    std::ostringstream text;
    text << kNames[static_cast<int>(read.kind)] << (read.snapshot ? " (snapshot)" : "") << " from \"" << read.begin.key << "\" "
         << read.begin.or_equal << ' ' << read.begin.offset;
    if (read.kind == Read::Kind::kRange) {
      text << " to \"" << read.end.key << "\" " << read.end.or_equal << ' ' << read.end.offset << " limit " << read.limit
           << (read.reverse ? " reverse" : "") << ": " << read.rows.size() << " rows" << (read.more ? " and more" : "");
    }
    if (read.kind == Read::Kind::kGet) text << ": " << (read.value ? '"' + *read.value + '"' : "absent");
    if (read.kind == Read::Kind::kGetKey) text << ": \"" << read.key << '"';
    return text.str() + " after " + std::to_string(read.own) + " writes";
  }

  uint64_t digest() const {
    uint64_t hash = 14695981039346656037ULL;
    const auto mix = [&hash](int64_t number) { hash = (hash ^ static_cast<uint64_t>(number)) * 1099511628211ULL; };
    for (const Attempt& attempt : attempts_) {
      mix(attempt.read_version);
      mix(attempt.commit_version);
      mix(attempt.error);
      mix(attempt.end_micros);
      for (const Read& read : attempt.reads) mix(read.error + 100 * static_cast<int64_t>(read.rows.size()));
    }
    return hash;
  }

  std::deque<Attempt> attempts_;
  Version clock_zero_ = 0;
  bool faulty_ = false;
  std::map<Version, const Attempt*> commits_;
  std::map<Version, State> states_;
};

}  // namespace fdb::sim
