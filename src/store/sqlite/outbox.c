#include "vdo/base/mem.h"

#include "rows.h"

#include <string.h>

/* When a row at rest is due. */
static const int64_t not_until_touched = INT64_MAX;

struct sending {
    const char *node;
    const char *job_id;
    int64_t now_ms;
    int64_t seq;
    const char *result;
    const char *reason;
    const struct job_update *update;
    int64_t run_at_ms;
    bool maybe_sent;
    const char *id;
    const struct outbox_row *rows;
    size_t n_rows;
    struct outbox_row out;
    struct list list;
};

static int add(struct conn *c, void *arg, struct err *err)
{
    const struct sending *a = arg;

    return add_outbox_rows(c, a->rows, a->n_rows, "", a->now_ms, err);
}

int lite_outbox_add(struct store *store, const struct outbox_row *rows, size_t n_rows,
                    struct err *err)
{
    struct sending a = {.rows = rows, .n_rows = n_rows, .now_ms = lite_now_ms(store)};

    return lite_write(store, add, &a, err);
}

/* ---- claim ---- */

#define IS_FIRST_OF_ITS_JOB                                                           \
    "(o.kind = 'progress' OR o.job_id = '' OR NOT EXISTS (SELECT 1 FROM outbox AS e " \
    "INDEXED BY outbox_unfinished WHERE e.job_id = o.job_id AND e.state < 2 "         \
    "AND e.kind <> 'progress' AND e.seq < o.seq)) "

static int find_due(struct conn *c, const struct sending *a, int64_t *out_seq, struct err *err)
{
    if (a->job_id)
        return conn_int(c,
                        "SELECT seq FROM outbox AS o INDEXED BY outbox_job WHERE job_id = ?2 "
                        "AND state = 0 AND run_at_ms <= ?1 AND " IS_FIRST_OF_ITS_JOB
                        "ORDER BY seq LIMIT 1",
                        VALUES(INT(a->now_ms), TEXT(a->job_id)), out_seq, err);
    return conn_int(c,
                    "SELECT seq FROM outbox AS o INDEXED BY outbox_due WHERE state = 0 "
                    "AND run_at_ms <= ?1 AND " IS_FIRST_OF_ITS_JOB "ORDER BY run_at_ms, seq "
                    "LIMIT 1",
                    VALUES(INT(a->now_ms)), out_seq, err);
}

static int read_one(struct conn *c, const char *sql, struct values values, struct outbox_row *out,
                    struct err *err)
{
    struct sqldb_stmt *stmt = NULL;
    int rc = conn_first(c, sql, values, &stmt, err);

    if (rc)
        return rc;
    memset(out, 0, sizeof(*out));
    read_outbox_row(stmt, out);
    sqldb_reset(stmt);
    return VDO_OK;
}

static int claim(struct conn *c, void *arg, struct err *err)
{
    struct sending *a = arg;
    int64_t seq = 0;
    int rc = find_due(c, a, &seq, err);

    if (!rc)
        rc = conn_run(c,
                      "UPDATE outbox SET state = 1, attempts = attempts + 1, node = ?2, "
                      "touched_at_ms = 0, claimed_at_ms = ?3 WHERE seq = ?1",
                      VALUES(INT(seq), TEXT(a->node), INT(a->now_ms)), err);
    if (!rc)
        rc = read_one(c, "SELECT " OUTBOX_COLUMNS " FROM outbox WHERE seq = ?1", VALUES(INT(seq)),
                      &a->out, err);
    return rc;
}

int lite_outbox_claim(struct store *store, const char *node, const char *job_id, int64_t now_ms,
                      struct outbox_row *out, struct err *err)
{
    struct sending a = {.node = node, .job_id = job_id, .now_ms = now_ms};
    int rc = lite_write(store, claim, &a, err);

    if (rc)
        outbox_row_release(&a.out);
    else
        *out = a.out;
    return rc;
}

/* ---- its ends ---- */

static int explain(int rc, int64_t seq, struct err *err)
{
    if (rc != VDO_E_NOT_FOUND)
        return rc;
    return err_set(err, VDO_E_CONFLICT, "outbox row %lld is not being sent", (long long)seq);
}

/* What sending brought to the job; other rows of it want it shown. */
static int update_job(struct conn *c, const struct sending *a, struct err *err)
{
    struct sqldb_stmt *stmt = NULL;
    AUTO_FREE char *job_id = NULL;
    AUTO_FREE char *kind = NULL;
    int rc;

    if (!a->update)
        return VDO_OK;
    rc = conn_first(c, "SELECT job_id, kind FROM outbox WHERE seq = ?1", VALUES(INT(a->seq)), &stmt,
                    err);
    if (rc)
        return rc;
    job_id = column_dup(stmt, 0);
    kind = column_dup(stmt, 1);
    sqldb_reset(stmt);
    rc = change_job(c, job_id, -1, a->update, err);
    return rc || strcmp(kind, "progress") == 0 ? rc : touch_progress(c, job_id, a->now_ms, err);
}

/* A progress row that was touched meanwhile is not done: its job came to life again. */
static int done(struct conn *c, void *arg, struct err *err)
{
    const struct sending *a = arg;
    int rc = conn_change(c,
                         "UPDATE outbox SET state = CASE WHEN touched_at_ms > 0 THEN 0 ELSE 2 END, "
                         "run_at_ms = max(run_at_ms, touched_at_ms), touched_at_ms = 0, "
                         "result = ?2, reason = '', maybe_sent = 0, node = '' "
                         "WHERE seq = ?1 AND state = 1",
                         VALUES(INT(a->seq), TEXT(a->result ? a->result : "{}")), err);

    if (!rc)
        rc = update_job(c, a, err);
    return explain(rc, a->seq, err);
}

