/* Many at a time from C, for loops.c: transactions whose answers wait together, and jobs that go on in callbacks. */
#ifndef BENCHMARKS_JOBS_H
#define BENCHMARKS_JOBS_H

#include "serve.h"

enum { INCREMENTS = 10, COUNTER_BYTES = 8 };

/* Jobs of INCREMENTS transactional increments of an own key each; all are under way at the same time, on the network thread. */
typedef struct {
    FDBDatabase *db;
    pthread_mutex_t lock;
    pthread_cond_t ended;
    int under_way;
} Jobs;

typedef struct {
    Jobs *jobs;
    FDBTransaction *tr;
    int left;
    uint8_t key[KEY_BYTES + 1];
} Job;

static void job_begin(Job *job);
static void job_read(FDBFuture *read, void *context);

static void job_on(FDBFuture *future, FDBCallback callback, Job *job) {
    check(fdb_future_set_callback(future, callback, job), "set_callback");
}

static void job_retried(FDBFuture *waited, void *context) {
    Job *job = context;
    check(fdb_future_get_error(waited), "on_error");
    fdb_future_destroy(waited);
    job_on(fdb_transaction_get(job->tr, job->key, KEY_BYTES, 0), job_read, job);
}

static void job_failed(Job *job, fdb_error_t error) {
    job_on(fdb_transaction_on_error(job->tr, error), job_retried, job);
}

static void job_committed(FDBFuture *done, void *context) {
    Job *job = context;
    fdb_error_t error = fdb_future_get_error(done);
    fdb_future_destroy(done);
    if (error) {
        job_failed(job, error);
        return;
    }
    fdb_transaction_destroy(job->tr);
    if (--job->left > 0) {
        job_begin(job);
        return;
    }
    Jobs *jobs = job->jobs;
    pthread_mutex_lock(&jobs->lock);
    if (--jobs->under_way == 0) {
        pthread_cond_signal(&jobs->ended);
    }
    pthread_mutex_unlock(&jobs->lock);
}

static void job_read(FDBFuture *read, void *context) {
    Job *job = context;
    const uint8_t *value;
    int length;
    fdb_bool_t present;
    uint64_t number = 0;
    fdb_error_t error = fdb_future_get_value(read, &present, &value, &length);
    if (!error && present) {
        memcpy(&number, value, sizeof(number));
    }
    fdb_future_destroy(read);
    if (error) {
        job_failed(job, error);
        return;
    }
    number++;
    fdb_transaction_set(job->tr, job->key, KEY_BYTES, (const uint8_t *)&number, COUNTER_BYTES);
    job_on(fdb_transaction_commit(job->tr), job_committed, job);
}

static void job_begin(Job *job) {
    job->tr = begin(job->jobs->db);
    job_on(fdb_transaction_get(job->tr, job->key, KEY_BYTES, 0), job_read, job);
}

/* Begins all jobs and waits until they have ended. */
static inline void run_jobs(FDBDatabase *db, Job *all, int count) {
    Jobs jobs = {db, PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, count};
    for (int at = 0; at < count; at++) {
        all[at] = (Job){&jobs, NULL, INCREMENTS, {0}};
        snprintf((char *)all[at].key, sizeof(all[at].key), "%sown%07d", PREFIX, at);
        job_begin(&all[at]);
    }
    pthread_mutex_lock(&jobs.lock);
    while (jobs.under_way > 0) {
        pthread_cond_wait(&jobs.ended, &jobs.lock);
    }
    pthread_mutex_unlock(&jobs.lock);
}

#endif
