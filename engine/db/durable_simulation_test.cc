// Random work on a database in a file, with clean ends and opening again in between, against a model: what is read now, what was
// there when a transaction began, and what is there afterwards (sim/durable_world.h).
#include "sim/durable_world.h"
#include "sim/temporary_directory.h"

namespace fdb {
namespace {

constexpr int kRounds = 12;
constexpr uint64_t kSteps = 400;

void simulate_one(uint64_t seed, const char* options, int64_t* folds, int64_t* evictions) {
  test::TemporaryDirectory directory;
  test::SimEnv env(seed);
  sim::DurableWorld world(env, seed, "file:" + directory.file("database") + options);
  for (int round = 0; round < kRounds; ++round) {
    CHECK(world.open_and_check());
    for (uint64_t left = world.below(kSteps); left > 0; --left) world.step();
    world.close(true);
  }
  CHECK(world.open_and_check());
  world.close(true);
  *folds += world.folds();
  *evictions += world.evictions();
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
  int64_t folds = 0;
  int64_t evictions = 0;
  for (int i = 0; i < seeds; ++i) {
    const uint64_t seed = first + static_cast<uint64_t>(i);
    static constexpr const char* kOptions[] = {"?cache=1M", "?sync=normal", "?sync=off&cache=1M"};
    std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
    std::fflush(stdout);
    simulate_one(seed, kOptions[seed % std::size(kOptions)], &folds, &evictions);
  }
  std::printf("%lld folds, %lld evictions\n", static_cast<long long>(folds), static_cast<long long>(evictions));
  CHECK(folds > 0);
  CHECK(evictions > 0);
  return 0;
}
