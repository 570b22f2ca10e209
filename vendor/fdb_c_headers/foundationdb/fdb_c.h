/*
 * The C ABI of the FoundationDB client library, API versions 13 to 740.
 *
 * This is an independent declaration of that ABI.  A program written for it links with any
 * library that implements it: the vendor's libfdb_c or the embedded engine of this project.
 *
 * Define FDB_API_VERSION (13..740) before including this file, or define
 * FDB_USE_LATEST_API_VERSION (applications) or FDB_USE_LATEST_BINDINGS_API_VERSION (language
 * bindings) to get the newest one.  The version decides which declarations are visible:
 *
 *   below  14   old setup_network, get, get_key, get_range, set_option, get_keyvalue_array
 *   below  23   old get_error, is_error; from 23 on C++ warns when a result that matters is ignored
 *   below 610   cluster objects
 *   below 620   fdb_future_get_version
 *   below 630   untyped pointers in FDBKeyValue
 *
 * A program that calls a function which its version no longer has does not compile: the name
 * stands for FDB_REMOVED_FUNCTION there, which nothing declares.  Define FDB_INCLUDE_LEGACY_TYPES
 * to have the types of cluster objects at any version.
 *
 * Conventions.  Byte strings are (pointer, length) pairs and are copied before a call returns;
 * names of objects and files are NUL terminated.  A function that returns fdb_error_t has done
 * its work when it returns.  A function that returns FDBFuture* never returns NULL and reports
 * its errors through the future, which the caller must destroy.  Errors of the functions
 * without a result appear in the next operation of the same transaction.  All functions may be
 * called from any thread; futures become ready and callbacks run on the network thread, the one
 * inside fdb_run_network.
 */
#ifndef FDB_C_H
#define FDB_C_H

#include "fdb_c_apiversion.g.h"

#ifndef FDB_API_VERSION
#if defined(FDB_USE_LATEST_API_VERSION)
#define FDB_API_VERSION FDB_LATEST_API_VERSION
#elif defined(FDB_USE_LATEST_BINDINGS_API_VERSION)
#define FDB_API_VERSION FDB_LATEST_BINDINGS_API_VERSION
#endif
#endif

#if !defined(FDB_API_VERSION)
#error FDB_API_VERSION must be defined before including fdb_c.h (newest: 740)
#elif FDB_API_VERSION < 13
#error FDB_API_VERSION below 13 is not supported
#elif FDB_API_VERSION > FDB_LATEST_API_VERSION
#error FDB_API_VERSION is newer than this header (newest: 740)
#endif

/* A library built with hidden visibility must still export what is declared here. */
#ifndef DLLEXPORT
#if defined(__GNUC__)
#define DLLEXPORT __attribute__((visibility("default")))
#else
#define DLLEXPORT
#endif
#endif

/* On functions whose result should not be ignored.  A program may define it before it includes
 * this file; otherwise C++ compilers warn, and C compilers do not. */
#ifndef WARN_UNUSED_RESULT
#if FDB_API_VERSION >= 23 && defined(__GNUG__)
#define WARN_UNUSED_RESULT __attribute__((warn_unused_result))
#else
#define WARN_UNUSED_RESULT
#endif
#endif

#include <stdint.h>

#include "fdb_c_types.h"
#include "fdb_c_options.g.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- The library as a whole: usable at any time, from any thread ---- */

/* Selects the API version; must be the first call of a program, and the only one of its kind.
 * 2201 if a version was selected before, 2203 if the library does not support `v`. */
#define fdb_select_api_version(v) fdb_select_api_version_impl(v, FDB_API_VERSION)

/* As fdb_select_api_version, for a program that accepts a library older than this header. */
#define fdb_select_api_version_capped(v)                                                                               \
	fdb_select_api_version_impl(v,                                                                                     \
	                            (FDB_API_VERSION < fdb_get_max_api_version()) ? FDB_API_VERSION                        \
	                                                                          : fdb_get_max_api_version())

/* What fdb_select_api_version calls: `header_version` fixes the argument lists of the functions
 * that changed over time.  2202 if runtime_version > header_version. */
DLLEXPORT WARN_UNUSED_RESULT fdb_error_t fdb_select_api_version_impl(int runtime_version, int header_version);

/* The newest API version that the library offers. */
DLLEXPORT WARN_UNUSED_RESULT int fdb_get_max_api_version(void);

/* "release,source revision,protocol version in hexadecimal"; the text lives for ever. */
DLLEXPORT WARN_UNUSED_RESULT const char* fdb_get_client_version(void);

/* The text of an error code; never NULL, lives for ever. */
DLLEXPORT const char* fdb_get_error(fdb_error_t code);

