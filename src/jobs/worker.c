#include "room.h"

#include <stdio.h>
#include <string.h>

enum { MAX_ATTEMPTS = 30, FIRST_RETRY_MS = 5000, LAST_RETRY_MS = 600000, RECORD_TRIES = 10 };

/* ---- renewing: one thread for all slots, at a third of the lease ---- */

static void note_renewal(struct slot *slot, int64_t epoch, int rc, int64_t until_ms, bool cancelled,
                         int64_t now_ms)
{
    (void)pthread_mutex_lock(&slot->lock);
    if (slot->busy && slot->epoch == epoch) {
        if (rc == VDO_OK)
            slot->until_ms = until_ms;
        if (rc == VDO_OK && cancelled)
            slot->cancelled = true;
        /* Lost; or the store has been out of reach for so long that it may be. */
        if (rc == VDO_E_CONFLICT || slot->until_ms <= now_ms || slot->cancelled)
            atomic_store(&slot->stop, true);
    }
    (void)pthread_mutex_unlock(&slot->lock);
}

static void renew(struct slot *slot)
{
    struct jobs *jobs = slot->jobs;
    struct err err = {0};
    char id[RAND_ID_SIZE];
    int64_t until_ms = jobs_now(jobs) + jobs->o.lease_ms;
    bool cancelled = false;
    int64_t epoch;
    bool busy;
    int rc;

    (void)pthread_mutex_lock(&slot->lock);
    busy = slot->busy;
    epoch = slot->epoch;
    memcpy(id, slot->job_id, RAND_ID_SIZE);
    (void)pthread_mutex_unlock(&slot->lock);
    if (!busy)
        return;
    rc = store_job_renew(jobs->o.store, id, epoch, until_ms, &cancelled, &err);
    if (rc && rc != VDO_E_CONFLICT)
        note_failure(jobs, "lease", &err);
    note_renewal(slot, epoch, rc, until_ms, cancelled, jobs_now(jobs));
}

static bool wait_for_next_round(struct jobs *jobs)
{
    struct timespec deadline = deadline_in(jobs->o.lease_ms / 3);
    bool go_on;
    int rc = 0;

    (void)pthread_mutex_lock(&jobs->lock);
    while (!jobs->renewer_stop && rc == 0)
        rc = pthread_cond_timedwait(&jobs->changed, &jobs->lock, &deadline);
    go_on = !jobs->renewer_stop;
    (void)pthread_mutex_unlock(&jobs->lock);
    return go_on;
}

void *renewer_main(void *arg)
{
    struct jobs *jobs = arg;

    while (wait_for_next_round(jobs))
        for (unsigned i = 0; i <= jobs->o.workers; i++)
            renew(&jobs->slots[i]);
    return NULL;
}

/* ---- after the run ---- */

/* The reason a person gave stands in the row since store_job_cancel(). */
static int end_cancelled(struct jobs *jobs, const struct job *job, struct err *err)
{
    struct job now = {0};
    int rc = store_job_get(jobs->o.store, job->id, &now, err);

    if (rc)
        return rc;
    rc = store_job_finish(jobs->o.store, job->id, job->epoch, JOB_CANCELLED, "cancelled",
                          *now.reason ? now.reason : "cancelled on request", NULL, 0, err);
    job_release(&now);
    return rc;
}

static int end_failed(struct jobs *jobs, const struct job *job, const char *reason, struct err *err)
{
    return store_job_finish(jobs->o.store, job->id, job->epoch, JOB_FAILED, "failed", reason, NULL,
                            0, err);
}

static int try_later(struct jobs *jobs, const struct job *job, const struct err *why,
                     struct err *err)
{
    struct job_update update = JOB_UPDATE_NONE;
    char reason[600];

    if (job->attempts >= MAX_ATTEMPTS) {
        (void)snprintf(reason, sizeof(reason), "given up after %d attempts: %s", job->attempts,
                       why->text);
        return end_failed(jobs, job, reason, err);
    }
    update.run_at_ms = jobs_now(jobs) + backoff_ms(FIRST_RETRY_MS, LAST_RETRY_MS, job->attempts);
    update.reason = why->text;
    return store_job_release(jobs->o.store, job->id, job->epoch, &update, err);
}

/* The runner says that it has left the job in a final or waiting state, perhaps without the lease.
 */
