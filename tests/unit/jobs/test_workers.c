#include "fixture.c"

/* ---- a runner that does as it is told ---- */

enum act {
    FINISH,      /* leave it completed */
    WAIT_PERSON, /* leave it waiting, lease held */
    PARK,        /* leave it waiting, lease given back */
    NOTHING,     /* return 0 and leave it as it is */
    RETURN,      /* return `code` */
    HOLD,        /* until *stop, then VDO_E_CANCELLED */
    HOLD_DRAIN,  /* until *draining, then VDO_E_CANCELLED */
};

static struct {
    _Atomic enum act act;
    _Atomic int code;
    atomic_int runs;
    atomic_int running;
    atomic_bool saw_cancelled;
    atomic_int_least64_t epoch;
} runner;

static int leave_waiting(const struct job_lease *lease, bool give_back, struct err *err)
{
    struct job_update update = JOB_UPDATE_NONE;

    update.state = JOB_AWAITING_APPROVAL;
    if (give_back)
        return store_job_release(store, lease->job.id, lease->job.epoch, &update, err);
    return store_job_update(store, lease->job.id, lease->job.epoch, &update, NULL, 0, err);
}

static int run_hold(const struct job_lease *lease, const atomic_bool *until, struct err *err)
{
    while (!atomic_load(until) && atomic_load(&runner.act) != FINISH)
        (void)nanosleep(&(struct timespec){.tv_nsec = 500000}, NULL);
    atomic_store(&runner.saw_cancelled, lease->is_cancelled(lease));
    return err_set(err, VDO_E_CANCELLED, "asked to stop");
}

static int act(struct job_lease *lease, struct err *err)
{
    switch (atomic_load(&runner.act)) {
    case FINISH:
        return store_job_finish(store, lease->job.id, lease->job.epoch, JOB_COMPLETED, "verified",
                                "", NULL, 0, err);
    case WAIT_PERSON:
        return leave_waiting(lease, false, err);
    case PARK:
        return leave_waiting(lease, true, err);
    case NOTHING: {
        struct job_update update = JOB_UPDATE_NONE;

        update.state = JOB_BUILDING;
        return store_job_update(store, lease->job.id, lease->job.epoch, &update, NULL, 0, err);
    }
    case HOLD:
        return run_hold(lease, lease->stop, err);
    case HOLD_DRAIN:
        return run_hold(lease, lease->draining, err);
    case RETURN:
        break;
    }
    return err_set(err, (enum vdo_code)atomic_load(&runner.code), "because");
}

static int run(void *arg, struct job_lease *lease, struct err *err)
{
    int rc;

    (void)arg;
    atomic_fetch_add(&runner.runs, 1);
    atomic_store(&runner.epoch, lease->job.epoch);
    atomic_fetch_add(&runner.running, 1);
    rc = act(lease, err);
    atomic_fetch_sub(&runner.running, 1);
    return rc;
}

static char job[RAND_ID_SIZE];

static int setup_workers(void **state)
{
    atomic_store(&runner.act, FINISH);
    atomic_store(&runner.runs, 0);
    atomic_store(&runner.running, 0);
    atomic_store(&runner.saw_cancelled, false);
    if (setup(state))
        return -1;
    options.workers = 2;
    options.run = run;
    return 0;
}

#define WORKERS(name) cmocka_unit_test_setup_teardown(name, setup_workers, teardown)

static bool is_free(const char *id)
{
    struct job j = get_job(id);
    bool is = j.lease_until_ms == 0;

    job_release(&j);
    return is;
}

static void expect_reason(const char *says)
{
    struct job j = get_job(job);

    if (!strstr(j.reason, says))
        fail_msg("\"%s\" does not say \"%s\"", j.reason, says);
    job_release(&j);
}

/* ---- outcomes ---- */

static void worker__runs_a_submitted_job(void **state)
{
    (void)state;
    start_jobs();
    make_job(1, job);
    WAIT_FOR(state_of(job) == JOB_COMPLETED);
    assert_int_equal(atomic_load(&runner.runs), 1);
}

