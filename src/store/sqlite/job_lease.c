#include "rows.h"

#include <string.h>

struct leasing {
    const char *node;
    const char *id; /* NULL: any */
    int64_t now_ms;
    int64_t until_ms;
    struct job out;
};

/*
 * Priority first; then the repository with the fewest jobs under way, so that one that asks for a
 * thousand does not keep the others waiting; then age. Only the oldest due job of each repository
 * and priority is a candidate, which one pass over the index finds.
 */
static int find_any(struct conn *c, int64_t now_ms, int64_t *out_seq, struct err *err)
{
    return conn_int(
        c,
        "WITH candidate AS (SELECT rank, repo_id, repo, min(seq) AS seq "
        "FROM jobs INDEXED BY jobs_due WHERE state IN (0, 1, 4, 5, 6, 7, 8) "
        "AND run_at_ms <= ?1 AND lease_until_ms <= ?1 GROUP BY rank, repo_id, repo) "
        "SELECT seq FROM candidate ORDER BY rank, "
        "(SELECT count(*) FROM jobs AS l WHERE l.lease_until_ms > 0 AND l.lease_until_ms > ?1 "
        "AND l.repo_id = candidate.repo_id AND l.repo = candidate.repo), seq LIMIT 1",
        VALUES(INT(now_ms)), out_seq, err);
}

static int find_this(struct conn *c, const char *id, int64_t now_ms, int64_t *out_seq,
                     struct err *err)
{
    return conn_int(c,
                    "SELECT seq FROM jobs WHERE id = ?1 AND state IN (0, 1, 4, 5, 6, 7, 8) "
                    "AND run_at_ms <= ?2 AND lease_until_ms <= ?2",
                    VALUES(TEXT(id), INT(now_ms)), out_seq, err);
}

static int read_leased(struct conn *c, int64_t seq, struct job *out, struct err *err)
{
    struct sqldb_stmt *stmt = NULL;
    int rc = conn_first(c, "SELECT " JOB_COLUMNS " FROM jobs WHERE seq = ?1", VALUES(INT(seq)),
                        &stmt, err);

    if (rc)
        return rc;
    read_job(stmt, out);
    sqldb_reset(stmt);
    return VDO_OK;
}

static int lease(struct conn *c, void *arg, struct err *err)
{
    struct leasing *a = arg;
    int64_t seq = 0;
    int rc = a->id ? find_this(c, a->id, a->now_ms, &seq, err) : find_any(c, a->now_ms, &seq, err);

    if (!rc)
        rc = conn_run(c,
                      "UPDATE jobs SET lease_node = ?2, lease_until_ms = ?3, epoch = epoch + 1, "
                      "attempts = attempts + 1, version = version + 1, "
                      "started_at_ms = CASE started_at_ms WHEN 0 THEN ?4 ELSE started_at_ms END "
                      "WHERE seq = ?1",
                      VALUES(INT(seq), TEXT(a->node), INT(a->until_ms), INT(a->now_ms)), err);
    return rc ? rc : read_leased(c, seq, &a->out, err);
}

int lite_job_lease(struct store *store, const char *node, const char *id, int64_t now_ms,
                   int64_t lease_ms, struct job *out, struct err *err)
{
    struct leasing a = {.node = node, .id = id, .now_ms = now_ms, .until_ms = now_ms + lease_ms};
    int rc = lite_write(store, lease, &a, err);

    if (rc)
        job_release(&a.out);
    else
        *out = a.out;
    return rc;
}

struct holding {
    const char *id;
    int64_t epoch;
    int64_t until_ms;
    const struct job_update *update;
    int64_t now_ms;
    bool cancel_requested;
};

static int renew(struct conn *c, void *arg, struct err *err)
{
    struct holding *a = arg;
    int64_t cancelled = 0;
    int rc = conn_change(c,
                         "UPDATE jobs SET lease_until_ms = ?3 WHERE id = ?1 AND epoch = ?2 "
                         "AND lease_until_ms > 0",
                         VALUES(TEXT(a->id), INT(a->epoch), INT(a->until_ms)), err);

    if (rc == VDO_E_NOT_FOUND)
        return err_set(err, VDO_E_CONFLICT, "job %s: the lease was lost", a->id);
    if (!rc)
        rc = conn_int(c, "SELECT cancel_requested FROM jobs WHERE id = ?1", VALUES(TEXT(a->id)),
                      &cancelled, err);
    a->cancel_requested = cancelled != 0;
    return rc;
}

