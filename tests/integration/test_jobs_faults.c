/*
 * One job from its delivery to its end, with the 1st, 2nd, 3rd ... call to the forge failing in
 * each way a call can fail, and with the process ending at each of its commits, until the scenario
 * passes untouched. Each time the forge must hold one living comment, one answer, one pull request
 * and one reaction of each kind, and the job must be completed.
 */
#include "../unit/jobs/fixture.c"

enum { TURNS = 60 };

static char job[RAND_ID_SIZE];
static int die_at; /* the n-th chance to die; 0: never */
static int chances;

/* A worker that dies here leaves everything as it is: the lease, the claims, the step. */
static bool dies(void)
{
    return ++chances == die_at;
}

/* ---- the bot: a label becomes a job ---- */

static void describe(void *arg, struct delivery *d)
{
    (void)arg;
    free(d->repo);
    d->repo = xstrdup(REPO);
    d->repo_id = 5;
    d->issue = 1;
}

static int decide(const struct delivery *d, char out_id[RAND_ID_SIZE])
{
    struct job j = make_job_struct(1);
    AUTO_FREE char *trigger = xasprintf("{\"kind\":\"label\",\"delivery\":\"%s\"}", d->guid);
    struct outbox_row rows[3];
    int rc;

    j.trigger = trigger;
    outbox_row_init(&rows[0], &j, "reaction",
                    json_pack("{s:s, s:i, s:s}", "target", "issue", "id", 1, "content", "eyes"));
    outbox_row_init(&rows[1], &j, "progress", json_pack("{s:i}", "issue", 1));
    outbox_row_init(&rows[2], &j, "label_remove",
                    json_pack("{s:i, s:s}", "issue", 1, "name", "vdo"));
    rc = jobs_submit(jobs, &j, rows, 3, out_id, NULL);
    for (int i = 0; i < 3; i++)
        outbox_row_release(&rows[i]);
    return rc == VDO_E_CONFLICT ? VDO_OK : rc;
}

/* ---- the pipeline: one step, a pull request, an answer ---- */

static int find_pull_row(const char *id, char row_id[RAND_ID_SIZE], struct err *err)
{
    struct outbox_row *rows = NULL;
    size_t n = 0;
    bool found = false;
    int rc = store_outbox_list(store, id, &rows, &n, err);

    for (size_t i = 0; i < n; i++) {
        if (strcmp(rows[i].kind, "pull") == 0) {
            memcpy(row_id, rows[i].id, RAND_ID_SIZE);
            found = true;
        }
        outbox_row_release(&rows[i]);
    }
    free(rows);
    return rc ? rc : found ? VDO_OK : VDO_E_NOT_FOUND;
}

static int deliver(struct job_lease *lease, struct err *err)
{
    char row_id[RAND_ID_SIZE] = "";
    int rc = find_pull_row(lease->job.id, row_id, err);

    if (rc == VDO_E_NOT_FOUND) {
        add_row(lease->job.id, "pull",
                json_pack("{s:s, s:s, s:s, s:s, s:b}", "title", "t", "body", "b", "head",
                          "vdo/issue-1", "base", "main", "draft", 1),
                row_id);
        rc = VDO_OK;
    }
    if (dies())
        return err_set(err, VDO_E_CONFLICT, "died");
    return rc ? rc : jobs_outbox_flush(jobs, lease->forge, lease->job.id, row_id, NULL, err);
}

static int finish(const struct job_lease *lease, struct err *err)
{
    struct outbox_row rows[2];
    int rc;

    outbox_row_init(&rows[0], &lease->job, "comment",
                    json_pack("{s:i, s:s}", "issue", 1, "body", "done"));
    outbox_row_init(&rows[1], &lease->job, "reaction",
                    json_pack("{s:s, s:i, s:s}", "target", "issue", "id", 1, "content", "rocket"));
    set_text("completed");
    rc = store_job_finish(store, lease->job.id, lease->job.epoch, JOB_COMPLETED, "verified", "",
                          rows, 2, err);
    outbox_row_release(&rows[0]);
    outbox_row_release(&rows[1]);
    return rc;
}

static int run(void *arg, struct job_lease *lease, struct err *err)
{
    int64_t epoch = lease->job.epoch;
    const char *id = lease->job.id;
    int rc;

    (void)arg;
    if (dies())
        return err_set(err, VDO_E_CONFLICT, "died");
    rc = store_step_begin(store, id, epoch, "deliver", NULL, NULL, err);
    if (rc || dies())
        return rc ? rc : err_set(err, VDO_E_CONFLICT, "died");
    rc = deliver(lease, err);
    if (rc || dies())
        return rc ? rc : err_set(err, VDO_E_CONFLICT, "died");
    rc = store_step_finish(store, id, epoch, "deliver", STEP_DONE, "{}", "", NULL, NULL, 0, err);
    if (rc || dies())
        return rc ? rc : err_set(err, VDO_E_CONFLICT, "died");
    return finish(lease, err);
}

/* ---- the scenario ---- */

static void on_add(void *arg, int rc, enum delivery_add outcome, const struct err *err)
{
    (void)rc;
    (void)outcome;
    (void)err;
    atomic_store((atomic_bool *)arg, true);
}

static void hear_label(void)
{
    char guid[] = "guid-1";
    char event[] = "issues";
    char body[] = "{}";
    struct delivery d = {.guid = guid, .event = event, .body = body, .body_len = 2};
    atomic_bool added = false;

    sha256_hex(body, 2, d.sha256);
    d.received_at_ms = time_now();
    MUST(jobs_inbox_add(jobs, &d, on_add, &added, &err));
    WAIT_FOR(atomic_load(&added));
}

