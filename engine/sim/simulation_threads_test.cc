// The model check with threads: the transactions of simulation_test, each worker in a thread of its own beside the network
// thread, one running at a time by a seeded choice (simulation_schedule.h). Then the same kinds of work with threads that
// really run at the same time, for ThreadSanitizer, and for the races that need two processors.
//
//   simulation_threads_test [SEEDS [FIRST]]    SEEDS runs from seed FIRST, without the second part
//   SIM_SEED=n simulation_threads_test         the one run with seed n
//   simulation_threads_test races ROUNDS       only races of watches with writes, ROUNDS of them
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <barrier>
#include <thread>

#include "abi/library.h"
#include "sim/simulation_run.h"
#include "sim/test_library.h"

namespace fdb::sim {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr uint64_t kSeeds = 300;
constexpr int kRounds = 1'000;
#else
constexpr uint64_t kSeeds = 3'000;
constexpr int kRounds = 5'000;
#endif

bool run_seed(SeededSchedule& schedule, uint64_t seed, Totals* totals) {
  try {
    Simulation(seed, &schedule).run_threads(totals);
    return true;
  } catch (const Violation& violation) {
    std::cerr << "SIM_SEED=" << seed << ": " << violation.text << std::endl;
    return false;
  }
}

int run_scheduled(uint64_t seeds, uint64_t first) {
  SeededSchedule schedule;
  test::SimEnv waiting(0);
  schedule.reseed(0, &waiting);
  schedule.start_background([] { CHECK_EQ(test::network().run(), 0); });
  schedule.settle();
  Totals totals;
  uint64_t failed = 0;
  uint64_t done = 0;
  for (uint64_t seed = first; seed < first + seeds && failed < 10; ++seed, ++done) failed += !run_seed(schedule, seed, &totals);
  if (failed == 0 && seeds > 1) {
    // A seed must replay exactly, or a failure could not be studied.
    const uint64_t digest = totals.digest;
    CHECK(run_seed(schedule, first + seeds - 1, &totals));
    CHECK_EQ(totals.digest, digest);
  }
  std::cout << totals.attempts << " transactions of threads in " << done << " runs from seed " << first << '\n';
  for (const auto& [what, count] : totals.outcomes) std::cout << "  " << what << ": " << count << '\n';
  CHECK_EQ(test::network().stop(), 0);
  schedule.settle();
  return failed == 0 ? 0 : 1;
}

// ---- threads that run at the same time -----------------------------------------------------------------

struct End {
  void operator()(Transaction* transaction) const { transaction->destroy(); }
};
using Handle = std::unique_ptr<Transaction, End>;

Error wait_for(const Ref<Future>& future) {
  CHECK_EQ(future->block_until_ready(), 0);
  return future->get_error();
}

// Until it commits.
template <class Body>
void transact(Database& database, Body&& body) {
  const Handle transaction(create_transaction(database).detach());
  const uint8_t one_millisecond[8] = {1};
  CHECK_EQ(transaction->set_option(FDB_TR_OPTION_MAX_RETRY_DELAY, one_millisecond, 8), 0);
  for (;;) {
    body(*transaction);
    const Error error = wait_for(transaction->commit());
    if (error == 0) return;
    CHECK_EQ(wait_for(transaction->on_error(error)), 0);
  }
}

// One thread reads, watches and commits while another one writes: the watch fires, or it has seen the new value.
void race_watches(int rounds) {
  const Ref<Database> database = test::open_database("memory:races");
  std::barrier start(2);
  int lost = 0;
  std::thread writer([&] {
    for (int round = 0; round < rounds; ++round) {
      start.arrive_and_wait();
      transact(*database, [&](Transaction& transaction) { transaction.set("k", std::to_string(round)); });
    }
  });
  for (int round = 0; round < rounds; ++round) {
    const Handle transaction(create_transaction(*database).detach());
    const Ref<Future> seen = transaction->get("k", true);
    CHECK_EQ(wait_for(seen), 0);
    Result* result = nullptr;
    CHECK_EQ(seen->value(&result), 0);
    CHECK(value_in(*result)->value != std::to_string(round));
    const Ref<Future> watch = transaction->watch("k");
    start.arrive_and_wait();
    CHECK_EQ(wait_for(transaction->commit()), 0);
    // Everything that could fire it has begun; a minute is for ever.
    for (int i = 0; !watch->is_ready() && i < 60'000; ++i)
      std::this_thread::sleep_for(std::chrono::microseconds(i < 100 ? 10 : 1000));
    if (!watch->is_ready()) ++lost;
  }
  writer.join();
  std::cout << rounds << " races of a watch with a write: " << lost << " watches lost\n";
  CHECK_EQ(lost, 0);
}

// Counters that all threads add to, each by reading and writing; each thread watches what the others do.
void add_in_parallel(int rounds, bool late) {
  const Ref<Database> database = test::open_database(late ? "memory:late-adders" : "memory:adders");
  if (late) database->keyspace()->latency().set({true, 0, 200, 1});
  constexpr int kThreads = 3;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (int round = 0; round < rounds; ++round) {
        const Bytes key = "counter" + std::to_string((thread + round) % 2);
        Ref<Future> watch;
        transact(*database, [&](Transaction& transaction) {
          const Ref<Future> read = transaction.get(key, false);
          Result* result = nullptr;
          if (wait_for(read) != 0) return;
          CHECK_EQ(read->value(&result), 0);
          const Bytes old(value_in(*result)->value);
          transaction.set(key, std::to_string(std::atoi(old.c_str()) + 1));
          watch = transaction.watch(key);
        });
        if (round % 2 == 0) watch->cancel();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  int total = 0;
  transact(*database, [&](Transaction& transaction) {
    total = 0;
    for (const char* key : {"counter0", "counter1"}) {
      const Ref<Future> read = transaction.get(key, false);
      Result* result = nullptr;
      CHECK_EQ(wait_for(read), 0);
      CHECK_EQ(read->value(&result), 0);
      total += std::atoi(Bytes(value_in(*result)->value).c_str());
    }
  });
  CHECK_EQ(total, kThreads * rounds);
}

// Commits that nobody looks at, transactions that end while the network thread has them, and callbacks from all sides.
void leave_commits_alone(int rounds) {
  const Ref<Database> database = test::open_database("memory:unseen");
  std::atomic<int> called{0};
  const auto count = [](FDBFuture*, void* counter) { static_cast<std::atomic<int>*>(counter)->fetch_add(1); };
  std::vector<std::thread> threads;
  constexpr int kThreads = 2;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      std::vector<Handle> kept;
      for (int round = 0; round < rounds; ++round) {
        Handle transaction(create_transaction(*database).detach());
        CHECK_EQ(transaction->get_versionstamp()->set_callback(count, &called), 0);
        transaction->set("k" + std::to_string(thread), std::to_string(round));
        const Ref<Future> commit = transaction->commit();
        if (round % 3 == 0) kept.push_back(std::move(transaction));
      }
      while (!kept.empty()) {
        CHECK_EQ(wait_for(kept.back()->get_versionstamp()), err::kUsedDuringCommit);
        kept.pop_back();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (int i = 0; called.load() < kThreads * rounds && i < 60'000; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  CHECK_EQ(called.load(), kThreads * rounds);
}

void run_parallel(int rounds, bool only_races) {
  Network& network = test::network();
  std::thread loop([&] { CHECK_EQ(network.run(), 0); });
  race_watches(rounds);
  if (!only_races) {
    add_in_parallel(rounds / 5, false);
    add_in_parallel(rounds / 20, true);
    leave_commits_alone(rounds / 2);
  }
  CHECK_EQ(network.stop(), 0);
  loop.join();
}

// Each part in a process of its own: the network runs once in each.
int in_child(const std::function<int()>& part) {
  const pid_t child = fork();
  if (child == 0) {
    const int failed = part();
    std::cout.flush();
    std::_Exit(failed);
  }
  int status = 0;
  CHECK_EQ(waitpid(child, &status, 0), child);
  return status == 0 ? 0 : 1;
}

void set_up() {
  CHECK_EQ(test::network().select_api_version(740, 740), 0);
  CHECK_EQ(test::network().setup(), 0);
}

}  // namespace
}  // namespace fdb::sim

int main(int argc, char** argv) {
  using namespace fdb::sim;
  if (const char* seed = std::getenv("SIM_SEED")) {
    set_up();
    return run_scheduled(1, std::strtoull(seed, nullptr, 10));
  }
  if (argc > 2 && argv[1] == std::string("races")) {
    set_up();
    run_parallel(std::atoi(argv[2]), true);
    return 0;
  }
  if (argc > 1) {
    set_up();
    return run_scheduled(std::strtoull(argv[1], nullptr, 10), argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1);
  }
  const int failed = in_child([] {
    set_up();
    return run_scheduled(kSeeds, 1);
  });
  if (failed != 0) return failed;
  set_up();
  run_parallel(kRounds, false);
  return 0;
}