static void worker__settles_each_outcome(void **state)
{
    static const struct {
        const char *what;
        enum act act;
        int code;
        enum job_state becomes;
        const char *reason;
    } rows[] = {
        {"completed", FINISH, 0, JOB_COMPLETED, ""},
        {"waiting, lease held", WAIT_PERSON, 0, JOB_AWAITING_APPROVAL, ""},
        {"waiting, lease given back", PARK, 0, JOB_AWAITING_APPROVAL, ""},
        {"no outcome", NOTHING, 0, JOB_FAILED, "without an outcome"},
        {"invalid", RETURN, VDO_E_INVALID, JOB_FAILED, "because"},
        {"refused", RETURN, VDO_E_REFUSED, JOB_FAILED, "because"},
        {"limit", RETURN, VDO_E_LIMIT, JOB_FAILED, "because"},
        {"io", RETURN, VDO_E_IO, JOB_FAILED, "because"},
    };

    (void)state;
    start_jobs();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        atomic_store(&runner.act, rows[i].act);
        atomic_store(&runner.code, rows[i].code);
        make_job((int64_t)i + 1, job);
        WAIT_FOR(atomic_load(&runner.runs) == (int)i + 1);
        WAIT_FOR(is_free(job) && state_of(job) != JOB_QUEUED);
        if (state_of(job) != rows[i].becomes)
            fail_msg("%s: %s", rows[i].what, job_state_name(state_of(job)));
        expect_reason(rows[i].reason);
    }
}

static void worker__tries_a_temporary_failure_again_later(void **state)
{
    struct job j;

    (void)state;
    atomic_store(&runner.act, RETURN);
    atomic_store(&runner.code, VDO_E_TEMPORARY);
    start_jobs();
    make_job(1, job);
    WAIT_FOR(atomic_load(&runner.runs) == 1 && is_free(job));
    j = get_job(job);
    assert_true(j.run_at_ms > time_now());
    assert_string_equal(j.reason, "because");
    job_release(&j);
    atomic_store(&runner.act, FINISH);
    advance(HOUR_MS);
    bus_ring(bus, BUS_JOBS);
    WAIT_FOR(state_of(job) == JOB_COMPLETED);
    assert_int_equal(atomic_load(&runner.runs), 2);
}

static void worker__gives_up_a_job_that_is_always_temporary(void **state)
{
    (void)state;
    options.lease_ms = 10000 * HOUR_MS; /* the hours that pass below are not the worker's */
    atomic_store(&runner.act, RETURN);
    atomic_store(&runner.code, VDO_E_TEMPORARY);
    start_jobs();
    make_job(1, job);
    WAIT_FOR((advance(HOUR_MS), bus_ring(bus, BUS_JOBS), state_of(job) == JOB_FAILED));
    assert_int_equal(atomic_load(&runner.runs), 30);
    expect_reason("given up after 30 attempts: because");
}

static void worker__gives_up_a_job_that_kills_its_process(void **state)
{
    struct job j = {0};

    (void)state;
    new_jobs();
    make_job(1, job);
    for (int i = 0; i < 30; i++) {
        MUST(store_job_lease(store, jobs_node(jobs), job, time_now(), MINUTE_MS, &j, &err));
        job_release(&j);
        MUST(store_take_back(store, jobs_node(jobs), &err));
    }
    MUST(jobs_start(jobs, &err));
    WAIT_FOR(state_of(job) == JOB_FAILED);
    assert_int_equal(atomic_load(&runner.runs), 0);
    expect_reason("ended with the process");
}

/* ---- cancel, stop, leases ---- */

static void cancel__reaches_a_running_job_at_once(void **state)
{
    struct job j;

    (void)state;
    atomic_store(&runner.act, HOLD);
    start_jobs();
    make_job(1, job);
    WAIT_FOR(atomic_load(&runner.running) == 1);
    MUST(jobs_cancel(jobs, job, "label removed", &err));
    WAIT_FOR(state_of(job) == JOB_CANCELLED);
    assert_true(atomic_load(&runner.saw_cancelled));
    j = get_job(job);
    assert_string_equal(j.reason, "label removed");
    job_release(&j);
    assert_int_equal(jobs_cancel(jobs, job, "", NULL), VDO_E_REFUSED);
    assert_int_equal(jobs_cancel(jobs, "none", "", NULL), VDO_E_NOT_FOUND);
}

static void cancel__by_another_process_is_learned_with_the_renewal(void **state)
{
    (void)state;
    options.lease_ms = 150;
    atomic_store(&runner.act, HOLD);
    start_jobs();
    make_job(1, job);
    WAIT_FOR(atomic_load(&runner.running) == 1);
    MUST(store_job_cancel(store, job, "from the shell", NULL, 0, NULL, &err));
    WAIT_FOR(state_of(job) == JOB_CANCELLED);
    assert_true(atomic_load(&runner.saw_cancelled));
}

