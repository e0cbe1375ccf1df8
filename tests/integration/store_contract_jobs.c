#include "store_contract.h"

static void job_create__keeps_what_it_was_given(void **state)
{
    char text[] = "x";
    struct job job = {.workflow = text,
                      .forge = text,
                      .installation_id = 1,
                      .repo_id = 2,
                      .repo = text,
                      .issue = 3,
                      .title = text,
                      .text = text,
                      .instructions = text,
                      .type = text,
                      .priority = text,
                      .requester = text,
                      .requester_id = 4,
                      .trigger = text,
                      .base_ref = text};
    char id[RAND_ID_SIZE] = "";
    struct job got = {0};

    (void)state;
    MUST(store_job_create(store, &job, NULL, 0, id, &err));
    assert_string_equal(job.id, id);
    assert_int_equal(job.state, JOB_QUEUED);
    MUST(store_job_get(store, id, &got, &err));
    const char *texts[] = {got.workflow,  got.forge,        got.repo,    got.title,
                           got.text,      got.instructions, got.type,    got.priority,
                           got.requester, got.trigger,      got.base_ref};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_string_equal(texts[i], "x");
    assert_int_equal(got.installation_id, 1);
    assert_int_equal(got.repo_id, 2);
    assert_int_equal(got.issue, 3);
    assert_int_equal(got.requester_id, 4);
    assert_int_equal(got.generation, 0);
    assert_int_equal(got.created_at_ms, CONTRACT_START_MS);
    assert_int_equal(got.seq, job.seq);
    assert_int_equal(got.state, JOB_QUEUED);
    assert_string_equal(got.headline, "");
    assert_int_equal(got.version, 1);
    job_release(&got);
    FAILS(VDO_E_NOT_FOUND, store_job_get(store, "none", &got, &err));
}

static void job_create__refuses_a_text_without_bounds(void **state)
{
    char workflow[] = "build";
    size_t len = 1024 * 1024;
    AUTO_FREE char *text = xcalloc(1, len + 1);
    struct job job = {.workflow = workflow, .forge = workflow, .repo = workflow, .text = text};
    char id[RAND_ID_SIZE] = "";

    (void)state;
    memset(text, 'x', len);
    FAILS(VDO_E_TOO_LARGE, store_job_create(store, &job, NULL, 0, id, &err));
    assert_string_equal(id, "");
}

static void job_create__holds_one_open_job_per_issue(void **state)
{
    static const struct {
        const char *what;
        int64_t repo_id;
        const char *repo;
        int64_t issue;
        int wanted;
    } rows[] = {
        {"the first", 5, "o/r", 1, VDO_OK},
        {"the same issue", 5, "o/r", 1, VDO_E_CONFLICT},
        {"the repository was renamed meanwhile", 5, "o/renamed", 1, VDO_E_CONFLICT},
        {"another issue", 5, "o/r", 2, VDO_OK},
        {"another repository that took over the name", 6, "o/r", 1, VDO_OK},
        {"a directory", 0, "/home/a", 1, VDO_OK},
        {"another directory", 0, "/home/b", 1, VDO_OK},
        {"the same directory", 0, "/home/a", 1, VDO_E_CONFLICT},
        {"no issue", 5, "o/r", 0, VDO_OK},
        {"no issue again", 5, "o/r", 0, VDO_OK},
    };
    char first[RAND_ID_SIZE] = "";

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char id[RAND_ID_SIZE] = "";
        int rc = try_make_job(rows[i].repo_id, rows[i].repo, rows[i].issue, id);

        if (rc != rows[i].wanted)
            fail_msg("%s: %s", rows[i].what, vdo_code_name((enum vdo_code)rc));
        if (i == 0)
            memcpy(first, id, RAND_ID_SIZE);
        if (i == 1 || i == 2)
            assert_string_equal(id, first);
    }
}

