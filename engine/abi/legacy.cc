#include "abi/legacy.h"

#include <cstring>

#include "abi/exports_support.h"
#include "base/error_table.h"
#include "txn/transaction.h"

namespace fdb {

namespace {

KeySelector selector_of(const SelectorArguments& arguments) {
  return {slice(arguments.key, arguments.key_length), arguments.or_equal != 0, arguments.offset};
}

}  // namespace

int dispatch_version() {
  const int selected = Library::of_process().network().header_version();
  return selected ? selected : FDB_LATEST_API_VERSION;
}

namespace current {

fdb_error_t setup_network() {
  return guard_error([] { return Library::of_process().network().setup(); });
}

fdb_error_t future_get_error(FDBFuture* future) {
  return guard_error([&] { return Future::from(future)->get_error(); });
}

fdb_error_t future_get_keyvalue_array(FDBFuture* future, FDBKeyValue const** out_rows, int* out_count, fdb_bool_t* out_more) {
  return guard_error([&] { return get_array(future, &KeyValueArray::rows, out_rows, out_count, out_more); });
}

fdb_error_t transaction_set_option(FDBTransaction* transaction, int option, const uint8_t* value, int value_length) {
  return guard_error([&] { return Transaction::from(transaction)->set_option(option, value, value_length); });
}

FDBFuture* transaction_get(FDBTransaction* transaction, const uint8_t* key, int key_length, fdb_bool_t snapshot) {
  return guard_future([&] { return Transaction::from(transaction)->get(slice(key, key_length), snapshot != 0); });
}

FDBFuture* transaction_get_key(FDBTransaction* transaction, const SelectorArguments& selector, fdb_bool_t snapshot) {
  return guard_future([&] { return Transaction::from(transaction)->get_key(selector_of(selector), snapshot != 0); });
}

FDBFuture* transaction_get_range(FDBTransaction* transaction, const RangeArguments& range) {
  return guard_future([&] {
    return Transaction::from(transaction)
        ->get_range({selector_of(range.begin), selector_of(range.end), range.limit, range.target_bytes, range.mode,
                     range.iteration, range.snapshot != 0, range.reverse != 0});
  });
}

}  // namespace current

namespace before_23 {

fdb_error_t future_get_error(FDBFuture* future, const char** out_description) {
  const Error error = current::future_get_error(future);
  if (error == 0 || error == err::kFutureNotSet) return err::kFutureNotError;
  if (out_description) *out_description = error_text(error);
  return error;
}

}  // namespace before_23

namespace before_14 {

fdb_error_t setup_network(const char* local_address) {
  const int length = local_address ? static_cast<int>(std::strlen(local_address)) : 0;
  const auto* value = reinterpret_cast<const uint8_t*>(local_address);
  const Error error =
      guard_error([&] { return Library::of_process().network().set_option(FDB_NET_OPTION_LOCAL_ADDRESS, value, length); });
  return error ? error : current::setup_network();
}

FDBFuture* transaction_get_range(FDBTransaction* transaction, const SelectorArguments& begin, const SelectorArguments& end,
                                 int limit) {
  return current::transaction_get_range(transaction, {begin, end, limit, 0, FDB_STREAMING_MODE_EXACT, 0, 0, 0});
}

}  // namespace before_14

}  // namespace fdb
