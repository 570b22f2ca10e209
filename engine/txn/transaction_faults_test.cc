// What a fault of a read or of a read version does to a transaction: the error, that nothing else of it is left, and that the next attempt
// succeeds; slow answers, short batches, and faults of one transaction.
#include "sim/fault_world.h"

namespace fdb {
namespace {

using namespace test;

// ---- reads -----------------------------------------------------------------------------------------

using Read = Ref<Future> (*)(Transaction&);

RangeRequest range_of(Slice begin, Slice end, int mode = FDB_STREAMING_MODE_WANT_ALL, bool reverse = false) {
  return {{begin, false, 1}, {end, false, 1}, 0, 0, mode, 1, false, reverse};
}

constexpr Read kReads[] = {
    [](Transaction& transaction) { return transaction.get("a", false); },
    [](Transaction& transaction) { return transaction.get("a", true); },
    [](Transaction& transaction) { return transaction.get_key({"a", false, 1}, false); },
    [](Transaction& transaction) { return transaction.get_range(range_of("a", "z")); },
};

// The failure of a read is the commit's, too, until the next attempt.
void test_reads_that_fail() {
  for (const auto& [rule, wanted] :
       {std::pair{"transaction_too_old:at=read", err::kTransactionTooOld}, std::pair{"future_version", err::kFutureVersion},
        std::pair{"process_behind:at=read", err::kProcessBehind},
        std::pair{"cluster_version_changed:at=read", err::kClusterVersionChanged}}) {
    for (const Read read : kReads) {
      const auto database = database_with(Bytes(rule) + (Slice(rule).find(':') == Slice::npos ? ":nth=1" : ",nth=1"));
      const auto transaction = create_transaction(*database);
      const Ref<Future> future = read(*transaction);
      CHECK(future->is_ready());
      CHECK_EQ(future->get_error(), wanted);
      CHECK_EQ(error_of(read(*transaction)), 0);
      transaction->set("b", "1");
      CHECK_EQ(error_of(transaction->commit()), wanted);
      CHECK_EQ(error_of(transaction->on_error(wanted)), 0);
      CHECK_EQ(error_of(read(*transaction)), 0);
      transaction->set("b", "1");
      CHECK_EQ(error_of(transaction->commit()), 0);
    }
  }
}

void test_mapped_read_and_watch_fail() {
  const auto database = database_with("future_version");
  const auto transaction = create_transaction(*database);
  CHECK_EQ(error_of(transaction->get_mapped_range({range_of("a", "z"), ""})), err::kFutureVersion);
  CHECK_EQ(error_of(transaction->watch("a")), err::kFutureVersion);
  transaction->set("b", "1");
  CHECK_EQ(error_of(transaction->commit()), 0);  // neither is a read that a commit minds
}

void test_read_that_times_out() {
  const auto database = database_with("transaction_timed_out:at=read,nth=1");
  const auto transaction = create_transaction(*database);
  CHECK_EQ(error_of(transaction->get("a", false)), err::kTransactionTimedOut);
  CHECK_EQ(error_of(transaction->get("a", false)), err::kTransactionTimedOut);
  CHECK_EQ(error_of(transaction->commit()), err::kTransactionTimedOut);
  CHECK_EQ(error_of(transaction->on_error(err::kTransactionTimedOut)), err::kTransactionTimedOut);
  transaction->reset();
  CHECK_EQ(error_of(transaction->get("a", false)), 0);
}

void test_what_is_no_occasion_for_a_read() {
  const auto database = database_with("future_version:nth=2");
  const auto transaction = create_transaction(*database);
  transaction->set("own", "1");
  CHECK_EQ(error_of(transaction->get("own", false)), 0);
  CHECK_EQ(error_of(transaction->get("a", false)), 0);  // the first one
  CHECK_EQ(error_of(transaction->get("a", false)), 0);
  CHECK_EQ(error_of(transaction->get("\xff/metadataVersion", false)), 0);
  CHECK_EQ(error_of(transaction->get("\xff\xff/status/json", false)), 0);
  CHECK_EQ(error_of(transaction->get_range(range_of("z", "a"))), 0);
  CHECK_EQ(error_of(transaction->get("\xff/x", false)), err::kKeyOutsideLegalRange);
  CHECK_EQ(error_of(transaction->get("b", false)), err::kFutureVersion);
}

void test_a_lock_is_none_to_who_is_lock_aware() {
  const auto database = database_with("database_locked");
  const auto transaction = create_transaction(*database);
  CHECK_EQ(error_of(transaction->get_read_version()), err::kDatabaseLocked);
  transaction->reset();
  CHECK_EQ(transaction->set_option(FDB_TR_OPTION_READ_LOCK_AWARE, nullptr, 0), 0);
  CHECK_EQ(error_of(transaction->get("k", false)), 0);
  transaction->reset();
  CHECK_EQ(transaction->set_option(FDB_TR_OPTION_LOCK_AWARE, nullptr, 0), 0);
  CHECK_EQ(error_of(transaction->get("k", false)), 0);
  transaction->set("k", "v");
  CHECK_EQ(error_of(transaction->commit()), 0);
}

// That the cluster has another version is forgotten with the attempt that was told so.
void test_a_changed_version_is_granted_once() {
  const auto database = database_with("cluster_version_changed:at=commit,effect=lost,nth=1");
  const auto transaction = create_transaction(*database);
  transaction->set("k", "v");
  CHECK_EQ(error_of(transaction->commit()), err::kClusterVersionChanged);
  transaction->reset();
  CHECK_EQ(error_of(transaction->on_error(err::kClusterVersionChanged)), err::kClusterVersionChanged);
}

void test_keys_of_a_read() {
  const auto database = database_with("future_version:keys=62..63");
  const auto transaction = create_transaction(*database);
  CHECK_EQ(error_of(transaction->get("a", false)), 0);
  CHECK_EQ(error_of(transaction->get("bb", false)), err::kFutureVersion);
  CHECK_EQ(error_of(transaction->get_range(range_of("c", "z"))), 0);
  CHECK_EQ(error_of(transaction->get_range(range_of("a", "z"))), err::kFutureVersion);
}

// ---- versions --------------------------------------------------------------------------------------

void test_versions_that_fail() {
  for (const auto& [rule, wanted] :
       {std::pair{"process_behind:at=version", err::kProcessBehind},
        std::pair{"database_locked:at=version", err::kDatabaseLocked}, std::pair{"tag_throttled:p=1", err::kTagThrottled},
        std::pair{"batch_transaction_throttled:p=1", err::kBatchTransactionThrottled},
        std::pair{"grv_proxy_memory_limit_exceeded:p=1", err::kGrvProxyMemoryLimit},
        std::pair{"cluster_version_changed:at=version", err::kClusterVersionChanged}}) {
    const Bytes once = Bytes(rule) + ",nth=1";
    const auto database = database_with(once);
    const auto transaction = create_transaction(*database);
    CHECK_EQ(error_of(transaction->get_read_version()), wanted);
    CHECK_EQ(error_of(transaction->get_read_version()), wanted);  // the attempt has asked once
    CHECK_EQ(error_of(transaction->get("a", false)), wanted);
    transaction->set("a", "1");
    CHECK_EQ(error_of(transaction->commit()), wanted);
    CHECK_EQ(error_of(transaction->on_error(wanted)), 0);
    CHECK_EQ(error_of(transaction->get("a", false)), 0);
    // A commit without reads asks for a version, too, and a read that comes first does.
    set_faults(database, once);
    const auto blind = create_transaction(*database);
    blind->set("a", "1");
    CHECK_EQ(error_of(blind->commit()), wanted);
    CHECK_EQ(stored(database, "a"), std::nullopt);
    set_faults(database, once);
    const auto reader = create_transaction(*database);
    CHECK_EQ(error_of(reader->get("a", false)), wanted);
    set_faults(database, once);
    const auto renamed = create_transaction(*database);
    CHECK_EQ(error_of(renamed->get_read_version()), wanted);
    renamed->set_read_version(1'000);
    CHECK_EQ(error_of(renamed->get("a", false)), err::kReadVersionAlreadySet);
    set_faults(database, once);
    const auto named = create_transaction(*database);
    Result* version = nullptr;
    CHECK_EQ(reader->on_error(err::kNotCommitted)->is_ready(), false);
    const auto other = create_transaction(*database_with("off"));
    const Ref<Future> handed_out = other->get_read_version();
    CHECK_EQ(handed_out->value(&version), 0);
    named->set_read_version(std::get<int64_t>(*version));
    CHECK_EQ(error_of(named->get_read_version()), 0);  // nothing was asked for
  }
}

// ---- slow answers ----------------------------------------------------------------------------------

void test_slow_reads_and_versions() {
  const auto database = database_with("slow_read:delay=20ms,nth=1;slow_version:delay=30ms,nth=2");
  const auto transaction = create_transaction(*database);
  const Ref<Future> read = transaction->get("a", false);
  CHECK(transaction->get("b", false)->is_ready());
  transaction->set("b", "1");
  const Ref<Future> commit = transaction->commit();  // waits for the read
  pass(19'000);
  CHECK(!read->is_ready() && !commit->is_ready());
  pass(1'000);
  CHECK_EQ(read->get_error(), 0);
  CHECK_EQ(error_of(commit), 0);
  const auto second = create_transaction(*database);
  const Ref<Future> version = second->get_read_version();
  CHECK(!version->is_ready());
  CHECK_EQ(error_of(version), 0);
  // What ends the transaction ends what is on its way.
  set_faults(database, "slow_read:delay=20ms");
  const auto third = create_transaction(*database);
  const Ref<Future> pending = third->get("a", false);
  CHECK(!pending->is_ready());
  third->cancel();
  CHECK_EQ(error_of(pending), err::kTransactionCancelled);
  // A failure may be slow, too, and a timeout may come first.
  set_faults(database, "slow_read:delay=20ms;future_version");
  const auto fourth = create_transaction(*database);
  const Ref<Future> failing = fourth->get("a", false);
  CHECK(!failing->is_ready());
  CHECK_EQ(error_of(failing), err::kFutureVersion);
  const auto fifth = create_transaction(*database);
  CHECK_EQ(fifth->set_option(FDB_TR_OPTION_TIMEOUT, reinterpret_cast<const uint8_t*>("\x05\0\0\0\0\0\0"), 8), 0);
  const Ref<Future> late = fifth->get("a", false);
  pass(6'000);
  CHECK_EQ(error_of(late), err::kTransactionTimedOut);
}

// ---- short batches ---------------------------------------------------------------------------------

struct Batch {
  Bytes keys;
  bool more;
  bool operator==(const Batch&) const = default;
};

Batch batch_of(const Ref<Future>& future) {
  Result* result = nullptr;
  CHECK_EQ(finished(future).value(&result), 0);
  const KeyValueArray& rows = *std::get<std::unique_ptr<KeyValueArray>>(*result);
  Bytes keys;
  for (const FDBKeyValue& row : rows.rows)
    keys += Bytes(reinterpret_cast<const char*>(row.key), static_cast<size_t>(row.key_length));
  return {keys, rows.more};
}

void test_short_batches() {
  const auto database = database_with("off");
  for (const char* key : {"a", "b", "c", "d"}) put(database, key, "1");
  set_faults(database, "short_range:rows=2");
  const auto transaction = create_transaction(*database);
  CHECK(batch_of(transaction->get_range(range_of("a", "z"))) == (Batch{"ab", true}));
  CHECK(batch_of(transaction->get_range(range_of("c", "z", FDB_STREAMING_MODE_ITERATOR))).keys == "cd");
  CHECK(batch_of(create_transaction(*database)->get_range(range_of("d", "z"))) == (Batch{"d", false}));
  CHECK(batch_of(transaction->get_range(range_of("a", "z", FDB_STREAMING_MODE_WANT_ALL, true))) == (Batch{"dc", true}));
  RangeRequest exact = range_of("a", "z", FDB_STREAMING_MODE_EXACT);
  exact.limit = 3;
  CHECK(batch_of(transaction->get_range(exact)).keys == "abc");
  RangeRequest one = range_of("a", "z");
  one.limit = 1;
  CHECK(batch_of(transaction->get_range(one)).keys == "a");
  transaction->set("aa", "1");
  CHECK(batch_of(transaction->get_range(range_of("a", "z"))) == (Batch{"aaa", true}));
}

// It depends on nothing behind its last row, and on everything before.
void test_conflicts_of_short_batches() {
  for (const bool overlay : {true, false}) {
    for (const auto& [written, wanted] : {std::pair{"c", 0}, std::pair{"aa", err::kNotCommitted}, std::pair{"bb", 0}}) {
      const auto database = database_with("off");
      for (const char* key : {"a", "b", "c", "d"}) put(database, key, "1");
      set_faults(database, "short_range:rows=2");
      const auto transaction = create_transaction(*database);
      if (!overlay) CHECK_EQ(transaction->set_option(FDB_TR_OPTION_READ_YOUR_WRITES_DISABLE, nullptr, 0), 0);
      CHECK(batch_of(transaction->get_range(range_of("a", "z"))) == (Batch{"ab", true}));
      put(database, written, "2");
      transaction->set("x", "1");
      CHECK_EQ(error_of(transaction->commit()), wanted);
    }
  }
}

// ---- to have the same again ------------------------------------------------------------------------

std::vector<Error> story(const Ref<Database>& database) {
  std::vector<Error> errors;
  for (int i = 0; i < 60; ++i) {
    const auto transaction = create_transaction(*database);
    errors.push_back(error_of(transaction->get("a", false)));
    const Batch batch = batch_of(create_transaction(*database)->get_range(range_of("b", "z")));
    errors.push_back(static_cast<Error>(batch.keys.size()));
    transaction->set("b" + std::to_string(i), "1");
    errors.push_back(error_of(transaction->commit()));
  }
  return errors;
}

void test_a_seed_repeats() {
  const Bytes rules =
      "not_committed:p=0.2;commit_unknown_result:p=0.2;future_version:p=0.2,keys=61..62;short_range:p=0.5,rows=3;";
  const Bytes seeded = rules + "seed=" + std::to_string(test::seed() % kLargestSeed);
  const auto run = [](const Bytes& text) {
    const auto database = database_with(text);
    const std::vector<Error> events = story(database);
    return std::pair{events, database->keyspace()->faults().report()};
  };
  const auto first = run(seeded);
  CHECK(first == run(seeded));
  CHECK(first.first != run(rules + "seed=1").first);
}

// ---- one-shot faults -------------------------------------------------------------------------------

void test_injection() {
  const auto database = database_with("off");
  const auto transaction = create_transaction(*database);
  const auto other = create_transaction(*database);
  CHECK_EQ(transaction->inject("not_comitted"), err::kInvalidOptionValue);
  CHECK_EQ(transaction->inject("not_committed:p=0.5"), err::kInvalidOptionValue);
  CHECK_EQ(transaction->inject("not_committed"), 0);
  other->set("a", "1");
  CHECK_EQ(error_of(other->commit()), 0);
  CHECK_EQ(value_in_time(transaction->get("a", false)), Bytes("1"));
  transaction->set("b", "1");
  CHECK_EQ(error_of(transaction->commit()), err::kNotCommitted);
  CHECK_EQ(error_of(transaction->on_error(err::kNotCommitted)), 0);
  transaction->set("b", "1");
  CHECK_EQ(error_of(transaction->commit()), 0);
  transaction->reset();
  CHECK_EQ(transaction->inject("future_version"), 0);
  CHECK_EQ(transaction->inject(""), 0);
  CHECK_EQ(error_of(transaction->get("a", false)), 0);
}

}  // namespace
}  // namespace fdb

int main() {
  using namespace fdb;
  const test::FaultWorld world;
  test_reads_that_fail();
  test_mapped_read_and_watch_fail();
  test_read_that_times_out();
  test_what_is_no_occasion_for_a_read();
  test_keys_of_a_read();
  test_a_lock_is_none_to_who_is_lock_aware();
  test_a_changed_version_is_granted_once();
  test_versions_that_fail();
  test_slow_reads_and_versions();
  test_short_batches();
  test_conflicts_of_short_batches();
  test_a_seed_repeats();
  test_injection();
  return 0;
}
