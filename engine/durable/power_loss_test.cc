// What is left of a database file when the power goes, at any moment: everything that was synced, and of what came after some batches
// as a whole, none without those before it. With controls: the same without syncs has to lose some.
#include "sim/file_checks.h"
#include "sim/file_workload.h"
#include "sim/simulated_vfs.h"

namespace fdb::durable {
namespace {

using test::Fault;
using test::FileWorkload;
using test::SimulatedDisk;
using test::SimulatedVfs;

struct Outcome {
  int losses = 0;   // of batches that were called synced
  int damages = 0;  // files that cannot be opened, or that hold what no batch left
};

void lose_power(SimulatedDisk* disk, FileWorkload* workload) {
  // Nothing that closing the file would do reaches the disk.
  disk->fail(0, Fault::kError, true);
  workload->close();
  disk->lose_power();
  disk->heal();
}

void live_and_lose_power(uint64_t seed, Sync sync, Outcome* outcome) {
  std::mt19937_64 random(seed);
  SimulatedDisk disk(random());
  SimulatedVfs vfs(&disk);
  FileWorkload workload(random(), sync);
  for (int boot = 0; boot < 4; ++boot) {
    if (random() % 2) disk.fail(static_cast<int64_t>(random() % 300), Fault::kError, true);
    const bool has_faults = disk.faults() > 0;
    if (!workload.run(static_cast<int>(random() % 40)) && disk.faults() == 0 && !has_faults) {
      std::cerr << workload.last_error() << "\n";
      CHECK(!"an error without a fault");
    }
    lose_power(&disk, &workload);
    const auto state = workload.read();
    const int batch = state ? workload.batch_of(*state) : -1;
    if (batch < 0) {
      if (sync != Sync::kOff) std::cerr << "seed " << seed << ", boot " << boot << ": " << workload.last_error() << "\n";
      ++outcome->damages;
      return;
    }
    if (batch < workload.synced()) ++outcome->losses;
    workload.resume(batch);
  }
}

Outcome run(Sync sync, int runs, uint64_t seed) {
  Outcome outcome;
  for (int i = 0; i < runs; ++i) live_and_lose_power(seed + static_cast<uint64_t>(i), sync, &outcome);
  return outcome;
}

void what_is_synced_is_kept(uint64_t seed, int runs) {
  const Outcome full = run(Sync::kFull, runs, seed);
  CHECK_EQ(full.damages, 0);
  CHECK_EQ(full.losses, 0);
}

// The last moments may be lost, and nothing else.
void without_our_syncs_some_is_lost(uint64_t seed) {
  const Outcome normal = run(Sync::kNormal, 60, seed);
  CHECK_EQ(normal.damages, 0);
  CHECK(normal.losses > 0);
}

void without_any_sync_files_break(uint64_t seed) {
  const Outcome off = run(Sync::kOff, 60, seed);
  CHECK(off.losses + off.damages > 0);
}

}  // namespace
}  // namespace fdb::durable

int main(int argc, char** argv) {
  using namespace fdb::durable;
  const uint64_t seed = fdb::test::seed();
  what_is_synced_is_kept(seed, argc > 1 ? std::atoi(argv[1]) : 300 / fdb::test::kReduction);
  without_our_syncs_some_is_lost(seed);
  without_any_sync_files_break(seed);
  return 0;
}
