#include "vdo/base/mem.h"
#include "vdo/base/strbuf.h"
#include "vdo/json/json.h"

#include "rows.h"

#include <stdlib.h>
#include <string.h>

/* ---- create ---- */

struct creating {
    struct job *job;
    const struct outbox_row *rows;
    size_t n_rows;
    int64_t now_ms;
    char *delivery;
    char id[RAND_ID_SIZE]; /* of the new job, or of the one in the way */
    int64_t generation;
    int64_t seq;
    bool taken;
};

static int rank_of(const char *priority)
{
    if (priority && strcmp(priority, "high") == 0)
        return 0;
    return priority && strcmp(priority, "low") == 0 ? 2 : 1;
}

static int find_other(struct conn *c, struct creating *a, const char *sql, struct values values,
                      struct err *err)
{
    struct sqldb_stmt *stmt = NULL;
    int rc = conn_first(c, sql, values, &stmt, err);

    if (rc)
        return rc == VDO_E_NOT_FOUND ? VDO_OK : rc;
    (void)strncpy(a->id, sqldb_text(stmt, 0), RAND_ID_SIZE - 1);
    a->taken = true;
    sqldb_reset(stmt);
    return VDO_OK;
}

static int find_in_the_way(struct conn *c, struct creating *a, struct err *err)
{
    const struct job *j = a->job;
    int rc = VDO_OK;

    if (j->issue > 0)
        rc = find_other(
            c, a,
            "SELECT id FROM jobs WHERE forge = ?1 AND repo_id = ?2 "
            "AND CASE WHEN repo_id = 0 THEN repo ELSE '' END = ?3 AND issue = ?4 "
            "AND issue > 0 AND state < 9",
            VALUES(TEXT(j->forge), INT(j->repo_id), TEXT(j->repo_id ? "" : j->repo), INT(j->issue)),
            err);
    if (!rc && !a->taken && *a->delivery)
        rc = find_other(c, a, "SELECT id FROM jobs WHERE delivery = ?1 AND delivery <> ''",
                        VALUES(TEXT(a->delivery)), err);
    return rc;
}

static int next_generation(struct conn *c, struct creating *a, struct err *err)
{
    const struct job *j = a->job;

    if (j->issue <= 0)
        return VDO_OK;
    return conn_int(c,
                    "SELECT coalesce(max(generation) + 1, 0) FROM jobs WHERE repo_id = ?1 "
                    "AND issue = ?2 AND forge = ?3 AND (repo_id <> 0 OR repo = ?4)",
                    VALUES(INT(j->repo_id), INT(j->issue), TEXT(j->forge), TEXT(j->repo)),
                    &a->generation, err);
}

static int insert_job(struct conn *c, struct creating *a, struct err *err)
{
    const struct job *j = a->job;

    return conn_run(
        c,
        "INSERT INTO jobs (id, workflow, forge, installation_id, repo_id, repo, issue, generation, "
        "title, text, instructions, type, priority, rank, requester, requester_id, trigger, "
        "delivery, base_ref, state, created_at_ms, run_at_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, "
        "?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, 0, ?20, ?20)",
        VALUES(TEXT(a->id), TEXT(j->workflow), TEXT(j->forge), INT(j->installation_id),
               INT(j->repo_id), TEXT(j->repo), INT(j->issue), INT(a->generation), TEXT(j->title),
               TEXT(j->text), TEXT(j->instructions),
               TEXT(j->type && *j->type ? j->type : "feature"),
               TEXT(j->priority && *j->priority ? j->priority : "normal"),
               INT(rank_of(j->priority)), TEXT(j->requester), INT(j->requester_id),
               TEXT(j->trigger), TEXT(a->delivery), TEXT(j->base_ref), INT(a->now_ms)),
        err);
}

static int create(struct conn *c, void *arg, struct err *err)
{
    struct creating *a = arg;
    int rc = find_in_the_way(c, a, err);

    if (rc || a->taken)
        return rc;
    (void)rand_id(a->id);
    rc = next_generation(c, a, err);
    if (!rc)
        rc = insert_job(c, a, err);
    a->seq = sqldb_last_insert_id(conn_db(c));
    return rc ? rc : add_outbox_rows(c, a->rows, a->n_rows, a->id, a->now_ms, err);
}

