#include "rows.h"

#include "vdo/base/mem.h"

#include <stdlib.h>
#include <string.h>

/* The numbers in the "state" columns of files that exist; add at the end only. */
_Static_assert(DELIVERY_PENDING == 0 && DELIVERY_DONE == 1 && DELIVERY_FAILED == 2 &&
                   DELIVERY_DEAD == 3,
               "states of deliveries are kept in files");
_Static_assert(JOB_QUEUED == 0 && JOB_PLANNING == 1 && JOB_AWAITING_APPROVAL == 2 &&
                   JOB_AWAITING_ANSWER == 3 && JOB_BUILDING == 4 && JOB_TESTING == 5 &&
                   JOB_SANDBOXING == 6 && JOB_REVIEWING == 7 && JOB_DELIVERING == 8 &&
                   JOB_COMPLETED == 9 && JOB_FAILED == 10 && JOB_CANCELLED == 11,
               "states of jobs are kept in files, and the indexes of 0001_init.sql name them");
_Static_assert(STEP_RUNNING == 0 && STEP_DONE == 1 && STEP_FAILED == 2 && STEP_SKIPPED == 3,
               "states of steps are kept in files");
_Static_assert(OUTBOX_PENDING == 0 && OUTBOX_SENDING == 1 && OUTBOX_DONE == 2 && OUTBOX_FAILED == 3,
               "states of outbox rows are kept in files");

void read_delivery(struct sqldb_stmt *stmt, struct delivery *out)
{
    int col = 0;

    out->seq = sqldb_int64(stmt, col++);
    out->guid = column_dup(stmt, col++);
    out->event = column_dup(stmt, col++);
    out->action = column_dup(stmt, col++);
    if (sqldb_bytes(stmt, col) == SHA256_SIZE)
        hex_encode(sqldb_blob(stmt, col), SHA256_SIZE, out->sha256);
    col++;
    out->repo_id = sqldb_int64(stmt, col++);
    out->repo = column_dup(stmt, col++);
    out->issue = sqldb_int64(stmt, col++);
    out->state = (enum delivery_state)sqldb_int64(stmt, col++);
    out->reason = column_dup(stmt, col++);
    out->job_id = column_dup(stmt, col++);
    out->received_at_ms = sqldb_int64(stmt, col++);
    out->run_at_ms = sqldb_int64(stmt, col++);
    out->attempts = (int)sqldb_int64(stmt, col++);
}

static void read_id(struct sqldb_stmt *stmt, int col, char id[RAND_ID_SIZE])
{
    const char *text = sqldb_text(stmt, col);
    size_t len = text ? strnlen(text, RAND_ID_SIZE - 1) : 0;

    if (len)
        memcpy(id, text, len);
    id[len] = '\0';
}

static void read_job_origin(struct sqldb_stmt *stmt, int *col, struct job *out)
{
    out->seq = sqldb_int64(stmt, (*col)++);
    read_id(stmt, (*col)++, out->id);
    out->workflow = column_dup(stmt, (*col)++);
    out->forge = column_dup(stmt, (*col)++);
    out->installation_id = sqldb_int64(stmt, (*col)++);
    out->repo_id = sqldb_int64(stmt, (*col)++);
    out->repo = column_dup(stmt, (*col)++);
    out->issue = sqldb_int64(stmt, (*col)++);
    out->generation = sqldb_int64(stmt, (*col)++);
    out->title = column_dup(stmt, (*col)++);
    out->text = column_dup(stmt, (*col)++);
    out->instructions = column_dup(stmt, (*col)++);
    out->type = column_dup(stmt, (*col)++);
    out->priority = column_dup(stmt, (*col)++);
    out->requester = column_dup(stmt, (*col)++);
    out->requester_id = sqldb_int64(stmt, (*col)++);
    out->trigger = column_dup(stmt, (*col)++);
    out->base_ref = column_dup(stmt, (*col)++);
}