static int check_left(struct jobs *jobs, const struct job *job, struct err *err)
{
    struct job now = {0};
    int rc = store_job_get(jobs->o.store, job->id, &now, err);
    bool ours = !rc && now.epoch == job->epoch && now.lease_until_ms > 0;
    enum job_state state = now.state;

    job_release(&now);
    if (rc || !ours)
        return rc;
    if (!job_state_is_waiting(state))
        return end_failed(jobs, job, "the workflow ended without an outcome", err);
    return store_job_release(jobs->o.store, job->id, job->epoch, NULL, err);
}

static int settle(struct slot *slot, const struct job_lease *lease, int code, const struct err *why,
                  struct err *err)
{
    struct jobs *jobs = slot->jobs;
    const struct job *job = &lease->job;

    switch (code) {
    case VDO_OK:
        return check_left(jobs, job, err);
    case VDO_E_CANCELLED:
        return slot_was_cancelled(lease) ?
                   end_cancelled(jobs, job, err) :
                   store_job_release(jobs->o.store, job->id, job->epoch, NULL, err);
    case VDO_E_TEMPORARY:
        return try_later(jobs, job, why, err);
    case VDO_E_CONFLICT:
        return VDO_OK;
    default:
        return end_failed(jobs, job, why->text, err);
    }
}

/* While the store is out of order the lease runs out, and the job goes on at its last step. */
static void settle_at_last(struct slot *slot, const struct job_lease *lease, int code,
                           const struct err *why)
{
    for (int i = 0; i < RECORD_TRIES; i++) {
        struct err err = {0};
        int rc = settle(slot, lease, code, why, &err);

        if (rc && rc != VDO_E_CONFLICT)
            note_failure(slot->jobs, "worker", &err);
        if (rc != VDO_E_TEMPORARY && rc != VDO_E_IO)
            return;
        pause_ms(slot->jobs, POLL_MS);
    }
}

/* ---- the run ---- */

static int call_runner(struct slot *slot, struct job_lease *lease, struct err *why)
{
    struct jobs *jobs = slot->jobs;

    if (lease->job.cancel_requested)
        return err_set(why, VDO_E_CANCELLED, "cancelled on request");
    if (lease->job.attempts > MAX_ATTEMPTS)
        return err_set(why, VDO_E_IO, "given up: %d attempts ended with the process%s%s",
                       lease->job.attempts - 1, *lease->job.reason ? ", before that: " : "",
                       lease->job.reason);
    return jobs->o.run(jobs->o.run_arg, lease, why);
}

static void count_run(struct jobs *jobs)
{
    (void)pthread_mutex_lock(&jobs->lock);
    jobs->runs++;
    (void)pthread_mutex_unlock(&jobs->lock);
}

int run_leased(struct slot *slot, struct forge_session *forge, struct job *job, struct err *err)
{
    struct jobs *jobs = slot->jobs;
    struct job_lease lease = {.job = *job,
                              .forge = forge,
                              .stop = &slot->stop,
                              .is_cancelled = slot_was_cancelled,
                              .draining = &jobs->draining,
                              .worker = slot->number,
                              .priv = slot};
    struct err why = {0};
    int code;

    slot_occupy(slot, job);
    code = call_runner(slot, &lease, &why);
    settle_at_last(slot, &lease, code, &why);
    slot_vacate(slot);
    *job = lease.job;
    count_run(jobs);
    jobs_changed(jobs, job->id);
    if (code)
        (void)err_set(err, why.code ? why.code : VDO_E_IO, "%s", why.text);
    return code;
}

void *worker_main(void *arg)
{
    struct slot *slot = arg;
    struct jobs *jobs = slot->jobs;
    struct forge_session *forge = forge_session_new(jobs->o.forge, &slot->stop);
    uint64_t seen = 0;

    while (!atomic_load(&jobs->draining)) {
        struct err err = {0};
        struct job job = {0};
        int rc = store_job_lease(jobs->o.store, jobs->node, NULL, jobs_now(jobs), jobs->o.lease_ms,
                                 &job, &err);

        if (rc == VDO_OK) {
            (void)run_leased(slot, forge, &job, NULL);
            job_release(&job);
            continue;
        }
        if (rc == VDO_E_NOT_FOUND) {
            (void)bus_wait(jobs->o.bus, BUS_JOBS, &seen, POLL_MS);
            continue;
        }
        note_failure(jobs, "worker", &err);
        pause_ms(jobs, POLL_MS);
    }
    forge_session_free(forge);
    return NULL;
}
