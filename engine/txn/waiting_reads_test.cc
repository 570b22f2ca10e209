// Reads that wait for their version: their order, what they see, how they end.
#include "txn/waiting_reads.h"

#include "sim/sim_env.h"
#include "sim/test_library.h"
#include "sim/test_support.h"

namespace fdb {
namespace {

test::SimEnv* env;

// A read that is as ready as the test says, and answers with what the writes say about `key`.
WaitingReads::Read read_of(const Bytes& key, const Error* outcome) {
  return [key, outcome](const WriteMap& overlay, Result* result) {
    if (*outcome != 0) return *outcome;
    ValueResult value;
    const WriteMap::Segment segment = overlay.segment(key);
    value.present = segment.is_operation();
    if (value.present) value.value = Bytes(segment.operations().back().value);
    *result = std::move(value);
    return Error{0};
  };
}

using test::value_of;

struct Reader {
  void set(Slice key, Slice value) {
    writes.mutate(key, Op::kSet, value, true);
    waiting.overlays().mutate(key, Op::kSet, value, true);
  }
  Ref<Future> read(const Bytes& key, const Error* outcome) {
    const auto future = make_ref<Future>(test::network());
    waiting.add(future, read_of(key, outcome), writes);
    return future;
  }

  WriteMap writes;
  const Clock clock;
  WaitingReads waiting{clock};
};

void test_a_read_sees_the_writes_before_it() {
  Reader reader;
  const Error ready = 0;
  const auto before = reader.read("k", &ready);
  reader.set("k", "1");
  const auto between = reader.read("k", &ready);
  reader.set("k", "2");
  const auto after = reader.read("k", &ready);
  Error failure = 0;
  CHECK(reader.waiting.carry_out(&failure));
  CHECK(reader.waiting.empty());
  CHECK_EQ(failure, 0);
  CHECK(!value_of(before));
  CHECK(value_of(between) == Bytes("1"));
  CHECK(value_of(after) == Bytes("2"));
}

void test_one_that_goes_on_waiting_stops_the_rest() {
  Reader reader;
  const Error ready = 0;
  Error outcome = err::kFutureVersion;
  const auto first = reader.read("k", &ready);
  const auto second = reader.read("k", &outcome);
  const auto third = reader.read("k", &ready);
  Error failure = 0;
  CHECK(!reader.waiting.carry_out(&failure));
  CHECK(first->is_ready_quietly());
  CHECK(!second->is_ready_quietly() && !third->is_ready_quietly());
  outcome = 0;
  CHECK(reader.waiting.carry_out(&failure));
  CHECK(second->is_ready_quietly() && third->is_ready_quietly());
}

void test_patience_ends_after_a_second() {
  Reader reader;
  const Error outcome = err::kFutureVersion;
  const auto future = reader.read("k", &outcome);
  const int64_t now = env->monotonic_micros();
  CHECK_EQ(reader.waiting.next_try(200'000), now + 200'000);
  CHECK_EQ(reader.waiting.next_try(5'000'000), now + 1'000'000);
  env->pass(999'999);
  Error failure = 0;
  CHECK(!reader.waiting.carry_out(&failure));
  env->pass(1);
  CHECK(reader.waiting.carry_out(&failure));
  CHECK_EQ(failure, err::kFutureVersion);
  CHECK_EQ(future->get_error(), err::kFutureVersion);
}

void test_the_first_failure_is_remembered() {
  Reader reader;
  const Error outcomes[] = {err::kTransactionTooOld, err::kAccessedUnreadable};
  const auto first = reader.read("k", &outcomes[0]);
  const auto second = reader.read("k", &outcomes[1]);
  Error failure = 0;
  CHECK(reader.waiting.carry_out(&failure));
  CHECK_EQ(failure, err::kTransactionTooOld);
  CHECK_EQ(first->get_error(), err::kTransactionTooOld);
  CHECK_EQ(second->get_error(), err::kAccessedUnreadable);
  CHECK_EQ(reader.read("k", &outcomes[0])->is_ready_quietly(), false);
  CHECK(reader.waiting.carry_out(&(failure = err::kNotCommitted)));
  CHECK_EQ(failure, err::kNotCommitted);
}

void test_other_ends() {
  Reader reader;
  const auto throwing = make_ref<Future>(test::network());
  reader.waiting.add(throwing, [](const WriteMap&, Result*) -> Error { throw std::bad_alloc(); }, reader.writes);
  const auto staying = make_ref<Future>(test::network());
  reader.waiting.add(staying, [](const WriteMap&, Result*) { return WaitingReads::kStaysPending; }, reader.writes);
  Error failure = 0;
  CHECK(reader.waiting.carry_out(&failure));
  CHECK_EQ(throwing->get_error(), err::kUnknownError);
  CHECK(!staying->is_ready_quietly());
  const Error ready = 0;
  const auto withdrawn = reader.read("k", &ready);
  reader.waiting.withdraw_last();
  const auto failed = reader.read("k", &ready);
  reader.waiting.fail_all(err::kTransactionCancelled);
  CHECK(reader.waiting.empty());
  CHECK_EQ(failed->get_error(), err::kTransactionCancelled);
  CHECK(!withdrawn->is_ready_quietly());
}

}  // namespace
}  // namespace fdb

int main() {
  fdb::test::SimEnv simulated(1);
  fdb::env = &simulated;
  fdb::test::simulate();
  fdb::test_a_read_sees_the_writes_before_it();
  fdb::test_one_that_goes_on_waiting_stops_the_rest();
  fdb::test_patience_ends_after_a_second();
  fdb::test_the_first_failure_is_remembered();
  fdb::test_other_ends();
  std::puts("waiting_reads_test: ok");
  return 0;
}
