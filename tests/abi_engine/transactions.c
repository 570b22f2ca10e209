/*
 * The C ABI of the engine at the newest API version, without Python: life cycle, futures and
 * callbacks, transactions, ranges, conflicts, watches, cancellation, and the functions that a
 * single in-process node answers with an error.
 */
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#define FDB_INCLUDE_LEGACY_TYPES
#include "support.h"

static FDBDatabase *open_database(const char *cluster) {
    FDBDatabase *database;
    OK(fdb_select_api_version(740));
    OK(fdb_setup_network());
    start_network();
    OK(fdb_create_database(cluster, &database));
    return database;
}

static void close_database(FDBDatabase *database) {
    fdb_database_destroy(database);
    stop_network();
}

static FDBTransaction *begin(FDBDatabase *database) {
    FDBTransaction *transaction;
    OK(fdb_database_create_transaction(database, &transaction));
    return transaction;
}

/* Waits for a future, destroys it and returns its error. */
static fdb_error_t finish(FDBFuture *future) {
    OK(fdb_future_block_until_ready(future));
    fdb_error_t error = fdb_future_get_error(future);
    fdb_future_destroy(future);
    return error;
}

static void set(FDBTransaction *transaction, const char *key, const char *value) {
    fdb_transaction_set(transaction, BYTES(key), BYTES(value));
}

