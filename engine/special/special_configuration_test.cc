// \xff\xff/configuration/, \xff\xff/global_config/ and \xff\xff/tracing/.
#include "special/special_ranges.h"

#include "sim/special_client.h"

namespace fdb {
namespace {

using namespace test;

void test_configuration() {
  const auto database = fresh_database();
  SpecialClient before(database);
  CHECK(before.range("configuration/process/class_type/", "configuration/process/class_type0") ==
        Rows({{"127.0.0.1:4500", "unset"}}));
  CHECK_EQ(commit_one(database, "configuration/process/class_type/127.0.0.1:4500", "storage"), 0);
  SpecialClient after(database);
  CHECK_EQ(*after.get("configuration/process/class_type/127.0.0.1:4500"), "storage");
  CHECK_EQ(*after.get("configuration/process/class_source/127.0.0.1:4500"), "set_class");
  after.clear("configuration/process/class_type/127.0.0.1:4500");
  CHECK_EQ(after.deferred(), err::kSpecialKeysApiFailure);
  CHECK_EQ(commit_one(database, "configuration/coordinators/processes", "127.0.0.1:4500"), err::kSpecialKeysApiFailure);
}

void test_global_configuration() {
  const auto database = fresh_database();
  SpecialClient writer(database);
  writer.set("global_config/bytes", literal("\x01some\0"));
  writer.set("global_config/integer", literal("\x16\x01\x00"));
  writer.set("global_config/negative", literal("\x13\xfe"));
  writer.set("global_config/real", literal("\x21\xbf\xf8\x00\x00\x00\x00\x00\x00"));
  writer.set("global_config/no_tuple", "zzz");
  CHECK_EQ(writer.commit(), 0);
  SpecialClient reader(database);
  CHECK(reader.range("global_config/", "global_config0") ==
        Rows({{"bytes", "some"}, {"integer", "256"}, {"negative", "-1"}, {"real", "1.500000"}}));
  CHECK_EQ(commit_one(database, "global_config/bytes", std::nullopt), 0);
  SpecialClient after(database);
  CHECK(!after.get("global_config/bytes"));
}

void test_tracing() {
  const auto database = fresh_database();
  SpecialClient attempt(database);
  const Rows rows = attempt.range("tracing/", "tracing0");
  CHECK_EQ(rows.size(), 2u);
  CHECK(rows[0].first == "token" && rows[1].first == "transaction_id" && rows[1].second.size() == 32);
  attempt.set("tracing/token", "false");
  CHECK_EQ(*attempt.get("tracing/token"), "0");
  const Bytes id = "0123456789abcdef0123456789abcdef";
  attempt.set("tracing/transaction_id", id);
  CHECK_EQ(*attempt.get("tracing/transaction_id"), id);
  CHECK_EQ(attempt.commit(), 0);
  SpecialClient late(database);
  late.transaction->set("a", "1");
  late.set("tracing/token", "true");
  CHECK_EQ(late.commit(), err::kSpecialKeysApiFailure);
}

}  // namespace
}  // namespace fdb

int main() {
  fdb::test::SimEnv env(fdb::test::seed());
  fdb::test::simulate();
  fdb::test_configuration();
  fdb::test_global_configuration();
  fdb::test_tracing();
  std::puts("special_configuration_test: ok");
  return 0;
}
