// What a transaction answers later: reads that wait for their version, and everything in a database with a latency.
#include "txn/transaction_answers.h"

#include <algorithm>

#include "base/env.h"

namespace fdb {

namespace {

constexpr int64_t kCommitMicros = 1'000;  // until a commit that is being applied has probably ended

}  // namespace

// ---- reads that wait -------------------------------------------------------------------------------

Ref<Future> TransactionAnswers::wait_for_version(WaitingReads::Read read) {
  auto future = make_ref<Future>(network_);
  wait_for_version(future, std::move(read));
  return future;
}

void TransactionAnswers::wait_for_version(const Ref<Future>& future, WaitingReads::Read read) {
  delay_micros_ = 0;
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
  const int64_t ahead = keyspace().micros_until(view_.version());
  if (ahead > 0) {
    retry_timer_ = at(waiting_.next_try(ahead), TimerKind::kWait, [this] { retry_waiting(); });
  } else {
    // A commit is being applied, which no clock hastens.
    retry_timer_ = link_.at(now_micros() + kCommitMicros, [this] { retry_waiting(); });
  }
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
  const int64_t delay = std::exchange(delay_micros_, 0);
  if (delay == 0 && !latency_.on()) return answer_now(network_, std::move(answer));
  const int64_t micros = delay + latency_.next_micros();
  if (tie == Tie::kLoose || !network_.running()) return answer_later(network_, clock_, micros, std::move(answer));
  auto future = make_ref<Future>(network_);
  arrive_late(late_answers_.next_number(), micros);
  late_answers_.add(future, std::move(answer), tie);
  arm_timeout();
  return future;
}

void TransactionAnswers::watch_is_read_late(const Ref<Future>& future) {
  arrive_late(late_answers_.next_number(), latency_.next_micros());
  late_answers_.add_watch(future);
  arm_timeout();
}

// Before the answer is kept: where memory runs out, a timer without an answer does no harm, but a commit would wait for
// an answer without a timer.
void TransactionAnswers::arrive_late(LateAnswers::Number number, int64_t micros) {
  at(clock_.now() + micros, TimerKind::kWait, [this, number] { answer_arrived(number); });
}

void TransactionAnswers::answer_arrived(LateAnswers::Number number) {
  Lock lock(mutex_);
  check_timeout();
  late_answers_.arrive(number);
  commit_after_reads();
}

void TransactionAnswers::commit_arrives_late() {
  at(clock_.now() + latency_.next_micros() + commit_delay_micros_, TimerKind::kWait,
     [this, future = delivery_.future()] { commit_arrived(future); });
  delivery_.send();
  arm_timeout();
}

void TransactionAnswers::commit_arrived(const Ref<Future>& future) {
  Lock lock(mutex_);
  check_timeout();
  if (delivery_.arrive(future)) deliver_commit_locked();
}

// ---- a database in a file --------------------------------------------------------------------------

// Brings the outcome of a commit from the thread that writes the file to the network's. Made before the commit: what has been written
// must not get lost for want of memory.
class TransactionAnswers::LateDecision : public CommitReceiver {
 public:
  LateDecision(TransactionAnswers& transaction, Network& network)
      : network_(network), delivery_(std::make_unique<Delivery>(transaction)) {}

  void decided(Error error) noexcept override {
    delivery_->error = error;
    delivery_->is_on_its_way = true;
    network_.post(std::move(delivery_));
  }

 private:
  struct Delivery : Work {
    explicit Delivery(TransactionAnswers& transaction)
        : owner(transaction), link(transaction.link_.hook()), future(transaction.delivery_.future()) {}
    ~Delivery() override {
      if (is_on_its_way) future->fail(err::kBrokenPromise);  // the network has ended
    }
    void run() override {
      is_on_its_way = false;
      if (const Ref<TransactionState> alive = link->lock()) owner.commit_is_decided(future, error);
    }

    TransactionAnswers& owner;  // while `link` leads to it
    const std::shared_ptr<TransactionHook> link;
    const Ref<Future> future;
    Error error = 0;
    bool is_on_its_way = false;
  };

  Network& network_;
  std::unique_ptr<Delivery> delivery_;
};

std::unique_ptr<CommitReceiver> TransactionAnswers::late_decision() {
  return keyspace().decides_late() ? std::make_unique<LateDecision>(*this, network_) : nullptr;
}

void TransactionAnswers::commit_is_decided(const Ref<Future>& future, Error error) {
  Lock lock(mutex_);
  check_timeout();
  if (error != 0) delivery_.fail_late(future, error);
  if (delivery_.future().get() != future.get()) return;  // ended meanwhile
  if (latency_.disturbed() && is_commit_late()) {
    try {
      return commit_arrives_late();
    } catch (...) {
      // Without a timer it arrives now.
    }
  }
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
