// The model check: seeded runs of many concurrent transactions, in one thread under a simulated clock, whose histories
// must be strictly serializable (simulation_history.h says what is checked).
//
//   simulation_test [SEEDS [FIRST]]    SEEDS runs from seed FIRST (default: seed 1 and 100,000 transactions in all, a
//                                      tenth of that under a sanitizer)
//   SIM_SEED=n simulation_test         the one run with seed n, exactly as it was among others
#include "simulation_worker.h"
#include "test_support.h"

namespace fdb::sim {
namespace {

constexpr size_t kAttempts = 250;  // in one run
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr uint64_t kSeeds = 40;
#else
constexpr uint64_t kSeeds = 400;
#endif

struct Totals {
  size_t attempts = 0;
  std::map<std::string, size_t> outcomes;
  uint64_t digest = 0;
};

class Simulation {
 public:
  explicit Simulation(uint64_t seed) : seed_(seed), name_("sim" + std::to_string(seed)), world_(seed) {
    world_.database = Database::open(("memory:" + name_).c_str());
  }
  ~Simulation() {
    workers_.clear();
    Keyspace::drop_memory(name_);
    // Nothing of this run may be left in the timers of the next one.
    for (int i = 0; i < 10; ++i) world_.env.advance(2'000'000);
  }

  void run(Totals* totals) {
    calibrate();
    // Every fourth run is one of late answers.
    if (seed_ % 4 == 3) world_.database->keyspace()->latency().set({true, 0, 2'000, seed_});
    const uint64_t count = 2 + world_.below(9);
    for (uint64_t i = 0; i < count; ++i) workers_.push_back(std::make_unique<Worker>(&world_, static_cast<int>(i)));
    while (world_.history.size() < kAttempts) {
      workers_[world_.below(count)]->step();
      world_.env.advance(random_pause());
      if (world_.chance(10)) poll_watches();
    }
    for (const auto& worker : workers_) worker->stop();
    world_.env.advance(1);
    world_.env.advance(1);
    poll_watches();
    std::deque<WatchRecord> watches;
    for (const auto& [record, future] : world_.watches) watches.push_back(record);
    totals->digest = world_.history.verify(watches, all_rows());
    count_outcomes(watches, totals);
    // A pending watch keeps its database, and that keeps the watch, until somebody ends it.
    for (const auto& [record, future] : world_.watches) future->cancel();
  }

 private:
  // The engine's clock runs with ours; the first read version says how far ahead it is.
  void calibrate() {
    Transaction* transaction = world_.database->create_transaction().detach();
    Result* result = nullptr;
    const Ref<Future> version = transaction->get_read_version();
    CHECK_EQ(version->value(&result), 0);
    world_.history.set_clock(std::get<int64_t>(*result) - world_.now());
    transaction->destroy();
  }

  int64_t random_pause() {
    const uint64_t dice = world_.below(1000);
    if (dice < 4) return static_cast<int64_t>(world_.below(7'000'000));
    if (dice < 50) return static_cast<int64_t>(world_.below(200'000));
    if (dice < 300) return static_cast<int64_t>(world_.below(2'000));
    return static_cast<int64_t>(world_.below(40));
  }

  void poll_watches() {
    for (auto& [record, future] : world_.watches) {
      if (record.error != kPending) continue;
      if (world_.below(2000) == 0 && !future->is_ready()) {
        future->cancel();
        record.cancelled = true;
      }
      if (!future->is_ready()) continue;
      record.error = future->get_error();
      record.seen_event = world_.events;
    }
  }

  Rows all_rows() {
    Transaction* transaction = world_.database->create_transaction().detach();
    Result* result = nullptr;
    const Ref<Future> future = transaction->get_range({{"", false, 1}, {"\xff", false, 1}, 100'000, 0, FDB_STREAMING_MODE_EXACT, 1, true, false});
    CHECK_EQ(world_.arrived(future).value(&result), 0);
    Rows rows;
    for (const FDBKeyValue& row : std::get<std::unique_ptr<KeyValueArray>>(*result)->rows) {
      rows.emplace_back(Bytes(reinterpret_cast<const char*>(row.key), static_cast<size_t>(row.key_length)),
                        Bytes(reinterpret_cast<const char*>(row.value), static_cast<size_t>(row.value_length)));
    }
    transaction->destroy();
    return rows;
  }

  void count_outcomes(const std::deque<WatchRecord>& watches, Totals* totals) const {
    totals->attempts += world_.history.size();
    for (const auto& [what, count] : world_.history.outcomes()) totals->outcomes[what] += count;
    for (const WatchRecord& watch : watches) totals->outcomes["watches fired"] += watch.error == 0;
  }

  const uint64_t seed_;
  const std::string name_;
  World world_;
  std::vector<std::unique_ptr<Worker>> workers_;
};

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
    for (const char* what : {"committed", "read-only", "failed with 1020", "failed with 1007", "failed with 1009", "abandoned", "watches fired"}) {
      CHECK(totals.outcomes[what] > 0);
    }
  }
  return failed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace fdb::sim

int main(int argc, char** argv) {
  fdb::Network& network = fdb::Network::instance();
  CHECK_EQ(network.select_api_version(740, 740), 0);
  network.simulate();
  if (const char* seed = std::getenv("SIM_SEED")) return fdb::sim::run_many(1, std::strtoull(seed, nullptr, 10));
  const uint64_t seeds = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : fdb::sim::kSeeds;
  const uint64_t first = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1;
  fdb::sim::check_replay(first);
  return fdb::sim::run_many(seeds, first);
}