static void job_create__counts_generations(void **state)
{
    struct job job = {0};

    (void)state;
    for (int i = 0; i < 3; i++) {
        const char *id = make_job(5, 1, "normal");

        MUST(store_job_get(store, id, &job, &err));
        assert_int_equal(job.generation, i);
        MUST(store_job_cancel(store, id, "enough", NULL, 0, NULL, &err));
        job_release(&job);
    }
}

static void job_create__makes_one_job_of_one_delivery(void **state)
{
    char workflow[] = "build";
    char trigger[] = "{\"kind\":\"label\",\"delivery\":\"guid-1\"}";
    struct job job = {.workflow = workflow, .forge = workflow, .repo = workflow, .repo_id = 1};
    char first[RAND_ID_SIZE] = "";
    char id[RAND_ID_SIZE] = "";

    (void)state;
    job.trigger = trigger;
    job.issue = 1;
    MUST(store_job_create(store, &job, NULL, 0, first, &err));
    MUST(store_job_cancel(store, first, "", NULL, 0, NULL, &err));
    FAILS(VDO_E_CONFLICT, store_job_create(store, &job, NULL, 0, id, &err));
    assert_string_equal(id, first);
}

static atomic_int made;

static void *make_the_same(void *number)
{
    char id[RAND_ID_SIZE] = "";

    (void)number;
    if (try_make_job(9, "o/r", 1, id) == VDO_OK)
        atomic_fetch_add(&made, 1);
    return NULL;
}

static void job_create__wins_once_at_the_same_moment(void **state)
{
    (void)state;
    atomic_store(&made, 0);
    in_threads(16, make_the_same);
    assert_int_equal(atomic_load(&made), 1);
}

static void job_create__takes_rows_along_or_nothing(void **state)
{
    char workflow[] = "build";
    char kind[] = "comment";
    char payload[] = "{}";
    struct job job = {.workflow = workflow, .forge = workflow, .repo = workflow};
    struct outbox_row rows[2] = {{.kind = kind, .payload = payload}, {0}};
    struct outbox_row *list = NULL;
    struct job *jobs = NULL;
    struct job_filter all = {.state = -1, .limit = 10};
    char id[RAND_ID_SIZE] = "";
    size_t n = 0;

    (void)state;
    (void)rand_id(rows[0].id);
    rows[1] = rows[0]; /* the same id twice cannot be */
    FAILS(VDO_E_CONFLICT, store_job_create(store, &job, rows, 2, id, &err));
    MUST(store_job_list(store, &all, &jobs, &n, &err));
    assert_int_equal(n, 0);
    free(jobs);
    MUST(store_job_create(store, &job, rows, 1, id, &err));
    MUST(store_outbox_list(store, id, &list, &n, &err));
    assert_int_equal(n, 1);
    assert_string_equal(list[0].job_id, id);
    outbox_row_release(&list[0]);
    free(list);
}

/* ---- lease ---- */

static void lease_next(const char *wanted)
{
    struct job job = {0};

    MUST(store_job_lease(store, "node", NULL, now(), LEASE_MS, &job, &err));
    assert_string_equal(job.id, wanted);
    job_release(&job);
}

static void job_lease__goes_by_priority_then_fairness_then_age(void **state)
{
    char loud[4][RAND_ID_SIZE];
    char quiet[RAND_ID_SIZE];
    char urgent[RAND_ID_SIZE];
    char idle[RAND_ID_SIZE];
    struct job job = {0};

    (void)state;
    memcpy(idle, make_job(3, 1, "low"), RAND_ID_SIZE);
    for (int i = 0; i < 4; i++)
        memcpy(loud[i], make_job(1, i + 1, "normal"), RAND_ID_SIZE);
    memcpy(quiet, make_job(2, 1, "normal"), RAND_ID_SIZE);
    memcpy(urgent, make_job(1, 9, "high"), RAND_ID_SIZE);
    lease_next(urgent);
    lease_next(quiet); /* "loud" has one under way */
    lease_next(loud[0]);
    lease_next(loud[1]);
    lease_next(loud[2]);
    lease_next(loud[3]);
    lease_next(idle);
    FAILS(VDO_E_NOT_FOUND, store_job_lease(store, "node", NULL, now(), LEASE_MS, &job, &err));
}

