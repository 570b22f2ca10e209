/*
 * What the engine shows of the cluster that it stands for: its coordinators, its recoveries, and what a single node in
 * this process answers with an error.
 */
#include "current.h"

/* A value as a string, which the caller frees. */
static char *read_text(FDBDatabase *database, const char *key) {
    FDBTransaction *transaction;
    const uint8_t *value;
    int length;
    fdb_bool_t present;
    OK(fdb_database_create_transaction(database, &transaction));
    OK(fdb_transaction_set_option(transaction, FDB_TR_OPTION_READ_SYSTEM_KEYS, NULL, 0));
    FDBFuture *future = fdb_transaction_get(transaction, BYTES(key), 0);
    OK(fdb_future_block_until_ready(future));
    OK(fdb_future_get_value(future, &present, &value, &length));
    EXPECT(present);
    char *text = calloc(1, (size_t)length + 1);
    EXPECT(text != NULL);
    memcpy(text, value, (size_t)length);
    fdb_future_destroy(future);
    fdb_transaction_destroy(transaction);
    return text;
}

static void coordinators(const char *cluster) {
    FDBDatabase *database = open_database(cluster);
    char *stored = read_text(database, "\xff/coordinators");
    char *shown = read_text(database, "\xff\xff/connection_string");
    EXPECT(strcmp(stored, "embedded:memory@127.0.0.1:4500") == 0);
    EXPECT(strcmp(stored, shown) == 0);
    free(stored);
    free(shown);
    close_database(database);
}

static int64_t reboot(FDBDatabase *database, const char *address, int duration) {
    int64_t sent = -1;
    FDBFuture *future = fdb_database_reboot_worker(database, BYTES(address), 0, duration);
    OK(fdb_future_block_until_ready(future));
    OK(fdb_future_get_int64(future, &sent));
    fdb_future_destroy(future);
    return sent;
}

static long generation(FDBDatabase *database) {
    static const char member[] = ",\"generation\":";
    char *status = read_text(database, "\xff\xff/status/json");
    const char *at = strstr(status, member);
    EXPECT(at != NULL);
    const long number = strtol(at + strlen(member), NULL, 10);
    free(status);
    return number;
}

/* Programs reboot a process and wait until the generation is another. */
static void reboots(const char *cluster) {
    FDBDatabase *database = open_database(cluster);
    const long before = generation(database);
    EXPECT(before > 0);
    EXPECT(generation(database) == before);
    EXPECT(reboot(database, "127.0.0.1:4500", 0) == 1);
    EXPECT(generation(database) > before);
    const long after = generation(database);
    EXPECT(reboot(database, "10.0.0.1:4500", 0) == 0);
    EXPECT(reboot(database, "127.0.0.1:4500", -1) == 0);
    EXPECT(generation(database) == after);
    close_database(database);
}

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

static const struct test_case cases[] = {
    {"coordinators", coordinators},
    {"reboots", reboots},
    {"one_node", one_node},
    {NULL, NULL},
};

int main(int argc, char **argv) { return run_case(cases, argc, argv); }
