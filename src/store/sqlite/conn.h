/*
 * conn: one connection to the store's file with its prepared statements, and values bound in one
 * line.
 *
 *     rc = conn_run(c, "DELETE FROM docs WHERE kind = ?1 AND key = ?2", VALUES(TEXT(kind),
 * TEXT(key)), err);
 *
 * SQL texts are string literals: statements are kept by the address of the text for as long as the
 * connection lives. Values are borrowed until the statement is reset. Threads: one at a time.
 */
#ifndef VDO_STORE_SQLITE_CONN_H
#define VDO_STORE_SQLITE_CONN_H

#include "vdo/base/err.h"
#include "vdo/store/sqldb.h"

#include <stddef.h>
#include <stdint.h>

struct conn;

int conn_open(const char *path, const struct sqldb_options *options, struct conn **out,
              struct err *err);
void conn_close(struct conn *c);
struct sqldb *conn_db(struct conn *c);

enum value_kind { VALUE_NULL, VALUE_INT, VALUE_TEXT, VALUE_BLOB };

struct value {
    enum value_kind kind;
    int64_t number;
    const void *bytes;
    size_t len;
};

struct value value_int(int64_t number);
struct value value_text(const char *text);     /* NULL becomes "" */
struct value value_opt_text(const char *text); /* NULL stays NULL */
struct value value_blob(const void *bytes, size_t len);

#define INT(x)            value_int((int64_t)(x))
#define TEXT(x)           value_text(x)
#define OPT_TEXT(x)       value_opt_text(x)
#define OPT_INT(x, leave) ((x) == (leave) ? (struct value){0} : value_int((int64_t)(x)))
#define BLOB(x, len)      value_blob(x, len)

/* Values of ?1, ?2, ... */
struct values {
    const struct value *list;
    size_t n;
};
#define VALUES(...)                                       \
    ((struct values){(const struct value[]){__VA_ARGS__}, \
                     sizeof((const struct value[]){__VA_ARGS__}) / sizeof(struct value)})
#define NO_VALUES ((struct values){NULL, 0})

/* Run to the end, ignoring rows. */
int conn_run(struct conn *c, const char *sql, struct values values, struct err *err);
/* The same; VDO_E_NOT_FOUND (err untouched) when no row was changed. */
int conn_change(struct conn *c, const char *sql, struct values values, struct err *err);
/* Bind and hand out for sqldb_step(); give it to sqldb_reset() when done. */
int conn_query(struct conn *c, const char *sql, struct values values, struct sqldb_stmt **out,
               struct err *err);
/* The first row of a query. VDO_E_NOT_FOUND (err untouched) when there is none; after 0 read the
 * columns and give it to sqldb_reset(). */
int conn_first(struct conn *c, const char *sql, struct values values, struct sqldb_stmt **out,
               struct err *err);
/* The first column of the first row. VDO_E_NOT_FOUND (err untouched). */
int conn_int(struct conn *c, const char *sql, struct values values, int64_t *out, struct err *err);
/* For texts made at run time: prepared for this use only; free with sqldb_stmt_free(). */
int conn_query_once(struct conn *c, const char *sql, struct values values, struct sqldb_stmt **out,
                    struct err *err);

/* A copy of a text column; "" for NULL. Free with free(). */
char *column_dup(struct sqldb_stmt *stmt, int column);

/* What a damaged file, seen as VDO_E_INVALID by SQLite, is to users of the store: VDO_E_IO. */
int conn_translate(int rc, struct err *err);

#endif
