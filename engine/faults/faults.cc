#include "faults/faults.h"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <iterator>
#include <utility>

#include "base/json.h"

namespace fdb {

namespace {

constexpr uint64_t kGolden = 0x9E3779B97F4A7C15ULL;
constexpr uint64_t kOneShots = UINT64_MAX;  // in the place of a rule's number

// What a number is drawn for: each has dice of its own.
enum Salt : uint64_t { kFires, kEffect, kDelay, kActive };

// A place at which the official client lets something go wrong. Reads and versions are many in a program: there it is rare.
struct Section {
  FaultKind kind;
  Sites at;
  Effect effect;
  int64_t divisor;
};
constexpr Section kBuggify[] = {
    {FaultKind::kNotCommitted, site::kCommit, Effect::kEither, 1},
    {FaultKind::kTransactionTooOld, site::kCommit, Effect::kEither, 1},
    {FaultKind::kProxyMemoryLimitExceeded, site::kCommit, Effect::kEither, 1},
    {FaultKind::kCommitUnknownResult, site::kCommit, Effect::kLost, 1},
    {FaultKind::kCommitUnknownResult, site::kCommit, Effect::kApplied, 1},
    {FaultKind::kTransactionTooOld, site::kRead, Effect::kEither, 25},
    {FaultKind::kFutureVersion, site::kRead, Effect::kEither, 25},
    {FaultKind::kProcessBehind, site::kRead, Effect::kEither, 25},
    {FaultKind::kProcessBehind, site::kVersion, Effect::kEither, 25},
    {FaultKind::kBatchTransactionThrottled, site::kVersion, Effect::kEither, 1},
};

uint64_t mixed(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

bool is_error(const FaultRule& rule) { return facts_of(rule.kind).error != 0; }

bool applies(const FaultRule& rule, const Occasion& occasion) {
  return (rule.at & occasion.site) != 0 && (!rule.has_keys || occasion.touches(rule.begin, rule.end));
}

}  // namespace

Faults::Faults(Latency& latency, Buggify& buggify) : latency_(latency), buggify_(buggify) {
  static_assert(std::size(kBuggify) == kSections);
  buggify_.add(this);
}

Faults::~Faults() { buggify_.remove(this); }

// ---- decisions -------------------------------------------------------------------------------------

uint64_t Faults::dice(uint64_t rule, int64_t occasion, uint64_t salt) const {
  return mixed(mixed(mixed(*seed_ + kGolden * (rule + 1)) + kGolden * static_cast<uint64_t>(occasion)) + salt);
}

// Counts an occasion that a rule applies to.
bool Faults::fires(Counted& counted, uint64_t index, const Occasion& occasion) const {
  const FaultRule& rule = counted.rule;
  if (!applies(rule, occasion)) return false;
  const int64_t number = ++counted.occasions;
  if (rule.nth != 0 && number != rule.nth) return false;
  if (rule.every != 0 && number % rule.every != 0) return false;
  if (rule.times >= 0 && counted.fired >= rule.times) return false;
  return static_cast<int64_t>(dice(index, number, kFires) % kCertain) < rule.probability;
}

void Faults::apply(const FaultRule& rule, Sites at, uint64_t index, int64_t occasion, Fault* fault) const {
  const FaultFacts& facts = facts_of(rule.kind);
  if (facts.error != 0) {
    fault->error = facts.error;
    fault->kind = rule.kind;
    const bool either = dice(index, occasion, kEffect) % 2 == 0;
    const bool wanted = rule.effect == Effect::kApplied || (rule.effect == Effect::kEither && either);
    fault->is_applied = facts.has_effect && at == site::kCommit && wanted;
  }
  if (rule.kind == FaultKind::kWatchLost) fault->is_lost = true;
  if (rule.rows > 0) fault->rows = fault->rows > 0 ? std::min(fault->rows, rule.rows) : rule.rows;
  const auto choices = static_cast<uint64_t>(rule.maximum_micros - rule.minimum_micros) + 1;
  const int64_t delay = rule.minimum_micros + static_cast<int64_t>(dice(index, occasion, kDelay) % choices);
  fault->delay_micros = std::max(fault->delay_micros, delay);
}

void Faults::take_own(const Occasion& occasion, OneShotFaults* own, Fault* fault) {
  for (auto at = own->rules_.begin(); at != own->rules_.end();) {
    if (!applies(*at, occasion) || (is_error(*at) && fault->error != 0)) {
      ++at;
      continue;
    }
    apply(*at, occasion.site, kOneShots, ++one_shot_number_, fault);
    ++one_shots_[static_cast<size_t>(at->kind)];
    at = own->rules_.erase(at);
    ++own->met_;
  }
}

// Whoever has only switched client_buggify_* on has no other way to learn how to have the same again.
void Faults::tell_once() const noexcept {
  static std::atomic<bool> is_told{false};
  if (is_told.exchange(true)) return;
  try {
    std::fprintf(stderr, "client_buggify: to replay these faults without it: %s='%s'\n", kFaultsVariable,
                 replay_locked().c_str());
  } catch (...) {
    is_told = false;  // no memory
  }
}

Fault Faults::decide(const Occasion& occasion, OneShotFaults* own) {
  Fault fault;
  std::lock_guard lock(mutex_);
  if (!seed_) seed_ = drawn_seed();
  if (own) take_own(occasion, own, &fault);
  for_each_rule([&](Counted& counted, size_t index) {
    if (!fires(counted, index, occasion) || (is_error(counted.rule) && fault.error != 0)) return;
    ++counted.fired;
    apply(counted.rule, occasion.site, index, counted.occasions, &fault);
    if (index >= rules_.size()) tell_once();
  });
  return fault;
}

// ---- rules -----------------------------------------------------------------------------------------

// Whether these are the rules that there are, and more.
bool Faults::extended_by(const std::vector<Counted>& rules, uint64_t seed) const {
  if (rules_.empty() || rules.size() <= rules_.size() || seed != seed_) return false;
  const auto is_same = [](const Counted& old, const Counted& rule) { return text_of(old.rule) == text_of(rule.rule); };
  return std::equal(rules_.begin(), rules_.end(), rules.begin(), is_same);
}

void Faults::set(FaultSetting setting) {
  std::vector<Counted> rules(setting.rules.size());
  for (size_t index = 0; index < rules.size(); ++index) rules[index].rule = std::move(setting.rules[index]);
  const uint64_t seed = setting.seed ? *setting.seed : fresh_seed();
  std::lock_guard lock(mutex_);
  const int before = interest();
  if (extended_by(rules, seed)) {
    std::copy(rules_.begin(), rules_.end(), rules.begin());
    rules_.swap(rules);
    return;
  }
  rules_.swap(rules);
  seed_ = seed;
  one_shots_ = {};
  one_shot_number_ = 0;
  mix_locked();
  latency_.disturb(interest() - before);
}

void Faults::buggify(const BuggifySetting& setting) noexcept {
  std::lock_guard lock(mutex_);
  const int before = interest();
  setting_ = setting;
  mix_locked();
  latency_.disturb(interest() - before);
}

// Draws which sections are active.
void Faults::mix_locked() noexcept {
  active_ = 0;
  if (!setting_.on) return;
  if (!seed_) seed_ = drawn_seed();
  for (size_t index = 0; index < kSections; ++index) {
    if (static_cast<int>(dice(index, 0, kActive) % 100) >= setting_.activated_percent) continue;
    Counted& counted = sections_[active_++];
    counted = Counted();
    counted.rule.kind = kBuggify[index].kind;
    counted.rule.at = kBuggify[index].at;
    counted.rule.effect = kBuggify[index].effect;
    counted.rule.probability = kCertain / 100 * setting_.fired_percent / kBuggify[index].divisor;
  }
}

Bytes Faults::replay_locked() const {
  Bytes text;
  for_each_rule([&](const Counted& counted, size_t) { text += text_of(counted.rule) + ";"; });
  return text + "seed=" + std::to_string(seed_.value_or(0));
}

Bytes Faults::replay() const {
  std::lock_guard lock(mutex_);
  return replay_locked();
}

Bytes Faults::report() const {
  std::lock_guard lock(mutex_);
  JsonWriter json;
  json.begin_object();
  json.member("seed", static_cast<int64_t>(seed_.value_or(0)));
  json.member("replay", Slice(replay_locked()));
  json.begin_array("rules");
  for_each_rule([&](const Counted& counted, size_t) {
    json.begin_object();
    json.member("name", facts_of(counted.rule.kind).name);
    json.member("rule", Slice(text_of(counted.rule)));
    json.member("occasions", counted.occasions);
    json.member("fired", counted.fired);
    json.end_object();
  });
  json.end_array();
  json.begin_object("one_shot");
  for (size_t kind = 0; kind < kFaultKinds; ++kind) {
    if (one_shots_[kind] > 0) json.member(facts_of(static_cast<FaultKind>(kind)).name, one_shots_[kind]);
  }
  json.end_object();
  json.end_object();
  return json.text();
}

// ---- of one transaction ----------------------------------------------------------------------------

void OneShotFaults::add(FaultRule rule, Faults& faults) {
  rules_.push_back(std::move(rule));
  faults_ = &faults;
  faults.latency_.disturb(1);
}

void OneShotFaults::clear() noexcept {
  if (rules_.empty()) return;
  faults_->latency_.disturb(-static_cast<int>(rules_.size()));
  rules_.clear();
}

void OneShotFaults::let_go_of_met() noexcept { faults_->latency_.disturb(-std::exchange(met_, 0)); }

}  // namespace fdb