static void restart(void)
{
    jobs_free(jobs);
    jobs = NULL;
    new_jobs();
}

/* The dispatcher's work in this thread, so that it can die between any two commits. */
static void dispatch(void)
{
    struct delivery d = {0};

    if (store_delivery_claim(store, jobs_node(jobs), time_now(), &d, NULL))
        return;
    if (dies()) {
        delivery_release(&d);
        restart();
        return;
    }
    describe(NULL, &d);
    MUST(store_delivery_describe(store, &d, &err));
    assert_int_equal(decide(&d, job), VDO_OK);
    if (dies())
        restart();
    else
        MUST(store_delivery_finish(store, d.seq, DELIVERY_DONE, "job started", job, &err));
    delivery_release(&d);
}

static bool all_sent(void)
{
    struct outbox_row *rows = NULL;
    size_t n = 0;
    bool all = true;

    MUST(store_outbox_list(store, job, &rows, &n, &err));
    for (size_t i = 0; i < n; i++) {
        all = all && rows[i].state == OUTBOX_DONE;
        outbox_row_release(&rows[i]);
    }
    free(rows);
    return all && n == 6;
}

/* Turns of dispatcher, worker and sender, an hour apart, until nothing is left to do. */
static bool play(void)
{
    for (int i = 0; i < TURNS; i++) {
        struct job leased = {0};

        dispatch();
        if (*job && store_job_lease(store, jobs_node(jobs), job, time_now(), MINUTE_MS, &leased,
                                    NULL) == VDO_OK) {
            struct job_lease lease = {.job = leased, .forge = session};
            struct job_update later = {.state = -1, .run_at_ms = time_now() + MINUTE_MS};
            int rc = run(NULL, &lease, NULL);

            if (rc == VDO_E_TEMPORARY)
                MUST(store_job_release(store, job, leased.epoch, &later, &err));
            if (rc == VDO_E_CONFLICT)
                restart();
            job_release(&leased);
        }
        if (*job)
            (void)flush(job);
        if (*job && state_of(job) == JOB_COMPLETED && all_sent())
            return true;
        advance(HOUR_MS);
    }
    return false;
}

static void expect_everything_once(const char *what, int n)
{
    AUTO_FREE char *reactions = forge_fake_reactions(forge, REPO, 1, 0);

    if (our_comments() != 2 || forge_fake_count_pulls(forge, REPO) != 1 ||
        strcmp(reactions, "eyes rocket") != 0 || forge_fake_has_label(forge, REPO, 1, "vdo"))
        fail_msg("%s %d: %zu comments, %zu pull requests, reactions %s", what, n, our_comments(),
                 forge_fake_count_pulls(forge, REPO), reactions);
    expect_comment(0, our_comments() ? "" : "none");
}

static void begin(void **state)
{
    assert_int_equal(teardown(state), 0);
    assert_int_equal(setup(state), 0);
    *job = '\0';
    chances = 0;
    die_at = 0;
    new_jobs();
    forge_fake_set_label(forge, REPO, 1, "vdo", true);
    hear_label();
}

static void faults__at_any_call_leave_everything_once(void **state)
{
    static const struct {
        const char *what;
        enum fake_when when;
    } kinds[] = {{"before", FAKE_BEFORE}, {"lost", FAKE_LOST}, {"after", FAKE_AFTER}};
    int calls;

    begin(state);
    assert_true(play());
    expect_everything_once("without a fault", 0);
    calls = forge_fake_calls(forge, FAKE_ANY);
    for (size_t k = 0; k < 3; k++) {
        for (int n = 1; n <= calls; n++) {
            begin(state);
            forge_fake_fail(forge, FAKE_ANY, n, 1, kinds[k].when, VDO_E_TEMPORARY, 0);
            if (!play())
                fail_msg("%s call %d: the job did not end", kinds[k].what, n);
            expect_everything_once(kinds[k].what, n);
        }
    }
}

static void faults__in_pairs_leave_everything_once(void **state)
{
    for (int a = 1; a <= 8; a++) {
        for (int b = 1; b <= 4; b++) {
            begin(state);
            forge_fake_fail(forge, FAKE_ANY, a, 1, FAKE_AFTER, VDO_E_TEMPORARY, 0);
            forge_fake_fail(forge, FAKE_ANY, a + b, 1, FAKE_LOST, VDO_E_TEMPORARY, 0);
            if (!play())
                fail_msg("calls %d and %d: the job did not end", a, a + b);
            expect_everything_once("pair", a * 10 + b);
        }
    }
}

static void deaths__at_any_commit_leave_everything_once(void **state)
{
    int n;

    for (n = 1; n < 100; n++) {
        begin(state);
        die_at = n;
        if (!play())
            fail_msg("death %d: the job did not end", n);
        expect_everything_once("death", n);
        if (chances < n)
            break; /* it passed untouched */
    }
    assert_true(n > 6 && n < 100);
}

/* A death and a failing call together. */
static void deaths__with_faults_leave_everything_once(void **state)
{
    for (int n = 1; n <= 8; n++) {
        for (int call = 1; call <= 6; call++) {
            begin(state);
            die_at = n;
            forge_fake_fail(forge, FAKE_ANY, call, 1, FAKE_AFTER, VDO_E_TEMPORARY, 0);
            if (!play())
                fail_msg("death %d, call %d: the job did not end", n, call);
            expect_everything_once("death and fault", n * 10 + call);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_STORE(faults__at_any_call_leave_everything_once),
        ON_STORE(faults__in_pairs_leave_everything_once),
        ON_STORE(deaths__at_any_commit_leave_everything_once),
        ON_STORE(deaths__with_faults_leave_everything_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
