/*
 * Threads that wait, give up waiting, subscribe queues and cancel, all at once, over the shim and the
 * stub library.  Run under the thread and the address sanitizer by test_shim.py; exits with 0 if
 * every future was heard of exactly as often as it was subscribed to.
 */
#include "shim/shim.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 4, ROUNDS = 150 };

static shim_library *library;
static FDBDatabase *database;
static shim_queue *shared;
static int expected_tokens; /* atomic */

#define CHECK(condition)                                                                                     \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                                  \
            exit(1);                                                                                         \
        }                                                                                                    \
    } while (0)

static FDBFuture *read_key(FDBTransaction *tr, const char *key) {
    return SHIM_FUNCTION(library, fdb_transaction_get)(tr, (const uint8_t *)key, (int)strlen(key), 0);
}

static void destroy(FDBFuture *future, shim_signal *signal) {
    SHIM_FUNCTION(library, fdb_future_destroy)(future);
    shim_signal_release(signal);
}

/* A wait that ends because the future is ready. */
static void wait_for(FDBTransaction *tr, const char *key) {
    FDBFuture *future = read_key(tr, key);
    shim_signal *signal = shim_signal_create(library, future);
    shim_waiter waiter;
    shim_subscription subscription = {.waiter = &waiter};
    shim_waiter_init(&waiter);
    if (shim_signal_add(signal, &subscription)) {
        CHECK(shim_waiter_wait(&waiter, 10000) == SHIM_POSTED);
        CHECK(SHIM_FUNCTION(library, fdb_future_is_ready)(future));
    }
    shim_signal_remove(signal, &subscription);
    shim_waiter_destroy(&waiter);
    destroy(future, signal);
}

/* A wait that gives up, at about the moment at which the future becomes ready. */
static void give_up(FDBTransaction *tr) {
    FDBFuture *future = read_key(tr, "delay:1");
    shim_signal *signal = shim_signal_create(library, future);
    shim_waiter waiter;
    shim_subscription subscription = {.waiter = &waiter};
    shim_waiter_init(&waiter);
    if (shim_signal_add(signal, &subscription)) {
        shim_waiter_wait(&waiter, 1);
    }
    shim_signal_remove(signal, &subscription);
    shim_waiter_destroy(&waiter);
    destroy(future, signal);
}

/* Several subscriptions of queues, some of which are closed before the tokens arrive. */
static void subscribe(FDBTransaction *tr, const char *key) {
    FDBFuture *future = read_key(tr, key);
    shim_signal *signal = shim_signal_create(library, future);
    shim_queue *own = shim_queue_create();
    for (int i = 0; i < 3; i++) {
        if (shim_signal_add_queue(signal, shared, i) == 1) {
            __atomic_add_fetch(&expected_tokens, 1, __ATOMIC_RELAXED);
        }
        CHECK(shim_signal_add_queue(signal, own, i) >= 0);
    }
    CHECK(shim_queue_push(own, 7) == 0);
    shim_queue_close(own);
    destroy(future, signal);
}

static void *work(void *unused) {
    (void)unused;
    FDBTransaction *tr;
    CHECK(SHIM_FUNCTION(library, fdb_database_create_transaction)(database, &tr) == 0);
    for (int i = 0; i < ROUNDS; i++) {
        wait_for(tr, i % 2 ? "delay:1" : "at once");
        give_up(tr);
        subscribe(tr, i % 3 ? "delay:1" : "never");
    }
    SHIM_FUNCTION(library, fdb_transaction_destroy)(tr);
    return NULL;
}

static void *run_network(void *unused) {
    (void)unused;
    CHECK(shim_run_network(library) == 0);
    return NULL;
}

static int take_all(int wanted) {
    int taken = 0;
    for (int round = 0; taken < wanted; round++) {
        size_t count;
        CHECK(shim_queue_wait(shared) == SHIM_POSTED);
        shim_subscription *tokens = shim_queue_detach(shared, 16, &count);
        if (round % 3 == 0) {
            shim_queue_attach(shared, tokens); /* as if there was no memory for them */
        } else {
            shim_queue_dispose(shared, tokens);
            taken += (int)count;
        }
    }
    return taken;
}

int main(int count, char **arguments) {
    char message[512];
    pthread_t threads[THREADS], network;
    CHECK(count == 2);
    CHECK(shim_open("/nowhere/at/all.so", message, sizeof(message)) == NULL && message[0] != 0);
    library = shim_open(arguments[1], message, sizeof(message));
    CHECK(library != NULL && shim_path(library, message, sizeof(message)));
    CHECK(shim_bind(library, "fdb_get_error") != NULL && shim_bind(library, "fdb_no_such") == NULL);
    CHECK(SHIM_FUNCTION(library, fdb_select_api_version_impl)(740, 740) == 0);
    CHECK(SHIM_FUNCTION(library, fdb_setup_network)() == 0);
    CHECK(SHIM_FUNCTION(library, fdb_create_database)("", &database) == 0);
    shared = shim_queue_create();
    CHECK(pthread_create(&network, NULL, run_network, NULL) == 0);
    for (int i = 0; i < THREADS; i++) {
        CHECK(pthread_create(&threads[i], NULL, work, NULL) == 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    int expected = __atomic_load_n(&expected_tokens, __ATOMIC_RELAXED);
    CHECK(take_all(expected) == expected);
    CHECK(SHIM_FUNCTION(library, fdb_stop_network)() == 0);
    pthread_join(network, NULL);
    shim_queue_close(shared);
    SHIM_FUNCTION(library, fdb_database_destroy)(database);
    return 0;
}
