// Late answers: how long the answers of one database are on their way.
//
// On a cluster every future is pending at first; the engine's are ready at birth. A database with a latency answers late,
// on the network thread, so that a program meets here what it meets in production. What an answer says is decided when
// the call is made (late_answers.h).
//
// Thread-safety: every member may be called from any thread.
#pragma once

#include <atomic>
#include <optional>

#include "base/common.h"

namespace fdb {

struct LatencySetting {
  bool on = false;
  int64_t minimum_micros = 0;
  int64_t maximum_micros = 0;
  std::optional<uint64_t> seed;  // of the delays; drawn if absent
};

// The names of the setting in texts for people.
constexpr const char* kLatencyVariable = "FDB_EMBEDDED_LATENCY";
constexpr const char* kLatencyForms =
    "\"off\", \"on\" (the same as 0-2ms), a time as in \"1ms\", or two as in \"0-2ms\", in us, ms or s and at most 60 s; "
    "behind either a \",seed=NUMBER\" makes the delays repeat";

// Reads one of the forms above ("" and "0" are off, "1" is on); false if it is none of them.
bool parse_latency(Slice text, LatencySetting* setting);
// What FDB_EMBEDDED_LATENCY says: 0, or 2006 after a line on stderr that tells what is wrong.
Error latency_of_environment(LatencySetting* setting);

class Latency {
 public:
  bool on() const { return maximum_.load(std::memory_order_relaxed) >= 0; }
  // Whether anything about the answers may be out of the ordinary: that they are late, or that faults are asked for. The one question
  // of calls in a database where nothing is.
  bool disturbed() const { return disturbances_.load(std::memory_order_relaxed) != 0; }
  // Counts what does that.
  void disturb(int change) { disturbances_.fetch_add(change, std::memory_order_relaxed); }
  void set(const LatencySetting& setting);
  // The delay of the next answer; 0 if answers are not late.
  int64_t next_micros();

 private:
  std::atomic<int> disturbances_{0};
  std::atomic<int64_t> minimum_{0};
  std::atomic<int64_t> maximum_{-1};  // below 0: off
  std::atomic<uint64_t> counter_{0};  // of splitmix64
};

}  // namespace fdb