/* Whether an error belongs to a class of errors (an FDBErrorPredicate). */
DLLEXPORT fdb_bool_t fdb_error_predicate(int predicate_test, fdb_error_t code);

/* ---- Network: one event loop per process, run by a thread of the program ---- */

/* Sets an option of the client; a NULL value means none.  Integers are 8 bytes, little endian. */
DLLEXPORT WARN_UNUSED_RESULT fdb_error_t fdb_network_set_option(FDBNetworkOption option,
                                                                uint8_t const* value,
                                                                int value_length);

#if FDB_API_VERSION >= 14
/* Prepares the event loop, once per process; 2009 the second time. */
DLLEXPORT WARN_UNUSED_RESULT fdb_error_t fdb_setup_network(void);
#else
/* Prepares the event loop, after setting the local_address option. */
DLLEXPORT fdb_error_t fdb_setup_network(const char* local_address);
#endif

/* Runs the event loop on the calling thread until fdb_stop_network.  2008 before setup, 2025
 * when it ran before. */
DLLEXPORT WARN_UNUSED_RESULT fdb_error_t fdb_run_network(void);

/* Asks the event loop to end; it cannot be started again. */
DLLEXPORT WARN_UNUSED_RESULT fdb_error_t fdb_stop_network(void);

/* Has `hook` called on the network thread after the loop ended. */
DLLEXPORT WARN_UNUSED_RESULT fdb_error_t fdb_add_network_thread_completion_hook(void (*hook)(void*),
                                                                                void* hook_parameter);

/* ---- Futures ---- */

/* Asks to abandon the operation; the future then becomes ready with 1101. */
DLLEXPORT void fdb_future_cancel(FDBFuture* f);

/* Frees the value once every successful getter was balanced by one call; then getters give 1102. */
DLLEXPORT void fdb_future_release_memory(FDBFuture* f);

/* Cancels and gives up the caller's reference.  Everything obtained from the future dies. */
DLLEXPORT void fdb_future_destroy(FDBFuture* f);

/* Waits; 0 even when the future then holds an error.  2026 on the network thread. */
DLLEXPORT WARN_UNUSED_RESULT fdb_error_t fdb_future_block_until_ready(FDBFuture* f);

/* Whether a value or an error has arrived. */
DLLEXPORT WARN_UNUSED_RESULT fdb_bool_t fdb_future_is_ready(FDBFuture* f);

/* Has `callback` called once the future is ready: at once on this thread if it is ready
 * already, else on the network thread. */
DLLEXPORT WARN_UNUSED_RESULT fdb_error_t fdb_future_set_callback(FDBFuture* f,
                                                                 FDBCallback callback,
                                                                 void* callback_parameter);

#if FDB_API_VERSION >= 23
/* The error of a ready future, 0 when it holds a value, 2015 when it is not ready. */
DLLEXPORT WARN_UNUSED_RESULT fdb_error_t fdb_future_get_error(FDBFuture* f);
#else
/* The error of a future and its text (unless the pointer is NULL); 2016 when it holds none. */
DLLEXPORT fdb_error_t fdb_future_get_error(FDBFuture* f, const char** out_description);

/* Whether the future is ready with an error. */
DLLEXPORT fdb_bool_t fdb_future_is_error(FDBFuture* f);
#endif

#if FDB_API_VERSION >= 23
#define fdb_future_is_error(f) FDB_REMOVED_FUNCTION
#endif

/* Getters.  Each returns 2015 before the future is ready, the future's error if it holds one,
 * and else 0 with the outputs set.  What the outputs point to belongs to the future.  A getter
 * must match the function that made the future. */

/* The result of a yes-or-no operation. */
DLLEXPORT WARN_UNUSED_RESULT fdb_error_t fdb_future_get_bool(FDBFuture* f, fdb_bool_t* out);

/* A version, a size or a count. */
DLLEXPORT WARN_UNUSED_RESULT fdb_error_t fdb_future_get_int64(FDBFuture* f, int64_t* out);

/* A protocol version. */
DLLEXPORT WARN_UNUSED_RESULT fdb_error_t fdb_future_get_uint64(FDBFuture* f, uint64_t* out);

/* A duration in seconds. */
DLLEXPORT WARN_UNUSED_RESULT fdb_error_t fdb_future_get_double(FDBFuture* f, double* out);

/* A key, a versionstamp or another byte string that always exists. */
DLLEXPORT WARN_UNUSED_RESULT fdb_error_t fdb_future_get_key(FDBFuture* f,
                                                            uint8_t const** out_key,
                                                            int* out_key_length);

/* A value, or its absence: then only *out_present is written. */
DLLEXPORT WARN_UNUSED_RESULT fdb_error_t fdb_future_get_value(FDBFuture* f,
                                                              fdb_bool_t* out_present,
                                                              uint8_t const** out_value,
                                                              int* out_value_length);