/* The guid in {"kind":..,"delivery":guid}; "" when there is none. */
static char *delivery_of(const char *trigger)
{
    json_t *parsed = NULL;
    char *guid;

    if (!trigger || js_parse(trigger, strlen(trigger), &parsed, NULL))
        return xstrdup("");
    guid = xstrdup(js_str(parsed, "delivery", ""));
    json_decref(parsed);
    return guid;
}

int lite_job_create(struct store *store, struct job *job, const struct outbox_row *rows,
                    size_t n_rows, char out_id[RAND_ID_SIZE], struct err *err)
{
    struct creating a = {.job = job, .rows = rows, .n_rows = n_rows, .now_ms = lite_now_ms(store)};
    int rc;

    a.delivery = delivery_of(job->trigger);
    rc = lite_write(store, create, &a, err);
    free(a.delivery);
    if (rc)
        return rc;
    memcpy(out_id, a.id, RAND_ID_SIZE);
    if (a.taken)
        return err_set(err, VDO_E_CONFLICT, "job %s is there for it already", a.id);
    memcpy(job->id, a.id, RAND_ID_SIZE);
    job->seq = a.seq;
    job->generation = a.generation;
    job->state = JOB_QUEUED;
    job->created_at_ms = a.now_ms;
    job->run_at_ms = a.now_ms;
    job->version = 1;
    return VDO_OK;
}

/* ---- looking ---- */

struct getting {
    const char *id;
    struct job out;
};

static int get(struct conn *c, void *arg, struct err *err)
{
    struct getting *a = arg;

    return load_job(c, a->id, &a->out, err);
}

int lite_job_get(struct store *store, const char *id, struct job *out, struct err *err)
{
    struct getting a = {.id = id};
    int rc = lite_read(store, get, &a, err);

    if (!rc)
        *out = a.out;
    return rc;
}

struct listing {
    const struct job_filter *filter;
    struct list list;
};

static void write_filter(const struct job_filter *f, struct strbuf *sql)
{
    (void)strbuf_adds(sql, "SELECT " JOB_COLUMNS " FROM jobs WHERE 1");
    if (f->state >= 0)
        (void)strbuf_adds(sql, " AND state = ?1");
    if (f->only_open)
        (void)strbuf_adds(sql, " AND state < 9");
    if (f->repo)
        (void)strbuf_adds(sql, " AND repo = ?2");
    if (f->repo_id)
        (void)strbuf_adds(sql, " AND repo_id = ?3");
    if (f->issue)
        (void)strbuf_adds(sql, " AND issue = ?4");
    if (f->pr)
        (void)strbuf_adds(sql, " AND pr = ?5 AND pr > 0");
    if (f->before_seq > 0)
        (void)strbuf_adds(sql, " AND seq < ?6");
    (void)strbuf_adds(sql, " ORDER BY seq DESC LIMIT ?7");
}

static int read_list(struct conn *c, void *arg, struct err *err)
{
    struct listing *a = arg;
    const struct job_filter *f = a->filter;
    struct sqldb_stmt *stmt = NULL;
    AUTO_STRBUF sql;
    int rc;

    strbuf_init(&sql, 2048);
    write_filter(f, &sql);
    rc = conn_query_once(c, sql.ptr,
                         VALUES(INT(f->state), TEXT(f->repo), INT(f->repo_id), INT(f->issue),
                                INT(f->pr), INT(f->before_seq), INT(f->limit)),
                         &stmt, err);
    if (rc)
        return rc;
    while ((rc = sqldb_step(stmt, err)) == SQLDB_ROW)
        read_job(stmt, list_add(&a->list));
    sqldb_stmt_free(stmt);
    return rc;
}

static void release_record(void *record)
{
    job_release(record);
}

int lite_job_list(struct store *store, const struct job_filter *filter, struct job **out,
                  size_t *out_n, struct err *err)
{
    struct listing a = {.filter = filter, .list = {.size = sizeof(struct job)}};
    int rc = lite_read(store, read_list, &a, err);

    if (rc) {
        list_free(&a.list, release_record);
        return rc;
    }
    *out = a.list.items;
    *out_n = a.list.n;
    return VDO_OK;
}
