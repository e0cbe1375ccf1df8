#include "spend.h"

#include "vdo/base/mem.h"

#include "lite.h"

#include <stdlib.h>
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
    char *repo; /* of the job; owned */
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

static int settle_name(struct conn *c, const char *kind, const char *name, int64_t day,
                       int64_t cost_microusd, struct err *err)
{
    if (!name || !*name)
        return VDO_OK;
    return conn_run(c,
                    "INSERT INTO spend_by (kind, name, day, settled_microusd) "
                    "VALUES (?1, ?2, ?3, ?4) ON CONFLICT "
                    "DO UPDATE SET settled_microusd = settled_microusd + ?4",
                    VALUES(TEXT(kind), TEXT(name), INT(day), INT(cost_microusd)), err);
}

/* "" outside jobs; free with free(). */
static int repo_of(struct conn *c, const char *job_id, char **out, struct err *err)
{
    struct sqldb_stmt *stmt = NULL;
    int rc = conn_first(c, "SELECT repo FROM jobs WHERE id = ?1", VALUES(TEXT(job_id)), &stmt, err);

    if (rc && rc != VDO_E_NOT_FOUND)
        return rc;
    *out = rc ? xstrdup("") : column_dup(stmt, 0);
    if (!rc)
        sqldb_reset(stmt);
    return VDO_OK;
}

static int settle_names(struct conn *c, const char *job_id, const char *provider, int64_t day,
                        int64_t cost_microusd, struct err *err)
{
    AUTO_FREE char *repo = NULL;
    int rc = repo_of(c, job_id, &repo, err);

    if (!rc)
        rc = settle_name(c, "provider", provider, day, cost_microusd, err);
    return rc ? rc : settle_name(c, "repo", repo, day, cost_microusd, err);
}

int spend_settle(struct conn *c, const char *job_id, const char *provider, int64_t reservation_id,
                 int64_t cost_microusd, int64_t at_ms, struct err *err)
{
    int64_t day = at_ms / ms_per_day;
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
    if (!rc)
        rc = conn_run(c,
                      "INSERT INTO spend (day, settled_microusd) VALUES (?1, ?2) ON CONFLICT "
                      "DO UPDATE SET settled_microusd = settled_microusd + ?2",
                      VALUES(INT(day), INT(cost_microusd)), err);
    return rc ? rc : settle_names(c, job_id, provider, day, cost_microusd, err);
}

/* What is reserved counts for today: it will be settled today, or a moment after midnight. */
static int sum_all(struct conn *c, struct spending *a, struct err *err)
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

/* sql: what is reserved for the name ?1. */
static int sum_name(struct conn *c, const struct spending *a, const char *kind, const char *name,
                    const char *sql, int64_t *out_day, int64_t *out_month, struct err *err)
{
    int64_t day = a->now_ms / ms_per_day;
    struct sqldb_stmt *stmt = NULL;
    int64_t reserved = 0;
    int rc;

    if (!name || !*name)
        return VDO_OK;
    rc = conn_int(c, sql, VALUES(TEXT(name)), &reserved, err);
    if (!rc)
        rc = conn_first(c,
                        "SELECT coalesce(sum(CASE WHEN day = ?3 THEN settled_microusd END), 0), "
                        "coalesce(sum(settled_microusd), 0) FROM spend_by "
                        "WHERE kind = ?1 AND name = ?2 AND day BETWEEN ?4 AND ?3",
                        VALUES(TEXT(kind), TEXT(name), INT(day), INT(first_of_month(a->now_ms))),
                        &stmt, err);
    if (rc)
        return rc;
    *out_day = sqldb_int64(stmt, 0) + reserved;
    *out_month = sqldb_int64(stmt, 1) + reserved;
    sqldb_reset(stmt);
    return VDO_OK;
}

static int sum_up(struct conn *c, struct spending *a, struct err *err)
{
    struct spend_totals *t = &a->totals;
    int rc = sum_all(c, a, err);

    free(a->repo);
    a->repo = NULL;
    if (!rc)
        rc = repo_of(c, a->job_id, &a->repo, err);
    if (!rc && a->limits)
        rc = sum_name(
            c, a, "provider", a->limits->provider,
            "SELECT coalesce(sum(amount_microusd), 0) FROM reservations WHERE provider = ?1",
            &t->provider_day_microusd, &t->provider_month_microusd, err);
    return rc ? rc :
                sum_name(
                    c, a, "repo", a->repo,
                    "SELECT coalesce(sum(amount_microusd), 0) FROM reservations WHERE repo = ?1",
                    &t->repo_day_microusd, &t->repo_month_microusd, err);
}

static bool passes(int64_t spent, int64_t amount, int64_t limit)
{
    return limit > 0 && (amount > limit || spent > limit - amount);
}

/* The narrowest first. */
static const char *passed_limit(const struct spending *a)
{
    const struct spend_limits *l = a->limits;
    const struct spend_totals *t = &a->totals;
    const struct {
        const char *which;
        int64_t spent;
        int64_t limit;
    } all[] = {
        {"job", t->job_microusd, l->job_microusd},
        {"day", t->day_microusd, l->day_microusd},
        {"month", t->month_microusd, l->month_microusd},
        {"provider_day", t->provider_day_microusd, l->provider_day_microusd},
        {"provider_month", t->provider_month_microusd, l->provider_month_microusd},
        {"repo_day", t->repo_day_microusd, l->repo_day_microusd},
        {"repo_month", t->repo_month_microusd, l->repo_month_microusd},
    };

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        if (passes(all[i].spent, a->amount, all[i].limit))
            return all[i].which;
    return NULL;
}

static int reserve(struct conn *c, void *arg, struct err *err)
{
    struct spending *a = arg;
    int rc = sum_up(c, a, err);

    a->which = NULL;
    if (rc)
        return rc;
    a->which = passed_limit(a);
    if (a->which)
        return err_set(err, VDO_E_REFUSED, "the next call could pass the limit of the %s",
                       a->which);
    rc = conn_run(c,
                  "INSERT INTO reservations (job_id, amount_microusd, at_ms, provider, repo) "
                  "VALUES (?1, ?2, ?3, ?4, ?5)",
                  VALUES(TEXT(a->job_id), INT(a->amount), INT(a->now_ms), TEXT(a->limits->provider),
                         TEXT(a->repo)),
                  err);
    a->id = sqldb_last_insert_id(conn_db(c));
    return rc;
}

/* As they are with the new reservation. */
static void add_amount(struct spending *a)
{
    struct spend_totals *t = &a->totals;

    t->job_microusd += a->amount;
    t->day_microusd += a->amount;
    t->month_microusd += a->amount;
    if (a->limits->provider) {
        t->provider_day_microusd += a->amount;
        t->provider_month_microusd += a->amount;
    }
    if (*a->repo) {
        t->repo_day_microusd += a->amount;
        t->repo_month_microusd += a->amount;
    }
}

int lite_spend_reserve(struct store *store, const char *job_id, int64_t amount_microusd,
                       const struct spend_limits *limits, int64_t now_ms, int64_t *out_id,
                       const char **out_which, struct spend_totals *out_totals, struct err *err)
{
    struct spending a = {
        .job_id = job_id, .amount = amount_microusd, .limits = limits, .now_ms = now_ms};
    int rc = lite_write(store, reserve, &a, err);

    if (!rc) {
        *out_id = a.id;
        add_amount(&a);
    } else if (a.which && out_which) {
        *out_which = a.which;
    }
    if (out_totals && (!rc || a.which))
        *out_totals = a.totals;
    free(a.repo);
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
    free(a.repo);
    return rc;
}
