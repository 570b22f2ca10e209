// Random work on a database in a file, with clean ends and opening again in between, against a model: what is read now, what was
// there when a transaction began, and what is there afterwards (sim/durable_world.h).
#include "sim/durable_world.h"
#include "sim/temporary_directory.h"

namespace fdb {
namespace {

constexpr int kRounds = 12;
constexpr uint64_t kSteps = 400;

void simulate_one(uint64_t seed, const char* options) {
  test::TemporaryDirectory directory;
  test::SimEnv env(seed);
  sim::DurableWorld world(env, seed, "file:" + directory.file("database") + options);
  for (int round = 0; round < kRounds; ++round) {
    CHECK(!world.open_and_check());
    for (uint64_t left = world.below(kSteps); left > 0; --left) world.step();
    world.close(false);
  }
  CHECK(!world.open_and_check());
  world.close(false);
}

}  // namespace
}  // namespace fdb

// The number of seeds is an argument.
int main(int count, char** arguments) {
  using namespace fdb;
  const uint64_t first = test::seed() % 1'000'000'000;
  const int seeds = count > 1 ? std::atoi(arguments[1]) : 4;
  test::simulate();
  durable::GroupCommitter::has_thread = false;
  for (int i = 0; i < seeds; ++i) {
    const uint64_t seed = first + static_cast<uint64_t>(i);
    static constexpr const char* kOptions[] = {"?cache=1M", "?sync=normal", "?sync=off&cache=1M"};
    std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
    std::fflush(stdout);
    simulate_one(seed, kOptions[seed % std::size(kOptions)]);
  }
  return 0;
}
