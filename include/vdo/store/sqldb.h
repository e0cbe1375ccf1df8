/*
 * sqldb: one SQLite file, opened the way every part of this program should open one.
 *
 * A thin layer: it fixes the open flags and PRAGMAs once, turns SQLite's results into enum vdo_code
 * with SQLite's own text, and keeps sqlite3.h in one place. Every file is in WAL mode with foreign
 * keys on, no trusted schema, no loadable extensions and a busy timeout that is set before anything
 * else (several threads may open a new file at the same moment).
 *
 *     struct sqldb_stmt *stmt = NULL;
 *     rc = sqldb_prepare(db, "SELECT id, name FROM t WHERE kind = ?1", &stmt, err);
 *     sqldb_bind_text(stmt, 1, "job");
 *     while ((rc = sqldb_step(stmt, err)) == SQLDB_ROW)
 *         use(sqldb_int64(stmt, 0), sqldb_text(stmt, 1));
 *     sqldb_reset(stmt);
 *
 * Not for: SQL made from outside text; values go in by binding only.
 * Threads: a sqldb and its statements belong to one thread at a time (SQLITE_OPEN_NOMUTEX); open
 * one per thread. sqldb_interrupt() may be called from any thread while the sqldb is open.
 *
 * Codes: VDO_E_TEMPORARY busy past the timeout or a schema that just changed; VDO_E_IO disk full or
 * failing, or no memory; VDO_E_CONFLICT a constraint; VDO_E_INVALID a damaged file, a file that is
 * no database, or wrong SQL; VDO_E_NOT_FOUND no such file; VDO_E_REFUSED writing to a read-only
 * file; VDO_E_TOO_LARGE a value over SQLite's limit; VDO_E_CANCELLED interrupted.
 */
#ifndef VDO_STORE_SQLDB_H
#define VDO_STORE_SQLDB_H

#include "vdo/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sqldb;
struct sqldb_stmt;

/* What survives what. FULL: a commit survives loss of power. NORMAL: a commit survives the process;
 * the last ones may be lost with the power, the file stays whole. OFF: only for files that can be
 * made again. */
enum sqldb_sync { SQLDB_SYNC_FULL, SQLDB_SYNC_NORMAL, SQLDB_SYNC_OFF };

/* Zero is a good start: read and write, made when missing, FULL, 10 s, SQLite's cache and pages. */
struct sqldb_options {
    bool read_only;  /* the file must exist; nothing is written */
    bool must_exist; /* do not make the file */
    enum sqldb_sync sync;
    int busy_timeout_ms;          /* 0: 10,000 */
    int cache_kib;                /* page cache; 0: SQLite's 2,000 */
    int page_size;                /* of a new file, a power of two 512 .. 65,536; 0: 4,096 */
    int64_t mmap_bytes;           /* read through mmap up to this; 0: none */
    int wal_autocheckpoint_pages; /* 0: 1,000; -1: never: the caller watches sqldb_wal_pages() and
                                     calls sqldb_checkpoint_some() or sqldb_checkpoint() */
};

/* options may be NULL. The file is made with mode 0600. ":memory:" is a database of its own. */
int sqldb_open(const char *path, const struct sqldb_options *options, struct sqldb **out,
               struct err *err);
/* Every statement must be freed before. NULL is fine. */
void sqldb_close(struct sqldb *db);

/* Run one or more statements that give no rows (rows are skipped). */
int sqldb_exec(struct sqldb *db, const char *sql, struct err *err);
/* The first column of the first row of a query; VDO_E_NOT_FOUND when there is no row. */
int sqldb_query_int64(struct sqldb *db, const char *sql, int64_t *out, struct err *err);

/* Prepare one statement for many uses; free with sqldb_stmt_free(). */
int sqldb_prepare(struct sqldb *db, const char *sql, struct sqldb_stmt **out, struct err *err);
void sqldb_stmt_free(struct sqldb_stmt *stmt);

/*
 * Bind parameters; index counts from 1. A failure (index out of range, value too large) is kept and
 * returned by the next sqldb_step() or sqldb_run(). Text and blobs are copied, unless the name says
 * static: then the bytes must stay until the statement is reset, bound again or freed. NULL text
 * and blobs bind NULL.
 */