#if FDB_API_VERSION >= 14
/* One batch of rows, and whether the range may hold more behind them. */
DLLEXPORT WARN_UNUSED_RESULT fdb_error_t fdb_future_get_keyvalue_array(FDBFuture* f,
                                                                       FDBKeyValue const** out_kv,
                                                                       int* out_count,
                                                                       fdb_bool_t* out_more);
#else
/* One batch of rows. */
DLLEXPORT fdb_error_t fdb_future_get_keyvalue_array(FDBFuture* f, FDBKeyValue const** out_kv, int* out_count);
#endif

/* One batch of rows with what the mapper read for each. */
DLLEXPORT WARN_UNUSED_RESULT fdb_error_t fdb_future_get_mappedkeyvalue_array(FDBFuture* f,
                                                                             FDBMappedKeyValue const** out_kv,
                                                                             int* out_count,
                                                                             fdb_bool_t* out_more);

/* A list of keys, such as split points. */
DLLEXPORT WARN_UNUSED_RESULT fdb_error_t fdb_future_get_key_array(FDBFuture* f,
                                                                  FDBKey const** out_key_array,
                                                                  int* out_count);

/* A list of NUL-terminated strings, such as addresses. */
DLLEXPORT WARN_UNUSED_RESULT fdb_error_t fdb_future_get_string_array(FDBFuture* f,
                                                                     const char*** out_strings,
                                                                     int* out_count);

/* A list of key ranges. */
DLLEXPORT WARN_UNUSED_RESULT fdb_error_t fdb_future_get_keyrange_array(FDBFuture* f,
                                                                       FDBKeyRange const** out_ranges,
                                                                       int* out_count);

/* A list of blob granule summaries. */
DLLEXPORT WARN_UNUSED_RESULT fdb_error_t
fdb_future_get_granule_summary_array(FDBFuture* f, FDBGranuleSummary const** out_summaries, int* out_count);

/* A list of blob granule descriptions. */
DLLEXPORT WARN_UNUSED_RESULT fdb_error_t fdb_future_readbg_get_descriptions(FDBFuture* f,
                                                                            FDBBGFileDescription** out,
                                                                            int* desc_count);

/* ---- Results: like ready futures, from synchronous functions ---- */

/* Frees the result and everything obtained from it. */
DLLEXPORT void fdb_result_destroy(FDBResult* r);

/* The rows of a result. */
DLLEXPORT WARN_UNUSED_RESULT fdb_error_t fdb_result_get_keyvalue_array(FDBResult* r,
                                                                       FDBKeyValue const** out_kv,
                                                                       int* out_count,
                                                                       fdb_bool_t* out_more);

/* The changes of a result. */
DLLEXPORT WARN_UNUSED_RESULT fdb_error_t fdb_result_get_bg_mutations_array(FDBResult* r,
                                                                           FDBBGMutation const** out_mutations,
                                                                           int* out_count);

/* Decodes the bytes of a blob snapshot file into rows. */
DLLEXPORT WARN_UNUSED_RESULT FDBResult* fdb_readbg_parse_snapshot_file(const uint8_t* file_data,
                                                                       int file_len,
                                                                       FDBBGTenantPrefix const* tenant_prefix,
                                                                       FDBBGEncryptionCtx const* encryption_ctx);

/* Decodes the bytes of a blob delta file into changes. */
DLLEXPORT WARN_UNUSED_RESULT FDBResult* fdb_readbg_parse_delta_file(const uint8_t* file_data,
                                                                    int file_len,
                                                                    FDBBGTenantPrefix const* tenant_prefix,
                                                                    FDBBGEncryptionCtx const* encryption_ctx);

/* ---- Databases ---- */

/* Opens the database of a cluster file; NULL or "" mean the default file.  2008 before setup.
 * A bad file shows in the operations, not here. */
DLLEXPORT WARN_UNUSED_RESULT fdb_error_t fdb_create_database(const char* cluster_file_path,
                                                             FDBDatabase** out_database);

/* As fdb_create_database, with the text that a cluster file would hold. */
DLLEXPORT WARN_UNUSED_RESULT fdb_error_t fdb_create_database_from_connection_string(const char* connection_string,
                                                                                    FDBDatabase** out_database);

/* Gives up a database; its transactions and tenants go on working. */
DLLEXPORT void fdb_database_destroy(FDBDatabase* d);

/* Sets an option.  2007 for an unknown option; a bad value shows in the operations. */
DLLEXPORT WARN_UNUSED_RESULT fdb_error_t fdb_database_set_option(FDBDatabase* d,
                                                                 FDBDatabaseOption option,
                                                                 uint8_t const* value,
                                                                 int value_length);

