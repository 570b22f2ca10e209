/*
 * The C ABI from its start to its end: selecting a version, the network, a fork, databases that cannot be opened, and
 * functions that the newest version does not have any more.
 */
#include <sys/wait.h>
#include <unistd.h>

#define FDB_INCLUDE_LEGACY_TYPES
#include "current.h"

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
    {"removed_functions", removed_functions},
    {NULL, NULL},
};

int main(int argc, char **argv) { return run_case(cases, argc, argv); }
