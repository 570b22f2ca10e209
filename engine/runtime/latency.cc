#include "runtime/latency.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>

#include "base/env.h"

namespace fdb {

namespace {

constexpr int64_t kDefaultMaximum = 2'000;
constexpr int64_t kLongest = 60'000'000;
constexpr uint64_t kGolden = 0x9E3779B97F4A7C15ULL;

// Reads a number from the front; false if there is none, or one that is too big.
bool take_number(Slice* text, uint64_t* number) {
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), *number);
  if (error != std::errc()) return false;
  text->remove_prefix(static_cast<size_t>(end - text->data()));
  return true;
}

bool take(Slice* text, Slice what) {
  if (text->substr(0, what.size()) != what) return false;
  text->remove_prefix(what.size());
  return true;
}

// The microseconds of a unit at the front; 0 if there is none.
int64_t take_unit(Slice* text) {
  if (take(text, "us")) return 1;
  if (take(text, "ms")) return 1'000;
  if (take(text, "s")) return 1'000'000;
  return 0;
}

bool in_micros(uint64_t number, int64_t unit, int64_t* micros) {
  if (number > static_cast<uint64_t>(kLongest / unit)) return false;
  *micros = static_cast<int64_t>(number) * unit;
  return true;
}

// TIME or TIME-TIME; the first of two may leave its unit to the second.
bool take_times(Slice* text, LatencySetting* setting) {
  uint64_t first;
  if (!take_number(text, &first)) return false;
  int64_t unit = take_unit(text);
  if (!take(text, "-")) {
    if (unit == 0 || !in_micros(first, unit, &setting->minimum_micros)) return false;
    setting->maximum_micros = setting->minimum_micros;
    return true;
  }
  uint64_t second;
  if (!take_number(text, &second)) return false;
  const int64_t second_unit = take_unit(text);
  if (second_unit == 0) return false;
  if (unit == 0) unit = second_unit;
  return in_micros(first, unit, &setting->minimum_micros) && in_micros(second, second_unit, &setting->maximum_micros) &&
         setting->minimum_micros <= setting->maximum_micros;
}

bool is_word(Slice text, Slice word) { return text.substr(0, text.find(',')) == word; }

}  // namespace

bool parse_latency(Slice text, LatencySetting* setting) {
  *setting = LatencySetting();
  if (text.empty() || text == "0" || text == "off") return true;
  LatencySetting parsed;
  parsed.on = true;
  parsed.maximum_micros = kDefaultMaximum;
  if (is_word(text, "1") || is_word(text, "on")) {
    text.remove_prefix(std::min(text.find(','), text.size()));
  } else if (!take_times(&text, &parsed)) {
    return false;
  }
  if (take(&text, ",seed=")) {
    uint64_t seed;
    if (!take_number(&text, &seed)) return false;
    parsed.seed = seed;
  }
  if (!text.empty()) return false;
  *setting = parsed;
  return true;
}

Error latency_of_environment(LatencySetting* setting) {
  const char* value = std::getenv(kLatencyVariable);
  if (parse_latency(value ? value : "", setting)) return 0;
  std::fprintf(stderr, "%s=%s: the forms are %s\n", kLatencyVariable, value, kLatencyForms);
  return err::kInvalidOptionValue;
}

void Latency::set(const LatencySetting& setting) {
  counter_.store(setting.seed ? *setting.seed : Env::current().random_u64(), std::memory_order_relaxed);
  minimum_.store(setting.minimum_micros, std::memory_order_relaxed);
  const int64_t before = maximum_.exchange(setting.on ? setting.maximum_micros : -1, std::memory_order_relaxed);
  disturb(int{setting.on} - int{before >= 0});
}

int64_t Latency::next_micros() {
  if (!on()) return 0;
  uint64_t z = counter_.fetch_add(kGolden, std::memory_order_relaxed) + kGolden;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  z ^= z >> 31;
  const int64_t minimum = minimum_.load(std::memory_order_relaxed);
  const int64_t maximum = std::max(minimum, maximum_.load(std::memory_order_relaxed));
  return minimum + static_cast<int64_t>(z % static_cast<uint64_t>(maximum - minimum + 1));
}

}  // namespace fdb