/* Opens a tenant by name; whether it exists shows in the operations. */
DLLEXPORT WARN_UNUSED_RESULT fdb_error_t fdb_database_open_tenant(FDBDatabase* d,
                                                                  uint8_t const* tenant_name,
                                                                  int tenant_name_length,
                                                                  FDBTenant** out_tenant);

/* Creates a transaction. */
DLLEXPORT WARN_UNUSED_RESULT fdb_error_t fdb_database_create_transaction(FDBDatabase* d,
                                                                         FDBTransaction** out_transaction);

/* Restarts server processes, after `duration` seconds of suspension.  int64: 1 if all were asked. */
DLLEXPORT WARN_UNUSED_RESULT FDBFuture* fdb_database_reboot_worker(FDBDatabase* db,
                                                                   uint8_t const* address,
                                                                   int address_length,
                                                                   fdb_bool_t check,
                                                                   int duration);

/* Brings a cluster up without the data that only the lost part had.  No value. */
DLLEXPORT WARN_UNUSED_RESULT FDBFuture* fdb_database_force_recovery_with_data_loss(FDBDatabase* db,
                                                                                   uint8_t const* dcid,
                                                                                   int dcid_length);

/* Has the servers run a snapshot command, named by 32 hexadecimal digits.  No value. */
DLLEXPORT WARN_UNUSED_RESULT FDBFuture* fdb_database_create_snapshot(FDBDatabase* db,
                                                                     uint8_t const* uid,
                                                                     int uid_length,
                                                                     uint8_t const* snap_command,
                                                                     int snap_command_length);

/* Share of the last second that the network thread was busy: 0 idle, 1 and more saturated. */
DLLEXPORT WARN_UNUSED_RESULT double fdb_database_get_main_thread_busyness(FDBDatabase* db);

/* The cluster's protocol version (uint64), once it differs from `expected_version`. */
DLLEXPORT WARN_UNUSED_RESULT FDBFuture* fdb_database_get_server_protocol(FDBDatabase* db,
                                                                         uint64_t expected_version);

/* State of the client's connections as JSON (key). */
DLLEXPORT WARN_UNUSED_RESULT FDBFuture* fdb_database_get_client_status(FDBDatabase* db);

/* Deletes blob granule data before a version.  Key: the name to wait for it by. */
DLLEXPORT WARN_UNUSED_RESULT FDBFuture* fdb_database_purge_blob_granules(FDBDatabase* db,
                                                                         uint8_t const* begin_key_name,
                                                                         int begin_key_name_length,
                                                                         uint8_t const* end_key_name,
                                                                         int end_key_name_length,
                                                                         int64_t purge_version,
                                                                         fdb_bool_t force);

/* Waits for a purge.  No value. */
DLLEXPORT WARN_UNUSED_RESULT FDBFuture* fdb_database_wait_purge_granules_complete(FDBDatabase* db,
                                                                                  uint8_t const* purge_key_name,
                                                                                  int purge_key_name_length);

/* Starts keeping a range as blob granules (bool). */
DLLEXPORT WARN_UNUSED_RESULT FDBFuture* fdb_database_blobbify_range(FDBDatabase* db,
                                                                    uint8_t const* begin_key_name,
                                                                    int begin_key_name_length,
                                                                    uint8_t const* end_key_name,
                                                                    int end_key_name_length);

/* As fdb_database_blobbify_range, ready when the granules exist (bool). */
DLLEXPORT WARN_UNUSED_RESULT FDBFuture* fdb_database_blobbify_range_blocking(FDBDatabase* db,
                                                                             uint8_t const* begin_key_name,
                                                                             int begin_key_name_length,
                                                                             uint8_t const* end_key_name,
                                                                             int end_key_name_length);

/* Stops keeping a range as blob granules (bool). */
DLLEXPORT WARN_UNUSED_RESULT FDBFuture* fdb_database_unblobbify_range(FDBDatabase* db,
                                                                      uint8_t const* begin_key_name,
                                                                      int begin_key_name_length,
                                                                      uint8_t const* end_key_name,
                                                                      int end_key_name_length);

/* The ranges kept as blob granules (key-range array). */
DLLEXPORT WARN_UNUSED_RESULT FDBFuture* fdb_database_list_blobbified_ranges(FDBDatabase* db,
                                                                            uint8_t const* begin_key_name,
                                                                            int begin_key_name_length,
                                                                            uint8_t const* end_key_name,
                                                                            int end_key_name_length,
                                                                            int rangeLimit);

/* The version (int64) at which blob granules can be read; -2 asks for the latest. */
DLLEXPORT WARN_UNUSED_RESULT FDBFuture* fdb_database_verify_blob_range(FDBDatabase* db,
                                                                       uint8_t const* begin_key_name,
                                                                       int begin_key_name_length,
                                                                       uint8_t const* end_key_name,
                                                                       int end_key_name_length,
                                                                       int64_t version);

