// What the workers of one simulated database share: its clock and dice, the history that they record, what programs know.
//
// Thread-safety: none; one thread at a time runs.
#pragma once

#include "abi/library.h"
#include "sim/sim_env.h"
#include "sim/simulation_history.h"
#include "sim/simulation_schedule.h"
#include "txn/transaction.h"

namespace fdb::sim {

struct World {
  explicit World(uint64_t seed) : env(seed), random(seed * 0x9E3779B97F4A7C15ULL + 1) {}

  uint64_t below(uint64_t bound) { return random() % bound; }
  bool chance(uint64_t percent) { return below(100) < percent; }
  int64_t now() { return env.monotonic_micros(); }
  bool late() const { return database->keyspace()->latency().on(); }
  // Lets time pass, and others do what is due.
  void pass(int64_t micros) { schedule ? schedule->pass(micros) : env.advance(micros); }
  // Lets time pass until an answer that may be late is there.
  Future& arrived(const Ref<Future>& future) {
    while (late() && !future->is_ready()) pass(100);
    return *future;
  }

  test::SimEnv env;
  SeededSchedule* schedule = nullptr;  // of a run with threads
  std::mt19937_64 random;
  Ref<Database> database;
  History history;
  bool faulty = false;  // faults on demand: commits of unknown outcome, among others
  bool narrow = false;  // few keys and many watches: whoever meets, meets at the same key
  uint64_t keys = 0;    // in a narrow run
  std::deque<std::pair<WatchRecord, Ref<Future>>> watches;
  std::vector<Version> known_versions;  // handed out by the API
  Version acknowledged = 0;             // newest commit that a program knows to have happened
  int64_t events = 0;
};

}  // namespace fdb::sim
