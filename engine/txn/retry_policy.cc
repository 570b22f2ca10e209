#include "txn/retry_policy.h"

#include <algorithm>

#include "base/env.h"

namespace fdb {

namespace {

constexpr double kResourceBackoffLimit = 30.0;
constexpr double kStaleVersionDelay = 0.01;
constexpr Error kLargestCode = 30'000;

enum class RetryKind { kNo, kBackoff, kResource, kVersion };

RetryKind retry_kind(Error error) {
  switch (error) {
    case 1020:
    case 1021:
    case 1037:
    case 1038:
    case 1051:
    case 1079:
    case 1213:
    case 1223: return RetryKind::kBackoff;
    case 1042:
    case 1078:
    case 1235:
    case 1242: return RetryKind::kResource;
    case 1007:
    case 1009: return RetryKind::kVersion;
    default: return RetryKind::kNo;
  }
}

}  // namespace

std::optional<int64_t> RetryPolicy::next_delay_micros(Error error, int64_t limit, int64_t max_delay_ms) {
  const bool exhausted = limit != -1 && retries_ >= limit;
  ++retries_;
  const RetryKind kind = retry_kind(error);
  if (exhausted || kind == RetryKind::kNo) return std::nullopt;
  const double cap = static_cast<double>(max_delay_ms) / 1000.0;
  double delay;
  if (kind == RetryKind::kVersion) {
    delay = std::min(kStaleVersionDelay, cap);
  } else {
    delay = backoff_ * Env::current().random_unit();
    backoff_ = std::min(backoff_ * 2, kind == RetryKind::kResource ? kResourceBackoffLimit : cap);
  }
  return static_cast<int64_t>(delay * 1e6);
}

Error RetryPolicy::refused(Error error) {
  if (error < 0 || error > kLargestCode) return err::kUnknownError;
  if (error == 0) return err::kClientInvalidOperation;
  return error == err::kBrokenPromise ? err::kTransactionCancelled : error;
}

}  // namespace fdb
