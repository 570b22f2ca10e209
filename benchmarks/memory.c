/* What things take of the process's memory: memory DATABASE SCALE ROW
 *
 * Bytes of resident memory for one thing of many. A process measures once. */
#include "serve.h"

#include <foundationdb/fdb_c_internal.h>
#include <unistd.h>

enum {
    MILLION = 1000000,
    TEN_MILLIONS = 10000000,
    THINGS = 50000,
    STRIDE = 7919,
    ADVANCE = 1,
    BEHIND_WINDOW = 20000000,
    LATER_COMMITS = 2000,
    SETTLING_MICROS = 300000,
};

typedef struct Row {
    const char *name;
    void (*make)(const struct Row *, FDBDatabase *, int);
    int count, stride;
} Row;

typedef struct {
    const Row *row;
    FDBDatabase *db;
    int count;
} Work;

static double resident(void) {
    long whole = 0, pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%ld %ld", &whole, &pages) != 2) {
        fprintf(stderr, "/proc/self/statm cannot be read\n");
        exit(1);
    }
    fclose(file);
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

/* ---- what is made: it stays until the process ends ---------------------------------------------- */

static void load(const Row *row, FDBDatabase *db, int count) { fill_pairs(db, count, row->stride); }

/* The same, once nothing of those commits has to be kept any more: the clock is moved behind the window of five seconds,
 * and the program goes on with a few commits. */
static void load_and_settle(const Row *row, FDBDatabase *db, int count) {
    int64_t now;
    load(row, db, count);
    check(fdb_embedded_clock(db, ADVANCE, BEHIND_WINDOW, &now), "clock");
    for (int at = 0; at < LATER_COMMITS; at++) {
        FDBTransaction *tr = begin(db);
        set_pair(tr, at % count);
        commit(tr);
        fdb_transaction_destroy(tr);
    }
    usleep(SETTLING_MICROS);
}

static void open_transactions(const Row *row, FDBDatabase *db, int count) {
    (void)row;
    for (int at = 0; at < count; at++) {
        begin_ready(db);
    }
}

static void reading_transactions(const Row *row, FDBDatabase *db, int count) {
    (void)row;
    for (int at = 0; at < count; at++) {
        if (!take_value(ask_pair(begin(db), 0))) {
            fprintf(stderr, "another value was read\n");
            exit(1);
        }
    }
}

/* Reads of one key that wait for their answer, which comes late. */
static void pending_futures(const Row *row, FDBDatabase *db, int count) {
    uint8_t key[KEY_BYTES];
    (void)row;
    pair_key(0, key);
    FDBTransaction *tr = begin_ready(db);
    check(fdb_embedded_set_latency(db, "60s"), "set_latency");
    for (int at = 0; at < count; at++) {
        if (fdb_future_is_ready(fdb_transaction_get(tr, key, KEY_BYTES, 1))) {
            fprintf(stderr, "a future is not pending\n");
            exit(1);
        }
    }
}

static void watches(const Row *row, FDBDatabase *db, int count) {
    uint8_t key[KEY_BYTES];
    FDBTransaction *tr = begin_ready(db);
    check(fdb_database_set_option(db, FDB_DB_OPTION_MAX_WATCHES, (const uint8_t *)&(int64_t){MILLION}, 8),
          "max_watches");
    (void)row;
    for (int at = 0; at < count; at++) {
        pair_key(at, key);
        fdb_transaction_watch(tr, key, KEY_BYTES);
    }
    commit(tr);
    fdb_transaction_destroy(tr);
}

/* ---- all -------------------------------------------------------------------------------------- */

static const Row ROWS[] = {
    {"loaded in order, 1e6", load, MILLION, 1},
    {"loaded mixed, 1e6", load, MILLION, STRIDE},
    {"settled in order, 1e6", load_and_settle, MILLION, 1},
    {"settled mixed, 1e6", load_and_settle, MILLION, STRIDE},
    {"loaded in order, 1e7", load, TEN_MILLIONS, 1},
    {"settled in order, 1e7", load_and_settle, TEN_MILLIONS, 1},
    {"open transaction", open_transactions, THINGS, 0},
    {"transaction that has read", reading_transactions, THINGS, 0},
    {"pending future", pending_futures, THINGS, 0},
    {"watch", watches, THINGS, 0},
};

static void measure(void *context, Watch *watch) {
    Work *work = context;
    double before = resident();
    work->row->make(work->row, work->db, work->count);
    watch->amount = (resident() - before) / work->count;
}

int main(int argc, char **argv) {
    if (argc != 4) {
        return 2;
    }
    for (size_t at = 0; at < sizeof(ROWS) / sizeof(ROWS[0]); at++) {
        if (strcmp(ROWS[at].name, argv[3]) == 0) {
            int count = (int)(ROWS[at].count * atof(argv[2]));
            Work work = {&ROWS[at], open_client(argv[1]).db, count > 1 ? count : 1};
            fill_pairs(work.db, 1, 1); /* so that the engine has begun to work */
            serve(measure, &work);
            fflush(stdout);
            _exit(0); /* what was made is not given back one by one */
        }
    }
    fprintf(stderr, "there is no row %s\n", argv[3]);
    return 2;
}
