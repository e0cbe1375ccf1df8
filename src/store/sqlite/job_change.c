#include "vdo/base/mem.h"

#include "rows.h"

struct changing {
    const char *id;
    int64_t epoch;
    const struct job_update *update;
    const struct outbox_row *rows;
    size_t n_rows;
    int64_t now_ms;
    enum job_state state;
    const char *who;
    int stars;
    bool final;
};

static int with_rows(struct conn *c, const struct changing *a, struct err *err)
{
    int rc = add_outbox_rows(c, a->rows, a->n_rows, a->id, a->now_ms, err);

    return rc ? rc : touch_progress(c, a->id, a->now_ms, err);
}

static int update(struct conn *c, void *arg, struct err *err)
{
    const struct changing *a = arg;
    int rc = change_job(c, a->id, a->epoch, a->update, err);

    return rc ? rc : with_rows(c, a, err);
}

int lite_job_update(struct store *store, const char *id, int64_t epoch, const struct job_update *u,
                    const struct outbox_row *rows, size_t n_rows, struct err *err)
{
    struct changing a = {.id = id,
                         .epoch = epoch,
                         .update = u,
                         .rows = rows,
                         .n_rows = n_rows,
                         .now_ms = lite_now_ms(store)};

    return lite_write(store, update, &a, err);
}

/* State, time and the end of the lease; change_job() has looked at the epoch. */
static int end_job(struct conn *c, const char *id, enum job_state state, int64_t now_ms,
                   struct err *err)
{
    int rc = conn_change(c,
                         "UPDATE jobs SET state = ?2, finished_at_ms = ?3, lease_node = '', "
                         "lease_until_ms = 0 WHERE id = ?1 AND state < 9",
                         VALUES(TEXT(id), INT(state), INT(now_ms)), err);

    return rc == VDO_E_NOT_FOUND ? err_set(err, VDO_E_CONFLICT, "job %s has ended already", id) :
                                   rc;
}

static int finish(struct conn *c, void *arg, struct err *err)
{
    const struct changing *a = arg;
    int rc = change_job(c, a->id, a->epoch, a->update, err);

    if (!rc)
        rc = end_job(c, a->id, a->state, a->now_ms, err);
    return rc ? rc : with_rows(c, a, err);
}

int lite_job_finish(struct store *store, const char *id, int64_t epoch, enum job_state state,
                    const char *headline, const char *reason, const struct outbox_row *rows,
                    size_t n_rows, struct err *err)
{
    struct job_update u = JOB_UPDATE_NONE;
    struct changing a = {.id = id,
                         .epoch = epoch,
                         .update = &u,
                         .rows = rows,
                         .n_rows = n_rows,
                         .now_ms = lite_now_ms(store),
                         .state = state};

    u.headline = headline;
    u.reason = reason;
    return lite_write(store, finish, &a, err);
}

static int cancel(struct conn *c, void *arg, struct err *err)
{
    struct changing *a = arg;
    struct job job = {0};
    int rc = load_job(c, a->id, &job, err);

    if (rc)
        return rc;
    if (job_state_is_final(job.state))
        rc = err_set(err, VDO_E_REFUSED, "job %s is %s already", a->id, job_state_name(job.state));
    a->final = job.lease_until_ms <= a->now_ms; /* nobody runs it */
    job_release(&job);
    if (!rc)
        rc = change_job(c, a->id, -1, a->update, err);
    if (!rc && a->final)
        rc = end_job(c, a->id, JOB_CANCELLED, a->now_ms, err);
    if (!rc && !a->final)
        rc = conn_run(c,
                      "UPDATE jobs SET cancel_requested = 1, run_at_ms = min(run_at_ms, ?2) "
                      "WHERE id = ?1",
                      VALUES(TEXT(a->id), INT(a->now_ms)), err);
    if (!rc && a->final)
        return with_rows(c, a, err);
    return rc ? rc : touch_progress(c, a->id, a->now_ms, err);
}

int lite_job_cancel(struct store *store, const char *id, const char *reason,
                    const struct outbox_row *rows, size_t n_rows, bool *out_final, struct err *err)
{
    struct job_update u = JOB_UPDATE_NONE;
    struct changing a = {
        .id = id, .update = &u, .rows = rows, .n_rows = n_rows, .now_ms = lite_now_ms(store)};
    int rc;

    u.reason = reason;
    rc = lite_write(store, cancel, &a, err);
    if (!rc && out_final)
        *out_final = a.final;
    return rc;
}

