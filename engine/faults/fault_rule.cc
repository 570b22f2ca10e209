#include "faults/fault_rule.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <iterator>

#include "base/env.h"

namespace fdb {

namespace {

using namespace site;

constexpr int64_t kLongest = 60'000'000;
constexpr int kDigits = 9;  // of a probability

// In the order of FaultKind.
constexpr FaultFacts kFacts[] = {
    {"not_committed", err::kNotCommitted, kCommit, false},
    {"commit_unknown_result", err::kCommitUnknownResult, kCommit, true},
    {"cluster_version_changed", err::kClusterVersionChanged, kRead | kVersion | kCommit, true},
    {"transaction_too_old", err::kTransactionTooOld, kRead | kCommit, false},
    {"future_version", err::kFutureVersion, kRead, false},
    {"process_behind", err::kProcessBehind, kRead | kVersion, false},
    {"database_locked", err::kDatabaseLocked, kVersion | kCommit, false},
    {"tag_throttled", err::kTagThrottled, kVersion, false},
    {"batch_transaction_throttled", err::kBatchTransactionThrottled, kVersion, false},
    {"grv_proxy_memory_limit_exceeded", err::kGrvProxyMemoryLimit, kVersion, false},
    {"proxy_memory_limit_exceeded", err::kProxyMemoryLimit, kCommit, false},
    {"transaction_timed_out", err::kTransactionTimedOut, kRead | kVersion | kCommit, true},
    {"slow_read", 0, kRead, false},
    {"slow_version", 0, kVersion, false},
    {"slow_commit", 0, kCommit, false},
    {"short_range", 0, kBatch, false},
    {"watch_delayed", 0, kWatch, false},
    {"watch_lost", 0, kWatch, false},
    {"disk_full", err::kIoError, kWrite, false},
    {"disk_write_error", err::kIoError, kWrite, false},
    {"disk_sync_error", err::kIoError, kSync, false},
    {"disk_read_error", err::kIoError, kLoad, false},
    {"slow_sync", 0, kSync, false},
};
static_assert(std::size(kFacts) == kFaultKinds);

constexpr struct {
  const char* name;
  Sites sites;
} kPlaces[] = {{"read", kRead}, {"version", kVersion}, {"commit", kCommit}};

// Every error that is retried, and what else a program has to bear with: rarely where a transaction has much of it.
constexpr const char* kStandardMix =
    "not_committed:p=0.1;commit_unknown_result:p=0.1;cluster_version_changed:p=0.05,at=commit;transaction_too_old:p=0.05,at="
    "commit;"
    "proxy_memory_limit_exceeded:p=0.05;database_locked:p=0.05,at=version;tag_throttled:p=0.05;batch_transaction_throttled:p=0."
    "05;"
    "grv_proxy_memory_limit_exceeded:p=0.05;process_behind:p=0.05,at=version;transaction_too_old:p=0.01,at=read;"
    "future_version:p=0.01;process_behind:p=0.01,at=read;slow_read:p=0.05,delay=0-2ms;slow_version:p=0.05,delay=0-2ms;"
    "slow_commit:p=0.05,delay=0-2ms;short_range:p=0.25,rows=2;watch_delayed:p=0.1,delay=0-5ms;watch_lost:p=0.1,delay=1-5ms";

bool has_delay(FaultKind kind) {
  switch (kind) {
    case FaultKind::kSlowRead:
    case FaultKind::kSlowVersion:
    case FaultKind::kSlowCommit:
    case FaultKind::kWatchDelayed:
    case FaultKind::kWatchLost:
    case FaultKind::kSlowSync: return true;
    default: return false;
  }
}

bool has_keys(FaultKind kind) { return (facts_of(kind).sites & (kRead | kCommit | kBatch | kWatch)) != 0; }

Bytes quoted(Slice text) { return "'" + Bytes(text) + "'"; }

// ---- reading ---------------------------------------------------------------------------------------

// Takes the front of a text, up to a separator, off it.
Slice next_piece(Slice* text, char separator) {
  const size_t end = std::min(text->find(separator), text->size());
  Slice piece = text->substr(0, end);
  text->remove_prefix(std::min(end + 1, text->size()));
  while (!piece.empty() && piece.front() == ' ') piece.remove_prefix(1);
  while (!piece.empty() && piece.back() == ' ') piece.remove_suffix(1);
  return piece;
}

template <class Number>
bool read_number(Slice text, Number* number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

// A decimal number from 0 to 1; what is beyond the ninth digit is cut off.
bool read_probability(Slice text, int64_t* billionths) {
  const size_t point = std::min(text.find('.'), text.size());
  uint64_t whole = 0;
  if (point > 0 && !read_number(text.substr(0, point), &whole)) return false;
  Bytes digits(text.substr(std::min(point + 1, text.size())));
  if (digits.empty() && point == 0) return false;
  if (!std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; })) return false;
  digits.resize(kDigits, '0');
  int64_t part = 0;
  read_number(Slice(digits), &part);
  if (whole > 1) return false;
  *billionths = static_cast<int64_t>(whole) * kCertain + part;
  return *billionths <= kCertain;
}

bool read_unit(Slice text, int64_t* unit) {
  *unit = text == "us" ? 1 : text == "ms" ? 1'000 : text == "s" ? 1'000'000 : 0;
  return *unit != 0;
}

// TIME or TIME-TIME; the first of two may leave its unit to the second.
bool read_delay(Slice text, FaultRule* rule) {
  const auto split = [](Slice time, uint64_t* number, Slice* unit) {
    const size_t end = std::min(time.find_first_not_of("0123456789"), time.size());
    *unit = time.substr(end);
    return read_number(time.substr(0, end), number);
  };
  const size_t dash = text.find('-');
  uint64_t first;
  uint64_t last;
  Slice first_unit;
  Slice last_unit;
  if (!split(text.substr(0, dash), &first, &first_unit)) return false;
  if (dash == Slice::npos) {
    last = first;
    last_unit = first_unit;
  } else if (!split(text.substr(dash + 1), &last, &last_unit)) {
    return false;
  }
  if (first_unit.empty()) first_unit = last_unit;
  int64_t first_micros;
  int64_t last_micros;
  if (!read_unit(first_unit, &first_micros) || !read_unit(last_unit, &last_micros)) return false;
  if (first > static_cast<uint64_t>(kLongest / first_micros) || last > static_cast<uint64_t>(kLongest / last_micros))
    return false;
  rule->minimum_micros = static_cast<int64_t>(first) * first_micros;
  rule->maximum_micros = static_cast<int64_t>(last) * last_micros;
  return rule->minimum_micros <= rule->maximum_micros;
}

bool read_hex(Slice text, Bytes* bytes) {
  if (text.size() % 2 != 0) return false;
  bytes->clear();
  for (; !text.empty(); text.remove_prefix(2)) {
    uint8_t byte;
    const auto [end, error] = std::from_chars(text.data(), text.data() + 2, byte, 16);
    if (error != std::errc() || end != text.data() + 2) return false;
    bytes->push_back(static_cast<char>(byte));
  }
  return true;
}

bool read_keys(Slice text, FaultRule* rule) {
  const size_t dots = text.find("..");
  if (dots == Slice::npos) return false;
  rule->has_keys = true;
  return read_hex(text.substr(0, dots), &rule->begin) && read_hex(text.substr(dots + 2), &rule->end) && rule->begin < rule->end;
}

bool read_count(Slice text, int64_t* count) { return read_number(text, count) && *count >= 1; }

// One parameter of a rule: its name, whether it means something for a kind, what it looks like, and how it is read.
struct Parameter {
  const char* name;
  bool (*fits)(FaultKind);
  const char* form;
  bool (*read)(Slice, FaultRule*);
};

bool fits_all(FaultKind) { return true; }

bool fits_places(FaultKind kind) {
  return std::count_if(std::begin(kPlaces), std::end(kPlaces),
                       [&](const auto& place) { return (facts_of(kind).sites & place.sites) != 0; }) > 1;
}

bool read_place(Slice text, FaultRule* rule) {
  for (const auto& place : kPlaces) {
    if (text == place.name && (facts_of(rule->kind).sites & place.sites) != 0) {
      rule->at = place.sites;
      return true;
    }
  }
  return false;
}

bool read_effect(Slice text, FaultRule* rule) {
  rule->effect = text == "applied" ? Effect::kApplied : text == "lost" ? Effect::kLost : Effect::kEither;
  return rule->effect != Effect::kEither || text == "either";
}

constexpr Parameter kParameters[] = {
    {"p", fits_all, "a probability from 0 to 1",
     [](Slice text, FaultRule* rule) { return read_probability(text, &rule->probability); }},
    {"nth", fits_all, "a number from 1 on", [](Slice text, FaultRule* rule) { return read_count(text, &rule->nth); }},
    {"every", fits_all, "a number from 1 on", [](Slice text, FaultRule* rule) { return read_count(text, &rule->every); }},
    {"times", fits_all, "a number from 1 on", [](Slice text, FaultRule* rule) { return read_count(text, &rule->times); }},
    {"keys", has_keys, "BEGIN..END in hexadecimal digits, not empty", read_keys},
    {"at", fits_places, "one of read, version, commit where the fault applies", read_place},
    {"delay", has_delay, "a time as in 5ms, or two as in 1-20ms, in us, ms or s and at most 60 s", read_delay},
    {"effect", [](FaultKind kind) { return facts_of(kind).has_effect; }, "applied, lost or either", read_effect},
    {"rows", [](FaultKind kind) { return kind == FaultKind::kShortRange; }, "a number from 1 on",
     [](Slice text, FaultRule* rule) { return read_number(text, &rule->rows) && rule->rows >= 1; }},
};

template <class Items, class Fits>
Bytes names_of(const Items& items, Fits&& fits) {
  Bytes names;
  for (const auto& item : items) {
    if (fits(item)) names += (names.empty() ? "" : ", ") + Bytes(item.name);
  }
  return names;
}

bool read_parameter(Slice text, FaultRule* rule, Bytes* problem) {
  const size_t equals = std::min(text.find('='), text.size());
  const Slice name = text.substr(0, equals);
  for (const Parameter& parameter : kParameters) {
    if (name != parameter.name || !parameter.fits(rule->kind)) continue;
    if (equals < text.size() && parameter.read(text.substr(equals + 1), rule)) return true;
    *problem = Bytes(facts_of(rule->kind).name) + ": " + parameter.name + " is " + parameter.form + ", not " +
               quoted(text.substr(std::min(equals + 1, text.size())));
    return false;
  }
  *problem = Bytes(facts_of(rule->kind).name) + " has no parameter " + quoted(name) + "; it has " +
             names_of(kParameters, [&](const Parameter& parameter) { return parameter.fits(rule->kind); });
  return false;
}

// What a rule has to say, or says by default.
bool complete(FaultRule* rule, Bytes* problem) {
  if (rule->at == 0) rule->at = facts_of(rule->kind).sites;
  if (has_delay(rule->kind) && rule->maximum_micros == 0) {
    *problem = Bytes(facts_of(rule->kind).name) + " needs a delay, as in delay=5ms or delay=1-20ms";
    return false;
  }
  if (rule->kind == FaultKind::kShortRange && rule->rows == 0) rule->rows = 1;
  if (rule->has_keys) rule->at &= static_cast<Sites>(~kVersion);  // a version has no keys
  if (rule->at != 0) return true;
  *problem = Bytes(facts_of(rule->kind).name) + ": keys say nothing at=version";
  return false;
}

bool parse_rule(Slice text, FaultRule* rule, Bytes* problem) {
  const size_t colon = std::min(text.find(':'), text.size());
  const Slice name = text.substr(0, colon);
  const auto* found =
      std::find_if(std::begin(kFacts), std::end(kFacts), [&](const FaultFacts& facts) { return name == facts.name; });
  if (found == std::end(kFacts)) {
    *problem = "unknown fault " + quoted(name) + "; known are " + names_of(kFacts, [](const FaultFacts&) { return true; }) +
               ", and seed=NUMBER, on, off";
    return false;
  }
  FaultRule parsed;
  parsed.kind = static_cast<FaultKind>(found - std::begin(kFacts));
  for (Slice rest = text.substr(std::min(colon + 1, text.size())); !rest.empty();) {
    if (!read_parameter(next_piece(&rest, ','), &parsed, problem)) return false;
  }
  if (!complete(&parsed, problem)) return false;
  *rule = std::move(parsed);
  return true;
}

bool parse_entry(Slice entry, FaultSetting* setting, Bytes* problem) {
  constexpr Slice kSeed = "seed=";
  if (entry.empty() || entry == "off" || entry == "0") return true;
  if (entry == "on" || entry == "1") {
    FaultSetting mix;
    if (!parse_faults(kStandardMix, &mix, problem)) return false;
    setting->rules.insert(setting->rules.end(), mix.rules.begin(), mix.rules.end());
    return true;
  }
  if (entry.substr(0, kSeed.size()) == kSeed) {
    uint64_t seed;
    if (read_number(entry.substr(kSeed.size()), &seed) && seed <= kLargestSeed) {
      setting->seed = seed;
      return true;
    }
    *problem = "seed is a number below 2^63, not " + quoted(entry.substr(kSeed.size()));
    return false;
  }
  FaultRule rule;
  if (!parse_rule(entry, &rule, problem)) return false;
  setting->rules.push_back(std::move(rule));
  return true;
}

// ---- writing ---------------------------------------------------------------------------------------

Bytes probability_text(int64_t billionths) {
  if (billionths == kCertain) return "1";
  Bytes digits = std::to_string(billionths);
  digits.insert(0, static_cast<size_t>(kDigits) - digits.size(), '0');
  digits.resize(digits.find_last_not_of('0') + 1);
  return digits.empty() ? "0" : "0." + digits;
}

Bytes hex(Slice bytes) {
  constexpr char kHex[] = "0123456789abcdef";
  Bytes text;
  for (const char byte : bytes) {
    text.push_back(kHex[static_cast<uint8_t>(byte) >> 4]);
    text.push_back(kHex[static_cast<uint8_t>(byte) & 15]);
  }
  return text;
}

}  // namespace

