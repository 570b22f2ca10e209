#include "txn/waiting_reads.h"

#include <algorithm>

namespace fdb {

namespace {

constexpr int64_t kPatienceMicros = 1'000'000;

}  // namespace

void WaitingReads::add(const Ref<Future>& future, Read read, const WriteMap& writes) {
  const IssuedOverlays::Moment issued = overlays_.now(writes);
  waiting_.push_back({future, std::move(read), issued, clock_.now() + kPatienceMicros});
}

// For the version, or for the patience of the oldest read.
int64_t WaitingReads::next_try(int64_t version_micros) const {
  return std::min(clock_.now() + std::min(version_micros, kPatienceMicros), waiting_.front().give_up_micros);
}

void WaitingReads::fail_all(Error error) {
  for (const Waiting& waiting : waiting_) waiting.future->fail(error);
  waiting_.clear();
  overlays_.clear();
}

bool WaitingReads::carry_out(Error* failure) {
  const int64_t now = clock_.now();
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
