#include "conn.h"

#include "vdo/base/mem.h"

#include <stdlib.h>
#include <string.h>

/* Twice the number of SQL texts in this folder; a power of two. */
enum { CACHE_SLOTS = 512 };

struct conn {
    struct sqldb *db;
    struct {
        const char *sql;
        struct sqldb_stmt *stmt;
    } cache[CACHE_SLOTS];
};

int conn_open(const char *path, const struct sqldb_options *options, struct conn **out,
              struct err *err)
{
    struct sqldb *db = NULL;
    int rc = sqldb_open(path, options, &db, err);

    if (rc)
        return rc;
    *out = xcalloc(1, sizeof(**out));
    (*out)->db = db;
    return VDO_OK;
}

void conn_close(struct conn *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < CACHE_SLOTS; i++)
        sqldb_stmt_free(c->cache[i].stmt);
    sqldb_close(c->db);
    free(c);
}

struct sqldb *conn_db(struct conn *c)
{
    return c->db;
}

struct value value_int(int64_t number)
{
    return (struct value){.kind = VALUE_INT, .number = number};
}

struct value value_text(const char *text)
{
    return value_opt_text(text ? text : "");
}

struct value value_opt_text(const char *text)
{
    if (!text)
        return (struct value){0};
    return (struct value){.kind = VALUE_TEXT, .bytes = text, .len = strlen(text)};
}

struct value value_blob(const void *bytes, size_t len)
{
    return (struct value){.kind = VALUE_BLOB, .bytes = bytes ? bytes : "", .len = len};
}

static void bind(struct sqldb_stmt *stmt, struct values values)
{
    for (size_t i = 0; i < values.n; i++) {
        const struct value *v = &values.list[i];
        int index = (int)i + 1;

        switch (v->kind) {
        case VALUE_NULL:
            sqldb_bind_null(stmt, index);
            break;
        case VALUE_INT:
            sqldb_bind_int64(stmt, index, v->number);
            break;
        case VALUE_TEXT:
            sqldb_bind_text_static(stmt, index, v->bytes, v->len);
            break;
        case VALUE_BLOB:
            sqldb_bind_blob_static(stmt, index, v->bytes, v->len);
            break;
        }
    }
}

static size_t slot_of(const char *sql)
{
    return (size_t)(((uintptr_t)sql * 0x9E3779B97F4A7C15ULL) >> 32) & (CACHE_SLOTS - 1);
}

static int find_stmt(struct conn *c, const char *sql, struct sqldb_stmt **out, struct err *err)
{
    size_t slot = slot_of(sql);
    int rc;

    while (c->cache[slot].sql && c->cache[slot].sql != sql)
        slot = (slot + 1) & (CACHE_SLOTS - 1);
    if (!c->cache[slot].sql) {
        rc = sqldb_prepare(c->db, sql, &c->cache[slot].stmt, err);
        if (rc)
            return rc;
        c->cache[slot].sql = sql;
    }
    *out = c->cache[slot].stmt;
    return VDO_OK;
}

int conn_query(struct conn *c, const char *sql, struct values values, struct sqldb_stmt **out,
               struct err *err)
{
    int rc = find_stmt(c, sql, out, err);

    if (!rc)
        bind(*out, values);
    return rc;
}

int conn_run(struct conn *c, const char *sql, struct values values, struct err *err)
{
    struct sqldb_stmt *stmt = NULL;
    int rc = conn_query(c, sql, values, &stmt, err);

    return rc ? rc : sqldb_run(stmt, err);
}

int conn_change(struct conn *c, const char *sql, struct values values, struct err *err)
{
    int rc = conn_run(c, sql, values, err);

    return rc ? rc : sqldb_changes(c->db) > 0 ? VDO_OK : VDO_E_NOT_FOUND;
}

int conn_first(struct conn *c, const char *sql, struct values values, struct sqldb_stmt **out,
               struct err *err)
{
    struct sqldb_stmt *stmt = NULL;
    int rc = conn_query(c, sql, values, &stmt, err);

    if (rc)
        return rc;
    rc = sqldb_step(stmt, err);
    if (rc == SQLDB_ROW) {
        *out = stmt;
        return VDO_OK;
    }
    sqldb_reset(stmt);
    return rc ? rc : VDO_E_NOT_FOUND;
}

int conn_int(struct conn *c, const char *sql, struct values values, int64_t *out, struct err *err)
{
    struct sqldb_stmt *stmt = NULL;
    int rc = conn_first(c, sql, values, &stmt, err);

    if (rc)
        return rc;
    *out = sqldb_int64(stmt, 0);
    sqldb_reset(stmt);
    return VDO_OK;
}

int conn_query_once(struct conn *c, const char *sql, struct values values, struct sqldb_stmt **out,
                    struct err *err)
{
    int rc = sqldb_prepare(c->db, sql, out, err);

    if (!rc)
        bind(*out, values);
    return rc;
}

char *column_dup(struct sqldb_stmt *stmt, int column)
{
    const char *text = sqldb_text(stmt, column);

    return xmemdup0(text ? text : "", text ? sqldb_bytes(stmt, column) : 0);
}

int conn_translate(int rc, struct err *err)
{
    if (rc != VDO_E_INVALID)
        return rc;
    if (err && err->code == VDO_E_INVALID)
        err->code = VDO_E_IO;
    return VDO_E_IO;
}
