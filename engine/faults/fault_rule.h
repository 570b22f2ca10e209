// Rules about what is to go wrong, and their text form (docs/guides/faults.md): the same in FDB_EMBEDDED_FAULTS, for C programs and for
// Python.
//
// Thread-safety: values and functions on them.
// Invariants:
//  1. What text_of() writes is read as the same rules by parse_faults().
//  2. A rule that was parsed has only parameters that mean something for its fault.
#pragma once

#include <optional>
#include <vector>

#include "base/common.h"

namespace fdb {

// Where something may go wrong, as bits.
using Sites = uint8_t;
namespace site {
constexpr Sites kRead = 1;     // a read that a server would answer
constexpr Sites kVersion = 2;  // a read version that is taken
constexpr Sites kCommit = 4;   // a commit that has writes
constexpr Sites kBatch = 8;    // a batch of a range read
constexpr Sites kWatch = 16;   // a watch whose key has changed
constexpr Sites kWrite = 32;   // a group of commits that is written into a file
constexpr Sites kSync = 64;    // a wait for the disk
constexpr Sites kLoad = 128;   // a piece of a file that is loaded
}  // namespace site

enum class FaultKind : uint8_t {
  kNotCommitted,
  kCommitUnknownResult,
  kClusterVersionChanged,
  kTransactionTooOld,
  kFutureVersion,
  kProcessBehind,
  kDatabaseLocked,
  kTagThrottled,
  kBatchTransactionThrottled,
  kGrvProxyMemoryLimitExceeded,
  kProxyMemoryLimitExceeded,
  kTransactionTimedOut,
  kSlowRead,
  kSlowVersion,
  kSlowCommit,
  kShortRange,
  kWatchDelayed,
  kWatchLost,
  kDiskFull,
  kDiskWriteError,
  kDiskSyncError,
  kDiskReadError,
  kSlowSync,
};
constexpr size_t kFaultKinds = static_cast<size_t>(FaultKind::kSlowSync) + 1;

// What becomes of a commit that is answered with a fault.
enum class Effect : uint8_t { kEither, kApplied, kLost };

// Probabilities are counted in billionths.
constexpr int64_t kCertain = 1'000'000'000;

struct FaultRule {
  FaultKind kind = FaultKind::kNotCommitted;
  int64_t probability = kCertain;
  int64_t nth = 0;     // 0: any
  int64_t every = 0;   // 0: any
  int64_t times = -1;  // at most; -1: always
  bool has_keys = false;
  Bytes begin;
  Bytes end;
  Sites at = 0;  // of those of the kind
  Effect effect = Effect::kEither;
  int64_t minimum_micros = 0;
  int64_t maximum_micros = 0;
  int rows = 0;
};

// What there is to know of a kind.
struct FaultFacts {
  const char* name;
  Error error;  // 0: none
  Sites sites;
  bool has_effect;  // on a commit it may be applied all the same
};
const FaultFacts& facts_of(FaultKind kind);

struct FaultSetting {
  std::vector<FaultRule> rules;
  std::optional<uint64_t> seed;  // drawn if absent
};

constexpr uint64_t kLargestSeed = INT64_MAX;
// The name of the setting in texts for people.
constexpr const char* kFaultsVariable = "FDB_EMBEDDED_FAULTS";

// Reads rules; false for what is none, and then `problem` says what is wrong and what is known.
bool parse_faults(Slice text, FaultSetting* setting, Bytes* problem);
// Reads one rule that says nothing about when.
bool parse_one_fault(Slice text, FaultRule* rule, Bytes* problem);
Bytes text_of(const FaultRule& rule);
// All of a setting that has a seed.
Bytes text_of(const FaultSetting& setting);
uint64_t fresh_seed();
// The seed of this process for those who are given none.
uint64_t drawn_seed() noexcept;
// What FDB_EMBEDDED_FAULTS says: 0, or 2006 after a line on stderr that tells what is wrong. Without a seed all databases of the process
// get the same one, which a line on stderr tells once.
Error faults_of_environment(FaultSetting* setting);

}  // namespace fdb
