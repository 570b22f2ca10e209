// Clock: the real time, moved time, standing time, and that nobody sees it go back.
#include "runtime/clock.h"

#include <atomic>
#include <thread>
#include <vector>

#include "sim/manual_env.h"
#include "sim/test_support.h"

namespace fdb {
namespace {

void test_a_clock_is_the_real_time_until_it_is_moved() {
  test::ManualEnv env;
  const Clock clock;
  CHECK_EQ(clock.now(), env.now);
  env.now += 77;
  CHECK_EQ(clock.now(), env.now);
  CHECK_EQ(clock.offset(), 0);
  CHECK(!clock.is_standing());
}

void test_it_is_moved_on_while_it_runs() {
  test::ManualEnv env;
  Clock clock;
  clock.shift(5'000'000);
  CHECK_EQ(clock.now(), env.now + 5'000'000);
  env.now += 10;
  CHECK_EQ(clock.now(), env.now + 5'000'000);
  clock.run();  // it does
  CHECK_EQ(clock.now(), env.now + 5'000'000);
}

void test_it_stands_and_goes_on_from_there() {
  test::ManualEnv env;
  Clock clock;
  clock.shift(100);
  const int64_t before = clock.now();
  clock.stand();
  const int64_t stands_at = clock.now();
  CHECK(stands_at >= before && stands_at <= before + 1);
  CHECK(clock.is_standing());
  env.now += 3'600'000'000;
  clock.stand();  // it does
  CHECK_EQ(clock.now(), stands_at);
  clock.shift(7);
  CHECK_EQ(clock.now(), stands_at + 7);
  clock.run();
  CHECK_EQ(clock.now(), stands_at + 7);
  CHECK(clock.offset() < 0);
  env.now += 20;
  CHECK_EQ(clock.now(), stands_at + 27);
}

void test_clocks_have_numbers_of_their_own() {
  const Clock first;
  const Clock second;
  CHECK(first.number() != 0 && first.number() != second.number());
}

void test_nobody_sees_it_go_back() {
  Clock clock;
  std::atomic<bool> done{false};
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&] {
      for (int64_t last = clock.now(); !done;) {
        const int64_t now = clock.now();
        CHECK(now >= last);
        last = now;
      }
    });
  }
  for (int i = 0; i < 2'000; ++i) {
    clock.stand();
    if (i % 3 == 0) clock.shift(2);
    if (i % 64 == 0) std::this_thread::yield();
    clock.run();
    clock.shift(1);
  }
  done = true;
  for (std::thread& reader : readers) reader.join();
}

}  // namespace
}  // namespace fdb

int main() {
  fdb::test_a_clock_is_the_real_time_until_it_is_moved();
  fdb::test_it_is_moved_on_while_it_runs();
  fdb::test_it_stands_and_goes_on_from_there();
  fdb::test_clocks_have_numbers_of_their_own();
  fdb::test_nobody_sees_it_go_back();
}