static void cancel__of_a_queued_job_never_runs_it(void **state)
{
    (void)state;
    new_jobs();
    make_job(1, job);
    MUST(jobs_cancel(jobs, job, "no", &err));
    MUST(jobs_start(jobs, &err));
    make_job(2, job);
    WAIT_FOR(state_of(job) == JOB_COMPLETED);
    assert_int_equal(atomic_load(&runner.runs), 1);
}

static void stop__gives_the_lease_back_and_the_next_process_goes_on(void **state)
{
    (void)state;
    atomic_store(&runner.act, HOLD);
    start_jobs();
    make_job(1, job);
    WAIT_FOR(atomic_load(&runner.running) == 1);
    jobs_stop(jobs, 0);
    assert_false(atomic_load(&runner.saw_cancelled));
    assert_true(is_free(job));
    assert_int_equal(state_of(job), JOB_QUEUED);
    jobs_free(jobs);
    atomic_store(&runner.act, FINISH);
    start_jobs();
    WAIT_FOR(state_of(job) == JOB_COMPLETED);
}

static void stop__lets_a_step_end_within_the_grace(void **state)
{
    (void)state;
    atomic_store(&runner.act, HOLD_DRAIN);
    start_jobs();
    make_job(1, job);
    WAIT_FOR(atomic_load(&runner.running) == 1);
    jobs_stop(jobs, HOUR_MS); /* ends at once: the runner sees that it is draining */
    assert_true(is_free(job));
    make_job(2, job);
    assert_int_equal(state_of(job), JOB_QUEUED);
    assert_int_equal(atomic_load(&runner.runs), 1);
}

static void lease__is_renewed_while_the_job_runs(void **state)
{
    struct job j = {0};

    (void)state;
    options.lease_ms = 90;
    atomic_store(&runner.act, HOLD);
    start_jobs();
    make_job(1, job);
    WAIT_FOR(atomic_load(&runner.running) == 1);
    for (int i = 0; i < 5; i++) {
        advance(60);
        WAIT_FOR((job_release(&j), j = get_job(job), j.lease_until_ms >= time_now() + 80));
    }
    job_release(&j);
    assert_int_equal(atomic_load(&runner.runs), 1);
}

static void lease__that_was_lost_stops_the_worker_and_leaves_the_job_alone(void **state)
{
    struct job j = {0};

    (void)state;
    options.lease_ms = 3000;
    atomic_store(&runner.act, HOLD);
    start_jobs();
    make_job(1, job);
    WAIT_FOR(atomic_load(&runner.running) == 1);
    advance(3000); /* as if this process had been stopped for long */
    MUST(store_job_lease(store, "other", job, time_now(), HOUR_MS, &j, &err));
    WAIT_FOR(atomic_load(&runner.running) == 0);
    assert_false(atomic_load(&runner.saw_cancelled));
    jobs_stop(jobs, PATIENT_MS);
    job_release(&j);
    j = get_job(job);
    assert_string_equal(j.lease_node, "other");
    assert_int_equal(j.state, JOB_QUEUED);
    job_release(&j);
}

static void workers__share_the_work_and_run_nothing_twice(void **state)
{
    enum { N = 60 };

    (void)state;
    options.workers = 4;
    start_jobs();
    for (int i = 0; i < N; i++)
        make_job(i + 1, job);
    WAIT_FOR(atomic_load(&runner.runs) >= N);
    jobs_stop(jobs, PATIENT_MS);
    assert_int_equal(atomic_load(&runner.runs), N);
}

/* ---- changes by people ---- */

static void wake__lets_a_waiting_job_run_on(void **state)
{
    struct job_update update = JOB_UPDATE_NONE;
    struct job j;

    (void)state;
    atomic_store(&runner.act, PARK);
    start_jobs();
    make_job(1, job);
    WAIT_FOR(state_of(job) == JOB_AWAITING_APPROVAL);
    atomic_store(&runner.act, FINISH);
    update.approved_by = "ada";
    MUST(jobs_wake(jobs, job, &update, &err));
    WAIT_FOR(state_of(job) == JOB_COMPLETED);
    j = get_job(job);
    assert_string_equal(j.approved_by, "ada");
    job_release(&j);
    assert_int_equal(jobs_wake(jobs, job, &update, NULL), VDO_E_REFUSED);
}

static void retry__runs_a_failed_job_again(void **state)
{
    (void)state;
    atomic_store(&runner.act, RETURN);
    atomic_store(&runner.code, VDO_E_IO);
    start_jobs();
    make_job(1, job);
    WAIT_FOR(state_of(job) == JOB_FAILED);
    atomic_store(&runner.act, FINISH);
    MUST(jobs_retry(jobs, job, &err));
    WAIT_FOR(state_of(job) == JOB_COMPLETED);
    assert_int_equal(jobs_retry(jobs, job, NULL), VDO_E_REFUSED);
}

