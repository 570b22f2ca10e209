// The operations that a simulated client chooses among: reads, writes and watches with random keys and values.
//
// Thread-safety: none; one thread at a time runs, and another one may get its turn wherever the schedule decides.
#pragma once

#include "sim/simulation_client.h"

namespace fdb::sim {

constexpr char kStampArea[] = "v/";  // keys with stamps; nobody's range ends inside it
constexpr char kAfterStamps[] = "w";

class RandomOperations : public Client {
 protected:
  using Client::Client;

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

  Ref<Future> stamp_;
};

}  // namespace fdb::sim