int lite_job_renew(struct store *store, const char *id, int64_t epoch, int64_t until_ms,
                   bool *out_cancel_requested, struct err *err)
{
    struct holding a = {.id = id, .epoch = epoch, .until_ms = until_ms};
    int rc = lite_write(store, renew, &a, err);

    if (!rc && out_cancel_requested)
        *out_cancel_requested = a.cancel_requested;
    return rc;
}

/* Somebody cancelled while the worker was on its way to a state in which nobody would look. */
static int end_cancelled(struct conn *c, const char *node, int64_t now_ms, struct err *err)
{
    return conn_run(c,
                    "UPDATE jobs SET state = 11, finished_at_ms = ?2, version = version + 1 "
                    "WHERE lease_node = ?1 AND lease_until_ms > 0 AND cancel_requested = 1 "
                    "AND state IN (2, 3)",
                    VALUES(TEXT(node), INT(now_ms)), err);
}

static int give_back(struct conn *c, void *arg, struct err *err)
{
    const struct holding *a = arg;
    int rc = change_job(c, a->id, a->epoch, a->update, err);

    if (!rc && a->update && a->update->state >= 0 &&
        job_state_is_waiting((enum job_state)a->update->state))
        rc = conn_run(c, "UPDATE steps SET parked = 1 WHERE job_id = ?1 AND state = 0",
                      VALUES(TEXT(a->id)), err);
    if (!rc)
        rc = conn_run(c,
                      "UPDATE jobs SET finished_at_ms = CASE WHEN cancel_requested = 1 "
                      "AND state IN (2, 3) THEN ?3 ELSE finished_at_ms END, state = CASE WHEN "
                      "cancel_requested = 1 AND state IN (2, 3) THEN 11 ELSE state END, "
                      "lease_node = '', lease_until_ms = 0 WHERE id = ?1 AND epoch = ?2",
                      VALUES(TEXT(a->id), INT(a->epoch), INT(a->now_ms)), err);
    return rc ? rc : touch_progress(c, a->id, a->now_ms, err);
}

int lite_job_release(struct store *store, const char *id, int64_t epoch,
                     const struct job_update *update, struct err *err)
{
    struct holding a = {.id = id, .epoch = epoch, .update = update, .now_ms = lite_now_ms(store)};

    return lite_write(store, give_back, &a, err);
}

struct taking_back {
    const char *node;
    int64_t now_ms;
};

/* The epoch is raised, so that what is left of a process that only seemed dead is refused. */
static int take_back(struct conn *c, void *arg, struct err *err)
{
    const struct taking_back *a = arg;
    const char *node = a->node;
    int rc = end_cancelled(c, node, a->now_ms, err);

    if (!rc)
        rc = conn_run(c,
                      "UPDATE jobs SET lease_node = '', lease_until_ms = 0, epoch = epoch + 1 "
                      "WHERE lease_node = ?1 AND lease_until_ms > 0",
                      VALUES(TEXT(node)), err);

    if (!rc)
        rc = conn_run(c,
                      "UPDATE deliveries SET claimed_by = NULL WHERE claimed_by = ?1 "
                      "AND claimed_by IS NOT NULL",
                      VALUES(TEXT(node)), err);
    if (!rc)
        rc = conn_run(c,
                      "UPDATE outbox SET state = 0, maybe_sent = 1, run_at_ms = created_at_ms, "
                      "hold_until_ms = 0, node = '' WHERE state = 1 AND node = ?1",
                      VALUES(TEXT(node)), err);
    return rc;
}

int lite_take_back(struct store *store, const char *node, struct err *err)
{
    struct taking_back a = {.node = node, .now_ms = lite_now_ms(store)};

    return lite_write(store, take_back, &a, err);
}

static int sweep_claims(struct conn *c, void *arg, struct err *err)
{
    const struct taking_back *a = arg;
    int rc = conn_run(c,
                      "UPDATE deliveries SET claimed_by = NULL WHERE claimed_by IS NOT NULL "
                      "AND claimed_by <> ?1 AND claimed_at_ms < ?2",
                      VALUES(TEXT(a->node), INT(a->now_ms)), err);

    return rc ? rc :
                conn_run(c,
                         "UPDATE outbox SET state = 0, maybe_sent = 1, run_at_ms = created_at_ms, "
                         "hold_until_ms = 0, node = '' WHERE state = 1 AND node <> ?1 "
                         "AND claimed_at_ms < ?2",
                         VALUES(TEXT(a->node), INT(a->now_ms)), err);
}

int lite_sweep_claims(struct store *store, const char *node, int64_t older_than_ms, struct err *err)
{
    struct taking_back a = {.node = node, .now_ms = older_than_ms};

    return lite_write(store, sweep_claims, &a, err);
}
