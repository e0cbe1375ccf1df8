#include "vdo/base/mem.h"
#include "vdo/base/strbuf.h"

#include "rows.h"

#include <stdlib.h>
#include <string.h>

/* ---- describe ---- */

struct describing {
    const struct delivery *d;
    bool lane_busy;
};

static int record_facts(struct conn *c, const struct delivery *d, struct err *err)
{
    int rc = conn_change(
        c,
        "UPDATE deliveries SET action = ?2, repo_id = ?3, repo = ?4, issue = ?5 "
        "WHERE seq = ?1",
        VALUES(INT(d->seq), TEXT(d->action), INT(d->repo_id), TEXT(d->repo), INT(d->issue)), err);

    return rc == VDO_E_NOT_FOUND ?
               err_set(err, rc, "there is no delivery number %lld", (long long)d->seq) :
               rc;
}

/* Is somebody of the same lane at work or before us? */
static int is_lane_busy(struct conn *c, const struct delivery *d, int64_t *out, struct err *err)
{
    return conn_int(c,
                    "SELECT EXISTS (SELECT 1 FROM deliveries WHERE claimed_by IS NOT NULL "
                    "AND repo_id = ?2 AND issue = ?3 AND seq <> ?1) "
                    "OR EXISTS (SELECT 1 FROM deliveries WHERE state = 0 AND repo_id <> 0 "
                    "AND repo_id = ?2 AND issue = ?3 AND seq < ?1)",
                    VALUES(INT(d->seq), INT(d->repo_id), INT(d->issue)), out, err);
}

static int describe(struct conn *c, void *arg, struct err *err)
{
    struct describing *a = arg;
    int64_t busy = 0;
    int rc = record_facts(c, a->d, err);

    if (!rc && a->d->repo_id != 0)
        rc = is_lane_busy(c, a->d, &busy, err);
    if (rc || !busy)
        return rc;
    rc = conn_change(c,
                     "UPDATE deliveries SET claimed_by = NULL, attempts = attempts - 1 "
                     "WHERE seq = ?1 AND claimed_by IS NOT NULL",
                     VALUES(INT(a->d->seq)), err);
    a->lane_busy = rc == VDO_OK;
    return rc == VDO_E_NOT_FOUND ? VDO_OK :
                                   rc; /* described without a claim: nothing to give back */
}

int lite_delivery_describe(struct store *store, const struct delivery *delivery, struct err *err)
{
    struct describing a = {.d = delivery};
    int rc = lite_write(store, describe, &a, err);

    if (!rc && a.lane_busy)
        return err_set(err, VDO_E_CONFLICT, "delivery %s: an older one of %s#%lld comes first",
                       delivery->guid ? delivery->guid : "", delivery->repo ? delivery->repo : "",
                       (long long)delivery->issue);
    return rc;
}

/* ---- claim and its ends ---- */

struct claiming {
    const char *node;
    int64_t now_ms;
    struct delivery out;
};

static int find_due(struct conn *c, int64_t now_ms, int64_t *out_seq, struct err *err)
{
    return conn_int(c,
                    "SELECT seq FROM deliveries AS d INDEXED BY deliveries_due "
                    "WHERE state = 0 AND claimed_by IS NULL AND run_at_ms <= ?1 AND (repo_id = 0 "
                    "OR (NOT EXISTS (SELECT 1 FROM deliveries AS o WHERE o.claimed_by IS NOT NULL "
                    "AND o.repo_id = d.repo_id AND o.issue = d.issue) "
                    "AND NOT EXISTS (SELECT 1 FROM deliveries AS o WHERE o.state = 0 "
                    "AND o.repo_id <> 0 AND o.repo_id = d.repo_id AND o.issue = d.issue "
                    "AND o.seq < d.seq))) "
                    "ORDER BY run_at_ms, seq LIMIT 1",
                    VALUES(INT(now_ms)), out_seq, err);
}

