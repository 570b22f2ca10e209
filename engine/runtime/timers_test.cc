// Timers: what is due when, as clocks are moved on, stand and run again.
#include "runtime/timers.h"

#include <algorithm>
#include <string>
#include <vector>

#include "sim/manual_env.h"
#include "sim/test_support.h"

namespace fdb {
namespace {

constexpr TimerKind kLimit = TimerKind::kLimit;
constexpr TimerKind kWait = TimerKind::kWait;
using enum ClockMode;

// Timers that say their name and the time of a clock when they are run.
struct World {
  void add(const std::string& name, int64_t in_micros, TimerKind kind = kLimit) {
    timers.add(++last, clock, start + in_micros, kind, [this, name] { note(name); });
  }
  void add_real(const std::string& name, int64_t in_micros) {
    timers.add(++last, start + in_micros, [this, name] { ran.push_back(name); });
  }
  void note(const std::string& name) { ran.push_back(name + "@" + std::to_string(clock.now() - start)); }
  void run(Timers::Queue due) {
    for (auto& [key, timer] : due) timer.task();
  }
  void set_mode(ClockMode mode) { timers.set_mode(clock, mode, env.now); }
  void take_due() { run(timers.take_due(env.now)); }
  // What the network does while there is nothing else.
  bool settle() {
    bool arrived = false;
    for (int i = 0; i < 1'000 && timers.wake_micros() <= env.now; ++i) {
      take_due();
      run(timers.step(env.now, &arrived));
    }
    CHECK(timers.wake_micros() > env.now);
    return arrived;
  }
  std::vector<std::string> taken() { return std::exchange(ran, {}); }

