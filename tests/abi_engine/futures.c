/*
 * Futures of the C ABI: on which thread callbacks run and what they may do, and how long memory lives.
 */
#include <stdatomic.h>
#include <unistd.h>

#include "current.h"

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

static const struct test_case cases[] = {
    {"callbacks", callbacks},
    {"release_memory", release_memory},
    {NULL, NULL},
};

int main(int argc, char **argv) { return run_case(cases, argc, argv); }
