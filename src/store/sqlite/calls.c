#include "vdo/base/mem.h"

#include "rows.h"
#include "spend.h"

struct calling {
    const struct model_call *call;
    int64_t reservation_id;
    const char *job_id;
    const char *role;
    bool with_bodies;
    int64_t position;
    struct list list;
};

static int insert_call(struct conn *c, const struct model_call *m, struct err *err)
{
    int rc = conn_run(
        c,
        "INSERT INTO calls (job_id, step, step_attempt, role, provider, model, attempt, at_ms, "
        "latency_ms, ok, input_tokens, cache_read_tokens, cache_write_tokens, output_tokens, "
        "estimated, cost_microusd) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
        VALUES(TEXT(m->job_id), TEXT(m->step), INT(m->step_attempt), TEXT(m->role),
               TEXT(m->provider), TEXT(m->model), INT(m->attempt), INT(m->at_ms),
               INT(m->latency_ms), INT(m->ok), INT(m->input_tokens), INT(m->cache_read_tokens),
               INT(m->cache_write_tokens), INT(m->output_tokens), INT(m->estimated),
               INT(m->cost_microusd)),
        err);

    return rc ? rc :
                conn_run(c,
                         "INSERT INTO call_bodies (seq, request, response) "
                         "VALUES (last_insert_rowid(), ?1, ?2)",
                         VALUES(TEXT(m->request), TEXT(m->response)), err);
}

static int add(struct conn *c, void *arg, struct err *err)
{
    const struct calling *a = arg;
    int rc = insert_call(c, a->call, err);

    return rc ? rc :
                spend_settle(c, a->call->job_id, a->call->provider, a->reservation_id,
                             a->call->cost_microusd, a->call->at_ms, err);
}

int lite_call_add(struct store *store, const struct model_call *call, int64_t reservation_id,
                  struct err *err)
{
    struct calling a = {.call = call, .reservation_id = reservation_id};

    return lite_write(store, add, &a, err);
}

static void read_call(struct sqldb_stmt *stmt, struct model_call *out)
{
    int col = 0;

    out->seq = sqldb_int64(stmt, col++);
    out->job_id = column_dup(stmt, col++);
    out->step = column_dup(stmt, col++);
    out->step_attempt = (int)sqldb_int64(stmt, col++);
    out->role = column_dup(stmt, col++);
    out->provider = column_dup(stmt, col++);
    out->model = column_dup(stmt, col++);
    out->attempt = (int)sqldb_int64(stmt, col++);
    out->at_ms = sqldb_int64(stmt, col++);
    out->latency_ms = sqldb_int64(stmt, col++);
    out->ok = sqldb_int64(stmt, col++) != 0;
    out->input_tokens = sqldb_int64(stmt, col++);
    out->cache_read_tokens = sqldb_int64(stmt, col++);
    out->cache_write_tokens = sqldb_int64(stmt, col++);
    out->output_tokens = sqldb_int64(stmt, col++);
    out->estimated = sqldb_int64(stmt, col++) != 0;
    out->cost_microusd = sqldb_int64(stmt, col++);
    if (!sqldb_is_null(stmt, col))
        out->request = column_dup(stmt, col);
    col++;
    if (!sqldb_is_null(stmt, col))
        out->response = column_dup(stmt, col);
}

static int read_list(struct conn *c, void *arg, struct err *err)
{
    struct calling *a = arg;
    struct sqldb_stmt *stmt = NULL;
    int rc = conn_query(
        c,
        "SELECT k.seq, k.job_id, k.step, k.step_attempt, k.role, k.provider, k.model, k.attempt, "
        "k.at_ms, k.latency_ms, k.ok, k.input_tokens, k.cache_read_tokens, k.cache_write_tokens, "
        "k.output_tokens, k.estimated, k.cost_microusd, b.request, b.response FROM calls AS k "
        "LEFT JOIN call_bodies AS b ON b.seq = k.seq AND ?2 WHERE k.job_id = ?1 ORDER BY k.seq",
        VALUES(TEXT(a->job_id), INT(a->with_bodies)), &stmt, err);

    if (rc)
        return rc;
    while ((rc = sqldb_step(stmt, err)) == SQLDB_ROW)
        read_call(stmt, list_add(&a->list));
    sqldb_reset(stmt);
    return rc;
}

static void release_record(void *record)
{
    model_call_release(record);
}

int lite_call_list(struct store *store, const char *job_id, bool with_bodies,
                   struct model_call **out, size_t *out_n, struct err *err)
{
    struct calling a = {
        .job_id = job_id, .with_bodies = with_bodies, .list = {.size = sizeof(struct model_call)}};
    int rc = lite_read(store, read_list, &a, err);

    if (rc) {
        list_free(&a.list, release_record);
        return rc;
    }
    *out = a.list.items;
    *out_n = a.list.n;
    return VDO_OK;
}

static int count(struct conn *c, void *arg, struct err *err)
{
    struct calling *a = arg;

    return conn_int(c,
                    "SELECT count(*) FROM calls WHERE job_id = ?1 AND role = ?2 AND ok = 1 "
                    "AND abandoned = 0",
                    VALUES(TEXT(a->job_id), TEXT(a->role)), &a->position, err);
}

int lite_call_position(struct store *store, const char *job_id, const char *role,
                       int64_t *out_position, struct err *err)
{
    struct calling a = {.job_id = job_id, .role = role};
    int rc = lite_read(store, count, &a, err);

    if (!rc)
        *out_position = a.position;
    return rc;
}
