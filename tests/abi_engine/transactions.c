/*
 * Transactions of the C ABI: values, ranges, conflicts, watches, and what cancels them.
 */
#include "current.h"

/* All rows up to the limit; the modes with a byte target may stop earlier. */
static FDBFuture *range(FDBTransaction *transaction, const char *from, const char *to, int limit,
                        int reverse) {
    return fdb_transaction_get_range(transaction, KEY_AT(from), KEY_AT(to), limit, 0,
                                     FDB_STREAMING_MODE_EXACT, 1, 0, reverse);
}

static void values(const char *cluster) {
    FDBDatabase *database = open_database(cluster);
    FDBTransaction *transaction = begin(database);
    int64_t version = 0;
    OK(fdb_transaction_get_committed_version(transaction, &version));
    EXPECT(version == -1);
    expect_value(transaction, "a", NULL);
    set(transaction, "a", "1");
    set(transaction, "b", "");
    set(transaction, "c", "3");
    expect_value(transaction, "a", "1");
    FDBFuture *stamp = fdb_transaction_get_versionstamp(transaction);
    FDBFuture *commit = fdb_transaction_commit(transaction);
    OK(finish(commit));
    OK(fdb_transaction_get_committed_version(transaction, &version));
    EXPECT(version > 0);
    const uint8_t *bytes;
    int length;
    OK(fdb_future_block_until_ready(stamp));
    OK(fdb_future_get_key(stamp, &bytes, &length));
    EXPECT(length == 10);
    int64_t stamped = 0;
    for (int i = 0; i < 8; i++) {
        stamped = stamped << 8 | bytes[i];
    }
    EXPECT(stamped == version);
    fdb_future_destroy(stamp);
    EXPECT_ERROR(finish(fdb_transaction_get(transaction, BYTES("a"), 0)), 2017);
    fdb_transaction_destroy(transaction);

    transaction = begin(database);
    FDBFuture *reading = fdb_transaction_get_read_version(transaction);
    int64_t read_version;
    OK(fdb_future_block_until_ready(reading));
    OK(fdb_future_get_int64(reading, &read_version));
    EXPECT(read_version >= version);
    fdb_future_destroy(reading);
    expect_value(transaction, "a", "1");
    expect_value(transaction, "b", "");
    fdb_transaction_clear_range(transaction, BYTES("b"), BYTES("c"));
    fdb_transaction_atomic_op(transaction, BYTES("c"), BYTES("\001"), FDB_MUTATION_TYPE_ADD);
    expect_value(transaction, "b", NULL);
    expect_value(transaction, "c", "4");
    fdb_transaction_clear(transaction, BYTES("a"));
    OK(finish(fdb_transaction_commit(transaction)));
    fdb_transaction_reset(transaction);
    expect_value(transaction, "a", NULL);
    expect_value(transaction, "c", "4");
    fdb_transaction_destroy(transaction);
    close_database(database);
}

/* k0 to k9. */
static void set_ten(FDBTransaction *transaction) {
    char key[8], value[8];
    for (int i = 0; i < 10; i++) {
        snprintf(key, sizeof key, "k%d", i);
        snprintf(value, sizeof value, "v%d", i);
        set(transaction, key, value);
    }
}

static void ranges(const char *cluster) {
    FDBDatabase *database = open_database(cluster);
    FDBTransaction *transaction = begin(database);
    set_ten(transaction);
    FDBFuture *future = range(transaction, "k2", "k8", 4, 0);
    const FDBKeyValue *rows;
    int count;
    fdb_bool_t more;
    OK(fdb_future_block_until_ready(future));
    OK(fdb_future_get_keyvalue_array(future, &rows, &count, &more));
    EXPECT(count == 4 && more);
    for (int i = 0; i < count; i++) {
        EXPECT(rows[i].key_length == 2 && rows[i].value_length == 2);
        EXPECT(rows[i].key[1] == '2' + i && rows[i].value[1] == '2' + i);
    }
    fdb_future_destroy(future);
    future = range(transaction, "k2", "k8", 100, 1);
    OK(fdb_future_block_until_ready(future));
    OK(fdb_future_get_keyvalue_array(future, &rows, &count, &more));
    EXPECT(count == 6 && !more && rows[0].key[1] == '7' && rows[5].key[1] == '2');
    fdb_future_destroy(future);

    future = fdb_transaction_get_key(transaction, KEY_BEHIND("k3"), 0);
    const uint8_t *found;
    int length;
    OK(fdb_future_block_until_ready(future));
    OK(fdb_future_get_key(future, &found, &length));
    EXPECT(length == 2 && memcmp(found, "k4", 2) == 0);
    fdb_future_destroy(future);
    fdb_transaction_destroy(transaction);
    close_database(database);
}

