// What the network thread does for transactions and databases: it delivers commits that nobody looks at, takes old snapshots
// back a piece at a time, carries out waiting reads, waits for no lock that a program holds, survives what a task throws, and
// keeps no database open.
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "abi/library.h"
#include "runtime/network.h"
#include "sim/failing_allocator.h"
#include "sim/sim_env.h"
#include "sim/test_library.h"
#include "sim/test_support.h"
#include "txn/transaction.h"

namespace fdb {
namespace {

constexpr int64_t kSecond = 1'000'000;

test::SimEnv* env = nullptr;

struct End {
  void operator()(Transaction* transaction) const { transaction->destroy(); }
};
using Handle = std::unique_ptr<Transaction, End>;

template <class Owner>
Handle begin(Owner& owner) {
  return Handle(create_transaction(owner).detach());
}

Ref<Database> fresh_database() {
  static int number = 0;
  return test::open_database(("memory:work" + std::to_string(++number)).c_str());
}

template <class Owner>
void commit_set(Owner& owner, Slice key, Slice value) {
  const Handle transaction = begin(owner);
  transaction->set(key, value);
  CHECK_EQ(transaction->commit()->get_error(), 0);
}

Bytes value_of(const Ref<Future>& future) {
  Result* result = nullptr;
  CHECK_EQ(future->value(&result), 0);
  return Bytes(value_in(*result)->value);
}

Version version_of(const Ref<Future>& future) {
  Result* result = nullptr;
  CHECK_EQ(future->value(&result), 0);
  return std::get<int64_t>(*result);
}

std::string numbered(const char* prefix, int number) {
  const std::string digits = std::to_string(number);
  return prefix + std::string(6 - digits.size(), '0') + digits;
}

// Lets another thread do something, once, when a thread comes by a point.
class AtPoint : public Schedule {
 public:
  AtPoint(Point point, std::function<void()> action) : point_(point), action_(std::move(action)) { inject(this); }
  ~AtPoint() override {
    inject(nullptr);
    CHECK(!action_);
  }
  void reach(Point point) override {
    if (point != point_ || !action_) return;
    std::thread other(std::exchange(action_, nullptr));
    other.join();
  }

