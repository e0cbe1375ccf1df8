#include "vdo/store/sqldb.h"

#include "vdo/base/fs.h"
#include "vdo/base/mem.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[64];
static char path[128];
static char other[128];

static int make_dir(void **state)
{
    (void)state;
    (void)strcpy(dir, "/tmp/vdo-sqldb-XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    (void)snprintf(path, sizeof(path), "%s/a.db", dir);
    (void)snprintf(other, sizeof(other), "%s/b.db", dir);
    return 0;
}

static int remove_dir(void **state)
{
    struct err err = {0};

    (void)state;
    return fs_remove_tree(dir, &err);
}

static struct sqldb *open_db(const struct sqldb_options *options)
{
    struct err err = {0};
    struct sqldb *db = NULL;

    if (sqldb_open(path, options, &db, &err))
        fail_msg("%s", err.text);
    return db;
}

static void must_exec(struct sqldb *db, const char *sql)
{
    struct err err = {0};

    if (sqldb_exec(db, sql, &err))
        fail_msg("%s", err.text);
}

static int64_t query(struct sqldb *db, const char *sql)
{
    struct err err = {0};
    int64_t value = -1;

    if (sqldb_query_int64(db, sql, &value, &err))
        fail_msg("%s", err.text);
    return value;
}

static void sqldb__opens_in_wal_mode_private_and_with_foreign_keys(void **state)
{
    struct sqldb *db = open_db(NULL);
    struct sqldb_stmt *stmt = NULL;
    struct err err = {0};
    struct stat st;

    (void)state;
    assert_int_equal(sqldb_prepare(db, "PRAGMA journal_mode", &stmt, &err), 0);
    assert_int_equal(sqldb_step(stmt, &err), SQLDB_ROW);
    assert_string_equal(sqldb_text(stmt, 0), "wal");
    sqldb_stmt_free(stmt);
    assert_int_equal(query(db, "PRAGMA foreign_keys"), 1);
    assert_int_equal(query(db, "PRAGMA trusted_schema"), 0);
    assert_int_equal(query(db, "PRAGMA synchronous"), 2);
    assert_int_equal(query(db, "PRAGMA busy_timeout"), 10000);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    sqldb_close(db);
}

static void sqldb__takes_its_options(void **state)
{
    struct sqldb_options options = {.sync = SQLDB_SYNC_NORMAL,
                                    .busy_timeout_ms = 7,
                                    .cache_kib = 512,
                                    .page_size = 8192,
                                    .wal_autocheckpoint_pages = -1};
    struct sqldb *db = open_db(&options);

    (void)state;
    assert_int_equal(query(db, "PRAGMA synchronous"), 1);
    assert_int_equal(query(db, "PRAGMA busy_timeout"), 7);
    assert_int_equal(query(db, "PRAGMA cache_size"), -512);
    assert_int_equal(query(db, "PRAGMA page_size"), 8192);
    assert_int_equal(query(db, "PRAGMA wal_autocheckpoint"), 0);
    sqldb_close(db);
}

static void sqldb__cannot_load_extensions(void **state)
{
    struct sqldb *db = open_db(NULL);
    struct err err = {0};

    (void)state;
    assert_int_equal(sqldb_exec(db, "SELECT load_extension('/tmp/x.so')", &err), VDO_E_INVALID);
    sqldb_close(db);
}

static void sqldb__keeps_values_of_every_type(void **state)
{
    struct sqldb *db = open_db(NULL);
    struct sqldb_stmt *stmt = NULL;
    struct err err = {0};

    (void)state;
    must_exec(db, "CREATE TABLE t(a, b, c, d, e)");
    assert_int_equal(sqldb_prepare(db, "INSERT INTO t VALUES(?1,?2,?3,?4,?5)", &stmt, &err), 0);
    sqldb_bind_int64(stmt, 1, INT64_MIN);
    sqldb_bind_double(stmt, 2, 0.5);
    sqldb_bind_text_n(stmt, 3, "wordy", 4);
    sqldb_bind_blob(stmt, 4, "a\0b", 3);
    sqldb_bind_null(stmt, 5);
    assert_int_equal(sqldb_run(stmt, &err), 0);
    assert_int_equal(sqldb_changes(db), 1);
    assert_int_equal(sqldb_last_insert_id(db), 1);
    sqldb_bind_text(stmt, 3, NULL);
    assert_int_equal(sqldb_run(stmt, &err), 0);
    sqldb_stmt_free(stmt);

    assert_int_equal(sqldb_prepare(db, "SELECT * FROM t ORDER BY rowid", &stmt, &err), 0);
    assert_int_equal(sqldb_step(stmt, &err), SQLDB_ROW);
    assert_true(sqldb_int64(stmt, 0) == INT64_MIN);
    assert_true(sqldb_double(stmt, 1) > 0.49 && sqldb_double(stmt, 1) < 0.51);
    assert_string_equal(sqldb_text(stmt, 2), "word");
    assert_int_equal(sqldb_bytes(stmt, 3), 3);
    assert_memory_equal(sqldb_blob(stmt, 3), "a\0b", 3);
    assert_true(sqldb_is_null(stmt, 4));
    assert_int_equal(sqldb_step(stmt, &err), SQLDB_ROW);
    assert_true(sqldb_is_null(stmt, 0)); /* run() cleared the bindings */
    assert_null(sqldb_text(stmt, 2));
    assert_int_equal(sqldb_step(stmt, &err), 0);
    sqldb_stmt_free(stmt);
    sqldb_close(db);
}

static void sqldb__tells_a_wrong_binding_at_the_next_step(void **state)
{
    struct sqldb *db = open_db(NULL);
    struct sqldb_stmt *stmt = NULL;
    struct err err = {0};

    (void)state;
    assert_int_equal(sqldb_prepare(db, "SELECT ?1", &stmt, &err), 0);
    sqldb_bind_int64(stmt, 2, 1);
    assert_int_equal(sqldb_step(stmt, &err), VDO_E_INVALID);
    err_clear(&err);
    assert_int_equal(sqldb_step(stmt, &err), SQLDB_ROW);
    sqldb_stmt_free(stmt);
    sqldb_close(db);
}

static void sqldb__translates_failures_and_keeps_the_text(void **state)
{
    static const struct {
        const char *sql;
        int code;
        const char *text;
    } rows[] = {
        {"INSERT INTO t VALUES(1, 1)", VDO_E_CONFLICT, "UNIQUE constraint failed: t.a"},
        {"INSERT INTO t VALUES(2, NULL)", VDO_E_CONFLICT, "NOT NULL constraint failed: t.b"},
        {"INSERT INTO u VALUES(99)", VDO_E_CONFLICT, "FOREIGN KEY constraint failed"},
        {"SELEKT", VDO_E_INVALID, "near \"SELEKT\": syntax error"},
        {"SELECT * FROM missing", VDO_E_INVALID, "no such table: missing"},
        {"SELECT \"no column\"", VDO_E_INVALID, "no such column: no column"},
    };
    struct sqldb *db = open_db(NULL);

    (void)state;
    must_exec(db, "CREATE TABLE t(a PRIMARY KEY, b NOT NULL); INSERT INTO t VALUES(1, 1);"
                  "CREATE TABLE u(a REFERENCES t(a))");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct err err = {0};

        assert_int_equal(sqldb_exec(db, rows[i].sql, &err), rows[i].code);
        if (!strstr(err.text, rows[i].text) || !strstr(err.text, path))
            fail_msg("%s gave %s", rows[i].sql, err.text);
    }
    sqldb_close(db);
}