/* Arguments that lead nowhere, and some that make no sense, which are refused in the future. */
static void odd_ranges(const char *cluster) {
    FDBDatabase *database = open_database(cluster);
    FDBTransaction *transaction = begin(database);
    FDBFuture *future;
    int reverse;
    set_ten(transaction);

    /* Behind all keys there is nothing to look for. */
    OK(fdb_transaction_set_option(transaction, FDB_TR_OPTION_ACCESS_SYSTEM_KEYS, NULL, 0));
    for (reverse = 0; reverse < 2; reverse++) {
        future = fdb_transaction_get_range(transaction, (const uint8_t *)"g\001", 2, 0, 1,
                                           (const uint8_t *)"\xff\xff", 2, 1, 5, 18, 2,
                                           FDB_STREAMING_MODE_SERIAL, 3, 1, reverse);
        OK(finish(future));
    }

    future = fdb_transaction_get_range(transaction, KEY_AT("a"), KEY_AT("z"), 0, 0, FDB_STREAMING_MODE_EXACT,
                                       0, 0, 0);
    EXPECT_ERROR(finish(future), 2210);
    future = fdb_transaction_get_range(transaction, KEY_AT("a"), KEY_AT("z"), 0, 0,
                                       FDB_STREAMING_MODE_ITERATOR, 0, 0, 0);
    EXPECT_ERROR(finish(future), 2000);
    EXPECT_ERROR(finish(fdb_transaction_get_estimated_range_size_bytes(transaction, BYTES("b"), BYTES("a"))),
                 2005);
    EXPECT_ERROR(finish(fdb_transaction_get_range_split_points(transaction, BYTES("b"), BYTES("a"), 100)),
                 2005);
    EXPECT_ERROR(
        fdb_transaction_add_conflict_range(transaction, BYTES("b"), BYTES("a"), FDB_CONFLICT_RANGE_TYPE_READ),
        2005);
    fdb_transaction_destroy(transaction);
    close_database(database);
}

static void conflicts(const char *cluster) {
    FDBDatabase *database = open_database(cluster);
    FDBTransaction *first = begin(database);
    FDBTransaction *second = begin(database);
    expect_value(first, "x", NULL);
    expect_value(second, "y", NULL);
    set(first, "y", "1");
    set(second, "x", "1");
    OK(finish(fdb_transaction_commit(first)));
    EXPECT_ERROR(finish(fdb_transaction_commit(second)), 1020);
    OK(finish(fdb_transaction_on_error(second, 1020)));
    expect_value(second, "y", "1");
    set(second, "x", "2");
    OK(finish(fdb_transaction_commit(second)));
    EXPECT_ERROR(finish(fdb_transaction_on_error(second, 2000)), 2000);
    EXPECT_ERROR(finish(fdb_transaction_get(second, BYTES("x"), 0)), 2017);
    fdb_transaction_destroy(first);
    fdb_transaction_destroy(second);

    /* Errors of void calls show in the next operation. */
    FDBTransaction *third = begin(database);
    fdb_transaction_clear_range(third, BYTES("b"), BYTES("a"));
    EXPECT_ERROR(finish(fdb_transaction_get(third, BYTES("x"), 0)), 2005);
    fdb_transaction_reset(third);
    EXPECT_ERROR(fdb_transaction_set_option(third, (FDBTransactionOption)1, NULL, 0), 2007);
    OK(fdb_transaction_set_option(third, FDB_TR_OPTION_TIMEOUT, BYTES("short")));
    EXPECT_ERROR(finish(fdb_transaction_get_read_version(third)), 2006);
    fdb_transaction_destroy(third);
    close_database(database);
}

static void watches(const char *cluster) {
    FDBDatabase *database = open_database(cluster);
    FDBTransaction *transaction = begin(database);
    FDBFuture *watch = fdb_transaction_watch(transaction, BYTES("w"));
    OK(finish(fdb_transaction_commit(transaction)));
    fdb_transaction_destroy(transaction);
    EXPECT(!fdb_future_is_ready(watch));
    transaction = begin(database);
    set(transaction, "w", "1");
    OK(finish(fdb_transaction_commit(transaction)));
    OK(finish(watch));
    fdb_transaction_reset(transaction);
    watch = fdb_transaction_watch(transaction, BYTES("w"));
    fdb_transaction_destroy(transaction);
    EXPECT_ERROR(finish(watch), 1025);
    close_database(database);
}

static void cancellation(const char *cluster) {
    FDBDatabase *database = open_database(cluster);
    FDBTransaction *transaction = begin(database);
    FDBFuture *stamp = fdb_transaction_get_versionstamp(transaction);
    fdb_transaction_cancel(transaction);
    EXPECT_ERROR(finish(stamp), 1025);
    EXPECT_ERROR(finish(fdb_transaction_get(transaction, BYTES("key"), 0)), 1025);
    fdb_transaction_reset(transaction);
    expect_value(transaction, "key", NULL);
    const uint8_t ten_milliseconds[8] = {10};
    OK(fdb_transaction_set_option(transaction, FDB_TR_OPTION_TIMEOUT, ten_milliseconds, 8));
    stamp = fdb_transaction_get_versionstamp(transaction);
    EXPECT_ERROR(finish(stamp), 1031);
    EXPECT_ERROR(finish(fdb_transaction_get(transaction, BYTES("key"), 0)), 1031);
    /* Futures outlive their transaction and database, and are destroyed in any order. */
    fdb_transaction_reset(transaction);
    FDBFuture *survivor = fdb_transaction_get(transaction, BYTES("key"), 0);
    OK(fdb_future_block_until_ready(survivor));
    FDBFuture *commit = fdb_transaction_commit(transaction);
    fdb_database_destroy(database);
    fdb_transaction_destroy(transaction);
    fdb_future_destroy(commit);
    OK(finish(survivor));
    stop_network();
}

static const struct test_case cases[] = {
    {"values", values},
    {"ranges", ranges},
    {"odd_ranges", odd_ranges},
    {"conflicts", conflicts},
    {"watches", watches},
    {"cancellation", cancellation},
    {NULL, NULL},
};

int main(int argc, char **argv) { return run_case(cases, argc, argv); }
