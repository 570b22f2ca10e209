/* How cost grows, for benchmarks/growth.py: growth DATABASE size PAIRS | reader COMMITS | threads COUNT | transactions COUNT | latency WHAT
 *
 * Prints a line "NAME VALUE" for each figure: times in nanoseconds for one operation, rates in operations a second. */
#include "client.h"

#include <stdatomic.h>
#include <unistd.h>

enum {
    STRIDE = 7919, /* a prime, and no factor of a power of ten */
    OPERATIONS = 100000,
    READS_IN_ONE = 1000, /* of a transaction */
    BATCH_ROWS = 1000,
    SMALL = 100000, /* pairs, where not their number is in question */
    MILLION = 1000000,
    SAMPLES = 4 << 20,
    LOAD_BATCH = 10000,
};

static void print_time(const char *name, double start, int64_t operations) {
    printf("%s %.1f\n", name, (seconds() - start) * 1e9 / (double)operations);
}

static void commit_one(FDBDatabase *db, int64_t number) {
    FDBTransaction *tr = begin(db);
    set_number(tr, number);
    commit(tr);
    fdb_transaction_destroy(tr);
}

static void measure_gets(FDBDatabase *db, int64_t pairs) {
    double start = seconds();
    for (int64_t turn = 0; turn < OPERATIONS;) {
        FDBTransaction *tr = begin(db);
        for (int64_t end = turn + READS_IN_ONE; turn < end; turn++) {
            expect(take_value(ask_number(tr, turn * STRIDE % pairs, 0)), "get");
        }
        fdb_transaction_destroy(tr);
    }
    print_time("get", start, OPERATIONS);
}

static void measure_rows(FDBDatabase *db, int64_t pairs) {
    int64_t places = pairs - BATCH_ROWS + 1, batches = MILLION / BATCH_ROWS;
    double start = seconds();
    for (int64_t turn = 0; turn < batches; turn++) {
        FDBTransaction *tr = begin(db);
        expect(read_rows(tr, turn * STRIDE % places, BATCH_ROWS), "rows");
        fdb_transaction_destroy(tr);
    }
    print_time("row", start, MILLION);
}

static void measure_commits(FDBDatabase *db, const char *name, int64_t pairs, int64_t commits) {
    double start = seconds();
    for (int64_t turn = 0; turn < commits; turn++) {
        commit_one(db, turn * STRIDE % pairs);
    }
    print_time(name, start, commits);
}

static void by_size(FDBDatabase *db, int64_t pairs) {
    fill(db, pairs, STRIDE);
    measure_gets(db, pairs);
    measure_rows(db, pairs);
    measure_commits(db, "commit", pairs, OPERATIONS);
}

/* What so many commits cost while a transaction is open that reads what was there before them, and without it. */
static void with_reader(FDBDatabase *db, int64_t commits) {
    fill(db, SMALL, STRIDE);
    measure_commits(db, "alone", SMALL, commits);
    FDBTransaction *reader = begin(db);
    expect(take_value(ask_number(reader, 0, 1)), "get");
    measure_commits(db, "reader", SMALL, commits);
    expect(take_value(ask_number(reader, 1, 1)), "get");
    fdb_transaction_destroy(reader);
}

typedef struct {
    FDBDatabase *db;
    int64_t first, operations;
    int is_commit;
    pthread_t thread;
} Worker;

static void *work(void *argument) {
    Worker *worker = argument;
    for (int64_t turn = 0; turn < worker->operations; turn++) {
        int64_t number = (worker->first + turn) * STRIDE % SMALL;
        if (worker->is_commit) {
            commit_one(worker->db, number);
        } else {
            expect(has_number(worker->db, number), "get");
        }
    }
    return NULL;
}

static void start(pthread_t *thread, void *(*function)(void *), void *argument) {
    if (pthread_create(thread, NULL, function, argument) != 0) {
        fprintf(stderr, "no thread\n");
        exit(1);
    }
}

static void with_threads(FDBDatabase *db, int64_t count) {
    fill(db, SMALL, STRIDE);
    Worker *workers = calloc((size_t)count, sizeof(Worker));
    for (int is_commit = 0; is_commit < 2; is_commit++) {
        int64_t each = OPERATIONS * 2 / count;
        double begun = seconds();
        for (int64_t index = 0; index < count; index++) {
            workers[index] = (Worker){db, index * each, each, is_commit, 0};
            start(&workers[index].thread, work, &workers[index]);
        }
        for (int64_t index = 0; index < count; index++) {
            pthread_join(workers[index].thread, NULL);
        }
        printf("%s %.1f\n", is_commit ? "commits" : "gets", (double)(each * count) / (seconds() - begun));
    }
    free(workers);
}