static void sqldb__says_busy_when_another_writes(void **state)
{
    struct sqldb_options options = {.busy_timeout_ms = 1};
    struct sqldb *one = open_db(&options);
    struct sqldb *two = open_db(&options);
    struct err err = {0};

    (void)state;
    assert_int_equal(sqldb_begin(one, &err), 0);
    assert_int_equal(sqldb_begin(two, &err), VDO_E_TEMPORARY);
    assert_false(sqldb_in_transaction(two));
    sqldb_rollback(one);
    sqldb_rollback(one);
    err_clear(&err);
    assert_int_equal(sqldb_begin(two, &err), 0);
    assert_int_equal(sqldb_commit(two, &err), 0);
    assert_int_equal(sqldb_commit(two, &err), VDO_E_INVALID);
    sqldb_close(one);
    sqldb_close(two);
}

static void sqldb__reads_a_stable_view_within_a_transaction(void **state)
{
    struct sqldb *one = open_db(NULL);
    struct sqldb *two = open_db(NULL);
    struct err err = {0};

    (void)state;
    must_exec(one, "CREATE TABLE t(a); INSERT INTO t VALUES(1)");
    assert_int_equal(sqldb_begin_read(two, &err), 0);
    assert_int_equal(query(two, "SELECT count(*) FROM t"), 1);
    must_exec(one, "INSERT INTO t VALUES(2)");
    assert_int_equal(query(two, "SELECT count(*) FROM t"), 1);
    assert_int_equal(sqldb_commit(two, &err), 0);
    assert_int_equal(query(two, "SELECT count(*) FROM t"), 2);
    sqldb_close(one);
    sqldb_close(two);
}

