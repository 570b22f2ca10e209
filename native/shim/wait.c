/* Waiting: signals, waiters and queues. See shim.h. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* pipe2 */
#endif
#include "shim/shim.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#if defined(__linux__)
#include <semaphore.h>
#include <sys/eventfd.h>
#endif

/* ---- waiters ---- */

static struct timespec deadline_after(int milliseconds) {
    struct timespec deadline;
    clock_gettime(CLOCK_REALTIME, &deadline);
    deadline.tv_sec += milliseconds / 1000;
    deadline.tv_nsec += (long)(milliseconds % 1000) * 1000000L;
    if (deadline.tv_nsec >= 1000000000L) {
        deadline.tv_sec += 1;
        deadline.tv_nsec -= 1000000000L;
    }
    return deadline;
}

#if defined(__linux__)

/* A POSIX semaphore is the one lock whose wait a signal handler interrupts. */
_Static_assert(sizeof(sem_t) <= sizeof(shim_waiter), "a waiter holds a semaphore");

void shim_waiter_init(shim_waiter *waiter) { sem_init((sem_t *)waiter->storage, 0, 0); }

void shim_waiter_destroy(shim_waiter *waiter) { sem_destroy((sem_t *)waiter->storage); }

void shim_waiter_post(shim_waiter *waiter) { sem_post((sem_t *)waiter->storage); }

int shim_waiter_wait(shim_waiter *waiter, int milliseconds) {
    sem_t *semaphore = (sem_t *)waiter->storage;
    int failed;
    if (milliseconds < 0) {
        failed = sem_wait(semaphore);
    } else {
        struct timespec deadline = deadline_after(milliseconds);
        failed = sem_timedwait(semaphore, &deadline);
    }
    if (!failed) {
        return SHIM_POSTED;
    }
    return errno == ETIMEDOUT ? SHIM_TIMED_OUT : SHIM_INTERRUPTED;
}

#else

void shim_waiter_init(shim_waiter *waiter) {
    pthread_mutex_init(&waiter->mutex, NULL);
    pthread_cond_init(&waiter->condition, NULL);
    waiter->posts = 0;
}

void shim_waiter_destroy(shim_waiter *waiter) {
    pthread_cond_destroy(&waiter->condition);
    pthread_mutex_destroy(&waiter->mutex);
}

void shim_waiter_post(shim_waiter *waiter) {
    pthread_mutex_lock(&waiter->mutex);
    waiter->posts++;
    pthread_cond_signal(&waiter->condition);
    pthread_mutex_unlock(&waiter->mutex);
}

int shim_waiter_wait(shim_waiter *waiter, int milliseconds) {
    struct timespec deadline = deadline_after(milliseconds < 0 ? 0 : milliseconds);
    int result = SHIM_POSTED;
    pthread_mutex_lock(&waiter->mutex);
    while (waiter->posts == 0 && result == SHIM_POSTED) {
        if (milliseconds < 0) {
            pthread_cond_wait(&waiter->condition, &waiter->mutex);
        } else if (pthread_cond_timedwait(&waiter->condition, &waiter->mutex, &deadline) == ETIMEDOUT) {
            result = SHIM_TIMED_OUT;
        }
    }
    if (waiter->posts > 0) {
        waiter->posts--;
        result = SHIM_POSTED;
    }
    pthread_mutex_unlock(&waiter->mutex);
    return result;
}

#endif

/* ---- queues ---- */

struct shim_queue {
    pthread_mutex_t mutex;
    int references; /* the creator and every subscription on its way */
    int closed;
    int read_end; /* the same descriptor as write_end where there is eventfd */
    int write_end;
    shim_subscription *first;
    shim_subscription **last;
};

static int open_descriptors(shim_queue *queue) {
#if defined(__linux__)
    queue->read_end = queue->write_end = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return queue->read_end < 0 ? -1 : 0;
#else
    int ends[2];
    if (pipe(ends) != 0) {
        return -1;
    }
    for (int i = 0; i < 2; i++) {
        fcntl(ends[i], F_SETFL, O_NONBLOCK);
        fcntl(ends[i], F_SETFD, FD_CLOEXEC);
    }
    queue->read_end = ends[0];
    queue->write_end = ends[1];
    return 0;
#endif
}

