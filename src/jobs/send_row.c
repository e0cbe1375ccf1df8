#include "vdo/base/mem.h"
#include "vdo/json/json.h"

#include "room.h"

#include <stdio.h>
#include <string.h>

enum { MAX_ATTEMPTS = 30, FIRST_RETRY_MS = 2000, LAST_RETRY_MS = 900000 };

static int record_later(struct jobs *jobs, const struct outbox_row *row, const struct attempt *a,
                        struct err *err)
{
    int64_t wait =
        atomic_load(&jobs->stopping) ? 0 : backoff_ms(FIRST_RETRY_MS, LAST_RETRY_MS, row->attempts);
    char reason[600];

    if (row->attempts >= MAX_ATTEMPTS) {
        (void)snprintf(reason, sizeof(reason), "given up after %d attempts: %s", row->attempts,
                       a->reason);
        return store_outbox_fail(jobs->o.store, row->seq, reason, err);
    }
    if (wait < a->wait_ms)
        wait = a->wait_ms;
    return store_outbox_retry(jobs->o.store, row->seq, jobs_now(jobs) + wait, a->maybe_sent,
                              a->reason, err);
}

static int record(struct jobs *jobs, const struct outbox_row *row, const struct attempt *a,
                  struct err *err)
{
    const struct job_update *update = a->has_update && *row->job_id ? &a->update : NULL;
    AUTO_FREE char *result = a->result ? js_dump(a->result) : NULL;

    switch (a->verdict) {
    case SENT:
        return store_outbox_done(jobs->o.store, row->seq, result, update, err);
    case RESTING:
        return store_outbox_park(jobs->o.store, row->seq, result, a->hold_until_ms, update, err);
    case LATER:
        return record_later(jobs, row, a, err);
    case NEVER:
        break;
    }
    return store_outbox_fail(jobs->o.store, row->seq, a->reason, err);
}

static void count_sent(struct jobs *jobs)
{
    (void)pthread_mutex_lock(&jobs->lock);
    jobs->sent++;
    (void)pthread_mutex_unlock(&jobs->lock);
}

/* A failed write is said in the job's log: the row alone is looked at by few. */
static void tell(struct jobs *jobs, const struct outbox_row *row, const struct attempt *a)
{
    if (a->verdict == NEVER && *row->job_id) {
        AUTO_FREE char *text = xasprintf("%s was not sent: %s", row->kind, a->reason);

        jobs_log(jobs, row->job_id, "", "warn", text);
    }
    if (a->has_update && *row->job_id)
        publish_job(jobs, row->job_id);
}

void send_row(struct jobs *jobs, struct forge_session *forge, struct outbox_row *row)
{
    struct attempt a = {.update = JOB_UPDATE_NONE};
    struct err err = {0};
    int rc;

    if (strcmp(row->kind, "progress") == 0)
        send_progress(jobs, forge, row, &a);
    else
        send_plain(forge, row, &a);
    do {
        err_clear(&err);
        rc = record(jobs, row, &a, &err);
        if (rc) {
            note_failure(jobs, "outbox", &err);
            pause_ms(jobs, POLL_MS);
        }
    } while ((rc == VDO_E_TEMPORARY || rc == VDO_E_IO) && !atomic_load(&jobs->stopping));
    if (!rc)
        tell(jobs, row, &a);
    count_sent(jobs);
    json_decref(a.result);
}
