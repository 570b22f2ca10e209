// \xff\xff/management/tenant/: creation, listing, configuration, deletion and renaming.
#include "special/special_ranges.h"

#include "sim/special_client.h"

namespace fdb {
namespace {

using namespace test;

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
  SpecialClient attempt(database);
  attempt.set(kMap + "two", "");
  attempt.set(kMap + "one", "");
  attempt.set(configure_key("one", "tenant_group"), "g\xff");
  CHECK(attempt.range(kMap, kMap + "\xff").empty());  // pending changes are not shown
  CHECK_EQ(attempt.commit(), 0);
  CHECK_EQ(id_of(database, "one"), 1);  // in the order of the names
  CHECK_EQ(id_of(database, "two"), 2);
  CHECK_EQ(id_of(database, "three"), -1);
  SpecialClient reader(database);
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

bool is_read_only(SpecialClient& attempt) {
  CHECK_EQ(attempt.commit(), 0);
  return attempt.transaction->committed_version() == kInvalidVersion;
}

// How many tenants a listing has described: it looks up the group of each.
size_t described_tenants(SpecialClient& attempt) {
  attempt.transaction->set_option(FDB_TR_OPTION_READ_SYSTEM_KEYS, nullptr, 0);
  const Bytes groups = "transaction/read_conflict_range/\xff/tenant/tenantGroup/map/";
  return attempt.range(groups, groups.substr(0, groups.size() - 1) + "0").size() / 2;
}

void test_listing_describes_what_is_asked_for() {
  const auto database = fresh_database();
  SpecialClient creator(database);
  for (int i = 100; i < 400; ++i) creator.set(kMap + std::to_string(i), "");
  CHECK_EQ(creator.commit(), 0);
  const Bytes end = "management/tenant/map0";
  for (const bool reverse : {false, true}) {
    SpecialClient few(database);
    const Rows rows = few.range(kMap, end, 10, reverse);
    CHECK_EQ(rows.size(), 10u);
    CHECK_EQ(rows[9].first, Bytes(reverse ? "390" : "109"));
    CHECK_EQ(described_tenants(few), 10u);
  }
  SpecialClient all(database);
  CHECK_EQ(all.range(kMap, end).size(), 300u);
  CHECK_EQ(described_tenants(all), 300u);
  SpecialClient some(database);
  const Bytes from = special(kMap), to = special(end);
  CHECK_EQ(error_of(some.transaction->get_range(
               {{from, false, 3}, {to, false, -2}, 0, 1'000, FDB_STREAMING_MODE_WANT_ALL, 1, false, false})),
           0);
  CHECK(described_tenants(some) < 20);
}

void test_tenant_no_ops() {
  const auto database = fresh_database();
  CHECK_EQ(commit_one(database, kMap + "a", ""), 0);
  SpecialClient again(database);
  again.set(kMap + "a", "");
  CHECK(!is_read_only(again));
  SpecialClient replaced(database);
  replaced.clear(kMap + "a");
  replaced.set(kMap + "a", "");
  CHECK(!is_read_only(replaced));
  CHECK_EQ(id_of(database, "a"), 1);
  SpecialClient absent(database);
  absent.clear(kMap + "b");
  CHECK(is_read_only(absent));
  SpecialClient both(database);
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
  SpecialClient range(database);
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
  SpecialClient chain(database);
  chain.set(rename + "a", "c");
  chain.set(rename + "b", "a");
  CHECK_EQ(chain.commit(), err::kSpecialKeysApiFailure);
  SpecialClient deleted(database);
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

}  // namespace
}  // namespace fdb

int main() {
  fdb::test::SimEnv env(fdb::test::seed());
  fdb::test::simulate();
  fdb::test_tenant_creation_and_listing();
  fdb::test_listing_describes_what_is_asked_for();
  fdb::test_tenant_no_ops();
  fdb::test_tenant_deletion();
  fdb::test_tenant_renaming();
  fdb::test_tenant_mode_disabled();
  std::puts("special_tenants_test: ok");
  return 0;
}