static void job_lease__takes_only_what_is_due(void **state)
{
    static const struct {
        enum job_state in;
        bool due;
    } rows[] = {
        {JOB_QUEUED, true},     {JOB_PLANNING, true},         {JOB_AWAITING_APPROVAL, false},
        {JOB_BUILDING, true},   {JOB_AWAITING_ANSWER, false}, {JOB_TESTING, true},
        {JOB_SANDBOXING, true}, {JOB_REVIEWING, true},        {JOB_DELIVERING, true},
        {JOB_COMPLETED, false}, {JOB_FAILED, false},          {JOB_CANCELLED, false},
    };
    struct job job = {0};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *id = make_job(1, (int64_t)i + 1, "normal");
        struct job_update update = JOB_UPDATE_NONE;
        int rc;

        update.state = (int)rows[i].in;
        MUST(store_job_update(store, id, -1, &update, NULL, 0, &err));
        rc = store_job_lease(store, "node", id, now(), LEASE_MS, &job, NULL);
        if (rc != (rows[i].due ? VDO_OK : VDO_E_NOT_FOUND))
            fail_msg("%s: %d", job_state_name(rows[i].in), rc);
        job_release(&job);
    }
    FAILS(VDO_E_NOT_FOUND, store_job_lease(store, "node", NULL, now(), LEASE_MS, &job, &err));
    FAILS(VDO_E_NOT_FOUND, store_job_lease(store, "node", "none", now(), LEASE_MS, &job, &err));
}

static void job_lease__waits_for_run_at(void **state)
{
    const char *id = make_job(1, 1, "normal");
    struct job_update update = JOB_UPDATE_NONE;
    struct job job = {0};
    int64_t epoch = lease_job(id);

    (void)state;
    update.run_at_ms = now() + 5000;
    update.reason = "the forge is down";
    MUST(store_job_release(store, id, epoch, &update, &err));
    FAILS(VDO_E_NOT_FOUND, store_job_lease(store, "node", NULL, now(), LEASE_MS, &job, &err));
    clock_fake_advance(&test_time, 5000);
    lease_next(id);
}

static void job_lease__passes_on_when_it_has_run_out(void **state)
{
    const char *id = make_job(1, 1, "normal");
    int64_t epoch = lease_job(id);
    struct job job = {0};

    (void)state;
    clock_fake_advance(&test_time, LEASE_MS - 1);
    FAILS(VDO_E_NOT_FOUND, store_job_lease(store, "other", NULL, now(), LEASE_MS, &job, &err));
    clock_fake_advance(&test_time, 1);
    MUST(store_job_lease(store, "other", NULL, now(), LEASE_MS, &job, &err));
    assert_true(job.epoch > epoch);
    assert_int_equal(job.attempts, 2);
    assert_string_equal(job.lease_node, "other");
    assert_int_equal(job.started_at_ms, CONTRACT_START_MS);
    job_release(&job);
}

static void *lease_many(void *number)
{
    struct job job = {0};

    (void)number;
    while (store_job_lease(store, "node", NULL, now(), LEASE_MS, &job, NULL) == VDO_OK) {
        atomic_fetch_add(&made, job.epoch == 1 ? 1 : 1000000);
        job_release(&job);
    }
    return NULL;
}

static void job_lease__gives_each_to_one_thread_only(void **state)
{
    (void)state;
    atomic_store(&made, 0);
    for (int i = 0; i < 200; i++)
        (void)make_job(i % 7, i + 1, "normal");
    in_threads(8, lease_many);
    assert_int_equal(atomic_load(&made), 200);
}

/* ---- fencing ---- */

static int f_renew(const char *id, int64_t epoch)
{
    return store_job_renew(store, id, epoch, now() + LEASE_MS, NULL, NULL);
}

static int f_release(const char *id, int64_t epoch)
{
    return store_job_release(store, id, epoch, NULL, NULL);
}

