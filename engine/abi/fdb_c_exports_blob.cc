// C exports: blob granules. They need blob workers, which an embedded database does not have, so every function here
// checks its range (2005) and answers 2108.
#include "abi/exports_support.h"

using namespace fdb;

namespace {

Error range_error(const uint8_t* begin, int begin_length, const uint8_t* end, int end_length) {
  return slice(begin, begin_length) > slice(end, end_length) ? err::kInvertedRange : err::kUnsupportedOperation;
}

FDBFuture* unsupported() {
  return guard_future([] { return Library::of_process().network().answer_error(err::kUnsupportedOperation); });
}

FDBFuture* unsupported_range(const uint8_t* begin, int begin_length, const uint8_t* end, int end_length) {
  const Error error = range_error(begin, begin_length, end, end_length);
  if (error == err::kUnsupportedOperation) return unsupported();
  return guard_future([&] { return Future::failed(error); });
}

FDBResult* failed_result(Error error) { return reinterpret_cast<FDBResult*>(new BlobResult{error}); }

}  // namespace

// The functions that databases and tenants have in common. Macro parameter: the word in the names, and the handle's type.
#define BLOB_FUNCTIONS(owner, Handle)                                                                                         \
  DLLEXPORT FDBFuture* fdb_##owner##_purge_blob_granules(Handle*, uint8_t const* begin, int begin_length, uint8_t const* end, \
                                                         int end_length, int64_t, fdb_bool_t) {                               \
    return unsupported_range(begin, begin_length, end, end_length);                                                           \
  }                                                                                                                           \
  DLLEXPORT FDBFuture* fdb_##owner##_wait_purge_granules_complete(Handle*, uint8_t const*, int) { return unsupported(); }     \
  DLLEXPORT FDBFuture* fdb_##owner##_blobbify_range(Handle*, uint8_t const* begin, int begin_length, uint8_t const* end,      \
                                                    int end_length) {                                                         \
    return unsupported_range(begin, begin_length, end, end_length);                                                           \
  }                                                                                                                           \
  DLLEXPORT FDBFuture* fdb_##owner##_blobbify_range_blocking(Handle*, uint8_t const* begin, int begin_length,                 \
                                                             uint8_t const* end, int end_length) {                            \
    return unsupported_range(begin, begin_length, end, end_length);                                                           \
  }                                                                                                                           \
  DLLEXPORT FDBFuture* fdb_##owner##_unblobbify_range(Handle*, uint8_t const* begin, int begin_length, uint8_t const* end,    \
                                                      int end_length) {                                                       \
    return unsupported_range(begin, begin_length, end, end_length);                                                           \
  }                                                                                                                           \
  DLLEXPORT FDBFuture* fdb_##owner##_list_blobbified_ranges(Handle*, uint8_t const* begin, int begin_length,                  \
                                                            uint8_t const* end, int end_length, int) {                        \
    return unsupported_range(begin, begin_length, end, end_length);                                                           \
  }                                                                                                                           \
  DLLEXPORT FDBFuture* fdb_##owner##_verify_blob_range(Handle*, uint8_t const* begin, int begin_length, uint8_t const* end,   \
                                                       int end_length, int64_t) {                                             \
    return unsupported_range(begin, begin_length, end, end_length);                                                           \
  }                                                                                                                           \
  DLLEXPORT FDBFuture* fdb_##owner##_flush_blob_range(Handle*, uint8_t const* begin, int begin_length, uint8_t const* end,    \
                                                      int end_length, fdb_bool_t, int64_t) {                                  \
    return unsupported_range(begin, begin_length, end, end_length);                                                           \
  }

extern "C" {

BLOB_FUNCTIONS(database, FDBDatabase)
BLOB_FUNCTIONS(tenant, FDBTenant)

DLLEXPORT FDBFuture* fdb_transaction_get_blob_granule_ranges(FDBTransaction*, uint8_t const* begin, int begin_length,
                                                             uint8_t const* end, int end_length, int) {
  return unsupported_range(begin, begin_length, end, end_length);
}

DLLEXPORT FDBFuture* fdb_transaction_summarize_blob_granules(FDBTransaction*, uint8_t const* begin, int begin_length,
                                                             uint8_t const* end, int end_length, int64_t, int) {
  return unsupported_range(begin, begin_length, end, end_length);
}

DLLEXPORT FDBFuture* fdb_transaction_read_blob_granules_description(FDBTransaction*, uint8_t const* begin, int begin_length,
                                                                    uint8_t const* end, int end_length, int64_t, int64_t,
                                                                    int64_t*) {
  return unsupported_range(begin, begin_length, end, end_length);
}

DLLEXPORT FDBFuture* fdb_transaction_read_blob_granules_start(FDBTransaction*, uint8_t const* begin, int begin_length,
                                                              uint8_t const* end, int end_length, int64_t, int64_t, int64_t*) {
  return unsupported_range(begin, begin_length, end, end_length);
}

DLLEXPORT FDBResult* fdb_transaction_read_blob_granules_finish(FDBTransaction*, FDBFuture*, uint8_t const* begin,
                                                               int begin_length, uint8_t const* end, int end_length, int64_t,
                                                               int64_t, FDBReadBlobGranuleContext*) {
  return failed_result(range_error(begin, begin_length, end, end_length));
}

DLLEXPORT FDBResult* fdb_transaction_read_blob_granules(FDBTransaction*, uint8_t const* begin, int begin_length,
                                                        uint8_t const* end, int end_length, int64_t, int64_t,
                                                        FDBReadBlobGranuleContext) {
  return failed_result(range_error(begin, begin_length, end, end_length));
}

DLLEXPORT FDBResult* fdb_readbg_parse_snapshot_file(const uint8_t*, int, FDBBGTenantPrefix const*, FDBBGEncryptionCtx const*) {
  return failed_result(err::kUnsupportedOperation);
}

DLLEXPORT FDBResult* fdb_readbg_parse_delta_file(const uint8_t*, int, FDBBGTenantPrefix const*, FDBBGEncryptionCtx const*) {
  return failed_result(err::kUnsupportedOperation);
}

}  // extern "C"