shim_queue *shim_queue_create(void) {
    shim_queue *queue = calloc(1, sizeof(*queue));
    if (queue == NULL) {
        return NULL;
    }
    if (open_descriptors(queue) != 0) {
        free(queue);
        return NULL;
    }
    pthread_mutex_init(&queue->mutex, NULL);
    queue->references = 1;
    queue->last = &queue->first;
    return queue;
}

/* Called with the mutex held; releases it. */
static void drop_reference(shim_queue *queue) {
    int references = --queue->references;
    pthread_mutex_unlock(&queue->mutex);
    if (references == 0) {
        pthread_mutex_destroy(&queue->mutex);
        free(queue);
    }
}

void shim_queue_close(shim_queue *queue) {
    pthread_mutex_lock(&queue->mutex);
    queue->closed = 1;
    shim_subscription *subscription = queue->first;
    queue->first = NULL;
    queue->last = &queue->first;
    while (subscription != NULL) {
        shim_subscription *next = subscription->next;
        free(subscription);
        queue->references--;
        subscription = next;
    }
    close(queue->read_end);
    if (queue->write_end != queue->read_end) {
        close(queue->write_end);
    }
    drop_reference(queue);
}

int shim_queue_descriptor(shim_queue *queue) { return queue->read_end; }

static void wake(shim_queue *queue) {
#if defined(__linux__)
    eventfd_write(queue->write_end, 1);
#else
    ssize_t written = write(queue->write_end, "", 1);
    (void)written; /* a full pipe is as readable as it can be */
#endif
}

static void quiet(shim_queue *queue) {
#if defined(__linux__)
    eventfd_t count;
    eventfd_read(queue->read_end, &count);
#else
    char bytes[64];
    while (read(queue->read_end, bytes, sizeof(bytes)) > 0) {
    }
#endif
}

/* Takes over the subscription, which holds a reference to the queue. */
static void enqueue(shim_queue *queue, shim_subscription *subscription) {
    pthread_mutex_lock(&queue->mutex);
    if (queue->closed) {
        free(subscription);
        drop_reference(queue);
        return;
    }
    int was_empty = queue->first == NULL;
    subscription->next = NULL;
    *queue->last = subscription;
    queue->last = &subscription->next;
    if (was_empty) {
        wake(queue);
    }
    pthread_mutex_unlock(&queue->mutex);
}

static shim_subscription *new_subscription(shim_queue *queue, intptr_t token) {
    shim_subscription *subscription = calloc(1, sizeof(*subscription));
    if (subscription != NULL) {
        subscription->queue = queue;
        subscription->token = token;
        pthread_mutex_lock(&queue->mutex);
        queue->references++;
        pthread_mutex_unlock(&queue->mutex);
    }
    return subscription;
}

int shim_queue_push(shim_queue *queue, intptr_t token) {
    shim_subscription *subscription = new_subscription(queue, token);
    if (subscription == NULL) {
        return -1;
    }
    enqueue(queue, subscription);
    return 0;
}

shim_subscription *shim_queue_detach(shim_queue *queue, size_t limit, size_t *count) {
    pthread_mutex_lock(&queue->mutex);
    shim_subscription *oldest = queue->first;
    shim_subscription **end = &queue->first;
    for (*count = 0; *count < limit && *end != NULL; ++*count) {
        end = &(*end)->next;
    }
    shim_subscription *rest = *end;
    *end = NULL;
    queue->first = rest;
    if (rest == NULL) {
        queue->last = &queue->first;
        quiet(queue);
    }
    pthread_mutex_unlock(&queue->mutex);
    return *count > 0 ? oldest : NULL;
}

/* Called with the mutex held; releases it. */
static void dispose_locked(shim_queue *queue, shim_subscription *detached) {
    while (detached->next != NULL) {
        shim_subscription *next = detached->next;
        free(detached);
        queue->references--;
        detached = next;
    }
    free(detached);
    drop_reference(queue);
}

