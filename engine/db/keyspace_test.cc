// A keyspace by itself, with a network of its own: the steps of a commit, and the upkeep of its users.
#include "db/keyspace.h"

#include <list>
#include <optional>
#include <vector>

#include "db/system_keys.h"
#include "runtime/network.h"
#include "sim/manual_env.h"
#include "sim/test_support.h"

namespace fdb {
namespace {

struct Fixture {
  Fixture() { network.simulate(); }
  ReadPoint read() { return keyspace->read_point(); }
  CommitOutcome set(Slice key, Slice value) {
    CommitRequest request = write(key, value);
    return keyspace->commit(request);
  }
  CommitRequest write(Slice key, Slice value) {
    CommitRequest request;
    request.read_version = read().version;
    request.mutations = {{Op::kSet, key, value}};
    kept.push_back(key_after(key));
    request.write_conflicts = {{key, kept.back()}};
    return request;
  }
  void pass(int64_t micros) {
    env.now += micros;
    network.turn();
  }

  test::ManualEnv env;
  Network network;
  Ref<Keyspace> keyspace = make_ref<Keyspace>(network, "test");
  std::list<Bytes> kept;
};

std::optional<Bytes> value_in(const Snapshot& snapshot, Slice key) {
  Slice value;
  return snapshot.get(key, &value) ? std::optional<Bytes>(value) : std::nullopt;
}

void a_commit_is_what_the_next_one_reads() {
  Fixture fixture;
  const CommitOutcome outcome = fixture.set("k", "v");
  CHECK_EQ(outcome.error, 0);
  CHECK_EQ(system_keys::from_big_endian(outcome.stamp().substr(0, 8)), static_cast<uint64_t>(outcome.version));
  CHECK_EQ(fixture.read().version, outcome.version);
  CHECK_EQ(value_in(fixture.read().snapshot, "k"), "v");
  CHECK(fixture.set("k", "w").version > outcome.version);
}

void old_versions_stay_readable() {
  Fixture fixture;
  const Version before = fixture.read().version;
  const Version first = fixture.set("k", "1").version;
  fixture.set("k", "2");
  Snapshot snapshot;
  CHECK_EQ(fixture.keyspace->read_point_at(first, &snapshot), 0);
  CHECK_EQ(value_in(snapshot, "k"), "1");
  CHECK_EQ(fixture.keyspace->read_point_at(before, &snapshot), 0);
  CHECK_EQ(value_in(snapshot, "k"), std::nullopt);
  fixture.env.now += 2 * kReadWindow;
  CHECK_EQ(fixture.keyspace->read_point_at(first, &snapshot), err::kTransactionTooOld);
}

void conflicts_are_found_and_named() {
  Fixture fixture;
  CommitRequest request = fixture.write("mine", "1");
  request.read_conflicts = {{"a", "b"}, {"k", "l"}, {"x", "y"}};
  fixture.set("k", "theirs");
  fixture.set("x", "theirs");
  CHECK_EQ(fixture.keyspace->commit(request).error, err::kNotCommitted);
  request.report_conflicts = true;
  CHECK(fixture.keyspace->commit(request).conflicting == (std::vector<size_t>{1, 2}));
  CHECK_EQ(value_in(fixture.read().snapshot, "mine"), std::nullopt);
  request.read_version = fixture.read().version;
  CHECK_EQ(fixture.keyspace->commit(request).error, 0);
}

// The range that a versionstamped key comes to is known to nobody before.
void stamped_keys_conflict() {
  Fixture fixture;
  CommitRequest reader = fixture.write("mine", "1");
  reader.read_conflicts = {{"s", "t"}};
  const Bytes key = "s" + Bytes(10, '.') + Bytes("\1\0\0\0", 4);
  CommitRequest request;
  request.read_version = fixture.read().version;
  request.mutations = {{Op::kSetVersionstampedKey, key, ""}};
  const CommitOutcome outcome = fixture.keyspace->commit(request);
  CHECK_EQ(outcome.error, 0);
  CHECK_EQ(value_in(fixture.read().snapshot, "s" + Bytes(outcome.stamp())), "");
  CHECK_EQ(fixture.keyspace->commit(reader).error, err::kNotCommitted);
}

void checks_come_in_order() {
  Fixture fixture;
  CommitRequest request = fixture.write("mine", "1");
  request.read_conflicts = {{"k", "l"}};
  fixture.set("k", "theirs");
  fixture.set(system_keys::kDatabaseLocked, "lock");
  CHECK(fixture.keyspace->locked());
  request.tenant_id = 7;
  CHECK_EQ(fixture.keyspace->commit(request).error, err::kTenantNotFound);
  request.tenant_id = -1;
  CHECK_EQ(fixture.keyspace->commit(request).error, err::kNotCommitted);
  request.read_version = fixture.read().version;
  CHECK_EQ(fixture.keyspace->commit(request).error, err::kDatabaseLocked);
  request.lock_aware = true;
  CHECK_EQ(fixture.keyspace->commit(request).error, 0);
  fixture.env.now += 2 * kReadWindow;
  CHECK_EQ(fixture.keyspace->commit(request).error, err::kTransactionTooOld);
  request.read_conflicts.clear();
  request.check_window = false;
  CHECK_EQ(fixture.keyspace->commit(request).error, 0);
}

// Conflict ranges that are out of the window are forgotten; who read before that must not pass for free.
void nobody_is_checked_against_what_is_forgotten() {
  Fixture fixture;
  CommitRequest request = fixture.write("mine", "1");
  request.check_window = false;
  request.read_conflicts = {{"k", "l"}};
  fixture.set("k", "theirs");
  fixture.env.now += 2 * kReadWindow;
  fixture.set("other", "");
  CHECK_EQ(fixture.keyspace->commit(request).error, err::kTransactionTooOld);
}

// ---- upkeep ------------------------------------------------------------------------------------------

class FakeUser : public KeyspaceUser {
 public:
  explicit FakeUser(Keyspace& keyspace) : keyspace_(&keyspace) {}
  ~FakeUser() override {
    hold(Sweeper::kNone);
    keyspace_->upkeep().forget_undelivered(&place);
  }
  void hold(Version version) { keyspace_->upkeep().hold(&held, version); }
  void release_snapshot(int*) override { hold(Sweeper::kNone); }
  bool deliver_commit_unless_busy() override {
    ++delivered;
    return true;
  }

