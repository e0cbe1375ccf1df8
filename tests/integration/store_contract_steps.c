#include "store_contract.h"

static const char *job_with_lease(int64_t issue, int64_t *out_epoch)
{
    const char *id = make_job(1, issue, "normal");

    *out_epoch = lease_job(id);
    return id;
}

/* ---- steps ---- */

static void step_finish__keeps_the_checkpoint(void **state)
{
    int64_t epoch = 0;
    const char *id = job_with_lease(1, &epoch);
    struct job_update update = JOB_UPDATE_NONE;
    struct job_step *steps = NULL;
    struct job job = {0};
    int attempt = 0;
    size_t n = 0;

    (void)state;
    update.state = JOB_PLANNING;
    update.step = "plan";
    MUST(store_step_begin(store, id, epoch, "plan", &update, &attempt, &err));
    assert_int_equal(attempt, 1);
    assert_int_equal(state_of(id), JOB_PLANNING);
    clock_fake_advance(&test_time, 5);
    update.headline = "planned";
    MUST(store_step_finish(store, id, epoch, "plan", STEP_DONE, "{\"tasks\":[]}", "0 tasks",
                           &update, NULL, 0, &err));
    MUST(store_step_finish(store, id, epoch, "refine", STEP_SKIPPED, NULL, "not asked for", NULL,
                           NULL, 0, &err));
    reopen();
    MUST(store_step_list(store, id, &steps, &n, &err));
    assert_int_equal(n, 2);
    assert_string_equal(steps[0].name, "plan");
    assert_int_equal(steps[0].state, STEP_DONE);
    assert_string_equal(steps[0].output, "{\"tasks\":[]}");
    assert_string_equal(steps[0].note, "0 tasks");
    assert_int_equal(steps[0].finished_at_ms - steps[0].started_at_ms, 5);
    assert_int_equal(steps[1].state, STEP_SKIPPED);
    assert_string_equal(steps[1].output, "null");
    for (size_t i = 0; i < n; i++)
        job_step_release(&steps[i]);
    free(steps);
    MUST(store_job_get(store, id, &job, &err));
    assert_string_equal(job.headline, "planned");
    job_release(&job);
}

static void step_begin__counts_attempts_and_keeps_the_order(void **state)
{
    int64_t epoch = 0;
    const char *id = job_with_lease(1, &epoch);
    struct job_step *steps = NULL;
    int attempt = 0;
    size_t n = 0;

    (void)state;
    MUST(store_step_begin(store, id, epoch, "a", NULL, &attempt, &err));
    MUST(store_step_finish(store, id, epoch, "a", STEP_FAILED, "{}", "no", NULL, NULL, 0, &err));
    MUST(store_step_begin(store, id, epoch, "b", NULL, &attempt, &err));
    MUST(store_step_begin(store, id, epoch, "a", NULL, &attempt, &err));
    assert_int_equal(attempt, 2);
    MUST(store_step_list(store, id, &steps, &n, &err));
    assert_int_equal(n, 2);
    assert_string_equal(steps[0].name, "a");
    assert_int_equal(steps[0].attempt, 2);
    assert_int_equal(steps[0].state, STEP_RUNNING);
    assert_string_equal(steps[0].output, "null");
    assert_string_equal(steps[1].name, "b");
    for (size_t i = 0; i < n; i++)
        job_step_release(&steps[i]);
    free(steps);
    MUST(store_step_list(store, "none", &steps, &n, &err));
    assert_int_equal(n, 0);
    free(steps);
}

static void step_finish__refuses_a_checkpoint_without_bounds(void **state)
{
    int64_t epoch = 0;
    const char *id = job_with_lease(1, &epoch);
    size_t len = 8UL * 1024 * 1024 + 1;
    AUTO_FREE char *output = xcalloc(1, len + 1);

    (void)state;
    memset(output, ' ', len);
    FAILS(VDO_E_TOO_LARGE,
          store_step_finish(store, id, epoch, "a", STEP_DONE, output, "", NULL, NULL, 0, &err));
}

