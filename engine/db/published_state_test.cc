// PublishedState: which versions readers and commits get, whatever the clock and the commits do.
#include "db/published_state.h"

#include "sim/manual_env.h"
#include "sim/test_support.h"

namespace fdb {
namespace {

constexpr Version kFirst = PublishedState::kFirstVersion;

Snapshot content(Slice value) {
  Editor editor{Snapshot()};
  editor.set("k", value);
  return editor.finish();
}

Bytes value_of(const Snapshot& snapshot) {
  Slice value;
  CHECK(snapshot.get("k", &value));
  return Bytes(value);
}

void commit(PublishedState& state, Slice value) { state.publish(state.assign(), content(value)); }

void starts_out_of_the_window_of_version_1() {
  test::ManualEnv env;
  const Clock clock;
  PublishedState state(clock, content("first"));
  CHECK_EQ(state.clock(), kFirst);
  CHECK(state.too_old(1));
  CHECK(!state.too_old(kFirst));
  const ReadPoint point = state.read_point();
  CHECK_EQ(point.version, kFirst);
  CHECK_EQ(value_of(point.snapshot), "first");
}

void versions_rise_while_the_clock_stands() {
  test::ManualEnv env;
  const Clock clock;
  PublishedState state(clock, content("0"));
  Version last = kFirst;
  for (int i = 0; i < 3; ++i) {
    const Version version = state.assign();
    CHECK(version > last);
    last = version;
    state.publish(version, content("1"));
    CHECK_EQ(state.read_point().version, version);
  }
  state.skip(100);
  CHECK(state.assign() > last + 100);
}

void an_idle_database_has_fresh_versions() {
  test::ManualEnv env;
  const Clock clock;
  PublishedState state(clock, content("0"));
  env.now += kVersionsPerSecond;
  CHECK_EQ(state.read_point().version, kFirst);  // young enough
  env.now += 1;
  CHECK_EQ(state.read_point().version, kFirst + kVersionsPerSecond + 1);
}

// Who reads while a commit is applied gets the state before it, and a version that it can go on with.
void readers_during_a_commit() {
  test::ManualEnv env;
  const Clock clock;
  PublishedState state(clock, content("before"));
  env.now += 5000;
  const Version version = state.assign();
  CHECK_EQ(version, kFirst + 5000);
  CHECK_EQ(state.read_point().version, version - 1);
  CHECK_EQ(value_of(state.current()), "before");
  env.now += 2 * kVersionsPerSecond;  // the commit takes long
  CHECK_EQ(state.read_point().version, version - 1);
  Snapshot snapshot;
  bool superseded = true;
  CHECK_EQ(state.state_at(version, &snapshot, &superseded), err::kFutureVersion);
  CHECK_EQ(state.state_at(version - 1, &snapshot, &superseded), 0);
  CHECK(!superseded);
  CHECK_EQ(value_of(snapshot), "before");
  state.publish(version, content("after"));
  CHECK_EQ(state.state_at(version, &snapshot, &superseded), 0);
  CHECK_EQ(value_of(snapshot), "after");
  CHECK_EQ(state.state_at(version - 1, &snapshot, &superseded), 0);
  CHECK(superseded);
}

void a_commit_that_fails_uses_its_version_up() {
  test::ManualEnv env;
  const Clock clock;
  PublishedState state(clock, content("before"));
  const Version version = state.assign();
  state.give_up(version);
  CHECK_EQ(state.read_point().version, version);
  CHECK_EQ(value_of(state.read_point().snapshot), "before");
  CHECK(state.assign() > version);
}

// A version that was answered for a reader is not given to a commit afterwards.
void reads_at_named_versions() {
  test::ManualEnv env;
  const Clock clock;
  PublishedState state(clock, content("before"));
  Snapshot snapshot;
  bool superseded = true;
  env.now += 1000;
  CHECK_EQ(state.state_at(kFirst + 1001, &snapshot, &superseded), err::kFutureVersion);
  CHECK_EQ(state.micros_until(kFirst + 1001), 1);
  CHECK_EQ(state.state_at(kFirst + 1000, &snapshot, &superseded), 0);
  CHECK_EQ(state.micros_until(kFirst + 1000), 0);
  CHECK_EQ(state.assign(), kFirst + 1001);
}

void versions_leave_the_window() {
  test::ManualEnv env;
  const Clock clock;
  PublishedState state(clock, content("0"));
  commit(state, "1");
  Snapshot snapshot;
  bool superseded = false;
  env.now += kReadWindow;
  CHECK_EQ(state.state_at(kFirst, &snapshot, &superseded), 0);
  CHECK(superseded);
  env.now += 1;
  CHECK_EQ(state.state_at(kFirst, &snapshot, &superseded), err::kTransactionTooOld);
  CHECK_EQ(state.window_start(), kFirst + 1);
}

}  // namespace
}  // namespace fdb

int main() {
  fdb::starts_out_of_the_window_of_version_1();
  fdb::versions_rise_while_the_clock_stands();
  fdb::an_idle_database_has_fresh_versions();
  fdb::readers_during_a_commit();
  fdb::a_commit_that_fails_uses_its_version_up();
  fdb::reads_at_named_versions();
  fdb::versions_leave_the_window();
  return 0;
}
