/* What the benchmarks in C share: a client of one database, pairs of 16 + 100 bytes, and one way to end: exit(1) with a message.
 *
 * The only transaction functions that leave a transaction without destroying it are those that say so. */
#ifndef BENCHMARKS_CLIENT_H
#define BENCHMARKS_CLIENT_H

#define FDB_API_VERSION 740
#include <foundationdb/fdb_c.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { KEY_BYTES = 16, VALUE_BYTES = 100, FILL_BATCH = 1000 };

static const uint8_t kValue[VALUE_BYTES + 1] =
    "vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv";

typedef struct {
    FDBDatabase *db;
    pthread_t network;
} Client;

static inline void check(fdb_error_t error, const char *what) {
    if (error) {
        fprintf(stderr, "%s: %s (%d)\n", what, fdb_get_error(error), error);
        exit(1);
    }
}

static inline void expect(int condition, const char *what) {
    if (!condition) {
        fprintf(stderr, "%s: wrong answer\n", what);
        exit(1);
    }
}

static inline void *run_network(void *unused) {
    check(fdb_run_network(), "run_network");
    return unused;
}

static inline Client open_client(const char *name) {
    Client client;
    check(fdb_select_api_version(FDB_API_VERSION), "select_api_version");
    check(fdb_setup_network(), "setup_network");
    if (pthread_create(&client.network, NULL, run_network, NULL) != 0) {
        fprintf(stderr, "no thread for the network\n");
        exit(1);
    }
    check(fdb_create_database(name, &client.db), "create_database");
    return client;
}

static inline void close_client(Client client) {
    fdb_database_destroy(client.db);
    check(fdb_stop_network(), "stop_network");
    pthread_join(client.network, NULL);
}

static inline FDBTransaction *begin(FDBDatabase *db) {
    FDBTransaction *tr;
    check(fdb_database_create_transaction(db, &tr), "create_transaction");
    return tr;
}

/* The number in decimal, so that keys are in the order of their numbers; cheaper than a printf, which would be measured, too. */
static inline void key_of(int64_t number, uint8_t *key) {
    for (int place = KEY_BYTES - 1; place >= 0; place--, number /= 10) {
        key[place] = (uint8_t)('0' + number % 10);
    }
}

/* Waits and ends the program if the future failed. */
static inline void wait_for(FDBFuture *future, const char *what) {
    check(fdb_future_block_until_ready(future), what);
    check(fdb_future_get_error(future), what);
    fdb_future_destroy(future);
}

static inline FDBFuture *ask_number(FDBTransaction *tr, int64_t number, fdb_bool_t snapshot) {
    uint8_t key[KEY_BYTES];
    key_of(number, key);
    return fdb_transaction_get(tr, key, KEY_BYTES, snapshot);
}

/* Whether the key is present; looks at the value. */
static inline int take_value(FDBFuture *read) {
    const uint8_t *value;
    int length;
    fdb_bool_t present;
    check(fdb_future_block_until_ready(read), "get");
    check(fdb_future_get_value(read, &present, &value, &length), "get");
    int found = present && length == VALUE_BYTES && value[length - 1] == 'v';
    fdb_future_destroy(read);
    return found;
}

static inline void set_number(FDBTransaction *tr, int64_t number) {
    uint8_t key[KEY_BYTES];
    key_of(number, key);
    fdb_transaction_set(tr, key, KEY_BYTES, kValue, VALUE_BYTES);
}

/* Commits; the transaction is there afterwards. */
static inline void commit(FDBTransaction *tr) { wait_for(fdb_transaction_commit(tr), "commit"); }

/* Reads `rows` rows from a number on, in one batch; 1 if all were there. */
static inline int read_rows(FDBTransaction *tr, int64_t number, int rows) {
    const FDBKeyValue *found;
    int count;
    fdb_bool_t more;
    uint8_t begin_key[KEY_BYTES];
    key_of(number, begin_key);
    FDBFuture *read = fdb_transaction_get_range(tr, begin_key, KEY_BYTES, 0, 1, (const uint8_t *)"\xff", 1, 0,
                                                1, rows, 0, FDB_STREAMING_MODE_EXACT, 1, 0, 0);
    check(fdb_future_block_until_ready(read), "get_range");
    check(fdb_future_get_keyvalue_array(read, &found, &count, &more), "get_range");
    int64_t sum = 0;
    for (int row = 0; row < count; row++) {
        sum += found[row].key_length + found[row].value_length;
    }
    fdb_future_destroy(read);
    return count == rows && sum == (int64_t)rows * (KEY_BYTES + VALUE_BYTES);
}

/* Stores pairs [0, count), in the order of their keys or, with a stride that has no factor in common with the count, not. */
static inline void fill(FDBDatabase *db, int64_t count, int64_t stride) {
    for (int64_t first = 0; first < count; first += FILL_BATCH) {
        FDBTransaction *tr = begin(db);
        for (int64_t number = first; number < count && number < first + FILL_BATCH; number++) {
            set_number(tr, number * stride % count);
        }
        commit(tr);
        fdb_transaction_destroy(tr);
    }
}

static inline int has_number(FDBDatabase *db, int64_t number) {
    FDBTransaction *tr = begin(db);
    int found = take_value(ask_number(tr, number, 0));
    fdb_transaction_destroy(tr);
    return found;
}

static inline double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

#endif
