// Shards: their rows, who holds them, and what a cut that fails leaves.
#include "db/shards.h"

#include "db/system_keys.h"
#include "sim/sim_env.h"
#include "sim/test_library.h"
#include "sim/test_support.h"
#include "txn/transaction.h"

namespace fdb {
namespace {

using Strings = std::vector<Bytes>;

Ref<Database> fresh_database() {
  static int number = 0;
  return test::open_database(("memory:shards" + std::to_string(++number)).c_str());
}

Strings begins(const Ref<Database>& database, Slice begin = Slice(), Slice end = system_keys::kSystemEnd) {
  return Shards::begins(database->keyspace()->current(), begin, end);
}

void test_a_fresh_database_has_one() {
  const auto database = fresh_database();
  CHECK((begins(database) == Strings{""}));
  for (const Slice key : {Slice(""), Slice("k"), Slice("\xff/x")})
    CHECK((database->keyspace()->shards().addresses_of(key) == Strings{"127.0.0.1:4500"}));
}

void test_a_cut_takes_the_place_of_the_one_before() {
  const auto database = fresh_database();
  Shards& shards = database->keyspace()->shards();
  CHECK_EQ(shards.cut({{"", {"1.1.1.1:1"}}, {"g", {"2.2.2.2:2", "3.3.3.3:3"}}, {Bytes("p\0", 2), {}}}), 0);
  CHECK((begins(database) == Strings{"", "g", Bytes("p\0", 2)}));
  CHECK((begins(database, "a", "p") == Strings{"g"}));
  CHECK((begins(database, "g", Slice("p\0", 2)) == Strings{"g"}));
  CHECK((shards.addresses_of("fff") == Strings{"1.1.1.1:1"}));
  CHECK((shards.addresses_of("g") == Strings{"2.2.2.2:2", "3.3.3.3:3"}));
  CHECK((shards.addresses_of("p") == Strings{"2.2.2.2:2", "3.3.3.3:3"}));
  CHECK((shards.addresses_of(Slice("p\0", 2)) == Strings{"127.0.0.1:4500"}));
  CHECK_EQ(shards.cut({{"", {}}, {"x", {"4.4.4.4:4"}}}), 0);
  CHECK((begins(database) == Strings{"", "x"}));
  CHECK((shards.addresses_of("g") == Strings{"127.0.0.1:4500"}));
}

void test_the_rows_are_those_of_a_server() {
  const auto database = fresh_database();
  CHECK_EQ(database->keyspace()->shards().cut({{"", {}}, {"g", {}}}), 0);
  const Snapshot state = database->keyspace()->current();
  Slice value;
  for (const char* begin : {"", "g", "\xff\xff"}) {
    CHECK(state.get(Bytes(system_keys::kKeyServers) + begin, &value));
    CHECK_EQ(value, shard_owners());
  }
}

// Rows that a program has written, and rows that it has cleared.
void test_boundaries_are_data() {
  const auto database = fresh_database();
  CHECK_EQ(database->keyspace()->shards().cut({{"", {"1.1.1.1:1"}}, {"g", {"2.2.2.2:2"}}}), 0);
  const auto transaction = create_transaction(*database);
  CHECK_EQ(transaction->set_option(FDB_TR_OPTION_ACCESS_SYSTEM_KEYS, nullptr, 0), 0);
  transaction->clear(Bytes(system_keys::kKeyServers) + "g");
  transaction->set(Bytes(system_keys::kKeyServers) + "m", "whatever");
  CHECK_EQ(transaction->commit()->get_error(), 0);
  CHECK((begins(database) == Strings{"", "m"}));
  CHECK((database->keyspace()->shards().addresses_of("h") == Strings{"1.1.1.1:1"}));
  CHECK((database->keyspace()->shards().addresses_of("m") == Strings{"127.0.0.1:4500"}));
}

void test_addresses_as_a_program_asks_for_them() {
  const auto database = fresh_database();
  CHECK_EQ(database->keyspace()->shards().cut({{"", {"[::1]:4500", "10.0.0.1:4501"}}}), 0);
  const auto transaction = create_transaction(*database);
  const auto future = transaction->get_addresses_for_key("k");
  Result* result = nullptr;
  CHECK_EQ(future->value(&result), 0);
  CHECK((std::get<std::unique_ptr<StringArray>>(*result)->strings == Strings{"[::1]:4500", "10.0.0.1:4501"}));
}

}  // namespace
}  // namespace fdb

int main() {
  fdb::test::SimEnv env(1);
  fdb::test::simulate();
  fdb::test_a_fresh_database_has_one();
  fdb::test_a_cut_takes_the_place_of_the_one_before();
  fdb::test_the_rows_are_those_of_a_server();
  fdb::test_boundaries_are_data();
  fdb::test_addresses_as_a_program_asks_for_them();
}