static int f_update(const char *id, int64_t epoch)
{
    struct job_update update = JOB_UPDATE_NONE;

    update.headline = "stale";
    return store_job_update(store, id, epoch, &update, NULL, 0, NULL);
}

static int f_finish(const char *id, int64_t epoch)
{
    return store_job_finish(store, id, epoch, JOB_COMPLETED, "stale", "", NULL, 0, NULL);
}

static int f_begin(const char *id, int64_t epoch)
{
    return store_step_begin(store, id, epoch, "plan", NULL, NULL, NULL);
}

static int f_step(const char *id, int64_t epoch)
{
    return store_step_finish(store, id, epoch, "plan", STEP_DONE, "{}", "", NULL, NULL, 0, NULL);
}

static const struct {
    const char *name;
    int (*write)(const char *id, int64_t epoch);
} fenced[] = {{"renew", f_renew},   {"release", f_release}, {"update", f_update},
              {"finish", f_finish}, {"begin", f_begin},     {"step", f_step}};

static void all_refused(const char *id, int64_t epoch, const char *when)
{
    for (size_t i = 0; i < sizeof(fenced) / sizeof(fenced[0]); i++) {
        int rc = fenced[i].write(id, epoch);

        if (rc != VDO_E_CONFLICT)
            fail_msg("%s %s: %d", fenced[i].name, when, rc);
    }
}

static void fencing__refuses_the_writes_of_a_lost_lease(void **state)
{
    char id[RAND_ID_SIZE];
    int64_t old;
    struct job job = {0};
    struct job_step *steps = NULL;
    size_t n = 0;

    (void)state;
    memcpy(id, make_job(1, 1, "normal"), RAND_ID_SIZE);
    old = lease_job(id);
    clock_fake_advance(&test_time, LEASE_MS);
    MUST(store_job_lease(store, "other", id, now(), LEASE_MS, &job, &err));
    all_refused(id, old, "after another leased it");
    MUST(store_job_release(store, id, job.epoch, NULL, &err));
    all_refused(id, job.epoch, "after it was given back");
    job_release(&job);
    old = lease_job(id);
    MUST(store_take_back(store, "node", &err));
    all_refused(id, old, "after the node took it back");
    MUST(store_job_get(store, id, &job, &err));
    assert_string_equal(job.headline, "");
    job_release(&job);
    MUST(store_step_list(store, id, &steps, &n, &err));
    assert_int_equal(n, 0);
    free(steps);
}

static void fencing__tells_a_job_that_does_not_exist(void **state)
{
    (void)state;
    for (size_t i = 2; i < sizeof(fenced) / sizeof(fenced[0]); i++)
        assert_int_equal(fenced[i].write("none", 1), VDO_E_NOT_FOUND);
}

static void job_renew__keeps_the_lease_and_tells_of_a_cancel(void **state)
{
    const char *id = make_job(1, 1, "normal");
    int64_t epoch = lease_job(id);
    bool cancelled = true;
    bool final = true;
    struct job job = {0};

    (void)state;
    clock_fake_advance(&test_time, LEASE_MS / 2);
    MUST(store_job_renew(store, id, epoch, now() + LEASE_MS, &cancelled, &err));
    assert_false(cancelled);
    clock_fake_advance(&test_time, LEASE_MS - 1);
    FAILS(VDO_E_NOT_FOUND, store_job_lease(store, "other", id, now(), LEASE_MS, &job, &err));
    MUST(store_job_cancel(store, id, "label removed", NULL, 0, &final, &err));
    assert_false(final);
    MUST(store_job_renew(store, id, epoch, now() + LEASE_MS, &cancelled, &err));
    assert_true(cancelled);
}