static int load_with_body(struct conn *c, int64_t seq, struct delivery *out, struct err *err)
{
    struct sqldb_stmt *stmt = NULL;
    int rc = conn_first(c,
                        "SELECT " DELIVERY_COLUMNS ", b.body FROM deliveries AS d "
                        "LEFT JOIN delivery_bodies AS b ON b.seq = d.seq WHERE d.seq = ?1",
                        VALUES(INT(seq)), &stmt, err);

    if (rc)
        return rc;
    memset(out, 0, sizeof(*out));
    read_delivery(stmt, out);
    if (!sqldb_is_null(stmt, 14)) {
        const void *bytes = sqldb_blob(stmt, 14);

        out->body_len = sqldb_bytes(stmt, 14);
        out->body = xmemdup0(bytes ? bytes : "", out->body_len);
    }
    sqldb_reset(stmt);
    return VDO_OK;
}

static int claim(struct conn *c, void *arg, struct err *err)
{
    struct claiming *a = arg;
    int64_t seq = 0;
    int rc = find_due(c, a->now_ms, &seq, err);

    if (!rc)
        rc = conn_run(c,
                      "UPDATE deliveries SET claimed_by = ?2, claimed_at_ms = ?3, "
                      "attempts = attempts + 1 WHERE seq = ?1",
                      VALUES(INT(seq), TEXT(a->node), INT(a->now_ms)), err);
    if (!rc)
        rc = load_with_body(c, seq, &a->out, err);
    return rc;
}

int lite_delivery_claim(struct store *store, const char *node, int64_t now_ms, struct delivery *out,
                        struct err *err)
{
    struct claiming a = {.node = node, .now_ms = now_ms};
    int rc = lite_write(store, claim, &a, err);

    if (rc)
        delivery_release(&a.out);
    else
        *out = a.out;
    return rc;
}

struct ending {
    int64_t seq;
    enum delivery_state state;
    const char *reason;
    const char *job_id;
    int64_t run_at_ms;
};

static int no_such_claim(int rc, int64_t seq, struct err *err)
{
    if (rc != VDO_E_NOT_FOUND)
        return rc;
    return err_set(err, VDO_E_CONFLICT, "delivery number %lld is not pending", (long long)seq);
}

static int finish(struct conn *c, void *arg, struct err *err)
{
    const struct ending *a = arg;
    int rc = conn_change(c,
                         "UPDATE deliveries SET state = ?2, reason = ?3, job_id = ?4, "
                         "claimed_by = NULL WHERE seq = ?1 AND state = 0",
                         VALUES(INT(a->seq), INT(a->state), TEXT(a->reason), TEXT(a->job_id)), err);

    if (!rc && a->state == DELIVERY_DONE)
        rc = conn_run(c, "DELETE FROM delivery_bodies WHERE seq = ?1", VALUES(INT(a->seq)), err);
    return no_such_claim(rc, a->seq, err);
}

int lite_delivery_finish(struct store *store, int64_t seq, enum delivery_state state,
                         const char *reason, const char *job_id, struct err *err)
{
    struct ending a = {.seq = seq, .state = state, .reason = reason, .job_id = job_id};

    return lite_write(store, finish, &a, err);
}

static int retry(struct conn *c, void *arg, struct err *err)
{
    const struct ending *a = arg;
    int rc = conn_change(c,
                         "UPDATE deliveries SET run_at_ms = ?2, reason = ?3, claimed_by = NULL "
                         "WHERE seq = ?1 AND state = 0",
                         VALUES(INT(a->seq), INT(a->run_at_ms), TEXT(a->reason)), err);

    return no_such_claim(rc, a->seq, err);
}

int lite_delivery_retry(struct store *store, int64_t seq, int64_t run_at_ms, const char *reason,
                        struct err *err)
{
    struct ending a = {.seq = seq, .run_at_ms = run_at_ms, .reason = reason};

    return lite_write(store, retry, &a, err);
}

/* ---- looking ---- */

struct looking {
    const char *guid;
    int state;
    int64_t before_seq;
    int limit;
    struct delivery one;
    struct list list;
};

static int get(struct conn *c, void *arg, struct err *err)
{
    struct looking *a = arg;
    int64_t seq = 0;
    int rc =
        conn_int(c, "SELECT seq FROM deliveries WHERE guid = ?1", VALUES(TEXT(a->guid)), &seq, err);

    if (!rc)
        rc = load_with_body(c, seq, &a->one, err);
    if (rc == VDO_E_NOT_FOUND)
        return err_set(err, rc, "there is no delivery %s", a->guid);
    return rc;
}

int lite_delivery_get(struct store *store, const char *guid, struct delivery *out, struct err *err)
{
    struct looking a = {.guid = guid};
    int rc = lite_read(store, get, &a, err);

    if (!rc)
        *out = a.one;
    return rc;
}