 private:
  const Point point_;
  std::function<void()> action_;
};

// ---- commits that nobody looks at ----------------------------------------------------------------------

void count_callback(FDBFuture*, void* counter) { ++*static_cast<int*>(counter); }

void test_unseen_commits_are_delivered() {
  const Ref<Database> database = fresh_database();
  constexpr int kCommits = 100;
  int called = 0;
  std::vector<Handle> transactions;
  std::vector<Ref<Future>> futures;
  for (int i = 0; i < kCommits; ++i) {
    transactions.push_back(begin(*database));
    Transaction& transaction = *transactions.back();
    const Ref<Future> watch = transaction.watch(numbered("w", i));
    const Ref<Future> stamp = transaction.get_versionstamp();
    for (const Ref<Future>& future : {watch, stamp}) CHECK_EQ(future->set_callback(count_callback, &called), 0);
    transaction.set(numbered("k", i), "v");
    futures.push_back(transaction.commit());
    CHECK(!futures.back()->is_ready_quietly());
  }
  env->advance(20'000);
  for (int i = 0; i < 10; ++i) env->advance(100);
  for (const Ref<Future>& future : futures) CHECK(future->is_ready_quietly() && future->get_error() == 0);
  CHECK_EQ(called, kCommits);  // the stamps
  for (int i = 0; i < kCommits; ++i) commit_set(*database, numbered("w", i), "changed");
  env->advance(1);
  env->advance(1);
  CHECK_EQ(called, 2 * kCommits);  // the watches
}

void test_misuse_before_that_fails_the_commit() {
  const Ref<Database> database = fresh_database();
  const Handle transaction = begin(*database);
  transaction->set("a", "1");
  const Ref<Future> commit = transaction->commit();
  env->advance(5'000);
  CHECK_EQ(transaction->get("a", false)->get_error(), err::kUsedDuringCommit);
  env->advance(20'000);
  CHECK_EQ(commit->get_error(), err::kUsedDuringCommit);
}

// ---- locks that a program holds --------------------------------------------------------------------------

// A transaction that becomes too old while a thread is inside it, and whose last commit nobody has seen.
void test_turn_passes_by_busy_transactions() {
  const Ref<Database> database = fresh_database();
  const Handle transaction = begin(*database);
  CHECK_EQ(value_of(transaction->get("a", true)), Bytes());
  transaction->set("a", "1");
  Ref<Future> commit;
  {
    AtPoint busy(Point::kVersionAssigned, [] {
      for (int i = 0; i < 10; ++i) env->advance(kSecond);
    });
    commit = transaction->commit();
  }
  CHECK(!commit->is_ready_quietly());
  env->advance(20'000);
  CHECK(commit->is_ready_quietly());
  CHECK(transaction->held_version() == Sweeper::kNone);
}

// Somebody who begins while a commit is applied waits for nothing, also when the database was idle for long.
void test_begin_does_not_wait_for_a_commit() {
  const Ref<Database> database = fresh_database();
  commit_set(*database, "a", "old");
  env->advance(100 * kSecond);
  const Handle writer = begin(*database);
  writer->set("a", "new");
  const Handle reader = begin(*database);
  Version read = 0;
  Ref<Future> later;
  const Handle late = begin(*database);
  {
    AtPoint applying(Point::kVersionAssigned, [&] {
      read = version_of(reader->get_read_version());
      CHECK_EQ(value_of(reader->get("a", false)), Bytes("old"));
      late->set_read_version(read + 1);  // that of the commit
      later = late->get("a", false);
      CHECK(!later->is_ready());
    });
    CHECK_EQ(writer->commit()->get_error(), 0);
  }
  CHECK_EQ(writer->committed_version(), read + 1);
  env->advance(10'000);
  CHECK_EQ(value_of(later), Bytes("new"));
  const Handle idle = begin(*database);
  env->advance(2 * kSecond);
  CHECK(version_of(idle->get_read_version()) > read + kSecond);
}

// ---- old snapshots ---------------------------------------------------------------------------------------

void test_what_was_read_stays_readable() {
  const Ref<Database> database = fresh_database();
  const Handle filler = begin(*database);
  for (int i = 0; i < 3000; ++i) filler->set(numbered("k", i), numbered("v", i));
  CHECK_EQ(filler->commit()->get_error(), 0);
  const Handle transaction = begin(*database);
  for (int i = 0; i < 3000; i += 2) CHECK_EQ(value_of(transaction->get(numbered("k", i), true)), Bytes(numbered("v", i)));
  const Handle clearer = begin(*database);
  clearer->clear_range("", "\xff");
  CHECK_EQ(clearer->commit()->get_error(), 0);
  env->advance(6 * kSecond);
  int turns = 0;
  for (; transaction->held_version() != Sweeper::kNone; ++turns) {
    // At every stage of it.
    const int even = turns * 61 % 1500 * 2;
    CHECK_EQ(value_of(transaction->get(numbered("k", even), true)), Bytes(numbered("v", even)));
    CHECK_EQ(transaction->get(numbered("k", even + 1), true)->get_error(), err::kTransactionTooOld);
    env->advance(10'000);
  }
  CHECK(turns >= 5);  // in pieces
  for (int i = 0; i < 3000; i += 2) {
    CHECK_EQ(value_of(transaction->get(numbered("k", i), true)), Bytes(numbered("v", i)));
    CHECK_EQ(transaction->get(numbered("k", i + 1), true)->get_error(), err::kTransactionTooOld);
  }
}

void test_old_tenant_knows_the_metadata_version() {
  const Ref<Database> database = fresh_database();
  const Handle maker = begin(*database);
  maker->set_option(FDB_TR_OPTION_SPECIAL_KEY_SPACE_ENABLE_WRITES, nullptr, 0);
  maker->set("\xff\xff/management/tenant/map/t", "");
  maker->atomic_op("\xff/metadataVersion", Bytes(14, '\0'), FDB_MUTATION_TYPE_SET_VERSIONSTAMPED_VALUE);
  CHECK_EQ(maker->commit()->get_error(), 0);
  const Ref<Tenant> tenant = database->open_tenant("t");
  commit_set(*tenant, "k", "v");
  const Handle transaction = begin(*tenant);
  const Bytes stamp = value_of(transaction->get("\xff/metadataVersion", true));
  CHECK_EQ(stamp.size(), 10u);
  CHECK_EQ(value_of(transaction->get("k", true)), Bytes("v"));
  const Handle unresolved = begin(*database->open_tenant("t"));
  version_of(unresolved->get_read_version());
  for (int i = 0; i < 10; ++i) env->advance(kSecond);
  CHECK(transaction->held_version() == Sweeper::kNone);
  CHECK_EQ(value_of(transaction->get("\xff/metadataVersion", true)), stamp);
  CHECK_EQ(value_of(transaction->get("k", true)), Bytes("v"));
  CHECK_EQ(transaction->get("l", true)->get_error(), err::kTransactionTooOld);
  CHECK_EQ(unresolved->get("k", true)->get_error(), err::kTransactionTooOld);
}

// ---- waiting reads ---------------------------------------------------------------------------------------

// A transaction on a version that comes in `micros`.
Handle begin_ahead(Database& database, int64_t micros) {
  env->advance(1000);  // commits at one moment are ahead of the clock
  const Handle probe = begin(database);
  Handle transaction = begin(database);
  transaction->set_read_version(version_of(probe->get_read_version()) + micros);
  return transaction;
}

int64_t allocations_of_waiting_reads(int count) {
  const Ref<Database> database = fresh_database();
  commit_set(*database, "base", "b");
  env->advance(2 * kSecond);
  const Handle transaction = begin_ahead(*database, kSecond / 2);
  std::vector<Ref<Future>> reads;
  reads.reserve(static_cast<size_t>(count));
  constexpr int64_t kPlenty = INT64_MAX / 2;
  int64_t used;
  {
    const test::AllocationFailure counting(kPlenty);
    for (int i = 0; i < count; ++i) {
      transaction->atomic_op("base", numbered("", i), FDB_MUTATION_TYPE_APPEND_IF_FITS);
      transaction->clear("base");
      transaction->set(numbered("k", i), "v");
      transaction->atomic_op("base", "x", FDB_MUTATION_TYPE_APPEND_IF_FITS);
      reads.push_back(
          transaction->get_range({{"", false, 1}, {"b", false, 1}, 1, 0, FDB_STREAMING_MODE_EXACT, 1, false, false}));
    }
    env->advance(kSecond / 2);
    used = kPlenty - test::allocations_left;
  }
  for (const Ref<Future>& read : reads) CHECK_EQ(read->get_error(), 0);
  return used;
}

// Each costs the same, however many wait and however much was written.
void test_waiting_reads_share_the_writes() {
  const int64_t few = allocations_of_waiting_reads(500);
  const int64_t many = allocations_of_waiting_reads(4000);
  CHECK(many < 10 * few);
}

void test_waiting_reads_see_what_was_written_before_them() {
  const Ref<Database> database = fresh_database();
  commit_set(*database, "a", "0");
  commit_set(*database, "b", "0");
  const Handle transaction = begin_ahead(*database, kSecond / 2);
  std::vector<Ref<Future>> reads;
  const auto get_all = [&](int limit) {
    reads.push_back(
        transaction->get_range({{"a", false, 1}, {"z", false, 1}, limit, 0, FDB_STREAMING_MODE_EXACT, 1, false, false}));
  };
  get_all(10);
  transaction->set("c", "1");
  get_all(10);
  transaction->clear_range("b", "bb");
  get_all(10);
  transaction->atomic_op("a", "1", FDB_MUTATION_TYPE_APPEND_IF_FITS);
  transaction->set("d", "1");
  get_all(10);
  for (const Ref<Future>& read : reads) CHECK(!read->is_ready());
  env->advance(kSecond / 2);
  const size_t rows[] = {2, 3, 2, 3};
  for (size_t i = 0; i < reads.size(); ++i) {
    Result* result = nullptr;
    CHECK_EQ(reads[i]->value(&result), 0);
    CHECK_EQ(std::get<std::unique_ptr<KeyValueArray>>(*result)->rows.size(), rows[i]);
  }
}

void test_waiting_reads_lose_patience_one_by_one() {
  const Ref<Database> database = fresh_database();
  const Handle transaction = begin_ahead(*database, 10 * kSecond);
  const Ref<Future> first = transaction->get("a", true);
  env->advance(kSecond / 2);
  const Ref<Future> second = transaction->get("a", true);
  env->advance(kSecond / 2);
  CHECK_EQ(first->get_error(), err::kFutureVersion);
  CHECK(!second->is_ready());
  env->advance(kSecond / 2);
  CHECK_EQ(second->get_error(), err::kFutureVersion);
  const Handle never = begin(*database);
  never->set_read_version(INT64_MAX);
  const Ref<Future> last = never->get("a", true);
  env->advance(kSecond);
  CHECK_EQ(last->get_error(), err::kFutureVersion);
  transaction->reset();
  const Handle probe = begin(*database);
  transaction->set_read_version(version_of(probe->get_read_version()) + 1000);
  const Ref<Future> third = transaction->get("a", true);
  env->advance(1000);
  CHECK_EQ(value_of(third), Bytes());
}

// ---- what a task throws ----------------------------------------------------------------------------------

void test_throwing_tasks_end_alone() {
  Network& network = test::network();
  int ran = 0;
  network.post([] { throw std::bad_alloc(); });
  network.post([&] { ++ran; });
  network.at(0, [] { throw 1; });
  network.at(0, [&] { ++ran; });
  network.turn();
  CHECK_EQ(ran, 2);
  const auto future = make_ref<Future>(test::network());
  int called = 0;
  CHECK_EQ(future->set_callback([](FDBFuture*, void*) { throw 2; }, nullptr), 0);
  CHECK_EQ(future->set_callback(count_callback, &called), 0);
  future->complete(Void{});
  network.turn();
  CHECK_EQ(called, 1);
}

// Memory runs out at any place of the network thread's work: whoever waits for a future is told something.
void test_nobody_waits_for_ever_when_memory_runs_out() {
  bool failed = true;
  for (int64_t nth = 0; failed; ++nth) {
    const Ref<Database> database = fresh_database();
    commit_set(*database, "a", "1");
    const Handle transaction = begin_ahead(*database, 1000);
    const Ref<Future> read = transaction->get("a", false);
    transaction->set("b", "2");
    const Ref<Future> watch = transaction->watch("a");
    const Ref<Future> commit = transaction->commit();
    const Handle retried = begin(*database);
    const Ref<Future> retry = retried->on_error(err::kNotCommitted);
    {
      const test::AllocationFailure failure(nth);
      env->advance(kSecond / 10);
      failed = failure.happened();
    }
    for (const Ref<Future>& future : {read, commit, retry}) CHECK(future->is_ready());
    commit_set(*database, "a", "3");
    env->advance(1);
    env->advance(1);
    CHECK(watch->is_ready());
  }
}

// ---- databases that are closed ---------------------------------------------------------------------------

void test_timers_keep_no_database_open() {
  std::shared_ptr<WeakLink<Keyspace>> link;
  std::vector<Ref<Future>> futures;
  {
    const Ref<Database> database = test::open_database("memory:work-closed");
    link = database->keyspace()->link();
    const Handle unseen = begin(*database);
    unseen->set("a", "1");
    futures.push_back(unseen->commit());
    const Handle retrying = begin(*database);
    futures.push_back(retrying->on_error(1042));
    const Handle waiting = begin_ahead(*database, kSecond);
    futures.push_back(waiting->get("a", true));
    const Handle timed = begin(*database);
    timed->set_option(FDB_TR_OPTION_TIMEOUT, reinterpret_cast<const uint8_t*>("\xff\0\0\0\0\0\0\0"), 8);
    futures.push_back(timed->get_versionstamp());
    test::drop_database("work-closed");
  }
  CHECK(!link->lock());
  for (const Ref<Future>& future : futures) CHECK(future->is_ready());
  for (int i = 0; i < 20; ++i) env->advance(kSecond);
}

}  // namespace
}  // namespace fdb

int main() {
  using namespace fdb;
  test::simulate();
  test::SimEnv simulated(1);
  fdb::env = &simulated;
  test_unseen_commits_are_delivered();
  test_misuse_before_that_fails_the_commit();
  test_turn_passes_by_busy_transactions();
  test_begin_does_not_wait_for_a_commit();
  test_what_was_read_stays_readable();
  test_old_tenant_knows_the_metadata_version();
  test_waiting_reads_share_the_writes();
  test_waiting_reads_see_what_was_written_before_them();
  test_waiting_reads_lose_patience_one_by_one();
  test_throwing_tasks_end_alone();
  test_nobody_waits_for_ever_when_memory_runs_out();
  test_timers_keep_no_database_open();
  return 0;
}
