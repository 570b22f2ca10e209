/*
 * What the C tests of the engine share: checks that end the program, a network thread, and short
 * forms of the calls that every test makes.  A test program gets the name of its case and the
 * cluster string, and exits with 0 when the case passed.
 */
#ifndef FDB_TESTS_ABI_ENGINE_SUPPORT_H
#define FDB_TESTS_ABI_ENGINE_SUPPORT_H

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <foundationdb/fdb_c.h>

#define EXPECT(condition)                                                                                    \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition);                   \
            exit(1);                                                                                         \
        }                                                                                                    \
    } while (0)

#define EXPECT_ERROR(call, expected)                                                                         \
    do {                                                                                                     \
        fdb_error_t got_ = (call);                                                                           \
        if (got_ != (expected)) {                                                                            \
            fprintf(stderr, "%s:%d: %s: %d instead of %d\n", __FILE__, __LINE__, #call, got_,                \
                    (int)(expected));                                                                        \
            exit(1);                                                                                         \
        }                                                                                                    \
    } while (0)

#define OK(call) EXPECT_ERROR(call, 0)

/* A string literal as the two arguments (bytes, length). */
#define BYTES(text) (const uint8_t *)(text), (int)strlen(text)

/* A string literal as a key selector: the first key at, or behind, it. */
#define KEY_AT(text) FDB_KEYSEL_FIRST_GREATER_OR_EQUAL((const uint8_t *)(text), (int)strlen(text))
#define KEY_BEHIND(text) FDB_KEYSEL_FIRST_GREATER_THAN((const uint8_t *)(text), (int)strlen(text))

static pthread_t network_thread;

static void *network_main(void *unused) {
    (void)unused;
    OK(fdb_run_network());
    return NULL;
}

static void start_network(void) { EXPECT(pthread_create(&network_thread, NULL, network_main, NULL) == 0); }

static void stop_network(void) {
    OK(fdb_stop_network());
    EXPECT(pthread_join(network_thread, NULL) == 0);
}

struct test_case {
    const char *name;
    void (*run)(const char *cluster);
};

/* Runs the case that the command line names. */
static int run_case(const struct test_case *cases, int argc, char **argv) {
    EXPECT(argc == 3);
    for (const struct test_case *each = cases; each->name; each++) {
        if (strcmp(each->name, argv[1]) == 0) {
            each->run(argv[2]);
            printf("ok\n");
            return 0;
        }
    }
    fprintf(stderr, "no case named %s\n", argv[1]);
    return 2;
}

#endif
