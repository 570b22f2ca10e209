/*
 * Databases in files and the tools for them, as a C program uses them. The argument is the path of a file that is not there.
 */
#include "current.h"

#include <foundationdb/fdb_c_internal.h>
#include <unistd.h>

/* "file:PATH" and more behind it. */
static const char *string_of(const char *path, const char *more) {
    static char text[4096];
    snprintf(text, sizeof text, "file:%s%s", path, more);
    return text;
}

static FDBDatabase *reopen(const char *string) {
    FDBDatabase *database;
    char text[4096];
    OK(fdb_create_database(string, &database));
    fdb_error_t problem = fdb_embedded_problem(database, text, sizeof text);
    if (problem) {
        fprintf(stderr, "%s\n", text);
    }
    EXPECT(problem == 0 && text[0] == 0);
    return database;
}

static void put(FDBDatabase *database, const char *key, const char *value) {
    FDBTransaction *transaction = begin(database);
    set(transaction, key, value);
    OK(finish(fdb_transaction_commit(transaction)));
    fdb_transaction_destroy(transaction);
}

static void expect(FDBDatabase *database, const char *key, const char *value) {
    FDBTransaction *transaction = begin(database);
    expect_value(transaction, key, value);
    fdb_transaction_destroy(transaction);
}

static void data_is_kept(const char *path) {
    FDBDatabase *database = open_database(string_of(path, ""));
    put(database, "key", "value");
    FDBDatabase *other = reopen(string_of(path, "?sync=full"));
    expect(other, "key", "value");
    fdb_database_destroy(other);
    fdb_database_destroy(database);
    database = reopen(string_of(path, "?sync=off&mode=rw&cache=1M"));
    expect(database, "key", "value");
    close_database(database);
}

static void problems(const char *path) {
    FDBDatabase *database = open_database(string_of(path, "/nothing/app.fdb")), *again;
    FDBTransaction *transaction = begin(database);
    char text[4096], cut[8];
    EXPECT_ERROR(fdb_embedded_problem(database, text, sizeof text), 1511);
    EXPECT(strstr(text, path) != NULL);
    EXPECT_ERROR(fdb_embedded_problem(database, cut, sizeof cut), 1511);
    EXPECT(strlen(cut) == sizeof cut - 1 && strncmp(cut, text, sizeof cut - 1) == 0);
    EXPECT_ERROR(fdb_embedded_problem(database, NULL, 0), 1511);
    EXPECT_ERROR(finish(fdb_transaction_get(transaction, BYTES("key"), 0)), 1511);
    fdb_transaction_destroy(transaction);
    fdb_database_destroy(database);

    OK(fdb_create_database(string_of(path, "?sync=never"), &database));
    EXPECT_ERROR(fdb_embedded_problem(database, text, sizeof text), 2006);
    EXPECT(strstr(text, "sync=normal") != NULL);
    fdb_database_destroy(database);

    database = reopen(string_of(path, "?sync=off"));
    OK(fdb_create_database(string_of(path, "?sync=full"), &again));
    EXPECT_ERROR(fdb_embedded_problem(again, text, sizeof text), 2006);
    EXPECT(strstr(text, "sync=off") != NULL);
    fdb_database_destroy(again);
    close_database(database);
}

static int calls;

static int count_calls(void *context, int64_t done, int64_t total) {
    EXPECT(context == &calls && done >= 0 && done <= total);
    calls++;
    return 1;
}

static int stop_at_once(void *context, int64_t done, int64_t total) {
    (void)context, (void)done, (void)total;
    return 0;
}

static void tools(const char *path) {
    FDBDatabase *database = open_database(string_of(path, ""));
    char text[4096], copy[4096];
    snprintf(copy, sizeof copy, "%s.copy", path);
    put(database, "key", "value");
    EXPECT_ERROR(fdb_embedded_check(path, NULL, NULL, text, sizeof text), 1529);
    EXPECT(strstr(text, path) != NULL);
    EXPECT_ERROR(fdb_embedded_backup(database, copy, stop_at_once, NULL, text, sizeof text), 1101);
    EXPECT(access(copy, F_OK) != 0);
    OK(fdb_embedded_backup(database, copy, count_calls, &calls, text, sizeof text));
    EXPECT(calls > 0 && text[0] == '{');
    EXPECT(fdb_embedded_backup(database, copy, NULL, NULL, text, sizeof text) != 0);
    OK(fdb_embedded_info(copy, text, sizeof text));
    EXPECT(strstr(text, "\"keys\":") != NULL);
    OK(fdb_embedded_check(copy, count_calls, &calls, text, sizeof text));
    OK(fdb_embedded_check(copy, NULL, NULL, NULL, 0));
    OK(fdb_embedded_compact(copy, NULL, NULL, text, sizeof text));
    EXPECT_ERROR(fdb_embedded_check(copy, stop_at_once, NULL, text, sizeof text), 1101);
    fdb_database_destroy(database);
    database = reopen(string_of(copy, ""));
    expect(database, "key", "value");
    close_database(database);
}

/* Who forgets to destroy the database has a file that is complete all the same, if he stops the network as he should. */
static void the_end_of_the_network_closes_the_file(const char *path) {
    FDBDatabase *database = open_database(string_of(path, ""));
    char log[4096], text[4096];
    put(database, "key", "value");
    stop_network();
    snprintf(log, sizeof log, "%s-wal", path);
    EXPECT(access(log, F_OK) != 0);
    OK(fdb_embedded_info(path, text, sizeof text));
    fdb_database_destroy(database);
}

int main(int argc, char **argv) {
    static const struct test_case cases[] = {
        {"data_is_kept", data_is_kept},
        {"problems", problems},
        {"tools", tools},
        {"the_end_of_the_network_closes_the_file", the_end_of_the_network_closes_the_file},
        {NULL, NULL},
    };
    return run_case(cases, argc, argv);
}
