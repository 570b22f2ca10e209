/*
 * The layer between Python and any library with the C ABI of libfdb_c.
 *
 * A library is an object: opened by path, private to its handle (RTLD_LOCAL), never unloaded, with
 * a table of its functions. The table is filled by name when a function is first needed, so a
 * library that lacks some of them still loads and only the call that needs one fails.
 *
 * Thread-safety: every function may be called from any thread. Nothing here touches Python or
 * needs the GIL. The cffi module and fdb._native.extension both compile it into themselves, and it has
 * no variables of its own, so an address made by one is good in the other.
 *
 * Invariants:
 *  1. A callback from the library only unlinks subscriptions, posts semaphores and wakes a
 *     descriptor: no allocation, no Python, no call back into the library.
 *  2. A subscription fires at most once, and never after shim_signal_remove returned.
 *  3. Lock order: signal, then queue.
 */
#pragma once

#ifndef FDB_API_VERSION
#define FDB_API_VERSION 740
#endif
#include <foundationdb/fdb_c_internal.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

/* ---- libraries ---- */

/* Every function of the ABI under its own name and with its own type; NULL until first needed. */
typedef struct shim_functions {
#define FDB_FUNCTION(result, name, parameters) result(*name) parameters;
#include "generated/functions.h"
#undef FDB_FUNCTION
} shim_functions;

typedef struct shim_library {
    void *handle;
    shim_functions functions;
} shim_library;

/* Opens the library at `path` (a plain name goes through the loader's search path). On failure
 * returns NULL and stores the loader's own message in `message`, cut to fit. */
shim_library *shim_open(const char *path, char *message, size_t message_size);

/* Stores the file that the library came from, cut to fit; 0 when the loader cannot tell. */
int shim_path(shim_library *library, char *path, size_t path_size);

/* Finds a function by its name and enters it in the table; NULL if the library has none. */
void *shim_bind(shim_library *library, const char *name);

/* As shim_bind, for a known place in the table (an offset into shim_functions). */
void *shim_bind_at(shim_library *library, size_t offset, const char *name);

/* The function at a known place in the table, bound if need be; NULL if the library has none. */
static inline void *shim_find(shim_library *library, size_t offset, const char *name) {
    void *function = __atomic_load_n((void **)((char *)&library->functions + offset), __ATOMIC_RELAXED);
    return function != NULL ? function : shim_bind_at(library, offset, name);
}

/* The function `name` of the library with its own type; NULL if the library has none. */
#define SHIM_FUNCTION(library, name)                                                                         \
    ((__typeof__((library)->functions.name))shim_find((library), offsetof(shim_functions, name), #name))

/* Runs fdb_run_network on this thread with every signal blocked, so that Ctrl-C reaches Python. */
fdb_error_t shim_run_network(shim_library *library);

/* ---- waiting ---- */

/* A place where one thread waits. Lives on that thread's stack. */
typedef struct shim_waiter shim_waiter;

/* A queue of tokens with a descriptor that is readable while the queue is not empty. */
typedef struct shim_queue shim_queue;

/* The wish to be told once that a future is ready: either `waiter` or `queue` is set. */
typedef struct shim_subscription {
    struct shim_subscription *next;
    shim_waiter *waiter;
    shim_queue *queue;
    intptr_t token;
} shim_subscription;

/* What the single callback registered on a pending future leads to. Counted: one reference for
 * the owner of the future and one for the callback. */
typedef struct shim_signal shim_signal;

/* Registers the callback on `future`. NULL when out of memory or when the library refuses. */
shim_signal *shim_signal_create(shim_library *library, FDBFuture *future);

/* Gives up the owner's reference. Subscriptions made before still fire. */
void shim_signal_release(shim_signal *signal);

/* Adds a subscription; 0 when the future is ready already (it will not fire then). */
int shim_signal_add(shim_signal *signal, shim_subscription *subscription);

/* Withdraws a subscription of a waiter, fired or not. Its memory is the caller's again. */
void shim_signal_remove(shim_signal *signal, shim_subscription *subscription);

/* Adds a subscription for `queue` on the heap; 1 added, 0 ready already, -1 out of memory. */
int shim_signal_add_queue(shim_signal *signal, shim_queue *queue, intptr_t token);

enum { SHIM_POSTED = 0, SHIM_TIMED_OUT = 1, SHIM_INTERRUPTED = 2 };

/* The storage of a waiter: large enough for a semaphore of every platform. */
struct shim_waiter {
#if defined(__linux__)
    long long storage[8];
#else
    pthread_mutex_t mutex;
    pthread_cond_t condition;
    int posts;
#endif
};

void shim_waiter_init(shim_waiter *waiter);
void shim_waiter_destroy(shim_waiter *waiter);
void shim_waiter_post(shim_waiter *waiter);

/* Waits for a post, at most `milliseconds` (for ever if negative). SHIM_INTERRUPTED when a signal
 * handler ran on this thread meanwhile. */
int shim_waiter_wait(shim_waiter *waiter, int milliseconds);

/* ---- queues ---- */

shim_queue *shim_queue_create(void);

/* Gives up the creator's reference; tokens that arrive afterwards are dropped. */
void shim_queue_close(shim_queue *queue);

/* The descriptor to watch for reading. */
int shim_queue_descriptor(shim_queue *queue);

/* Adds a token from any thread; -1 when out of memory. */
int shim_queue_push(shim_queue *queue, intptr_t token);

/* Detaches at most `limit` subscriptions, oldest first, and stores how many; their tokens are what has
 * arrived. Each holds a reference to the queue. To be given to one of the two functions below. */
shim_subscription *shim_queue_detach(shim_queue *queue, size_t limit, size_t *count);

/* Frees what was detached. */
void shim_queue_dispose(shim_queue *queue, shim_subscription *detached);

/* Puts back what was detached, as the oldest; frees it if the queue was closed. */
void shim_queue_attach(shim_queue *queue, shim_subscription *detached);

/* Blocks until the queue is not empty; SHIM_INTERRUPTED after a signal handler ran. */
int shim_queue_wait(shim_queue *queue);
