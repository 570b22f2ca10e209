// The answers and the commit of a transaction in a database with a latency.
#include "base/env.h"
#include "txn/transaction.h"

namespace fdb {

Ref<Future> Transaction::answer_late(Answer answer, Tie tie) {
  if (tie == Tie::kLoose || !network_.running()) return answer_later(latency_, std::move(answer));
  auto future = make_ref<Future>();
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
  at(Env::current().monotonic_micros() + latency_.next_micros(), [number](Transaction& self) { self.answer_arrived(number); });
}

void Transaction::answer_arrived(LateAnswers::Number number) {
  Lock lock(mutex_);
  check_timeout();
  late_answers_.arrive(number);
  commit_after_reads();
}

void Transaction::commit_arrives_late() {
  at(Env::current().monotonic_micros() + latency_.next_micros(),
     [future = commit_future_](Transaction& self) { self.commit_arrived(future); });
  commit_on_its_way_ = true;
  arm_timeout();
}

void Transaction::commit_arrived(const Ref<Future>& future) {
  Lock lock(mutex_);
  check_timeout();
  if (!commit_on_its_way_ || commit_future_.get() != future.get()) return;  // ended meanwhile
  commit_on_its_way_ = false;
  deliver_commit_locked();
}

}  // namespace fdb
