/*
 * What the C tests of the newest API version share besides support.h: a database, its transactions and their answers.
 */
#ifndef FDB_TESTS_ABI_ENGINE_CURRENT_H
#define FDB_TESTS_ABI_ENGINE_CURRENT_H

#include "support.h"

static inline FDBDatabase *open_database(const char *cluster) {
    FDBDatabase *database;
    OK(fdb_select_api_version(740));
    OK(fdb_setup_network());
    start_network();
    OK(fdb_create_database(cluster, &database));
    return database;
}

static inline void close_database(FDBDatabase *database) {
    fdb_database_destroy(database);
    stop_network();
}

static inline FDBTransaction *begin(FDBDatabase *database) {
    FDBTransaction *transaction;
    OK(fdb_database_create_transaction(database, &transaction));
    return transaction;
}

/* Waits for a future, destroys it and returns its error. */
static inline fdb_error_t finish(FDBFuture *future) {
    OK(fdb_future_block_until_ready(future));
    fdb_error_t error = fdb_future_get_error(future);
    fdb_future_destroy(future);
    return error;
}

static inline void set(FDBTransaction *transaction, const char *key, const char *value) {
    fdb_transaction_set(transaction, BYTES(key), BYTES(value));
}

/* Whether a key has a value; NULL: whether it is absent. */
static inline void expect_value(FDBTransaction *transaction, const char *key, const char *expected) {
    FDBFuture *future = fdb_transaction_get(transaction, BYTES(key), 0);
    fdb_bool_t present = -1;
    const uint8_t *value = NULL;
    int length = -1;
    OK(fdb_future_block_until_ready(future));
    OK(fdb_future_get_value(future, &present, &value, &length));
    EXPECT(present == (expected != NULL));
    if (expected) {
        EXPECT(length == (int)strlen(expected) && memcmp(value, expected, (size_t)length) == 0);
    } else {
        EXPECT(value == NULL && length == -1);
    }
    fdb_future_destroy(future);
}

#endif
