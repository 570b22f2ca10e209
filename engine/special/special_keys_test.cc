// The special key space through transactions: modules, writes and their refusals, management, tenants.
#include "special/special_keys.h"

#include "abi/library.h"
#include "sim/sim_env.h"
#include "sim/test_support.h"
#include "special/json.h"
#include "special/network_address.h"
#include "special/special_ranges.h"

namespace fdb {
namespace {

constexpr int64_t kSecond = 1'000'000;
constexpr int kUnlimited = 0;

test::SimEnv* env;

using Rows = std::vector<std::pair<Bytes, Bytes>>;

Error error_of(const Ref<Future>& future) { return future->get_error(); }

Ref<Database> fresh_database() {
  static int number = 0;
  return Database::open(("memory:special" + std::to_string(++number)).c_str());
}

const Bytes kSpace = "\xff\xff/";
Bytes special(Slice rest) { return kSpace + Bytes(rest); }

// One attempt that may write special keys.
struct Attempt {
  explicit Attempt(const Ref<Database>& database) : transaction(create_transaction(*database)) {
    CHECK_EQ(transaction->set_option(FDB_TR_OPTION_SPECIAL_KEY_SPACE_ENABLE_WRITES, nullptr, 0), 0);
  }
  void set(Slice key, Slice value) { transaction->set(special(key), value); }
  void clear(Slice key) { transaction->clear(special(key)); }
  Error commit() { return error_of(transaction->commit()); }
  Error deferred() { return error_of(transaction->get_approximate_size()); }

  std::optional<Bytes> get(Slice key) {
    const auto future = transaction->get(special(key), false);
    Result* result = nullptr;
    CHECK_EQ(future->value(&result), 0);
    const auto& value = std::get<ValueResult>(*result);
    return value.present ? std::optional<Bytes>(value.value) : std::nullopt;
  }
  Rows range(Slice begin, Slice end, int limit = kUnlimited, bool reverse = false) {
    const Bytes from = special(begin), to = special(end);
    const auto future =
        transaction->get_range({{from, false, 1}, {to, false, 1}, limit, 0, FDB_STREAMING_MODE_WANT_ALL, 1, false, reverse});
    Result* result = nullptr;
    CHECK_EQ(future->value(&result), 0);
    Rows rows;
    for (const FDBKeyValue& row : std::get<std::unique_ptr<KeyValueArray>>(*result)->rows) {
      const auto text = [](const uint8_t* bytes, int length) {
        return Bytes(reinterpret_cast<const char*>(bytes), static_cast<size_t>(length));
      };
      rows.emplace_back(text(row.key, row.key_length).substr(from.size()), text(row.value, row.value_length));
    }
    return rows;
  }

