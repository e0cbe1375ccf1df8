#include "vdo/store/sqldb.h"

#include "vdo/base/clock.h"
#include "vdo/base/fs.h"
#include "vdo/base/limits.h"
#include "vdo/base/mem.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

enum {
    BUSY_TIMEOUT_MS = 10000,
    WAL_PAUSE_MS = 5,
    BACKUP_PAGES = 1000,
    BACKUP_PAUSE_MS = 5,
    BACKUP_TRIES = 2000
};

struct sqldb {
    sqlite3 *handle;
    char *path;
    int wal_pages;
};

struct sqldb_stmt {
    sqlite3_stmt *handle;
    struct sqldb *db;
    int bind_rc; /* first failed binding since the last reset */
};

static enum vdo_code code_of(int rc)
{
    switch (rc & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_SCHEMA:
    case SQLITE_PROTOCOL:
        return VDO_E_TEMPORARY;
    case SQLITE_CONSTRAINT:
        return VDO_E_CONFLICT;
    case SQLITE_TOOBIG:
        return VDO_E_TOO_LARGE;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return VDO_E_REFUSED;
    case SQLITE_INTERRUPT:
    case SQLITE_ABORT:
        return VDO_E_CANCELLED;
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_NOMEM:
    case SQLITE_CANTOPEN:
        return VDO_E_IO;
    default:
        return VDO_E_INVALID;
    }
}

static int fail(struct sqldb *db, int rc, struct err *err)
{
    const char *text = db->handle ? sqlite3_errmsg(db->handle) : sqlite3_errstr(rc);

    /* The handle's text belongs to its last call, which is not always the one that failed. */
    if (db->handle && (sqlite3_errcode(db->handle) & 0xff) != (rc & 0xff))
        text = sqlite3_errstr(rc);
    return err_set(err, code_of(rc), "database %s: %s", db->path, text);
}

static int set_pragma(struct sqldb *db, const char *name, long long value, struct err *err)
{
    AUTO_FREE char *sql = xasprintf("PRAGMA %s=%lld", name, value);

    return sqldb_exec(db, sql, err);
}

static int note_wal_pages(void *arg, sqlite3 *handle, const char *name, int pages)
{
    struct sqldb *db = arg;

    (void)handle;
    (void)name;
    db->wal_pages = pages;
    return SQLITE_OK;
}

/*
 * Several who make a new file at once each want it for themselves alone here. Where two would wait
 * for each other SQLite gives up at once and does not ask the busy handler.
 */
static int use_wal(struct sqldb *db, int64_t timeout_ms, struct err *err)
{
    int64_t end_ms = clock_mono_ms(clock_real()) + timeout_ms;
    int rc;

    do {
        rc = sqlite3_exec(db->handle, "PRAGMA journal_mode=WAL", NULL, NULL, NULL);
    } while ((rc & 0xff) == SQLITE_BUSY && clock_mono_ms(clock_real()) < end_ms &&
             sqlite3_sleep(WAL_PAUSE_MS) >= 0);
    return rc ? fail(db, rc, err) : VDO_OK;
}

static int busy_timeout_ms(const struct sqldb_options *o)
{
    return o->busy_timeout_ms ? o->busy_timeout_ms : BUSY_TIMEOUT_MS;
}

