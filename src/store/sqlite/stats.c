#include "rows.h"

struct counting {
    int64_t now_ms;
    json_t *stats;
};

static void set_count(json_t *object, const char *name, int64_t n)
{
    (void)json_object_set_new(object, name, json_integer(n));
}

/* Those that did not end well stand in small indexes; the done are the rest of all. */
static int count_deliveries(struct conn *c, json_t *out, struct err *err)
{
    struct sqldb_stmt *stmt = NULL;
    int64_t all;
    int64_t pending;
    int64_t failed;
    int64_t dead;
    int rc = conn_first(c,
                        "SELECT (SELECT count(*) FROM deliveries), "
                        "(SELECT count(*) FROM deliveries WHERE state = 0 AND claimed_by IS NULL) "
                        "+ (SELECT count(*) FROM deliveries WHERE claimed_by IS NOT NULL), "
                        "(SELECT count(*) FROM deliveries WHERE state = 2 AND state > 1), "
                        "(SELECT count(*) FROM deliveries WHERE state = 3 AND state > 1)",
                        NO_VALUES, &stmt, err);

    if (rc)
        return rc;
    all = sqldb_int64(stmt, 0);
    pending = sqldb_int64(stmt, 1);
    failed = sqldb_int64(stmt, 2);
    dead = sqldb_int64(stmt, 3);
    sqldb_reset(stmt);
    set_count(out, delivery_state_name(DELIVERY_PENDING), pending);
    set_count(out, delivery_state_name(DELIVERY_DONE), all - pending - failed - dead);
    set_count(out, delivery_state_name(DELIVERY_FAILED), failed);
    set_count(out, delivery_state_name(DELIVERY_DEAD), dead);
    return VDO_OK;
}

static const char *job_name(int state)
{
    return job_state_name((enum job_state)state);
}

static const char *outbox_name(int state)
{
    return outbox_state_name((enum outbox_state)state);
}

static int read_tallies(struct conn *c, const char *thing, int states, const char *(*name)(int),
                        json_t *out, struct err *err)
{
    struct sqldb_stmt *stmt = NULL;
    int rc;

    for (int state = 0; state < states; state++)
        set_count(out, name(state), 0);
    rc = conn_query(c, "SELECT state, n FROM tallies WHERE thing = ?1", VALUES(TEXT(thing)), &stmt,
                    err);
    if (rc)
        return rc;
    while ((rc = sqldb_step(stmt, err)) == SQLDB_ROW)
        if (sqldb_int64(stmt, 0) < states)
            set_count(out, name((int)sqldb_int64(stmt, 0)), sqldb_int64(stmt, 1));
    sqldb_reset(stmt);
    return rc;
}

/* Age of the time a query finds; 0 when it finds none. */
static int add_age(struct conn *c, const char *name, const char *sql, struct counting *a,
                   struct err *err)
{
    int64_t at = a->now_ms;
    int rc = conn_int(c, sql, NO_VALUES, &at, err);

    if (rc && rc != VDO_E_NOT_FOUND)
        return rc;
    set_count(a->stats, name, at < a->now_ms ? a->now_ms - at : 0);
    return VDO_OK;
}

static int add_ages(struct conn *c, struct counting *a, struct err *err)
{
    int rc = add_age(c, "oldest_pending_ms",
                     "SELECT received_at_ms FROM deliveries INDEXED BY deliveries_due "
                     "WHERE state = 0 AND claimed_by IS NULL ORDER BY run_at_ms, seq LIMIT 1",
                     a, err);

    if (!rc)
        rc = add_age(c, "oldest_queued_ms",
                     "SELECT created_at_ms FROM jobs INDEXED BY jobs_state WHERE state = 0 "
                     "ORDER BY seq LIMIT 1",
                     a, err);
    /* A progress row is as old as its job and says nothing about how far the sender has come. */
    if (!rc)
        rc = add_age(c, "oldest_outbox_ms",
                     "SELECT created_at_ms FROM outbox INDEXED BY outbox_due WHERE state = 0 "
                     "AND kind <> 'progress' ORDER BY run_at_ms, seq LIMIT 1",
                     a, err);
    return rc;
}

static int add_money(struct conn *c, struct counting *a, struct err *err)
{
    int64_t n = 0;
    int rc =
        conn_int(c, "SELECT coalesce(sum(settled_microusd), 0) FROM spend", NO_VALUES, &n, err);

    if (!rc)
        (void)json_object_set_new(a->stats, "cost_usd", json_real((double)n / 1e6));
    return rc;
}

static int add_leased(struct conn *c, struct counting *a, struct err *err)
{
    int64_t n = 0;
    int rc =
        conn_int(c, "SELECT count(*) FROM jobs WHERE lease_until_ms > 0 AND lease_until_ms > ?1",
                 VALUES(INT(a->now_ms)), &n, err);

    if (!rc)
        set_count(a->stats, "leased", n);
    return rc;
}

static int count(struct conn *c, void *arg, struct err *err)
{
    struct counting *a = arg;
    json_t *deliveries = json_object();
    json_t *jobs = json_object();
    json_t *outbox = json_object();
    int rc;

    (void)json_object_set_new(a->stats, "deliveries", deliveries);
    (void)json_object_set_new(a->stats, "jobs", jobs);
    (void)json_object_set_new(a->stats, "outbox", outbox);
    rc = count_deliveries(c, deliveries, err);
    if (!rc)
        rc = read_tallies(c, "jobs", JOB_STATES, job_name, jobs, err);
    if (!rc)
        rc = read_tallies(c, "outbox", OUTBOX_FAILED + 1, outbox_name, outbox, err);
    if (!rc)
        rc = add_leased(c, a, err);
    if (!rc)
        rc = add_money(c, a, err);
    return rc ? rc : add_ages(c, a, err);
}

int lite_stats(struct store *store, json_t **out, struct err *err)
{
    struct counting a = {.now_ms = lite_now_ms(store), .stats = json_object()};
    int rc = lite_read(store, count, &a, err);

    if (rc)
        json_decref(a.stats);
    else
        *out = a.stats;
    return rc;
}
