/*
 * A client library for tests: the C ABI with a scripted database behind it.
 *
 * Compiled by the tests with -DMAX_API_VERSION=... and -DSTUB_NAME="..." (its soname differs from
 * build to build); -DWITHOUT_TENANTS leaves out the tenant functions, as an old release would.
 *
 * The key that is read decides what happens:
 *   delay:MS...   the value (the key itself) arrives after MS milliseconds, on the network thread
 *   never...      nothing ever arrives
 *   error:CODE    the read fails, after a moment
 *   count:NAME    the value is a counter in decimal: see counted()
 *   absent...     the value is absent, at once
 *   anything else the value is the key, at once
 * A call with "hold" in its key, name or option value does not return until another has the option
 * value "release"; count:held tells how many there are.  One with "linger" takes a while.  A call for a
 * destroyed object aborts.
 * The tool fdb_embedded_check takes a number of steps that is its path, and reports that; "endless" is a path, too.
 * A commit takes effect at once.  A range read yields row0..row(limit or 7 in all), two rows a batch.
 */
#define _GNU_SOURCE /* memmem */
#define FDB_API_VERSION 740
#include <foundationdb/fdb_c_internal.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#ifndef MAX_API_VERSION
#define MAX_API_VERSION 740
#endif

enum { CALLBACKS = 8, ROWS_A_BATCH = 2, ROWS_IN_ALL = 7 };

typedef struct stub_future {
    struct stub_future *next;
    int ready;
    int calling_back; /* the network thread still needs it */
    int destroyed;
    int present;
    fdb_error_t error;
    long long due; /* milliseconds; -1 never */
    char value[256];
    int value_length;
    int64_t number;
    FDBKeyValue rows[ROWS_A_BATCH];
    char row_texts[ROWS_A_BATCH][16];
    int row_count;
    int more;
    int callback_count;
    FDBCallback callbacks[CALLBACKS];
    void *parameters[CALLBACKS];
} stub_future;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static stub_future *pending;
static int selected, set_up, stopped;
static int live_futures, live_transactions, live_databases, live_tenants, range_requests, cancellations;

/* What databases, tenants and transactions are.  Those destroyed are kept, to know them again. */
typedef struct stub_object {
    struct stub_object *next;
    int alive;
} stub_object;

static stub_object *destroyed_objects;
static int held, releases;
static char status_text[16]; /* given to get_client_status by an option value that begins with status: */

static void *new_object(void) {
    stub_object *object = malloc(sizeof(*object));
    object->alive = 1;
    return object;
}

static void destroy_object(void *pointer) {
    stub_object *object = pointer;
    pthread_mutex_lock(&mutex);
    object->alive = 0;
    object->next = destroyed_objects;
    destroyed_objects = object;
    pthread_mutex_unlock(&mutex);
}

static int contains(uint8_t const *text, int length, const char *word) {
    return text != NULL && memmem(text, (size_t)length, word, strlen(word)) != NULL;
}

/* What every call for `object` does with the text it is given. */
static void call_for(void *object, uint8_t const *text, int length) {
    if (contains(text, length, "linger")) {
        usleep(1000);
    }
    pthread_mutex_lock(&mutex);
    if (contains(text, length, "release")) {
        releases++;
        pthread_cond_broadcast(&changed);
    } else if (contains(text, length, "hold")) {
        int before = releases;
        held++;
        while (releases == before) {
            pthread_cond_wait(&changed, &mutex);
        }
        held--;
    }
    if (!((stub_object *)object)->alive) {
        abort();
    }
    pthread_mutex_unlock(&mutex);
}

static void count(int *counter, int step) {
    pthread_mutex_lock(&mutex);
    *counter += step;
    pthread_mutex_unlock(&mutex);
}

static long long now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (long long)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/* A future that becomes ready after `delay` milliseconds (-1 never), once `start` was called. */
static stub_future *new_future(long long delay) {
    stub_future *future = calloc(1, sizeof(*future));
    future->due = delay < 0 ? -1 : now() + delay;
    future->ready = delay == 0;
    future->present = 1;
    return future;
}

static FDBFuture *start(stub_future *future) {
    pthread_mutex_lock(&mutex);
    live_futures++;
    if (!future->ready) {
        future->next = pending;
        pending = future;
        pthread_cond_signal(&changed);
    }
    pthread_mutex_unlock(&mutex);
    return (FDBFuture *)future;
}

