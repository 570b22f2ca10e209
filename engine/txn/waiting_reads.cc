// Reads that wait for a version that is still to come.
#include <algorithm>

#include "base/env.h"
#include "txn/transaction.h"

namespace fdb {

namespace {

constexpr int64_t kPatienceMicros = 1'000'000;
constexpr int64_t kCommitMicros = 1'000;  // until a commit that is being applied has probably ended

}  // namespace

Ref<Future> Transaction::wait_for_version(ReadFunction read) {
  auto future = make_ref<Future>();
  wait_for_version(future, std::move(read));
  return future;
}

void Transaction::wait_for_version(const Ref<Future>& future, ReadFunction read) {
  const IssuedOverlays::Moment issued = issued_overlays_.now(writes_);
  waiting_.push_back({future, std::move(read), issued, Env::current().monotonic_micros() + kPatienceMicros});
  try {
    arm_timeout();
    arm_retry();
  } catch (...) {
    waiting_.pop_back();  // or a commit would wait for it
    throw;
  }
}

// All wait for the same version, so one timer will do: for the version, or for the patience of the oldest read.
void Transaction::arm_retry() {
  if (waiting_.empty() || retry_timer_ != 0) return;
  const int64_t ahead = std::min(keyspace().micros_until(read_point_.version), kPatienceMicros);
  const int64_t when = Env::current().monotonic_micros() + (ahead > 0 ? ahead : kCommitMicros);
  retry_timer_ = at(std::min(when, waiting_.front().give_up_micros), [](Transaction& self) { self.retry_waiting(); });
}

void Transaction::fail_waiting(Error error) {
  for (const WaitingRead& waiting : waiting_) waiting.future->fail(error);
  waiting_.clear();
  issued_overlays_.clear();
  if (retry_timer_ != 0) network_.cancel(std::exchange(retry_timer_, 0));
}

// In the order of the calls, up to the first read that goes on waiting.
void Transaction::retry_waiting() {
  Lock lock(mutex_);
  retry_timer_ = 0;
  const int64_t now = Env::current().monotonic_micros();
  while (!waiting_.empty()) {
    Result result{Void{}};
    const Error error = carry_out(waiting_.front(), &result);
    if (error == err::kFutureVersion && now < waiting_.front().give_up_micros) return go_on_waiting();
    const Ref<Future> future = std::move(waiting_.front().future);
    waiting_.pop_front();
    if (error == kStaysPending) continue;
    if (error != 0 && read_error_ == 0) read_error_ = error;
    error != 0 ? future->fail(error) : future->complete(std::move(result));
  }
  issued_overlays_.clear();
  commit_after_reads();
}

void Transaction::go_on_waiting() {
  try {
    arm_retry();
  } catch (...) {
    fail_waiting(err::kUnknownError);  // without a timer nobody would come for them
    commit_after_reads();
  }
}

// Somebody waits for the outcome: running out of memory is one.
Error Transaction::carry_out(const WaitingRead& waiting, Result* result) {
  Error error;
  try {
    issued_overlay_ = &issued_overlays_.at(waiting.issued);
    error = waiting.read(result);
  } catch (...) {
    error = err::kUnknownError;
  }
  issued_overlay_ = nullptr;
  return error;
}

}  // namespace fdb