static void step_finish__takes_rows_along_or_nothing(void **state)
{
    int64_t epoch = 0;
    const char *id = job_with_lease(1, &epoch);
    char kind[] = "comment";
    char payload[] = "{}";
    struct outbox_row rows[2] = {{.kind = kind, .payload = payload}, {0}};
    struct job_step *steps = NULL;
    size_t n = 0;

    (void)state;
    (void)rand_id(rows[0].id);
    rows[1] = rows[0];
    MUST(store_step_begin(store, id, epoch, "a", NULL, NULL, &err));
    FAILS(VDO_E_CONFLICT,
          store_step_finish(store, id, epoch, "a", STEP_DONE, "{}", "", NULL, rows, 2, &err));
    MUST(store_step_list(store, id, &steps, &n, &err));
    assert_int_equal(steps[0].state, STEP_RUNNING);
    job_step_release(&steps[0]);
    free(steps);
    FAILS(VDO_E_NOT_FOUND, store_outbox_get(store, rows[0].id, &(struct outbox_row){0}, &err));
    MUST(store_step_finish(store, id, epoch, "a", STEP_DONE, "{}", "", NULL, rows, 1, &err));
    assert_int_equal(row_state(rows[0].id), OUTBOX_PENDING);
}

/* ---- logs ---- */

static void log_list__pages_by_cursor(void **state)
{
    struct job_log *lines = NULL;
    int64_t after = 0;
    size_t total = 0;
    size_t n = 0;

    (void)state;
    for (int i = 0; i < 25; i++)
        MUST(store_log_add(store, i % 5 ? "j1" : "j2", "plan", "info", "text", &err));
    do {
        MUST(store_log_list(store, "j1", after, 8, &lines, &n, &err));
        for (size_t i = 0; i < n; i++) {
            assert_true(lines[i].seq > after);
            after = lines[i].seq;
            assert_string_equal(lines[i].text, "text");
            assert_string_equal(lines[i].level, "info");
            assert_string_equal(lines[i].step, "plan");
            assert_int_equal(lines[i].at_ms, CONTRACT_START_MS);
            job_log_release(&lines[i]);
        }
        free(lines);
        total += n;
    } while (n > 0);
    assert_int_equal(total, 20);
}

static void log_add__cuts_a_long_line_between_characters(void **state)
{
    size_t len = 100000;
    AUTO_FREE char *text = xcalloc(1, len + 1);
    struct job_log *lines = NULL;
    size_t n = 0;

    (void)state;
    for (size_t i = 0; i + 1 < len; i += 2)
        memcpy(text + i, "\xc3\xa4", 2);
    MUST(store_log_add(store, "j", "", "info", text, &err));
    MUST(store_log_list(store, "j", 0, 10, &lines, &n, &err));
    assert_int_equal(n, 1);
    assert_true(strlen(lines[0].text) <= 8192);
    assert_true(js_is_utf8(lines[0].text, strlen(lines[0].text)));
    assert_non_null(strstr(lines[0].text, "[cut]"));
    job_log_release(&lines[0]);
    free(lines);
}

/* ---- where a script stands ---- */

static void call(const char *job_id, const char *step, int step_attempt, const char *role, bool ok)
{
    struct model_call c = {.step_attempt = step_attempt, .ok = ok, .attempt = 1, .at_ms = now()};
    AUTO_FREE char *job_copy = xstrdup(job_id);
    AUTO_FREE char *step_copy = xstrdup(step);
    AUTO_FREE char *role_copy = xstrdup(role);

    c.job_id = job_copy;
    c.step = step_copy;
    c.role = role_copy;
    c.provider = role_copy;
    c.model = role_copy;
    MUST(store_call_add(store, &c, 0, &err));
}

static int64_t position(const char *job_id, const char *role)
{
    int64_t at = -1;

    MUST(store_call_position(store, job_id, role, &at, &err));
    return at;
}

