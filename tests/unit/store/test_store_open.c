#include "store_dir.h"

#include "vdo/base/assets.h"
#include "vdo/base/mem.h"
#include "vdo/base/rand.h"
#include "vdo/store/sqldb.h"
#include "vdo/store/store.h"

#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static struct store *must_open(void)
{
    struct err err = {0};
    struct store *store = NULL;

    if (store_open(store_url, clock_real(), &store, &err))
        fail_msg("%s", err.text);
    return store;
}

static void must_refuse(const char *what, int code, const char *says)
{
    struct err err = {0};
    struct store *store = NULL;
    int rc = store_open(what, clock_real(), &store, &err);

    assert_null(store);
    if (rc != code || !strstr(err.text, says))
        fail_msg("%s: %s: %s", what, vdo_code_name((enum vdo_code)rc), err.text);
}

static void must_exec(const char *sql)
{
    struct err err = {0};
    struct sqldb *db = NULL;

    if (sqldb_open(store_path, NULL, &db, &err) || sqldb_exec(db, sql, &err))
        fail_msg("%s", err.text);
    sqldb_close(db);
}

static void store_open__refuses_what_it_does_not_know(void **state)
{
    (void)state;
    must_refuse("sqlite::memory:", VDO_E_INVALID, "give a path");
    must_refuse("sqlite:", VDO_E_INVALID, "sqlite:PATH");
    must_refuse("postgresql://u@h/db", VDO_E_INVALID, "not built yet");
    must_refuse("postgres://u@h/db", VDO_E_INVALID, "not built yet");
    must_refuse("/var/lib/vdo.db", VDO_E_INVALID, "sqlite:PATH");
    must_refuse("", VDO_E_INVALID, "sqlite:PATH");
    must_refuse("sqlite:/nowhere/at/all/vdo.db", VDO_E_NOT_FOUND, "/nowhere/at/all/vdo.db");
}

static void store_open__makes_a_file_for_its_owner_only(void **state)
{
    struct stat st;

    (void)state;
    store_close(must_open());
    assert_int_equal(stat(store_path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    store_close(must_open());
    store_close(NULL);
}

static void store_open__refuses_a_newer_store(void **state)
{
    (void)state;
    store_close(must_open());
    must_exec("PRAGMA user_version = 9999");
    must_refuse(store_url, VDO_E_REFUSED, "made by a newer vdo (schema 9999");
}

static void store_open__refuses_the_database_of_another_program(void **state)
{
    (void)state;
    must_exec("CREATE TABLE bookmarks (id INTEGER)");
    must_refuse(store_url, VDO_E_REFUSED, "another program");
}

static void store_open__says_that_a_file_is_damaged(void **state)
{
    static const struct {
        const char *what;
        size_t at;
        size_t len;
    } rows[] = {{"not a database at all", 0, 100}, {"the first page", 100, 3000}};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        AUTO_FREE char *junk = xcalloc(1, rows[i].len);
        FILE *f;

        store_close(must_open());
        f = fopen(store_path, "r+");
        assert_non_null(f);
        memset(junk, 'x', rows[i].len);
        assert_int_equal(fseek(f, (long)rows[i].at, SEEK_SET), 0);
        assert_int_equal(fwrite(junk, 1, rows[i].len, f), rows[i].len);
        assert_int_equal(fclose(f), 0);
        must_refuse(store_url, VDO_E_IO, "restore a backup");
        assert_int_equal(unlink(store_path), 0);
    }
}

static void *open_and_close(void *arg)
{
    struct err err = {0};
    struct store *store = NULL;
    int rc = store_open(store_url, clock_real(), &store, &err);

    (void)arg;
    store_close(store);
    return rc ? xstrdup(err.text) : NULL;
}

static void store_open__may_be_done_by_many_at_once(void **state)
{
    pthread_t threads[8];

    (void)state;
    for (int i = 0; i < 8; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, open_and_close, NULL), 0);
    for (int i = 0; i < 8; i++) {
        void *why = NULL;

        assert_int_equal(pthread_join(threads[i], &why), 0);
        if (why)
            fail_msg("%s", (char *)why);
    }
}

static void migrations__are_numbered_without_a_gap(void **state)
{
    static const char prefix[] = "migrations/sqlite/";
    const char *name;
    int n = 0;

    (void)state;
    for (size_t i = 0; (name = assets_name(i)); i++) {
        char wanted[64];

        if (strncmp(name, prefix, sizeof(prefix) - 1) != 0)
            continue;
        (void)snprintf(wanted, sizeof(wanted), "%s%04d_", prefix, ++n);
        assert_memory_equal(name, wanted, strlen(wanted));
    }
    assert_true(n >= 1);
}