/* Has blob granules written out up to a version (bool); -2 asks for the latest. */
DLLEXPORT WARN_UNUSED_RESULT FDBFuture* fdb_database_flush_blob_range(FDBDatabase* db,
                                                                      uint8_t const* begin_key_name,
                                                                      int begin_key_name_length,
                                                                      uint8_t const* end_key_name,
                                                                      int end_key_name_length,
                                                                      fdb_bool_t compact,
                                                                      int64_t version);

/* ---- Tenants ---- */

/* Creates a transaction whose keys are those of the tenant. */
DLLEXPORT WARN_UNUSED_RESULT fdb_error_t fdb_tenant_create_transaction(FDBTenant* tenant,
                                                                       FDBTransaction** out_transaction);

/* The tenant's number (int64); 2131 when there is no tenant of that name. */
DLLEXPORT WARN_UNUSED_RESULT FDBFuture* fdb_tenant_get_id(FDBTenant* tenant);

/* Gives up a tenant; its transactions go on working. */
DLLEXPORT void fdb_tenant_destroy(FDBTenant* tenant);

/* Deletes blob granule data before a version.  Key: the name to wait for it by. */
DLLEXPORT WARN_UNUSED_RESULT FDBFuture* fdb_tenant_purge_blob_granules(FDBTenant* tenant,
                                                                       uint8_t const* begin_key_name,
                                                                       int begin_key_name_length,
                                                                       uint8_t const* end_key_name,
                                                                       int end_key_name_length,
                                                                       int64_t purge_version,
                                                                       fdb_bool_t force);

/* Waits for a purge.  No value. */
DLLEXPORT WARN_UNUSED_RESULT FDBFuture* fdb_tenant_wait_purge_granules_complete(FDBTenant* tenant,
                                                                                uint8_t const* purge_key_name,
                                                                                int purge_key_name_length);

/* Starts keeping a range as blob granules (bool). */
DLLEXPORT WARN_UNUSED_RESULT FDBFuture* fdb_tenant_blobbify_range(FDBTenant* tenant,
                                                                  uint8_t const* begin_key_name,
                                                                  int begin_key_name_length,
                                                                  uint8_t const* end_key_name,
                                                                  int end_key_name_length);

/* As fdb_tenant_blobbify_range, ready when the granules exist (bool). */
DLLEXPORT WARN_UNUSED_RESULT FDBFuture* fdb_tenant_blobbify_range_blocking(FDBTenant* tenant,
                                                                           uint8_t const* begin_key_name,
                                                                           int begin_key_name_length,
                                                                           uint8_t const* end_key_name,
                                                                           int end_key_name_length);

/* Stops keeping a range as blob granules (bool). */
DLLEXPORT WARN_UNUSED_RESULT FDBFuture* fdb_tenant_unblobbify_range(FDBTenant* tenant,
                                                                    uint8_t const* begin_key_name,
                                                                    int begin_key_name_length,
                                                                    uint8_t const* end_key_name,
                                                                    int end_key_name_length);

/* The ranges kept as blob granules (key-range array). */
DLLEXPORT WARN_UNUSED_RESULT FDBFuture* fdb_tenant_list_blobbified_ranges(FDBTenant* tenant,
                                                                          uint8_t const* begin_key_name,
                                                                          int begin_key_name_length,
                                                                          uint8_t const* end_key_name,
                                                                          int end_key_name_length,
                                                                          int rangeLimit);

/* The version (int64) at which blob granules can be read; -2 asks for the latest. */
DLLEXPORT WARN_UNUSED_RESULT FDBFuture* fdb_tenant_verify_blob_range(FDBTenant* tenant,
                                                                     uint8_t const* begin_key_name,
                                                                     int begin_key_name_length,
                                                                     uint8_t const* end_key_name,
                                                                     int end_key_name_length,
                                                                     int64_t version);

/* Has blob granules written out up to a version (bool); -2 asks for the latest. */
DLLEXPORT WARN_UNUSED_RESULT FDBFuture* fdb_tenant_flush_blob_range(FDBTenant* tenant,
                                                                    uint8_t const* begin_key_name,
                                                                    int begin_key_name_length,
                                                                    uint8_t const* end_key_name,
                                                                    int end_key_name_length,
                                                                    fdb_bool_t compact,
                                                                    int64_t version);

/* ---- Transactions: life cycle, options, versions ---- */

/* Gives up a transaction; its outstanding futures fail with 1025, its watches live on. */
DLLEXPORT void fdb_transaction_destroy(FDBTransaction* tr);

/* Fails outstanding and later operations with 1025, until a reset. */
DLLEXPORT void fdb_transaction_cancel(FDBTransaction* tr);

