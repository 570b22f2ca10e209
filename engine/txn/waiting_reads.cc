#include "txn/waiting_reads.h"

#include <algorithm>

#include "base/env.h"

namespace fdb {

namespace {

constexpr int64_t kPatienceMicros = 1'000'000;
constexpr int64_t kCommitMicros = 1'000;  // until a commit that is being applied has probably ended

}  // namespace

void WaitingReads::add(const Ref<Future>& future, Read read, const WriteMap& writes) {
  const IssuedOverlays::Moment issued = overlays_.now(writes);
  waiting_.push_back({future, std::move(read), issued, now_micros() + kPatienceMicros});
}

// For the version, or for the patience of the oldest read.
int64_t WaitingReads::next_try(int64_t version_micros) const {
  const int64_t ahead = std::min(version_micros, kPatienceMicros);
  const int64_t when = now_micros() + (ahead > 0 ? ahead : kCommitMicros);
  return std::min(when, waiting_.front().give_up_micros);
}

void WaitingReads::fail_all(Error error) {
  for (const Waiting& waiting : waiting_) waiting.future->fail(error);
  waiting_.clear();
  overlays_.clear();
}

bool WaitingReads::carry_out(Error* failure) {
  const int64_t now = now_micros();
  while (!waiting_.empty()) {
    Result result{Void{}};
    const Error error = try_read(waiting_.front(), &result);
    if (error == err::kFutureVersion && now < waiting_.front().give_up_micros) return false;
    const Ref<Future> future = std::move(waiting_.front().future);
    waiting_.pop_front();
    if (error == kStaysPending) continue;
    if (error != 0 && *failure == 0) *failure = error;
    error != 0 ? future->fail(error) : future->complete(std::move(result));
  }
  overlays_.clear();
  return true;
}

// Somebody waits for the outcome: running out of memory is one.
Error WaitingReads::try_read(const Waiting& waiting, Result* result) {
  try {
    return waiting.read(overlays_.at(waiting.issued), result);
  } catch (const EngineError& error) {
    return error.code;
  } catch (...) {
    return err::kUnknownError;
  }
}

}  // namespace fdb