/* ---- a full disk ---- */

static void on_added(void *arg, int rc, enum delivery_add outcome, const struct err *err)
{
    struct {
        sem_t done;
        int rc;
    } *w = arg;

    (void)outcome;
    (void)err;
    w->rc = rc;
    (void)sem_post(&w->done);
}

static int add(struct store *store, unsigned n)
{
    struct {
        sem_t done;
        int rc;
    } w = {.rc = 0};
    char guid[16];
    char event[] = "issues";
    AUTO_FREE char *body = xmalloc(50000); /* random: it must fill the disk as it is */
    struct delivery d = {.guid = guid, .event = event, .body = body, .body_len = 50000};

    (void)sem_init(&w.done, 0, 0);
    (void)snprintf(guid, sizeof(guid), "g%u", n);
    rand_bytes(body, 50000);
    sha256_hex(body, d.body_len, d.sha256);
    if (store_delivery_add(store, &d, on_added, &w, NULL))
        return VDO_E_INVALID;
    while (sem_wait(&w.done))
        continue;
    return w.rc;
}

/* In a child, whose files may not grow past a size: 0 when all was as it should be. */
static int fill_up(void)
{
    struct rlimit limit = {.rlim_cur = 3 * 1000 * 1000, .rlim_max = RLIM_INFINITY};
    struct store *store = NULL;
    struct delivery d = {0};
    char guid[16];
    unsigned n = 0;
    int rc;

    (void)signal(SIGXFSZ, SIG_IGN);
    if (store_open(store_url, clock_real(), &store, NULL) || setrlimit(RLIMIT_FSIZE, &limit))
        return 1;
    do {
        rc = add(store, n++);
    } while (rc == VDO_OK && n < 10000);
    if (rc != VDO_E_IO)
        return 2;
    limit.rlim_cur = RLIM_INFINITY; /* somebody made room */
    if (setrlimit(RLIMIT_FSIZE, &limit) || add(store, n) != VDO_OK)
        return 3;
    for (unsigned i = 0; i + 1 < n; i++) {
        (void)snprintf(guid, sizeof(guid), "g%u", i);
        if (store_delivery_get(store, guid, &d, NULL))
            return 4;
        delivery_release(&d);
    }
    store_close(store);
    return 0;
}

static void full_disk__is_an_error_of_that_write_only(void **state)
{
    int status = 0;
    pid_t pid = fork();

    (void)state;
    assert_true(pid >= 0);
    if (pid == 0)
        _exit(fill_up());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* ---- the write-ahead log ---- */

static void wal__stays_within_bounds_in_a_flood(void **state)
{
    struct store *store = must_open();
    AUTO_FREE char *wal = xasprintf("%s-wal", store_path);
    struct stat st;

    (void)state;
    for (unsigned i = 0; i < 1500; i++) /* 75 MB */
        assert_int_equal(add(store, i), VDO_OK);
    assert_int_equal(stat(wal, &st), 0);
    assert_true(st.st_size < 40 * 1000 * 1000);
    assert_int_equal(stat(store_path, &st), 0);
    assert_true(st.st_size > 30 * 1000 * 1000);
    store_close(store);
}

/* ---- another process at the same file ---- */

static void busy__is_temporary(void **state)
{
    struct store *store = must_open();
    struct sqldb *other = NULL;
    struct err err = {0};

    (void)state;
    assert_int_equal(sqldb_open(store_path, NULL, &other, &err), 0);
    assert_int_equal(sqldb_begin(other, &err), 0);
    assert_int_equal(store_ping(store, &err), VDO_E_TEMPORARY);
    sqldb_rollback(other);
    err_clear(&err);
    assert_int_equal(store_ping(store, &err), 0);
    sqldb_close(other);
    store_close(store);
}

#define IN_DIR(name) cmocka_unit_test_setup_teardown(name, store_dir_make, store_dir_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIR(store_open__refuses_what_it_does_not_know),
        IN_DIR(store_open__makes_a_file_for_its_owner_only),
        IN_DIR(store_open__refuses_a_newer_store),
        IN_DIR(store_open__refuses_the_database_of_another_program),
        IN_DIR(store_open__says_that_a_file_is_damaged),
        IN_DIR(store_open__may_be_done_by_many_at_once),
        IN_DIR(migrations__are_numbered_without_a_gap),
        IN_DIR(full_disk__is_an_error_of_that_write_only),
        IN_DIR(wal__stays_within_bounds_in_a_flood),
        IN_DIR(busy__is_temporary),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
