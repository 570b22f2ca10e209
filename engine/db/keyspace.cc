#include "db/keyspace.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <map>

#include "base/env.h"
#include "base/fork.h"
#include "db/system_keys.h"
#include "runtime/network.h"

namespace fdb {

namespace {

// A cluster that has run for a while: version 1 is already out of the window.
constexpr Version kFirstVersion = 20 * kVersionsPerSecond;
// An idle database commits an empty batch when a read version would be older than this.
constexpr Version kIdleBatchAge = kVersionsPerSecond;
constexpr int64_t kSoonMicros = 1'000;  // for the rest of a bounded piece of work

// The databases of this process by name. Never freed: it outlives every thread.
struct MemoryNames {
  std::mutex mutex;
  std::map<Bytes, Ref<Keyspace>> databases;
  MemoryNames* left_behind;  // by a fork, of whose databases no lock may be touched
};

std::atomic<MemoryNames*> current_names{nullptr};

void start_without_names() {
  auto* fresh = new MemoryNames;
  fresh->left_behind = current_names.load(std::memory_order_relaxed);
  current_names.store(fresh, std::memory_order_release);
}

MemoryNames& memory_names() {
  static const bool made = [] {
    start_without_names();
    on_fork_in_child(start_without_names);
    return true;
  }();
  static_cast<void>(made);
  return *current_names.load(std::memory_order_acquire);
}

// Who holds a shard, in the shape and size a server stores it: protocol version, one storage server, nobody to move to.
// The content is nobody's business, but its size counts where a read runs into the system keys.
Bytes shard_owners() {
  const Bytes protocol("\0\0\0\x74\xb0\0\xdb\x0f", 8);
  const Bytes one("\x01\0\0\0\0\0\0\0", 8);
  return protocol + one + Bytes(16, '\x01') + Bytes(8, '\0');
}

Snapshot initial_content(Slice connection_string) {
  Editor editor{Snapshot()};
  editor.set(system_keys::kTenantMode, "1");
  editor.set(system_keys::kConsistencyCheck, Slice("\0", 1));
  editor.set(system_keys::kCoordinators, connection_string);
  editor.set(system_keys::kKeyServers, shard_owners());
  editor.set(system_keys::kKeyServersEnd, shard_owners());
  return editor.finish();
}

}  // namespace

Ref<Keyspace> Keyspace::memory(const Bytes& name, const LatencySetting& latency) {
  MemoryNames& names = memory_names();
  std::lock_guard lock(names.mutex);
  Ref<Keyspace>& keyspace = names.databases[name];
  if (!keyspace) {
    keyspace = make_ref<Keyspace>(name);
    keyspace->latency().set(latency);
  }
  return keyspace;
}

bool Keyspace::drop_memory(const Bytes& name) {
  MemoryNames& names = memory_names();
  Ref<Keyspace> dropped;  // released after the lock
  std::lock_guard lock(names.mutex);
  const auto at = names.databases.find(name);
  if (at == names.databases.end()) return false;
  dropped = std::move(at->second);
  names.databases.erase(at);
  return true;
}

Keyspace::Keyspace(Bytes name)
    : name_(std::move(name)),
      clock_start_(Env::current().monotonic_micros()),
      published_{kFirstVersion, initial_content(connection_string())},
      newest_commit_(kFirstVersion),
      recent_(kFirstVersion, published_.snapshot) {}

Bytes Keyspace::connection_string() const {
  return "embedded:" + (name_.empty() ? Bytes("memory") : name_) + "@127.0.0.1:4500";
}

Keyspace::~Keyspace() { link_->cut(); }

// ---- versions and snapshots ------------------------------------------------------------------------

Version Keyspace::clock() { return kFirstVersion + (Env::current().monotonic_micros() - clock_start_); }

ReadPoint Keyspace::read_point() {
  std::lock_guard lock(publish_mutex_);
  const Version now = clock();
  if (now - published_.version > kIdleBatchAge && !is_applying()) published_.version = now;
  return published_;
}

int64_t Keyspace::micros_until(Version version) { return std::max<Version>(0, version - clock()); }

bool Keyspace::too_old(Version version) { return version < clock() - kReadWindow; }

Error Keyspace::read_point_at(Version version, Snapshot* snapshot) {
  if (too_old(version)) return err::kTransactionTooOld;
  {
    std::lock_guard lock(publish_mutex_);
    if (version > published_.version) {
      // The commit that is being applied gets this version or an older one.
      if (version > clock() || is_applying()) return err::kFutureVersion;
      published_.version = version;
    }
    if (version >= newest_commit_) {
      *snapshot = published_.snapshot;
      return 0;
    }
  }
  return recent_.state_at(version, snapshot) ? 0 : err::kTransactionTooOld;
}

Snapshot Keyspace::current() {
  std::lock_guard lock(publish_mutex_);
  return published_.snapshot;
}

// ---- commit ----------------------------------------------------------------------------------------

Error Keyspace::check(const CommitRequest& request) {
  if (request.check_window && too_old(request.read_version)) return err::kTransactionTooOld;
  if (!request.read_conflicts.empty() && request.read_version < conflicts_forgotten_) return err::kTransactionTooOld;
  if (request.tenant_id >= 0) {
    Slice name;
    const Bytes row = Bytes(system_keys::kTenantMap) + system_keys::big_endian(static_cast<uint64_t>(request.tenant_id));
    if (!current().get(row, &name)) return err::kTenantNotFound;
  }
  return 0;
}

CommitOutcome Keyspace::commit(const CommitRequest& request) {
  note_round_trip();
  CommitOutcome outcome;
  std::lock_guard lock(commit_mutex_);
  outcome.error = check(request);
  if (outcome.error != 0) return outcome;
  for (size_t i = 0; i < request.read_conflicts.size(); ++i) {
    const KeyRange& range = request.read_conflicts[i];
    if (!conflicts_.conflicts(range.begin, range.end, request.read_version)) continue;
    outcome.error = err::kNotCommitted;
    if (!request.report_conflicts) return outcome;
    outcome.conflicting.push_back(i);
  }
  if (outcome.error == 0 && locked() && !request.lock_aware) outcome.error = err::kDatabaseLocked;
  if (outcome.error != 0) return outcome;

  const Version version = assign_version();
  reach(Point::kVersionAssigned);
  try {
    apply(request, version, &outcome);
  } catch (...) {
    // The version goes by without a commit, so that what its conflict ranges left behind conflicts with nobody who reads now.
    std::lock_guard publish_lock(publish_mutex_);
    published_.version = version;
    assigned_ = 0;
    throw;
  }
  return outcome;
}

// What is published counts as the state right before the commit: who reads while a long commit is applied reads at a fresh version.
Version Keyspace::assign_version() {
  std::lock_guard lock(publish_mutex_);
  assigned_ = std::max(clock(), published_.version + 1);
  published_.version = assigned_ - 1;
  return assigned_;
}

namespace {

// The operations of a commit with everything resolved that only the committer knows: stamps, and what atomic operations come to.
class Resolver {
 public:
  Resolver(Editor* editor, Slice stamp, size_t operations) : editor_(*editor), stamp_(stamp) { changes_.reserve(operations); }

