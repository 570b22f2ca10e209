/*
 * Faults on demand, as a C program asks for them: by its environment, by rules for a database, for one operation of a transaction,
 * and by the network options of the official client.
 */
#include "current.h"

#include <foundationdb/fdb_c_internal.h>

static fdb_error_t commit_one(FDBDatabase *database, const char *key) {
    FDBTransaction *transaction = begin(database);
    set(transaction, key, "1");
    fdb_error_t error = finish(fdb_transaction_commit(transaction));
    fdb_transaction_destroy(transaction);
    return error;
}

static int failures(FDBDatabase *database, int commits) {
    int failed = 0;
    for (int i = 0; i < commits; i++) {
        failed += commit_one(database, "k") != 0;
    }
    return failed;
}

static void expect_stored(FDBDatabase *database, const char *key, const char *value) {
    FDBTransaction *transaction = begin(database);
    expect_value(transaction, key, value);
    fdb_transaction_destroy(transaction);
}

static void environment(const char *cluster) {
    FDBDatabase *database;
    OK(fdb_select_api_version(740));
    OK(fdb_setup_network());
    start_network();
    setenv("FDB_EMBEDDED_FAULTS", "not_comitted", 1);
    EXPECT_ERROR(fdb_create_database(cluster, &database), 2006);
    setenv("FDB_EMBEDDED_FAULTS", "not_committed:nth=2;commit_unknown_result:nth=3,effect=applied;seed=1", 1);
    OK(fdb_create_database(cluster, &database));
    OK(commit_one(database, "a"));
    EXPECT_ERROR(commit_one(database, "b"), 1020);
    EXPECT_ERROR(commit_one(database, "c"), 1021);
    OK(commit_one(database, "d"));
    expect_stored(database, "b", NULL);
    expect_stored(database, "c", "1");
    close_database(database);
}

static void rules(const char *cluster) {
    char text[4096];
    FDBDatabase *database = open_database(cluster);
    FDBDatabase *same;
    OK(fdb_create_database(cluster, &same));
    EXPECT_ERROR(fdb_embedded_set_faults(database, "not_committed:p=7", text, sizeof text), 2006);
    EXPECT(strcmp(text, "not_committed: p is a probability from 0 to 1, not '7'") == 0);
    OK(fdb_embedded_set_faults(database, "not_committed:every=2;seed=9", text, sizeof text));
    EXPECT(strcmp(text, "not_committed:every=2;seed=9") == 0);
    EXPECT(failures(same, 4) == 2);
    OK(fdb_embedded_faults(database, text, sizeof text));
    EXPECT(strstr(text, "\"seed\":9") != NULL);
    EXPECT(strstr(text, "\"occasions\":4,\"fired\":2") != NULL);
    char cut[8];
    OK(fdb_embedded_faults(database, cut, sizeof cut));
    EXPECT(strlen(cut) == 7);
    OK(fdb_embedded_set_faults(database, NULL, NULL, 0));
    EXPECT(failures(same, 4) == 0);
    fdb_database_destroy(same);
    close_database(database);
}

static void injection(const char *cluster) {
    FDBDatabase *database = open_database(cluster);
    FDBTransaction *transaction = begin(database);
    EXPECT_ERROR(fdb_embedded_inject(transaction, "seed=1"), 2006);
    OK(fdb_embedded_inject(transaction, "commit_unknown_result:effect=lost"));
    OK(commit_one(database, "other"));
    set(transaction, "a", "1");
    EXPECT_ERROR(finish(fdb_transaction_commit(transaction)), 1021);
    expect_stored(database, "a", NULL);
    OK(finish(fdb_transaction_on_error(transaction, 1021)));
    set(transaction, "a", "1");
    OK(fdb_embedded_inject(transaction, "not_committed"));
    OK(fdb_embedded_inject(transaction, NULL));
    OK(finish(fdb_transaction_commit(transaction)));
    expect_stored(database, "a", "1");
    fdb_transaction_destroy(transaction);
    close_database(database);
}

static void set_percent(FDBNetworkOption option, int64_t percent) {
    OK(fdb_network_set_option(option, (const uint8_t *)&percent, sizeof percent));
}

static void buggify(const char *cluster) {
    FDBDatabase *database = open_database(cluster);
    EXPECT(failures(database, 20) == 0);
    set_percent(FDB_NET_OPTION_CLIENT_BUGGIFY_SECTION_ACTIVATED_PROBABILITY, 100);
    EXPECT(failures(database, 20) == 0);
    OK(fdb_network_set_option(FDB_NET_OPTION_CLIENT_BUGGIFY_ENABLE, NULL, 0));
    const int failed = failures(database, 100);
    EXPECT(failed > 40 && failed < 100);
    FDBDatabase *later;
    OK(fdb_create_database("memory:later", &later));
    EXPECT(failures(later, 100) > 40);
    set_percent(FDB_NET_OPTION_CLIENT_BUGGIFY_SECTION_FIRED_PROBABILITY, 0);
    EXPECT(failures(database, 20) == 0);
    set_percent(FDB_NET_OPTION_CLIENT_BUGGIFY_SECTION_FIRED_PROBABILITY, 100);
    EXPECT(failures(database, 20) == 20);
    OK(fdb_network_set_option(FDB_NET_OPTION_CLIENT_BUGGIFY_DISABLE, NULL, 0));
    EXPECT(failures(database, 20) + failures(later, 20) == 0);
    fdb_database_destroy(later);
    close_database(database);
}

int main(int argc, char **argv) {
    static const struct test_case cases[] = {
        {"environment", environment}, {"rules", rules}, {"injection", injection},
        {"buggify", buggify},         {NULL, NULL},
    };
    return run_case(cases, argc, argv);
}