  test::ManualEnv env;
  Clock clock;
  Timers timers;
  const int64_t start = env.now;
  Timers::Id last = 0;
  std::vector<std::string> ran;
};

using Names = std::vector<std::string>;

void test_a_clock_that_runs_is_real_time() {
  World world;
  world.add("b", 20);
  world.add_real("a", 10);
  CHECK_EQ(world.timers.wake_micros(), world.start + 10);
  world.env.now += 20;
  world.take_due();
  CHECK((world.taken() == Names{"a", "b@20"}));
  CHECK_EQ(world.timers.wake_micros(), INT64_MAX);
}

void test_a_move_at_once_keeps_the_order() {
  World world;
  for (const int when : {300, 100, 200, 100}) world.add(std::to_string(when), when);
  world.add("later", 1'000);
  world.timers.advance(world.clock, 500);
  world.take_due();
  CHECK((world.taken() == Names{"100@500", "100@500", "200@500", "300@500"}));
  CHECK_EQ(world.timers.wake_micros(), world.start + 500);
  world.env.now += 500;
  world.take_due();
  CHECK((world.taken() == Names{"later@1000"}));
}

void test_an_advance_goes_from_timer_to_timer() {
  World world;
  for (const int when : {300, 100, 200}) world.add(std::to_string(when), when);
  world.add_real("real", 250);
  world.timers.start_advance(world.clock, 250);
  CHECK(world.timers.is_advancing(world.clock));
  CHECK(world.settle());
  CHECK((world.taken() == Names{"100@100", "200@200"}));
  CHECK_EQ(world.clock.now(), world.start + 250);
  CHECK(!world.timers.is_advancing(world.clock));
  CHECK(!world.timers.has_moved());
  CHECK_EQ(world.timers.wake_micros(), world.start + 50);
  world.env.now += 250;
  world.take_due();
  CHECK((world.taken() == Names{"300@500", "real"}));
}

void test_a_clock_that_stands_holds_its_timers() {
  World world;
  world.add("old", 100, kWait);
  world.set_mode(kStanding);
  const int64_t stands_at = world.clock.now() - world.start;
  world.add("new", 50, kWait);
  world.add("due", 0);
  world.env.now += 10'000;
  CHECK(!world.settle());
  CHECK((world.taken() == Names{"due@" + std::to_string(stands_at)}));
  world.timers.start_advance(world.clock, 60 - stands_at);
  CHECK(world.settle());
  CHECK((world.taken() == Names{"new@50"}));
  world.set_mode(kRunning);
  CHECK_EQ(world.timers.wake_micros(), world.env.now + 40);
  world.env.now += 40;
  world.take_due();
  CHECK((world.taken() == Names{"old@100"}));
}

void test_with_jumps_a_wait_moves_the_clock() {
  World world;
  world.set_mode(kJumping);
  world.add("limit", 500);
  CHECK(!world.settle());
  CHECK(world.taken().empty());
  world.add("wait", 1'000, kWait);
  world.add("far", 2'000);
  world.settle();
  CHECK((world.taken() == Names{"limit@500", "wait@1000"}));
  CHECK_EQ(world.clock.now(), world.start + 1'000);
}

void test_a_wait_that_is_cancelled_moves_nothing() {
  World world;
  world.set_mode(kJumping);
  const int64_t stands_at = world.clock.now();
  Timers::Task task;
  world.timers.add(900, world.clock, world.start + 100, kWait, [] { CHECK(false); });
  CHECK(world.timers.cancel(900, &task));
  CHECK(!world.timers.cancel(900, &task));
  world.settle();
  CHECK_EQ(world.clock.now(), stands_at);
}

void test_cancelling_after_a_move() {
  World world;
  for (const Timers::Id id : {901, 902, 903, 904})
    world.timers.add(id, world.clock, world.start + 100, kWait, [] { CHECK(false); });
  Timers::Task task;
  world.timers.advance(world.clock, 10);
  CHECK(world.timers.cancel(901, &task));
  world.set_mode(kStanding);
  CHECK(world.timers.cancel(902, &task));
  world.set_mode(kRunning);
  CHECK(world.timers.cancel(903, &task));
  world.set_mode(kStanding);
  world.set_mode(kGone);
  CHECK(world.timers.cancel(904, &task));
  CHECK_EQ(world.timers.wake_micros(), INT64_MAX);
}

void test_the_timers_of_a_clock_that_goes_are_due() {
  World world;
  world.set_mode(kStanding);
  for (const int when : {300, 100, 200}) world.add(std::to_string(when), when);
  world.set_mode(kGone);
  CHECK(!world.timers.has_moved());
  world.take_due();
  CHECK_EQ(world.ran.size(), 3u);
  CHECK(world.ran[0].starts_with("100") && world.ran[1].starts_with("200") && world.ran[2].starts_with("300"));
}

void test_an_advance_of_a_clock_that_is_frozen_or_let_go_meanwhile() {
  World world;
  world.add("a", 100);
  world.timers.start_advance(world.clock, 200);
  world.set_mode(kStanding);
  CHECK(world.settle());
  CHECK((world.taken() == Names{"a@100"}));
  const int64_t stands_at = world.clock.now();
  world.add("b", 300);
  world.timers.start_advance(world.clock, 200);
  world.set_mode(kRunning);
  CHECK(world.timers.is_advancing(world.clock));
  CHECK(world.settle());
  CHECK((world.taken() == Names{"b@300"}));
  CHECK_EQ(world.clock.now(), stands_at + 200);
  CHECK(!world.timers.has_moved());
}

void test_the_end_of_the_network_finishes_advances() {
  World world;
  world.timers.start_advance(world.clock, 200);
  world.timers.finish_advances();
  CHECK_EQ(world.clock.now(), world.start + 200);
  CHECK(!world.timers.is_advancing(world.clock));
}

// Whatever is done to two clocks: the timers of each run in order, none early, none lost.
void test_random_moves() {
  std::mt19937_64 random(test::seed());
  const auto below = [&](uint64_t limit) { return static_cast<int64_t>(random() % limit); };
  test::ManualEnv env;
  Clock clocks[2];
  Timers timers;
  std::vector<std::pair<int64_t, Timers::Id>> expected[2];
  std::vector<std::pair<int64_t, Timers::Id>> ran[2];
  Timers::Id last = 0;
  const auto run = [](Timers::Queue due) {
    for (auto& [key, timer] : due) timer.task();
  };
  for (int i = 0; i < 20'000; ++i) {
    const size_t which = random() % 2;
    Clock& clock = clocks[which];
    switch (below(9)) {
      case 0: timers.set_mode(clock, below(2) ? kStanding : kJumping, env.now); break;
      case 1: timers.set_mode(clock, kRunning, env.now); break;
      case 2: timers.start_advance(clock, below(100)); break;
      case 3:
        if (!timers.is_advancing(clock)) timers.advance(clock, below(100));
        break;
      case 4: env.now += below(100); break;
      case 5: {
        bool arrived = false;
        run(timers.take_due(env.now));
        run(timers.step(env.now, &arrived));
        break;
      }
      default: {
        const int64_t when = clock.now() + below(300);
        const Timers::Id id = ++last;
        expected[which].emplace_back(when, id);
        timers.add(id, clock, when, below(4) ? kLimit : kWait, [&, which, when, id] {
          CHECK(clocks[which].now() >= when);
          ran[which].emplace_back(when, id);
        });
      }
    }
  }
  for (Clock& clock : clocks) timers.set_mode(clock, kRunning, env.now);
  bool arrived = false;
  for (int i = 0; i < 3'000; ++i) {
    env.now += 10;
    run(timers.take_due(env.now));
    run(timers.step(env.now, &arrived));
  }
  CHECK(!timers.has_moved());
  for (const size_t which : {0, 1}) {
    std::sort(expected[which].begin(), expected[which].end());
    CHECK(ran[which] == expected[which]);
  }
}

}  // namespace
}  // namespace fdb

int main() {
  fdb::test_a_clock_that_runs_is_real_time();
  fdb::test_a_move_at_once_keeps_the_order();
  fdb::test_an_advance_goes_from_timer_to_timer();
  fdb::test_a_clock_that_stands_holds_its_timers();
  fdb::test_with_jumps_a_wait_moves_the_clock();
  fdb::test_a_wait_that_is_cancelled_moves_nothing();
  fdb::test_cancelling_after_a_move();
  fdb::test_the_timers_of_a_clock_that_goes_are_due();
  fdb::test_an_advance_of_a_clock_that_is_frozen_or_let_go_meanwhile();
  fdb::test_the_end_of_the_network_finishes_advances();
  fdb::test_random_moves();
}
