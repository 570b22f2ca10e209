// What a database tells about itself as a cluster of one process.
#include "special/status_json.h"

#include "sim/special_client.h"

namespace fdb {
namespace {

using namespace test;

void test_facts_about_the_cluster() {
  const auto database = fresh_database();
  SpecialClient attempt(database);
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

bool contains(const Bytes& text, Slice part) { return text.find(part) != Bytes::npos; }

void test_the_document_follows_the_database() {
  const auto database = fresh_database();
  CHECK(contains(status_document(*database), R"("tenant_mode":"optional_experimental")"));
  CHECK(contains(status_document(*database), R"("database_lock_state":{"locked":false})"));
  CHECK_EQ(commit_one(database, "management/db_locked", "0123456789abcdef0123456789abcdef"), 0);
  CHECK(contains(status_document(*database), R"("database_lock_state":{"locked":true})"));
  CHECK(contains(fault_tolerance_document(*database), R"("fault_tolerance":)"));
  CHECK(!contains(fault_tolerance_document(*database), R"("database_lock_state":)"));
}

void test_ids_tell_databases_apart() {
  const auto one = fresh_database();
  const auto other = fresh_database();
  CHECK_EQ(cluster_id(*one), cluster_id(*one));
  CHECK(cluster_id(*one) != cluster_id(*other));
  CHECK_EQ(worker_interface(), Bytes("embedded@127.0.0.1:4500"));
}

}  // namespace
}  // namespace fdb

int main() {
  fdb::test::SimEnv env(fdb::test::seed());
  fdb::test::simulate();
  fdb::test_facts_about_the_cluster();
  fdb::test_the_document_follows_the_database();
  fdb::test_ids_tell_databases_apart();
  std::puts("status_json_test: ok");
  return 0;
}