static int check_retry(struct conn *c, const char *id, struct err *err)
{
    struct job job = {0};
    int64_t others = 0;
    int rc = load_job(c, id, &job, err);

    if (rc)
        return rc;
    if (job.state != JOB_FAILED && job.state != JOB_CANCELLED)
        rc = err_set(err, VDO_E_REFUSED,
                     "job %s is %s; only failed and cancelled ones are tried again", id,
                     job_state_name(job.state));
    if (!rc && job.issue > 0)
        rc = conn_int(c,
                      "SELECT count(*) FROM jobs WHERE forge = ?1 AND repo_id = ?2 "
                      "AND CASE WHEN repo_id = 0 THEN repo ELSE '' END = ?3 AND issue = ?4 "
                      "AND issue > 0 AND state < 9",
                      VALUES(TEXT(job.forge), INT(job.repo_id), TEXT(job.repo_id ? "" : job.repo),
                             INT(job.issue)),
                      &others, err);
    if (!rc && others)
        rc = err_set(err, VDO_E_REFUSED, "job %s: another job of issue %lld is open", id,
                     (long long)job.issue);
    job_release(&job);
    return rc;
}

static int retry(struct conn *c, void *arg, struct err *err)
{
    const struct changing *a = arg;
    int rc = check_retry(c, a->id, err);

    if (!rc)
        rc = conn_run(c,
                      "UPDATE jobs SET state = 0, reason = '', headline = '', finished_at_ms = 0, "
                      "cancel_requested = 0, attempts = 0, run_at_ms = ?2, version = version + 1 "
                      "WHERE id = ?1",
                      VALUES(TEXT(a->id), INT(a->now_ms)), err);
    if (!rc)
        rc = conn_run(c, "UPDATE steps SET forgotten = 1 WHERE job_id = ?1 AND state IN (0, 2)",
                      VALUES(TEXT(a->id)), err);
    return rc ? rc : with_rows(c, a, err);
}

int lite_job_retry(struct store *store, const char *id, const struct outbox_row *rows,
                   size_t n_rows, struct err *err)
{
    struct changing a = {.id = id, .rows = rows, .n_rows = n_rows, .now_ms = lite_now_ms(store)};

    return lite_write(store, retry, &a, err);
}

static int wake(struct conn *c, void *arg, struct err *err)
{
    const struct changing *a = arg;
    struct job job = {0};
    int rc = load_job(c, a->id, &job, err);

    if (rc)
        return rc;
    if (job.state != JOB_AWAITING_APPROVAL && job.state != JOB_AWAITING_ANSWER)
        rc = err_set(err, VDO_E_REFUSED, "job %s is %s; it waits for nobody", a->id,
                     job_state_name(job.state));
    job_release(&job);
    if (!rc)
        rc = change_job(c, a->id, -1, a->update, err);
    if (!rc)
        rc = conn_run(c, "UPDATE jobs SET state = 0, attempts = 0, run_at_ms = ?2 WHERE id = ?1",
                      VALUES(TEXT(a->id), INT(a->now_ms)), err);
    return rc ? rc : with_rows(c, a, err);
}

int lite_job_wake(struct store *store, const char *id, const struct job_update *u, struct err *err)
{
    struct changing a = {.id = id, .update = u, .now_ms = lite_now_ms(store)};

    return lite_write(store, wake, &a, err);
}

static int rate(struct conn *c, void *arg, struct err *err)
{
    const struct changing *a = arg;
    int rc = conn_change(c,
                         "UPDATE jobs SET stars = ?2, rated_by = ?3, version = version + 1 "
                         "WHERE id = ?1",
                         VALUES(TEXT(a->id), INT(a->stars), TEXT(a->who)), err);

    return rc == VDO_E_NOT_FOUND ? err_set(err, rc, "there is no job %s", a->id) : rc;
}

int lite_job_rate(struct store *store, const char *id, int stars, const char *who, struct err *err)
{
    struct changing a = {.id = id, .stars = stars, .who = who};

    return lite_write(store, rate, &a, err);
}
