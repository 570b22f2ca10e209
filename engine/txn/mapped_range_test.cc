// fdb_transaction_get_mapped_range: look-ups and ranges by a mapper, conflicts, and what is refused.
#include "txn/mapped_range.h"

#include "abi/library.h"
#include "sim/sim_env.h"
#include "sim/test_library.h"
#include "sim/test_support.h"

namespace fdb {
namespace {

Bytes pack(std::initializer_list<Slice> elements) {
  Bytes packed;
  for (const Slice element : elements) packed += pack_bytes(element);
  return packed;
}

Slice slice_of(const FDBKey& key) { return Slice(reinterpret_cast<const char*>(key.key), static_cast<size_t>(key.key_length)); }

// An index ("index", colour, name) over records ("record", name, part).
Ref<Database> filled_database() {
  static int number = 0;
  const auto database = test::open_database(("memory:mapped" + std::to_string(++number)).c_str());
  const auto transaction = create_transaction(*database);
  for (const Slice name : {"ada", "bob", "cyd"}) {
    transaction->set(pack({"index", "red", name}), pack({name}));
    transaction->set(pack({"record", name, "1"}), Bytes("first of ") + Bytes(name));
    transaction->set(pack({"record", name, "2"}), Bytes("second of ") + Bytes(name));
  }
  CHECK_EQ(transaction->commit()->get_error(), 0);
  return database;
}

Ref<Future> read(const Ref<Transaction>& transaction, Slice mapper, int limit = 0, bool reverse = false,
                 bool snapshot = false) {
  static const Bytes begin = pack({"index"});
  static const Bytes end = begin + "\xff";
  const RangeRequest range{{begin, false, 1}, {end, false, 1}, limit, 0, FDB_STREAMING_MODE_WANT_ALL, 1, snapshot, reverse};
  return transaction->get_mapped_range({range, mapper});
}

const MappedKeyValueArray& rows_of(const Ref<Future>& future) {
  Result* result = nullptr;
  CHECK_EQ(future->value(&result), 0);
  return *std::get<std::unique_ptr<MappedKeyValueArray>>(*result);
}

void test_ranges() {
  const auto transaction = create_transaction(*filled_database());
  const auto future = read(transaction, pack({"record", "{K[2]}", "{...}"}));
  const MappedKeyValueArray& found = rows_of(future);
  CHECK_EQ(found.rows.size(), size_t{3});
  CHECK(!found.more);
  for (const FDBMappedKeyValue& row : found.rows) {
    CHECK_EQ(row.getRange.m_size, 2);
    CHECK_EQ(int{row.buffer[24]}, 1);
  }
  const FDBMappedKeyValue& second = found.rows[1];
  CHECK_EQ(slice_of(second.key), Slice(pack({"index", "red", "bob"})));
  CHECK_EQ(slice_of(second.value), Slice(pack({"bob"})));
  const FDBKeyValue& hit = second.getRange.data[1];
  CHECK_EQ(slice_of({hit.key, hit.key_length}), Slice(pack({"record", "bob", "2"})));
  CHECK_EQ(slice_of({hit.value, hit.value_length}), Slice("second of bob"));
}

void test_single_look_ups() {
  const auto transaction = create_transaction(*filled_database());
  const auto future = read(transaction, pack({"record", "{V[0]}", "1"}), 0, true);
  const MappedKeyValueArray& found = rows_of(future);
  CHECK_EQ(found.rows.size(), size_t{3});
  CHECK_EQ(slice_of(found.rows[0].key), Slice(pack({"index", "red", "cyd"})));
  CHECK_EQ(found.rows[1].key.key_length, 0);  // only the ends of a batch carry the primary row
  CHECK_EQ(slice_of(found.rows[2].key), Slice(pack({"index", "red", "ada"})));
  CHECK_EQ(slice_of(found.rows[1].getRange.begin.key), Slice(pack({"record", "bob", "1"})));
  CHECK_EQ(int{found.rows[1].buffer[24]}, 0);
}

void test_limits_and_literals() {
  const auto transaction = create_transaction(*filled_database());
  const auto limited = read(transaction, pack({"record", "{K[2]}", "{...}"}), 2);
  CHECK_EQ(rows_of(limited).rows.size(), size_t{2});
  CHECK(rows_of(limited).more);
  const auto escaped = read(transaction, pack({"{{K[2]}}", "x"}));
  CHECK_EQ(slice_of(rows_of(escaped).rows[0].getRange.begin.key), Slice(pack({"{K[2]}", "x"})));
}

void test_refusals() {
  const auto database = filled_database();
  const auto transaction = create_transaction(*database);
  CHECK_EQ(read(transaction, "\x01no end")->get_error(), err::kMapperNotTuple);
  CHECK_EQ(read(transaction, pack({"{...}", "x"}))->get_error(), err::kMapperBadRangeDescriptor);
  CHECK_EQ(read(transaction, pack({"{K[9]}"}))->get_error(), err::kMapperBadIndex);
  CHECK_EQ(read(transaction, pack({"{K[x]}"}))->get_error(), err::kMapperBadIndex);
  CHECK_EQ(read(transaction, pack({"record", "{...}"}), 0, false, true)->get_error(), err::kUnsupportedOperation);
  transaction->set(pack({"record", "bob", "1"}), "changed");
  CHECK_EQ(read(transaction, pack({"record", "{K[2]}", "{...}"}))->get_error(), err::kGetMappedKeyValuesReadsOwnWrites);
  const auto plain = create_transaction(*database);
  CHECK_EQ(plain->set_option(FDB_TR_OPTION_READ_YOUR_WRITES_DISABLE, nullptr, 0), 0);
  CHECK_EQ(read(plain, pack({"record", "{...}"}))->get_error(), err::kUnsupportedOperation);
}

// A change of a record that was looked up conflicts, as one of the index does.
void test_conflicts() {
  const auto database = filled_database();
  for (const Bytes& changed : {pack({"record", "cyd", "2"}), pack({"index", "red", "dan"})}) {
    const auto reader = create_transaction(*database);
    CHECK_EQ(read(reader, pack({"record", "{K[2]}", "{...}"}))->get_error(), 0);
    const auto writer = create_transaction(*database);
    writer->set(changed, pack({"dan"}));
    CHECK_EQ(writer->commit()->get_error(), 0);
    reader->set("other", "x");
    CHECK_EQ(reader->commit()->get_error(), err::kNotCommitted);
  }
}

}  // namespace
}  // namespace fdb

int main() {
  fdb::test::SimEnv env(fdb::test::seed());
  fdb::test::simulate();
  fdb::test_ranges();
  fdb::test_single_look_ups();
  fdb::test_limits_and_literals();
  fdb::test_refusals();
  fdb::test_conflicts();
  return 0;
}