static int configure(struct sqldb *db, const struct sqldb_options *o, struct err *err)
{
    static const char *const sync_names[] = {"PRAGMA synchronous=FULL", "PRAGMA synchronous=NORMAL",
                                             "PRAGMA synchronous=OFF"};
    int rc = VDO_OK;

    (void)sqlite3_db_config(db->handle, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
    (void)sqlite3_db_config(db->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    (void)sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    (void)sqlite3_db_config(db->handle, SQLITE_DBCONFIG_ENABLE_FKEY, 1, NULL);
    (void)sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    (void)sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    if (o->page_size)
        rc = set_pragma(db, "page_size", o->page_size, err);
    if (!rc && !o->read_only)
        rc = use_wal(db, busy_timeout_ms(o), err);
    if (!rc)
        rc = sqldb_exec(db, sync_names[o->sync], err);
    if (!rc && o->cache_kib)
        rc = set_pragma(db, "cache_size", -(long long)o->cache_kib, err);
    if (!rc && o->mmap_bytes)
        rc = set_pragma(db, "mmap_size", o->mmap_bytes, err);
    if (!rc && !o->read_only)
        rc = set_pragma(db, "journal_size_limit", (long long)(64 * VDO_MIB), err);
    if (!rc && o->wal_autocheckpoint_pages)
        rc = set_pragma(db, "wal_autocheckpoint",
                        o->wal_autocheckpoint_pages > 0 ? o->wal_autocheckpoint_pages : 0, err);
    if (!rc && o->wal_autocheckpoint_pages < 0)
        (void)sqlite3_wal_hook(db->handle, note_wal_pages, db);
    return rc;
}

/* SQLite makes new files 0644; ours may hold what only the owner should read. */
static int make_private(const char *path, struct err *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);

    if (fd < 0)
        return err_set(err, errno == ENOENT || errno == ENOTDIR ? VDO_E_NOT_FOUND : VDO_E_IO,
                       "database %s: %s", path, strerrordesc_np(errno));
    (void)close(fd);
    return VDO_OK;
}

static bool is_memory(const char *path)
{
    return strcmp(path, ":memory:") == 0;
}

static int open_flags(const struct sqldb_options *o)
{
    return SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
           (o->read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE);
}

/* SQLite's memory statistics cost a lock that all connections share, for numbers nobody reads. */
static void configure_library(void)
{
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

int sqldb_open(const char *path, const struct sqldb_options *options, struct sqldb **out,
               struct err *err)
{
    static const struct sqldb_options zero = {0};
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    const struct sqldb_options *o = options ? options : &zero;
    struct sqldb *db;
    int rc;

    (void)pthread_once(&once, configure_library);
    if (!is_memory(path)) {
        if ((o->read_only || o->must_exist) && !fs_exists(path))
            return err_set(err, VDO_E_NOT_FOUND, "database %s: no such file", path);
        if (!o->read_only && !o->must_exist && (rc = make_private(path, err)))
            return rc;
    }
    db = xcalloc(1, sizeof(*db));
    db->path = xstrdup(path);
    rc = sqlite3_open_v2(path, &db->handle, open_flags(o), NULL);
    if (rc) {
        rc = fail(db, rc, err);
    } else {
        (void)sqlite3_busy_timeout(db->handle, busy_timeout_ms(o));
        rc = configure(db, o, err);
    }
    if (rc) {
        sqldb_close(db);
        return rc;
    }
    *out = db;
    return VDO_OK;
}

void sqldb_close(struct sqldb *db)
{
    if (!db)
        return;
    if (db->handle) {
        assert(!sqlite3_next_stmt(db->handle, NULL));
        (void)sqlite3_close_v2(db->handle);
    }
    free(db->path);
    free(db);
}

int sqldb_exec(struct sqldb *db, const char *sql, struct err *err)
{
    int rc = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);

    return rc ? fail(db, rc, err) : VDO_OK;
}

int sqldb_query_int64(struct sqldb *db, const char *sql, int64_t *out, struct err *err)
{
    struct sqldb_stmt *stmt = NULL;
    int rc = sqldb_prepare(db, sql, &stmt, err);

    if (rc)
        return rc;
    assert(stmt);
    rc = sqldb_step(stmt, err);
    if (rc == SQLDB_ROW) {
        *out = sqldb_int64(stmt, 0);
        rc = VDO_OK;
    } else if (rc == 0) {
        rc = err_set(err, VDO_E_NOT_FOUND, "database %s: no row", db->path);
    }
    sqldb_stmt_free(stmt);
    return rc;
}

int sqldb_prepare(struct sqldb *db, const char *sql, struct sqldb_stmt **out, struct err *err)
{
    sqlite3_stmt *handle = NULL;
    struct sqldb_stmt *stmt;
    int rc = sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &handle, NULL);

    if (rc)
        return fail(db, rc, err);
    stmt = xcalloc(1, sizeof(*stmt));
    stmt->handle = handle;
    stmt->db = db;
    *out = stmt;
    return VDO_OK;
}

void sqldb_stmt_free(struct sqldb_stmt *stmt)
{
    if (!stmt)
        return;
    (void)sqlite3_finalize(stmt->handle);
    free(stmt);
}

static void note_bind(struct sqldb_stmt *stmt, int rc)
{
    if (rc && !stmt->bind_rc)
        stmt->bind_rc = rc;
}

