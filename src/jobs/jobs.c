#include "vdo/jobs/jobs.h"

#include "vdo/base/mem.h"
#include "vdo/base/thread.h"

#include "room.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LEASE_MS = 60000, PROGRESS_GAP_MS = 5000 };
#define KEEP_MS (90LL * 24 * 3600 * 1000)

static void init_locks(struct jobs *jobs)
{
    pthread_condattr_t attr;

    (void)pthread_mutex_init(&jobs->lock, NULL);
    (void)pthread_condattr_init(&attr);
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&jobs->changed, &attr);
    (void)pthread_condattr_destroy(&attr);
    jobs->slots = xcalloc(jobs->o.workers + 1, sizeof(*jobs->slots));
    for (unsigned i = 0; i <= jobs->o.workers; i++) {
        jobs->slots[i].jobs = jobs;
        jobs->slots[i].number = (int)i;
        (void)pthread_mutex_init(&jobs->slots[i].lock, NULL);
    }
}

int jobs_new(const struct jobs_options *options, struct jobs **out, struct err *err)
{
    struct jobs *jobs = xcalloc(1, sizeof(*jobs));
    int rc;

    jobs->o = *options;
    jobs->node_fd = -1;
    if (!jobs->o.lease_ms)
        jobs->o.lease_ms = LEASE_MS;
    if (!jobs->o.progress_gap_ms)
        jobs->o.progress_gap_ms = PROGRESS_GAP_MS;
    if (!jobs->o.keep_ms)
        jobs->o.keep_ms = KEEP_MS;
    init_locks(jobs);
    rc = node_open(jobs, err);
    if (rc) {
        jobs_free(jobs);
        return rc;
    }
    *out = jobs;
    return VDO_OK;
}

/* ---- threads ---- */

static int start_thread(pthread_t *out, void *(*run)(void *), void *arg, const char *what,
                        struct err *err)
{
    int rc = thread_start(out, run, arg);

    if (rc)
        return err_set(err, VDO_E_IO, "the %s thread could not be started: %s", what,
                       strerrordesc_np(rc));
    return VDO_OK;
}

static int start(struct jobs *jobs, void *(*run)(void *), void *arg, const char *what,
                 struct err *err)
{
    int rc = start_thread(&jobs->threads[jobs->n_threads], run, arg, what, err);

    if (rc)
        return rc;
    jobs->n_threads++;
    return VDO_OK;
}

int start_renewer(struct jobs *jobs, struct err *err)
{
    int rc;

    if (jobs->renewing)
        return VDO_OK;
    rc = start_thread(&jobs->renewer, renewer_main, jobs, "lease", err);
    jobs->renewing = rc == VDO_OK;
    return rc;
}

static void count_working(struct jobs *jobs, int by)
{
    (void)pthread_mutex_lock(&jobs->lock);
    jobs->working = (unsigned)((int)jobs->working + by);
    (void)pthread_cond_broadcast(&jobs->changed);
    (void)pthread_mutex_unlock(&jobs->lock);
}

static void *counted_worker(void *arg)
{
    struct slot *slot = arg;

    (void)worker_main(slot);
    count_working(slot->jobs, -1);
    return NULL;
}

static void *counted_dispatcher(void *arg)
{
    (void)dispatcher_main(arg);
    count_working(arg, -1);
    return NULL;
}

static int start_all(struct jobs *jobs, struct err *err)
{
    int rc = jobs->o.workers ? start_renewer(jobs, err) : VDO_OK;

    for (unsigned i = 0; i < jobs->o.workers && !rc; i++) {
        rc = start(jobs, counted_worker, &jobs->slots[i], "worker", err);
        if (!rc)
            count_working(jobs, 1);
    }
    for (unsigned i = 0; i < jobs->o.dispatchers && !rc; i++) {
        rc = start(jobs, counted_dispatcher, jobs, "dispatcher", err);
        if (!rc)
            count_working(jobs, 1);
    }
    if (!rc && jobs->o.outbox)
        rc = start(jobs, sender_main, jobs, "outbox", err);
    if (!rc && jobs->o.outbox)
        rc = start(jobs, janitor_main, jobs, "janitor", err);
    return rc;
}

int jobs_start(struct jobs *jobs, struct err *err)
{
    int rc;

    jobs->threads = xcalloc(jobs->o.workers + jobs->o.dispatchers + 2, sizeof(*jobs->threads));
    rc = start_all(jobs, err);
    if (rc)
        jobs_stop(jobs, 0);
    return rc;
}