/* Called on the network thread with the mutex held, which it releases while calling back. */
static void finish(stub_future *future) {
    future->ready = 1;
    future->calling_back = 1;
    pthread_mutex_unlock(&mutex);
    for (int i = 0; i < future->callback_count; i++) {
        future->callbacks[i]((FDBFuture *)future, future->parameters[i]);
    }
    pthread_mutex_lock(&mutex);
    future->calling_back = 0;
    if (future->destroyed) {
        live_futures--;
        free(future);
    }
}

/* ---- the library ---- */

int fdb_get_max_api_version(void) { return MAX_API_VERSION; }
const char *fdb_get_client_version(void) { return selected ? "9.9.9,stub,fdb00b074000000" : (abort(), ""); }
const char *fdb_get_error(fdb_error_t code) { return code ? "stub error" : "Success"; }
fdb_bool_t fdb_error_predicate(int test, fdb_error_t code) { return test == 50000 && code == 1020; }

fdb_error_t fdb_select_api_version_impl(int runtime_version, int header_version) {
    if (selected) {
        return 2201;
    }
    if (header_version > MAX_API_VERSION || runtime_version > header_version) {
        return 2203;
    }
    selected = header_version;
    return 0;
}

fdb_error_t fdb_network_set_option(FDBNetworkOption option, uint8_t const *value, int length) {
    (void)value;
    (void)length;
    return option == 999999 ? 2007 : 0;
}

fdb_error_t fdb_setup_network(void) {
    fdb_error_t error = set_up ? 2009 : 0;
    set_up = 1;
    return error;
}

fdb_error_t fdb_run_network(void) {
    pthread_mutex_lock(&mutex);
    while (!stopped) {
        stub_future **place = &pending;
        while (*place != NULL && ((*place)->due < 0 || (*place)->due > now())) {
            place = &(*place)->next;
        }
        if (*place != NULL) {
            stub_future *future = *place;
            *place = future->next;
            finish(future);
        } else {
            struct timespec deadline;
            clock_gettime(CLOCK_REALTIME, &deadline);
            deadline.tv_nsec += 1000000;
            if (deadline.tv_nsec >= 1000000000) {
                deadline.tv_nsec -= 1000000000;
                deadline.tv_sec++;
            }
            pthread_cond_timedwait(&changed, &mutex, &deadline);
        }
    }
    pthread_mutex_unlock(&mutex);
    return 0;
}

fdb_error_t fdb_stop_network(void) {
    pthread_mutex_lock(&mutex);
    stopped = 1;
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&mutex);
    return 0;
}

/* ---- futures ---- */

static void cancel_locked(stub_future *future) {
    if (!future->ready && future->error == 0) {
        future->error = 1101;
        future->due = 0;
        cancellations++;
        pthread_cond_signal(&changed);
    }
}

void fdb_future_cancel(FDBFuture *f) {
    pthread_mutex_lock(&mutex);
    cancel_locked((stub_future *)f);
    pthread_mutex_unlock(&mutex);
}

void fdb_future_destroy(FDBFuture *f) {
    stub_future *future = (stub_future *)f;
    pthread_mutex_lock(&mutex);
    if (future->ready && !future->calling_back) {
        live_futures--;
        free(future);
    } else {
        future->destroyed = 1;
        cancel_locked(future);
        future->due = 0;
    }
    pthread_mutex_unlock(&mutex);
}

fdb_bool_t fdb_future_is_ready(FDBFuture *f) {
    pthread_mutex_lock(&mutex);
    int ready = ((stub_future *)f)->ready;
    pthread_mutex_unlock(&mutex);
    return ready;
}

fdb_error_t fdb_future_set_callback(FDBFuture *f, FDBCallback callback, void *parameter) {
    stub_future *future = (stub_future *)f;
    pthread_mutex_lock(&mutex);
    int ready = future->ready;
    if (!ready) {
        future->callbacks[future->callback_count] = callback;
        future->parameters[future->callback_count++] = parameter;
    }
    pthread_mutex_unlock(&mutex);
    if (ready) {
        callback(f, parameter);
    }
    return 0;
}

