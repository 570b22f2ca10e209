// C exports: futures and the results of synchronous functions. Those whose argument list changed over time are in
// fdb_c_exports_versioned.cc.
#include "abi/exports_support.h"

using namespace fdb;

extern "C" {

DLLEXPORT void fdb_future_cancel(FDBFuture* f) {
  guard_void([&] { Future::from(f)->cancel(); });
}

DLLEXPORT void fdb_future_release_memory(FDBFuture* f) { Future::from(f)->release_memory(); }

DLLEXPORT void fdb_future_destroy(FDBFuture* f) {
  guard_void([&] { Future::from(f)->destroy(); });
}

DLLEXPORT fdb_error_t fdb_future_block_until_ready(FDBFuture* f) {
  return guard_error([&] { return Future::from(f)->block_until_ready(); });
}

DLLEXPORT fdb_bool_t fdb_future_is_ready(FDBFuture* f) {
  fdb_bool_t ready = 0;
  guard_void([&] { ready = Future::from(f)->is_ready(); });
  return ready;
}

DLLEXPORT fdb_error_t fdb_future_set_callback(FDBFuture* f, FDBCallback callback, void* callback_parameter) {
  return guard_error([&] { return Future::from(f)->set_callback(callback, callback_parameter); });
}

DLLEXPORT fdb_error_t fdb_future_get_bool(FDBFuture* f, fdb_bool_t* out) {
  return guard_error([&] {
    bool value;
    if (Error error = get_scalar(f, &value)) return error;
    *out = value;
    return Error(0);
  });
}

DLLEXPORT fdb_error_t fdb_future_get_int64(FDBFuture* f, int64_t* out) {
  return guard_error([&] { return get_scalar(f, out); });
}

DLLEXPORT fdb_error_t fdb_future_get_uint64(FDBFuture* f, uint64_t* out) {
  return guard_error([&] { return get_scalar(f, out); });
}

DLLEXPORT fdb_error_t fdb_future_get_double(FDBFuture* f, double* out) {
  return guard_error([&] { return get_scalar(f, out); });
}

DLLEXPORT fdb_error_t fdb_future_get_key(FDBFuture* f, uint8_t const** out_key, int* out_key_length) {
  return guard_error([&] {
    KeyResult* result;
    if (Error error = typed_value(f, &result)) return error;
    *out_key = bytes_of(result->key);
    *out_key_length = static_cast<int>(result->key.size());
    return Error(0);
  });
}

DLLEXPORT fdb_error_t fdb_future_get_value(FDBFuture* f, fdb_bool_t* out_present, uint8_t const** out_value,
                                           int* out_value_length) {
  return guard_error([&] {
    Result* result;
    if (Error error = Future::from(f)->value(&result)) return error;
    const std::optional<PlacedValue> found = value_in(*result);
    if (!found) return err::kClientInvalidOperation;
    *out_present = found->present;
    if (!found->present) return Error(0);
    *out_value = bytes_of(found->value);
    *out_value_length = static_cast<int>(found->value.size());
    return Error(0);
  });
}

DLLEXPORT fdb_error_t fdb_future_get_mappedkeyvalue_array(FDBFuture* f, FDBMappedKeyValue const** out_kv, int* out_count,
                                                          fdb_bool_t* out_more) {
  return guard_error([&] { return get_array(f, &MappedKeyValueArray::rows, out_kv, out_count, out_more); });
}

DLLEXPORT fdb_error_t fdb_future_get_key_array(FDBFuture* f, FDBKey const** out_key_array, int* out_count) {
  return guard_error([&] { return get_array(f, &KeyArray::keys, out_key_array, out_count); });
}

DLLEXPORT fdb_error_t fdb_future_get_string_array(FDBFuture* f, const char*** out_strings, int* out_count) {
  return guard_error([&] { return get_array(f, &StringArray::pointers, out_strings, out_count); });
}

DLLEXPORT fdb_error_t fdb_future_get_keyrange_array(FDBFuture* f, FDBKeyRange const** out_ranges, int* out_count) {
  return guard_error([&] { return get_array(f, &KeyRangeArray::ranges, out_ranges, out_count); });
}

// ---- getters of values that only blob workers and other processes produce: the future holds an error ----

DLLEXPORT fdb_error_t fdb_future_get_granule_summary_array(FDBFuture* f, FDBGranuleSummary const**, int*) {
  return guard_error([&] { return error_only(f); });
}

DLLEXPORT fdb_error_t fdb_future_readbg_get_descriptions(FDBFuture* f, FDBBGFileDescription**, int*) {
  return guard_error([&] { return error_only(f); });
}

DLLEXPORT fdb_error_t fdb_future_get_shared_state(FDBFuture* f, DatabaseSharedState**) {
  return guard_error([&] { return error_only(f); });
}

// ---- results ----

DLLEXPORT void fdb_result_destroy(FDBResult* r) { delete reinterpret_cast<BlobResult*>(r); }

DLLEXPORT fdb_error_t fdb_result_get_keyvalue_array(FDBResult* r, FDBKeyValue const**, int*, fdb_bool_t*) {
  return reinterpret_cast<BlobResult*>(r)->error;
}

DLLEXPORT fdb_error_t fdb_result_get_bg_mutations_array(FDBResult* r, FDBBGMutation const**, int*) {
  return reinterpret_cast<BlobResult*>(r)->error;
}

}  // extern "C"
