// The text form of faults: what is read, what is refused and how, and that what is written is read as the same.
#include "faults/fault_rule.h"

#include <cstdlib>

#include "sim/test_support.h"

namespace fdb {
namespace {

FaultSetting parsed(Slice text) {
  FaultSetting setting;
  Bytes problem;
  if (!parse_faults(text, &setting, &problem)) test::show("problem", problem);
  CHECK(parse_faults(text, &setting, &problem));
  return setting;
}

// What the only rule of a text is written as.
Bytes written(Slice text) {
  const FaultSetting setting = parsed(text);
  CHECK_EQ(setting.rules.size(), size_t{1});
  return text_of(setting.rules[0]);
}

// A rule and what it is written as, which has to be read as the same.
void expect_text(Slice text, Slice canonical) {
  CHECK_EQ(written(text), canonical);
  CHECK_EQ(written(canonical), canonical);
}

void test_rules_are_written_as_they_are_read() {
  for (size_t kind = 0; kind < kFaultKinds; ++kind) {
    const Bytes name = facts_of(static_cast<FaultKind>(kind)).name;
    FaultSetting setting;
    Bytes problem;
    const Bytes text = parse_faults(name, &setting, &problem) ? name : name + ":delay=5ms";
    CHECK(parsed(text).rules[0].kind == static_cast<FaultKind>(kind));
    CHECK_EQ(written(written(text)), written(text));
  }
  expect_text("not_committed", "not_committed");
  expect_text("not_committed:p=1.0", "not_committed");
  expect_text("not_committed:p=0.25,nth=3", "not_committed:p=0.25,nth=3");
  expect_text("not_committed:p=.5", "not_committed:p=0.5");
  expect_text("not_committed:p=0", "not_committed:p=0");
  expect_text("not_committed:p=0.0000000019", "not_committed:p=0.000000001");
  expect_text(" not_committed:every=5, times=2 ", "not_committed:every=5,times=2");
  expect_text("commit_unknown_result:effect=applied", "commit_unknown_result:effect=applied");
  expect_text("commit_unknown_result:effect=either", "commit_unknown_result");
  expect_text("transaction_too_old:at=read,keys=..00fF", "transaction_too_old:keys=..00ff,at=read");
  expect_text("slow_read:delay=5ms", "slow_read:delay=5000us");
  expect_text("slow_read:delay=1-20ms", "slow_read:delay=1000-20000us");
  expect_text("slow_read:delay=900us-1s", "slow_read:delay=900-1000000us");
  expect_text("short_range", "short_range:rows=1");
  expect_text("short_range:rows=7", "short_range:rows=7");
}

void test_lists() {
  const FaultSetting setting = parsed("not_committed:p=0.5; seed=42 ;slow_commit:delay=1ms;");
  CHECK_EQ(setting.rules.size(), size_t{2});
  CHECK_EQ(*setting.seed, uint64_t{42});
  for (const Slice none : {"", "off", "0", ";;"}) CHECK(parsed(none).rules.empty());
  CHECK(!parsed("not_committed").seed);
  CHECK_EQ(*parsed("seed=9223372036854775807").seed, kLargestSeed);
}

// All that is retried, and nothing that ends a program that retries.
void test_standard_mix() {
  const FaultSetting mix = parsed("on;seed=1");
  CHECK(mix.rules.size() > 10);
  Sites sites = 0;
  for (const FaultRule& rule : mix.rules) {
    CHECK(rule.probability <= kCertain / 4);
    CHECK(rule.maximum_micros <= 5'000);
    CHECK(rule.kind != FaultKind::kTransactionTimedOut);
    sites |= rule.at;
  }
  CHECK_EQ(int{sites}, site::kRead | site::kVersion | site::kCommit | site::kBatch | site::kWatch);
}

void expect_problem(Slice text, std::initializer_list<Slice> words) {
  FaultSetting setting;
  setting.seed = 7;
  Bytes problem;
  CHECK(!parse_faults(text, &setting, &problem));
  CHECK_EQ(*setting.seed, uint64_t{7});  // nothing has changed
  for (const Slice word : words) {
    if (problem.find(word) == Bytes::npos) test::show("problem", problem);
    CHECK(problem.find(word) != Bytes::npos);
  }
}

void test_problems_name_what_is_known() {
  expect_problem("not_comitted", {"'not_comitted'", "not_committed", "slow_sync", "seed=NUMBER"});
  expect_problem("not_committed:p=1.1", {"not_committed", "p is a probability from 0 to 1", "'1.1'"});
  for (const Slice p : {"-0.1", "2", "", ".", "x", "0.5x", "1e-3", "1.000000001"}) {
    expect_problem("not_committed:p=" + Bytes(p), {"a probability from 0 to 1"});
  }
  expect_problem("not_committed:p", {"a probability from 0 to 1"});
  expect_problem("not_committed:nth=0", {"nth is a number from 1 on", "'0'"});
  expect_problem("not_committed:times=-1", {"times"});
  expect_problem("not_committed:every=99999999999999999999", {"every"});
  expect_problem("not_committed:delay=1ms", {"has no parameter 'delay'", "it has p, nth, every, times, keys"});
  expect_problem("not_committed:effect=lost", {"has no parameter 'effect'"});
  expect_problem("not_committed:at=commit", {"has no parameter 'at'"});
  expect_problem("future_version:keys=00", {"BEGIN..END"});
  expect_problem("future_version:keys=0..01", {"BEGIN..END"});
  expect_problem("future_version:keys=01..01", {"not empty"});
  expect_problem("future_version:keys=0g..0h", {"hexadecimal"});
  expect_problem("tag_throttled:keys=00..01", {"has no parameter 'keys'"});
  expect_problem("process_behind:at=version,keys=00..01", {"keys say nothing at=version"});
  expect_problem("transaction_too_old:at=version", {"one of read, version, commit"});
  expect_problem("commit_unknown_result:effect=maybe", {"applied, lost or either"});
  expect_problem("slow_read", {"needs a delay"});
  for (const Slice delay : {"5", "5m", "2-1ms", "61s", "-1ms", "1ms-", "1-2-3ms"}) {
    expect_problem("slow_read:delay=" + Bytes(delay), {"delay is a time"});
  }
  expect_problem("short_range:rows=0", {"rows"});
  expect_problem("seed=-1", {"seed is a number below 2^63"});
  expect_problem("seed=9223372036854775808", {"seed is a number below 2^63"});
}

void test_one_fault() {
  FaultRule rule;
  Bytes problem;
  CHECK(parse_one_fault("commit_unknown_result:effect=lost", &rule, &problem));
  CHECK(rule.effect == Effect::kLost);
  CHECK(parse_one_fault("slow_read:delay=1ms,keys=61..62", &rule, &problem));
  for (const Slice text : {"not_committed:p=0.5", "not_committed:nth=1", "not_committed:times=1", "not_committed:every=2",
                           "watch_lost:delay=1ms", "disk_full", "seed=1", "on", "not_committed;not_committed", ""}) {
    CHECK(!parse_one_fault(text, &rule, &problem));
    CHECK(!problem.empty());
  }
}

void test_environment() {
  FaultSetting setting;
  unsetenv(kFaultsVariable);
  CHECK_EQ(faults_of_environment(&setting), 0);
  CHECK(setting.rules.empty() && !setting.seed);
  setenv(kFaultsVariable, "nonsense", 1);
  CHECK_EQ(faults_of_environment(&setting), err::kInvalidOptionValue);
  setenv(kFaultsVariable, "not_committed;seed=5", 1);
  CHECK_EQ(faults_of_environment(&setting), 0);
  CHECK_EQ(*setting.seed, uint64_t{5});
  // Without a seed all databases of a process have the same.
  setenv(kFaultsVariable, "not_committed", 1);
  FaultSetting other;
  CHECK_EQ(faults_of_environment(&setting), 0);
  CHECK_EQ(faults_of_environment(&other), 0);
  CHECK(setting.seed && setting.seed == other.seed);
}

}  // namespace
}  // namespace fdb

int main() {
  fdb::test_rules_are_written_as_they_are_read();
  fdb::test_lists();
  fdb::test_standard_mix();
  fdb::test_problems_name_what_is_known();
  fdb::test_one_fault();
  fdb::test_environment();
  return 0;
}
