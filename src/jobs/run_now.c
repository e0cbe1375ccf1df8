#include "room.h"

/* A whole job in the thread that asks for it. */

/* The gap between two edits spares readers of a forge; at the end nobody waits for it. */
static void send_rest(struct jobs *jobs, struct forge_session *forge, const char *id)
{
    struct err err = {0};

    if (flush_outbox(jobs, forge, id, NULL, jobs->o.progress_gap_ms, NULL, &err))
        note_failure(jobs, "outbox", &err);
}

static int run_once(struct jobs *jobs, const char *id, struct err *err)
{
    struct slot *slot = &jobs->slots[jobs->o.workers];
    struct forge_session *forge;
    struct job job = {0};
    int rc =
        store_job_lease(jobs->o.store, jobs->node, id, jobs_now(jobs), jobs->o.lease_ms, &job, err);

    if (rc == VDO_E_NOT_FOUND)
        return err_set(err, rc, "job %s cannot be run now: it waits, has ended, or runs elsewhere",
                       id);
    if (rc)
        return rc;
    forge = forge_session_new(jobs->o.forge, &slot->stop);
    rc = run_leased(slot, forge, &job, err);
    job_release(&job);
    forge_session_free(forge);
    return rc;
}

/* A run that is to be tried again has left a time in the row; this thread waits for it. True: run
 * again. */
static bool wait_for_turn(struct jobs *jobs, const char *id)
{
    struct job job = {0};
    bool again = store_job_get(jobs->o.store, id, &job, NULL) == VDO_OK &&
                 !job_state_is_final(job.state) && job.run_at_ms > job.created_at_ms &&
                 job.state != JOB_AWAITING_ANSWER && job.state != JOB_AWAITING_APPROVAL;
    int64_t run_at_ms = job.run_at_ms;

    job_release(&job);
    while (again && jobs_now(jobs) < run_at_ms && !atomic_load(&jobs->stopping))
        pause_ms(jobs, POLL_MS);
    return again && !atomic_load(&jobs->stopping);
}

int jobs_run_now(struct jobs *jobs, const char *id, struct err *err)
{
    struct forge_session *forge;
    int rc = start_renewer(jobs, err);

    if (rc)
        return rc;
    /* No janitor runs beside it: what killed runs have left goes now. */
    if (jobs->o.tidy)
        jobs->o.tidy(jobs->o.tidy_arg);
    do {
        err_clear(err);
        rc = run_once(jobs, id, err);
    } while ((rc == VDO_OK || rc == VDO_E_TEMPORARY) && wait_for_turn(jobs, id));
    forge = forge_session_new(jobs->o.forge, &jobs->stopping);
    send_rest(jobs, forge, id);
    forge_session_free(forge);
    return rc;
}