int lite_outbox_done(struct store *store, int64_t seq, const char *result,
                     const struct job_update *update, struct err *err)
{
    struct sending a = {
        .seq = seq, .result = result, .update = update, .now_ms = lite_now_ms(store)};

    return lite_write(store, done, &a, err);
}

static int park(struct conn *c, void *arg, struct err *err)
{
    const struct sending *a = arg;
    int rc = conn_change(c,
                         "UPDATE outbox SET state = 0, result = ?2, reason = '', maybe_sent = 0, "
                         "attempts = 0, node = '', hold_until_ms = ?3, run_at_ms = CASE "
                         "touched_at_ms WHEN 0 THEN ?4 ELSE max(?3, touched_at_ms) END, "
                         "touched_at_ms = 0 WHERE seq = ?1 AND state = 1",
                         VALUES(INT(a->seq), TEXT(a->result ? a->result : "null"),
                                INT(a->run_at_ms), INT(not_until_touched)),
                         err);

    if (!rc)
        rc = update_job(c, a, err);
    return explain(rc, a->seq, err);
}

int lite_outbox_park(struct store *store, int64_t seq, const char *result, int64_t hold_until_ms,
                     const struct job_update *update, struct err *err)
{
    struct sending a = {.seq = seq, .result = result, .run_at_ms = hold_until_ms, .update = update};

    return lite_write(store, park, &a, err);
}

static int retry(struct conn *c, void *arg, struct err *err)
{
    const struct sending *a = arg;
    int rc = conn_change(
        c,
        "UPDATE outbox SET state = 0, run_at_ms = ?2, hold_until_ms = ?2, "
        "maybe_sent = ?3, reason = ?4, node = '' WHERE seq = ?1 AND state = 1",
        VALUES(INT(a->seq), INT(a->run_at_ms), INT(a->maybe_sent), TEXT(a->reason)), err);

    return explain(rc, a->seq, err);
}

int lite_outbox_retry(struct store *store, int64_t seq, int64_t run_at_ms, bool maybe_sent,
                      const char *reason, struct err *err)
{
    struct sending a = {
        .seq = seq, .run_at_ms = run_at_ms, .maybe_sent = maybe_sent, .reason = reason};

    return lite_write(store, retry, &a, err);
}

static int fail(struct conn *c, void *arg, struct err *err)
{
    const struct sending *a = arg;
    int rc = conn_change(c,
                         "UPDATE outbox SET state = 3, reason = ?2, node = '' "
                         "WHERE seq = ?1 AND state = 1",
                         VALUES(INT(a->seq), TEXT(a->reason)), err);

    return explain(rc, a->seq, err);
}

int lite_outbox_fail(struct store *store, int64_t seq, const char *reason, struct err *err)
{
    struct sending a = {.seq = seq, .reason = reason};

    return lite_write(store, fail, &a, err);
}

/* ---- looking and touching ---- */

static int get(struct conn *c, void *arg, struct err *err)
{
    struct sending *a = arg;
    int rc = read_one(c, "SELECT " OUTBOX_COLUMNS " FROM outbox WHERE id = ?1", VALUES(TEXT(a->id)),
                      &a->out, err);

    return rc == VDO_E_NOT_FOUND ? err_set(err, rc, "there is no outbox row %s", a->id) : rc;
}

int lite_outbox_get(struct store *store, const char *id, struct outbox_row *out, struct err *err)
{
    struct sending a = {.id = id};
    int rc = lite_read(store, get, &a, err);

    if (!rc)
        *out = a.out;
    return rc;
}

static int read_list(struct conn *c, void *arg, struct err *err)
{
    struct sending *a = arg;
    struct sqldb_stmt *stmt = NULL;
    int rc = conn_query(c, "SELECT " OUTBOX_COLUMNS " FROM outbox WHERE job_id = ?1 ORDER BY seq",
                        VALUES(TEXT(a->job_id)), &stmt, err);

    if (rc)
        return rc;
    while ((rc = sqldb_step(stmt, err)) == SQLDB_ROW)
        read_outbox_row(stmt, list_add(&a->list));
    sqldb_reset(stmt);
    return rc;
}

static void release_record(void *record)
{
    outbox_row_release(record);
}

int lite_outbox_list(struct store *store, const char *job_id, struct outbox_row **out,
                     size_t *out_n, struct err *err)
{
    struct sending a = {.job_id = job_id, .list = {.size = sizeof(struct outbox_row)}};
    int rc = lite_read(store, read_list, &a, err);

    if (rc) {
        list_free(&a.list, release_record);
        return rc;
    }
    *out = a.list.items;
    *out_n = a.list.n;
    return VDO_OK;
}

static int touch(struct conn *c, void *arg, struct err *err)
{
    const struct sending *a = arg;

    return touch_progress(c, a->job_id, a->run_at_ms, err);
}

int lite_outbox_touch_progress(struct store *store, const char *job_id, int64_t run_at_ms,
                               struct err *err)
{
    struct sending a = {.job_id = job_id, .run_at_ms = run_at_ms};

    return lite_write(store, touch, &a, err);
}
