#include "runtime/late_answers.h"

namespace fdb {

namespace {

void complete(const Ref<Future>& future, Answer answer) {
  if (answer.error != 0) {
    future->fail(answer.error);
  } else {
    future->complete(std::move(answer.result));
  }
}

}  // namespace

Ref<Future> answer_now(Network& network, Answer answer) {
  return answer.error != 0 ? network.answer_error(answer.error) : network.answer(std::move(answer.result));
}

Ref<Future> answer_later(Network& network, const Clock& clock, int64_t micros, Answer answer) {
  if (!network.running()) return answer_now(network, std::move(answer));
  auto future = make_ref<Future>(network);
  // A task can be copied, an answer cannot.
  auto held = std::make_shared<Answer>(std::move(answer));
  network.at(clock, clock.now() + micros, TimerKind::kWait, [future, held] { complete(future, std::move(*held)); });
  return future;
}

void LateAnswers::insert(Entry entry) {
  const bool is_read = entry.is_read;
  if (!entries_) entries_ = std::make_unique<std::map<Number, Entry>>();
  entries_->emplace(++last_number_, std::move(entry));
  reads_ += is_read;
}

void LateAnswers::add(Ref<Future> future, Answer answer, Tie tie) {
  insert({std::move(future), std::move(answer.result), answer.error, tie == Tie::kRead, false, tie == Tie::kRefusal});
}

void LateAnswers::add_watch(Ref<Future> future) { insert({std::move(future), Void{}, 0, true, true, false}); }

void LateAnswers::arrive(Number number) {
  if (!entries_) return;
  const auto at = entries_->find(number);
  if (at == entries_->end()) return;  // the transaction was ended meanwhile
  Entry entry = std::move(at->second);
  entries_->erase(at);
  reads_ -= entry.is_read;
  if (!entry.is_watch) complete(entry.future, {entry.error, std::move(entry.result)});
}

void LateAnswers::fail_all(Error error) {
  const auto failed = std::move(entries_);
  reads_ = 0;
  if (!failed) return;
  for (const auto& [number, entry] : *failed) entry.future->fail(entry.is_refusal ? entry.error : error);
}

}  // namespace fdb