static void submit__names_the_job_that_is_there_already(void **state)
{
    struct job j = make_job_struct(1);
    char again[RAND_ID_SIZE] = "";

    (void)state;
    new_jobs();
    make_job(1, job);
    assert_int_equal(jobs_submit(jobs, &j, NULL, 0, again, NULL), VDO_E_CONFLICT);
    assert_string_equal(again, job);
}

/* ---- live events ---- */

static char last_type[32];
static char last_data[2000];

static void hear(void *arg, const struct bus_event *event)
{
    (void)arg;
    (void)snprintf(last_type, sizeof(last_type), "%s", event->type);
    (void)snprintf(last_data, sizeof(last_data), "%s", event->data);
}

static void changed__publishes_the_job_as_the_api_shows_it(void **state)
{
    static const char *const members[] = {
        "id",   "state",    "headline", "repo",       "issue",      "pr",          "title",
        "type", "priority", "branch",   "created_at", "started_at", "finished_at", "cost_usd"};
    json_auto_t *json = NULL;

    (void)state;
    new_jobs();
    (void)bus_subscribe(bus, UINT64_MAX, hear, NULL);
    make_job(1, job);
    jobs_changed(jobs, job);
    assert_string_equal(last_type, "job_update");
    assert_int_equal(js_parse(last_data, strlen(last_data), &json, NULL), 0);
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
        if (!json_object_get(json, members[i]))
            fail_msg("%s is missing", members[i]);
    assert_string_equal(js_str(json, "id", ""), job);
    assert_string_equal(js_str(json, "created_at", ""), "2026-11-21T08:00:00Z");
    assert_true(json_is_null(json_object_get(json, "pr")));
    assert_true(json_is_null(json_object_get(json, "finished_at")));
    assert_int_equal(js_int(json, "issue", 0), 1);
    jobs_changed(jobs, "none");
}

static void log__is_kept_and_published_without_secrets(void **state)
{
    static const char token[] = "ghp_0123456789abcdefghijABCDEFGHIJ012345";
    AUTO_FREE char *text = xasprintf("using %s now", token);
    struct job_log *lines = NULL;
    size_t n = 0;

    (void)state;
    new_jobs();
    (void)bus_subscribe(bus, UINT64_MAX, hear, NULL);
    make_job(1, job);
    jobs_log(jobs, job, "build", "info", text);
    assert_string_equal(last_type, "log");
    assert_null(strstr(last_data, token));
    MUST(store_log_list(store, job, 0, 10, &lines, &n, &err));
    assert_int_equal(n, 1);
    assert_string_equal(lines[0].text, "using [redacted] now");
    job_log_release(&lines[0]);
    free(lines);
}

/* ---- in this thread ---- */

static void run_now__runs_and_sends_the_rest(void **state)
{
    (void)state;
    options.workers = 0;
    new_jobs();
    make_job(1, job);
    add_row(job, "progress", json_pack("{s:i}", "issue", 1), NULL);
    MUST(jobs_run_now(jobs, job, &err));
    assert_int_equal(state_of(job), JOB_COMPLETED);
    assert_int_equal(our_comments(), 1);
    expect_comment(0, "first");
    assert_int_equal(jobs_run_now(jobs, job, NULL), VDO_E_NOT_FOUND);
    assert_int_equal(jobs_run_now(jobs, "none", NULL), VDO_E_NOT_FOUND);
}

static void run_now__returns_what_the_runner_returned(void **state)
{
    static const int codes[] = {VDO_E_LIMIT, VDO_E_REFUSED, VDO_E_INVALID, VDO_E_IO};

    (void)state;
    options.workers = 0;
    new_jobs();
    atomic_store(&runner.act, RETURN);
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        struct err err = {0};

        atomic_store(&runner.code, codes[i]);
        make_job((int64_t)i + 1, job);
        assert_int_equal(jobs_run_now(jobs, job, &err), codes[i]);
        assert_string_equal(err.text, "because");
    }
}

static void *let_an_hour_pass(void *arg)
{
    (void)arg;
    while (atomic_load(&runner.runs) < 1 || !is_free(job))
        (void)nanosleep(&(struct timespec){.tv_nsec = 500000}, NULL);
    atomic_store(&runner.act, FINISH);
    advance(HOUR_MS);
    return NULL;
}