/* Puts the transaction back to the state after its creation. */
DLLEXPORT void fdb_transaction_reset(FDBTransaction* tr);

#if FDB_API_VERSION >= 14
/* Sets an option.  2007 for an unknown option; a bad value shows in the next operation. */
DLLEXPORT WARN_UNUSED_RESULT fdb_error_t fdb_transaction_set_option(FDBTransaction* tr,
                                                                    FDBTransactionOption option,
                                                                    uint8_t const* value,
                                                                    int value_length);
#else
/* Sets an option that takes no value. */
DLLEXPORT void fdb_transaction_set_option(FDBTransaction* tr, FDBTransactionOption option);
#endif

/* Makes the transaction read at a given version. */
DLLEXPORT void fdb_transaction_set_read_version(FDBTransaction* tr, int64_t version);

/* The version that the transaction reads at (int64). */
DLLEXPORT WARN_UNUSED_RESULT FDBFuture* fdb_transaction_get_read_version(FDBTransaction* tr);

/* Commits.  No value; pass an error to fdb_transaction_on_error. */
DLLEXPORT WARN_UNUSED_RESULT FDBFuture* fdb_transaction_commit(FDBTransaction* tr);

/* The version of a successful commit; -1 before it and after a read-only one. */
DLLEXPORT WARN_UNUSED_RESULT fdb_error_t fdb_transaction_get_committed_version(FDBTransaction* tr,
                                                                               int64_t* out_version);

/* The 10 bytes of the commit's versionstamp (key); call before the commit. */
DLLEXPORT WARN_UNUSED_RESULT FDBFuture* fdb_transaction_get_versionstamp(FDBTransaction* tr);

/* For a retryable error, waits a moment and resets the transaction; otherwise fails with the
 * same error.  No value. */
DLLEXPORT WARN_UNUSED_RESULT FDBFuture* fdb_transaction_on_error(FDBTransaction* tr, fdb_error_t error);

/* Size of the commit so far in bytes (int64), roughly. */
DLLEXPORT WARN_UNUSED_RESULT FDBFuture* fdb_transaction_get_approximate_size(FDBTransaction* tr);

/* Cost of the transaction so far in bytes (int64), as throttling counts it. */
DLLEXPORT WARN_UNUSED_RESULT FDBFuture* fdb_transaction_get_total_cost(FDBTransaction* tr);

/* Time the transaction was held back because of its tags, in seconds (double). */
DLLEXPORT WARN_UNUSED_RESULT FDBFuture* fdb_transaction_get_tag_throttled_duration(FDBTransaction* tr);

/* ---- Transactions: reads ---- */

/* Each expands to the four arguments of a key selector: key, length, or_equal, offset. */
#define FDB_KEYSEL_LAST_LESS_THAN(k, l) k, l, 0, 0
#define FDB_KEYSEL_LAST_LESS_OR_EQUAL(k, l) k, l, 1, 0
#define FDB_KEYSEL_FIRST_GREATER_THAN(k, l) k, l, 1, 1
#define FDB_KEYSEL_FIRST_GREATER_OR_EQUAL(k, l) k, l, 0, 1

#if FDB_API_VERSION >= 14
/* The value of a key (value). */
DLLEXPORT WARN_UNUSED_RESULT FDBFuture* fdb_transaction_get(FDBTransaction* tr,
                                                            uint8_t const* key_name,
                                                            int key_name_length,
                                                            fdb_bool_t snapshot);

/* The key that a selector finds (key). */
DLLEXPORT WARN_UNUSED_RESULT FDBFuture* fdb_transaction_get_key(FDBTransaction* tr,
                                                                uint8_t const* key_name,
                                                                int key_name_length,
                                                                fdb_bool_t or_equal,
                                                                int offset,
                                                                fdb_bool_t snapshot);

/* Rows between two selectors (key-value array).  `limit` and `target_bytes` 0 mean no limit;
 * `iteration` counts from 1 for the batches of one iteration. */
DLLEXPORT WARN_UNUSED_RESULT FDBFuture* fdb_transaction_get_range(FDBTransaction* tr,
                                                                  uint8_t const* begin_key_name,
                                                                  int begin_key_name_length,
                                                                  fdb_bool_t begin_or_equal,
                                                                  int begin_offset,
                                                                  uint8_t const* end_key_name,
                                                                  int end_key_name_length,
                                                                  fdb_bool_t end_or_equal,
                                                                  int end_offset,
                                                                  int limit,
                                                                  int target_bytes,
                                                                  FDBStreamingMode mode,
                                                                  int iteration,
                                                                  fdb_bool_t snapshot,
                                                                  fdb_bool_t reverse);
