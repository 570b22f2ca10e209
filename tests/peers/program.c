/* A C program written for the vendor's client library, linked with -lfdb_c. */
#define FDB_API_VERSION 740
#include <foundationdb/fdb_c.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check(fdb_error_t error, const char *what) {
    if (error) {
        fprintf(stderr, "%s: %s (%d)\n", what, fdb_get_error(error), error);
        exit(1);
    }
}

static void require(int holds, const char *what) {
    if (!holds) {
        fprintf(stderr, "not true: %s\n", what);
        exit(1);
    }
}

static void *run_network(void *unused) {
    check(fdb_run_network(), "run_network");
    return unused;
}

static void wait_for(FDBFuture *future, const char *what) {
    check(fdb_future_block_until_ready(future), what);
    check(fdb_future_get_error(future), what);
    fdb_future_destroy(future);
}

/* Raises a counter by reading and writing it, again and again until the commit succeeds. */
static void increment(FDBDatabase *db, const char *key) {
    FDBTransaction *tr;
    check(fdb_database_create_transaction(db, &tr), "create_transaction");
    for (;;) {
        FDBFuture *read = fdb_transaction_get(tr, (const uint8_t *)key, (int)strlen(key), 0);
        fdb_bool_t present;
        const uint8_t *value;
        int length;
        int64_t number = 0;
        fdb_error_t error = fdb_future_block_until_ready(read);
        if (!error) {
            error = fdb_future_get_value(read, &present, &value, &length);
        }
        if (!error && present) {
            memcpy(&number, value, sizeof(number));
        }
        fdb_future_destroy(read);
        if (!error) {
            FDBFuture *commit;
            number++;
            fdb_transaction_set(tr, (const uint8_t *)key, (int)strlen(key), (const uint8_t *)&number,
                                (int)sizeof(number));
            commit = fdb_transaction_commit(tr);
            error = fdb_future_block_until_ready(commit);
            if (!error) {
                error = fdb_future_get_error(commit);
            }
            fdb_future_destroy(commit);
        }
        if (!error) {
            break;
        }
        wait_for(fdb_transaction_on_error(tr, error), "on_error");
    }
    fdb_transaction_destroy(tr);
}

static FDBDatabase *shared;

static void *worker(void *unused) {
    for (int turn = 0; turn < 100; turn++) {
        increment(shared, "counter");
    }
    return unused;
}

static void read_range(FDBDatabase *db) {
    FDBTransaction *tr;
    FDBFuture *rows;
    const FDBKeyValue *pairs;
    int count;
    fdb_bool_t more;
    check(fdb_database_create_transaction(db, &tr), "create_transaction");
    for (int number = 0; number < 50; number++) {
        char key[16];
        int length = snprintf(key, sizeof(key), "row%03d", number);
        fdb_transaction_set(tr, (const uint8_t *)key, length, (const uint8_t *)"v", 1);
    }
    rows = fdb_transaction_get_range(tr, FDB_KEYSEL_FIRST_GREATER_OR_EQUAL((const uint8_t *)"row", 3),
                                     FDB_KEYSEL_FIRST_GREATER_OR_EQUAL((const uint8_t *)"rox", 3), 20, 0,
                                     FDB_STREAMING_MODE_WANT_ALL, 0, 0, 1);
    check(fdb_future_block_until_ready(rows), "get_range");
    check(fdb_future_get_keyvalue_array(rows, &pairs, &count, &more), "get_keyvalue_array");
    require(count == 20 && more, "20 rows and more");
    require(pairs[0].key_length == 6 && !memcmp(pairs[0].key, "row049", 6), "the last row first");
    fdb_future_destroy(rows);
    wait_for(fdb_transaction_commit(tr), "commit");
    fdb_transaction_destroy(tr);
}

static void watch(FDBDatabase *db) {
    FDBTransaction *tr;
    FDBFuture *changed;
    check(fdb_database_create_transaction(db, &tr), "create_transaction");
    changed = fdb_transaction_watch(tr, (const uint8_t *)"counter", 7);
    wait_for(fdb_transaction_commit(tr), "commit");
    require(!fdb_future_is_ready(changed), "nothing has changed yet");
    increment(db, "counter");
    wait_for(changed, "watch");
    fdb_transaction_destroy(tr);
}

int main(int argc, char **argv) {
    pthread_t network, threads[4];
    FDBTransaction *tr;
    FDBFuture *read;
    fdb_bool_t present;
    const uint8_t *value;
    int length;
    int64_t number;

    check(fdb_select_api_version(FDB_API_VERSION), "select_api_version");
    check(fdb_setup_network(), "setup_network");
    require(pthread_create(&network, NULL, run_network, NULL) == 0, "a thread");
    check(fdb_create_database(argc > 1 ? argv[1] : "memory:c", &shared), "create_database");
    for (int i = 0; i < 4; i++) {
        require(pthread_create(&threads[i], NULL, worker, NULL) == 0, "a thread");
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
    }
    check(fdb_database_create_transaction(shared, &tr), "create_transaction");
    read = fdb_transaction_get(tr, (const uint8_t *)"counter", 7, 0);
    check(fdb_future_block_until_ready(read), "get");
    check(fdb_future_get_value(read, &present, &value, &length), "get_value");
    require(present && length == 8, "the counter is there");
    memcpy(&number, value, sizeof(number));
    require(number == 400, "no increment was lost");
    fdb_future_destroy(read);
    fdb_transaction_destroy(tr);
    read_range(shared);
    watch(shared);
    fdb_database_destroy(shared);
    check(fdb_stop_network(), "stop_network");
    pthread_join(network, NULL);
    printf("C: 400 increments, range, watch\n");
    return 0;
}
