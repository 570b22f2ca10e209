// Answers of a database with a latency: pending until the network thread delivers them, whoever looks.
#include "runtime/late_answers.h"

#include "abi/library.h"
#include "sim/sim_env.h"
#include "sim/test_library.h"
#include "sim/test_support.h"
#include "txn/transaction.h"

namespace fdb {
namespace {

constexpr int64_t kLatest = 2'000;

test::SimEnv* env;

Ref<Database> late_database(const char* setting = "on,seed=1") {
  static int number = 0;
  const auto database = test::open_database(("memory:late" + std::to_string(++number)).c_str());
  LatencySetting latency;
  CHECK(parse_latency(setting, &latency));
  database->keyspace()->latency().set(latency);
  return database;
}

// The end of a future, which must be pending now.
Error late_error(const Ref<Future>& future) {
  CHECK(!future->is_ready());
  CHECK_EQ(future->get_error(), err::kFutureNotSet);
  for (int64_t waited = 0; !future->is_ready() && waited <= kLatest; ++waited) env->advance(1);
  return future->get_error();
}

std::optional<Bytes> value_of(const Ref<Future>& future) {
  CHECK_EQ(late_error(future), 0);
  return test::value_of(future);
}

void put(const Ref<Database>& database, Slice key, Slice value) {
  const auto transaction = create_transaction(*database);
  transaction->set(key, value);
  CHECK_EQ(late_error(transaction->commit()), 0);
}

void pass_latency() { env->advance(kLatest + 1); }

void set_timeout(const Ref<Transaction>& transaction, int64_t milliseconds) {
  CHECK_EQ(transaction->set_option(FDB_TR_OPTION_TIMEOUT, reinterpret_cast<const uint8_t*>(&milliseconds), 8), 0);
}

void test_forms_of_the_setting() {
  struct Form {
    const char* text;
    bool on;
    int64_t minimum, maximum;
  };
  LatencySetting setting;
  for (const Form& form : {Form{"", false, 0, 0},
                           {"0", false, 0, 0},
                           {"off", false, 0, 0},
                           {"1", true, 0, 2000},
                           {"on", true, 0, 2000},
                           {"0-2ms", true, 0, 2000},
                           {"1ms", true, 1000, 1000},
                           {"250us-3ms", true, 250, 3000},
                           {"1-2s", true, 1'000'000, 2'000'000},
                           {"0us", true, 0, 0},
                           {"60s", true, 60'000'000, 60'000'000}}) {
    CHECK(parse_latency(form.text, &setting));
    CHECK_EQ(setting.on, form.on);
    CHECK_EQ(setting.minimum_micros, form.minimum);
    CHECK_EQ(setting.maximum_micros, form.maximum);
    CHECK(!setting.seed);
  }
  CHECK(parse_latency("0-2ms,seed=18446744073709551615", &setting));
  CHECK_EQ(*setting.seed, UINT64_MAX);
  CHECK(parse_latency("on,seed=0", &setting));
  CHECK_EQ(*setting.seed, 0U);
  for (const char* wrong : {"2", "yes", "1-2", "ms", "-1ms", "2-1ms", "1ms-", "1ms,", "1ms,seed=", "1ms,seed=x", "1ms,seed=1x",
                            "1 ms", "on ", "61s", "99999999999999999999s", "off,seed=1", "1,2", "1.5ms"}) {
    CHECK(!parse_latency(wrong, &setting));
  }
}

void test_a_seed_repeats_the_delays() {
  Latency first, second;
  LatencySetting setting;
  CHECK(parse_latency("1-3ms,seed=5", &setting));
  first.set(setting);
  second.set(setting);
  int64_t least = INT64_MAX, most = 0;
  for (int i = 0; i < 10'000; ++i) {
    const int64_t delay = first.next_micros();
    CHECK_EQ(delay, second.next_micros());
    least = std::min(least, delay);
    most = std::max(most, delay);
  }
  CHECK(least >= 1000 && least < 1100 && most <= 3000 && most > 2900);
}

void test_everything_comes_late() {
  const auto database = late_database();
  put(database, "a", "1");
  const auto transaction = create_transaction(*database);
  CHECK_EQ(value_of(transaction->get("a", false)), Bytes("1"));
  CHECK_EQ(late_error(transaction->get_read_version()), 0);
  CHECK_EQ(late_error(transaction->get_key({"a", true, 0}, false)), 0);
  const RangeRequest range{{"", false, 1}, {"\xff", false, 1}, 0, 0, FDB_STREAMING_MODE_WANT_ALL, 1, false, false};
  CHECK_EQ(late_error(transaction->get_range(range)), 0);
  CHECK_EQ(late_error(transaction->get_addresses_for_key("a")), 0);
  CHECK_EQ(late_error(transaction->get_estimated_range_size_bytes("a", "b")), 0);
  CHECK_EQ(late_error(transaction->get_range_split_points("a", "b", 100)), 0);
  CHECK_EQ(late_error(transaction->get_approximate_size()), 0);
  CHECK_EQ(late_error(transaction->get("\xff\xff/cluster_file_path", false)), 0);
  CHECK_EQ(late_error(transaction->get("\xff/x", false)), err::kKeyOutsideLegalRange);
  CHECK_EQ(late_error(transaction->commit()), 0);
  CHECK_EQ(late_error(transaction->get("a", false)), err::kUsedDuringCommit);
  CHECK_EQ(late_error(transaction->on_error(err::kUsedDuringCommit)), err::kUsedDuringCommit);
  CHECK_EQ(late_error(database->open_tenant("none")->get_id()), err::kTenantNotFound);
}

void test_a_read_says_what_was_when_it_was_issued() {
  const auto database = late_database("1ms");
  put(database, "a", "1");
  const auto reader = create_transaction(*database);
  const Ref<Future> before = reader->get("a", true);
  reader->set("a", "2");
  const Ref<Future> after = reader->get("a", true);
  CHECK_EQ(value_of(before), Bytes("1"));
  CHECK(after->is_ready());
  Result* result = nullptr;
  CHECK_EQ(after->value(&result), 0);
  CHECK_EQ(value_in(*result)->value, "2");
}

void test_a_commit_takes_effect_when_issued_and_is_told_late() {
  const auto database = late_database("1ms");
  const auto writer = create_transaction(*database);
  writer->set("a", "1");
  const Ref<Future> stamp = writer->get_versionstamp();
  const Ref<Future> commit = writer->commit();
  const auto reader = create_transaction(*database);
  const Ref<Future> seen = reader->get("a", false);
  CHECK(!stamp->is_ready());
  CHECK_EQ(writer->committed_version(), kInvalidVersion);
  CHECK_EQ(late_error(commit), 0);
  CHECK_EQ(stamp->get_error(), 0);
  CHECK(writer->committed_version() > 0);
  Result* result = nullptr;
  CHECK_EQ(seen->value(&result), 0);
  CHECK_EQ(value_in(*result)->value, "1");
}

void test_a_commit_waits_for_reads_and_for_nothing_else() {
  const auto database = late_database("1ms");
  const auto transaction = create_transaction(*database);
  transaction->set("a", "1");
  const Ref<Future> version = transaction->get_read_version();
  env->advance(500);
  const Ref<Future> read = transaction->get("b", false);
  read->cancel();  // the read goes on
  const Ref<Future> commit = transaction->commit();
  const auto other = create_transaction(*database);
  const Ref<Future> unseen = other->get("a", false);
  env->advance(1'000);  // the read is answered, the commit decided
  CHECK(!commit->is_ready());
  Result* result = nullptr;
  CHECK_EQ(unseen->value(&result), 0);
  CHECK(!value_in(*result)->present);
  CHECK_EQ(late_error(commit), 0);
}

void test_a_transaction_that_ends_fails_what_is_pending() {
  const auto database = late_database("1ms");
  using End = void (*)(Transaction*);
  struct Case {
    End end;
    Error error;
  };
  const Case cases[] = {{[](Transaction* t) { t->cancel(); }, err::kTransactionCancelled},
                        {[](Transaction* t) { t->reset(); }, err::kTransactionCancelled},
                        {[](Transaction* t) { t->destroy(); }, err::kTransactionCancelled},
                        {[](Transaction* t) { t->on_error(err::kClientInvalidOperation); }, err::kTransactionCancelled}};
  for (const Case& each : cases) {
    Transaction* const transaction = create_transaction(*database).detach();
    transaction->set("kept", "no");
    const Ref<Future> pending[] = {transaction->get("a", false), transaction->get_read_version(),
                                   transaction->get_estimated_range_size_bytes("a", "b"), transaction->commit()};
    const Ref<Future> loose = create_transaction(*database)->get_approximate_size();
    each.end(transaction);
    for (const Ref<Future>& future : pending) CHECK_EQ(future->get_error(), each.error);
    CHECK_EQ(late_error(loose), 0);
    pass_latency();
    if (each.end != cases[2].end) transaction->destroy();
  }
  CHECK_EQ(value_of(create_transaction(*database)->get("kept", true)), std::nullopt);
}

void test_a_refusal_is_not_overtaken() {
  const auto database = late_database("1ms");
  const auto transaction = create_transaction(*database);
  transaction->cancel();
  const Ref<Future> refused = transaction->get("a", false);
  const Ref<Future> commit = transaction->commit();
  CHECK(!refused->is_ready() && !commit->is_ready());
  transaction->reset();
  CHECK_EQ(refused->get_error(), err::kTransactionCancelled);
  CHECK_EQ(commit->get_error(), err::kTransactionCancelled);
  const Ref<Future> outside = transaction->get("\xff/x", false);
  transaction->cancel();
  CHECK_EQ(outside->get_error(), err::kKeyOutsideLegalRange);
}

void test_a_timeout_overtakes_answers() {
  const auto database = late_database("5ms");
  const auto transaction = create_transaction(*database);
  set_timeout(transaction, 2);
  const Ref<Future> read = transaction->get("a", false);
  env->advance(2'500);
  CHECK_EQ(read->get_error(), err::kTransactionTimedOut);
  const auto writer = create_transaction(*database);
  writer->set("a", "1");
  set_timeout(writer, 2);
  const Ref<Future> commit = writer->commit();
  env->advance(2'500);
  CHECK_EQ(commit->get_error(), err::kTransactionTimedOut);
  env->advance(10'000);
}

void test_a_late_failure_is_the_commits_too() {
  const auto database = late_database("1ms");
  const auto transaction = create_transaction(*database);
  transaction->set_read_version(1);
  transaction->set("a", "1");
  const Ref<Future> read = transaction->get("b", false);
  const Ref<Future> commit = transaction->commit();
  CHECK_EQ(late_error(read), err::kTransactionTooOld);
  CHECK_EQ(late_error(commit), err::kTransactionTooOld);
}

void test_misuse_poisons_a_commit_that_was_not_told() {
  const auto database = late_database("1ms");
  const auto transaction = create_transaction(*database);
  transaction->set("a", "1");
  const Ref<Future> commit = transaction->commit();
  CHECK_EQ(late_error(transaction->get("a", false)), err::kUsedDuringCommit);
  CHECK_EQ(commit->get_error(), err::kUsedDuringCommit);
}

void test_a_watch_has_read_after_the_latency() {
  const auto database = late_database("1ms");
  for (const bool answered : {false, true}) {
    const auto transaction = create_transaction(*database);
    const Ref<Future> watch = transaction->watch("w");
    if (answered) pass_latency();
    transaction->cancel();
    if (answered) {
      CHECK(!watch->is_ready());
      transaction->reset();
    }
    CHECK_EQ(watch->get_error(), err::kTransactionCancelled);
  }
  const auto transaction = create_transaction(*database);
  const Ref<Future> watch = transaction->watch("w");
  const Ref<Future> commit = transaction->commit();
  pass_latency();
  CHECK_EQ(late_error(commit), 0);
  CHECK(!watch->is_ready());
  put(database, "w", "1");
  env->advance(1);
  CHECK_EQ(watch->get_error(), 0);
}

void test_switched_off_it_answers_at_once() {
  const auto database = late_database("1ms");
  const auto transaction = create_transaction(*database);
  const Ref<Future> late = transaction->get("a", false);
  database->keyspace()->latency().set(LatencySetting());
  CHECK(transaction->get("a", false)->is_ready());
  const Ref<Future> commit = transaction->commit();  // waits for the read that is still late
  CHECK(!commit->is_ready());
  pass_latency();
  CHECK_EQ(late->get_error(), 0);
  CHECK_EQ(commit->get_error(), 0);
}

}  // namespace
}  // namespace fdb

int main() {
  using namespace fdb;
  test::SimEnv simulated(1);
  env = &simulated;
  test::simulate();
  test_forms_of_the_setting();
  test_a_seed_repeats_the_delays();
  test_everything_comes_late();
  test_a_read_says_what_was_when_it_was_issued();
  test_a_commit_takes_effect_when_issued_and_is_told_late();
  test_a_commit_waits_for_reads_and_for_nothing_else();
  test_a_transaction_that_ends_fails_what_is_pending();
  test_a_refusal_is_not_overtaken();
  test_a_timeout_overtakes_answers();
  test_a_late_failure_is_the_commits_too();
  test_misuse_poisons_a_commit_that_was_not_told();
  test_a_watch_has_read_after_the_latency();
  test_switched_off_it_answers_at_once();
  return 0;
}