static void sqldb__refuses_files_that_are_missing_or_no_database(void **state)
{
    struct sqldb_options must = {.must_exist = true};
    struct sqldb_options readonly = {.read_only = true};
    struct sqldb *db = NULL;
    struct err err = {0};
    char text[8192];

    (void)state;
    assert_int_equal(sqldb_open(path, &must, &db, &err), VDO_E_NOT_FOUND);
    err_clear(&err);
    assert_int_equal(sqldb_open(path, &readonly, &db, &err), VDO_E_NOT_FOUND);
    err_clear(&err);
    assert_int_equal(sqldb_open("/nonexistent/x.db", NULL, &db, &err), VDO_E_NOT_FOUND);
    err_clear(&err);
    memset(text, 'x', sizeof(text));
    assert_int_equal(fs_write_atomic(path, text, sizeof(text), 0600, &err), 0);
    assert_int_equal(sqldb_open(path, NULL, &db, &err), VDO_E_INVALID);
    assert_non_null(strstr(err.text, "not a database"));
    assert_null(db);
}

static void sqldb__does_not_write_when_opened_to_read(void **state)
{
    struct sqldb_options readonly = {.read_only = true};
    struct sqldb *db = open_db(NULL);
    struct err err = {0};

    (void)state;
    must_exec(db, "CREATE TABLE t(a)");
    sqldb_close(db);
    db = open_db(&readonly);
    assert_int_equal(query(db, "SELECT count(*) FROM t"), 0);
    assert_int_equal(sqldb_exec(db, "INSERT INTO t VALUES(1)", &err), VDO_E_REFUSED);
    sqldb_close(db);
}

static void sqldb__finds_damage(void **state)
{
    struct sqldb *db = open_db(NULL);
    struct err err = {0};
    FILE *file;

    (void)state;
    must_exec(db, "CREATE TABLE t(a); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n "
                  "WHERE i<5000) INSERT INTO t SELECT hex(randomblob(50)) FROM n");
    assert_int_equal(sqldb_check(db, &err), 0);
    assert_int_equal(sqldb_checkpoint(db, &err), 0);
    sqldb_close(db);
    file = fopen(path, "r+");
    assert_non_null(file);
    assert_int_equal(fseek(file, 4096 * 20, SEEK_SET), 0);
    for (int i = 0; i < 4096 * 4; i++)
        (void)fputc(0xee, file);
    (void)fclose(file);
    db = open_db(NULL);
    assert_int_equal(sqldb_check(db, &err), VDO_E_INVALID);
    sqldb_close(db);
}

static void sqldb__keeps_a_version(void **state)
{
    struct sqldb *db = open_db(NULL);
    struct err err = {0};
    int64_t version = -1;

    (void)state;
    assert_int_equal(sqldb_user_version(db, &version, &err), 0);
    assert_int_equal(version, 0);
    assert_int_equal(sqldb_set_user_version(db, 42, &err), 0);
    assert_int_equal(sqldb_set_user_version(db, -1, &err), VDO_E_INVALID);
    assert_int_equal(sqldb_user_version(db, &version, NULL), 0);
    assert_int_equal(version, 42);
    sqldb_close(db);
}

static void sqldb__copies_a_live_file(void **state)
{
    int (*const copiers[])(struct sqldb *, const char *, struct err *) = {sqldb_backup,
                                                                          sqldb_vacuum_into};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct sqldb_options must = {.must_exist = true};
        struct sqldb *db = open_db(NULL);
        struct sqldb *copy = NULL;
        struct err err = {0};
        struct stat st;

        must_exec(db, "DROP TABLE IF EXISTS t; CREATE TABLE t(a); INSERT INTO t VALUES(7)");
        assert_int_equal(copiers[i](db, other, &err), 0);
        assert_int_equal(copiers[i](db, other, &err), VDO_E_CONFLICT);
        sqldb_close(db);
        err_clear(&err);
        assert_int_equal(stat(other, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
        assert_int_equal(sqldb_open(other, &must, &copy, &err), 0);
        assert_int_equal(query(copy, "SELECT a FROM t"), 7);
        sqldb_close(copy);
        assert_int_equal(unlink(other), 0);
    }
}

static void sqldb__removes_a_copy_that_failed(void **state)
{
    struct sqldb *db = open_db(NULL);
    struct err err = {0};

    (void)state;
    assert_int_equal(sqldb_backup(db, "/nonexistent/x.db", &err), VDO_E_NOT_FOUND);
    err_clear(&err);
    assert_int_equal(sqldb_vacuum_into(db, "/nonexistent/x.db", &err), VDO_E_NOT_FOUND);
    err_clear(&err);
    assert_int_equal(sqldb_begin(db, &err), 0); /* VACUUM is not possible in a transaction */
    assert_int_equal(sqldb_vacuum_into(db, other, &err), VDO_E_INVALID);
    assert_false(fs_exists(other));
    sqldb_rollback(db);
    sqldb_close(db);
}

static void *interrupt_until_told(void *arg)
{
    void **args = arg;
    atomic_bool *stop = args[1];

    while (!atomic_load(stop)) {
        sqldb_interrupt(args[0]);
        (void)usleep(1000);
    }
    return NULL;
}

static void sqldb__ends_when_interrupted(void **state)
{
    struct sqldb *db = open_db(NULL);
    struct err err = {0};
    atomic_bool stop = false;
    void *args[] = {db, &stop};
    pthread_t thread;
    int rc;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, interrupt_until_told, args), 0);
    rc = sqldb_exec(db,
                    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) "
                    "SELECT max(i) FROM n",
                    &err);
    atomic_store(&stop, true);
    (void)pthread_join(thread, NULL);
    assert_int_equal(rc, VDO_E_CANCELLED);
    sqldb_close(db);
}