/* Whether a key has a value; NULL: whether it is absent. */
static void expect_value(FDBTransaction *transaction, const char *key, const char *expected) {
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

/* All rows up to the limit; the modes with a byte target may stop earlier. */
static FDBFuture *range(FDBTransaction *transaction, const char *from, const char *to, int limit,
                        int reverse) {
    return fdb_transaction_get_range(transaction, KEY_AT(from), KEY_AT(to), limit, 0,
                                     FDB_STREAMING_MODE_EXACT, 1, 0, reverse);
}

/* ---- life cycle ---- */

static void before_selection(const char *cluster) {
    FDBDatabase *database;
    EXPECT(fdb_get_max_api_version() == 740);
    EXPECT(strcmp(fdb_get_error(1020),
                  "Transaction not committed due to conflict with another transaction") == 0);
    EXPECT(fdb_error_predicate(FDB_ERROR_PREDICATE_RETRYABLE, 1020));
    EXPECT(strstr(fdb_get_client_version(), ",fdb00b074000000"));
    EXPECT_ERROR(fdb_network_set_option(FDB_NET_OPTION_TRACE_ENABLE, NULL, 0), 2200);
    EXPECT_ERROR(fdb_setup_network(), 2200);
    EXPECT_ERROR(fdb_run_network(), 2200);
    EXPECT_ERROR(fdb_stop_network(), 2200);
    EXPECT_ERROR(fdb_create_database(cluster, &database), 2200);
    EXPECT_ERROR(fdb_select_api_version_impl(741, 740), 2202);
    EXPECT_ERROR(fdb_select_api_version_impl(740, 741), 2203);
    EXPECT_ERROR(fdb_select_api_version_impl(12, 740), 2203);
    OK(fdb_select_api_version(740));
    EXPECT_ERROR(fdb_select_api_version(740), 2201);
    EXPECT_ERROR(fdb_create_database(cluster, &database), 2008);
    EXPECT_ERROR(fdb_run_network(), 2008);
    EXPECT_ERROR(fdb_stop_network(), 2008);
}

static void count_hook(void *counter) { ++*(int *)counter; }

/* Nothing completes before the network runs, and what is asked after it ended fails with 1100. */
static void around_the_network(const char *cluster) {
    FDBDatabase *database;
    int hooks = 0;
    OK(fdb_select_api_version(740));
    OK(fdb_setup_network());
    EXPECT_ERROR(fdb_setup_network(), 2009);
    OK(fdb_add_network_thread_completion_hook(count_hook, &hooks));
    OK(fdb_create_database(cluster, &database));
    FDBTransaction *transaction = begin(database);
    FDBFuture *early = fdb_transaction_get(transaction, BYTES("key"), 0);
    EXPECT(!fdb_future_is_ready(early));
    EXPECT_ERROR(fdb_future_get_error(early), 2015);
    start_network();
    OK(finish(early));
    stop_network();
    EXPECT(hooks == 1);
    EXPECT_ERROR(fdb_run_network(), 2025);
    EXPECT_ERROR(fdb_setup_network(), 2009);
    FDBFuture *late = fdb_transaction_get(transaction, BYTES("key"), 0);
    EXPECT(fdb_future_is_ready(late));
    EXPECT_ERROR(finish(late), 1100);
    set(transaction, "key", "ignored");
    EXPECT_ERROR(finish(fdb_transaction_commit(transaction)), 1100);
    fdb_transaction_destroy(transaction);
    fdb_database_destroy(database);
}

/* A child of a program that uses the library finds it as fresh as at the start: what it inherited is refused, and it may
 * open databases of its own, which are empty. */
static void use_after_fork(const char *cluster, FDBDatabase *inherited,
                           FDBTransaction *inherited_transaction) {
    FDBTransaction *transaction;
    EXPECT_ERROR(fdb_database_create_transaction(inherited, &transaction), 2200);
    FDBFuture *refused = fdb_transaction_get(inherited_transaction, BYTES("key"), 0);
    EXPECT_ERROR(fdb_future_block_until_ready(refused), 2200);
    FDBDatabase *own = open_database(cluster);
    transaction = begin(own);
    expect_value(transaction, "key", NULL);
    fdb_transaction_destroy(transaction);
    close_database(own);
}

static void forked_child(const char *cluster) {
    FDBDatabase *database = open_database(cluster);
    FDBTransaction *transaction = begin(database);
    set(transaction, "key", "value");
    OK(finish(fdb_transaction_commit(transaction)));
    fdb_transaction_reset(transaction);
    const pid_t child = fork();
    EXPECT(child >= 0);
    if (child == 0) {
        use_after_fork(cluster, database, transaction);
        _exit(0);
    }
    int status = -1;
    EXPECT(waitpid(child, &status, 0) == child);
    EXPECT(status == 0);
    expect_value(transaction, "key", "value");
    fdb_transaction_destroy(transaction);
    close_database(database);
}

static void deferred_errors_of_a_database(const char *cluster) {
    (void)cluster;
    FDBDatabase *database = open_database("/nonexistent/fdb.cluster");
    FDBTransaction *transaction = begin(database);
    EXPECT_ERROR(finish(fdb_transaction_get(transaction, BYTES("key"), 0)), 1515);
    EXPECT_ERROR(finish(fdb_database_get_server_protocol(database, 0)), 1515);
    OK(finish(fdb_transaction_on_error(transaction, 1020)));
    fdb_transaction_destroy(transaction);
    close_database(database);
}

/* ---- futures ---- */

struct calls {
    atomic_int count;
    atomic_int error;
    pthread_t thread;
};

static void count_call(FDBFuture *future, void *parameter) {
    struct calls *calls = parameter;
    calls->error = fdb_future_get_error(future);
    calls->thread = pthread_self();
    ++calls->count;
}

static void wait_for_calls(struct calls *calls, int count) {
    while (calls->count < count) {
        usleep(1000);
    }
}

static void destroy_in_callback(FDBFuture *future, void *parameter) {
    fdb_future_destroy(future);
    ++((struct calls *)parameter)->count;
}

static void block_in_callback(FDBFuture *future, void *parameter) {
    (void)future;
    struct calls *calls = parameter;
    FDBFuture *pending = fdb_database_get_server_protocol(*(FDBDatabase **)(calls + 1), 0x1FDB00B074000000);
    calls->error = fdb_future_block_until_ready(pending);
    fdb_future_destroy(pending);
    ++calls->count;
}

static void callbacks(const char *cluster) {
    FDBDatabase *database = open_database(cluster);
    FDBTransaction *transaction = begin(database);
    struct calls calls = {0};

    FDBFuture *ready = fdb_transaction_get(transaction, BYTES("key"), 0);
    OK(fdb_future_block_until_ready(ready));
    OK(fdb_future_set_callback(ready, count_call, &calls));
    EXPECT(calls.count == 1 && calls.error == 0 && pthread_equal(calls.thread, pthread_self()));
    fdb_future_destroy(ready);

    /* A future that nobody completes: cancelling it does, and destroying it too. */
    FDBFuture *pending = fdb_database_get_server_protocol(database, 0x1FDB00B074000000);
    OK(fdb_future_set_callback(pending, count_call, &calls));
    OK(fdb_future_set_callback(pending, count_call, &calls));
    EXPECT(calls.count == 1);
    fdb_future_cancel(pending);
    wait_for_calls(&calls, 3);
    EXPECT(calls.error == 1101 && pthread_equal(calls.thread, network_thread));
    EXPECT_ERROR(finish(pending), 1101);
    pending = fdb_database_get_server_protocol(database, 0x1FDB00B074000000);
    OK(fdb_future_set_callback(pending, count_call, &calls));
    fdb_future_destroy(pending);
    wait_for_calls(&calls, 4);

    /* Inside a callback. */
    pending = fdb_database_get_server_protocol(database, 0x1FDB00B074000000);
    OK(fdb_future_set_callback(pending, destroy_in_callback, &calls));
    fdb_future_cancel(pending);
    wait_for_calls(&calls, 5);
    struct {
        struct calls calls;
        FDBDatabase *database;
    } blocking = {.database = database};
    pending = fdb_database_get_server_protocol(database, 0x1FDB00B074000000);
    OK(fdb_future_set_callback(pending, block_in_callback, &blocking.calls));
    fdb_future_destroy(pending);
    wait_for_calls(&blocking.calls, 1);
    EXPECT(blocking.calls.error == 2026);

    fdb_transaction_destroy(transaction);
    close_database(database);
}

static void release_memory(const char *cluster) {
    FDBDatabase *database = open_database(cluster);
    FDBTransaction *transaction = begin(database);
    set(transaction, "key", "value");
    FDBFuture *future = fdb_transaction_get(transaction, BYTES("key"), 0);
    OK(fdb_future_block_until_ready(future));
    fdb_transaction_destroy(transaction);
    fdb_bool_t present;
    const uint8_t *first, *second;
    int length;
    OK(fdb_future_get_value(future, &present, &first, &length));
    OK(fdb_future_get_value(future, &present, &second, &length));
    EXPECT(first == second && length == 5 && memcmp(first, "value", 5) == 0);
    fdb_future_release_memory(future);
    OK(fdb_future_get_error(future));
    fdb_future_release_memory(future);
    EXPECT(fdb_future_is_ready(future));
    EXPECT_ERROR(fdb_future_get_error(future), 1102);
    EXPECT_ERROR(fdb_future_get_value(future, &present, &first, &length), 1102);
    fdb_future_destroy(future);
    close_database(database);
}

/* ---- transactions ---- */

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

static void ranges(const char *cluster) {
    FDBDatabase *database = open_database(cluster);
    FDBTransaction *transaction = begin(database);
    int reverse;
    char key[8], value[8];
    for (int i = 0; i < 10; i++) {
        snprintf(key, sizeof key, "k%d", i);
        snprintf(value, sizeof value, "v%d", i);
        set(transaction, key, value);
    }
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

    /* Behind all keys there is nothing to look for. */
    OK(fdb_transaction_set_option(transaction, FDB_TR_OPTION_ACCESS_SYSTEM_KEYS, NULL, 0));
    for (reverse = 0; reverse < 2; reverse++) {
        future = fdb_transaction_get_range(transaction, (const uint8_t *)"g\001", 2, 0, 1,
                                           (const uint8_t *)"\xff\xff", 2, 1, 5, 18, 2,
                                           FDB_STREAMING_MODE_SERIAL, 3, 1, reverse);
        OK(finish(future));
    }

    /* Arguments that make no sense are refused in the future. */
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

/* ---- what one node in this process cannot do ---- */

static void one_node(const char *cluster) {
    FDBDatabase *database = open_database(cluster);
    FDBTransaction *transaction = begin(database);
    FDBReadBlobGranuleContext context = {0};
    const FDBKeyValue *rows;
    const uint8_t *text;
    int count, length;
    fdb_bool_t more;
    int64_t number;
    uint64_t protocol;

    EXPECT_ERROR(finish(fdb_database_blobbify_range(database, BYTES("a"), BYTES("b"))), 2108);
    EXPECT_ERROR(finish(fdb_database_blobbify_range(database, BYTES("b"), BYTES("a"))), 2005);
    EXPECT_ERROR(finish(fdb_transaction_summarize_blob_granules(transaction, BYTES("a"), BYTES("b"), -2, 10)),
                 2108);
    FDBResult *result =
        fdb_transaction_read_blob_granules(transaction, BYTES("a"), BYTES("b"), 0, -2, context);
    EXPECT_ERROR(fdb_result_get_keyvalue_array(result, &rows, &count, &more), 2108);
    fdb_result_destroy(result);
    EXPECT_ERROR(finish(fdb_database_create_snapshot(database, BYTES("short"), BYTES("command"))), 2509);
    EXPECT_ERROR(finish(fdb_database_create_snapshot(database, BYTES("0123456789abcdef0123456789abcdef"),
                                                     BYTES("command"))),
                 2505);
    OK(finish(fdb_database_force_recovery_with_data_loss(database, BYTES("dc"))));
    EXPECT(fdb_database_get_main_thread_busyness(database) >= 0);

    FDBFuture *future = fdb_database_reboot_worker(database, BYTES("127.0.0.1:4500"), 0, 0);
    OK(fdb_future_block_until_ready(future));
    OK(fdb_future_get_int64(future, &number));
    EXPECT(number == 1);
    fdb_future_destroy(future);
    future = fdb_database_reboot_worker(database, BYTES("127.0.0.1:4500,10.0.0.1:4500"), 0, 0);
    OK(fdb_future_block_until_ready(future));
    OK(fdb_future_get_int64(future, &number));
    EXPECT(number == 0);
    fdb_future_destroy(future);

    future = fdb_database_get_server_protocol(database, 0);
    OK(fdb_future_block_until_ready(future));
    OK(fdb_future_get_uint64(future, &protocol));
    EXPECT(protocol == 0x1FDB00B074000000);
    fdb_future_destroy(future);

    future = fdb_database_get_client_status(database);
    OK(fdb_future_block_until_ready(future));
    OK(fdb_future_get_key(future, &text, &length));
    EXPECT(length > 0 && text[0] == '{' && text[length - 1] == '}');
    fdb_future_destroy(future);
    fdb_transaction_destroy(transaction);
    close_database(database);
}

/* ---- what this version of the ABI does not have any more: exported, and refused ---- */

#undef fdb_future_get_version
#undef fdb_future_is_error
#undef fdb_create_cluster
#undef fdb_future_get_cluster
#undef fdb_future_get_database
#undef fdb_cluster_set_option
#undef fdb_cluster_create_database
#undef fdb_cluster_destroy
fdb_error_t fdb_future_get_version(FDBFuture *f, int64_t *out_version);
fdb_bool_t fdb_future_is_error(FDBFuture *f);
FDBFuture *fdb_create_cluster(const char *cluster_file_path);
fdb_error_t fdb_future_get_cluster(FDBFuture *f, FDBCluster **out_cluster);
fdb_error_t fdb_future_get_database(FDBFuture *f, FDBDatabase **out_database);
fdb_error_t fdb_cluster_set_option(FDBCluster *c, int option, uint8_t const *value, int value_length);
FDBFuture *fdb_cluster_create_database(FDBCluster *c, uint8_t const *db_name, int db_name_length);
void fdb_cluster_destroy(FDBCluster *c);

static void removed_functions(const char *path) {
    FDBDatabase *database = open_database(path);
    FDBCluster *cluster = NULL;
    FDBDatabase *other = NULL;
    int64_t version = 0;
    FDBFuture *future = fdb_create_cluster(path);
    EXPECT_ERROR(fdb_future_get_version(future, &version), 2204);
    EXPECT_ERROR(fdb_future_get_cluster(future, &cluster), 2204);
    EXPECT_ERROR(fdb_future_get_database(future, &other), 2204);
    EXPECT(!fdb_future_is_error(future));
    EXPECT_ERROR(finish(future), 2204);
    EXPECT_ERROR(fdb_cluster_set_option(cluster, 0, NULL, 0), 2204);
    EXPECT_ERROR(finish(fdb_cluster_create_database(cluster, BYTES("DB"))), 2204);
    fdb_cluster_destroy(cluster);
    close_database(database);
}

static const struct test_case cases[] = {
    {"before_selection", before_selection},
    {"around_the_network", around_the_network},
    {"forked_child", forked_child},
    {"deferred_errors_of_a_database", deferred_errors_of_a_database},
    {"callbacks", callbacks},
    {"release_memory", release_memory},
    {"values", values},
    {"ranges", ranges},
    {"conflicts", conflicts},
    {"watches", watches},
    {"cancellation", cancellation},
    {"one_node", one_node},
    {"removed_functions", removed_functions},
    {NULL, NULL},
};

int main(int argc, char **argv) { return run_case(cases, argc, argv); }
