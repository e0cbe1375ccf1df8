/*
 * What survives when the process does not: a child writes and is killed at a random moment; every
 * write it was told is durable must be there, and the file must be whole.
 */
#include "store_dir.h"

#include "vdo/base/clock.h"
#include "vdo/base/mem.h"
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
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { ROUNDS = 12, PRODUCERS = 6, BODY = 4000, STEPS = 1000000 };

static struct store *open_store(void)
{
    struct err err = {0};
    struct store *store = NULL;

    if (store_open(store_url, clock_real(), &store, &err)) {
        (void)fprintf(stderr, "%s\n", err.text);
        abort();
    }
    return store;
}

static void check_file(void)
{
    struct err err = {0};
    struct sqldb *db = NULL;

    assert_int_equal(sqldb_open(store_path, NULL, &db, &err), 0);
    if (sqldb_check(db, &err))
        fail_msg("%s", err.text);
    sqldb_close(db);
}

/* ---- the child ---- */

struct producer {
    struct store *store;
    int out_fd;
    unsigned number;
    unsigned round;
    sem_t done;
    char guid[32];
};

/* On the writer thread, after the commit: the guid is told, as a 202 would be. */
static void tell(void *arg, int rc, enum delivery_add outcome, const struct err *err)
{
    struct producer *p = arg;

    (void)err;
    if (rc == VDO_OK && outcome == DELIVERY_NEW &&
        write(p->out_fd, p->guid, sizeof(p->guid)) != sizeof(p->guid))
        abort();
    (void)sem_post(&p->done);
}

static void *produce(void *arg)
{
    struct producer *p = arg;
    AUTO_FREE char *body = xcalloc(1, BODY);
    char event[] = "issues";
    struct delivery d = {.guid = p->guid, .event = event, .body = body, .body_len = BODY};

    (void)sem_init(&p->done, 0, 0);
    for (unsigned i = 0;; i++) {
        memset(p->guid, 0, sizeof(p->guid));
        (void)snprintf(p->guid, sizeof(p->guid), "%u-%u-%u", p->round, p->number, i);
        (void)snprintf(body, BODY, "%s", p->guid);
        sha256_hex(body, BODY, d.sha256);
        d.received_at_ms = clock_now_ms(clock_real());
        if (store_delivery_add(p->store, &d, tell, p, NULL) == VDO_OK)
            while (sem_wait(&p->done))
                continue;
    }
    return NULL;
}

static void add_until_killed(int out_fd, unsigned round)
{
    static struct producer producers[PRODUCERS];
    struct store *store = open_store();
    pthread_t thread;

    for (unsigned i = 0; i < PRODUCERS; i++) {
        producers[i] =
            (struct producer){.store = store, .out_fd = out_fd, .number = i, .round = round};
        if (pthread_create(&thread, NULL, produce, &producers[i]))
            abort();
    }
    for (;;)
        (void)pause();
}

/* A worker's life: begin a step, finish it with a row, tell. */
static void step_until_killed(int out_fd, const char *id)
{
    struct store *store = open_store();
    struct job job = {0};
    char kind[] = "comment";
    char payload[] = "{}";

    if (store_take_back(store, "node", NULL) ||
        store_job_lease(store, "node", id, clock_now_ms(clock_real()), 60000, &job, NULL))
        abort();
    for (int i = 0; i < STEPS; i++) {
        struct outbox_row row = {.kind = kind, .payload = payload};
        char name[32] = "";

        (void)snprintf(name, sizeof(name), "%lld-%d", (long long)job.epoch, i);
        (void)rand_id(row.id);
        if (store_step_begin(store, id, job.epoch, name, NULL, NULL, NULL) ||
            store_step_finish(store, id, job.epoch, name, STEP_DONE, "{}", row.id, NULL, &row, 1,
                              NULL) ||
            write(out_fd, name, sizeof(name)) != sizeof(name))
            abort();
    }
}

/* ---- the parent ---- */

