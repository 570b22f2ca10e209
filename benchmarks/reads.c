/* Reads from C, for benchmarks/instructions.py to count what a read costs: reads DATABASE get|scan COUNT
 *
 * Fills the database if it is empty, reads all of it once, and then reads COUNT keys, or COUNT times all rows. */
#define FDB_API_VERSION 740
#include <foundationdb/fdb_c.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 10000, BATCH = 1000, KEY_BYTES = 16, VALUE_BYTES = 100 };

static void check(fdb_error_t error, const char *what) {
    if (error) {
        fprintf(stderr, "%s: %s (%d)\n", what, fdb_get_error(error), error);
        exit(1);
    }
}

static void *run_network(void *unused) {
    check(fdb_run_network(), "run_network");
    return unused;
}

static void key_of(int number, uint8_t *key) {
    char text[KEY_BYTES + 1];
    snprintf(text, sizeof(text), "%016d", number);
    memcpy(key, text, KEY_BYTES);
}

static FDBTransaction *transaction(FDBDatabase *db) {
    FDBTransaction *tr;
    check(fdb_database_create_transaction(db, &tr), "create_transaction");
    return tr;
}

static void fill(FDBDatabase *db) {
    uint8_t key[KEY_BYTES], value[VALUE_BYTES];
    memset(value, 'v', sizeof(value));
    for (int first = 0; first < ROWS; first += BATCH) {
        FDBTransaction *tr = transaction(db);
        for (int number = first; number < first + BATCH; number++) {
            key_of(number, key);
            fdb_transaction_set(tr, key, KEY_BYTES, value, VALUE_BYTES);
        }
        FDBFuture *commit = fdb_transaction_commit(tr);
        check(fdb_future_block_until_ready(commit), "commit");
        check(fdb_future_get_error(commit), "commit");
        fdb_future_destroy(commit);
        fdb_transaction_destroy(tr);
    }
}

static int get(FDBTransaction *tr, int number) {
    uint8_t key[KEY_BYTES];
    const uint8_t *value;
    int length;
    fdb_bool_t present;
    key_of(number, key);
    FDBFuture *read = fdb_transaction_get(tr, key, KEY_BYTES, 0);
    check(fdb_future_block_until_ready(read), "get");
    check(fdb_future_get_value(read, &present, &value, &length), "get");
    fdb_future_destroy(read);
    return present;
}

static int scan(FDBTransaction *tr) {
    uint8_t begin[KEY_BYTES + 1];
    int begin_length = 0, rows = 0, count = 0;
    fdb_bool_t more = 1;
    while (more) {
        const FDBKeyValue *found;
        FDBFuture *read = fdb_transaction_get_range(tr, begin, begin_length, 0, 1, (const uint8_t *)"\xff", 1,
                                                    0, 1, 0, 0, FDB_STREAMING_MODE_WANT_ALL, 1, 0, 0);
        check(fdb_future_block_until_ready(read), "get_range");
        check(fdb_future_get_keyvalue_array(read, &found, &count, &more), "get_range");
        rows += count;
        if (count > 0) {
            begin_length = found[count - 1].key_length;
            memcpy(begin, found[count - 1].key, (size_t)begin_length);
            begin[begin_length++] = 0;
        }
        fdb_future_destroy(read);
    }
    return rows;
}

int main(int argc, char **argv) {
    pthread_t network;
    FDBDatabase *db;
    if (argc != 4) {
        return 2;
    }
    int count = atoi(argv[3]);
    check(fdb_select_api_version(FDB_API_VERSION), "select_api_version");
    check(fdb_setup_network(), "setup_network");
    if (pthread_create(&network, NULL, run_network, NULL) != 0) {
        return 1;
    }
    check(fdb_create_database(argv[1], &db), "create_database");
    FDBTransaction *tr = transaction(db);
    if (!get(tr, 0)) {
        fill(db);
    }
    fdb_transaction_destroy(tr);
    tr = transaction(db);
    int rows = scan(tr);
    for (int turn = 0; turn < count; turn++) {
        rows = strcmp(argv[2], "get") == 0 ? rows * get(tr, turn * 7919 % ROWS) : scan(tr);
        if (rows != ROWS) {
            fprintf(stderr, "%d rows were read\n", rows);
            return 1;
        }
    }
    fdb_transaction_destroy(tr);
    fdb_database_destroy(db);
    check(fdb_stop_network(), "stop_network");
    return pthread_join(network, NULL);
}