#else
/* The value of a key (value). */
DLLEXPORT FDBFuture* fdb_transaction_get(FDBTransaction* tr, uint8_t const* key_name, int key_name_length);

/* The key that a selector finds (key). */
DLLEXPORT FDBFuture* fdb_transaction_get_key(FDBTransaction* tr,
                                             uint8_t const* key_name,
                                             int key_name_length,
                                             fdb_bool_t or_equal,
                                             int offset);

/* At most `limit` rows from begin up to end (key-value array); a negative limit reads backwards. */
DLLEXPORT FDBFuture* fdb_transaction_get_range(FDBTransaction* tr,
                                               uint8_t const* begin_key_name,
                                               int begin_key_name_length,
                                               uint8_t const* end_key_name,
                                               int end_key_name_length,
                                               int limit);

/* At most `limit` rows between two selectors (key-value array). */
DLLEXPORT FDBFuture* fdb_transaction_get_range_selector(FDBTransaction* tr,
                                                        uint8_t const* begin_key_name,
                                                        int begin_key_name_length,
                                                        fdb_bool_t begin_or_equal,
                                                        int begin_offset,
                                                        uint8_t const* end_key_name,
                                                        int end_key_name_length,
                                                        fdb_bool_t end_or_equal,
                                                        int end_offset,
                                                        int limit);
#endif

/* Rows of an index, each with what the mapper tuple says to read for it (mapped array). */
DLLEXPORT WARN_UNUSED_RESULT FDBFuture* fdb_transaction_get_mapped_range(FDBTransaction* tr,
                                                                         uint8_t const* begin_key_name,
                                                                         int begin_key_name_length,
                                                                         fdb_bool_t begin_or_equal,
                                                                         int begin_offset,
                                                                         uint8_t const* end_key_name,
                                                                         int end_key_name_length,
                                                                         fdb_bool_t end_or_equal,
                                                                         int end_offset,
                                                                         uint8_t const* mapper_name,
                                                                         int mapper_name_length,
                                                                         int limit,
                                                                         int target_bytes,
                                                                         FDBStreamingMode mode,
                                                                         int iteration,
                                                                         fdb_bool_t snapshot,
                                                                         fdb_bool_t reverse);

/* Addresses of the servers that store a key (string array). */
DLLEXPORT WARN_UNUSED_RESULT FDBFuture* fdb_transaction_get_addresses_for_key(FDBTransaction* tr,
                                                                              uint8_t const* key_name,
                                                                              int key_name_length);

/* Estimated bytes stored in a range (int64). */
DLLEXPORT WARN_UNUSED_RESULT FDBFuture* fdb_transaction_get_estimated_range_size_bytes(
    FDBTransaction* tr,
    uint8_t const* begin_key_name,
    int begin_key_name_length,
    uint8_t const* end_key_name,
    int end_key_name_length);

/* Keys that split a range into parts of about chunk_size bytes (key array). */
DLLEXPORT WARN_UNUSED_RESULT FDBFuture* fdb_transaction_get_range_split_points(FDBTransaction* tr,
                                                                               uint8_t const* begin_key_name,
                                                                               int begin_key_name_length,
                                                                               uint8_t const* end_key_name,
                                                                               int end_key_name_length,
                                                                               int64_t chunk_size);

/* Becomes ready when the value of a key is no longer what this transaction saw.  No value. */
DLLEXPORT WARN_UNUSED_RESULT FDBFuture* fdb_transaction_watch(FDBTransaction* tr,
                                                              uint8_t const* key_name,
                                                              int key_name_length);

/* ---- Transactions: writes ---- */

/* Gives a key a value. */
DLLEXPORT void fdb_transaction_set(FDBTransaction* tr,
                                   uint8_t const* key_name,
                                   int key_name_length,
                                   uint8_t const* value,
                                   int value_length);

/* Applies an atomic operation to a key. */
DLLEXPORT void fdb_transaction_atomic_op(FDBTransaction* tr,
                                         uint8_t const* key_name,
                                         int key_name_length,
                                         uint8_t const* param,
                                         int param_length,
                                         FDBMutationType operation_type);

/* Removes a key. */
DLLEXPORT void fdb_transaction_clear(FDBTransaction* tr, uint8_t const* key_name, int key_name_length);

/* Removes the keys of [begin, end). */
DLLEXPORT void fdb_transaction_clear_range(FDBTransaction* tr,
                                           uint8_t const* begin_key_name,
                                           int begin_key_name_length,
                                           uint8_t const* end_key_name,
                                           int end_key_name_length);

/* Adds [begin, end) to the ranges that the commit is checked for.  2005 if begin > end. */
DLLEXPORT WARN_UNUSED_RESULT fdb_error_t fdb_transaction_add_conflict_range(FDBTransaction* tr,
                                                                            uint8_t const* begin_key_name,
                                                                            int begin_key_name_length,
                                                                            uint8_t const* end_key_name,
                                                                            int end_key_name_length,
                                                                            FDBConflictRangeType type);

