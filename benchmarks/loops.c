/* The loops in C that rows of work/binding.py are beside: loops DATABASE SCALE ROW
 *
 * Each does what the function of the same row does, with the same keys and values, through the C API: what is possible. */
#include "jobs.h"

enum { KEYS = 10000, LONG = 100000, COUNTERS = 64, JOBS = 1000, RETRIES = 1000 };

typedef struct {
    FDBDatabase *db;
    double scale;
    int keys; /* that the loops go through */
} Loop;

static int scaled(const Loop *loop, int number) {
    int count = (int)(number * loop->scale);
    return count > 1 ? count : 1;
}

static void *room(size_t bytes) {
    void *made = malloc(bytes);
    if (made == NULL) {
        fprintf(stderr, "no memory\n");
        exit(1);
    }
    return made;
}

static void take(FDBFuture *read) {
    if (!take_value(read)) {
        check(2000, "another value was read");
    }
}

/* ---- reads ------------------------------------------------------------------------------------ */

static void get(void *context, Watch *watch) {
    Loop *loop = context;
    FDBTransaction *tr = begin_ready(loop->db);
    watch_start(watch);
    for (int at = 0; at < loop->keys; at++) {
        take(ask_pair(tr, (int64_t)at * 7919 % loop->keys));
    }
    watch_stop(watch, loop->keys);
    fdb_transaction_destroy(tr);
}

static void pipelined(void *context, Watch *watch) {
    Loop *loop = context;
    FDBFuture **reads = room(sizeof(*reads) * (size_t)loop->keys);
    FDBTransaction *tr = begin_ready(loop->db);
    watch_start(watch);
    for (int at = 0; at < loop->keys; at++) {
        reads[at] = ask_pair(tr, (int64_t)at * 7919 % loop->keys);
    }
    for (int at = 0; at < loop->keys; at++) {
        take(reads[at]);
    }
    watch_stop(watch, loop->keys);
    fdb_transaction_destroy(tr);
    free(reads);
}

static void whole_get(void *context, Watch *watch) {
    Loop *loop = context;
    watch_start(watch);
    for (int at = 0; at < loop->keys; at++) {
        FDBTransaction *tr = begin(loop->db);
        take(ask_pair(tr, (int64_t)at * 7919 % loop->keys));
        fdb_transaction_destroy(tr);
    }
    watch_stop(watch, loop->keys);
}

static int64_t read_range(FDBTransaction *tr, int rows, FDBStreamingMode mode) {
    uint8_t first[KEY_BYTES + 1], last[KEY_BYTES];
    int length = KEY_BYTES, count = 0;
    int64_t bytes = 0;
    fdb_bool_t more = 1;
    pair_key(0, first);
    pair_key(rows, last);
    for (int iteration = 1; more; iteration++) {
        const FDBKeyValue *found;
        FDBFuture *read = fdb_transaction_get_range(tr, first, length, 0, 1, last, KEY_BYTES, 0, 1, 0, 0,
                                                    mode, iteration, 0, 0);
        check(fdb_future_block_until_ready(read), "get_range");
        check(fdb_future_get_keyvalue_array(read, &found, &count, &more), "get_range");
        for (int at = 0; at < count; at++) {
            bytes += found[at].key_length + found[at].value_length;
        }
        if (count > 0) {
            memcpy(first, found[count - 1].key, KEY_BYTES);
            first[KEY_BYTES] = 0;
            length = KEY_BYTES + 1;
        }
        fdb_future_destroy(read);
    }
    return bytes;
}

static void range(Loop *loop, Watch *watch, int rows, int turns, FDBStreamingMode mode) {
    FDBTransaction *tr = begin_ready(loop->db);
    watch_start(watch);
    for (int turn = 0; turn < turns; turn++) {
        if (read_range(tr, rows, mode) != (int64_t)rows * (KEY_BYTES + VALUE_BYTES)) {
            check(2000, "other rows were read");
        }
    }
    watch_stop(watch, (int64_t)rows * turns);
    fdb_transaction_destroy(tr);
}

static void range_100(void *context, Watch *watch) {
    range(context, watch, scaled(context, 100), scaled(context, 200), FDB_STREAMING_MODE_WANT_ALL);
}

static void range_long(void *context, Watch *watch) {
    range(context, watch, scaled(context, LONG), 1, FDB_STREAMING_MODE_WANT_ALL);
}

static void range_iterator(void *context, Watch *watch) {
    range(context, watch, scaled(context, LONG), 1, FDB_STREAMING_MODE_ITERATOR);
}

/* ---- writes ----------------------------------------------------------------------------------- */

static void set(void *context, Watch *watch) {
    Loop *loop = context;
    FDBTransaction *tr = begin_ready(loop->db);
    watch_start(watch);
    for (int at = 0; at < loop->keys; at++) {
        set_pair(tr, at);
    }
    watch_stop(watch, loop->keys);
    fdb_transaction_destroy(tr);
}