void read_job(struct sqldb_stmt *stmt, struct job *out)
{
    int col = 0;

    read_job_origin(stmt, &col, out);
    out->state = (enum job_state)sqldb_int64(stmt, col++);
    out->step = column_dup(stmt, col++);
    out->headline = column_dup(stmt, col++);
    out->reason = column_dup(stmt, col++);
    out->branch = column_dup(stmt, col++);
    out->base_sha = column_dup(stmt, col++);
    out->head_sha = column_dup(stmt, col++);
    out->pr = sqldb_int64(stmt, col++);
    out->pr_url = column_dup(stmt, col++);
    out->comment_id = sqldb_int64(stmt, col++);
    out->approved_by = column_dup(stmt, col++);
    out->answer = column_dup(stmt, col++);
    out->budget_microusd = sqldb_int64(stmt, col++);
    out->created_at_ms = sqldb_int64(stmt, col++);
    out->started_at_ms = sqldb_int64(stmt, col++);
    out->finished_at_ms = sqldb_int64(stmt, col++);
    out->run_at_ms = sqldb_int64(stmt, col++);
    out->cost_microusd = sqldb_int64(stmt, col++);
    out->cancel_requested = sqldb_int64(stmt, col++) != 0;
    out->lease_node = column_dup(stmt, col++);
    out->lease_until_ms = sqldb_int64(stmt, col++);
    out->epoch = sqldb_int64(stmt, col++);
    out->attempts = (int)sqldb_int64(stmt, col++);
    out->version = sqldb_int64(stmt, col++);
}

int load_job(struct conn *c, const char *id, struct job *out, struct err *err)
{
    struct sqldb_stmt *stmt = NULL;
    int rc = conn_first(c, "SELECT " JOB_COLUMNS " FROM jobs WHERE id = ?1", VALUES(TEXT(id)),
                        &stmt, err);

    if (rc == VDO_E_NOT_FOUND)
        return err_set(err, rc, "there is no job %s", id);
    if (rc)
        return rc;
    memset(out, 0, sizeof(*out));
    read_job(stmt, out);
    sqldb_reset(stmt);
    return VDO_OK;
}

void read_outbox_row(struct sqldb_stmt *stmt, struct outbox_row *out)
{
    int col = 0;

    out->seq = sqldb_int64(stmt, col++);
    read_id(stmt, col++, out->id);
    out->job_id = column_dup(stmt, col++);
    out->delivery = column_dup(stmt, col++);
    out->forge = column_dup(stmt, col++);
    out->installation_id = sqldb_int64(stmt, col++);
    out->repo_id = sqldb_int64(stmt, col++);
    out->repo = column_dup(stmt, col++);
    out->kind = column_dup(stmt, col++);
    out->payload = column_dup(stmt, col++);
    out->state = (enum outbox_state)sqldb_int64(stmt, col++);
    out->result = column_dup(stmt, col++);
    out->reason = column_dup(stmt, col++);
    out->attempts = (int)sqldb_int64(stmt, col++);
    out->maybe_sent = sqldb_int64(stmt, col++) != 0;
    out->created_at_ms = sqldb_int64(stmt, col++);
    out->run_at_ms = sqldb_int64(stmt, col++);
}

static int is_answered(struct conn *c, const struct outbox_row *row, bool *out, struct err *err)
{
    int64_t n = 0;
    int rc = conn_int(c,
                      "SELECT EXISTS (SELECT 1 FROM outbox WHERE delivery = ?1 AND kind = ?2 "
                      "AND (kind = 'comment' OR payload = ?3))",
                      VALUES(TEXT(row->delivery), TEXT(row->kind), TEXT(row->payload)), &n, err);

    *out = n != 0;
    return rc;
}

static int add_outbox_row(struct conn *c, const struct outbox_row *row, const char *job_id,
                          int64_t now_ms, struct err *err)
{
    bool answered = false;
    int rc = VDO_OK;

    if (row->delivery && *row->delivery)
        rc = is_answered(c, row, &answered, err);
    if (rc || answered)
        return rc;
    return conn_run(
        c,
        "INSERT INTO outbox (id, job_id, delivery, forge, installation_id, repo_id, repo, kind, "
        "payload, state, created_at_ms, run_at_ms) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 0, ?10, ?11)",
        VALUES(TEXT(row->id), TEXT(row->job_id && *row->job_id ? row->job_id : job_id),
               TEXT(row->delivery), TEXT(row->forge), INT(row->installation_id), INT(row->repo_id),
               TEXT(row->repo), TEXT(row->kind), TEXT(row->payload),
               INT(row->created_at_ms ? row->created_at_ms : now_ms),
               INT(row->run_at_ms ? row->run_at_ms : now_ms)),
        err);
}

