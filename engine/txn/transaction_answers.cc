// What a transaction answers later: reads that wait for their version, and everything in a database with a latency.
#include "txn/transaction_answers.h"

#include <algorithm>

#include "base/env.h"

namespace fdb {

// ---- reads that wait -------------------------------------------------------------------------------

Ref<Future> TransactionAnswers::wait_for_version(WaitingReads::Read read) {
  auto future = make_ref<Future>(network_);
  wait_for_version(future, std::move(read));
  return future;
}

void TransactionAnswers::wait_for_version(const Ref<Future>& future, WaitingReads::Read read) {
  waiting_.add(future, std::move(read), attempt_.writes);
  try {
    arm_timeout();
    arm_retry();
  } catch (...) {
    waiting_.withdraw_last();  // or a commit would wait for it
    throw;
  }
}

void TransactionAnswers::arm_retry() {
  if (waiting_.empty() || retry_timer_ != 0) return;
  retry_timer_ = link_.at(waiting_.next_try(keyspace().micros_until(view_.version())), [this] { retry_waiting(); });
}

void TransactionAnswers::retry_waiting() {
  Lock lock(mutex_);
  retry_timer_ = 0;
  if (!waiting_.carry_out(&attempt_.read_error)) {
    try {
      return arm_retry();
    } catch (...) {
      fail_waiting(err::kUnknownError);  // without a timer nobody would come for them
    }
  }
  commit_after_reads();
}

// ---- a database with a latency ---------------------------------------------------------------------

Ref<Future> TransactionAnswers::answer_late(Answer answer, Tie tie) {
  if (tie == Tie::kLoose || !network_.running()) return answer_later(network_, latency_, std::move(answer));
  auto future = make_ref<Future>(network_);
  arrive_late(late_answers_.next_number());
  late_answers_.add(future, std::move(answer), tie);
  arm_timeout();
  return future;
}

void TransactionAnswers::watch_is_read_late(const Ref<Future>& future) {
  arrive_late(late_answers_.next_number());
  late_answers_.add_watch(future);
  arm_timeout();
}

// Before the answer is kept: where memory runs out, a timer without an answer does no harm, but a commit would wait for
// an answer without a timer.
void TransactionAnswers::arrive_late(LateAnswers::Number number) {
  link_.at(now_micros() + latency_.next_micros(), [this, number] { answer_arrived(number); });
}

void TransactionAnswers::answer_arrived(LateAnswers::Number number) {
  Lock lock(mutex_);
  check_timeout();
  late_answers_.arrive(number);
  commit_after_reads();
}

void TransactionAnswers::commit_arrives_late() {
  link_.at(now_micros() + latency_.next_micros(), [this, future = delivery_.future()] { commit_arrived(future); });
  delivery_.send();
  arm_timeout();
}

void TransactionAnswers::commit_arrived(const Ref<Future>& future) {
  Lock lock(mutex_);
  check_timeout();
  if (delivery_.arrive(future)) deliver_commit_locked();
}

Ref<Future> TransactionAnswers::failed_read(Error error) {
  if (attempt_.read_error == 0) attempt_.read_error = error;
  return answer_error(error, Tie::kRead);
}

// ---- on_error --------------------------------------------------------------------------------------

void TransactionAnswers::finish_on_error(const Ref<Future>& future) {
  Lock lock(mutex_);
  const auto at = std::find_if(on_error_futures_.begin(), on_error_futures_.end(),
                               [&](const Ref<Future>& waiting) { return waiting.get() == future.get(); });
  if (at == on_error_futures_.end()) return;  // a reset, cancel or timeout was quicker
  on_error_futures_.erase(at);
  try {
    soft_reset();
  } catch (...) {
    future->fail(err::kUnknownError);  // somebody waits for it
    throw;
  }
  future->complete(Void{});
}

}  // namespace fdb
