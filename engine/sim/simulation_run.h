// One run of the model check: a database, its workers, and the check of what they recorded.
//
// Thread-safety: none; with a schedule its threads run one at a time.
#pragma once

#include "abi/library.h"
#include "sim/simulation_worker.h"
#include "sim/test_library.h"
#include "sim/test_support.h"

namespace fdb::sim {

constexpr size_t kAttempts = 250;       // of transactions in one run
constexpr size_t kThreadAttempts = 60;  // in one with threads

struct Totals {
  size_t attempts = 0;
  std::map<std::string, size_t> outcomes;
  uint64_t digest = 0;
};

class Simulation {
 public:
  explicit Simulation(uint64_t seed, SeededSchedule* schedule = nullptr)
      : seed_(seed), name_("sim" + std::to_string(seed)), world_(seed) {
    world_.schedule = schedule;
    if (schedule) schedule->reseed(seed, &world_.env);
    world_.database = test::open_database(("memory:" + name_).c_str());
  }
  ~Simulation() {
    workers_.clear();
    test::drop_database(name_);
    // Nothing of this run may be left in the timers of the next one.
    for (int i = 0; i < 10; ++i) world_.pass(2'000'000);
  }

  // All in this thread.
  void run(Totals* totals) {
    make_workers(2 + world_.below(9));
    while (world_.history.size() < kAttempts) {
      workers_[world_.below(workers_.size())]->step();
      world_.pass(random_pause());
      if (world_.chance(10)) poll_watches();
    }
    for (const auto& worker : workers_) worker->stop();
    world_.pass(1);
    world_.pass(1);
    check(totals);
  }

  // Each worker in a thread of its own, and another one that looks at the watches.
  void run_threads(Totals* totals) {
    world_.narrow = seed_ % 4 != 1;
    world_.keys = 1 + seed_ % 2;
    attempts_ = world_.narrow ? 3 + world_.below(world_.keys == 1 ? 3 : 20) : kThreadAttempts;
    make_workers(2 + world_.below(3));
    std::vector<std::function<void()>> bodies;
    for (const auto& worker : workers_) bodies.push_back([this, &worker = *worker] { work(worker); });
    bodies.push_back([this] {
      for (; working_ > 0; world_.pass(random_pause())) poll_watches();
    });
    working_ = workers_.size();
    world_.schedule->run(std::move(bodies));
    if (violation_) throw Violation(*violation_);
    // Everybody sleeps, so all that was to happen has happened; nothing may have to be woken up for it.
    check(totals);
  }

 private:
  void make_workers(uint64_t count) {
    calibrate();
    // Every fourth run is one of late answers.
    if (seed_ % 4 == 3) world_.database->keyspace()->latency().set({true, 0, 2'000, seed_});
    if (seed_ % 5 == 2) ask_for_faults();
    for (uint64_t i = 0; i < count; ++i) workers_.push_back(std::make_unique<Worker>(&world_, static_cast<int>(i)));
  }

  // Every fifth run is one of faults, most of them in a part of the key space.
  void ask_for_faults() {
    Bytes rules =
        "not_committed:p=0.05;commit_unknown_result:p=0.1;transaction_too_old:p=0.03;future_version:p=0.03,keys=61..62;"
        "short_range:p=0.3,rows=2;watch_delayed:p=0.3,delay=0-9ms;watch_lost:p=0.3,delay=1-9ms;";
    if (world_.late()) rules += "slow_read:p=0.1,delay=0-9ms;slow_commit:p=0.1,delay=0-9ms;";
    FaultSetting setting;
    Bytes problem;
    CHECK(parse_faults(rules + "seed=" + std::to_string(seed_), &setting, &problem));
    world_.database->keyspace()->faults().set(setting);
    world_.faulty = true;
    world_.history.expect_faults();
  }

  void work(Worker& worker) {
    try {
      while (world_.history.size() < attempts_ && !violation_) {
        worker.step();
        if (!world_.narrow || world_.chance(30)) world_.pass(random_pause());
      }
      if (!violation_) worker.stop();
    } catch (const Violation& violation) {
      violation_ = violation;
    }
    --working_;
  }

  void check(Totals* totals) {
    if (world_.faulty) {
      world_.database->keyspace()->faults().set({});
      for (int i = 0; i < 3; ++i) world_.pass(10'000);  // for watches that are late
    }
    poll_watches();
    std::deque<WatchRecord> watches;
    for (const auto& [record, future] : world_.watches) watches.push_back(record);
    totals->digest = world_.history.verify(watches, all_rows());
    count_outcomes(watches, totals);
    for (const auto& [record, future] : world_.watches) future->cancel();
  }

  // The engine's clock runs with ours; the first read version says how far ahead it is.
  void calibrate() {
    Transaction* transaction = create_transaction(*world_.database).detach();
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
    for (size_t i = 0; i < world_.watches.size(); ++i) {
      auto& [record, future] = world_.watches[i];
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
    Transaction* transaction = create_transaction(*world_.database).detach();
    Result* result = nullptr;
    const Ref<Future> future =
        transaction->get_range({{"", false, 1}, {"\xff", false, 1}, 100'000, 0, FDB_STREAMING_MODE_EXACT, 1, true, false});
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
  size_t attempts_ = 0;  // after which the workers stop
  size_t working_ = 0;
  std::optional<Violation> violation_;
};

}  // namespace fdb::sim
