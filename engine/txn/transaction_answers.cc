// What a transaction answers later: reads that wait for their version, and everything in a database with a latency.
#include "base/env.h"
#include "txn/transaction.h"

namespace fdb {

// ---- reads that wait -------------------------------------------------------------------------------

Ref<Future> Transaction::wait_for_version(WaitingReads::Read read) {
  auto future = make_ref<Future>(network_);
  wait_for_version(future, std::move(read));
  return future;
}

void Transaction::wait_for_version(const Ref<Future>& future, WaitingReads::Read read) {
  waiting_.add(future, std::move(read), attempt_.writes);
  try {
    arm_timeout();
    arm_retry();
  } catch (...) {
    waiting_.withdraw_last();  // or a commit would wait for it
    throw;
  }
}

void Transaction::arm_retry() {
  if (waiting_.empty() || retry_timer_ != 0) return;
  retry_timer_ =
      link_.at(waiting_.next_try(keyspace().micros_until(view_.version())), [](Transaction& self) { self.retry_waiting(); });
}

void Transaction::fail_waiting(Error error) {
  waiting_.fail_all(error);
  if (retry_timer_ != 0) network_.cancel(std::exchange(retry_timer_, 0));
}

void Transaction::retry_waiting() {
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

Ref<Future> Transaction::answer_late(Answer answer, Tie tie) {
  if (tie == Tie::kLoose || !network_.running()) return answer_later(network_, latency_, std::move(answer));
  auto future = make_ref<Future>(network_);
  arrive_late(late_answers_.next_number());
  late_answers_.add(future, std::move(answer), tie);
  arm_timeout();
  return future;
}

void Transaction::watch_is_read_late(const Ref<Future>& future) {
  arrive_late(late_answers_.next_number());
  late_answers_.add_watch(future);
  arm_timeout();
}

// Before the answer is kept: where memory runs out, a timer without an answer does no harm, but a commit would wait for
// an answer without a timer.
void Transaction::arrive_late(LateAnswers::Number number) {
  link_.at(Env::current().monotonic_micros() + latency_.next_micros(),
           [number](Transaction& self) { self.answer_arrived(number); });
}

void Transaction::answer_arrived(LateAnswers::Number number) {
  Lock lock(mutex_);
  check_timeout();
  late_answers_.arrive(number);
  commit_after_reads();
}

void Transaction::commit_arrives_late() {
  link_.at(Env::current().monotonic_micros() + latency_.next_micros(),
           [future = delivery_.future()](Transaction& self) { self.commit_arrived(future); });
  delivery_.send();
  arm_timeout();
}

void Transaction::commit_arrived(const Ref<Future>& future) {
  Lock lock(mutex_);
  check_timeout();
  if (delivery_.arrive(future)) deliver_commit_locked();
}

}  // namespace fdb