static void job_cancel__ends_a_job_whose_worker_is_gone(void **state)
{
    char id[RAND_ID_SIZE];
    struct job_update update = JOB_UPDATE_NONE;
    struct job job = {0};
    bool final = false;
    int64_t epoch;

    (void)state;
    memcpy(id, make_job(1, 1, "normal"), RAND_ID_SIZE);
    epoch = lease_job(id);
    update.state = JOB_BUILDING;
    MUST(store_job_update(store, id, epoch, &update, NULL, 0, &err));
    clock_fake_advance(&test_time, LEASE_MS + 1);
    MUST(store_job_cancel(store, id, "killed", NULL, 0, &final, &err));
    assert_true(final);
    MUST(store_job_get(store, id, &job, &err));
    assert_int_equal(job.state, JOB_CANCELLED);
    job_release(&job);
    FAILS(VDO_E_CONFLICT, store_job_renew(store, id, epoch, now() + LEASE_MS, NULL, &err));
    FAILS(VDO_E_CONFLICT, store_job_finish(store, id, epoch, JOB_COMPLETED, "", "", NULL, 0, &err));
}

/* ---- change ---- */

static void job_update__changes_what_is_named_only(void **state)
{
    const char *id = make_job(1, 1, "normal");
    int64_t epoch = lease_job(id);
    struct job before = {0};
    struct job job = {0};
    struct job_update update = {.state = JOB_BUILDING,
                                .step = "build",
                                .headline = "building",
                                .reason = "r",
                                .branch = "b",
                                .base_sha = "1",
                                .head_sha = "2",
                                .pr = 3,
                                .pr_url = "u",
                                .comment_id = 4,
                                .approved_by = "a",
                                .answer = "w",
                                .budget_microusd = 5};

    (void)state;
    MUST(store_job_get(store, id, &before, &err));
    MUST(store_job_update(store, id, epoch, &update, NULL, 0, &err));
    update = JOB_UPDATE_NONE;
    update.headline = "";
    MUST(store_job_update(store, id, -1, &update, NULL, 0, &err));
    MUST(store_job_get(store, id, &job, &err));
    assert_int_equal(job.state, JOB_BUILDING);
    assert_string_equal(job.step, "build");
    assert_string_equal(job.headline, "");
    assert_string_equal(job.reason, "r");
    assert_string_equal(job.branch, "b");
    assert_string_equal(job.base_sha, "1");
    assert_string_equal(job.head_sha, "2");
    assert_int_equal(job.pr, 3);
    assert_string_equal(job.pr_url, "u");
    assert_int_equal(job.comment_id, 4);
    assert_string_equal(job.approved_by, "a");
    assert_string_equal(job.answer, "w");
    assert_int_equal(job.budget_microusd, 5);
    assert_true(job.version >= before.version + 2);
    job_release(&before);
    job_release(&job);
}

static void job_finish__ends_it_with_its_rows_or_not_at_all(void **state)
{
    char id[RAND_ID_SIZE];
    char kind[] = "reaction";
    char payload[] = "{}";
    struct outbox_row rows[2] = {{.kind = kind, .payload = payload}, {0}};
    int64_t epoch;
    struct job job = {0};

    (void)state;
    memcpy(id, make_job(1, 1, "normal"), RAND_ID_SIZE);
    epoch = lease_job(id);
    (void)rand_id(rows[0].id);
    rows[1] = rows[0];
    FAILS(VDO_E_CONFLICT,
          store_job_finish(store, id, epoch, JOB_COMPLETED, "h", "", rows, 2, &err));
    assert_int_equal(state_of(id), JOB_QUEUED);
    clock_fake_advance(&test_time, 7);
    MUST(store_job_finish(store, id, epoch, JOB_COMPLETED, "verified", "r", rows, 1, &err));
    MUST(store_job_get(store, id, &job, &err));
    assert_int_equal(job.state, JOB_COMPLETED);
    assert_string_equal(job.headline, "verified");
    assert_string_equal(job.reason, "r");
    assert_string_equal(job.lease_node, "");
    assert_int_equal(job.finished_at_ms, CONTRACT_START_MS + 7);
    assert_int_equal(row_state(rows[0].id), OUTBOX_PENDING);
    job_release(&job);
    all_refused(id, epoch, "after it ended");
}