static void wake_all(struct jobs *jobs)
{
    (void)pthread_mutex_lock(&jobs->lock);
    (void)pthread_cond_broadcast(&jobs->changed);
    (void)pthread_mutex_unlock(&jobs->lock);
    bus_ring(jobs->o.bus, BUS_INBOX);
    bus_ring(jobs->o.bus, BUS_JOBS);
    bus_ring(jobs->o.bus, BUS_OUTBOX);
}

/* Until all workers and dispatchers have ended by themselves, or grace_ms. */
static void wait_for_end(struct jobs *jobs, int64_t grace_ms)
{
    struct timespec deadline = deadline_in(grace_ms);
    int rc = 0;

    (void)pthread_mutex_lock(&jobs->lock);
    while (jobs->working > 0 && rc == 0)
        rc = pthread_cond_timedwait(&jobs->changed, &jobs->lock, &deadline);
    (void)pthread_mutex_unlock(&jobs->lock);
}

/* Under the slot's lock, so that a worker that is just taking a job up does not miss it. */
static void stop_slots(struct jobs *jobs)
{
    for (unsigned i = 0; i <= jobs->o.workers; i++) {
        (void)pthread_mutex_lock(&jobs->slots[i].lock);
        atomic_store(&jobs->slots[i].stop, true);
        (void)pthread_mutex_unlock(&jobs->slots[i].lock);
    }
}

static void stop_renewer(struct jobs *jobs)
{
    if (!jobs->renewing)
        return;
    (void)pthread_mutex_lock(&jobs->lock);
    jobs->renewer_stop = true;
    (void)pthread_cond_broadcast(&jobs->changed);
    (void)pthread_mutex_unlock(&jobs->lock);
    (void)pthread_join(jobs->renewer, NULL);
    jobs->renewing = false;
}

void jobs_stop(struct jobs *jobs, int64_t grace_ms)
{
    atomic_store(&jobs->draining, true);
    wake_all(jobs);
    wait_for_end(jobs, grace_ms);
    atomic_store(&jobs->stopping, true);
    stop_slots(jobs);
    wake_all(jobs);
    for (size_t i = 0; i < jobs->n_threads; i++)
        (void)pthread_join(jobs->threads[i], NULL);
    jobs->n_threads = 0;
    free(jobs->threads);
    jobs->threads = NULL;
    stop_renewer(jobs);
}

/* The store calls back for every delivery it took, at the latest when it has been busy too long. */
static void wait_for_store(struct jobs *jobs)
{
    (void)pthread_mutex_lock(&jobs->lock);
    while (jobs->adding > 0)
        (void)pthread_cond_wait(&jobs->changed, &jobs->lock);
    (void)pthread_mutex_unlock(&jobs->lock);
}

void jobs_free(struct jobs *jobs)
{
    if (!jobs)
        return;
    jobs_stop(jobs, 0);
    wait_for_store(jobs);
    for (unsigned i = 0; i <= jobs->o.workers; i++)
        (void)pthread_mutex_destroy(&jobs->slots[i].lock);
    free(jobs->slots);
    (void)pthread_cond_destroy(&jobs->changed);
    (void)pthread_mutex_destroy(&jobs->lock);
    node_close(jobs);
    free(jobs);
}

const char *jobs_node(const struct jobs *jobs)
{
    return jobs->node;
}

static int count_busy(struct jobs *jobs)
{
    int n = 0;

    for (unsigned i = 0; i <= jobs->o.workers; i++) {
        (void)pthread_mutex_lock(&jobs->slots[i].lock);
        n += jobs->slots[i].busy;
        (void)pthread_mutex_unlock(&jobs->slots[i].lock);
    }
    return n;
}

json_t *jobs_report(struct jobs *jobs)
{
    int busy = count_busy(jobs);
    json_t *report;

    (void)pthread_mutex_lock(&jobs->lock);
    report = json_pack("{s:s, s:i, s:i, s:I, s:I, s:I, s:I, s:s?, s:I}", "node", jobs->node,
                       "workers", (int)jobs->o.workers, "busy", busy, "deliveries",
                       (json_int_t)jobs->handled, "runs", (json_int_t)jobs->runs, "sent",
                       (json_int_t)jobs->sent, "failures", (json_int_t)jobs->failures, "last_error",
                       *jobs->last_error ? jobs->last_error : NULL, "last_janitor_ms",
                       (json_int_t)jobs->last_janitor_ms);
    (void)pthread_mutex_unlock(&jobs->lock);
    return report;
}
