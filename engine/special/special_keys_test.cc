// The special key space through transactions: what was written to it, modules, limits, refusals.
#include "special/special_keys.h"

#include "sim/special_client.h"
#include "special/special_ranges.h"

namespace fdb {
namespace {

using namespace test;

void test_write_map() {
  SpecialWriteMap map;
  CHECK(map.empty());
  CHECK(map.pieces("", "\xff").empty());
  map.put("b", "f", std::nullopt);
  map.set("c", "1");
  auto pieces = map.pieces("a", "z");
  CHECK_EQ(pieces.size(), 3u);
  CHECK(pieces[0].begin == "b" && pieces[0].end == "c" && !pieces[0].value && !pieces[0].is_point());
  CHECK(pieces[1].begin == "c" && pieces[1].value == Bytes("1") && pieces[1].is_point());
  CHECK(pieces[2].begin == key_after("c") && pieces[2].end == "f" && !pieces[2].value);
  CHECK_EQ(map.pieces("d", "e").size(), 1u);
  map.forget("a", "d");
  pieces = map.pieces("a", "z");
  CHECK_EQ(pieces.size(), 1u);
  CHECK(pieces[0].begin == "d" && pieces[0].end == "f");
}

void test_writes_need_permission_and_a_place() {
  const auto database = fresh_database();
  const auto transaction = create_transaction(*database);
  transaction->set(special("management/db_locked"), "x");
  CHECK_EQ(error_of(transaction->commit()), err::kSpecialKeysWriteDisabled);
  SpecialClient nowhere(database);
  nowhere.set("nowhere", "x");
  CHECK_EQ(nowhere.commit(), err::kSpecialKeysNoWriteModuleFound);
  SpecialClient crossing(database);
  crossing.transaction->clear_range(special("management/excluded/"), special("management/failed/x"));
  CHECK_EQ(crossing.commit(), err::kSpecialKeysCrossModuleClear);
  SpecialClient read_only(database);
  read_only.transaction->clear_range(special("transaction/"), special("transaction/x"));
  CHECK_EQ(read_only.commit(), err::kSpecialKeysNoWriteModuleFound);
}

void test_limits_and_selectors() {
  const auto database = fresh_database();
  SpecialClient attempt(database);
  attempt.transaction->set("a", "1");
  attempt.transaction->set("c", "1");
  const Bytes prefix = "transaction/write_conflict_range/";
  const Bytes end = "transaction/write_conflict_range0";
  CHECK_EQ(attempt.range(prefix, end).size(), 4u);
  CHECK(attempt.range(prefix, end, 1) == Rows({{"a", "1"}}));
  CHECK(attempt.range(prefix, end, 1, true) == Rows({{key_after("c"), "0"}}));
  const Bytes from = special(prefix + "a"), to = special(end);
  const auto future =
      attempt.transaction->get_range({{from, false, 3}, {to, false, 0}, 0, 0, FDB_STREAMING_MODE_WANT_ALL, 1, false, false});
  Result* result = nullptr;
  CHECK_EQ(future->value(&result), 0);
  const auto& rows = *std::get<std::unique_ptr<KeyValueArray>>(*result);
  CHECK_EQ(rows.rows.size(), 1u);  // the third row up to before the last one
  CHECK_EQ(static_cast<size_t>(rows.rows[0].key_length), special(prefix).size() + 1);
  CHECK(!rows.more);
}

void test_refusal_leaves_a_message_and_nothing_else() {
  const auto database = fresh_database();
  SpecialClient attempt(database);
  attempt.transaction->set("a", "1");
  attempt.set("management/excluded/hello", "");
  CHECK_EQ(attempt.commit(), err::kSpecialKeysApiFailure);
  CHECK_EQ(*attempt.get("error_message"),
           R"({"retriable":false,"command":"exclude","message":"ERROR: 'hello' is not a valid network endpoint address\n"})");
  attempt.transaction->reset();
  CHECK(!attempt.get("error_message"));
  Slice value;
  CHECK(!database->keyspace()->current().get("a", &value));
}

void test_names_of_what_is_stored() {
  CHECK_EQ(stored_key("\xff/s/", "shown/", "shown/a"), Bytes("\xff/s/a"));
  CHECK(stored_range("\xff/s/", "shown/", "shown/a", "shown/b") == std::pair(Bytes("\xff/s/a"), Bytes("\xff/s/b")));
  CHECK(stored_range("\xff/s/", "shown/", "shown/a", "shown0") == std::pair(Bytes("\xff/s/a"), Bytes("\xff/s0")));
  int64_t number = 0;
  CHECK(parse_number("-12", &number) && number == -12);
  for (const char* bad : {"", " 1", "1 ", "x", "99999999999999999999"}) CHECK(!parse_number(bad, &number));
  CHECK(is_own_address("127.0.0.1") && is_own_address("127.0.0.1:4500"));
  CHECK(!is_own_address("127.0.0.1:4501") && !is_own_address(""));
}

}  // namespace
}  // namespace fdb

int main() {
  fdb::test::SimEnv env(fdb::test::seed());
  fdb::test::simulate();
  fdb::test_write_map();
  fdb::test_writes_need_permission_and_a_place();
  fdb::test_limits_and_selectors();
  fdb::test_refusal_leaves_a_message_and_nothing_else();
  fdb::test_names_of_what_is_stored();
  std::puts("special_keys_test: ok");
  return 0;
}