int add_outbox_rows(struct conn *c, const struct outbox_row *rows, size_t n, const char *job_id,
                    int64_t now_ms, struct err *err)
{
    int rc = VDO_OK;

    for (size_t i = 0; i < n && !rc; i++)
        rc = add_outbox_row(c, &rows[i], job_id, now_ms, err);
    return rc;
}

/* Why a change met no row: no job, or a lease that is another's by now. */
static int explain_no_change(struct conn *c, const char *id, struct err *err)
{
    int64_t n = 0;
    int rc = conn_int(c, "SELECT count(*) FROM jobs WHERE id = ?1", VALUES(TEXT(id)), &n, err);

    if (rc)
        return rc;
    if (n == 0)
        return err_set(err, VDO_E_NOT_FOUND, "there is no job %s", id);
    return err_set(err, VDO_E_CONFLICT, "job %s: the lease was lost", id);
}

int change_job(struct conn *c, const char *id, int64_t epoch, const struct job_update *update,
               struct err *err)
{
    static const struct job_update none = {.state = -1};
    const struct job_update *u = update ? update : &none;
    int rc = conn_change(
        c,
        "UPDATE jobs SET state = coalesce(?3, state), step = coalesce(?4, step), "
        "headline = coalesce(?5, headline), reason = coalesce(?6, reason), "
        "branch = coalesce(?7, branch), base_sha = coalesce(?8, base_sha), "
        "head_sha = coalesce(?9, head_sha), pr = coalesce(?10, pr), "
        "pr_url = coalesce(?11, pr_url), comment_id = coalesce(?12, comment_id), "
        "run_at_ms = coalesce(?13, run_at_ms), approved_by = coalesce(?14, approved_by), "
        "answer = coalesce(?15, answer), budget_microusd = coalesce(?16, budget_microusd), "
        "version = version + 1 "
        "WHERE id = ?1 AND (?2 = -1 OR (epoch = ?2 AND lease_until_ms > 0))",
        VALUES(TEXT(id), INT(epoch), OPT_INT(u->state, -1), OPT_TEXT(u->step),
               OPT_TEXT(u->headline), OPT_TEXT(u->reason), OPT_TEXT(u->branch),
               OPT_TEXT(u->base_sha), OPT_TEXT(u->head_sha), OPT_INT(u->pr, 0), OPT_TEXT(u->pr_url),
               OPT_INT(u->comment_id, 0), OPT_INT(u->run_at_ms, 0), OPT_TEXT(u->approved_by),
               OPT_TEXT(u->answer), OPT_INT(u->budget_microusd, 0)),
        err);

    return rc == VDO_E_NOT_FOUND ? explain_no_change(c, id, err) : rc;
}

/*
 * States of a progress row: PENDING with a time (due then), PENDING at the end of time (at rest
 * until touched), SENDING (a touch is noted in touched_at_ms and counts when it is parked), DONE
 * (its job is final; a retry of the job touches it alive), FAILED (given up; nothing wakes it).
 */
int touch_progress(struct conn *c, const char *job_id, int64_t run_at_ms, struct err *err)
{
    return conn_run(c,
                    "UPDATE outbox SET "
                    "touched_at_ms = CASE WHEN state = 1 THEN ?2 ELSE touched_at_ms END, "
                    "run_at_ms = CASE state WHEN 0 THEN max(hold_until_ms, min(run_at_ms, ?2)) "
                    "                       WHEN 2 THEN max(hold_until_ms, ?2) ELSE run_at_ms END, "
                    "state = CASE state WHEN 2 THEN 0 ELSE state END "
                    "WHERE job_id = ?1 AND kind = 'progress' AND state <> 3",
                    VALUES(TEXT(job_id), INT(run_at_ms)), err);
}

void *list_add(struct list *list)
{
    char *record;

    if ((list->n & (list->n - 1)) == 0) /* full at 0, 1, 2, 4, 8, ... */
        list->items = xreallocarray(list->items, list->n ? list->n * 2 : 1, list->size);
    record = (char *)list->items + list->n++ * list->size;
    memset(record, 0, list->size);
    return record;
}

void list_free(struct list *list, void (*release)(void *record))
{
    for (size_t i = 0; i < list->n; i++)
        release((char *)list->items + i * list->size);
    free(list->items);
    *list = (struct list){.size = list->size};
}