static int read_list(struct conn *c, void *arg, struct err *err)
{
    struct looking *a = arg;
    struct sqldb_stmt *stmt = NULL;
    AUTO_STRBUF sql;
    int rc;

    strbuf_init(&sql, 1024);
    (void)strbuf_adds(&sql, "SELECT " DELIVERY_COLUMNS " FROM deliveries AS d WHERE 1");
    if (a->guid)
        (void)strbuf_adds(&sql, " AND d.guid = ?1");
    if (a->state == DELIVERY_DONE) /* nearly all are: no index leads to them */
        (void)strbuf_adds(&sql, " AND +d.state = ?2");
    else if (a->state == DELIVERY_PENDING)
        (void)strbuf_adds(&sql, " AND d.seq IN (SELECT seq FROM deliveries WHERE state = 0 "
                                "AND claimed_by IS NULL UNION ALL SELECT seq FROM deliveries "
                                "WHERE claimed_by IS NOT NULL)");
    else if (a->state >= 0)
        (void)strbuf_adds(&sql, " AND d.state = ?2 AND d.state > 1");
    if (a->before_seq > 0)
        (void)strbuf_adds(&sql, " AND d.seq < ?3");
    (void)strbuf_adds(&sql, " ORDER BY d.seq DESC LIMIT ?4");
    rc = conn_query_once(c, sql.ptr,
                         VALUES(TEXT(a->guid), INT(a->state), INT(a->before_seq), INT(a->limit)),
                         &stmt, err);
    if (rc)
        return rc;
    while ((rc = sqldb_step(stmt, err)) == SQLDB_ROW)
        read_delivery(stmt, list_add(&a->list));
    sqldb_stmt_free(stmt);
    return rc;
}

static void release_record(void *record)
{
    delivery_release(record);
}

int lite_delivery_list(struct store *store, const char *guid, int state, int64_t before_seq,
                       int limit, struct delivery **out, size_t *out_n, struct err *err)
{
    struct looking a = {.guid = guid,
                        .state = state,
                        .before_seq = before_seq,
                        .limit = limit,
                        .list = {.size = sizeof(struct delivery)}};
    int rc = lite_read(store, read_list, &a, err);

    if (rc) {
        list_free(&a.list, release_record);
        return rc;
    }
    *out = a.list.items;
    *out_n = a.list.n;
    return VDO_OK;
}

/* ---- redo ---- */

struct redoing {
    const char *guid;
    int64_t now_ms;
};

static int redo(struct conn *c, void *arg, struct err *err)
{
    const struct redoing *a = arg;
    struct sqldb_stmt *stmt = NULL;
    enum delivery_state state;
    bool has_body;
    int64_t seq;
    int rc = conn_first(c,
                        "SELECT seq, state, EXISTS (SELECT 1 FROM delivery_bodies AS b "
                        "WHERE b.seq = d.seq) FROM deliveries AS d WHERE guid = ?1",
                        VALUES(TEXT(a->guid)), &stmt, err);

    if (rc == VDO_E_NOT_FOUND)
        return err_set(err, rc, "there is no delivery %s", a->guid);
    if (rc)
        return rc;
    seq = sqldb_int64(stmt, 0);
    state = (enum delivery_state)sqldb_int64(stmt, 1);
    has_body = sqldb_int64(stmt, 2) != 0;
    sqldb_reset(stmt);
    if (state == DELIVERY_PENDING || state == DELIVERY_DONE)
        return err_set(err, VDO_E_REFUSED, "delivery %s is %s; only failed and dead ones run again",
                       a->guid, delivery_state_name(state));
    if (!has_body)
        return err_set(err, VDO_E_REFUSED,
                       "delivery %s: its body is no longer kept; redeliver it on GitHub", a->guid);
    return conn_run(c,
                    "UPDATE deliveries SET state = 0, attempts = 0, run_at_ms = ?2, "
                    "claimed_by = NULL WHERE seq = ?1",
                    VALUES(INT(seq), INT(a->now_ms)), err);
}

int lite_delivery_redo(struct store *store, const char *guid, struct err *err)
{
    struct redoing a = {.guid = guid, .now_ms = lite_now_ms(store)};

    return lite_write(store, redo, &a, err);
}