  Undelivered::Place place{this};
  Sweeper::Place held{this};
  int delivered = 0;

 private:
  const Ref<Keyspace> keyspace_;
};

void snapshots_are_taken_when_they_leave_the_window() {
  Fixture fixture;
  const auto user = make_ref<FakeUser>(*fixture.keyspace);
  user->hold(fixture.read().version);
  for (int64_t passed = 0; passed < kReadWindow; passed += Upkeep::kSweepMicros) {
    fixture.pass(Upkeep::kSweepMicros);
    CHECK(user->held.version != Sweeper::kNone);
  }
  fixture.pass(Upkeep::kSweepMicros);
  CHECK_EQ(user->held.version, Sweeper::kNone);
}

void unseen_commits_are_delivered() {
  Fixture fixture;
  const auto user = make_ref<FakeUser>(*fixture.keyspace);
  fixture.keyspace->upkeep().expect_delivery(&user->place);
  fixture.pass(Undelivered::kPatienceMicros - 1);
  CHECK_EQ(user->delivered, 0);
  fixture.pass(1);
  CHECK_EQ(user->delivered, 1);
  fixture.pass(Undelivered::kPatienceMicros);
  CHECK_EQ(user->delivered, 1);
  fixture.keyspace->upkeep().expect_delivery(&user->place);
  fixture.pass(Undelivered::kPatienceMicros);
  CHECK_EQ(user->delivered, 2);
}

void timers_keep_nothing_open() {
  Fixture fixture;
  const auto link = fixture.keyspace->link();
  {
    const auto user = make_ref<FakeUser>(*fixture.keyspace);
    user->hold(fixture.read().version);
    fixture.keyspace->upkeep().expect_delivery(&user->place);
  }
  fixture.keyspace = Ref<Keyspace>();
  CHECK(!link->lock());
  fixture.pass(2 * kReadWindow);
}

}  // namespace
}  // namespace fdb

int main() {
  fdb::a_commit_is_what_the_next_one_reads();
  fdb::old_versions_stay_readable();
  fdb::conflicts_are_found_and_named();
  fdb::stamped_keys_conflict();
  fdb::checks_come_in_order();
  fdb::nobody_is_checked_against_what_is_forgotten();
  fdb::snapshots_are_taken_when_they_leave_the_window();
  fdb::unseen_commits_are_delivered();
  fdb::timers_keep_nothing_open();
  return 0;
}
