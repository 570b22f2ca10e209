// C exports: transactions. The reads and options whose argument lists changed over time are in
// fdb_c_exports_versioned.cc, the blob functions in fdb_c_exports_blob.cc.
#include "abi/exports_support.h"
#include "txn/transaction.h"

using namespace fdb;

namespace {

Transaction& transaction(FDBTransaction* handle) { return *Transaction::from(handle); }

// A call without a result. If it fails the transaction must not be committed without what the call was for.
template <class Work>
void guard_change(FDBTransaction* handle, Work&& work) noexcept {
  if (!version_selected()) return;
  try {
    work();
  } catch (...) {
    transaction(handle).refuse_everything(current_exception_code());
  }
}

KeySelector selector(const uint8_t* key, int key_length, fdb_bool_t or_equal, int offset) {
  return {slice(key, key_length), or_equal != 0, offset};
}

}  // namespace

extern "C" {

// ---- life cycle, versions ----

DLLEXPORT void fdb_transaction_destroy(FDBTransaction* tr) {
  guard_void([&] { transaction(tr).destroy(); });
}

DLLEXPORT void fdb_transaction_cancel(FDBTransaction* tr) {
  guard_change(tr, [&] { transaction(tr).cancel(); });
}

DLLEXPORT void fdb_transaction_reset(FDBTransaction* tr) {
  guard_change(tr, [&] { transaction(tr).reset(); });
}

DLLEXPORT void fdb_transaction_set_read_version(FDBTransaction* tr, int64_t version) {
  guard_change(tr, [&] { transaction(tr).set_read_version(version); });
}

DLLEXPORT FDBFuture* fdb_transaction_get_read_version(FDBTransaction* tr) {
  return guard_future([&] { return transaction(tr).get_read_version(); });
}

DLLEXPORT FDBFuture* fdb_transaction_commit(FDBTransaction* tr) {
  return guard_future([&] { return transaction(tr).commit(); });
}

DLLEXPORT fdb_error_t fdb_transaction_get_committed_version(FDBTransaction* tr, int64_t* out_version) {
  return guard_error([&] {
    *out_version = transaction(tr).committed_version();
    return Error(0);
  });
}

DLLEXPORT FDBFuture* fdb_transaction_get_versionstamp(FDBTransaction* tr) {
  return guard_future([&] { return transaction(tr).get_versionstamp(); });
}

DLLEXPORT FDBFuture* fdb_transaction_on_error(FDBTransaction* tr, fdb_error_t error) {
  return guard_future([&] { return transaction(tr).on_error(error); });
}

DLLEXPORT FDBFuture* fdb_transaction_get_approximate_size(FDBTransaction* tr) {
  return guard_future([&] { return transaction(tr).get_approximate_size(); });
}

DLLEXPORT FDBFuture* fdb_transaction_get_total_cost(FDBTransaction* tr) {
  return guard_future([&] { return transaction(tr).get_total_cost(); });
}

DLLEXPORT FDBFuture* fdb_transaction_get_tag_throttled_duration(FDBTransaction* tr) {
  return guard_future([&] { return transaction(tr).get_tag_throttled_duration(); });
}

// ---- reads ----

DLLEXPORT FDBFuture* fdb_transaction_get_mapped_range(FDBTransaction* tr, uint8_t const* begin_key_name,
                                                      int begin_key_name_length, fdb_bool_t begin_or_equal, int begin_offset,
                                                      uint8_t const* end_key_name, int end_key_name_length,
                                                      fdb_bool_t end_or_equal, int end_offset, uint8_t const* mapper_name,
                                                      int mapper_name_length, int limit, int target_bytes,
                                                      FDBStreamingMode mode, int iteration, fdb_bool_t snapshot,
                                                      fdb_bool_t reverse) {
  return guard_future([&] {
    const RangeRequest range{selector(begin_key_name, begin_key_name_length, begin_or_equal, begin_offset),
                             selector(end_key_name, end_key_name_length, end_or_equal, end_offset),
                             limit,
                             target_bytes,
                             number_of(mode),
                             iteration,
                             snapshot != 0,
                             reverse != 0};
    return transaction(tr).get_mapped_range({range, slice(mapper_name, mapper_name_length)});
  });
}

DLLEXPORT FDBFuture* fdb_transaction_get_addresses_for_key(FDBTransaction* tr, uint8_t const* key_name, int key_name_length) {
  return guard_future([&] { return transaction(tr).get_addresses_for_key(slice(key_name, key_name_length)); });
}

DLLEXPORT FDBFuture* fdb_transaction_get_estimated_range_size_bytes(FDBTransaction* tr, uint8_t const* begin_key_name,
                                                                    int begin_key_name_length, uint8_t const* end_key_name,
                                                                    int end_key_name_length) {
  return guard_future([&] {
    return transaction(tr).get_estimated_range_size_bytes(slice(begin_key_name, begin_key_name_length),
                                                          slice(end_key_name, end_key_name_length));
  });
}

DLLEXPORT FDBFuture* fdb_transaction_get_range_split_points(FDBTransaction* tr, uint8_t const* begin_key_name,
                                                            int begin_key_name_length, uint8_t const* end_key_name,
                                                            int end_key_name_length, int64_t chunk_size) {
  return guard_future([&] {
    return transaction(tr).get_range_split_points(slice(begin_key_name, begin_key_name_length),
                                                  slice(end_key_name, end_key_name_length), chunk_size);
  });
}

DLLEXPORT FDBFuture* fdb_transaction_watch(FDBTransaction* tr, uint8_t const* key_name, int key_name_length) {
  return guard_future([&] { return transaction(tr).watch(slice(key_name, key_name_length)); });
}

// ---- writes ----

DLLEXPORT void fdb_transaction_set(FDBTransaction* tr, uint8_t const* key_name, int key_name_length, uint8_t const* value,
                                   int value_length) {
  guard_change(tr, [&] { transaction(tr).set(slice(key_name, key_name_length), slice(value, value_length)); });
}

DLLEXPORT void fdb_transaction_atomic_op(FDBTransaction* tr, uint8_t const* key_name, int key_name_length, uint8_t const* param,
                                         int param_length, FDBMutationType operation_type) {
  guard_change(tr, [&] {
    transaction(tr).atomic_op(slice(key_name, key_name_length), slice(param, param_length), number_of(operation_type));
  });
}

DLLEXPORT void fdb_transaction_clear(FDBTransaction* tr, uint8_t const* key_name, int key_name_length) {
  guard_change(tr, [&] { transaction(tr).clear(slice(key_name, key_name_length)); });
}

DLLEXPORT void fdb_transaction_clear_range(FDBTransaction* tr, uint8_t const* begin_key_name, int begin_key_name_length,
                                           uint8_t const* end_key_name, int end_key_name_length) {
  guard_change(tr, [&] {
    transaction(tr).clear_range(slice(begin_key_name, begin_key_name_length), slice(end_key_name, end_key_name_length));
  });
}

DLLEXPORT fdb_error_t fdb_transaction_add_conflict_range(FDBTransaction* tr, uint8_t const* begin_key_name,
                                                         int begin_key_name_length, uint8_t const* end_key_name,
                                                         int end_key_name_length, FDBConflictRangeType type) {
  return guard_error([&] {
    return transaction(tr).add_conflict_range(slice(begin_key_name, begin_key_name_length),
                                              slice(end_key_name, end_key_name_length), number_of(type));
  });
}

}  // extern "C"
