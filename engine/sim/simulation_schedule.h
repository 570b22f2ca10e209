// Real threads that run one at a time: at every lock, wait and schedule point of the engine a seeded choice decides who goes
// on. When all wait, the simulated clock moves to the first one's time; when nobody has a time, a wake-up was lost.
//
// Thread-safety: one thread at a time runs, of its own and the main thread; any of them may call what the engine calls.
#pragma once

#include <algorithm>
#include <functional>
#include <iostream>
#include <memory>
#include <semaphore>
#include <thread>
#include <vector>

#include "base/schedule.h"
#include "sim/sim_env.h"
#include "sim/test_library.h"

namespace fdb::sim {

class SeededSchedule : public ThreadSchedule {
 public:
  SeededSchedule() { inject(this); }
  ~SeededSchedule() override { inject(nullptr); }

  // The choices from here on.
  void reseed(uint64_t seed, test::SimEnv* env) {
    random_.seed(seed);
    seed_ = seed;
    env_ = env;
    steps_ = 0;
    for (const auto& actor : actors_) actor->parked_until = 0;
  }

  // A thread that lives on while others come and go: the network's.
  void start_background(std::function<void()> body) { add(std::move(body), true); }
  // Runs the bodies to their ends, each in a thread of its own, and then what the others have left to do at this moment.
  void run(std::vector<std::function<void()>> bodies) {
    for (auto& body : bodies) add(std::move(body), false);
    settle();
  }
  // Lets everybody go on until all sleep.
  void settle() {
    hand_over(choose());
    main_.acquire();
    std::erase_if(actors_, [](const std::unique_ptr<Actor>& actor) {
      if (actor->state == State::kFinished) actor->thread.join();
      return actor->state == State::kFinished;
    });
  }

  // Lets others go on for that long.
  void pass(int64_t micros) {
    if (self_) return block(nullptr, micros);
    env_->pass(micros);
    test::network().post([] {});  // the network thread looks at the clock
    settle();
  }

  // ---- by the engine, on any thread ------------------------------------------------------------------
  void reach(Point) override {
    if (!self_) return;
    // Long enough, at times, for whole transactions of others.
    self_->parked_until = steps_ + (random_() % 4 == 0 ? random_() % 1000 : 0);
    switch_to(choose());
  }
  void lock(std::mutex& mutex) override {
    if (!self_) return mutex.lock();
    if (random_() % 8 == 0) switch_to(choose());
    while (!mutex.try_lock()) {
      self_->state = State::kBlocked;  // until somebody else has moved on
      switch_to(choose());
    }
  }
  void wait(const Condition* condition, std::mutex& held, int64_t micros) override {
    held.unlock();
    block(condition, micros);
    lock(held);
  }
  void notify(const Condition* condition, bool all) override {
    std::vector<Actor*> waiting;
    for (const auto& actor : actors_) {
      if (actor->state == State::kWaiting && actor->condition == condition) waiting.push_back(actor.get());
    }
    if (!all && waiting.size() > 1) waiting = {waiting[random_() % waiting.size()]};
    for (Actor* actor : waiting) actor->state = State::kReady;
  }

 private:
  enum class State { kReady, kBlocked, kWaiting, kFinished };
  struct Actor {
    State state = State::kReady;
    bool background = false;
    const Condition* condition = nullptr;
    int64_t until = -1;
    uint64_t parked_until = 0;  // a step, before which the thread only goes on if nobody else can
    std::binary_semaphore turn{0};
    std::thread thread;
  };
  static constexpr uint64_t kMostSteps = 5'000'000;  // of one seed

  void add(std::function<void()> body, bool background) {
    actors_.push_back(std::make_unique<Actor>());
    Actor* actor = actors_.back().get();
    actor->background = background;
    actor->thread = std::thread([this, actor, body = std::move(body)] {
      self_ = actor;
      actor->turn.acquire();
      body();
      actor->state = State::kFinished;
      hand_over(choose());
    });
  }

  void block(const Condition* condition, int64_t micros) {
    self_->state = State::kWaiting;
    self_->condition = condition;
    self_->until = micros < 0 ? -1 : env_->monotonic_micros() + micros;
    switch_to(choose());
  }

  // Null: everybody has ended or sleeps, and only the main thread can go on.
  Actor* choose() {
    if (++steps_ > kMostSteps) give_up("no end in sight");
    std::vector<Actor*> ready;
    std::vector<Actor*> parked;
    for (const auto& actor : actors_) {
      const bool can_go_on = actor->state == State::kReady || (actor->state == State::kBlocked && actor.get() != self_);
      if (can_go_on) (actor->parked_until > steps_ ? parked : ready).push_back(actor.get());
    }
    if (ready.empty()) ready.swap(parked);
    if (!ready.empty()) return ready[random_() % ready.size()];
    if (std::all_of(actors_.begin(), actors_.end(), [](const auto& actor) {
          return actor->state == State::kFinished || (actor->background && actor->state == State::kWaiting);
        })) {
      return nullptr;
    }
    return first_to_wake();
  }

  // Moves the clock to the first one's time, or on to that of others, who then are awake together.
  Actor* first_to_wake() {
    std::vector<Actor*> sleeping;
    for (const auto& actor : actors_) {
      if (actor->state == State::kWaiting && actor->until >= 0) sleeping.push_back(actor.get());
    }
    if (sleeping.empty()) give_up("a wake-up was lost: everybody waits");
    std::stable_sort(sleeping.begin(), sleeping.end(),
                     [](const Actor* left, const Actor* right) { return left->until < right->until; });
    size_t awake = 1;
    while (awake < sleeping.size() && random_() % 2 == 0) ++awake;
    sleeping.resize(awake);
    env_->pass(std::max<int64_t>(0, sleeping.back()->until - env_->monotonic_micros()));
    for (Actor* actor : sleeping) actor->state = State::kReady;
    return sleeping[random_() % awake];
  }

  void hand_over(Actor* next) {
    if (next) next->state = State::kReady;
    next ? next->turn.release() : main_.release();
  }
  void switch_to(Actor* next) {
    Actor* const me = self_;
    if (next == me) {
      me->state = State::kReady;
      return;
    }
    hand_over(next);
    me->turn.acquire();
  }

  // The other threads cannot be brought to an end any more.
  [[noreturn]] void give_up(const char* what) {
    std::cerr << "SIM_SEED=" << seed_ << ": " << what << std::endl;
    std::_Exit(1);
  }

  static inline thread_local Actor* self_ = nullptr;

  std::vector<std::unique_ptr<Actor>> actors_;
  std::binary_semaphore main_{0};
  std::mt19937_64 random_;
  uint64_t seed_ = 0;
  uint64_t steps_ = 0;
  test::SimEnv* env_ = nullptr;
};

}  // namespace fdb::sim
