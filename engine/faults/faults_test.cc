// Which rules fire when: counts, probabilities, keys, one-shot faults, the report, and that a seed repeats everything.
#include "faults/faults.h"

#include <algorithm>

#include "sim/test_support.h"

namespace fdb {
namespace {

FaultSetting setting_of(Slice text) {
  FaultSetting setting;
  Bytes problem;
  CHECK(parse_faults(text, &setting, &problem));
  return setting;
}

FaultRule one_fault(Slice text) {
  FaultRule rule;
  Bytes problem;
  CHECK(parse_one_fault(text, &rule, &problem));
  return rule;
}

struct Subject {
  explicit Subject(Slice rules = "") { faults.set(setting_of(rules)); }

  Fault at(Sites place, OneShotFaults* own = nullptr) { return faults.decide(Occasion(place), own); }
  // The numbers of the commits, of so many, that fail.
  std::vector<int> failures(int commits) {
    std::vector<int> failed;
    for (int number = 1; number <= commits; ++number) {
      if (at(site::kCommit).error != 0) failed.push_back(number);
    }
    return failed;
  }

  Latency latency;
  Buggify buggify;
  Faults faults{latency, buggify};
};

using Numbers = std::vector<int>;

void test_counts() {
  CHECK_EQ(Subject("not_committed:nth=3").failures(10), Numbers{3});
  CHECK_EQ(Subject("not_committed:every=4").failures(10), (Numbers{4, 8}));
  CHECK_EQ(Subject("not_committed:every=2,times=2").failures(10), (Numbers{2, 4}));
  CHECK_EQ(Subject("not_committed:p=0").failures(1000), Numbers{});
  CHECK_EQ(Subject("not_committed").failures(3), (Numbers{1, 2, 3}));
  // Each rule counts all that it applies to, also where another one has fired.
  Subject two("not_committed:nth=1;commit_unknown_result:nth=2");
  CHECK_EQ(two.at(site::kCommit).error, err::kNotCommitted);
  CHECK_EQ(two.at(site::kRead).error, 0);
  CHECK_EQ(two.at(site::kCommit).error, err::kCommitUnknownResult);
  // Of two that would fire the first does, and the other keeps what it may.
  Subject both("not_committed:times=1;proxy_memory_limit_exceeded:times=1");
  CHECK_EQ(both.at(site::kCommit).error, err::kNotCommitted);
  CHECK_EQ(both.at(site::kCommit).error, err::kProxyMemoryLimit);
  CHECK_EQ(both.at(site::kCommit).error, 0);
}

void test_counting_goes_on_where_rules_are_added() {
  Subject subject("not_committed:nth=3;seed=1");
  CHECK_EQ(subject.failures(2), Numbers{});
  subject.faults.set(setting_of("not_committed:nth=3;slow_read:delay=1ms;seed=1"));
  CHECK_EQ(subject.failures(2), Numbers{1});
  CHECK_EQ(subject.at(site::kRead).delay_micros, 1000);
  // The same rules, other ones, fewer and another seed begin anew.
  for (const char* text :
       {"not_committed:nth=3;slow_read:delay=1ms;seed=1", "not_committed:nth=3;slow_read:delay=2ms;slow_read:delay=1ms;seed=1",
        "not_committed:nth=3;seed=1", "not_committed:nth=3;slow_read:delay=1ms;seed=2"}) {
    subject.faults.set(setting_of(text));
    CHECK_EQ(subject.failures(4), Numbers{3});
  }
  subject.faults.set(FaultSetting());
  CHECK(!subject.latency.disturbed());
}

void test_probability_and_effect() {
  const uint64_t seed = test::seed();
  Subject subject("commit_unknown_result:p=0.25;seed=" + std::to_string(seed % kLargestSeed));
  int failed = 0;
  int applied = 0;
  for (int i = 0; i < 20'000; ++i) {
    const Fault fault = subject.at(site::kCommit);
    failed += fault.error != 0;
    applied += fault.is_applied;
  }
  CHECK(failed > 4'600 && failed < 5'400);
  CHECK(applied > failed * 4 / 10 && applied < failed * 6 / 10);
  for (const auto& [effect, wanted] : {std::pair{"applied", true}, std::pair{"lost", false}}) {
    Subject one("commit_unknown_result:effect=" + Bytes(effect));
    for (int i = 0; i < 20; ++i) CHECK_EQ(one.at(site::kCommit).is_applied, wanted);
  }
  Subject read("cluster_version_changed:effect=applied");
  CHECK_EQ(read.at(site::kRead).error, err::kClusterVersionChanged);
  CHECK(!read.at(site::kRead).is_applied);
}

void test_a_seed_repeats() {
  const Bytes rules = "not_committed:p=0.3;commit_unknown_result:p=0.2;slow_commit:p=0.5,delay=0-9ms;";
  const auto story = [](Subject& subject) {
    std::vector<std::tuple<Error, bool, int64_t>> events;
    for (int i = 0; i < 200; ++i) {
      const Fault fault = subject.at(site::kCommit);
      events.emplace_back(fault.error, fault.is_applied, fault.delay_micros);
    }
    return events;
  };
  Subject first(rules + "seed=7");
  Subject second(rules + "seed=7");
  Subject other(rules + "seed=8");
  const auto told = story(first);
  CHECK(told == story(second));
  CHECK(told != story(other));
  // What was drawn repeats with what the report says, and anew when it is set again.
  Subject drawn(rules);
  Subject replayed(drawn.faults.replay());
  CHECK(story(drawn) == story(replayed));
  first.faults.set(setting_of(first.faults.replay()));
  CHECK(told == story(first));
}

void test_keys_and_places() {
  Subject subject("future_version:keys=62..64");
  const auto error = [&](Slice begin, Slice end) { return subject.faults.decide(KeysOccasion(site::kRead, begin, end)).error; };
  CHECK_EQ(error("a", ""), 0);
  CHECK_EQ(error("b", ""), err::kFutureVersion);
  CHECK_EQ(error("cc", ""), err::kFutureVersion);
  CHECK_EQ(error("d", ""), 0);
  CHECK_EQ(error("a", "b"), 0);
  CHECK_EQ(error("a", "bb"), err::kFutureVersion);
  CHECK_EQ(error("a", "z"), err::kFutureVersion);
  CHECK_EQ(error("d", "z"), 0);
  CHECK_EQ(subject.at(site::kVersion).error, 0);
  Subject place("process_behind:at=version");
  CHECK_EQ(place.at(site::kRead).error, 0);
  CHECK_EQ(place.at(site::kVersion).error, err::kProcessBehind);
}

void test_what_does_not_fail_adds_up() {
  Subject subject("slow_read:delay=1ms;slow_read:delay=3ms;future_version:nth=2;short_range:rows=5;short_range:rows=2");
  CHECK_EQ(subject.at(site::kRead).delay_micros, 3'000);
  const Fault second = subject.at(site::kRead);
  CHECK_EQ(second.error, err::kFutureVersion);
  CHECK_EQ(second.delay_micros, 3'000);
  CHECK_EQ(subject.at(site::kBatch).rows, 2);
  Subject watch("watch_lost:delay=2ms");
  CHECK(watch.at(site::kWatch).is_lost);
}

void test_one_shots() {
  Subject subject;
  CHECK(!subject.latency.disturbed());
  {
    OneShotFaults own;
    own.add(one_fault("not_committed"), subject.faults);
    own.add(one_fault("slow_commit:delay=1ms"), subject.faults);
    own.add(one_fault("commit_unknown_result:effect=applied"), subject.faults);
    CHECK(subject.latency.disturbed());
    CHECK_EQ(subject.at(site::kCommit).error, 0);  // another transaction's
    CHECK_EQ(subject.at(site::kRead, &own).error, 0);
    const Fault first = subject.at(site::kCommit, &own);
    CHECK_EQ(first.error, err::kNotCommitted);
    CHECK_EQ(first.delay_micros, 1'000);
    const Fault second = subject.at(site::kCommit, &own);
    CHECK_EQ(second.error, err::kCommitUnknownResult);
    CHECK(second.is_applied);
    CHECK_EQ(second.delay_micros, 0);
    CHECK(subject.latency.disturbed());  // whoever answers has still to ask
    own.operation_ended();
    CHECK(!subject.latency.disturbed());
    own.add(one_fault("future_version"), subject.faults);
    own.clear();
    CHECK_EQ(subject.at(site::kRead, &own).error, 0);
    CHECK(!subject.latency.disturbed());
    own.add(one_fault("future_version"), subject.faults);
  }
  CHECK(!subject.latency.disturbed());
}

void test_interest_goes_with_rules_and_latency() {
  Subject subject("not_committed");
  CHECK(subject.latency.disturbed() && !subject.latency.on());
  subject.latency.set({true, 0, 10, 1});
  subject.latency.set({true, 0, 20, 1});
  subject.faults.set(setting_of("future_version;slow_read:delay=1ms"));
  subject.faults.set(setting_of("off"));
  CHECK(subject.latency.disturbed());
  subject.latency.set({});
  CHECK(!subject.latency.disturbed());
}

void test_report() {
  Subject subject("not_committed:nth=2;slow_read:delay=1ms;seed=42");
  subject.at(site::kCommit);
  subject.at(site::kCommit);
  OneShotFaults own;
  own.add(one_fault("future_version"), subject.faults);
  subject.at(site::kRead, &own);
  CHECK_EQ(subject.faults.replay(), Bytes("not_committed:nth=2;slow_read:delay=1000us;seed=42"));
  CHECK_EQ(subject.faults.report(),
           Bytes(R"({"seed":42,"replay":"not_committed:nth=2;slow_read:delay=1000us;seed=42","rules":[)"
                 R"({"name":"not_committed","rule":"not_committed:nth=2","occasions":2,"fired":1},)"
                 R"({"name":"slow_read","rule":"slow_read:delay=1000us","occasions":1,"fired":1}],)"
                 R"("one_shot":{"future_version":1}})"));
}

// ---- client_buggify_* ------------------------------------------------------------------------------

size_t rules_in(const Bytes& replay) { return static_cast<size_t>(std::count(replay.begin(), replay.end(), ';')); }

void test_buggify() {
  Subject subject("slow_read:delay=1ms;seed=5");
  subject.buggify.set({true, 100, 25});
  CHECK_EQ(rules_in(subject.faults.replay()), size_t{11});
  CHECK(subject.faults.replay().find("not_committed:p=0.25;") != Bytes::npos);
  CHECK(subject.faults.replay().find("future_version:p=0.01;") != Bytes::npos);
  CHECK(subject.failures(100).size() > 50);
  subject.buggify.set({true, 0, 25});
  CHECK_EQ(rules_in(subject.faults.replay()), size_t{1});
  subject.buggify.set({true, 100, 0});
  CHECK(subject.failures(100).empty());
  subject.buggify.set({});
  CHECK_EQ(subject.faults.replay(), Bytes("slow_read:delay=1000us;seed=5"));
  // What is told has the same effect as rules.
  subject.buggify.set({true, 40, 25});
  Subject replayed(subject.faults.replay());
  CHECK(subject.failures(100) == replayed.failures(100));
  // Of many databases about a quarter of the sections are active.
  size_t active = 0;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    Subject one("seed=" + std::to_string(seed));
    one.buggify.set({true, 25, 25});
    active += rules_in(one.faults.replay());
    CHECK_EQ(one.latency.disturbed(), rules_in(one.faults.replay()) > 0);
    one.faults.set({});
    one.buggify.set({});
    CHECK(!one.latency.disturbed());
  }
  CHECK(active > 180 && active < 320);
  // A database that is made while the option is on, and one that ends before it is off.
  Latency latency;
  Buggify buggify;
  buggify.set({true, 100, 100});
  {
    Faults later(latency, buggify);
    CHECK(latency.disturbed());
    CHECK(later.decide(Occasion(site::kCommit)).error != 0);
  }
  buggify.set({});
}

}  // namespace
}  // namespace fdb

int main() {
  fdb::test_counts();
  fdb::test_counting_goes_on_where_rules_are_added();
  fdb::test_probability_and_effect();
  fdb::test_a_seed_repeats();
  fdb::test_keys_and_places();
  fdb::test_what_does_not_fail_adds_up();
  fdb::test_one_shots();
  fdb::test_interest_goes_with_rules_and_latency();
  fdb::test_report();
  fdb::test_buggify();
  return 0;
}