void sqldb_bind_int64(struct sqldb_stmt *stmt, int index, int64_t value)
{
    note_bind(stmt, sqlite3_bind_int64(stmt->handle, index, value));
}

void sqldb_bind_double(struct sqldb_stmt *stmt, int index, double value)
{
    note_bind(stmt, sqlite3_bind_double(stmt->handle, index, value));
}

void sqldb_bind_text(struct sqldb_stmt *stmt, int index, const char *text)
{
    sqldb_bind_text_n(stmt, index, text, text ? strlen(text) : 0);
}

void sqldb_bind_text_n(struct sqldb_stmt *stmt, int index, const char *text, size_t len)
{
    note_bind(stmt,
              sqlite3_bind_text64(stmt->handle, index, text, len, SQLITE_TRANSIENT, SQLITE_UTF8));
}

void sqldb_bind_text_static(struct sqldb_stmt *stmt, int index, const char *text, size_t len)
{
    note_bind(stmt,
              sqlite3_bind_text64(stmt->handle, index, text, len, SQLITE_STATIC, SQLITE_UTF8));
}

void sqldb_bind_blob(struct sqldb_stmt *stmt, int index, const void *bytes, size_t len)
{
    note_bind(stmt, sqlite3_bind_blob64(stmt->handle, index, bytes, len, SQLITE_TRANSIENT));
}

void sqldb_bind_blob_static(struct sqldb_stmt *stmt, int index, const void *bytes, size_t len)
{
    note_bind(stmt, sqlite3_bind_blob64(stmt->handle, index, bytes, len, SQLITE_STATIC));
}

void sqldb_bind_null(struct sqldb_stmt *stmt, int index)
{
    note_bind(stmt, sqlite3_bind_null(stmt->handle, index));
}

int sqldb_step(struct sqldb_stmt *stmt, struct err *err)
{
    int rc = stmt->bind_rc;

    if (!rc)
        rc = sqlite3_step(stmt->handle);
    if (rc == SQLITE_ROW)
        return SQLDB_ROW;
    if (rc != SQLITE_DONE)
        rc = fail(stmt->db, rc, err);
    else
        rc = VDO_OK;
    (void)sqlite3_reset(stmt->handle);
    stmt->bind_rc = 0;
    return rc;
}

int sqldb_run(struct sqldb_stmt *stmt, struct err *err)
{
    int rc;

    do {
        rc = sqldb_step(stmt, err);
    } while (rc == SQLDB_ROW);
    (void)sqlite3_clear_bindings(stmt->handle);
    return rc;
}

void sqldb_reset(struct sqldb_stmt *stmt)
{
    if (!stmt)
        return;
    (void)sqlite3_reset(stmt->handle);
    (void)sqlite3_clear_bindings(stmt->handle);
    stmt->bind_rc = 0;
}

int64_t sqldb_int64(struct sqldb_stmt *stmt, int column)
{
    return sqlite3_column_int64(stmt->handle, column);
}

double sqldb_double(struct sqldb_stmt *stmt, int column)
{
    return sqlite3_column_double(stmt->handle, column);
}

const char *sqldb_text(struct sqldb_stmt *stmt, int column)
{
    return (const char *)sqlite3_column_text(stmt->handle, column);
}

const void *sqldb_blob(struct sqldb_stmt *stmt, int column)
{
    return sqlite3_column_blob(stmt->handle, column);
}

size_t sqldb_bytes(struct sqldb_stmt *stmt, int column)
{
    return (size_t)sqlite3_column_bytes(stmt->handle, column);
}

bool sqldb_is_null(struct sqldb_stmt *stmt, int column)
{
    return sqlite3_column_type(stmt->handle, column) == SQLITE_NULL;
}

int sqldb_begin(struct sqldb *db, struct err *err)
{
    return sqldb_exec(db, "BEGIN IMMEDIATE", err);
}

int sqldb_begin_read(struct sqldb *db, struct err *err)
{
    return sqldb_exec(db, "BEGIN", err);
}

int sqldb_commit(struct sqldb *db, struct err *err)
{
    int rc = sqldb_exec(db, "COMMIT", err);

    if (rc)
        sqldb_rollback(db);
    return rc;
}

void sqldb_rollback(struct sqldb *db)
{
    if (sqldb_in_transaction(db))
        (void)sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
}

bool sqldb_in_transaction(const struct sqldb *db)
{
    return !sqlite3_get_autocommit(db->handle);
}

