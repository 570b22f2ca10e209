/*
 * Exports that only a library's own machinery uses: a library that loads another one of these
 * as an external client looks them up by name.  Programs include fdb_c.h.
 */
#ifndef FDB_C_INTERNAL_H
#define FDB_C_INTERNAL_H

#include "fdb_c.h"

#ifdef __cplusplus
extern "C" {
#endif

/* State that several libraries of one process share for the same cluster; opaque. */
typedef struct DatabaseSharedState DatabaseSharedState;

/* Creates shared state for a database (fdb_future_get_shared_state). */
DLLEXPORT FDBFuture* fdb_database_create_shared_state(FDBDatabase* db);

/* Gives a database the state that another one created. */
DLLEXPORT void fdb_database_set_shared_state(FDBDatabase* db, DatabaseSharedState* p);

/* The state that fdb_database_create_shared_state made. */
DLLEXPORT WARN_UNUSED_RESULT fdb_error_t fdb_future_get_shared_state(FDBFuture* f, DatabaseSharedState** outPtr);

/* Makes the library behave as a future version of itself (a test aid). */
DLLEXPORT void fdb_use_future_protocol_version(void);

/* First half of fdb_transaction_read_blob_granules: finds the files. */
DLLEXPORT WARN_UNUSED_RESULT FDBFuture* fdb_transaction_read_blob_granules_start(FDBTransaction* tr,
                                                                                 uint8_t const* begin_key_name,
                                                                                 int begin_key_name_length,
                                                                                 uint8_t const* end_key_name,
                                                                                 int end_key_name_length,
                                                                                 int64_t beginVersion,
                                                                                 int64_t readVersion,
                                                                                 int64_t* readVersionOut);

/* Second half of fdb_transaction_read_blob_granules: loads the files and reads them. */
DLLEXPORT WARN_UNUSED_RESULT FDBResult* fdb_transaction_read_blob_granules_finish(
    FDBTransaction* tr,
    FDBFuture* f,
    uint8_t const* begin_key_name,
    int begin_key_name_length,
    uint8_t const* end_key_name,
    int end_key_name_length,
    int64_t beginVersion,
    int64_t readVersion,
    FDBReadBlobGranuleContext* granuleContext);

/* ---- The embedded engine's own exports ---- */

/* Empties and forgets the in-memory database that "memory:NAME" opens; handles that are open
 * keep their data until they are closed.  NULL or "" is the database of "memory:". */
DLLEXPORT fdb_error_t fdb_embedded_drop(const char* name);

/* How late the reads, read versions and commits of the database are answered, through all its
 * handles: "off", "on" (0-2ms), "1ms", "0-2ms", "on,seed=7" (see docs/guides/late-answers.md).  A database
 * starts with what the environment variable FDB_EMBEDDED_LATENCY says, in the same forms.  2006 for
 * another form. */
DLLEXPORT fdb_error_t fdb_embedded_set_latency(FDBDatabase* d, const char* setting);

/* What goes wrong in the database from now on, through all its handles: rules in the form of
 * docs/guides/faults.md, NULL or "" for nothing.  A database starts with what the environment variable
 * FDB_EMBEDDED_FAULTS says, in the same form.  `text`, of `capacity` bytes, receives what has to be
 * given to have the same faults again, with the seed; or, with 2006, what is wrong with the rules. */
DLLEXPORT fdb_error_t fdb_embedded_set_faults(FDBDatabase* d, const char* rules, char* text, int capacity);

/* Tells in JSON which faults the database has and which have happened (docs/guides/faults.md). */
DLLEXPORT fdb_error_t fdb_embedded_faults(FDBDatabase* d, char* text, int capacity);

/* Lets the next operation of the transaction that the fault applies to meet it, once: one rule
 * without p, nth, every and times.  NULL or "" takes back what was not met.  2006 for another text. */
DLLEXPORT fdb_error_t fdb_embedded_inject(FDBTransaction* tr, const char* fault);

/* Moves the clock of the database, for tests; through all its handles (docs/guides/testing.md). `action`: 0 asks, 1 moves
 * it on by `micros` (at most a year), 2 lets it stand (`micros` other than 0: a wait that only time can end moves it on to
 * its end), 3 lets it run again. `out`, which may be NULL, receives the time by it since the database was opened, in
 * microseconds; of action 4 it receives 1 if the clock stands, else 0. 1 blocks until the network thread has run what became due,
 * unless it is called on that thread. 2006 for another action or time. */
DLLEXPORT fdb_error_t fdb_embedded_clock(FDBDatabase* d, int action, int64_t micros, int64_t* out);

/* Cuts the key space of the database into shards, in one commit, for programs that ask where keys are: `begins` ascend, below
 * \xff, and there is always a shard from the empty key on. `addresses[i]` says who holds the i-th, as "ip:port[,ip:port...]"; NULL
 * there, or instead of all, is the only process. With a count of 0 there is one shard again. 2006 for anything else; otherwise
 * the error of the commit. In a file it blocks until the boundaries are on disk; the addresses are kept in memory alone. */
DLLEXPORT fdb_error_t fdb_embedded_set_shards(FDBDatabase* d,
                                              int count,
                                              FDBKey const* begins,
                                              char const* const* addresses);

/* The error that everything done with the database gets, 0 if there is none.  `text`, of `capacity`
 * bytes, receives what there is to say about it: zero-terminated, and cut off where it does not fit. */
DLLEXPORT fdb_error_t fdb_embedded_problem(FDBDatabase* d, char* text, int capacity);

/* How far a tool for files is, in units of its own; called often, on the thread that called the tool.
 * 0 ends the tool, which then fails with 1101. */
typedef int (*FDBEmbeddedProgress)(void* context, int64_t done, int64_t total);

/* The tools for files.  They block, and want an API version selected, but no network.  `progress` may
 * be NULL.  `text`, of `capacity` bytes, receives a report in JSON (docs/explanation/file-format.md), or what
 * went wrong where the result is not 0; zero-terminated, and cut off where it does not fit. */

/* Writes what the database holds now into a new file `target`, also while it is in use. */
DLLEXPORT fdb_error_t fdb_embedded_backup(FDBDatabase* d,
                                          const char* target,
                                          FDBEmbeddedProgress progress,
                                          void* context,
                                          char* text,
                                          int capacity);

/* Reads all of a file that is not in use. 0 also where the report names damage. */
DLLEXPORT fdb_error_t fdb_embedded_check(const char* path,
                                         FDBEmbeddedProgress progress,
                                         void* context,
                                         char* text,
                                         int capacity);

/* Moves everything of a file that is not in use into as few pages as possible. */
DLLEXPORT fdb_error_t fdb_embedded_compact(const char* path,
                                           FDBEmbeddedProgress progress,
                                           void* context,
                                           char* text,
                                           int capacity);

/* Says what a file that is not in use is, without reading its data. */
DLLEXPORT fdb_error_t fdb_embedded_info(const char* path, char* text, int capacity);

#ifdef __cplusplus
}
#endif

#endif
