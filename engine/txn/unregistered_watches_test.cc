// Watches before their transaction commits: what ends them, what their reads count, and when the keyspace gets them.
#include "txn/unregistered_watches.h"

#include "sim/sim_env.h"
#include "sim/test_library.h"
#include "sim/test_support.h"

namespace fdb {
namespace {

test::SimEnv* env;

struct Fixture {
  Ref<Future> watch(const Bytes& key, std::optional<Bytes> remembered) {
    const auto future = make_ref<Future>(test::network());
    watched = std::make_shared<const Watched>(Watched{key, std::move(remembered), 0});
    CHECK_EQ(watches.add(future, watched, slots), 0);
    return future;
  }

  const Ref<Keyspace> keyspace = make_ref<Keyspace>(test::network(), "watched");
  const std::shared_ptr<WatchSlots> slots = std::make_shared<WatchSlots>();
  std::shared_ptr<const Watched> watched;  // of the newest watch
  UnregisteredWatches watches{test::network(), &*keyspace};
};

bool has_ended(const Ref<Future>& future) {
  env->advance(0);
  return future->is_ready_quietly();
}

void test_own_writes_end_watches_of_another_value() {
  Fixture fixture;
  const auto same = fixture.watch("a", "1");
  const auto other = fixture.watch("a", "2");
  const auto absent = fixture.watch("a", std::nullopt);
  const auto neighbour = fixture.watch("b", "2");
  fixture.watches.trigger("a", Slice("1"));
  CHECK(!has_ended(same) && has_ended(other) && has_ended(absent) && !has_ended(neighbour));
  CHECK_EQ(other->get_error(), 0);
  fixture.watches.trigger_all("a");
  CHECK(has_ended(same) && !has_ended(neighbour));
  fixture.watches.trigger_cleared("a", "b");
  CHECK(!has_ended(neighbour));
  fixture.watches.trigger_cleared("a", "c");
  CHECK(has_ended(neighbour));
  CHECK(fixture.watches.empty());
}

void test_slots_are_limited_and_come_back() {
  Fixture fixture;
  fixture.slots->limit(1);
  const auto first = fixture.watch("a", "1");
  const auto second = make_ref<Future>(test::network());
  const auto watched = std::make_shared<const Watched>(Watched{"b", std::nullopt, 0});
  CHECK_EQ(fixture.watches.add(second, watched, fixture.slots), err::kTooManyWatches);
  fixture.watches.end(err::kTransactionCancelled);
  CHECK_EQ(first->get_error(), err::kTransactionCancelled);
  CHECK_EQ(fixture.watches.add(second, watched, fixture.slots), 0);
  CHECK(fixture.watches.take(*watched));
  CHECK(!fixture.watches.take(*watched));
}

void test_reads_count_when_they_are_answered() {
  Fixture fixture;
  fixture.watches.add_unread(fixture.watch("a", "1"), fixture.watched, 10);
  CHECK_EQ(fixture.watches.take_answered(), 0);
  fixture.keyspace->note_round_trip();
  CHECK_EQ(fixture.watches.take_answered(), 10);
  CHECK_EQ(fixture.watches.take_answered(), 0);
  fixture.watches.add_unread(fixture.watch("b", "1"), fixture.watched, 20);
  env->pass(10'000);
  fixture.watches.add_unread(fixture.watch("c", "1"), fixture.watched, 30);
  env->pass(10'000);
  CHECK_EQ(fixture.watches.take_answered(), 20);
  CHECK_EQ(fixture.watches.take_unread(), 30);
  CHECK_EQ(fixture.watches.take_unread(), 0);
}

void test_an_unanswered_watch_fails_with_its_transaction() {
  Fixture fixture;
  const auto answered = fixture.watch("a", "1");
  const auto unread = fixture.watch("b", "1");
  fixture.watches.add_unread(unread, fixture.watched, 10);
  fixture.watches.add_unread(make_ref<Future>(test::network()), nullptr, 10);
  fixture.watches.fail_unread(err::kTransactionTimedOut);
  CHECK_EQ(unread->get_error(), err::kTransactionTimedOut);
  CHECK(!has_ended(answered));
  CHECK(!fixture.watches.take(*fixture.watched));
  CHECK_EQ(fixture.watches.take_unread(), 0);
}

void test_the_keyspace_gets_what_is_activated() {
  Fixture fixture;
  const auto stale = fixture.watch("a", "1");  // the keyspace has no such key
  const auto current = fixture.watch("a", std::nullopt);
  fixture.watches.activate();
  CHECK(fixture.watches.empty());
  CHECK(has_ended(stale));
  CHECK_EQ(stale->get_error(), 0);
  CHECK(!has_ended(current));
  CHECK(!fixture.keyspace->watches().empty());
  fixture.keyspace->watches().remove(*fixture.watched);
}

}  // namespace
}  // namespace fdb

int main() {
  fdb::test::SimEnv simulated(1);
  fdb::env = &simulated;
  fdb::test::simulate();
  fdb::test_own_writes_end_watches_of_another_value();
  fdb::test_slots_are_limited_and_come_back();
  fdb::test_reads_count_when_they_are_answered();
  fdb::test_an_unanswered_watch_fails_with_its_transaction();
  fdb::test_the_keyspace_gets_what_is_activated();
  std::puts("unregistered_watches_test: ok");
  return 0;
}