/* ---- Transactions: blob granules ---- */

/* The blob granules of a range (key-range array). */
DLLEXPORT WARN_UNUSED_RESULT FDBFuture* fdb_transaction_get_blob_granule_ranges(FDBTransaction* tr,
                                                                                uint8_t const* begin_key_name,
                                                                                int begin_key_name_length,
                                                                                uint8_t const* end_key_name,
                                                                                int end_key_name_length,
                                                                                int rangeLimit);

/* Reads a range from blob files, synchronously.  readVersion -2: the transaction's. */
DLLEXPORT WARN_UNUSED_RESULT FDBResult* fdb_transaction_read_blob_granules(
    FDBTransaction* tr,
    uint8_t const* begin_key_name,
    int begin_key_name_length,
    uint8_t const* end_key_name,
    int end_key_name_length,
    int64_t beginVersion,
    int64_t readVersion,
    FDBReadBlobGranuleContext granuleContext);

/* Sizes and versions of the blob granules of a range (summary array); -2 asks for the latest. */
DLLEXPORT WARN_UNUSED_RESULT FDBFuture* fdb_transaction_summarize_blob_granules(FDBTransaction* tr,
                                                                                uint8_t const* begin_key_name,
                                                                                int begin_key_name_length,
                                                                                uint8_t const* end_key_name,
                                                                                int end_key_name_length,
                                                                                int64_t summaryVersion,
                                                                                int rangeLimit);

/* The files that hold a range (descriptions), and the version they are good for. */
DLLEXPORT WARN_UNUSED_RESULT FDBFuture* fdb_transaction_read_blob_granules_description(
    FDBTransaction* tr,
    uint8_t const* begin_key_name,
    int begin_key_name_length,
    uint8_t const* end_key_name,
    int end_key_name_length,
    int64_t begin_version,
    int64_t read_version,
    int64_t* read_version_out);

/* ---- Functions of older API versions ---- */

#if FDB_API_VERSION < 620
/* A version; later versions call fdb_future_get_int64. */
DLLEXPORT WARN_UNUSED_RESULT fdb_error_t fdb_future_get_version(FDBFuture* f, int64_t* out_version);
#else
#define fdb_future_get_version(f, out_version) FDB_REMOVED_FUNCTION
#endif

#if FDB_API_VERSION < 610
/* Clusters stood between a cluster file and its only database, which is called "DB". */

/* A cluster (fdb_future_get_cluster); NULL means the default cluster file. */
DLLEXPORT WARN_UNUSED_RESULT FDBFuture* fdb_create_cluster(const char* cluster_file_path);

/* Hands the cluster over; call once. */
DLLEXPORT WARN_UNUSED_RESULT fdb_error_t fdb_future_get_cluster(FDBFuture* f, FDBCluster** out_cluster);

/* Gives up a cluster; its databases go on working. */
DLLEXPORT void fdb_cluster_destroy(FDBCluster* c);

/* Does nothing: there are no options. */
DLLEXPORT WARN_UNUSED_RESULT fdb_error_t fdb_cluster_set_option(FDBCluster* c,
                                                                FDBClusterOption option,
                                                                uint8_t const* value,
                                                                int value_length);

/* A database (fdb_future_get_database); 2013 unless it is called "DB". */
DLLEXPORT WARN_UNUSED_RESULT FDBFuture* fdb_cluster_create_database(FDBCluster* c,
                                                                    uint8_t const* db_name,
                                                                    int db_name_length);

/* A new reference to the database; destroy each. */
DLLEXPORT WARN_UNUSED_RESULT fdb_error_t fdb_future_get_database(FDBFuture* f, FDBDatabase** out_database);
#else
#define fdb_create_cluster(cluster_file_path) FDB_REMOVED_FUNCTION
#define fdb_future_get_cluster(f, out_cluster) FDB_REMOVED_FUNCTION
#define fdb_cluster_destroy(c) FDB_REMOVED_FUNCTION
#define fdb_cluster_set_option(c, option, value, value_length) FDB_REMOVED_FUNCTION
#define fdb_cluster_create_database(c, db_name, db_name_length) FDB_REMOVED_FUNCTION
#define fdb_future_get_database(f, out_database) FDB_REMOVED_FUNCTION
#endif

#if FDB_API_VERSION >= 14
#define fdb_transaction_get_range_selector(                                                                            \
    tr, begin, begin_length, begin_or_equal, begin_offset, end, end_length, end_or_equal, end_offset, limit)           \
	FDB_REMOVED_FUNCTION
#endif

#ifdef __cplusplus
}
#endif

#endif