static void job_cancel__ends_at_once_what_nobody_runs(void **state)
{
    static const struct {
        enum job_state in;
        bool leased;
        int rc;
        bool final;
    } rows[] = {
        {JOB_QUEUED, false, VDO_OK, true},
        {JOB_QUEUED, true, VDO_OK, false},
        {JOB_AWAITING_APPROVAL, false, VDO_OK, true},
        {JOB_AWAITING_ANSWER, false, VDO_OK, true},
        {JOB_BUILDING, false, VDO_OK, true}, /* a worker died */
        {JOB_BUILDING, true, VDO_OK, false},
        {JOB_COMPLETED, false, VDO_E_REFUSED, false},
        {JOB_FAILED, false, VDO_E_REFUSED, false},
        {JOB_CANCELLED, false, VDO_E_REFUSED, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *id = make_job(1, (int64_t)i + 1, "normal");
        struct job_update update = JOB_UPDATE_NONE;
        struct job job = {0};
        bool final = false;

        if (rows[i].leased)
            (void)lease_job(id);
        update.state = (int)rows[i].in;
        MUST(store_job_update(store, id, -1, &update, NULL, 0, &err));
        assert_int_equal(store_job_cancel(store, id, "why", NULL, 0, &final, NULL), rows[i].rc);
        if (final != rows[i].final)
            fail_msg("%s", job_state_name(rows[i].in));
        MUST(store_job_get(store, id, &job, &err));
        if (rows[i].rc == VDO_OK)
            assert_string_equal(job.reason, "why");
        assert_int_equal(job.state, final ? JOB_CANCELLED : rows[i].in);
        assert_int_equal(job.cancel_requested, rows[i].rc == VDO_OK && !final);
        job_release(&job);
    }
    FAILS(VDO_E_NOT_FOUND, store_job_cancel(store, "none", "", NULL, 0, NULL, &err));
}

static void job_cancel__also_ends_what_was_on_its_way_to_waiting(void **state)
{
    char id[RAND_ID_SIZE];
    struct job_update update = JOB_UPDATE_NONE;
    int64_t epoch;

    (void)state;
    memcpy(id, make_job(1, 1, "normal"), RAND_ID_SIZE);
    epoch = lease_job(id);
    MUST(store_job_cancel(store, id, "no", NULL, 0, NULL, &err));
    update.state = JOB_AWAITING_APPROVAL;
    MUST(store_job_release(store, id, epoch, &update, &err));
    assert_int_equal(state_of(id), JOB_CANCELLED);

    memcpy(id, make_job(1, 2, "normal"), RAND_ID_SIZE);
    epoch = lease_job(id);
    MUST(store_job_update(store, id, epoch, &update, NULL, 0, &err));
    MUST(store_job_cancel(store, id, "no", NULL, 0, NULL, &err));
    MUST(store_take_back(store, "node", &err));
    assert_int_equal(state_of(id), JOB_CANCELLED);
}

static void job_retry__begins_again_behind_what_is_done(void **state)
{
    char id[RAND_ID_SIZE];
    struct job job = {0};
    struct job_step *steps = NULL;
    int64_t epoch;
    int attempt = 0;
    size_t n = 0;

    (void)state;
    memcpy(id, make_job(1, 1, "normal"), RAND_ID_SIZE);
    FAILS(VDO_E_REFUSED, store_job_retry(store, id, NULL, 0, &err));
    epoch = lease_job(id);
    MUST(store_step_begin(store, id, epoch, "plan", NULL, NULL, &err));
    MUST(store_step_finish(store, id, epoch, "plan", STEP_DONE, "{}", "", NULL, NULL, 0, &err));
    MUST(store_step_begin(store, id, epoch, "build", NULL, NULL, &err));
    MUST(store_step_finish(store, id, epoch, "build", STEP_FAILED, "{}", "", NULL, NULL, 0, &err));
    MUST(store_job_finish(store, id, epoch, JOB_FAILED, "failed", "no", NULL, 0, &err));
    MUST(store_job_retry(store, id, NULL, 0, &err));
    MUST(store_step_list(store, id, &steps, &n, &err));
    assert_int_equal(n, 1);
    assert_string_equal(steps[0].name, "plan");
    job_step_release(&steps[0]);
    free(steps);
    MUST(store_job_get(store, id, &job, &err));
    assert_int_equal(job.state, JOB_QUEUED);
    assert_int_equal(job.finished_at_ms, 0);
    assert_string_equal(job.reason, "");
    assert_false(job.cancel_requested);
    job_release(&job);
    epoch = lease_job(id);
    MUST(store_step_begin(store, id, epoch, "build", NULL, &attempt, &err));
    assert_int_equal(attempt, 2);
    MUST(store_job_finish(store, id, epoch, JOB_COMPLETED, "", "", NULL, 0, &err));
    FAILS(VDO_E_REFUSED, store_job_retry(store, id, NULL, 0, &err));
    FAILS(VDO_E_NOT_FOUND, store_job_retry(store, "none", NULL, 0, &err));
}

static void job_retry__is_refused_while_another_is_open(void **state)
{
    char id[RAND_ID_SIZE];

    (void)state;
    memcpy(id, make_job(1, 1, "normal"), RAND_ID_SIZE);
    MUST(store_job_cancel(store, id, "", NULL, 0, NULL, &err));
    (void)make_job(1, 1, "normal");
    FAILS(VDO_E_REFUSED, store_job_retry(store, id, NULL, 0, &err));
}

static void job_wake__lets_a_waiting_job_go_on(void **state)
{
    struct job_update update = JOB_UPDATE_NONE;
    struct job job = {0};

    (void)state;
    for (int in = 0; in < JOB_STATES; in++) {
        const char *id = make_job(1, in + 1, "normal");
        bool waits = in == JOB_AWAITING_APPROVAL || in == JOB_AWAITING_ANSWER;

        update = JOB_UPDATE_NONE;
        update.state = in;
        MUST(store_job_update(store, id, -1, &update, NULL, 0, &err));
        update = JOB_UPDATE_NONE;
        update.approved_by = "ada";
        assert_int_equal(store_job_wake(store, id, &update, NULL), waits ? VDO_OK : VDO_E_REFUSED);
        MUST(store_job_get(store, id, &job, &err));
        assert_int_equal(job.state, waits ? JOB_QUEUED : (enum job_state)in);
        assert_string_equal(job.approved_by, waits ? "ada" : "");
        job_release(&job);
    }
    FAILS(VDO_E_NOT_FOUND, store_job_wake(store, "none", &update, &err));
}

static void job_rate__takes_one_to_five(void **state)
{
    const char *id = make_job(1, 1, "normal");

    (void)state;
    MUST(store_job_rate(store, id, 5, "ada", &err));
    MUST(store_job_rate(store, id, 1, "ada", &err));
    FAILS(VDO_E_INVALID, store_job_rate(store, id, 0, "ada", &err));
    FAILS(VDO_E_INVALID, store_job_rate(store, id, 6, "ada", &err));
    FAILS(VDO_E_NOT_FOUND, store_job_rate(store, "none", 3, "ada", &err));
}

static void job_list__filters_and_pages(void **state)
{
    static const struct {
        const char *what;
        struct job_filter filter;
        size_t wanted;
    } rows[] = {
        {"all", {.state = -1, .limit = 200}, 12},
        {"a page", {.state = -1, .limit = 5}, 5},
        {"queued", {.state = JOB_QUEUED, .limit = 200}, 9},
        {"cancelled", {.state = JOB_CANCELLED, .limit = 200}, 3},
        {"none of that state", {.state = JOB_FAILED, .limit = 200}, 0},
        {"open", {.state = -1, .only_open = true, .limit = 200}, 9},
        {"a repository by name", {.state = -1, .repo = "o/r1", .limit = 200}, 4},
        {"a repository by number", {.state = -1, .repo_id = 2, .limit = 200}, 4},
        {"an issue", {.state = -1, .repo_id = 1, .issue = 4, .limit = 200}, 1},
        {"a pull request", {.state = -1, .repo_id = 1, .pr = 77, .limit = 200}, 1},
        {"an unknown repository", {.state = -1, .repo = "o/none", .limit = 200}, 0},
        {"an injection", {.state = -1, .repo = "' OR 1=1 --", .limit = 200}, 0},
    };
    char ids[12][RAND_ID_SIZE];
    struct job_update update = JOB_UPDATE_NONE;

    (void)state;
    for (int i = 0; i < 12; i++)
        memcpy(ids[i], make_job(i % 3, i, "normal"), RAND_ID_SIZE);
    for (int i = 0; i < 3; i++)
        MUST(store_job_cancel(store, ids[i], "", NULL, 0, NULL, &err));
    update.pr = 77;
    MUST(store_job_update(store, ids[4], -1, &update, NULL, 0, &err));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct job_filter filter = rows[i].filter;
        struct job *jobs = NULL;
        size_t n = 0;
        size_t total = 0;

        do {
            MUST(store_job_list(store, &filter, &jobs, &n, &err));
            for (size_t k = 0; k < n; k++) {
                assert_true(filter.before_seq == 0 || jobs[k].seq < filter.before_seq);
                filter.before_seq = jobs[k].seq;
                job_release(&jobs[k]);
            }
            free(jobs);
            total += n;
        } while (n == (size_t)filter.limit && filter.limit > 5);
        if (total != rows[i].wanted)
            fail_msg("%s: %zu", rows[i].what, total);
    }
}

