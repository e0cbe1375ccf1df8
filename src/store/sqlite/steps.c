#include "vdo/base/mem.h"

#include "rows.h"

struct stepping {
    const char *job_id;
    int64_t epoch;
    const char *name;
    enum step_state state;
    const char *output;
    const char *note;
    const struct job_update *update;
    const struct outbox_row *rows;
    size_t n_rows;
    int64_t now_ms;
    int attempt;
};

/* Calls made by an attempt that never ended do not count as progress of a script. */
static int abandon(struct conn *c, const struct stepping *a, struct err *err)
{
    return conn_run(c,
                    "UPDATE calls SET abandoned = 1 WHERE job_id = ?1 AND step = ?2 "
                    "AND step_attempt = (SELECT attempt FROM steps WHERE job_id = ?1 "
                    "AND name = ?2 AND state = 0 AND parked = 0)",
                    VALUES(TEXT(a->job_id), TEXT(a->name)), err);
}

static int begin(struct conn *c, void *arg, struct err *err)
{
    struct stepping *a = arg;
    int64_t attempt = 0;
    int rc = change_job(c, a->job_id, a->epoch, a->update, err);

    if (!rc)
        rc = abandon(c, a, err);
    if (!rc)
        rc = conn_run(
            c,
            "INSERT INTO steps (job_id, name, state, attempt, started_at_ms) "
            "VALUES (?1, ?2, 0, 1, ?3) ON CONFLICT (job_id, name) DO UPDATE SET "
            "state = 0, forgotten = 0, parked = 0, attempt = attempt + 1, started_at_ms = ?3, "
            "finished_at_ms = 0, output = 'null', note = ''",
            VALUES(TEXT(a->job_id), TEXT(a->name), INT(a->now_ms)), err);
    if (!rc)
        rc = conn_int(c, "SELECT attempt FROM steps WHERE job_id = ?1 AND name = ?2",
                      VALUES(TEXT(a->job_id), TEXT(a->name)), &attempt, err);
    a->attempt = (int)attempt;
    return rc ? rc : touch_progress(c, a->job_id, a->now_ms, err);
}

int lite_step_begin(struct store *store, const char *job_id, int64_t epoch, const char *name,
                    const struct job_update *update, int *out_attempt, struct err *err)
{
    struct stepping a = {.job_id = job_id,
                         .epoch = epoch,
                         .name = name,
                         .update = update,
                         .now_ms = lite_now_ms(store)};
    int rc = lite_write(store, begin, &a, err);

    if (!rc && out_attempt)
        *out_attempt = a.attempt;
    return rc;
}

/* A step that is skipped may never have begun. */
static int finish(struct conn *c, void *arg, struct err *err)
{
    const struct stepping *a = arg;
    int rc = change_job(c, a->job_id, a->epoch, a->update, err);

    if (!rc)
        rc = conn_run(c,
                      "INSERT INTO steps (job_id, name, state, attempt, started_at_ms, "
                      "finished_at_ms, output, note) VALUES (?1, ?2, ?3, 1, ?4, ?4, ?5, ?6) "
                      "ON CONFLICT (job_id, name) DO UPDATE SET state = ?3, forgotten = 0, "
                      "finished_at_ms = ?4, output = ?5, note = ?6",
                      VALUES(TEXT(a->job_id), TEXT(a->name), INT(a->state), INT(a->now_ms),
                             TEXT(a->output ? a->output : "null"), TEXT(a->note)),
                      err);
    if (!rc)
        rc = add_outbox_rows(c, a->rows, a->n_rows, a->job_id, a->now_ms, err);
    return rc ? rc : touch_progress(c, a->job_id, a->now_ms, err);
}

int lite_step_finish(struct store *store, const char *job_id, int64_t epoch, const char *name,
                     enum step_state state, const char *output, const char *note,
                     const struct job_update *update, const struct outbox_row *rows, size_t n_rows,
                     struct err *err)
{
    struct stepping a = {.job_id = job_id,
                         .epoch = epoch,
                         .name = name,
                         .state = state,
                         .output = output,
                         .note = note,
                         .update = update,
                         .rows = rows,
                         .n_rows = n_rows,
                         .now_ms = lite_now_ms(store)};

    return lite_write(store, finish, &a, err);
}

struct listing {
    const char *job_id;
    struct list list;
};

static void read_step(struct sqldb_stmt *stmt, struct job_step *out)
{
    out->name = column_dup(stmt, 0);
    out->state = (enum step_state)sqldb_int64(stmt, 1);
    out->attempt = (int)sqldb_int64(stmt, 2);
    out->started_at_ms = sqldb_int64(stmt, 3);
    out->finished_at_ms = sqldb_int64(stmt, 4);
    out->output = column_dup(stmt, 5);
    out->note = column_dup(stmt, 6);
}

static int read_list(struct conn *c, void *arg, struct err *err)
{
    struct listing *a = arg;
    struct sqldb_stmt *stmt = NULL;
    int rc = conn_query(c,
                        "SELECT name, state, attempt, started_at_ms, finished_at_ms, output, note "
                        "FROM steps WHERE job_id = ?1 AND forgotten = 0 ORDER BY seq",
                        VALUES(TEXT(a->job_id)), &stmt, err);

    if (rc)
        return rc;
    while ((rc = sqldb_step(stmt, err)) == SQLDB_ROW)
        read_step(stmt, list_add(&a->list));
    sqldb_reset(stmt);
    return rc;
}

static void release_record(void *record)
{
    job_step_release(record);
}

int lite_step_list(struct store *store, const char *job_id, struct job_step **out, size_t *out_n,
                   struct err *err)
{
    struct listing a = {.job_id = job_id, .list = {.size = sizeof(struct job_step)}};
    int rc = lite_read(store, read_list, &a, err);

    if (rc) {
        list_free(&a.list, release_record);
        return rc;
    }
    *out = a.list.items;
    *out_n = a.list.n;
    return VDO_OK;
}
