#include "vdo/base/mem.h"
#include "vdo/base/strbuf.h"

#include "body.h"
#include "rows.h"

#include <stdlib.h>
#include <string.h>

/* Bodies claimed together: a batch stays small in memory. */
enum { CLAIM_BYTES = 1024 * 1024 };

/* ---- describe ---- */

struct describing {
    const struct delivery *deliveries;
    size_t n;
    bool *free;
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

static int describe_one(struct conn *c, const struct delivery *d, bool *out_free, struct err *err)
{
    int64_t busy = 0;
    int rc = record_facts(c, d, err);

    *out_free = true;
    if (!rc && d->repo_id != 0)
        rc = is_lane_busy(c, d, &busy, err);
    if (rc || !busy)
        return rc;
    rc = conn_change(c,
                     "UPDATE deliveries SET claimed_by = NULL, attempts = attempts - 1 "
                     "WHERE seq = ?1 AND claimed_by IS NOT NULL",
                     VALUES(INT(d->seq)), err);
    *out_free = rc != VDO_OK;
    return rc == VDO_E_NOT_FOUND ? VDO_OK :
                                   rc; /* described without a claim: nothing to give back */
}

static int describe(struct conn *c, void *arg, struct err *err)
{
    struct describing *a = arg;
    int rc = VDO_OK;

    for (size_t i = 0; i < a->n && !rc; i++)
        rc = describe_one(c, &a->deliveries[i], &a->free[i], err);
    return rc;
}

int lite_delivery_describe_some(struct store *store, const struct delivery *deliveries, size_t n,
                                bool *out_free, struct err *err)
{
    struct describing a = {.deliveries = deliveries, .n = n, .free = out_free};

    return lite_write(store, describe, &a, err);
}

int lite_delivery_describe(struct store *store, const struct delivery *delivery, struct err *err)
{
    bool free = true;
    int rc = lite_delivery_describe_some(store, delivery, 1, &free, err);

    if (!rc && !free)
        return err_set(err, VDO_E_CONFLICT, "delivery %s: an older one of %s#%lld comes first",
                       delivery->guid ? delivery->guid : "", delivery->repo ? delivery->repo : "",
                       (long long)delivery->issue);
    return rc;
}

/* ---- claim and its ends ---- */

struct claiming {
    const char *node;
    int64_t now_ms;
    size_t most;
    struct delivery *out;
    size_t n;
    size_t bytes;
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

static int find_due_without_lane(struct conn *c, int64_t now_ms, int64_t *out_seq, struct err *err)
{
    return conn_int(c,
                    "SELECT seq FROM deliveries INDEXED BY deliveries_due WHERE state = 0 "
                    "AND claimed_by IS NULL AND run_at_ms <= ?1 AND repo_id = 0 "
                    "ORDER BY run_at_ms, seq LIMIT 1",
                    VALUES(INT(now_ms)), out_seq, err);
}

static int load_with_body(struct conn *c, int64_t seq, struct delivery *out, struct err *err)
{
    struct sqldb_stmt *stmt = NULL;
    int rc = conn_first(c,
                        "SELECT " DELIVERY_COLUMNS ", b.body, b.raw_len FROM deliveries AS d "
                        "LEFT JOIN delivery_bodies AS b ON b.seq = d.seq WHERE d.seq = ?1",
                        VALUES(INT(seq)), &stmt, err);

    if (rc)
        return rc;
    memset(out, 0, sizeof(*out));
    read_delivery(stmt, out);
    if (!sqldb_is_null(stmt, 14)) {
        const void *bytes = sqldb_blob(stmt, 14);

        /* A damaged body is none: one delivery ends, the inbox goes on. */
        (void)body_unpack(bytes ? bytes : "", sqldb_bytes(stmt, 14), (size_t)sqldb_int64(stmt, 15),
                          &out->body, &out->body_len);
    }
    sqldb_reset(stmt);
    return VDO_OK;
}

static int claim_one(struct conn *c, struct claiming *a, int64_t seq, struct err *err)
{
    struct delivery *d = &a->out[a->n];
    int rc = conn_run(c,
                      "UPDATE deliveries SET claimed_by = ?2, claimed_at_ms = ?3, "
                      "attempts = attempts + 1 WHERE seq = ?1",
                      VALUES(INT(seq), TEXT(a->node), INT(a->now_ms)), err);

    if (!rc)
        rc = load_with_body(c, seq, d, err);
    if (rc)
        return rc;
    a->n++;
    a->bytes += d->body_len;
    return VDO_OK;
}

static int claim(struct conn *c, void *arg, struct err *err)
{
    struct claiming *a = arg;
    int64_t seq = 0;
    int rc = find_due(c, a->now_ms, &seq, err);

    if (!rc)
        rc = claim_one(c, a, seq, err);
    while (!rc && a->n < a->most && a->out[0].repo_id == 0 && a->bytes < CLAIM_BYTES) {
        rc = find_due_without_lane(c, a->now_ms, &seq, err);
        if (rc == VDO_E_NOT_FOUND)
            return VDO_OK;
        if (!rc)
            rc = claim_one(c, a, seq, err);
    }
    return rc;
}

int lite_delivery_claim_some(struct store *store, const char *node, int64_t now_ms, size_t most,
                             struct delivery *out, size_t *out_n, struct err *err)
{
    struct claiming a = {.node = node, .now_ms = now_ms, .most = most, .out = out};
    int rc = lite_write(store, claim, &a, err);

