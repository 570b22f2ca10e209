// What the five-second window means when versions and clock go apart, and that every version within it can be read.
#include "sim_env.h"
#include "test_support.h"
#include "transaction.h"

namespace fdb {
namespace {

constexpr int kFillers = 400;  // commits after which the conflict set has swept over everything that it may forget

test::SimEnv* env;

Ref<Database> fresh_database() {
  static int number = 0;
  return Database::open(("memory:window" + std::to_string(++number)).c_str());
}

std::optional<Bytes> value_of(const Ref<Future>& future) {
  Result* result = nullptr;
  CHECK_EQ(future->value(&result), 0);
  const auto& value = std::get<ValueResult>(*result);
  return value.present ? std::optional<Bytes>(value.value) : std::nullopt;
}

Version put(const Ref<Database>& database, Slice key, Slice value) {
  const auto transaction = database->create_transaction();
  transaction->set(key, value);
  CHECK_EQ(transaction->commit()->get_error(), 0);
  return transaction->committed_version();
}

// Reads, lets another transaction change what was read, then that many versions and some commits pass.
Error error_of_stale_update(Version versions, int64_t micros) {
  const auto database = fresh_database();
  put(database, "counter", "1");
  const auto stale = database->create_transaction();
  CHECK_EQ(value_of(stale->get("counter", false)), Bytes("1"));
  put(database, "counter", "2");
  database->keyspace()->skip_versions(versions);
  env->advance(micros);
  for (int i = 0; i < kFillers; ++i) put(database, "filler" + std::to_string(i), "");
  stale->set("counter", "2");
  return stale->commit()->get_error();
}

void test_no_update_is_lost_while_the_clock_stands() {
  CHECK_EQ(error_of_stale_update(0, 0), err::kNotCommitted);
  CHECK_EQ(error_of_stale_update(2 * kReadWindow, 0), err::kNotCommitted);
  CHECK_EQ(error_of_stale_update(2 * kReadWindow, kReadWindow - 1), err::kNotCommitted);
  CHECK_EQ(error_of_stale_update(2 * kReadWindow, kReadWindow + 1'000), err::kTransactionTooOld);
  CHECK_EQ(error_of_stale_update(0, kReadWindow + 1'000), err::kTransactionTooOld);
}

}  // namespace
}  // namespace fdb

int main() {
  fdb::test::SimEnv simulated(1);
  fdb::env = &simulated;
  fdb::Network& network = fdb::Network::instance();
  CHECK_EQ(network.select_api_version(740, 740), 0);
  network.simulate();
  fdb::test_no_update_is_lost_while_the_clock_stands();
  std::puts("read_window_test: ok");
  return 0;
}