  Ref<Transaction> transaction;
};

Error commit_one(const Ref<Database>& database, Slice key, std::optional<Bytes> value) {
  Attempt attempt(database);
  value ? attempt.set(key, *value) : attempt.clear(key);
  return attempt.commit();
}

// ---- parts -----------------------------------------------------------------------------------------

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

void test_json() {
  JsonWriter json;
  json.begin_object();
  json.member("text", "a\"b\\c\n\x01\xff");
  json.member("number", 5);
  json.member("yes", true);
  json.begin_array("list");
  json.element("x");
  json.element("y");
  json.begin_object();
  json.end_object();
  json.end_array();
  json.empty_object("none");
  json.member("real", 0.5);
  json.end_object();
  CHECK_EQ(json.text(), R"({"text":"a\"b\\c\n\u0001\u00ff","number":5,"yes":true,"list":["x","y",{}],"none":{},"real":0.5})");
}

void test_addresses() {
  for (const char* good : {"1.2.3.4", "1.2.3.4:5", "[::1]", "[::1]:4500", "::1", "127.0.0.1:65535"})
    CHECK(is_network_address(good));
  for (const char* bad : {"", "hello", "1.2.3", "999.1.1.1", "1.2.3.4:", "1.2.3.4:0", "1.2.3.4:65536", "1.2.3.4:x", "[::1",
                          "[x]:1", "1.2.3.4:5:tls"}) {
    CHECK(!is_network_address(bad));
  }
}

// ---- rules of the space ----------------------------------------------------------------------------

void test_writes_need_permission_and_a_place() {
  const auto database = fresh_database();
  const auto transaction = create_transaction(*database);
  transaction->set(special("management/db_locked"), "x");
  CHECK_EQ(error_of(transaction->commit()), err::kSpecialKeysWriteDisabled);
  Attempt nowhere(database);
  nowhere.set("nowhere", "x");
  CHECK_EQ(nowhere.commit(), err::kSpecialKeysNoWriteModuleFound);
  Attempt crossing(database);
  crossing.transaction->clear_range(special("management/excluded/"), special("management/failed/x"));
  CHECK_EQ(crossing.commit(), err::kSpecialKeysCrossModuleClear);
  Attempt read_only(database);
  read_only.transaction->clear_range(special("transaction/"), special("transaction/x"));
  CHECK_EQ(read_only.commit(), err::kSpecialKeysNoWriteModuleFound);
}

void test_limits_and_selectors() {
  const auto database = fresh_database();
  Attempt attempt(database);
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

void test_facts_about_the_cluster() {
  const auto database = fresh_database();
  Attempt attempt(database);
  CHECK_EQ(*attempt.get("connection_string"), database->connection_string());
  CHECK_EQ(*attempt.get("cluster_file_path"), database->opened_path());
  CHECK_EQ(attempt.get("cluster_id")->size(), 32u);
  CHECK(attempt.get("status/json")->find("\"fully_recovered\"") != Bytes::npos);
  CHECK(attempt.get("metrics/fault_tolerance_metrics_json")->find("\"fault_tolerance\"") != Bytes::npos);
  CHECK_EQ(attempt.range("worker_interfaces/", "worker_interfaces0").size(), 1u);
  CHECK_EQ(attempt.range("metrics/", "metrics0").size(), 5u);
  CHECK_EQ(*attempt.get("management/auto_coordinators"), "127.0.0.1:4500");
  CHECK_EQ(*attempt.get("configuration/coordinators/cluster_description"), "embedded");
  CHECK_EQ(error_of(attempt.transaction->get(special("actor_lineage/state/"), false)), err::kSpecialKeysApiFailure);
  CHECK(attempt.get("error_message")->find("missing required parameters") != Bytes::npos);
}

void test_refusal_leaves_a_message_and_nothing_else() {
  const auto database = fresh_database();
  Attempt attempt(database);
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

// ---- management ------------------------------------------------------------------------------------

void test_exclusion() {
  const auto database = fresh_database();
  CHECK_EQ(commit_one(database, "management/excluded/127.0.0.1:4500", ""), err::kSpecialKeysApiFailure);
  Attempt forced(database);
  forced.set("management/options/excluded/force", "");
  forced.set("management/excluded/127.0.0.1:4500", "ignored");
  forced.set("management/excluded/10.0.0.1:1", "");
  CHECK_EQ(forced.commit(), 0);
  Attempt reader(database);
  CHECK(reader.range("management/excluded/", "management/excluded0") == Rows({{"10.0.0.1:1", ""}, {"127.0.0.1:4500", ""}}));
  CHECK(reader.range("management/in_progress_exclusion/", "management/in_progress_exclusion0") ==
        Rows({{"127.0.0.1:4500", ""}}));
  CHECK_EQ(commit_one(database, "management/excluded/10.0.0.1", std::nullopt), 0);  // all its ports
  Attempt after(database);
  after.clear("management/excluded/127.0.0.1:4500");
  CHECK(after.range("management/excluded/", "management/excluded0").empty());  // with its own write
  CHECK_EQ(commit_one(database, "management/failed_locality/locality_zoneid:x", ""), 0);
  CHECK_EQ(commit_one(database, "management/failed_locality/locality_zoneid", ""), err::kSpecialKeysApiFailure);
}

void test_lock() {
  const auto database = fresh_database();
  const Bytes id(32, 'a');
  const auto reader = create_transaction(*database);
  CHECK_EQ(error_of(reader->get("k", false)), 0);
  reader->set("k", "1");
  CHECK_EQ(commit_one(database, "management/db_locked", id), 0);
  CHECK_EQ(error_of(reader->commit()), err::kNotCommitted);
  CHECK_EQ(error_of(create_transaction(*database)->get("k", false)), err::kDatabaseLocked);
  CHECK_EQ(commit_one(database, "management/db_locked", Bytes(32, 'b')), err::kDatabaseLocked);
  Attempt holder(database);
  CHECK_EQ(*holder.get("management/db_locked"), id);
  CHECK_EQ(commit_one(database, "management/db_locked", std::nullopt), 0);
  CHECK_EQ(error_of(create_transaction(*database)->get("k", false)), 0);
  CHECK_EQ(commit_one(database, "management/db_locked", "short"), err::kSpecialKeysApiFailure);
}

void test_maintenance() {
  const auto database = fresh_database();
  CHECK_EQ(commit_one(database, "management/maintenance/zone", "30"), 0);
  env->advance(10 * kSecond);
  Attempt reader(database);
  const Rows rows = reader.range("management/maintenance/", "management/maintenance0");
  CHECK_EQ(rows.size(), 1u);
  CHECK(rows[0].first == "zone" && (rows[0].second == "19" || rows[0].second == "20"));
  CHECK_EQ(commit_one(database, "management/maintenance/zone", "x"), err::kUnknownError);
  CHECK_EQ(commit_one(database, "management/maintenance/zone", std::nullopt), 0);
  Attempt after(database);
  CHECK(after.range("management/maintenance/", "management/maintenance0").empty());
  CHECK_EQ(commit_one(database, "management/maintenance/IgnoreSSFailures", ""), 0);
  CHECK_EQ(commit_one(database, "management/maintenance/zone", "5"), err::kSpecialKeysApiFailure);
}

void test_single_settings() {
  const auto database = fresh_database();
  CHECK_EQ(commit_one(database, "management/data_distribution/mode", "0"), 0);
  CHECK_EQ(commit_one(database, "management/data_distribution/rebalance_ignored", ""), 0);
  CHECK_EQ(commit_one(database, "management/data_distribution/mode", "7"), err::kSpecialKeysApiFailure);
  CHECK_EQ(commit_one(database, "management/min_required_commit_version", "1000000000000"), 0);
  CHECK_EQ(commit_one(database, "management/min_required_commit_version", "9223372036854775807"), err::kSpecialKeysApiFailure);
  CHECK_EQ(commit_one(database, "management/version_epoch", Bytes("\x05\0\0\0\0\0\0\0", 8)), 0);
  Attempt reader(database);
  CHECK_EQ(*reader.get("management/data_distribution/mode"), "0");
  CHECK_EQ(*reader.get("management/data_distribution/rebalance_ignored"), "");
  CHECK_EQ(*reader.get("management/min_required_commit_version"), "1000000000001");
  CHECK_EQ(*reader.get("management/version_epoch"), "5");
  CHECK(!reader.get("management/profiling/client_txn_sample_rate"));
}

void test_configuration() {
  const auto database = fresh_database();
  Attempt before(database);
  CHECK(before.range("configuration/process/class_type/", "configuration/process/class_type0") ==
        Rows({{"127.0.0.1:4500", "unset"}}));
  CHECK_EQ(commit_one(database, "configuration/process/class_type/127.0.0.1:4500", "storage"), 0);
  Attempt after(database);
  CHECK_EQ(*after.get("configuration/process/class_type/127.0.0.1:4500"), "storage");
  CHECK_EQ(*after.get("configuration/process/class_source/127.0.0.1:4500"), "set_class");
  after.clear("configuration/process/class_type/127.0.0.1:4500");
  CHECK_EQ(after.deferred(), err::kSpecialKeysApiFailure);
  CHECK_EQ(commit_one(database, "configuration/coordinators/processes", "127.0.0.1:4500"), err::kSpecialKeysApiFailure);
}

void test_global_configuration() {
  const auto database = fresh_database();
  Attempt writer(database);
  writer.set("global_config/bytes", literal("\x01some\0"));
  writer.set("global_config/integer", literal("\x16\x01\x00"));
  writer.set("global_config/negative", literal("\x13\xfe"));
  writer.set("global_config/real", literal("\x21\xbf\xf8\x00\x00\x00\x00\x00\x00"));
  writer.set("global_config/no_tuple", "zzz");
  CHECK_EQ(writer.commit(), 0);
  Attempt reader(database);
  CHECK(reader.range("global_config/", "global_config0") ==
        Rows({{"bytes", "some"}, {"integer", "256"}, {"negative", "-1"}, {"real", "1.500000"}}));
  CHECK_EQ(commit_one(database, "global_config/bytes", std::nullopt), 0);
  Attempt after(database);
  CHECK(!after.get("global_config/bytes"));
}

void test_tracing() {
  const auto database = fresh_database();
  Attempt attempt(database);
  const Rows rows = attempt.range("tracing/", "tracing0");
  CHECK_EQ(rows.size(), 2u);
  CHECK(rows[0].first == "token" && rows[1].first == "transaction_id" && rows[1].second.size() == 32);
  attempt.set("tracing/token", "false");
  CHECK_EQ(*attempt.get("tracing/token"), "0");
  const Bytes id = "0123456789abcdef0123456789abcdef";
  attempt.set("tracing/transaction_id", id);
  CHECK_EQ(*attempt.get("tracing/transaction_id"), id);
  CHECK_EQ(attempt.commit(), 0);
  Attempt late(database);
  late.transaction->set("a", "1");
  late.set("tracing/token", "true");
  CHECK_EQ(late.commit(), err::kSpecialKeysApiFailure);
}

// ---- tenants ---------------------------------------------------------------------------------------

const Bytes kMap = "management/tenant/map/";

int64_t id_of(const Ref<Database>& database, Slice name) {
  const auto future = database->open_tenant(name)->get_id();
  Result* result = nullptr;
  if (future->value(&result) != 0) return -1;
  return std::get<int64_t>(*result);
}

Bytes configure_key(Slice name, Slice parameter) {
  return "management/tenant/configure/" + Bytes(literal("\x01")) + Bytes(name) + Bytes(literal("\0\x01")) + Bytes(parameter) +
         Bytes(literal("\0"));
}

void test_tenant_creation_and_listing() {
  const auto database = fresh_database();
  Attempt attempt(database);
  attempt.set(kMap + "two", "");
  attempt.set(kMap + "one", "");
  attempt.set(configure_key("one", "tenant_group"), "g\xff");
  CHECK(attempt.range(kMap, kMap + "\xff").empty());  // pending changes are not shown
  CHECK_EQ(attempt.commit(), 0);
  CHECK_EQ(id_of(database, "one"), 1);  // in the order of the names
  CHECK_EQ(id_of(database, "two"), 2);
  CHECK_EQ(id_of(database, "three"), -1);
  Attempt reader(database);
  const Rows rows = reader.range(kMap, kMap + "\xff");
  CHECK_EQ(rows.size(), 2u);
  CHECK_EQ(rows[0].second,
           R"({"id":1,"lock_state":"unlocked","name":{"base64":"b25l","printable":"one"},"prefix":{"base64":"AAAAAAAAAAE=",)"
           R"("printable":"\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x01"},"tenant_group":{"base64":"Z/8=","printable":"g\\xff"}})");
  CHECK_EQ(commit_one(database,
                      kMap + "\xff"
                             "bad",
                      ""),
           err::kInvalidTenantName);
  CHECK_EQ(commit_one(database, configure_key("one", "other"), "x"), err::kInvalidTenantConfiguration);
  CHECK_EQ(commit_one(database, configure_key("none", "tenant_group"), "x"), err::kTenantNotFound);
  CHECK_EQ(commit_one(database, "management/tenant/configure/junk", "x"), err::kSpecialKeysApiFailure);
}

bool is_read_only(Attempt& attempt) {
  CHECK_EQ(attempt.commit(), 0);
  return attempt.transaction->committed_version() == kInvalidVersion;
}

// How many tenants a listing has described: it looks up the group of each.
size_t described_tenants(Attempt& attempt) {
  attempt.transaction->set_option(FDB_TR_OPTION_READ_SYSTEM_KEYS, nullptr, 0);
  const Bytes groups = "transaction/read_conflict_range/\xff/tenant/tenantGroup/map/";
  return attempt.range(groups, groups.substr(0, groups.size() - 1) + "0").size() / 2;
}

void test_listing_describes_what_is_asked_for() {
  const auto database = fresh_database();
  Attempt creator(database);
  for (int i = 100; i < 400; ++i) creator.set(kMap + std::to_string(i), "");
  CHECK_EQ(creator.commit(), 0);
  const Bytes end = "management/tenant/map0";
  for (const bool reverse : {false, true}) {
    Attempt few(database);
    const Rows rows = few.range(kMap, end, 10, reverse);
    CHECK_EQ(rows.size(), 10u);
    CHECK_EQ(rows[9].first, Bytes(reverse ? "390" : "109"));
    CHECK_EQ(described_tenants(few), 10u);
  }
  Attempt all(database);
  CHECK_EQ(all.range(kMap, end).size(), 300u);
  CHECK_EQ(described_tenants(all), 300u);
  Attempt some(database);
  const Bytes from = special(kMap), to = special(end);
  CHECK_EQ(error_of(some.transaction->get_range(
               {{from, false, 3}, {to, false, -2}, 0, 1'000, FDB_STREAMING_MODE_WANT_ALL, 1, false, false})),
           0);
  CHECK(described_tenants(some) < 20);
}

void test_tenant_no_ops() {
  const auto database = fresh_database();
  CHECK_EQ(commit_one(database, kMap + "a", ""), 0);
  Attempt again(database);
  again.set(kMap + "a", "");
  CHECK(!is_read_only(again));
  Attempt replaced(database);
  replaced.clear(kMap + "a");
  replaced.set(kMap + "a", "");
  CHECK(!is_read_only(replaced));
  CHECK_EQ(id_of(database, "a"), 1);
  Attempt absent(database);
  absent.clear(kMap + "b");
  CHECK(is_read_only(absent));
  Attempt both(database);
  both.set(kMap + "b", "");
  both.clear(kMap + "b");
  CHECK(is_read_only(both));
  CHECK_EQ(commit_one(database, kMap + "c", ""), 0);
  CHECK_EQ(id_of(database, "c"), 2);
}

void test_tenant_deletion() {
  const auto database = fresh_database();
  for (const char* name : {"a", "b", "c"}) CHECK_EQ(commit_one(database, kMap + name, ""), 0);
  const auto writer = create_transaction(*database->open_tenant("b"));
  writer->set("k", "v");
  CHECK_EQ(error_of(writer->commit()), 0);
  CHECK_EQ(commit_one(database, kMap + "b", std::nullopt), err::kTenantNotEmpty);
  const auto late = create_transaction(*database->open_tenant("a"));
  CHECK_EQ(error_of(late->get("k", false)), 0);
  late->set("k", "v");
  Attempt range(database);
  range.transaction->clear_range(special(kMap), special(kMap + "b"));
  CHECK_EQ(range.commit(), 0);
  CHECK_EQ(error_of(late->commit()), err::kTenantNotFound);
  CHECK_EQ(id_of(database, "a"), -1);
  CHECK_EQ(id_of(database, "c"), 3);
  CHECK_EQ(commit_one(database, kMap + "a", ""), 0);
  CHECK_EQ(id_of(database, "a"), 4);  // ids are never used again
}

void test_tenant_renaming() {
  const auto database = fresh_database();
  for (const char* name : {"a", "b"}) CHECK_EQ(commit_one(database, kMap + name, ""), 0);
  const auto opened = database->open_tenant("a");
  CHECK_EQ(error_of(create_transaction(*opened)->get("k", false)), 0);
  const Bytes rename = "management/tenant/rename/";
  CHECK_EQ(commit_one(database, rename + "a", "b"), err::kTenantAlreadyExists);
  CHECK_EQ(commit_one(database, rename + "none", "c"), err::kTenantNotFound);
  CHECK_EQ(commit_one(database, rename + "a", "a"), err::kSpecialKeysApiFailure);
  Attempt chain(database);
  chain.set(rename + "a", "c");
  chain.set(rename + "b", "a");
  CHECK_EQ(chain.commit(), err::kSpecialKeysApiFailure);
  Attempt deleted(database);
  deleted.set(rename + "a", "c");
  deleted.clear(kMap + "a");
  CHECK_EQ(deleted.commit(), err::kSpecialKeysApiFailure);
  CHECK_EQ(commit_one(database, rename + "a", "c"), 0);
  CHECK_EQ(id_of(database, "c"), 1);
  CHECK_EQ(id_of(database, "a"), -1);
  CHECK_EQ(error_of(create_transaction(*opened)->get("k", false)), 0);  // goes on with the same tenant
}

void test_tenant_mode_disabled() {
  const auto database = fresh_database();
  const auto admin = create_transaction(*database);
  CHECK_EQ(admin->set_option(FDB_TR_OPTION_ACCESS_SYSTEM_KEYS, nullptr, 0), 0);
  admin->set("\xff/conf/tenant_mode", "0");
  CHECK_EQ(error_of(admin->commit()), 0);
  CHECK_EQ(commit_one(database, kMap + "a", ""), err::kTenantsDisabled);
}

void run_all() {
  test_write_map();
  test_json();
  test_addresses();
  test_writes_need_permission_and_a_place();
  test_limits_and_selectors();
  test_facts_about_the_cluster();
  test_refusal_leaves_a_message_and_nothing_else();
  test_exclusion();
  test_lock();
  test_maintenance();
  test_single_settings();
  test_configuration();
  test_global_configuration();
  test_tracing();
  test_tenant_creation_and_listing();
  test_listing_describes_what_is_asked_for();
  test_tenant_no_ops();
  test_tenant_deletion();
  test_tenant_renaming();
  test_tenant_mode_disabled();
}

}  // namespace
}  // namespace fdb

int main() {
  fdb::test::SimEnv env(fdb::test::seed());
  fdb::env = &env;
  fdb::Network& network = fdb::Network::instance();
  CHECK_EQ(network.select_api_version(740, 740), 0);
  network.simulate();
  fdb::run_all();
  std::puts("special_keys_test: ok");
  return 0;
}