  // Carries the operation out; returns the change it came to.
  const Change& apply(Mutation mutation) {
    Change change{mutation.key, mutation.value, mutation.op == Op::kClearRange};
    if (mutation.op == Op::kSetVersionstampedKey) {
      change.key = with_stamp(mutation.key);
    } else if (mutation.op == Op::kSetVersionstampedValue) {
      change.value = with_stamp(mutation.value);
    } else if (mutation.op != Op::kSet && mutation.op != Op::kClearRange) {
      Slice existing;
      const bool present = editor_.get(mutation.key, &existing);
      const auto value = apply_atomic(mutation.op, present ? std::optional<Slice>(existing) : std::nullopt, mutation.value);
      change.is_clear = !value;
      change.value = value ? arena_.copy(*value) : arena_.copy_after(mutation.key);
    }
    change.is_clear ? editor_.clear_range(change.key, change.value) : editor_.set(change.key, change.value);
    changes_.push_back(change);
    return changes_.back();
  }

  const std::vector<Change>& changes() const { return changes_; }

 private:
  // The last four bytes name the place of the stamp and go.
  Slice with_stamp(Slice operand) {
    uint32_t offset;
    std::memcpy(&offset, operand.data() + operand.size() - 4, 4);
    const Slice filled = arena_.copy(operand.substr(0, operand.size() - 4));
    std::memcpy(const_cast<char*>(filled.data()) + offset, stamp_.data(), stamp_.size());
    return filled;
  }