void shim_queue_dispose(shim_queue *queue, shim_subscription *detached) {
    if (detached != NULL) {
        pthread_mutex_lock(&queue->mutex);
        dispose_locked(queue, detached);
    }
}

void shim_queue_attach(shim_queue *queue, shim_subscription *detached) {
    if (detached == NULL) {
        return;
    }
    pthread_mutex_lock(&queue->mutex);
    if (queue->closed) {
        dispose_locked(queue, detached);
        return;
    }
    shim_subscription *youngest = detached;
    while (youngest->next != NULL) {
        youngest = youngest->next;
    }
    youngest->next = queue->first;
    if (queue->first == NULL) {
        queue->last = &youngest->next;
        wake(queue);
    }
    queue->first = detached;
    pthread_mutex_unlock(&queue->mutex);
}

int shim_queue_wait(shim_queue *queue) {
    struct pollfd readable = {.fd = queue->read_end, .events = POLLIN};
    return poll(&readable, 1, -1) < 0 ? SHIM_INTERRUPTED : SHIM_POSTED;
}

/* ---- signals ---- */

struct shim_signal {
    pthread_mutex_t mutex;
    int references;
    int fired;
    shim_subscription *subscriptions;
};

/* Called with the mutex held; releases it. */
static void release_locked(shim_signal *signal) {
    int references = --signal->references;
    pthread_mutex_unlock(&signal->mutex);
    if (references == 0) {
        pthread_mutex_destroy(&signal->mutex);
        free(signal);
    }
}

/* The only callback this binding ever gives to a library. */
static void on_ready(FDBFuture *future, void *parameter) {
    shim_signal *signal = parameter;
    (void)future; /* may be destroyed at any time by its owner: not touched here */
    pthread_mutex_lock(&signal->mutex);
    signal->fired = 1;
    shim_subscription *subscription = signal->subscriptions;
    signal->subscriptions = NULL;
    while (subscription != NULL) {
        shim_subscription *next = subscription->next;
        if (subscription->waiter != NULL) {
            shim_waiter_post(subscription->waiter);
        } else {
            enqueue(subscription->queue, subscription);
        }
        subscription = next;
    }
    release_locked(signal);
}

shim_signal *shim_signal_create(shim_library *library, FDBFuture *future) {
    __auto_type set_callback = SHIM_FUNCTION(library, fdb_future_set_callback);
    shim_signal *signal = set_callback != NULL ? calloc(1, sizeof(*signal)) : NULL;
    if (signal == NULL) {
        return NULL;
    }
    pthread_mutex_init(&signal->mutex, NULL);
    signal->references = 2;
    if (set_callback(future, on_ready, signal) != 0) {
        pthread_mutex_destroy(&signal->mutex);
        free(signal);
        return NULL;
    }
    return signal;
}

void shim_signal_release(shim_signal *signal) {
    pthread_mutex_lock(&signal->mutex);
    release_locked(signal);
}

int shim_signal_add(shim_signal *signal, shim_subscription *subscription) {
    pthread_mutex_lock(&signal->mutex);
    int added = !signal->fired;
    if (added) {
        subscription->next = signal->subscriptions;
        signal->subscriptions = subscription;
    }
    pthread_mutex_unlock(&signal->mutex);
    return added;
}

void shim_signal_remove(shim_signal *signal, shim_subscription *subscription) {
    /* Posting happens under the same mutex, so after this no one touches the subscription. */
    pthread_mutex_lock(&signal->mutex);
    for (shim_subscription **place = &signal->subscriptions; *place != NULL; place = &(*place)->next) {
        if (*place == subscription) {
            *place = subscription->next;
            break;
        }
    }
    pthread_mutex_unlock(&signal->mutex);
}

int shim_signal_add_queue(shim_signal *signal, shim_queue *queue, intptr_t token) {
    shim_subscription *subscription = new_subscription(queue, token);
    if (subscription == NULL) {
        return -1;
    }
    if (shim_signal_add(signal, subscription)) {
        return 1;
    }
    free(subscription);
    pthread_mutex_lock(&queue->mutex);
    drop_reference(queue);
    return 0;
}