static pid_t start_child(int *out_fd, void (*run)(int fd, unsigned round), unsigned round)
{
    int fds[2];
    pid_t pid;

    assert_int_equal(pipe(fds), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        (void)close(fds[0]);
        run(fds[1], round);
        _exit(1);
    }
    (void)close(fds[1]);
    *out_fd = fds[0];
    return pid;
}

static void kill_child(pid_t pid)
{
    int status = 0;

    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
}

/* Read what was told: `wanted` records, then kill, then the rest. Returns their number. */
static size_t read_and_kill(pid_t pid, int fd, size_t wanted, char records[][32], size_t max)
{
    size_t n = 0;
    bool killed = false;

    while (n < max && read(fd, records[n], 32) == 32) {
        n++;
        if (!killed && n >= wanted) {
            kill_child(pid);
            killed = true;
        }
    }
    if (!killed)
        kill_child(pid);
    (void)close(fd);
    return n;
}

static void kill__loses_no_delivery_that_was_acknowledged(void **state)
{
    static char told[200000][32];
    size_t n = 0;
    struct store *store;

    (void)state;
    for (unsigned round = 0; round < ROUNDS; round++) {
        int fd = -1;
        pid_t pid = start_child(&fd, add_until_killed, round);

        n += read_and_kill(pid, fd, 1 + rand_below(400), told + n, 200000 - n);
        check_file();
    }
    assert_true(n >= ROUNDS);
    store = open_store();
    for (size_t i = 0; i < n; i++) {
        struct delivery d = {0};

        if (store_delivery_get(store, told[i], &d, NULL))
            fail_msg("%s was acknowledged and is lost", told[i]);
        assert_int_equal(d.state, DELIVERY_PENDING);
        assert_int_equal(d.body_len, BODY);
        assert_string_equal(d.body, told[i]);
        delivery_release(&d);
    }
    store_close(store);
}

static char job_id[RAND_ID_SIZE];

static void run_steps(int fd, unsigned round)
{
    (void)round;
    step_until_killed(fd, job_id);
}

static void make_job(void)
{
    struct store *store = open_store();
    char text[] = "x";
    struct job job = {.workflow = text, .forge = text, .repo = text};

    assert_int_equal(store_job_create(store, &job, NULL, 0, job_id, NULL), 0);
    store_close(store);
}

static size_t count_rows(struct store *store, const char *id)
{
    struct outbox_row *rows = NULL;
    size_t n = 0;

    assert_int_equal(store_outbox_list(store, job_id, &rows, &n, NULL), 0);
    size_t found = 0;
    for (size_t i = 0; i < n; i++) {
        found += !id || strcmp(rows[i].id, id) == 0;
        outbox_row_release(&rows[i]);
    }
    free(rows);
    return found;
}

/* A finished step and its outbox row are there both or neither. */
static void kill__leaves_steps_and_their_rows_together(void **state)
{
    static char told[100000][32];
    struct job_step *steps = NULL;
    struct store *store;
    size_t done = 0;
    size_t n = 0;
    size_t n_steps = 0;

    (void)state;
    make_job();
    for (unsigned round = 0; round < ROUNDS; round++) {
        int fd = -1;
        pid_t pid = start_child(&fd, run_steps, round);

        n += read_and_kill(pid, fd, 1 + rand_below(60), told + n, 100000 - n);
    }
    check_file();
    store = open_store();
    assert_int_equal(store_step_list(store, job_id, &steps, &n_steps, NULL), 0);
    for (size_t i = 0; i < n_steps; i++) {
        if (steps[i].state == STEP_DONE) {
            done++;
            assert_int_equal(count_rows(store, steps[i].note), 1);
        }
        job_step_release(&steps[i]);
    }
    free(steps);
    assert_true(done >= n);
    assert_int_equal(count_rows(store, NULL), done);
    store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(kill__loses_no_delivery_that_was_acknowledged,
                                        store_dir_make, store_dir_remove),
        cmocka_unit_test_setup_teardown(kill__leaves_steps_and_their_rows_together, store_dir_make,
                                        store_dir_remove),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
