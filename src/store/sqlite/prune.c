#include "lite.h"

/* Rows deleted in one closure: nobody behind it waits long. */
enum { PRUNE_ROWS = 500 };

struct pruning {
    int64_t older_than_ms;
    int64_t n;
};

/* CROSS: from the few bodies that are kept to their deliveries, not through all there ever were. */
static int prune_deliveries(struct conn *c, struct pruning *a, struct err *err)
{
    int rc = conn_run(c,
                      "DELETE FROM delivery_bodies WHERE seq IN (SELECT b.seq FROM delivery_bodies "
                      "AS b CROSS JOIN deliveries AS d ON d.seq = b.seq WHERE d.state <> 0 "
                      "AND d.received_at_ms < ?1 LIMIT ?2)",
                      VALUES(INT(a->older_than_ms), INT(PRUNE_ROWS)), err);

    a->n += rc ? 0 : sqldb_changes(conn_db(c));
    return rc;
}

static int prune_logs(struct conn *c, struct pruning *a, struct err *err)
{
    int rc = conn_run(c,
                      "DELETE FROM logs WHERE seq IN (SELECT l.seq FROM jobs AS j JOIN logs AS l "
                      "ON l.job_id = j.id WHERE j.finished_at_ms > 0 AND j.finished_at_ms < ?1 "
                      "LIMIT ?2)",
                      VALUES(INT(a->older_than_ms), INT(PRUNE_ROWS)), err);

    a->n += rc ? 0 : sqldb_changes(conn_db(c));
    return rc;
}

static int prune_calls(struct conn *c, struct pruning *a, struct err *err)
{
    int rc = conn_run(c,
                      "DELETE FROM call_bodies WHERE seq IN (SELECT b.seq FROM jobs AS j "
                      "JOIN calls AS k ON k.job_id = j.id JOIN call_bodies AS b ON b.seq = k.seq "
                      "WHERE j.finished_at_ms > 0 AND j.finished_at_ms < ?1 LIMIT ?2)",
                      VALUES(INT(a->older_than_ms), INT(PRUNE_ROWS)), err);

    a->n += rc ? 0 : sqldb_changes(conn_db(c));
    return rc;
}

/* Keys of recorded commands and of what they gave at the base begin with the job's id. */
static int prune_commands(struct conn *c, struct pruning *a, struct err *err)
{
    int rc = conn_run(
        c,
        "DELETE FROM docs WHERE kind IN ('job-command', 'job-base') AND key IN (SELECT d.key FROM "
        "docs AS d JOIN jobs AS j ON j.id = substr(d.key, 1, instr(d.key, '/') - 1) "
        "WHERE d.kind IN ('job-command', 'job-base') AND j.finished_at_ms > 0 "
        "AND j.finished_at_ms < ?1 LIMIT ?2)",
        VALUES(INT(a->older_than_ms), INT(PRUNE_ROWS)), err);

    a->n += rc ? 0 : sqldb_changes(conn_db(c));
    return rc;
}

static int prune(struct conn *c, void *arg, struct err *err)
{
    struct pruning *a = arg;
    int rc;

    a->n = 0;
    rc = prune_deliveries(c, a, err);
    if (!rc)
        rc = prune_logs(c, a, err);
    if (!rc)
        rc = prune_commands(c, a, err);
    return rc ? rc : prune_calls(c, a, err);
}

int lite_prune(struct store *store, int64_t older_than_ms, struct err *err)
{
    struct pruning a = {.older_than_ms = older_than_ms};
    int rc;

    do {
        rc = lite_write(store, prune, &a, err);
    } while (!rc && a.n > 0);
    return rc;
}
