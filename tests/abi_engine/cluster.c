/*
 * What the engine shows of the cluster that it stands for: its coordinators, and its recoveries.
 */
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

static const struct test_case cases[] = {
    {"coordinators", coordinators},
    {"reboots", reboots},
    {NULL, NULL},
};

int main(int argc, char **argv) { return run_case(cases, argc, argv); }
