/*
 * Programs written for older versions of the C ABI.  The version that this file is compiled for
 * decides about the argument lists below, and the engine must understand each of them.
 */
#include "support.h"

/* A future's error, in the form of both kinds of fdb_future_get_error. */
static fdb_error_t error_of(FDBFuture *future) {
#if FDB_API_VERSION < 23
    const char *text = NULL;
    fdb_error_t error = fdb_future_get_error(future, &text);
    if (error == 2016) { /* holds no error */
        EXPECT(text == NULL);
        EXPECT(!fdb_future_is_error(future));
        return 0;
    }
    EXPECT(fdb_future_is_error(future));
    EXPECT(strcmp(text, fdb_get_error(error)) == 0);
    EXPECT_ERROR(fdb_future_get_error(future, NULL), error);
    return error;
#else
    return fdb_future_get_error(future);
#endif
}

static fdb_error_t finish(FDBFuture *future) {
    OK(fdb_future_block_until_ready(future));
    fdb_error_t error = error_of(future);
    fdb_future_destroy(future);
    return error;
}

static void setup(void) {
    OK(fdb_select_api_version(FDB_API_VERSION));
#if FDB_API_VERSION < 14
    OK(fdb_setup_network("127.0.0.1:0"));
#else
    OK(fdb_setup_network());
#endif
    start_network();
}

#if FDB_API_VERSION < 610
/* A database came from a future of a cluster, which came from a future too. */
static FDBDatabase *open_database(const char *path) {
    FDBCluster *cluster;
    FDBDatabase *database, *again;
    FDBFuture *future = fdb_create_cluster(path);
    EXPECT(fdb_future_is_ready(future));
    OK(fdb_future_get_cluster(future, &cluster));
    fdb_future_destroy(future);
    OK(fdb_cluster_set_option(cluster, FDB_CLUSTER_OPTION_DUMMY_DO_NOT_USE, NULL, 0));

    EXPECT_ERROR(finish(fdb_cluster_create_database(cluster, BYTES("DC"))), 2013);
    OK(finish(fdb_cluster_create_database(cluster, BYTES("D"))));
    future = fdb_cluster_create_database(cluster, BYTES("DB"));
    fdb_cluster_destroy(cluster);
    OK(fdb_future_block_until_ready(future));
    OK(fdb_future_get_database(future, &database));
    OK(fdb_future_get_database(future, &again)); /* a reference of its own */
    fdb_database_destroy(again);
    fdb_future_destroy(future);
    return database;
}
#else
static FDBDatabase *open_database(const char *path) {
    FDBDatabase *database;
    OK(fdb_create_database(path, &database));
    return database;
}
#endif

static FDBFuture *get(FDBTransaction *transaction, const char *key) {
#if FDB_API_VERSION < 14
    return fdb_transaction_get(transaction, BYTES(key));
#else
    return fdb_transaction_get(transaction, BYTES(key), 0);
#endif
}

static FDBFuture *get_range(FDBTransaction *transaction, const char *from, const char *to, int limit) {
#if FDB_API_VERSION < 14
    return fdb_transaction_get_range(transaction, BYTES(from), BYTES(to), limit);
#else
    return fdb_transaction_get_range(transaction, KEY_AT(from), KEY_AT(to), abs(limit), 0,
                                     FDB_STREAMING_MODE_EXACT, 0, 0, limit < 0);
#endif
}

/* Checks the first bytes of the rows' keys, and destroys the future. */
static void expect_rows(FDBFuture *future, const char *keys) {
    const FDBKeyValue *rows;
    int count;
    OK(fdb_future_block_until_ready(future));
#if FDB_API_VERSION < 14
    OK(fdb_future_get_keyvalue_array(future, &rows, &count));
#else
    fdb_bool_t more;
    OK(fdb_future_get_keyvalue_array(future, &rows, &count, &more));
#endif
    EXPECT(count == (int)strlen(keys));
    for (int i = 0; i < count; i++) {
        EXPECT(rows[i].key_length == 1 && *(const char *)rows[i].key == keys[i]);
    }
    fdb_future_destroy(future);
}