fdb_error_t fdb_future_get_error(FDBFuture *f) {
    return ((stub_future *)f)->ready ? ((stub_future *)f)->error : 2015;
}

fdb_error_t fdb_future_get_int64(FDBFuture *f, int64_t *out) {
    *out = ((stub_future *)f)->number;
    return fdb_future_get_error(f);
}

fdb_error_t fdb_future_get_key(FDBFuture *f, uint8_t const **key, int *length) {
    *key = (uint8_t *)((stub_future *)f)->value;
    *length = ((stub_future *)f)->value_length;
    return fdb_future_get_error(f);
}

fdb_error_t fdb_future_get_value(FDBFuture *f, fdb_bool_t *present, uint8_t const **value, int *length) {
    *present = ((stub_future *)f)->present;
    return fdb_future_get_key(f, value, length);
}

fdb_error_t fdb_future_get_keyvalue_array(FDBFuture *f, FDBKeyValue const **rows, int *count,
                                          fdb_bool_t *more) {
    *rows = ((stub_future *)f)->rows;
    *count = ((stub_future *)f)->row_count;
    *more = ((stub_future *)f)->more;
    return fdb_future_get_error(f);
}

/* ---- databases and transactions ---- */

fdb_error_t fdb_create_database(const char *path, FDBDatabase **out) {
    (void)path;
    count(&live_databases, 1);
    *out = new_object();
    return 0;
}

void fdb_database_destroy(FDBDatabase *d) {
    count(&live_databases, -1);
    destroy_object(d);
}

fdb_error_t fdb_database_set_option(FDBDatabase *d, FDBDatabaseOption option, uint8_t const *value,
                                    int length) {
    (void)option;
    if (contains(value, length, "status:")) {
        snprintf(status_text, sizeof(status_text), "%.*s", length, (const char *)value);
    } else {
        call_for(d, value, length);
    }
    return 0;
}

FDBFuture *fdb_database_get_client_status(FDBDatabase *d) {
    call_for(d, (uint8_t const *)status_text, (int)strlen(status_text));
    return start(new_future(0));
}

fdb_error_t fdb_database_create_transaction(FDBDatabase *d, FDBTransaction **out) {
    call_for(d, NULL, 0);
    count(&live_transactions, 1);
    *out = new_object();
    return 0;
}

#ifndef WITHOUT_TENANTS
fdb_error_t fdb_database_open_tenant(FDBDatabase *d, uint8_t const *name, int length, FDBTenant **out) {
    call_for(d, name, length);
    count(&live_tenants, 1);
    *out = new_object();
    return 0;
}

void fdb_tenant_destroy(FDBTenant *tenant) {
    count(&live_tenants, -1);
    destroy_object(tenant);
}

FDBFuture *fdb_tenant_list_blobbified_ranges(FDBTenant *tenant, uint8_t const *begin, int begin_length,
                                             uint8_t const *end, int end_length, int limit) {
    (void)end, (void)end_length, (void)limit;
    call_for(tenant, begin, begin_length);
    return start(new_future(0));
}

fdb_error_t fdb_tenant_create_transaction(FDBTenant *tenant, FDBTransaction **out) {
    return fdb_database_create_transaction((FDBDatabase *)tenant, out);
}
#endif

void fdb_transaction_destroy(FDBTransaction *tr) {
    count(&live_transactions, -1);
    destroy_object(tr);
}

fdb_error_t fdb_transaction_set_option(FDBTransaction *tr, FDBTransactionOption option, uint8_t const *value,
                                       int length) {
    (void)option;
    call_for(tr, value, length);
    return 0;
}

static int counted(const char *name) {
    int value = -1;
    pthread_mutex_lock(&mutex);
    value = !strcmp(name, "futures")         ? live_futures
            : !strcmp(name, "transactions")  ? live_transactions
            : !strcmp(name, "databases")     ? live_databases
            : !strcmp(name, "tenants")       ? live_tenants
            : !strcmp(name, "held")          ? held
            : !strcmp(name, "ranges")        ? range_requests
            : !strcmp(name, "cancellations") ? cancellations
            : !strcmp(name, "selected")      ? selected
                                             : -1;
    pthread_mutex_unlock(&mutex);
    return value;
}

