#include "db.h"

#include "vdo/base/mem.h"
#include "vdo/store/sqldb.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    VERSION = 1,
    PAGE_SIZE = 16384,
    CACHE_KIB = 4096,
    PUTS_PER_COMMIT = 500,
    /* The index may hold this many times the blobs of a snapshot, and some. */
    KEEP_TIMES = 4,
    KEEP_MORE = 20000,
};

struct index_db {
    char *path;
    struct sqldb *sql;
    struct sqldb_stmt *find;
    struct sqldb_stmt *put_blob;
    struct sqldb_stmt *put_facts;
    struct sqldb_stmt *facts;
    unsigned puts; /* in the open transaction */
};

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS blob(id INTEGER PRIMARY KEY AUTOINCREMENT, oid BLOB NOT NULL UNIQUE,"
    " flags INTEGER NOT NULL, symbols INTEGER NOT NULL,"
    " day INTEGER NOT NULL DEFAULT (unixepoch() / 86400));"
    "CREATE TABLE IF NOT EXISTS facts(id INTEGER PRIMARY KEY, bytes BLOB NOT NULL);"
    "CREATE TABLE IF NOT EXISTS snapshot(name TEXT PRIMARY KEY, bytes BLOB NOT NULL);";

static void close_sql(struct index_db *db)
{
    struct sqldb_stmt **stmts[] = {&db->find, &db->put_blob, &db->put_facts, &db->facts};

    for (size_t i = 0; i < sizeof(stmts) / sizeof(stmts[0]); i++) {
        sqldb_stmt_free(*stmts[i]);
        *stmts[i] = NULL;
    }
    sqldb_close(db->sql);
    db->sql = NULL;
    db->puts = 0;
}

static int prepare_all(struct index_db *db, struct err *err)
{
    int rc = sqldb_prepare(db->sql, "SELECT id, flags, symbols FROM blob WHERE oid = ?1", &db->find,
                           err);

    if (!rc)
        rc = sqldb_prepare(db->sql,
                           "INSERT INTO blob(oid, flags, symbols) VALUES(?1, ?2, ?3) "
                           "ON CONFLICT(oid) DO NOTHING",
                           &db->put_blob, err);
    if (!rc)
        rc = sqldb_prepare(db->sql, "INSERT OR REPLACE INTO facts(id, bytes) VALUES(?1, ?2)",
                           &db->put_facts, err);
    if (!rc)
        rc = sqldb_prepare(db->sql, "SELECT bytes FROM facts WHERE id = ?1", &db->facts, err);
    return rc;
}

static int open_sql(struct index_db *db, struct err *err)
{
    struct sqldb_options options = {
        .sync = SQLDB_SYNC_NORMAL, .page_size = PAGE_SIZE, .cache_kib = CACHE_KIB};
    int64_t version = 0;
    int64_t tables = 0;
    int rc = sqldb_open(db->path, &options, &db->sql, err);

    if (!rc)
        rc = sqldb_user_version(db->sql, &version, err);
    if (!rc)
        rc = sqldb_query_int64(db->sql, "SELECT count(*) FROM sqlite_schema", &tables, err);
    if (!rc && version != VERSION && tables > 0)
        rc = err_set(err, VDO_E_INVALID, "index %s: it is of version %lld", db->path,
                     (long long)version);
    if (!rc && version != VERSION)
        rc = sqldb_exec(db->sql, schema, err);
    if (!rc && version != VERSION)
        rc = sqldb_set_user_version(db->sql, VERSION, err);
    return rc ? rc : prepare_all(db, err);
}

static void remove_files(const char *path)
{
    static const char *const ends[] = {"", "-wal", "-shm"};

    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        AUTO_FREE char *name = xasprintf("%s%s", path, ends[i]);

        (void)unlink(name);
    }
}

int index_db_renew(struct index_db *db, struct err *err)
{
    close_sql(db);
    remove_files(db->path);
    return open_sql(db, err);
}

int index_db_open(const char *path, struct index_db **out, struct err *err)
{
    struct index_db *db = xcalloc(1, sizeof(*db));
    struct err first = {0};
    int rc;

    db->path = xstrdup(path);
    rc = open_sql(db, &first);
    if (rc == VDO_E_INVALID)
        rc = index_db_renew(db, err);
    else if (rc)
        (void)err_set(err, first.code, "%s", first.text);
    if (rc) {
        index_db_close(db);
        return rc;
    }
    *out = db;
    return VDO_OK;
}

void index_db_close(struct index_db *db)
{
    if (!db)
        return;
    close_sql(db);
    free(db->path);
    free(db);
}

int index_db_find(struct index_db *db, const uint8_t oid[OID_BYTES], struct blob_row *out,
                  struct err *err)
{
    int rc;

    sqldb_bind_blob_static(db->find, 1, oid, OID_BYTES);
    rc = sqldb_step(db->find, err);
    if (rc == SQLDB_ROW) {
        out->id = sqldb_int64(db->find, 0);
        out->flags = (unsigned)sqldb_int64(db->find, 1);
        out->symbols = (uint32_t)sqldb_int64(db->find, 2);
    }
    sqldb_reset(db->find);
    return rc == SQLDB_ROW ? VDO_OK : rc ? rc : VDO_E_NOT_FOUND;
}

static int begin(struct index_db *db, struct err *err)
{
    int rc = VDO_OK;

    if (db->puts >= PUTS_PER_COMMIT) {
        rc = sqldb_commit(db->sql, err);
        db->puts = 0;
    }
    if (!rc && !sqldb_in_transaction(db->sql))
        rc = sqldb_begin(db->sql, err);
    return rc;
}

