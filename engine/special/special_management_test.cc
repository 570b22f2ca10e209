// \xff\xff/management/ but tenants: exclusions, the lock, maintenance and single settings.
#include "special/special_ranges.h"

#include "sim/special_client.h"

namespace fdb {
namespace {

using namespace test;

constexpr int64_t kSecond = 1'000'000;

void test_exclusion() {
  const auto database = fresh_database();
  CHECK_EQ(commit_one(database, "management/excluded/127.0.0.1:4500", ""), err::kSpecialKeysApiFailure);
  SpecialClient forced(database);
  forced.set("management/options/excluded/force", "");
  forced.set("management/excluded/127.0.0.1:4500", "ignored");
  forced.set("management/excluded/10.0.0.1:1", "");
  CHECK_EQ(forced.commit(), 0);
  SpecialClient reader(database);
  CHECK(reader.range("management/excluded/", "management/excluded0") == Rows({{"10.0.0.1:1", ""}, {"127.0.0.1:4500", ""}}));
  CHECK(reader.range("management/in_progress_exclusion/", "management/in_progress_exclusion0") ==
        Rows({{"127.0.0.1:4500", ""}}));
  CHECK_EQ(commit_one(database, "management/excluded/10.0.0.1", std::nullopt), 0);  // all its ports
  SpecialClient after(database);
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
  SpecialClient holder(database);
  CHECK_EQ(*holder.get("management/db_locked"), id);
  CHECK_EQ(commit_one(database, "management/db_locked", std::nullopt), 0);
  CHECK_EQ(error_of(create_transaction(*database)->get("k", false)), 0);
  CHECK_EQ(commit_one(database, "management/db_locked", "short"), err::kSpecialKeysApiFailure);
}

void test_maintenance(SimEnv& env) {
  const auto database = fresh_database();
  CHECK_EQ(commit_one(database, "management/maintenance/zone", "30"), 0);
  env.advance(10 * kSecond);
  SpecialClient reader(database);
  const Rows rows = reader.range("management/maintenance/", "management/maintenance0");
  CHECK_EQ(rows.size(), 1u);
  CHECK(rows[0].first == "zone" && (rows[0].second == "19" || rows[0].second == "20"));
  CHECK_EQ(commit_one(database, "management/maintenance/zone", "x"), err::kUnknownError);
  CHECK_EQ(commit_one(database, "management/maintenance/zone", std::nullopt), 0);
  SpecialClient after(database);
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
  SpecialClient reader(database);
  CHECK_EQ(*reader.get("management/data_distribution/mode"), "0");
  CHECK_EQ(*reader.get("management/data_distribution/rebalance_ignored"), "");
  CHECK_EQ(*reader.get("management/min_required_commit_version"), "1000000000001");
  CHECK_EQ(*reader.get("management/version_epoch"), "5");
  CHECK(!reader.get("management/profiling/client_txn_sample_rate"));
}

}  // namespace
}  // namespace fdb

int main() {
  fdb::test::SimEnv env(fdb::test::seed());
  fdb::test::simulate();
  fdb::test_exclusion();
  fdb::test_lock();
  fdb::test_maintenance(env);
  fdb::test_single_settings();
  std::puts("special_management_test: ok");
  return 0;
}