static void take_back__frees_the_leases_of_its_node_only(void **state)
{
    char mine[RAND_ID_SIZE];
    char theirs[RAND_ID_SIZE];
    struct job job = {0};

    (void)state;
    memcpy(mine, make_job(1, 1, "normal"), RAND_ID_SIZE);
    memcpy(theirs, make_job(2, 1, "normal"), RAND_ID_SIZE);
    (void)lease_job(mine);
    MUST(store_job_lease(store, "other", theirs, now(), LEASE_MS, &job, &err));
    job_release(&job);
    reopen();
    MUST(store_take_back(store, "node", &err));
    lease_next(mine);
    FAILS(VDO_E_NOT_FOUND, store_job_lease(store, "node", NULL, now(), LEASE_MS, &job, &err));
}

static const struct CMUnitTest job_tests[] = {
    CONTRACT(job_create__keeps_what_it_was_given),
    CONTRACT(job_create__refuses_a_text_without_bounds),
    CONTRACT(job_create__holds_one_open_job_per_issue),
    CONTRACT(job_create__counts_generations),
    CONTRACT(job_create__makes_one_job_of_one_delivery),
    CONTRACT(job_create__wins_once_at_the_same_moment),
    CONTRACT(job_create__takes_rows_along_or_nothing),
    CONTRACT(job_lease__goes_by_priority_then_fairness_then_age),
    CONTRACT(job_lease__takes_only_what_is_due),
    CONTRACT(job_lease__waits_for_run_at),
    CONTRACT(job_lease__passes_on_when_it_has_run_out),
    CONTRACT(job_lease__gives_each_to_one_thread_only),
    CONTRACT(fencing__refuses_the_writes_of_a_lost_lease),
    CONTRACT(fencing__tells_a_job_that_does_not_exist),
    CONTRACT(job_renew__keeps_the_lease_and_tells_of_a_cancel),
    CONTRACT(job_update__changes_what_is_named_only),
    CONTRACT(job_finish__ends_it_with_its_rows_or_not_at_all),
    CONTRACT(job_cancel__ends_at_once_what_nobody_runs),
    CONTRACT(job_cancel__ends_a_job_whose_worker_is_gone),
    CONTRACT(job_cancel__also_ends_what_was_on_its_way_to_waiting),
    CONTRACT(job_retry__begins_again_behind_what_is_done),
    CONTRACT(job_retry__is_refused_while_another_is_open),
    CONTRACT(job_wake__lets_a_waiting_job_go_on),
    CONTRACT(job_rate__takes_one_to_five),
    CONTRACT(job_list__filters_and_pages),
    CONTRACT(take_back__frees_the_leases_of_its_node_only),
};