int index_db_put(struct index_db *db, const uint8_t oid[OID_BYTES],
                 const struct extractor_result *result, struct blob_row *out, struct err *err)
{
    int rc = begin(db, err);

    if (rc)
        return rc;
    sqldb_bind_blob_static(db->put_blob, 1, oid, OID_BYTES);
    sqldb_bind_int64(db->put_blob, 2, result->flags);
    sqldb_bind_int64(db->put_blob, 3, result->symbols);
    rc = sqldb_run(db->put_blob, err);
    if (rc)
        return rc;
    db->puts++;
    if (sqldb_changes(db->sql) == 0) /* the same contents under another path, or another writer */
        return index_db_find(db, oid, out, err);
    out->id = sqldb_last_insert_id(db->sql);
    out->flags = result->flags;
    out->symbols = result->symbols;
    if (!result->facts)
        return VDO_OK;
    sqldb_bind_int64(db->put_facts, 1, out->id);
    sqldb_bind_blob_static(db->put_facts, 2, result->facts, result->facts_len);
    return sqldb_run(db->put_facts, err);
}

int index_db_begin_read(struct index_db *db, struct err *err)
{
    return sqldb_begin_read(db->sql, err);
}

void index_db_end_read(struct index_db *db)
{
    sqldb_reset(db->facts);
    sqldb_rollback(db->sql);
}

int index_db_facts(struct index_db *db, int64_t id, const void **out, size_t *out_len,
                   struct err *err)
{
    int rc;

    sqldb_reset(db->facts);
    sqldb_bind_int64(db->facts, 1, id);
    rc = sqldb_step(db->facts, err);
    if (rc != SQLDB_ROW)
        return rc ? rc : VDO_E_NOT_FOUND;
    *out = sqldb_blob(db->facts, 0);
    *out_len = sqldb_bytes(db->facts, 0);
    return VDO_OK;
}

int index_db_load_snapshot(struct index_db *db, struct snapshot *out, struct err *err)
{
    struct sqldb_stmt *stmt = NULL;
    int rc = sqldb_prepare(db->sql, "SELECT bytes FROM snapshot WHERE name = 'last'", &stmt, err);

    memset(out, 0, sizeof(*out));
    if (rc)
        return rc;
    rc = sqldb_step(stmt, err);
    if (rc == SQLDB_ROW) {
        (void)snapshot_unpack(sqldb_blob(stmt, 0), sqldb_bytes(stmt, 0), out);
        rc = VDO_OK;
    }
    sqldb_stmt_free(stmt);
    return rc;
}

int index_db_save_snapshot(struct index_db *db, const struct snapshot *snapshot, struct err *err)
{
    struct sqldb_stmt *stmt = NULL;
    AUTO_STRBUF packed = {0};
    int rc = begin(db, err);

    if (!rc)
        rc = sqldb_prepare(
            db->sql, "INSERT OR REPLACE INTO snapshot(name, bytes) VALUES('last', ?1)", &stmt, err);
    if (rc)
        return rc;
    strbuf_init(&packed, SIZE_MAX / 2);
    snapshot_pack(snapshot, &packed);
    sqldb_bind_blob_static(stmt, 1, packed.ptr, packed.len);
    rc = sqldb_run(stmt, err);
    sqldb_stmt_free(stmt);
    db->puts = 0;
    return rc ? rc : sqldb_commit(db->sql, err);
}

int index_db_commit(struct index_db *db, struct err *err)
{
    db->puts = 0;
    return sqldb_in_transaction(db->sql) ? sqldb_commit(db->sql, err) : VDO_OK;
}

void index_db_rollback(struct index_db *db)
{
    sqldb_rollback(db->sql);
    db->puts = 0;
}

static int mark_used(struct index_db *db, const struct snapshot *snapshot, int64_t day,
                     struct err *err)
{
    struct sqldb_stmt *stmt = NULL;
    int rc = sqldb_prepare(db->sql, "UPDATE blob SET day = ?1 WHERE id = ?2", &stmt, err);

    for (size_t i = 0; i < snapshot->n && !rc; i++) {
        if (!snapshot->files[i].blob)
            continue;
        sqldb_bind_int64(stmt, 1, day + 1);
        sqldb_bind_int64(stmt, 2, snapshot->files[i].blob);
        rc = sqldb_run(stmt, err);
    }
    sqldb_stmt_free(stmt);
    return rc;
}

int index_db_prune(struct index_db *db, const struct snapshot *snapshot, int64_t day,
                   struct err *err)
{
    AUTO_FREE char *drop =
        xasprintf("DELETE FROM facts WHERE id IN (SELECT id FROM blob WHERE day <= %lld);"
                  "DELETE FROM blob WHERE day <= %lld;",
                  (long long)day, (long long)day);
    int64_t rows = 0;
    int rc = sqldb_query_int64(db->sql, "SELECT count(*) FROM blob", &rows, err);

    if (rc || (size_t)rows < snapshot->n * KEEP_TIMES + KEEP_MORE)
        return rc;
    rc = sqldb_begin(db->sql, err);
    if (!rc)
        rc = mark_used(db, snapshot, day, err);
    if (!rc)
        rc = sqldb_exec(db->sql, drop, err);
    if (!rc)
        rc = sqldb_commit(db->sql, err);
    if (rc)
        index_db_rollback(db);
    return rc;
}