FDBFuture *fdb_transaction_get(FDBTransaction *tr, uint8_t const *key, int length, fdb_bool_t snapshot) {
    (void)tr, (void)snapshot;
    char text[256] = {0};
    memcpy(text, key, (size_t)(length < 255 ? length : 255));
    long long delay = 0;
    fdb_error_t error = 0;
    if (strncmp(text, "delay:", 6) == 0) {
        delay = atoi(text + 6);
    } else if (strncmp(text, "never", 5) == 0) {
        delay = -1;
    } else if (strncmp(text, "error:", 6) == 0) {
        delay = 1;
        error = atoi(text + 6);
    }
    if (strncmp(text, "count:", 6) == 0) {
        snprintf(text, sizeof(text), "%d", counted(text + 6));
        length = (int)strlen(text);
    }
    stub_future *future = new_future(delay);
    future->error = error;
    future->present = strncmp(text, "absent", 6) != 0;
    memcpy(future->value, text, sizeof(text));
    future->value_length = length;
    return start(future);
}

FDBFuture *fdb_transaction_get_key(FDBTransaction *tr, uint8_t const *key, int length, fdb_bool_t or_equal,
                                   int offset, fdb_bool_t snapshot) {
    (void)or_equal, (void)offset;
    return fdb_transaction_get(tr, key, length, snapshot);
}

FDBFuture *fdb_transaction_get_range(FDBTransaction *tr, uint8_t const *begin, int begin_length,
                                     fdb_bool_t begin_or_equal, int begin_offset, uint8_t const *end,
                                     int end_length, fdb_bool_t end_or_equal, int end_offset, int limit,
                                     int target_bytes, FDBStreamingMode mode, int iteration,
                                     fdb_bool_t snapshot, fdb_bool_t reverse) {
    (void)tr, (void)begin, (void)begin_length, (void)begin_or_equal, (void)begin_offset, (void)end,
        (void)end_length;
    (void)end_or_equal, (void)end_offset, (void)target_bytes, (void)mode, (void)snapshot, (void)reverse;
    stub_future *future = new_future(begin_length > 4 ? 5 : 0);
    int before = (iteration - 1) * ROWS_A_BATCH;
    int wanted = limit > 0 && limit < ROWS_IN_ALL - before ? limit : ROWS_IN_ALL - before;
    future->row_count = wanted < ROWS_A_BATCH ? wanted : ROWS_A_BATCH;
    future->more = wanted > ROWS_A_BATCH;
    for (int i = 0; i < future->row_count; i++) {
        snprintf(future->row_texts[i], sizeof(future->row_texts[i]), "row%d", before + i);
        future->rows[i].key = future->rows[i].value = (uint8_t *)future->row_texts[i];
        future->rows[i].key_length = future->rows[i].value_length = (int)strlen(future->row_texts[i]);
    }
    count(&range_requests, 1);
    return start(future);
}

FDBFuture *fdb_transaction_get_read_version(FDBTransaction *tr) {
    (void)tr;
    return start(new_future(1));
}

FDBFuture *fdb_transaction_watch(FDBTransaction *tr, uint8_t const *key, int length) {
    return fdb_transaction_get(tr, key, length, 0);
}

void fdb_transaction_set(FDBTransaction *tr, uint8_t const *key, int key_length, uint8_t const *value,
                         int value_length) {
    (void)tr, (void)key, (void)key_length, (void)value, (void)value_length;
}

FDBFuture *fdb_transaction_commit(FDBTransaction *tr) {
    (void)tr;
    return start(new_future(1));
}

FDBFuture *fdb_transaction_on_error(FDBTransaction *tr, fdb_error_t error) {
    (void)tr;
    stub_future *future = new_future(1);
    future->error = error == 1020 ? 0 : error;
    return start(future);
}

void fdb_transaction_reset(FDBTransaction *tr) { (void)tr; }
void fdb_transaction_cancel(FDBTransaction *tr) { (void)tr; }

fdb_error_t fdb_embedded_check(const char *path, FDBEmbeddedProgress progress, void *context, char *text,
                               int capacity) {
    int steps = atoi(path);
    for (int done = 1; steps == 0 || done <= steps; done++) {
        if (!progress(context, done, steps)) {
            snprintf(text, (size_t)capacity, "stopped at step %d", done);
            return 1101;
        }
        usleep(100);
    }
    snprintf(text, (size_t)capacity, "%s", path);
    return 0;
}
