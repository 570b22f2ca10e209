// When a decided commit reaches the program, what it brings along, and what keeps it from doing so.
#include "txn/commit_delivery.h"

#include "sim/sim_env.h"
#include "sim/test_library.h"
#include "sim/test_support.h"

namespace fdb {
namespace {

test::SimEnv* env;

struct User : KeyspaceUser {
  explicit User(Keyspace* keyspace) : watches(test::network(), keyspace), delivery(test::network(), keyspace, this) {}
  void release_snapshot(int*) override {}
  bool deliver_commit_unless_busy() override {
    delivery.deliver(&watches);
    return true;
  }

  UnregisteredWatches watches;
  CommitDelivery delivery;
};

struct Fixture {
  Ref<Future> call(bool looks_hasten = true) {
    auto future = make_ref<Future>(test::network());
    delivery.start(future, looks_hasten);
    return future;
  }
  Ref<Future> stamp() {
    auto future = make_ref<Future>(test::network());
    delivery.add_stamp(future);
    return future;
  }

  const Ref<Keyspace> keyspace = make_ref<Keyspace>(test::network(), "commits");
  const Ref<User> user = make_ref<User>(&*keyspace);
  CommitDelivery& delivery = user->delivery;
};

const DecidedCommit kSuccess{0, false, true, 77, "0123456789"};
const DecidedCommit kReadOnly{0, true, true, kInvalidVersion, Bytes()};
const DecidedCommit kConflict{err::kNotCommitted, false, true, kInvalidVersion, Bytes()};

Error outcome(const Ref<Future>& future) {
  env->advance(0);
  return future->get_error();
}

void test_a_success_is_delivered_once() {
  Fixture fixture;
  CHECK(!fixture.delivery.started());
  const auto commit = fixture.call();
  const auto stamp = fixture.stamp();
  CHECK(fixture.delivery.started());
  CHECK(!fixture.delivery.deliver(&fixture.user->watches));  // not decided
  fixture.delivery.decide(kSuccess);
  CHECK_EQ(fixture.delivery.committed_version(), kInvalidVersion);
  CHECK(!commit->is_ready_quietly());
  const auto delivered = fixture.delivery.deliver(&fixture.user->watches);
  CHECK(delivered && delivered->version == 77);
  CHECK(!fixture.delivery.deliver(&fixture.user->watches));
  CHECK_EQ(outcome(commit), 0);
  CHECK_EQ(outcome(stamp), 0);
  CHECK_EQ(fixture.delivery.committed_version(), 77);
  CHECK_EQ(fixture.delivery.last_stamp(), kSuccess.stamp);
  CHECK(fixture.delivery.started());
  fixture.delivery.begin_attempt();
  CHECK(!fixture.delivery.started());
  CHECK_EQ(fixture.delivery.committed_version(), 77);
}

void test_outcomes_without_a_version() {
  Fixture fixture;
  auto commit = fixture.call();
  auto stamp = fixture.stamp();
  fixture.delivery.decide(kReadOnly);
  CHECK(fixture.delivery.deliver(&fixture.user->watches).has_value());
  CHECK_EQ(outcome(commit), 0);
  CHECK_EQ(outcome(stamp), err::kNoCommitVersion);
  fixture.delivery.begin_attempt();
  commit = fixture.call();
  stamp = fixture.stamp();
  fixture.delivery.decide(kConflict);
  CHECK(fixture.delivery.deliver(&fixture.user->watches).has_value());
  CHECK_EQ(outcome(commit), err::kNotCommitted);
  CHECK_EQ(outcome(stamp), err::kTransactionInvalidVersion);
  CHECK_EQ(fixture.delivery.committed_version(), kInvalidVersion);
}

void test_the_keyspace_delivers_what_nobody_looks_at() {
  Fixture fixture;
  const auto commit = fixture.call();
  fixture.delivery.decide(kSuccess);
  env->advance(Undelivered::kPatienceMicros - 1'000);
  CHECK(!commit->is_ready_quietly());
  env->advance(2 * Undelivered::kPatienceMicros);
  CHECK(commit->is_ready_quietly());
  CHECK_EQ(commit->get_error(), 0);
}

// A misuse poisons a commit that has taken effect: the program hears of the misuse, and of nothing else.
void test_what_was_failed_is_not_delivered() {
  Fixture fixture;
  const auto commit = fixture.call();
  const auto stamp = fixture.stamp();
  fixture.delivery.decide(kSuccess);
  fixture.delivery.fail(err::kUsedDuringCommit, err::kBrokenPromise);
  CHECK(!fixture.delivery.deliver(&fixture.user->watches));
  CHECK_EQ(outcome(commit), err::kUsedDuringCommit);
  CHECK_EQ(outcome(stamp), err::kBrokenPromise);
  CHECK_EQ(fixture.delivery.committed_version(), kInvalidVersion);
  CHECK(fixture.delivery.started());
}

void test_one_that_waits_for_reads() {
  Fixture fixture;
  fixture.call();
  fixture.delivery.wait_for_reads();
  CHECK(fixture.delivery.waits_for_reads());
  fixture.delivery.fail(err::kTransactionCancelled, err::kTransactionCancelled);
  CHECK(!fixture.delivery.waits_for_reads());
  fixture.delivery.begin_attempt();
  const auto commit = fixture.call();
  fixture.delivery.wait_for_reads();
  fixture.delivery.decide(kSuccess);
  CHECK(!fixture.delivery.waits_for_reads());
  CHECK(fixture.delivery.deliver(&fixture.user->watches).has_value());
  CHECK_EQ(outcome(commit), 0);
}

void test_an_answer_that_comes_late() {
  Fixture fixture;
  const auto commit = fixture.call(false);
  fixture.delivery.decide(kSuccess);
  fixture.delivery.send();
  CHECK(fixture.delivery.is_awaited());
  CHECK(!fixture.delivery.deliver(&fixture.user->watches));
  CHECK(!fixture.delivery.arrive(make_ref<Future>(test::network())));
  CHECK(fixture.delivery.arrive(commit));
  CHECK(!fixture.delivery.arrive(commit));
  CHECK(fixture.delivery.deliver(&fixture.user->watches).has_value());
  CHECK_EQ(outcome(commit), 0);
  fixture.delivery.begin_attempt();
  const auto ended = fixture.call(false);
  fixture.delivery.decide(kSuccess);
  fixture.delivery.send();
  fixture.delivery.fail(err::kTransactionTimedOut, err::kTransactionTimedOut);
  CHECK(!fixture.delivery.arrive(ended));
  CHECK_EQ(outcome(ended), err::kTransactionTimedOut);
}

void test_watches_follow_the_outcome() {
  Fixture fixture;
  const auto slots = std::make_shared<WatchSlots>();
  const auto watched = std::make_shared<const Watched>(Watched{"k", std::nullopt, 0});
  for (const DecidedCommit& decided : {kConflict, kSuccess}) {
    const auto watch = make_ref<Future>(test::network());
    CHECK_EQ(fixture.user->watches.add(watch, watched, slots), 0);
    fixture.call();
    fixture.delivery.decide(decided);
    CHECK(fixture.delivery.deliver(&fixture.user->watches).has_value());
    CHECK(fixture.user->watches.empty());
    CHECK_EQ(watch->is_ready_quietly(), decided.error != 0);
    fixture.delivery.begin_attempt();
  }
  fixture.keyspace->watches().remove(*watched);
}

}  // namespace
}  // namespace fdb

int main() {
  fdb::test::SimEnv simulated(1);
  fdb::env = &simulated;
  fdb::test::simulate();
  fdb::test_a_success_is_delivered_once();
  fdb::test_outcomes_without_a_version();
  fdb::test_the_keyspace_delivers_what_nobody_looks_at();
  fdb::test_what_was_failed_is_not_delivered();
  fdb::test_one_that_waits_for_reads();
  fdb::test_an_answer_that_comes_late();
  fdb::test_watches_follow_the_outcome();
  std::puts("commit_delivery_test: ok");
  return 0;
}
