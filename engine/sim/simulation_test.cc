// The model check: seeded runs of many concurrent transactions, in one thread under a simulated clock, whose histories
// must be strictly serializable (simulation_history.h says what is checked).
//
//   simulation_test [SEEDS [FIRST]]    SEEDS runs from seed FIRST (default: seed 1 and 100,000 transactions in all, a
//                                      tenth of that under a sanitizer)
//   SIM_SEED=n simulation_test         the one run with seed n, exactly as it was among others
#include "sim/simulation_run.h"
#include "sim/test_library.h"
#include "sim/test_support.h"

namespace fdb::sim {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr uint64_t kSeeds = 40;
#else
constexpr uint64_t kSeeds = 400;
#endif

bool run_seed(uint64_t seed, Totals* totals) {
  try {
    Simulation(seed).run(totals);
    return true;
  } catch (const Violation& violation) {
    std::cerr << "SIM_SEED=" << seed << ": " << violation.text << '\n';
    return false;
  }
}

// A seed must replay exactly, or a failure could not be studied.
void check_replay(uint64_t seed) {
  Totals first;
  Totals second;
  CHECK(run_seed(seed, &first));
  CHECK(run_seed(seed, &second));
  CHECK_EQ(first.digest, second.digest);
}

int run_many(uint64_t seeds, uint64_t first) {
  Totals totals;
  uint64_t failed = 0;
  for (uint64_t seed = first; seed < first + seeds && failed < 10; ++seed) failed += !run_seed(seed, &totals);
  std::cout << totals.attempts << " transactions in " << seeds << " runs from seed " << first << '\n';
  for (const auto& [what, count] : totals.outcomes) std::cout << "  " << what << ": " << count << '\n';
  // A run of this size that never met one of these would check nothing.
  if (failed == 0 && seeds >= kSeeds) {
    for (const char* what : {"committed", "read-only", "failed with 1020", "failed with 1021", "failed with 1007",
                             "failed with 1009", "abandoned", "watches fired"}) {
      CHECK(totals.outcomes[what] > 0);
    }
  }
  return failed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace fdb::sim

int main(int argc, char** argv) {
  fdb::test::simulate();
  if (const char* seed = std::getenv("SIM_SEED")) return fdb::sim::run_many(1, std::strtoull(seed, nullptr, 10));
  const uint64_t seeds = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : fdb::sim::kSeeds;
  const uint64_t first = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1;
  fdb::sim::check_replay(first);
  return fdb::sim::run_many(seeds, first);
}