static void call_position__leaves_out_abandoned_attempts(void **state)
{
    char id[RAND_ID_SIZE];
    int64_t epoch = 0;

    (void)state;
    memcpy(id, job_with_lease(1, &epoch), RAND_ID_SIZE);
    assert_int_equal(position(id, "builder"), 0);
    MUST(store_step_begin(store, id, epoch, "build", NULL, NULL, &err));
    call(id, "build", 1, "builder", true);
    call(id, "build", 1, "builder", false); /* a failed try is not a turn */
    call(id, "build", 1, "planner", true);
    call(id, "build", 1, "builder", true);
    assert_int_equal(position(id, "builder"), 2);
    /* The worker is killed; the next one begins the step again. */
    MUST(store_take_back(store, "node", &err));
    epoch = lease_job(id);
    MUST(store_step_begin(store, id, epoch, "build", NULL, NULL, &err));
    assert_int_equal(position(id, "builder"), 0);
    call(id, "build", 2, "builder", true);
    assert_int_equal(position(id, "builder"), 1);
    MUST(store_step_finish(store, id, epoch, "build", STEP_DONE, "{}", "", NULL, NULL, 0, &err));
    assert_int_equal(position(id, "builder"), 1);
    /* A later step may ask the same role. */
    MUST(store_step_begin(store, id, epoch, "verify", NULL, NULL, &err));
    call(id, "verify", 1, "builder", true);
    assert_int_equal(position(id, "builder"), 2);
    /* A step that ended badly had its turns. */
    MUST(store_step_finish(store, id, epoch, "verify", STEP_FAILED, "{}", "", NULL, NULL, 0, &err));
    MUST(store_job_finish(store, id, epoch, JOB_FAILED, "", "", NULL, 0, &err));
    MUST(store_job_retry(store, id, NULL, 0, &err));
    epoch = lease_job(id);
    MUST(store_step_begin(store, id, epoch, "verify", NULL, NULL, &err));
    assert_int_equal(position(id, "builder"), 2);
}

static void call_position__counts_an_attempt_that_waited_for_a_person(void **state)
{
    char id[RAND_ID_SIZE];
    int64_t epoch = 0;
    struct job_update update = JOB_UPDATE_NONE;

    (void)state;
    memcpy(id, job_with_lease(1, &epoch), RAND_ID_SIZE);
    MUST(store_step_begin(store, id, epoch, "refine", NULL, NULL, &err));
    call(id, "refine", 1, "refiner", true);
    update.state = JOB_AWAITING_ANSWER;
    MUST(store_job_release(store, id, epoch, &update, &err));
    update = JOB_UPDATE_NONE;
    update.answer = "yes";
    MUST(store_job_wake(store, id, &update, &err));
    epoch = lease_job(id);
    MUST(store_step_begin(store, id, epoch, "refine", NULL, NULL, &err));
    assert_int_equal(position(id, "refiner"), 1);
}

static void call_list__gives_bodies_on_request(void **state)
{
    char text[] = "t";
    char request[] = "{\"q\":1}";
    char response[] = "{\"a\":2}";
    struct model_call c = {.job_id = text,
                           .step = text,
                           .step_attempt = 1,
                           .role = text,
                           .provider = text,
                           .model = text,
                           .attempt = 2,
                           .at_ms = 3,
                           .latency_ms = 4,
                           .request = request,
                           .response = response,
                           .ok = true,
                           .input_tokens = 5,
                           .cache_read_tokens = 6,
                           .cache_write_tokens = 7,
                           .output_tokens = 8,
                           .estimated = true,
                           .cost_microusd = 9};
    struct model_call *calls = NULL;
    size_t n = 0;

    (void)state;
    MUST(store_call_add(store, &c, 0, &err));
    for (int with = 0; with < 2; with++) {
        MUST(store_call_list(store, "t", with, &calls, &n, &err));
        assert_int_equal(n, 1);
        assert_int_equal(calls[0].attempt, 2);
        assert_int_equal(calls[0].latency_ms, 4);
        assert_int_equal(calls[0].input_tokens + calls[0].cache_read_tokens * 10 +
                             calls[0].cache_write_tokens * 100 + calls[0].output_tokens * 1000,
                         8765);
        assert_true(calls[0].ok && calls[0].estimated);
        assert_int_equal(calls[0].cost_microusd, 9);
        if (with)
            assert_string_equal(calls[0].response, response);
        else
            assert_null(calls[0].request);
        model_call_release(&calls[0]);
        free(calls);
    }
}

static const struct CMUnitTest step_tests[] = {
    CONTRACT(step_finish__keeps_the_checkpoint),
    CONTRACT(step_begin__counts_attempts_and_keeps_the_order),
    CONTRACT(step_finish__refuses_a_checkpoint_without_bounds),
    CONTRACT(step_finish__takes_rows_along_or_nothing),
    CONTRACT(log_list__pages_by_cursor),
    CONTRACT(log_add__cuts_a_long_line_between_characters),
    CONTRACT(call_position__leaves_out_abandoned_attempts),
    CONTRACT(call_position__counts_an_attempt_that_waited_for_a_person),
    CONTRACT(call_list__gives_bodies_on_request),
};
