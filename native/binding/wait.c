/* Waiting for futures: on this thread, which lets go of the GIL meanwhile, or by a mailbox. See binding.h. */
#include "binding/binding.h"

#include <stdlib.h>

/* How long the main thread waits before it looks for signals that reached another thread. */
enum { SIGNAL_POLL_MILLISECONDS = 50 };

/* The one signal of a pending future, made when somebody first has to wait. */
static shim_signal *signal_of(FutureObject *self) {
    if (self->signal == NULL) {
        self->signal = shim_signal_create(self->library, self->pointer);
        if (self->signal == NULL) {
            PyErr_NoMemory();
        }
    }
    return self->signal;
}

/* Subscribes `waiter` to every future that is pending; the index of one that is ready, `count` if
 * none is, -1 with an exception set. */
static Py_ssize_t subscribe(FutureObject **futures, Py_ssize_t count, shim_waiter *waiter,
                            shim_subscription *subscriptions) {
    for (Py_ssize_t i = 0; i < count; i++) {
        int ready = binding_future_is_ready(futures[i]);
        if (ready != 0) {
            return ready < 0 ? -1 : i;
        }
        if (signal_of(futures[i]) == NULL) {
            return -1;
        }
        subscriptions[i].waiter = waiter;
        if (!shim_signal_add(futures[i]->signal, &subscriptions[i])) {
            return i;
        }
    }
    return count;
}

/* Blocks until `waiter` is posted: 0, or -1 when a signal handler raised. Only the main thread
 * handles signals, so only it has to look for them. */
static int block(shim_waiter *waiter) {
    int is_main = binding_main_thread == 0 || PyThread_get_thread_ident() == binding_main_thread;
    int outcome;
    do {
        Py_BEGIN_ALLOW_THREADS;
        outcome = shim_waiter_wait(waiter, is_main ? SIGNAL_POLL_MILLISECONDS : -1);
        Py_END_ALLOW_THREADS;
        if (outcome != SHIM_POSTED && PyErr_CheckSignals() != 0) {
            return -1;
        }
    } while (outcome != SHIM_POSTED);
    return 0;
}

static Py_ssize_t first_ready(FutureObject **futures, Py_ssize_t count) {
    for (Py_ssize_t i = 0; i < count; i++) {
        int ready = binding_future_is_ready(futures[i]);
        if (ready != 0) {
            return ready < 0 ? -1 : i;
        }
    }
    return count;
}

Py_ssize_t binding_wait_any(FutureObject **futures, Py_ssize_t count) {
    if (PyThread_get_thread_ident() == binding_callback_thread) {
        binding_raise_code(2026 /* blocked_from_network_thread */);
        return -1;
    }
    shim_subscription *subscriptions = calloc((size_t)count, sizeof(*subscriptions));
    if (subscriptions == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    shim_waiter waiter;
    shim_waiter_init(&waiter);
    Py_ssize_t ready = subscribe(futures, count, &waiter, subscriptions);
    while (ready == count) {
        /* Posted, but not ready: cannot be, unless the library calls back early. Wait on. */
        ready = block(&waiter) == 0 ? first_ready(futures, count) : -1;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        if (subscriptions[i].waiter != NULL && futures[i]->signal != NULL) {
            shim_signal_remove(futures[i]->signal, &subscriptions[i]);
        }
    }
    shim_waiter_destroy(&waiter);
    free(subscriptions);
    return ready;
}

int binding_subscribe(FutureObject *future, shim_queue *queue, intptr_t token) {
    int ready = binding_future_is_ready(future);
    if (ready != 0) {
        return ready < 0 ? -1 : 0;
    }
    if (signal_of(future) == NULL) {
        return -1;
    }
    int added = shim_signal_add_queue(future->signal, queue, token);
    if (added < 0) {
        PyErr_NoMemory();
    }
    return added;
}