  Editor& editor_;
  const Slice stamp_;
  Arena arena_;
  std::vector<Change> changes_;
};

bool touches_system_keys(const Change& change) { return change.is_clear || (!change.key.empty() && change.key[0] == '\xff'); }

}  // namespace

// Whatever may fail comes before publish(). A failure leaves no more than conflict ranges of a version that nobody reads at.
void Keyspace::apply(const CommitRequest& request, Version version, CommitOutcome* outcome) {
  const Bytes stamp = system_keys::big_endian(static_cast<uint64_t>(version)) + Bytes(2, '\0');
  std::memcpy(outcome->stamp_bytes, stamp.data(), sizeof outcome->stamp_bytes);
  outcome->version = version;
  Editor editor(current());
  editor.count_replaced(recent_.newest_base_mark());
  Resolver resolver(&editor, stamp, request.mutations.size());
  bool system = false;
  for (const Mutation& mutation : request.mutations) {
    const Change& change = resolver.apply(mutation);
    if (mutation.op == Op::kSetVersionstampedKey) conflicts_.add(change.key, key_after(change.key), version);
    system = system || touches_system_keys(change);
  }
  for (const KeyRange& range : request.write_conflicts) conflicts_.add(range.begin, range.end, version);
  forget_conflicts(version);
  const int64_t replaced = editor.replaced_bytes();
  const Snapshot state = editor.finish();
  recent_.add(version, resolver.changes(), state, replaced, clock() - kReadWindow);
  if (system) refresh_system_state(state);
  publish(version, state);
  schedule_sweep();
  fire_watches(resolver.changes(), state);
}

// Versions may be ahead of the clock, and then the clock decides what is out of the window, as it does in too_old().
void Keyspace::forget_conflicts(Version version) {
  const Version horizon = std::min(version, clock()) - kReadWindow;
  if (horizon <= conflicts_forgotten_) return;
  conflicts_forgotten_ = horizon;
  conflicts_.forget(horizon);
}

void Keyspace::skip_versions(Version count) {
  std::lock_guard commit_lock(commit_mutex_);
  std::lock_guard lock(publish_mutex_);
  published_.version += count;
}

void Keyspace::publish(Version version, Snapshot snapshot) noexcept {
  std::lock_guard lock(publish_mutex_);
  std::swap(published_.snapshot, snapshot);
  published_.version = newest_commit_ = version;
}

void Keyspace::refresh_system_state(const Snapshot& snapshot) {
  Slice value;
  locked_.store(snapshot.get(system_keys::kDatabaseLocked, &value), std::memory_order_release);
  const bool has_mode = snapshot.get(system_keys::kTenantMode, &value) && value.size() == 1;
  tenant_mode_.store(has_mode ? value[0] - '0' : 0, std::memory_order_release);
}

void Keyspace::fire_watches(const std::vector<Change>& applied, const Snapshot& published) {
  reach(Point::kPublished);
  if (watches_.empty()) return;
  for (const Change& change : applied) {
    if (change.is_clear) {
      watches_.check_range(change.key, change.value, published);
    } else {
      watches_.check(change.key, published);
    }
  }
}

// ---- work for the network thread -------------------------------------------------------------------

template <class Task>
void Keyspace::at(int64_t when_micros, Task task) {
  Network::instance().at(when_micros, [link = link_, task] {
    if (const Ref<Keyspace> alive = link->lock()) task(*alive);
  });
}

void Keyspace::expect_delivery(Undelivered::Place* place) {
  const int64_t now = Env::current().monotonic_micros();
  if (!undelivered_.add(place, now)) return;
  try {
    at(now + Undelivered::kPatienceMicros, [](Keyspace& self) { self.deliver_unseen(); });
  } catch (...) {
    undelivered_.disarm();
    throw;
  }
}

void Keyspace::deliver_unseen() {
  const int64_t next = undelivered_.deliver(Env::current().monotonic_micros());
  if (next < 0) return;
  try {
    at(next, [](Keyspace& self) { self.deliver_unseen(); });
  } catch (...) {
    undelivered_.disarm();  // the next commit calls again
  }
}

bool Keyspace::hold(KeyspaceUser* user, Version from, Version to) noexcept {
  try {
    sweeper_.move(user, from, to);
  } catch (const std::bad_alloc&) {
    return false;
  }
  if (to != Sweeper::kNone) schedule_sweep();
  return true;
}

// Without memory for it the next one who holds something schedules it.
void Keyspace::schedule_sweep(int64_t delay_micros) noexcept {
  if (sweep_scheduled_.load(std::memory_order_relaxed) || sweep_scheduled_.exchange(true)) return;
  try {
    at(Env::current().monotonic_micros() + delay_micros, [](Keyspace& self) { self.sweep(); });
  } catch (...) {
    sweep_scheduled_.store(false);
  }
}

void Keyspace::sweep() {
  const Version window_start = clock() - kReadWindow;
  const bool soon = sweeper_.sweep(window_start);
  const bool more = recent_.trim(window_start) || !sweeper_.empty();
  sweep_scheduled_.store(false);
  if (more) schedule_sweep(soon ? kSoonMicros : kSweepMicros);
}

}  // namespace fdb
