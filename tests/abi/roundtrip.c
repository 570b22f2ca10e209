/*
 * A program of FoundationDB's C API, without Python: writes a row, reads it back in a second
 * transaction and by a range read, and ends the network.  Compiled at several API versions, it
 * goes through the functions whose form changed over time.
 *
 * Argument: a cluster file or an embedded database's name.  Exit code 0: everything agreed.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <foundationdb/fdb_c.h>

static void check(fdb_error_t error, const char *what) {
    if (error) {
        fprintf(stderr, "%s: %s (%d)\n", what, fdb_get_error(error), error);
        exit(1);
    }
}

static void expect(int holds, const char *what) {
    if (!holds) {
        fprintf(stderr, "does not hold: %s\n", what);
        exit(1);
    }
}

static void *run_network(void *unused) {
    check(fdb_run_network(), "fdb_run_network");
    return unused;
}

/* Waits for a future and checks that it holds no error. */
static FDBFuture *wait_for(FDBFuture *future, const char *what) {
    check(fdb_future_block_until_ready(future), what);
#if FDB_API_VERSION >= 23
    check(fdb_future_get_error(future), what);
#else
    expect(!fdb_future_is_error(future), what);
#endif
    return future;
}

#if FDB_API_VERSION < 610
static FDBDatabase *open_database(const char *cluster_file) {
    FDBCluster *cluster;
    FDBDatabase *database;
    FDBFuture *future = wait_for(fdb_create_cluster(cluster_file), "fdb_create_cluster");
    check(fdb_future_get_cluster(future, &cluster), "fdb_future_get_cluster");
    fdb_future_destroy(future);
    check(fdb_cluster_set_option(cluster, FDB_CLUSTER_OPTION_DUMMY_DO_NOT_USE, NULL, 0),
          "fdb_cluster_set_option");
    future = wait_for(fdb_cluster_create_database(cluster, (const uint8_t *)"DB", 2),
                      "fdb_cluster_create_database");
    check(fdb_future_get_database(future, &database), "fdb_future_get_database");
    fdb_future_destroy(future);
    fdb_cluster_destroy(cluster);
    return database;
}
#else
static FDBDatabase *open_database(const char *cluster_file) {
    FDBDatabase *database;
    check(fdb_create_database(cluster_file, &database), "fdb_create_database");
    return database;
}
#endif

static const uint8_t *const KEY = (const uint8_t *)"abi/roundtrip";
enum { KEY_LENGTH = 13 };

static void write_row(FDBDatabase *database) {
    FDBTransaction *transaction;
    int64_t version = -1;
    check(fdb_database_create_transaction(database, &transaction), "create_transaction");
    fdb_transaction_set(transaction, KEY, KEY_LENGTH, (const uint8_t *)"value", 5);
    fdb_future_destroy(wait_for(fdb_transaction_commit(transaction), "commit"));
    check(fdb_transaction_get_committed_version(transaction, &version), "committed_version");
    expect(version > 0, "a commit has a version");
    fdb_transaction_destroy(transaction);
}

static void read_value(FDBTransaction *transaction) {
    fdb_bool_t present = 0;
    const uint8_t *value = NULL;
    int length = 0;
#if FDB_API_VERSION >= 14
    FDBFuture *future = fdb_transaction_get(transaction, KEY, KEY_LENGTH, 0);
#else
    FDBFuture *future = fdb_transaction_get(transaction, KEY, KEY_LENGTH);
#endif
    check(fdb_future_get_value(wait_for(future, "get"), &present, &value, &length), "get_value");
    expect(present && length == 5 && memcmp(value, "value", 5) == 0, "the value is what was set");
    fdb_future_destroy(future);
}

static void read_range(FDBTransaction *transaction) {
    const FDBKeyValue *rows = NULL;
    int count = 0;
    const uint8_t *end = (const uint8_t *)"abi0";
#if FDB_API_VERSION >= 14
    fdb_bool_t more = 1;
    FDBFuture *future = fdb_transaction_get_range(
        transaction, FDB_KEYSEL_FIRST_GREATER_OR_EQUAL(KEY, KEY_LENGTH),
        FDB_KEYSEL_FIRST_GREATER_OR_EQUAL(end, 4), 0, 0, FDB_STREAMING_MODE_WANT_ALL, 1, 0, 0);
    check(fdb_future_get_keyvalue_array(wait_for(future, "get_range"), &rows, &count, &more), "rows");
    expect(!more, "a range of one row comes at once");
#else
    FDBFuture *future = fdb_transaction_get_range(transaction, KEY, KEY_LENGTH, end, 4, 10);
    check(fdb_future_get_keyvalue_array(wait_for(future, "get_range"), &rows, &count), "rows");
#endif
    expect(count == 1, "the range holds one row");
    expect(rows[0].key_length == KEY_LENGTH && memcmp(rows[0].key, KEY, KEY_LENGTH) == 0, "its key");
    expect(rows[0].value_length == 5 && memcmp(rows[0].value, "value", 5) == 0, "its value");
    fdb_future_destroy(future);
}

static void read_version(FDBTransaction *transaction) {
    int64_t version = 0;
    FDBFuture *future = wait_for(fdb_transaction_get_read_version(transaction), "read_version");
#if FDB_API_VERSION < 620
    check(fdb_future_get_version(future, &version), "fdb_future_get_version");
#else
    check(fdb_future_get_int64(future, &version), "fdb_future_get_int64");
#endif
    expect(version > 0, "a read version is positive");
    fdb_future_destroy(future);
}

static void clear_row(FDBTransaction *transaction) {
    fdb_transaction_clear(transaction, KEY, KEY_LENGTH);
    fdb_future_destroy(wait_for(fdb_transaction_commit(transaction), "commit of a clear"));
}

int main(int argc, char **argv) {
    pthread_t network;
    FDBTransaction *transaction;
    FDBDatabase *database;
    expect(argc == 2, "one argument, the database");
    check(fdb_select_api_version_capped(FDB_API_VERSION), "fdb_select_api_version");
#if FDB_API_VERSION >= 14
    check(fdb_setup_network(), "fdb_setup_network");
#else
    check(fdb_setup_network(NULL), "fdb_setup_network");
#endif
    pthread_create(&network, NULL, run_network, NULL);
    database = open_database(argv[1]);
    write_row(database);
    check(fdb_database_create_transaction(database, &transaction), "create_transaction");
    /* First: a range read that meets a row which the transaction knows already comes in parts. */
    read_range(transaction);
    read_value(transaction);
    read_version(transaction);
    clear_row(transaction);
    fdb_transaction_destroy(transaction);
    fdb_database_destroy(database);
    check(fdb_stop_network(), "fdb_stop_network");
    pthread_join(network, NULL);
    puts("ok");
    return 0;
}
