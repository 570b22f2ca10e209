// Functions of the C API whose argument list depends on the header version that the program selected: the present forms
// and the earlier ones.
//
// The exports dispatch to these at run time. They cannot include fdb_c.h, which declares each name in one form only, so
// this header needs no more than its types.
#pragma once

#include <foundationdb/fdb_c_apiversion.g.h>
#ifndef FDB_API_VERSION
#define FDB_API_VERSION FDB_LATEST_API_VERSION
#endif
#include <foundationdb/fdb_c_types.h>

namespace fdb {

// The header version that was selected; before that the newest, so that the present forms refuse the call.
int dispatch_version();

// What fdb_transaction_get_range and fdb_transaction_get_range_selector take.
struct SelectorArguments {
  const uint8_t* key;
  int key_length;
  fdb_bool_t or_equal;
  int offset;
};
struct RangeArguments {
  SelectorArguments begin;
  SelectorArguments end;
  int limit;
  int target_bytes;
  int mode;
  int iteration;
  fdb_bool_t snapshot;
  fdb_bool_t reverse;
};

namespace current {

fdb_error_t setup_network();
fdb_error_t future_get_error(FDBFuture* future);
// out_more may be null: the form before 14 does not have it.
fdb_error_t future_get_keyvalue_array(FDBFuture* future, FDBKeyValue const** out_rows, int* out_count, fdb_bool_t* out_more);
fdb_error_t transaction_set_option(FDBTransaction* transaction, int option, const uint8_t* value, int value_length);
FDBFuture* transaction_get(FDBTransaction* transaction, const uint8_t* key, int key_length, fdb_bool_t snapshot);
FDBFuture* transaction_get_key(FDBTransaction* transaction, const SelectorArguments& selector, fdb_bool_t snapshot);
FDBFuture* transaction_get_range(FDBTransaction* transaction, const RangeArguments& range);

}  // namespace current

namespace before_23 {

// 2016 when the future holds no error.
fdb_error_t future_get_error(FDBFuture* future, const char** out_description);

}  // namespace before_23

namespace before_14 {

fdb_error_t setup_network(const char* local_address);
// All rows up to the limit, not at snapshot isolation.
FDBFuture* transaction_get_range(FDBTransaction* transaction, const SelectorArguments& begin, const SelectorArguments& end,
                                 int limit);

}  // namespace before_14

}  // namespace fdb
