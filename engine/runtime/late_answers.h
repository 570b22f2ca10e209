// Answers that are decided and still on their way, in a database with a latency (latency.h).
//
// A call computes its answer as ever; only the delivery is late: the future is handed out pending, and a timer completes
// it on the network thread. Until then it is what a pending read is on a cluster: a commit waits for it, and whatever ends
// the transaction (cancel, reset, a timeout, destruction) fails it.
#pragma once

#include <map>
#include <memory>

#include "runtime/future.h"
#include "runtime/latency.h"
#include "runtime/network.h"

namespace fdb {

struct Answer {
  Error error = 0;
  Result result{Void{}};
};

// How an answer hangs together with its transaction.
enum class Tie {
  kRead,     // the commit waits for it, and it fails with the transaction
  kRequest,  // it fails with the transaction
  kRefusal,  // a call that was refused before anything was asked: at the latest it comes with the end of the transaction
  kLoose,    // it comes whatever becomes of the transaction
};

// Hands out a future that has the answer.
Ref<Future> answer_now(Network& network, Answer answer);
// Hands out one that gets the answer after `micros` by the clock, or that has it if the network does not run.
Ref<Future> answer_later(Network& network, const Clock& clock, int64_t micros, Answer answer);

// The answers of one transaction that are tied to it. Thread-safety: none; the transaction's lock guards it.
class LateAnswers {
 public:
  using Number = uint64_t;  // never used again

  // What the next one to be added gets.
  Number next_number() const { return last_number_ + 1; }
  void add(Ref<Future> future, Answer answer, Tie tie);
  // A watch: its read ends without a word, but fails with the transaction as others do.
  void add_watch(Ref<Future> future);
  // Completes the future of an answer that is still here.
  void arrive(Number number);
  // Fails what is here, refusals with their own error.
  void fail_all(Error error);

  bool empty() const { return !entries_ || entries_->empty(); }
  bool has_reads() const { return reads_ > 0; }

 private:
  struct Entry {
    Ref<Future> future;
    Result result;
    Error error;
    bool is_read;
    bool is_watch;
    bool is_refusal;
  };

  void insert(Entry entry);

  Number last_number_ = 0;
  std::unique_ptr<std::map<Number, Entry>> entries_;  // made with the first
  size_t reads_ = 0;
};

}  // namespace fdb