    for (size_t i = 0; rc && i < a.n; i++)
        delivery_release(&out[i]);
    *out_n = rc ? 0 : a.n;
    return rc;
}

int lite_delivery_claim(struct store *store, const char *node, int64_t now_ms, struct delivery *out,
                        struct err *err)
{
    size_t n;

    return lite_delivery_claim_some(store, node, now_ms, 1, out, &n, err);
}

struct ending {
    const struct delivery_ending *list;
    size_t n;
    int64_t unknown; /* one that was not pending; 0: all were */
};

static int finish(struct conn *c, const struct delivery_ending *a, struct err *err)
{
    int rc = conn_change(c,
                         "UPDATE deliveries SET state = ?2, reason = ?3, job_id = ?4, "
                         "claimed_by = NULL WHERE seq = ?1 AND state = 0",
                         VALUES(INT(a->seq), INT(a->state), TEXT(a->reason), TEXT(a->job_id)), err);

    if (!rc && a->state == DELIVERY_DONE)
        rc = conn_run(c, "DELETE FROM delivery_bodies WHERE seq = ?1", VALUES(INT(a->seq)), err);
    return rc;
}

static int retry(struct conn *c, const struct delivery_ending *a, struct err *err)
{
    return conn_change(c,
                       "UPDATE deliveries SET run_at_ms = ?2, reason = ?3, claimed_by = NULL "
                       "WHERE seq = ?1 AND state = 0",
                       VALUES(INT(a->seq), INT(a->run_at_ms), TEXT(a->reason)), err);
}

static int end_some(struct conn *c, void *arg, struct err *err)
{
    struct ending *a = arg;
    int rc = VDO_OK;

    a->unknown = 0;
    for (size_t i = 0; i < a->n && !rc; i++) {
        const struct delivery_ending *e = &a->list[i];

        rc = e->state == DELIVERY_PENDING ? retry(c, e, err) : finish(c, e, err);
        if (rc == VDO_E_NOT_FOUND) {
            a->unknown = e->seq;
            rc = VDO_OK;
        }
    }
    return rc;
}

int lite_delivery_end_some(struct store *store, const struct delivery_ending *endings, size_t n,
                           struct err *err)
{
    struct ending a = {.list = endings, .n = n};
    int rc = lite_write(store, end_some, &a, err);

    if (!rc && a.unknown)
        return err_set(err, VDO_E_CONFLICT, "delivery number %lld is not pending",
                       (long long)a.unknown);
    return rc;
}

int lite_delivery_finish(struct store *store, int64_t seq, enum delivery_state state,
                         const char *reason, const char *job_id, struct err *err)
{
    const struct delivery_ending ending = {
        .seq = seq, .state = state, .reason = reason, .job_id = job_id};

    return lite_delivery_end_some(store, &ending, 1, err);
}

int lite_delivery_retry(struct store *store, int64_t seq, int64_t run_at_ms, const char *reason,
                        struct err *err)
{
    const struct delivery_ending ending = {.seq = seq, .run_at_ms = run_at_ms, .reason = reason};

    return lite_delivery_end_some(store, &ending, 1, err);
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
