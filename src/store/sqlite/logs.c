#include "vdo/base/limits.h"
#include "vdo/base/mem.h"

#include "rows.h"

#include <stdlib.h>
#include <string.h>

struct logging {
    const char *job_id;
    const char *step;
    const char *level;
    const char *text;
    int64_t now_ms;
    int64_t after_seq;
    int limit;
    struct list list;
};

static int add(struct conn *c, void *arg, struct err *err)
{
    const struct logging *a = arg;

    return conn_run(
        c,
        "INSERT INTO logs (job_id, at_ms, step, level, text) "
        "VALUES (?1, ?2, ?3, ?4, ?5)",
        VALUES(TEXT(a->job_id), INT(a->now_ms), TEXT(a->step), TEXT(a->level), TEXT(a->text)), err);
}

/* Cut between characters, and say so. */
static char *clip(const char *text)
{
    static const char mark[] = " [cut]";
    size_t keep = VDO_MAX_LOG_LINE - sizeof(mark);

    if (strlen(text) <= VDO_MAX_LOG_LINE)
        return xstrdup(text);
    while (keep > 0 && ((unsigned char)text[keep] & 0xC0) == 0x80)
        keep--;
    return xasprintf("%.*s%s", (int)keep, text, mark);
}

int lite_log_add(struct store *store, const char *job_id, const char *step, const char *level,
                 const char *text, struct err *err)
{
    AUTO_FREE char *clipped = clip(text);
    struct logging a = {.job_id = job_id,
                        .step = step,
                        .level = level,
                        .text = clipped,
                        .now_ms = lite_now_ms(store)};

    return lite_write(store, add, &a, err);
}

static void read_line(struct sqldb_stmt *stmt, struct job_log *out)
{
    out->seq = sqldb_int64(stmt, 0);
    out->at_ms = sqldb_int64(stmt, 1);
    out->step = column_dup(stmt, 2);
    out->level = column_dup(stmt, 3);
    out->text = column_dup(stmt, 4);
}

static int read_list(struct conn *c, void *arg, struct err *err)
{
    struct logging *a = arg;
    struct sqldb_stmt *stmt = NULL;
    int rc = conn_query(c,
                        "SELECT seq, at_ms, step, level, text FROM logs WHERE job_id = ?1 "
                        "AND seq > ?2 ORDER BY seq LIMIT ?3",
                        VALUES(TEXT(a->job_id), INT(a->after_seq), INT(a->limit)), &stmt, err);

    if (rc)
        return rc;
    while ((rc = sqldb_step(stmt, err)) == SQLDB_ROW)
        read_line(stmt, list_add(&a->list));
    sqldb_reset(stmt);
    return rc;
}

static void release_record(void *record)
{
    job_log_release(record);
}

int lite_log_list(struct store *store, const char *job_id, int64_t after_seq, int limit,
                  struct job_log **out, size_t *out_n, struct err *err)
{
    struct logging a = {.job_id = job_id,
                        .after_seq = after_seq,
                        .limit = limit,
                        .list = {.size = sizeof(struct job_log)}};
    int rc = lite_read(store, read_list, &a, err);

    if (rc) {
        list_free(&a.list, release_record);
        return rc;
    }
    *out = a.list.items;
    *out_n = a.list.n;
    return VDO_OK;
}