/* So many transactions are open at a time: each begins and reads, then each writes and commits in turn. */
static void with_transactions(FDBDatabase *db, int64_t count) {
    fill(db, SMALL, STRIDE);
    FDBTransaction **open = calloc((size_t)count, sizeof(*open));
    int64_t rounds = count < OPERATIONS ? OPERATIONS / count : 1;
    double start_of_all = seconds();
    for (int64_t turn = 0; turn < rounds; turn++) {
        for (int64_t index = 0; index < count; index++) {
            open[index] = begin(db);
            expect(take_value(ask_number(open[index], index * STRIDE % SMALL, 0)), "get");
        }
        for (int64_t index = 0; index < count; index++) {
            set_number(open[index], index * STRIDE % SMALL);
            commit(open[index]);
            fdb_transaction_destroy(open[index]);
        }
    }
    print_time("increment", start_of_all, rounds * count);
    free(open);
}

typedef struct {
    FDBDatabase *db;
    double *samples;
    int64_t count;
    atomic_int is_over;
    pthread_t thread;
} Sampler;

/* Commits of one set each, one after the other, until it is over. */
static void *sample(void *argument) {
    Sampler *sampler = argument;
    while (!atomic_load(&sampler->is_over) && sampler->count < SAMPLES) {
        double begun = seconds();
        commit_one(sampler->db, MILLION + sampler->count % BATCH_ROWS);
        sampler->samples[sampler->count++] = seconds() - begun;
    }
    return NULL;
}

static void load(FDBDatabase *db) {
    for (int64_t first = 0; first < MILLION; first += LOAD_BATCH) {
        FDBTransaction *tr = begin(db);
        for (int64_t number = first; number < first + LOAD_BATCH; number++) {
            set_number(tr, number);
        }
        commit(tr);
        fdb_transaction_destroy(tr);
    }
}

static void clear_million(FDBDatabase *db) {
    uint8_t first[KEY_BYTES], end[KEY_BYTES];
    key_of(0, first);
    key_of(MILLION, end);
    FDBTransaction *tr = begin(db);
    fdb_transaction_clear_range(tr, first, KEY_BYTES, end, KEY_BYTES);
    commit(tr);
    fdb_transaction_destroy(tr);
}

static int by_size_of_double(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static double percentile(const Sampler *sampler, double share) {
    return sampler->samples[(int64_t)((double)(sampler->count - 1) * share)] * 1e9;
}

/* Latency of a commit of one set on one thread, while another one loads or clears a million pairs, or nobody does anything. */
static void latency(FDBDatabase *db, const char *what) {
    Sampler sampler = {.db = db, .samples = calloc(SAMPLES, sizeof(double))};
    load(db);
    sleep(6); /* until the load has left the window of five seconds, and its upkeep is done */
    for (int turn = 0; turn < 3; turn++) {
        if (strcmp(what, "load") == 0) {
            clear_million(db);
        }
        atomic_store(&sampler.is_over, 0);
        start(&sampler.thread, sample, &sampler);
        if (strcmp(what, "load") == 0) {
            load(db);
        } else if (strcmp(what, "clear") == 0) {
            clear_million(db);
        }
        if (strcmp(what, "load") != 0) {
            usleep(300000); /* what was cleared is freed behind the commit */
        }
        atomic_store(&sampler.is_over, 1);
        pthread_join(sampler.thread, NULL);
        if (strcmp(what, "clear") == 0 && turn < 2) {
            load(db);
        }
    }
    qsort(sampler.samples, (size_t)sampler.count, sizeof(double), by_size_of_double);
    printf("median %.1f\np99 %.1f\np99.9 %.1f\nlongest %.1f\n", percentile(&sampler, 0.5),
           percentile(&sampler, 0.99), percentile(&sampler, 0.999), percentile(&sampler, 1));
    free(sampler.samples);
}

int main(int argc, char **argv) {
    if (argc != 4) {
        return 2;
    }
    Client client = open_client(argv[1]);
    const char *series = argv[2];
    int64_t amount = atoll(argv[3]);
    if (strcmp(series, "size") == 0) {
        by_size(client.db, amount);
    } else if (strcmp(series, "reader") == 0) {
        with_reader(client.db, amount);
    } else if (strcmp(series, "threads") == 0) {
        with_threads(client.db, amount);
    } else if (strcmp(series, "transactions") == 0) {
        with_transactions(client.db, amount);
    } else if (strcmp(series, "latency") == 0) {
        latency(client.db, argv[3]);
    } else {
        return 2;
    }
    close_client(client);
    return 0;
}
