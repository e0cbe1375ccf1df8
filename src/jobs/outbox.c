#include "room.h"

#include <stdlib.h>
#include <string.h>

/* How long a flush waits for a row that the sender thread has in hand. */
enum { MAX_WAIT_MS = 60000, LOOK_MS = 50 };

void *sender_main(void *arg)
{
    struct jobs *jobs = arg;
    struct forge_session *forge = forge_session_new(jobs->o.forge, &jobs->stopping);
    uint64_t seen = 0;

    while (!atomic_load(&jobs->stopping)) {
        struct outbox_row row = {0};
        struct err err = {0};
        int rc = store_outbox_claim(jobs->o.store, jobs->node, NULL, jobs_now(jobs), &row, &err);

        if (rc == VDO_OK) {
            send_row(jobs, forge, &row);
            outbox_row_release(&row);
            continue;
        }
        if (rc == VDO_E_NOT_FOUND) {
            (void)bus_wait(jobs->o.bus, BUS_OUTBOX, &seen, POLL_MS);
            continue;
        }
        note_failure(jobs, "outbox", &err);
        pause_ms(jobs, POLL_MS);
    }
    forge_session_free(forge);
    return NULL;
}

/* ---- flush ---- */

/* What a look at the wanted row, or at all rows of the job, says. */
enum look { FINISHED, IN_HAND, WAITS };

static int look_at_one(struct jobs *jobs, const char *row_id, enum look *look,
                       struct outbox_row *out, struct err *err)
{
    struct outbox_row row = {0};
    int rc = store_outbox_get(jobs->o.store, row_id, &row, err);

    if (rc)
        return rc;
    *look = row.state == OUTBOX_SENDING ? IN_HAND : row.state == OUTBOX_PENDING ? WAITS : FINISHED;
    if (row.state == OUTBOX_FAILED)
        rc = err_set(err, VDO_E_REFUSED, "%s", row.reason);
    if (!rc && *look == FINISHED && out) {
        *out = row;
        return VDO_OK;
    }
    outbox_row_release(&row);
    return rc;
}

static int look_at_all(struct jobs *jobs, const char *job_id, enum look *look, struct err *err)
{
    struct outbox_row *rows = NULL;
    size_t n = 0;
    int rc = store_outbox_list(jobs->o.store, job_id, &rows, &n, err);

    if (rc)
        return rc;
    *look = FINISHED;
    for (size_t i = 0; i < n; i++) {
        bool progress = strcmp(rows[i].kind, "progress") == 0;

        if (rows[i].state == OUTBOX_SENDING)
            *look = IN_HAND;
        if (rows[i].state == OUTBOX_PENDING && !progress && *look == FINISHED)
            *look = WAITS;
        if (rows[i].state == OUTBOX_FAILED && !progress && !rc)
            rc = err_set(err, VDO_E_REFUSED, "%s: %s", rows[i].kind, rows[i].reason);
        outbox_row_release(&rows[i]);
    }
    free(rows);
    return *look == FINISHED ? rc : VDO_OK;
}

int flush_outbox(struct jobs *jobs, struct forge_session *forge, const char *job_id,
                 const char *row_id, int64_t ahead_ms, struct outbox_row *out, struct err *err)
{
    int64_t give_up_ms = clock_mono_ms(clock_real()) + MAX_WAIT_MS;
    enum look look = WAITS;

    for (;;) {
        struct outbox_row row = {0};
        int rc = row_id ? look_at_one(jobs, row_id, &look, out, err) : VDO_OK;

        if (rc || (row_id && look == FINISHED))
            return rc;
        rc = store_outbox_claim(jobs->o.store, jobs->node, job_id, jobs_now(jobs) + ahead_ms, &row,
                                err);
        if (rc == VDO_OK) {
            send_row(jobs, forge, &row);
            outbox_row_release(&row);
            continue;
        }
        if (rc != VDO_E_NOT_FOUND)
            return rc;
        rc = row_id ? look_at_one(jobs, row_id, &look, out, err) :
                      look_at_all(jobs, job_id, &look, err);
        if (rc || look == FINISHED)
            return rc;
        if (look == WAITS || clock_mono_ms(clock_real()) > give_up_ms)
            return err_set(err, VDO_E_TEMPORARY, "the forge cannot be written to at present");
        pause_ms(jobs, LOOK_MS);
        if (atomic_load(&jobs->stopping))
            return err_set(err, VDO_E_CANCELLED, "asked to stop");
    }
}

int jobs_outbox_flush(struct jobs *jobs, struct forge_session *forge, const char *job_id,
                      const char *row_id, struct outbox_row *out, struct err *err)
{
    return flush_outbox(jobs, forge, job_id, row_id, 0, out, err);
}