static void run_now__waits_for_its_turn_after_a_temporary_failure(void **state)
{
    pthread_t thread;

    (void)state;
    options.workers = 0;
    new_jobs();
    atomic_store(&runner.act, RETURN);
    atomic_store(&runner.code, VDO_E_TEMPORARY);
    make_job(1, job);
    assert_int_equal(pthread_create(&thread, NULL, let_an_hour_pass, NULL), 0);
    MUST(jobs_run_now(jobs, job, &err));
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(atomic_load(&runner.runs), 2);
    assert_int_equal(state_of(job), JOB_COMPLETED);
}

/* ---- the node ---- */

static void node__keeps_its_id_and_takes_back_what_it_held(void **state)
{
    AUTO_FREE char *first = NULL;
    struct job j = {0};

    (void)state;
    new_jobs();
    make_job(1, job);
    first = xstrdup(jobs_node(jobs));
    MUST(store_job_lease(store, first, job, time_now(), HOUR_MS, &j, &err));
    job_release(&j);
    jobs_free(jobs);
    assert_false(is_free(job));
    new_jobs();
    assert_string_equal(jobs_node(jobs), first);
    assert_true(is_free(job));
}

static void node__of_a_second_process_leaves_the_first_alone(void **state)
{
    struct jobs *second = NULL;
    struct job j = {0};

    (void)state;
    new_jobs();
    make_job(1, job);
    MUST(store_job_lease(store, jobs_node(jobs), job, time_now(), HOUR_MS, &j, &err));
    job_release(&j);
    MUST(jobs_new(&options, &second, &err));
    assert_string_not_equal(jobs_node(second), jobs_node(jobs));
    assert_false(is_free(job));
    jobs_free(second);
}

static void node__says_where_it_cannot_write(void **state)
{
    struct err err = {0};

    (void)state;
    options.data_dir = "/proc/nowhere";
    assert_int_not_equal(jobs_new(&options, &jobs, &err), VDO_OK);
    assert_null(jobs);
    assert_non_null(strstr(err.text, "/proc/nowhere"));
}

static void report__counts(void **state)
{
    json_t *report = NULL;

    (void)state;
    options.outbox = true;
    start_jobs();
    make_job(1, job);
    WAIT_FOR(state_of(job) == JOB_COMPLETED);
    WAIT_FOR((json_decref(report), report = jobs_report(jobs),
              js_int(report, "runs", 0) == 1 && js_int(report, "busy", 1) == 0 &&
                  js_int(report, "last_janitor_ms", 0) == START_MS));
    assert_int_equal(js_int(report, "workers", 0), 2);
    assert_int_equal(js_int(report, "failures", -1), 0);
    assert_true(json_is_null(json_object_get(report, "last_error")));
    json_decref(report);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORKERS(worker__runs_a_submitted_job),
        WORKERS(worker__settles_each_outcome),
        WORKERS(worker__tries_a_temporary_failure_again_later),
        WORKERS(worker__gives_up_a_job_that_is_always_temporary),
        WORKERS(worker__gives_up_a_job_that_kills_its_process),
        WORKERS(cancel__reaches_a_running_job_at_once),
        WORKERS(cancel__by_another_process_is_learned_with_the_renewal),
        WORKERS(cancel__of_a_queued_job_never_runs_it),
        WORKERS(stop__gives_the_lease_back_and_the_next_process_goes_on),
        WORKERS(stop__lets_a_step_end_within_the_grace),
        WORKERS(lease__is_renewed_while_the_job_runs),
        WORKERS(lease__that_was_lost_stops_the_worker_and_leaves_the_job_alone),
        WORKERS(workers__share_the_work_and_run_nothing_twice),
        WORKERS(wake__lets_a_waiting_job_run_on),
        WORKERS(retry__runs_a_failed_job_again),
        WORKERS(submit__names_the_job_that_is_there_already),
        WORKERS(changed__publishes_the_job_as_the_api_shows_it),
        WORKERS(log__is_kept_and_published_without_secrets),
        WORKERS(run_now__runs_and_sends_the_rest),
        WORKERS(run_now__returns_what_the_runner_returned),
        WORKERS(run_now__waits_for_its_turn_after_a_temporary_failure),
        WORKERS(node__keeps_its_id_and_takes_back_what_it_held),
        WORKERS(node__of_a_second_process_leaves_the_first_alone),
        WORKERS(node__says_where_it_cannot_write),
        WORKERS(report__counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