static void expect_version(FDBFuture *future) {
    int64_t version = 0;
    OK(fdb_future_block_until_ready(future));
#if FDB_API_VERSION < 620
    OK(fdb_future_get_version(future, &version));
    EXPECT(version > 0);
#endif
    OK(fdb_future_get_int64(future, &version));
    EXPECT(version > 0);
    fdb_future_destroy(future);
}

static void expect_key(FDBTransaction *transaction) {
    const uint8_t *key;
    int length;
#if FDB_API_VERSION < 14
    FDBFuture *future = fdb_transaction_get_key(transaction, KEY_BEHIND("b"));
#else
    FDBFuture *future = fdb_transaction_get_key(transaction, KEY_BEHIND("b"), 0);
#endif
    OK(fdb_future_block_until_ready(future));
    OK(fdb_future_get_key(future, &key, &length));
    EXPECT(length == 1 && *key == 'c');
    fdb_future_destroy(future);
}

static void set_option(FDBTransaction *transaction) {
#if FDB_API_VERSION < 14
    fdb_transaction_set_option(transaction, FDB_TR_OPTION_CAUSAL_READ_RISKY);
#else
    OK(fdb_transaction_set_option(transaction, FDB_TR_OPTION_CAUSAL_READ_RISKY, NULL, 0));
    EXPECT_ERROR(fdb_transaction_set_option(transaction, (FDBTransactionOption)1, NULL, 0), 2007);
#endif
}

static void roundtrip(const char *path) {
    FDBTransaction *transaction;
    setup();
    FDBDatabase *database = open_database(path);
    OK(fdb_database_create_transaction(database, &transaction));
    set_option(transaction);
    for (const char *key = "abcd"; *key; key++) {
        fdb_transaction_set(transaction, (const uint8_t *)key, 1, BYTES("value"));
    }
    OK(finish(fdb_transaction_commit(transaction)));
    fdb_transaction_reset(transaction);

    const uint8_t *value;
    int length;
    fdb_bool_t present;
    FDBFuture *future = get(transaction, "a");
    OK(fdb_future_block_until_ready(future));
    OK(fdb_future_get_value(future, &present, &value, &length));
    EXPECT(present && length == 5);
    fdb_future_destroy(future);
    expect_rows(get_range(transaction, "a", "d", 2), "ab");
    expect_rows(get_range(transaction, "a", "d", -2), "cb");
#if FDB_API_VERSION < 14
    expect_rows(fdb_transaction_get_range_selector(transaction, KEY_BEHIND("a"), KEY_BEHIND("c"), 10), "bc");
    EXPECT_ERROR(finish(get_range(transaction, "a", "d", 0)), 2210);
#endif
    expect_key(transaction);
    expect_version(fdb_transaction_get_read_version(transaction));
    EXPECT_ERROR(finish(fdb_transaction_on_error(transaction, 2000)), 2000);
    fdb_transaction_destroy(transaction);
    fdb_database_destroy(database);
    stop_network();
}

/* A future that is not ready holds no error. */
static void pending(const char *path) {
    setup();
    FDBDatabase *database = open_database(path);
    FDBFuture *future = fdb_database_get_server_protocol(database, 0x1FDB00B074000000);
#if FDB_API_VERSION < 23
    EXPECT_ERROR(fdb_future_get_error(future, NULL), 2016);
    EXPECT(!fdb_future_is_error(future));
#else
    EXPECT_ERROR(fdb_future_get_error(future), 2015);
#endif
    fdb_future_cancel(future);
    EXPECT_ERROR(finish(future), 1101);
    fdb_database_destroy(database);
    stop_network();
}

static const struct test_case cases[] = {
    {"roundtrip", roundtrip},
    {"pending", pending},
    {NULL, NULL},
};

int main(int argc, char **argv) { return run_case(cases, argc, argv); }