void sqldb_bind_int64(struct sqldb_stmt *stmt, int index, int64_t value);
void sqldb_bind_double(struct sqldb_stmt *stmt, int index, double value);
void sqldb_bind_text(struct sqldb_stmt *stmt, int index, const char *text);
void sqldb_bind_text_n(struct sqldb_stmt *stmt, int index, const char *text, size_t len);
void sqldb_bind_text_static(struct sqldb_stmt *stmt, int index, const char *text, size_t len);
void sqldb_bind_blob(struct sqldb_stmt *stmt, int index, const void *bytes, size_t len);
void sqldb_bind_blob_static(struct sqldb_stmt *stmt, int index, const void *bytes, size_t len);
void sqldb_bind_null(struct sqldb_stmt *stmt, int index);

/*
 * Go to the next row. SQLDB_ROW (1) when there is one, 0 when the statement is done, negative code
 * on failure. After 0 or a failure the statement is reset by itself, so no transaction is left
 * open; its bindings stay.
 */
enum { SQLDB_ROW = 1 };
int sqldb_step(struct sqldb_stmt *stmt, struct err *err);
/* Step to the end, ignoring rows; then reset and clear the bindings. 0 or a negative code. */
int sqldb_run(struct sqldb_stmt *stmt, struct err *err);
/* Give up the remaining rows and clear the bindings. NULL is fine. */
void sqldb_reset(struct sqldb_stmt *stmt);

/* Columns of the current row, counted from 0. Pointers are borrowed until the next step or reset.
 * NULL in the database: 0, 0.0, NULL. Text is NUL-terminated; sqldb_bytes() is its length. */
int64_t sqldb_int64(struct sqldb_stmt *stmt, int column);
double sqldb_double(struct sqldb_stmt *stmt, int column);
const char *sqldb_text(struct sqldb_stmt *stmt, int column);
const void *sqldb_blob(struct sqldb_stmt *stmt, int column);
size_t sqldb_bytes(struct sqldb_stmt *stmt, int column);
bool sqldb_is_null(struct sqldb_stmt *stmt, int column);

/* BEGIN IMMEDIATE: the right to write is taken at once, so that no later step fails for it. */
int sqldb_begin(struct sqldb *db, struct err *err);
/* BEGIN: a stable view for several reads; the first read fixes it. */
int sqldb_begin_read(struct sqldb *db, struct err *err);
/* On failure the transaction is rolled back. */
int sqldb_commit(struct sqldb *db, struct err *err);
/* Without an open transaction it does nothing. */
void sqldb_rollback(struct sqldb *db);
bool sqldb_in_transaction(const struct sqldb *db);

int64_t sqldb_last_insert_id(const struct sqldb *db);
/* Rows changed by the last INSERT, UPDATE or DELETE. */
int64_t sqldb_changes(const struct sqldb *db);

/* The number a program keeps in the file's header to know its schema. */
int sqldb_user_version(struct sqldb *db, int64_t *out, struct err *err);
int sqldb_set_user_version(struct sqldb *db, int64_t version, struct err *err);

/* Does the file hold what it should? VDO_E_INVALID with SQLite's first finding. Reads all of it. */
int sqldb_check(struct sqldb *db, struct err *err);
/* Move the WAL into the file and cut it; VDO_E_TEMPORARY when a reader is in the way. */
int sqldb_checkpoint(struct sqldb *db, struct err *err);
/* Move what can be moved without keeping anybody waiting; VDO_E_TEMPORARY when another thread is at
 * it. A WAL that has been moved whole is written from its start again. */
int sqldb_checkpoint_some(struct sqldb *db, struct err *err);
/* Pages in the WAL as of the last commit of this sqldb; 0 unless wal_autocheckpoint_pages is -1. */
int sqldb_wal_pages(const struct sqldb *db);

/* Copy a live database to a new file, page by page; writers may go on meanwhile. VDO_E_CONFLICT
 * when `to` exists. What was written is on disk when this returns. */
int sqldb_backup(struct sqldb *db, const char *to, struct err *err);
/* The same, packed (VACUUM INTO): slower, smaller, without traces of deleted rows. */
int sqldb_vacuum_into(struct sqldb *db, const char *to, struct err *err);

/* Make what runs in another thread end with VDO_E_CANCELLED soon. */
void sqldb_interrupt(struct sqldb *db);

#endif