int64_t sqldb_last_insert_id(const struct sqldb *db)
{
    return sqlite3_last_insert_rowid(db->handle);
}

int64_t sqldb_changes(const struct sqldb *db)
{
    return sqlite3_changes64(db->handle);
}

int sqldb_user_version(struct sqldb *db, int64_t *out, struct err *err)
{
    return sqldb_query_int64(db, "PRAGMA user_version", out, err);
}

int sqldb_set_user_version(struct sqldb *db, int64_t version, struct err *err)
{
    if (version < 0 || version > INT32_MAX)
        return err_set(err, VDO_E_INVALID, "database %s: version %lld is out of range", db->path,
                       (long long)version);
    return set_pragma(db, "user_version", version, err);
}

int sqldb_check(struct sqldb *db, struct err *err)
{
    struct sqldb_stmt *stmt = NULL;
    const char *finding;
    int rc = sqldb_prepare(db, "PRAGMA quick_check(1)", &stmt, err);

    if (rc)
        return rc;
    assert(stmt);
    rc = sqldb_step(stmt, err);
    if (rc == SQLDB_ROW) {
        finding = sqldb_text(stmt, 0);
        rc = finding && strcmp(finding, "ok") == 0 ?
                 VDO_OK :
                 err_set(err, VDO_E_INVALID, "database %s: %s", db->path,
                         finding ? finding : "damaged");
    }
    sqldb_stmt_free(stmt);
    return rc;
}

int sqldb_checkpoint(struct sqldb *db, struct err *err)
{
    int rc = sqlite3_wal_checkpoint_v2(db->handle, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);

    return rc ? fail(db, rc, err) : VDO_OK;
}

int sqldb_checkpoint_some(struct sqldb *db, struct err *err)
{
    int rc = sqlite3_wal_checkpoint_v2(db->handle, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);

    return rc ? fail(db, rc, err) : VDO_OK;
}

int sqldb_wal_pages(const struct sqldb *db)
{
    return db->wal_pages;
}

static int copy_pages(struct sqldb *db, struct sqldb *copy, struct err *err)
{
    sqlite3_backup *backup = sqlite3_backup_init(copy->handle, "main", db->handle, "main");
    int tries = 0;
    int rc;

    if (!backup)
        return fail(copy, sqlite3_errcode(copy->handle), err);
    do {
        rc = sqlite3_backup_step(backup, BACKUP_PAGES);
        if (rc == SQLITE_BUSY || rc == SQLITE_LOCKED)
            (void)sqlite3_sleep(BACKUP_PAUSE_MS);
        else
            tries = 0;
    } while (rc == SQLITE_OK ||
             ((rc == SQLITE_BUSY || rc == SQLITE_LOCKED) && ++tries < BACKUP_TRIES));
    (void)sqlite3_backup_finish(backup);
    return rc == SQLITE_DONE ? VDO_OK : fail(copy, rc, err);
}

int sqldb_backup(struct sqldb *db, const char *to, struct err *err)
{
    struct sqldb *copy = NULL;
    int rc;

    if (fs_exists(to))
        return err_set(err, VDO_E_CONFLICT, "database %s: backup to %s: the file exists", db->path,
                       to);
    rc = sqldb_open(to, NULL, &copy, err);
    if (rc)
        return rc;
    rc = copy_pages(db, copy, err);
    if (!rc)
        rc = sqldb_checkpoint(copy, err);
    sqldb_close(copy);
    if (rc)
        (void)unlink(to);
    return rc;
}

int sqldb_vacuum_into(struct sqldb *db, const char *to, struct err *err)
{
    struct sqldb_stmt *stmt = NULL;
    int rc;

    if (fs_exists(to))
        return err_set(err, VDO_E_CONFLICT, "database %s: copy to %s: the file exists", db->path,
                       to);
    rc = make_private(to, err); /* VACUUM INTO takes an empty file */
    if (!rc)
        rc = sqldb_prepare(db, "VACUUM INTO ?1", &stmt, err);
    if (rc)
        return rc;
    assert(stmt);
    sqldb_bind_text(stmt, 1, to);
    rc = sqldb_run(stmt, err);
    sqldb_stmt_free(stmt);
    if (rc)
        (void)unlink(to);
    return rc;
}

void sqldb_interrupt(struct sqldb *db)
{
    sqlite3_interrupt(db->handle);
}