static void *open_and_write(void *arg)
{
    struct sqldb *db = NULL;
    struct err err = {0};
    int rc = sqldb_open(path, NULL, &db, &err);

    (void)arg;
    for (int i = 0; i < 20 && !rc; i++) {
        rc = sqldb_begin(db, &err);
        if (!rc)
            rc = sqldb_exec(db, "CREATE TABLE IF NOT EXISTS t(a); INSERT INTO t VALUES(1)", &err);
        if (!rc)
            rc = sqldb_commit(db, &err);
    }
    sqldb_close(db);
    return rc ? xstrdup(err.text) : NULL;
}

static void sqldb__may_be_made_by_many_threads_at_once(void **state)
{
    pthread_t threads[8];
    struct sqldb *db;

    (void)state;
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, open_and_write, NULL), 0);
    for (size_t i = 0; i < 8; i++) {
        void *text = NULL;

        (void)pthread_join(threads[i], &text);
        if (text)
            fail_msg("%s", (char *)text);
    }
    db = open_db(NULL);
    assert_int_equal(query(db, "SELECT count(*) FROM t"), 160);
    sqldb_close(db);
}

static void sqldb__query_without_a_row_is_not_found(void **state)
{
    struct sqldb *db = open_db(NULL);
    struct err err = {0};
    int64_t value = 5;

    (void)state;
    assert_int_equal(sqldb_query_int64(db, "SELECT 1 WHERE 0", &value, &err), VDO_E_NOT_FOUND);
    assert_int_equal(value, 5);
    sqldb_close(db);
    sqldb_close(NULL);
    sqldb_stmt_free(NULL);
    sqldb_reset(NULL);
}

static void sqldb_wal_pages__grow_until_they_are_moved(void **state)
{
    static const struct sqldb_options options = {.wal_autocheckpoint_pages = -1};
    struct sqldb *db = open_db(&options);
    struct err err = {0};
    int before;

    (void)state;
    must_exec(db, "CREATE TABLE t (a BLOB); INSERT INTO t VALUES (zeroblob(100000))");
    before = sqldb_wal_pages(db);
    assert_true(before >= 24);
    must_exec(db, "INSERT INTO t VALUES (zeroblob(100000))");
    assert_true(sqldb_wal_pages(db) > before);
    assert_int_equal(sqldb_checkpoint_some(db, &err), 0);
    must_exec(db, "INSERT INTO t VALUES (1)");
    assert_true(sqldb_wal_pages(db) < before); /* written from its start again */
    sqldb_close(db);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, make_dir, remove_dir)
    const struct CMUnitTest tests[] = {
        T(sqldb__opens_in_wal_mode_private_and_with_foreign_keys),
        T(sqldb__takes_its_options),
        T(sqldb__cannot_load_extensions),
        T(sqldb__keeps_values_of_every_type),
        T(sqldb__tells_a_wrong_binding_at_the_next_step),
        T(sqldb__translates_failures_and_keeps_the_text),
        T(sqldb__says_busy_when_another_writes),
        T(sqldb__reads_a_stable_view_within_a_transaction),
        T(sqldb__refuses_files_that_are_missing_or_no_database),
        T(sqldb__does_not_write_when_opened_to_read),
        T(sqldb__finds_damage),
        T(sqldb__keeps_a_version),
        T(sqldb__copies_a_live_file),
        T(sqldb__removes_a_copy_that_failed),
        T(sqldb__ends_when_interrupted),
        T(sqldb__may_be_made_by_many_threads_at_once),
        T(sqldb__query_without_a_row_is_not_found),
        T(sqldb_wal_pages__grow_until_they_are_moved),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
