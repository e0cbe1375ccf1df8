#include "spend.h"

#include "lite.h"

#include <time.h>

static const int64_t ms_per_day = 24LL * 3600 * 1000;

struct spending {
    const char *job_id;
    int64_t amount;
    const struct spend_limits *limits;
    int64_t now_ms;
    int64_t older_than_ms;
    int64_t id;
    const char *which;
    struct spend_totals totals;
};

/* Days since the epoch of the first of the month, UTC. */
static int64_t first_of_month(int64_t now_ms)
{
    time_t now = (time_t)(now_ms / 1000);
    struct tm tm;

    (void)gmtime_r(&now, &tm);
    return now_ms / ms_per_day - (tm.tm_mday - 1);
}

int spend_settle(struct conn *c, const char *job_id, int64_t reservation_id, int64_t cost_microusd,
                 int64_t at_ms, struct err *err)
{
    int rc = VDO_OK;

    if (reservation_id > 0)
        rc =
            conn_run(c, "DELETE FROM reservations WHERE id = ?1", VALUES(INT(reservation_id)), err);
    if (rc || cost_microusd == 0)
        return rc;
    rc = conn_run(c,
                  "UPDATE jobs SET cost_microusd = cost_microusd + ?2, version = version + 1 "
                  "WHERE id = ?1",
                  VALUES(TEXT(job_id), INT(cost_microusd)), err);
    return rc ? rc :
                conn_run(c,
                         "INSERT INTO spend (day, settled_microusd) VALUES (?1, ?2) ON CONFLICT "
                         "DO UPDATE SET settled_microusd = settled_microusd + ?2",
                         VALUES(INT(at_ms / ms_per_day), INT(cost_microusd)), err);
}

/* What is reserved counts for today: it will be settled today, or a moment after midnight. */
static int sum_up(struct conn *c, struct spending *a, struct err *err)
{
    int64_t day = a->now_ms / ms_per_day;
    struct sqldb_stmt *stmt = NULL;
    int64_t reserved = 0;
    int rc = conn_first(
        c,
        "SELECT coalesce((SELECT cost_microusd FROM jobs WHERE id = ?1), 0) + "
        "(SELECT coalesce(sum(amount_microusd), 0) FROM reservations WHERE job_id = ?1), "
        "(SELECT coalesce(sum(amount_microusd), 0) FROM reservations), "
        "coalesce((SELECT settled_microusd FROM spend WHERE day = ?2), 0), "
        "(SELECT coalesce(sum(settled_microusd), 0) FROM spend WHERE day BETWEEN ?3 AND ?2)",
        VALUES(TEXT(a->job_id), INT(day), INT(first_of_month(a->now_ms))), &stmt, err);

    if (rc)
        return rc;
    reserved = sqldb_int64(stmt, 1);
    a->totals.job_microusd = sqldb_int64(stmt, 0);
    a->totals.day_microusd = sqldb_int64(stmt, 2) + reserved;
    a->totals.month_microusd = sqldb_int64(stmt, 3) + reserved;
    sqldb_reset(stmt);
    return VDO_OK;
}

static bool passes(int64_t spent, int64_t amount, int64_t limit)
{
    return limit > 0 && (amount > limit || spent > limit - amount);
}

static const char *passed_limit(const struct spending *a)
{
    if (passes(a->totals.job_microusd, a->amount, a->limits->job_microusd))
        return "job";
    if (passes(a->totals.day_microusd, a->amount, a->limits->day_microusd))
        return "day";
    if (passes(a->totals.month_microusd, a->amount, a->limits->month_microusd))
        return "month";
    return NULL;
}

static int reserve(struct conn *c, void *arg, struct err *err)
{
    struct spending *a = arg;
    int rc = sum_up(c, a, err);

    if (rc)
        return rc;
    a->which = passed_limit(a);
    if (a->which)
        return err_set(err, VDO_E_REFUSED, "the next call could pass the %s's money limit",
                       a->which);
    rc =
        conn_run(c, "INSERT INTO reservations (job_id, amount_microusd, at_ms) VALUES (?1, ?2, ?3)",
                 VALUES(TEXT(a->job_id), INT(a->amount), INT(a->now_ms)), err);
    a->id = sqldb_last_insert_id(conn_db(c));
    return rc;
}

int lite_spend_reserve(struct store *store, const char *job_id, int64_t amount_microusd,
                       const struct spend_limits *limits, int64_t now_ms, int64_t *out_id,
                       const char **out_which, struct spend_totals *out_totals, struct err *err)
{
    struct spending a = {
        .job_id = job_id, .amount = amount_microusd, .limits = limits, .now_ms = now_ms};
    int rc = lite_write(store, reserve, &a, err);

    if (rc && !a.which)
        return rc;
    if (rc && out_which)
        *out_which = a.which;
    if (!rc)
        *out_id = a.id;
    if (!rc) {
        a.totals.job_microusd += amount_microusd;
        a.totals.day_microusd += amount_microusd;
        a.totals.month_microusd += amount_microusd;
    }
    if (out_totals)
        *out_totals = a.totals;
    return rc;
}

static int release(struct conn *c, void *arg, struct err *err)
{
    const struct spending *a = arg;

    return conn_run(c, "DELETE FROM reservations WHERE id = ?1", VALUES(INT(a->id)), err);
}

int lite_spend_release(struct store *store, int64_t reservation_id, struct err *err)
{
    struct spending a = {.id = reservation_id};

    return lite_write(store, release, &a, err);
}

static int sweep(struct conn *c, void *arg, struct err *err)
{
    const struct spending *a = arg;

    return conn_run(c,
                    "DELETE FROM reservations WHERE at_ms < ?1 AND NOT EXISTS (SELECT 1 "
                    "FROM jobs WHERE jobs.id = reservations.job_id AND lease_until_ms > ?2)",
                    VALUES(INT(a->older_than_ms), INT(a->now_ms)), err);
}

int lite_spend_sweep(struct store *store, int64_t older_than_ms, struct err *err)
{
    struct spending a = {.older_than_ms = older_than_ms, .now_ms = lite_now_ms(store)};

    return lite_write(store, sweep, &a, err);
}

static int totals(struct conn *c, void *arg, struct err *err)
{
    return sum_up(c, arg, err);
}

int lite_spend_totals(struct store *store, const char *job_id, int64_t now_ms,
                      struct spend_totals *out, struct err *err)
{
    struct spending a = {.job_id = job_id, .now_ms = now_ms};
    int rc = lite_read(store, totals, &a, err);

    if (!rc)
        *out = a.totals;
    return rc;
}
