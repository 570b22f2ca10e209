// A database in a file on a disk that loses power, at any moment, and one whose calls fail, each in turn: nothing acknowledged is
// missing afterwards, nothing is half there, versions and stamps go on rising. With controls that have to find losses.
//
//   durable_power_test [POWER LOSSES [FAULTS]]
#include "sim/durable_world.h"
#include "sim/simulated_vfs.h"

namespace fdb {
namespace {

using test::Fault;
using test::SimulatedDisk;

constexpr const char* kPath = "file:/database";

// How often acknowledged commits were missing.
int lose_power(uint64_t seed, int boots, const Bytes& options) {
  test::SimEnv env(seed);
  SimulatedDisk disk(seed);
  test::SimulatedVfs vfs(&disk);
  sim::DurableWorld world(env, seed, kPath + options);
  bool power_goes = false;
  world.disk_may_fail = [&] { return power_goes; };
  CHECK(world.open_and_check());
  for (int boot = 0; boot < boots; ++boot) {
    for (uint64_t left = world.below(250); left > 0; --left) world.step();
    power_goes = true;
    disk.fail(static_cast<int64_t>(world.below(200)), Fault::kError, true);
    for (uint64_t left = world.below(40); left > 0; --left) world.step();
    disk.fail(0, Fault::kError, true);
    world.close(false);
    disk.lose_power();
    disk.heal();
    power_goes = false;
    if (!world.open_and_check()) return 1;
  }
  world.close(true);
  return 0;
}

// One life in which one call, or all from then on, fail; false if the life had fewer calls.
bool fail_once(uint64_t seed, int64_t nth, Fault fault, bool all_after) {
  test::SimEnv env(seed);
  SimulatedDisk disk(seed);
  test::SimulatedVfs vfs(&disk);
  sim::DurableWorld world(env, seed, Bytes(kPath) + "?cache=1M");
  CHECK(world.open_and_check());
  for (int left = 60; left > 0; --left) world.step();
  world.disk_may_fail = [&] { return disk.faults() > 0; };
  disk.fail(nth, fault, all_after);
  for (int left = 120; left > 0; --left) world.step();
  const bool has_failed = disk.faults() > 0;
  world.close(!all_after);
  disk.heal();
  CHECK(world.open_and_check());
  world.disk_may_fail = [] { return false; };
  for (int left = 20; left > 0; --left) world.step();
  world.close(true);
  return has_failed;
}

void test_power_losses(uint64_t seed, int count) {
  constexpr int kBoots = 5;
  for (int done = 0; done < count; done += kBoots, ++seed) {
    if (lose_power(seed, kBoots, "?cache=1M") == 0) continue;
    std::cerr << "seed " << seed << ": acknowledged commits are missing\n";
    CHECK(!"a loss");
  }
}

void test_that_losses_are_found(uint64_t seed) {
  int losses = 0;
  for (int i = 0; i < 20; ++i) losses += lose_power(seed + static_cast<uint64_t>(i), 5, "?sync=normal");
  std::printf("without syncs: %d of 20 lives lost commits\n", losses);
  CHECK(losses > 0);
}

void test_faults(uint64_t seed, int count) {
  constexpr int64_t kStep = 7;
  int done = 0;
  for (int64_t nth = static_cast<int64_t>(seed % kStep); done < count; nth += kStep) {
    const Fault fault = (nth / kStep) % 2 == 0 ? Fault::kError : Fault::kFull;
    const bool all_after = (nth / kStep) % 4 >= 2;
    if (!fail_once(seed, nth, fault, all_after)) {
      ++seed;
      nth = static_cast<int64_t>(seed % kStep);
    }
    ++done;
  }
}

}  // namespace
}  // namespace fdb

int main(int count, char** arguments) {
  using namespace fdb;
  const uint64_t seed = test::seed() % 1'000'000'000;
  test::simulate();
  durable::GroupCommitter::has_thread = false;
  test_power_losses(seed, count > 1 ? std::atoi(arguments[1]) : 100 / test::kReduction);
  test_faults(seed, count > 2 ? std::atoi(arguments[2]) : 200 / test::kReduction);
  test_that_losses_are_found(seed);
  return 0;
}
