// Watches that hear late of a change, and watches that get lost and are renewed.
#include "abi/library.h"
#include "db/watches.h"
#include "sim/sim_env.h"
#include "sim/test_library.h"
#include "sim/test_support.h"
#include "txn/transaction.h"

namespace fdb {
namespace {

test::SimEnv* env;

struct Subject {
  explicit Subject(Slice rules, const char* name) : database(test::open_database(Bytes("memory:") + name)) {
    FaultSetting setting;
    Bytes problem;
    CHECK(parse_faults(rules, &setting, &problem));
    database->keyspace()->faults().set(setting);
  }

  void put(Slice key, Slice value) {
    const auto transaction = create_transaction(*database);
    transaction->set(key, value);
    CHECK_EQ(transaction->commit()->get_error(), 0);
  }
  Ref<Future> watch(Slice key) {
    const auto transaction = create_transaction(*database);
    Ref<Future> future = transaction->watch(key);
    CHECK_EQ(transaction->commit()->get_error(), 0);
    return future;
  }

  Ref<Database> database;
};

void pass(int64_t micros) {
  env->advance(micros);
  env->advance(0);
}

void test_delayed() {
  Subject subject("watch_delayed:delay=10ms,times=1", "delayed");
  const Ref<Future> delayed = subject.watch("a");
  const Ref<Future> prompt = subject.watch("b");
  subject.put("a", "1");
  subject.put("b", "1");
  pass(9'000);
  CHECK(!delayed->is_ready() && prompt->is_ready());
  subject.put("a", "2");
  pass(1'000);
  CHECK_EQ(delayed->get_error(), 0);
}

void test_lost_and_renewed() {
  Subject subject("watch_lost:delay=10ms,keys=61..62", "lost");
  subject.put("a", "A");
  const Ref<Future> blind = subject.watch("a");
  const Ref<Future> other = subject.watch("b");
  subject.put("b", "1");
  subject.put("a", "B");
  subject.put("a", "A");
  pass(10'000);
  CHECK(other->is_ready());
  CHECK(!blind->is_ready());  // A, B, A: nothing to be seen
  subject.put("a", "B");      // lost once more, and this lasts
  pass(9'000);
  CHECK(!blind->is_ready());
  pass(1'000);
  CHECK_EQ(blind->get_error(), 0);
}

void test_cancelled_meanwhile() {
  Subject subject("watch_lost:delay=10ms,nth=1;watch_delayed:delay=10ms,nth=2", "cancelled");
  const Ref<Future> lost = subject.watch("a");
  const Ref<Future> delayed = subject.watch("b");
  subject.put("a", "1");
  subject.put("b", "1");
  lost->cancel();
  delayed->cancel();
  pass(10'000);
  CHECK_EQ(lost->get_error(), err::kOperationCancelled);
  CHECK_EQ(delayed->get_error(), err::kOperationCancelled);
  CHECK(subject.database->keyspace()->watches().empty());
}

// The database has gone: what nobody can renew ends as other watches do.
void test_database_is_gone() {
  Ref<Future> lost;
  {
    Subject subject("watch_lost:delay=10ms", "gone");
    lost = subject.watch("a");
    subject.put("a", "1");
  }
  test::drop_database("gone");
  pass(10'000);
  CHECK_EQ(lost->get_error(), err::kOperationCancelled);
}

// A change that was there before the watch was registered is one.
void test_changed_before_it_began() {
  Subject subject("watch_delayed:delay=10ms", "before");
  const auto transaction = create_transaction(*subject.database);
  const Ref<Future> watch = transaction->watch("a");
  subject.put("a", "1");
  CHECK_EQ(transaction->commit()->get_error(), 0);
  pass(9'000);
  CHECK(!watch->is_ready());
  pass(1'000);
  CHECK_EQ(watch->get_error(), 0);
}

}  // namespace
}  // namespace fdb

int main() {
  using namespace fdb;
  test::SimEnv sim(1);
  env = &sim;
  test::simulate();
  test_delayed();
  test_lost_and_renewed();
  test_cancelled_meanwhile();
  test_database_is_gone();
  test_changed_before_it_began();
  return 0;
}