const FaultFacts& facts_of(FaultKind kind) { return kFacts[static_cast<size_t>(kind)]; }

bool parse_faults(Slice text, FaultSetting* setting, Bytes* problem) {
  FaultSetting parsed;
  while (!text.empty()) {
    if (!parse_entry(next_piece(&text, ';'), &parsed, problem)) return false;
  }
  *setting = std::move(parsed);
  return true;
}

bool parse_one_fault(Slice text, FaultRule* rule, Bytes* problem) {
  FaultRule parsed;
  if (!parse_rule(text, &parsed, problem)) return false;
  const bool is_of_transaction = (parsed.at & (kRead | kVersion | kCommit | kBatch)) != 0;
  if (!is_of_transaction || parsed.probability != kCertain || parsed.nth != 0 || parsed.every != 0 || parsed.times != -1) {
    *problem = quoted(text) +
               " is not a fault for the next operation of a transaction: p, nth, every and times say nothing there, " +
               "and watches and files have their faults by rules";
    return false;
  }
  *rule = std::move(parsed);
  return true;
}

Bytes text_of(const FaultRule& rule) {
  const FaultFacts& facts = facts_of(rule.kind);
  Bytes text = facts.name;
  auto add = [&text, separator = ':'](const char* name, Slice value) mutable {
    text += std::exchange(separator, ',') + Bytes(name) + "=" + Bytes(value);
  };
  if (rule.probability != kCertain) add("p", probability_text(rule.probability));
  if (rule.nth != 0) add("nth", std::to_string(rule.nth));
  if (rule.every != 0) add("every", std::to_string(rule.every));
  if (rule.times >= 0) add("times", std::to_string(rule.times));
  if (rule.has_keys) add("keys", hex(rule.begin) + ".." + hex(rule.end));
  for (const auto& place : kPlaces) {
    if (rule.at == place.sites && fits_places(rule.kind)) add("at", place.name);
  }
  if (has_delay(rule.kind)) {
    const Bytes last = std::to_string(rule.maximum_micros) + "us";
    add("delay", rule.minimum_micros == rule.maximum_micros ? last : std::to_string(rule.minimum_micros) + "-" + last);
  }
  if (rule.effect != Effect::kEither) add("effect", rule.effect == Effect::kApplied ? "applied" : "lost");
  if (rule.rows != 0) add("rows", std::to_string(rule.rows));
  return text;
}

Bytes text_of(const FaultSetting& setting) {
  Bytes text;
  for (const FaultRule& rule : setting.rules) text += text_of(rule) + ";";
  return text + "seed=" + std::to_string(setting.seed.value_or(0));
}

uint64_t fresh_seed() { return Env::current().random_u64() >> 32; }

uint64_t drawn_seed() noexcept {
  static const uint64_t seed = fresh_seed();
  return seed;
}

Error faults_of_environment(FaultSetting* setting) {
  const char* value = std::getenv(kFaultsVariable);
  if (!value || !*value) return 0;
  Bytes problem;
  if (!parse_faults(value, setting, &problem)) {
    std::fprintf(stderr, "%s=%s: %s\n", kFaultsVariable, value, problem.c_str());
    return err::kInvalidOptionValue;
  }
  if (setting->seed || setting->rules.empty()) return 0;
  [[maybe_unused]] static const bool is_told = [value] {
    std::fprintf(stderr, "%s: to replay these faults: %s='%s;seed=%llu'\n", kFaultsVariable, kFaultsVariable, value,
                 static_cast<unsigned long long>(drawn_seed()));
    return true;
  }();
  setting->seed = drawn_seed();
  return 0;
}

}  // namespace fdb