static void own(void *context, Watch *watch) {
    Loop *loop = context;
    FDBTransaction *tr = begin_ready(loop->db);
    for (int at = 0; at < loop->keys; at++) {
        set_pair(tr, at);
    }
    watch_start(watch);
    for (int at = 0; at < loop->keys; at++) {
        take(ask_pair(tr, at));
    }
    watch_stop(watch, loop->keys);
    fdb_transaction_destroy(tr);
}

static void whole_set(void *context, Watch *watch) {
    Loop *loop = context;
    int count = scaled(loop, 4000);
    watch_start(watch);
    for (int at = 0; at < count; at++) {
        FDBTransaction *tr = begin(loop->db);
        set_pair(tr, (int64_t)at * 7919 % loop->keys);
        commit(tr);
        fdb_transaction_destroy(tr);
    }
    watch_stop(watch, count);
}

/* Adds one to a number of 8 bytes, and retries as a program has to. */
static void add_one(FDBDatabase *db, const uint8_t *key, int length) {
    FDBTransaction *tr = begin(db);
    for (int turn = 0; turn < RETRIES; turn++) {
        const uint8_t *value;
        int value_length;
        fdb_bool_t present;
        uint64_t number = 0;
        FDBFuture *read = fdb_transaction_get(tr, key, length, 0);
        check(fdb_future_block_until_ready(read), "get");
        fdb_error_t error = fdb_future_get_value(read, &present, &value, &value_length);
        if (!error && present) {
            memcpy(&number, value, sizeof(number));
        }
        fdb_future_destroy(read);
        if (!error) {
            number++;
            fdb_transaction_set(tr, key, length, (const uint8_t *)&number, COUNTER_BYTES);
            FDBFuture *done = fdb_transaction_commit(tr);
            check(fdb_future_block_until_ready(done), "commit");
            error = fdb_future_get_error(done);
            fdb_future_destroy(done);
        }
        if (!error) {
            break;
        }
        wait_for(fdb_transaction_on_error(tr, error), "on_error");
    }
    fdb_transaction_destroy(tr);
}

static void increment(void *context, Watch *watch) {
    Loop *loop = context;
    int count = scaled(loop, 3000);
    uint8_t keys[COUNTERS][KEY_BYTES];
    for (int at = 0; at < COUNTERS; at++) {
        snprintf((char *)keys[at], sizeof(keys[at]), "%scounter%03d", PREFIX, at); // 16 bytes with its zero
    }
    watch_start(watch);
    for (int at = 0; at < count; at++) {
        add_one(loop->db, keys[at % COUNTERS], KEY_BYTES);
    }
    watch_stop(watch, count);
}

/* ---- many at a time --------------------------------------------------------------------------- */

static void concurrent_gets(void *context, Watch *watch) {
    Loop *loop = context;
    FDBTransaction **trs = room(sizeof(*trs) * (size_t)loop->keys);
    FDBFuture **reads = room(sizeof(*reads) * (size_t)loop->keys);
    watch_start(watch);
    for (int at = 0; at < loop->keys; at++) {
        trs[at] = begin(loop->db);
        reads[at] = ask_pair(trs[at], (int64_t)at * 7919 % loop->keys);
    }
    for (int at = 0; at < loop->keys; at++) {
        take(reads[at]);
        fdb_transaction_destroy(trs[at]);
    }
    watch_stop(watch, loop->keys);
    free(trs);
    free(reads);
}

static void jobs(void *context, Watch *watch) {
    Loop *loop = context;
    int count = scaled(loop, JOBS);
    Job *all = room(sizeof(*all) * (size_t)count);
    watch_start(watch);
    run_jobs(loop->db, all, count);
    watch_stop(watch, (int64_t)count * INCREMENTS);
    free(all);
}

/* ---- all -------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    void (*measure)(void *, Watch *);
    int pairs; /* that are stored before */
} ROWS[] = {
    {"get", get, KEYS},
    {"pipelined", pipelined, KEYS},
    {"whole_get", whole_get, KEYS},
    {"range_100", range_100, 100},
    {"range", range_long, LONG},
    {"range_iterator", range_iterator, LONG},
    {"set", set, 0},
    {"own", own, 0},
    {"whole_set", whole_set, KEYS},
    {"increment", increment, 0},
    {"concurrent_gets", concurrent_gets, KEYS},
    {"jobs", jobs, 0},
};

int main(int argc, char **argv) {
    if (argc != 4) {
        return 2;
    }
    for (size_t at = 0; at < sizeof(ROWS) / sizeof(ROWS[0]); at++) {
        if (strcmp(ROWS[at].name, argv[3]) == 0) {
            Client client = open_client(argv[1]);
            Loop loop = {client.db, atof(argv[2]), KEYS};
            loop.keys = scaled(&loop, KEYS);
            if (ROWS[at].pairs > 0) {
                fill_pairs(loop.db, scaled(&loop, ROWS[at].pairs), 1);
            }
            serve(ROWS[at].measure, &loop);
            clear_pairs(loop.db);
            close_client(client);
            return 0;
        }
    }
    fprintf(stderr, "there is no row %s\n", argv[3]);
    return 2;
}
