// Texts and classes of error codes.
#include "base/error_table.h"

#include "base/fdb_headers.h"
#include "sim/test_support.h"

namespace fdb {

namespace {

void test_texts() {
  CHECK_EQ(Slice(error_text(0)), "Success");
  CHECK_EQ(Slice(error_text(err::kNotCommitted)), "Transaction not committed due to conflict with another transaction");
  CHECK_EQ(Slice(error_text(10)), "UNKNOWN_ERROR");
  CHECK_EQ(Slice(error_text(30'000)), "UNKNOWN_ERROR");
  CHECK_EQ(Slice(error_text(-1)), Slice(error_text(err::kUnknownError)));
  CHECK_EQ(Slice(error_text(30'001)), Slice(error_text(err::kUnknownError)));
  CHECK(Slice(error_text(2134)).find("\\xff") != Slice::npos);
}

void test_predicates() {
  const auto classes = [](Error error) {
    return (error_predicate(FDB_ERROR_PREDICATE_RETRYABLE, error) ? 4 : 0) +
           (error_predicate(FDB_ERROR_PREDICATE_MAYBE_COMMITTED, error) ? 2 : 0) +
           (error_predicate(FDB_ERROR_PREDICATE_RETRYABLE_NOT_COMMITTED, error) ? 1 : 0);
  };
  for (Error error : {1021, 1039}) CHECK_EQ(classes(error), 6);
  for (Error error : {1007, 1009, 1020, 1037, 1038, 1042, 1051, 1078, 1213, 1223, 1235, 1242}) CHECK_EQ(classes(error), 5);
  for (Error error : {0, 1022, 1025, 1031, 1079, 2000, -5}) CHECK_EQ(classes(error), 0);
  CHECK(!error_predicate(0, err::kNotCommitted));
}

}  // namespace

}  // namespace fdb

int main() {
  fdb::test_texts();
  fdb::test_predicates();
  return 0;
}
