/* What makes a program in C a column of the suite: it measures whenever it is asked (suite/measure.py says how).
 *
 * Such a program prepares itself and calls `serve`. Its pairs are those of work/bench.py, all below one prefix, so that
 * a cluster can be cleaned of them. */
#ifndef BENCHMARKS_SERVE_H
#define BENCHMARKS_SERVE_H

#include "client.h"

static const char PREFIX[] = "bench/";

/* Writes the key of a pair, whose number is below 10^10. */
static inline void pair_key(int64_t number, uint8_t *key) {
    key_of(number, key);
    memcpy(key, PREFIX, sizeof(PREFIX) - 1);
}

static inline void set_pair(FDBTransaction *tr, int64_t number) {
    uint8_t key[KEY_BYTES];
    pair_key(number, key);
    fdb_transaction_set(tr, key, KEY_BYTES, kValue, VALUE_BYTES);
}

static inline FDBFuture *ask_pair(FDBTransaction *tr, int64_t number) {
    uint8_t key[KEY_BYTES];
    pair_key(number, key);
    return fdb_transaction_get(tr, key, KEY_BYTES, 0);
}

/* Stores the pairs below `count`, in the order of their keys or, with a stride that has no factor in common with it, not. */
static inline void fill_pairs(FDBDatabase *db, int64_t count, int64_t stride) {
    for (int64_t first = 0; first < count; first += FILL_BATCH) {
        FDBTransaction *tr = begin(db);
        for (int64_t at = first; at < first + FILL_BATCH && at < count; at++) {
            set_pair(tr, at * stride % count);
        }
        commit(tr);
        fdb_transaction_destroy(tr);
    }
}

/* A transaction that has its read version, so that what is measured afterwards is its own work only. */
static inline FDBTransaction *begin_ready(FDBDatabase *db) {
    FDBTransaction *tr = begin(db);
    wait_for(fdb_transaction_get_read_version(tr), "get_read_version");
    return tr;
}

/* Removes all pairs, and whatever else is below the prefix. */
static inline void clear_pairs(FDBDatabase *db) {
    uint8_t end[sizeof(PREFIX)];
    memcpy(end, PREFIX, sizeof(PREFIX) - 1);
    end[sizeof(PREFIX) - 1] = 0xff;
    FDBTransaction *tr = begin(db);
    fdb_transaction_clear_range(tr, (const uint8_t *)PREFIX, sizeof(PREFIX) - 1, end, sizeof(PREFIX));
    commit(tr);
    fdb_transaction_destroy(tr);
}

/* A stretch of work: seconds (or bytes) for one operation, and how many processors were at work. */
typedef struct {
    double began, cpu, amount, processors;
} Watch;

static inline double processor_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static inline void watch_start(Watch *watch) {
    watch->cpu = processor_seconds();
    watch->began = seconds();
}

static inline void watch_stop(Watch *watch, int64_t operations) {
    double wall = seconds() - watch->began;
    watch->amount = wall / (double)operations;
    watch->processors = (processor_seconds() - watch->cpu) / wall;
}

/* Says that the program is ready, and measures for each line that it reads. */
static inline void serve(void (*measure)(void *, Watch *), void *context) {
    printf("ready\n");
    fflush(stdout);
    for (int read = getchar(); read != EOF; read = getchar()) {
        if (read == '\n') {
            Watch watch = {0};
            measure(context, &watch);
            printf("{\"amount\": %.9g, \"processors\": %.3f}\n", watch.amount, watch.processors);
            fflush(stdout);
        }
    }
}

#endif
