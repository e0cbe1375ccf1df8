#include "vdo/base/mem.h"
#include "vdo/json/json.h"

#include "lite.h"

#include <stdlib.h>
#include <string.h>

struct filing {
    const char *kind;
    const char *key; /* or prefix, or the counter's name */
    const char *text;
    json_t *value;
    int64_t number;
};

static int put(struct conn *c, void *arg, struct err *err)
{
    const struct filing *a = arg;

    return conn_run(c,
                    "INSERT INTO docs (kind, key, value) VALUES (?1, ?2, ?3) "
                    "ON CONFLICT DO UPDATE SET value = ?3",
                    VALUES(TEXT(a->kind), TEXT(a->key), TEXT(a->text)), err);
}

int lite_doc_put(struct store *store, const char *kind, const char *key, const json_t *value,
                 struct err *err)
{
    AUTO_FREE char *text = js_dump(value);
    struct filing a = {.kind = kind, .key = key, .text = text};

    return lite_write(store, put, &a, err);
}

static int parse_column(struct sqldb_stmt *stmt, int col, json_t **out, struct err *err)
{
    const char *text = sqldb_text(stmt, col);

    return js_parse(text ? text : "", text ? sqldb_bytes(stmt, col) : 0, out, err);
}

static int get(struct conn *c, void *arg, struct err *err)
{
    struct filing *a = arg;
    struct sqldb_stmt *stmt = NULL;
    int rc = conn_first(c, "SELECT value FROM docs WHERE kind = ?1 AND key = ?2",
                        VALUES(TEXT(a->kind), TEXT(a->key)), &stmt, err);

    if (rc == VDO_E_NOT_FOUND)
        return err_set(err, rc, "there is no %s %s", a->kind, a->key);
    if (rc)
        return rc;
    rc = parse_column(stmt, 0, &a->value, err);
    sqldb_reset(stmt);
    return rc;
}

int lite_doc_get(struct store *store, const char *kind, const char *key, json_t **out,
                 struct err *err)
{
    struct filing a = {.kind = kind, .key = key};
    int rc = lite_read(store, get, &a, err);

    if (!rc)
        *out = a.value;
    return rc;
}

static int delete (struct conn *c, void *arg, struct err *err)
{
    const struct filing *a = arg;
    int rc = conn_change(c, "DELETE FROM docs WHERE kind = ?1 AND key = ?2",
                         VALUES(TEXT(a->kind), TEXT(a->key)), err);

    return rc == VDO_E_NOT_FOUND ? err_set(err, rc, "there is no %s %s", a->kind, a->key) : rc;
}

int lite_doc_delete(struct store *store, const char *kind, const char *key, struct err *err)
{
    struct filing a = {.kind = kind, .key = key};

    return lite_write(store, delete, &a, err);
}

static int list(struct conn *c, void *arg, struct err *err)
{
    struct filing *a = arg;
    struct sqldb_stmt *stmt = NULL;
    json_t *one = NULL;
    int rc = conn_query(c, "SELECT key, value FROM docs WHERE kind = ?1 AND key >= ?2 ORDER BY key",
                        VALUES(TEXT(a->kind), TEXT(a->key)), &stmt, err);

    if (rc)
        return rc;
    while ((rc = sqldb_step(stmt, err)) == SQLDB_ROW) {
        const char *key = sqldb_text(stmt, 0);

        if (strncmp(key, a->key, strlen(a->key)) != 0) {
            rc = VDO_OK;
            break;
        }
        rc = parse_column(stmt, 1, &one, err);
        if (rc)
            break;
        (void)json_object_set_new_nocheck(a->value, key, one);
    }
    sqldb_reset(stmt);
    return rc;
}

int lite_doc_list(struct store *store, const char *kind, const char *prefix, json_t **out,
                  struct err *err)
{
    struct filing a = {.kind = kind, .key = prefix ? prefix : "", .value = json_object()};
    int rc = lite_read(store, list, &a, err);

    if (rc)
        json_decref(a.value);
    else
        *out = a.value;
    return rc;
}

static int count_on(struct conn *c, void *arg, struct err *err)
{
    struct filing *a = arg;

    return conn_int(c,
                    "INSERT INTO counters (name, value) VALUES (?1, 1) ON CONFLICT DO UPDATE "
                    "SET value = value + 1 RETURNING value",
                    VALUES(TEXT(a->key)), &a->number, err);
}

int lite_counter_next(struct store *store, const char *name, int64_t *out, struct err *err)
{
    AUTO_FREE char *key = xasprintf("c:%s", name);
    struct filing a = {.key = key};
    int rc = lite_write(store, count_on, &a, err);

    if (!rc)
        *out = a.number;
    return rc;
}
