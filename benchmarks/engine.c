/* What an operation costs in the engine, for benchmarks/instructions.py, which counts instructions: engine DATABASE WORK...
 *
 * Fills an empty database with 100,000 pairs. Then, for each WORK in turn, does it some thousand times in measured(), and calls mark().
 * The database's clock is moved by hand, so that the engine's upkeep comes at the same places of each run: a commit takes half a
 * millisecond of that clock, and the window of five seconds has the last 10,000 of them. */
#include "client.h"

#include <foundationdb/fdb_c_internal.h>
#include <unistd.h>

enum {
    PAIRS = 100000,
    STRIDE = 7919,
    COUNT = 10000,
    CHUNK = 250,
    COMMIT_MICROS = 500,
    OWN_WRITES = 1000,
    BATCH_ROWS = 1000,
    ADVANCE = 1,
    FREEZE = 2,
    BEHIND_WINDOW = 20000000,
};

typedef struct {
    FDBDatabase *db;
    FDBTransaction *tr; /* an open one, with a read version */
    int64_t turn;
} State;

static int64_t next_number(State *state) { return state->turn++ * STRIDE % PAIRS; }

static void do_nothing(State *state) { fdb_transaction_destroy(begin(state->db)); }

static void do_version(State *state) {
    FDBTransaction *tr = begin(state->db);
    wait_for(fdb_transaction_get_read_version(tr), "get_read_version");
    fdb_transaction_destroy(tr);
}

static void do_get(State *state) { expect(take_value(ask_number(state->tr, next_number(state), 0)), "get"); }

static void do_snapshot_get(State *state) {
    expect(take_value(ask_number(state->tr, next_number(state), 1)), "snapshot get");
}

static void do_same_get(State *state) { expect(take_value(ask_number(state->tr, 1, 0)), "get"); }

static void do_begin_get(State *state) { expect(has_number(state->db, next_number(state)), "begin and get"); }

static void do_set(State *state) { set_number(state->tr, next_number(state)); }

static void do_own_get(State *state) {
    expect(take_value(ask_number(state->tr, state->turn++ % OWN_WRITES, 0)), "get of an own write");
}

static void do_commit(State *state) {
    FDBTransaction *tr = begin(state->db);
    set_number(tr, next_number(state));
    commit(tr);
    fdb_transaction_destroy(tr);
}

static void do_commit_again(State *state) {
    fdb_transaction_reset(state->tr);
    set_number(state->tr, next_number(state));
    commit(state->tr);
}

static void do_increment(State *state) {
    FDBTransaction *tr = begin(state->db);
    int64_t number = next_number(state);
    expect(take_value(ask_number(tr, number, 0)), "increment");
    set_number(tr, number);
    commit(tr);
    fdb_transaction_destroy(tr);
}

static void do_rows(State *state) {
    expect(read_rows(state->tr, state->turn++ * BATCH_ROWS % (PAIRS - BATCH_ROWS), BATCH_ROWS), "rows");
}

typedef struct {
    const char *name;
    void (*once)(State *);
    int count;
    int warm;   /* done before it is measured */
    int micros; /* by which the clock goes on */
    int own;    /* writes of the open transaction */
} Work;

static const Work kWorks[] = {
    {"empty", do_nothing, COUNT, CHUNK, 0, 0},
    {"version", do_version, COUNT, CHUNK, 0, 0},
    {"begin_get", do_begin_get, COUNT, CHUNK, 0, 0},
    {"get", do_get, COUNT, CHUNK, 0, 0},
    {"same_get", do_same_get, COUNT, CHUNK, 0, 0},
    {"snapshot_get", do_snapshot_get, COUNT, CHUNK, 0, 0},
    {"own_get", do_own_get, COUNT, CHUNK, 0, OWN_WRITES},
    {"set", do_set, COUNT, CHUNK, 0, 0},
    {"rows", do_rows, 20, 2, 0, 0},
    {"commit", do_commit, COUNT, COUNT, COMMIT_MICROS, 0},
    {"commit_again", do_commit_again, COUNT, CHUNK, COMMIT_MICROS, 0},
    {"increment", do_increment, COUNT, CHUNK, COMMIT_MICROS, 0},
};

__attribute__((noinline, noclone)) void measured(const Work *work, State *state, int count) {
    for (int turn = 0; turn < count; turn++) {
        work->once(state);
    }
}

/* Where the counter writes down what it has. */
__attribute__((noinline, noclone)) void mark(void) { __asm__ volatile(""); }

static void advance(FDBDatabase *db, int64_t micros) {
    if (micros > 0) {
        check(fdb_embedded_clock(db, ADVANCE, micros, NULL), "embedded_clock");
    }
}

/* In chunks, between which the clock goes on; measured, or only done. */
static void repeat(const Work *work, State *state, int count, int is_measured) {
    for (int left = count; left > 0; left -= CHUNK) {
        int now = left < CHUNK ? left : CHUNK;
        if (is_measured) {
            measured(work, state, now);
        } else {
            for (int turn = 0; turn < now; turn++) {
                work->once(state);
            }
        }
        advance(state->db, (int64_t)work->micros * now);
    }
}

static void run(FDBDatabase *db, const char *name) {
    for (size_t index = 0; index < sizeof(kWorks) / sizeof(kWorks[0]); index++) {
        const Work *work = &kWorks[index];
        if (strcmp(work->name, name) != 0) {
            continue;
        }
        State state = {db, begin(db), 0};
        wait_for(fdb_transaction_get_read_version(state.tr), "get_read_version");
        for (int number = 0; number < work->own; number++) {
            set_number(state.tr, number);
        }
        repeat(work, &state, work->warm, 0);
        repeat(work, &state, work->count, 1);
        mark();
        printf("%s %d\n", name, work->once == do_rows ? work->count * BATCH_ROWS : work->count);
        fdb_transaction_destroy(state.tr);
        return;
    }
    fprintf(stderr, "there is no work %s\n", name);
    exit(2);
}

int main(int argc, char **argv) {
    if (argc < 2) {
        return 2;
    }
    Client client = open_client(argv[1]);
    if (!has_number(client.db, 0)) {
        fill(client.db, PAIRS, STRIDE);
    }
    check(fdb_embedded_clock(client.db, FREEZE, 0, NULL), "embedded_clock");
    advance(client.db, BEHIND_WINDOW);
    FDBTransaction *tr = begin(client.db);
    expect(read_rows(tr, 0, PAIRS), "all rows"); /* in a file: now they are in memory */
    fdb_transaction_destroy(tr);
    for (int index = 2; index < argc; index++) {
        run(client.db, argv[index]);
    }
    close_client(client);
    return 0;
}
