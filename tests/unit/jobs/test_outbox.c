#include "fixture.c"

static char job[RAND_ID_SIZE];
static char row[RAND_ID_SIZE];

static int setup_job(void **state)
{
    if (setup(state))
        return -1;
    new_jobs();
    make_job(1, job);
    return 0;
}

#define ON_JOB(name) cmocka_unit_test_setup_teardown(name, setup_job, teardown)

static void add_comment(const char *body)
{
    add_row(job, "comment", json_pack("{s:i, s:s}", "issue", 1, "body", body), row);
}

static void outbox_row_init__takes_over_from_the_job(void **state)
{
    struct job j = get_job(job);
    struct outbox_row r;

    (void)state;
    outbox_row_init(&r, &j, "comment", json_pack("{s:i}", "issue", 1));
    assert_string_equal(r.job_id, job);
    assert_string_equal(r.forge, "github");
    assert_string_equal(r.repo, REPO);
    assert_int_equal(r.repo_id, 5);
    assert_string_equal(r.payload, "{\"issue\":1}");
    assert_int_equal(strlen(r.id), 12);
    outbox_row_release(&r);
    job_release(&j);
}

static void outbox_marker__is_a_hidden_line(void **state)
{
    char buf[40];

    (void)state;
    assert_string_equal(outbox_marker("abc", buf, sizeof(buf)), "<!-- vdo:abc -->");
}

static void comment__is_sent_once_with_its_marker(void **state)
{
    AUTO_FREE char *wanted = NULL;
    AUTO_FREE char *body = NULL;
    struct outbox_row sent;
    char marker[40];

    (void)state;
    add_comment("hello");
    assert_int_equal(flush(job), VDO_OK);
    assert_int_equal(flush(job), VDO_OK);
    assert_int_equal(our_comments(), 1);
    wanted = xasprintf("hello\n\n%s", outbox_marker(row, marker, sizeof(marker)));
    body = forge_fake_comment(forge, REPO, 1, 0);
    assert_string_equal(body, wanted);
    sent = get_row(row);
    assert_int_equal(sent.state, OUTBOX_DONE);
    assert_string_equal(sent.result, "{\"id\":901}");
    outbox_row_release(&sent);
    assert_int_equal(forge_fake_calls(forge, FAKE_LIST_COMMENTS), 0);
}

/* Send, fail once as told, and send again after the back-off. */
static void send_with_fault(enum fake_call call, enum fake_when when)
{
    forge_fake_fail(forge, call, 1, 1, when, VDO_E_TEMPORARY, 0);
    assert_int_equal(flush(job), VDO_E_TEMPORARY);
    assert_int_equal(row_state(row), OUTBOX_PENDING);
    assert_int_equal(flush(job), VDO_E_TEMPORARY); /* not before its time */
    advance(HOUR_MS);
    assert_int_equal(flush(job), VDO_OK);
    assert_int_equal(row_state(row), OUTBOX_DONE);
}

static void comment__is_there_once_whatever_became_of_the_first_try(void **state)
{
    static const struct {
        enum fake_when when;
        int looks;
    } rows[] = {{FAKE_BEFORE, 0}, {FAKE_LOST, 1}, {FAKE_AFTER, 1}};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        int looks = forge_fake_calls(forge, FAKE_LIST_COMMENTS);

        add_comment("hello");
        send_with_fault(FAKE_CREATE_COMMENT, rows[i].when);
        assert_int_equal(our_comments(), i + 1);
        assert_int_equal(forge_fake_calls(forge, FAKE_LIST_COMMENTS) - looks, rows[i].looks);
    }
}

static void comment__is_not_believed_sent_because_somebody_quotes_its_marker(void **state)
{
    char marker[40];

    (void)state;
    add_comment("hello");
    (void)forge_fake_say(forge, REPO, 1, "mallory", outbox_marker(row, marker, sizeof(marker)));
    send_with_fault(FAKE_CREATE_COMMENT, FAKE_LOST);
    assert_int_equal(our_comments(), 1);
}

static void comment__waits_when_it_cannot_look(void **state)
{
    (void)state;
    add_comment("hello");
    forge_fake_fail(forge, FAKE_CREATE_COMMENT, 1, 1, FAKE_AFTER, VDO_E_TEMPORARY, 0);
    assert_int_equal(flush(job), VDO_E_TEMPORARY);
    forge_fake_fail(forge, FAKE_LIST_COMMENTS, 1, 2, FAKE_BEFORE, VDO_E_TEMPORARY, 0);
    for (int i = 0; i < 2; i++) {
        advance(HOUR_MS);
        assert_int_equal(flush(job), VDO_E_TEMPORARY);
        assert_int_equal(our_comments(), 1);
    }
    advance(HOUR_MS);
    assert_int_equal(flush(job), VDO_OK);
    assert_int_equal(our_comments(), 1);
}

static void outbox__obeys_a_rate_limit(void **state)
{
    struct outbox_row waiting;

    (void)state;
    add_comment("hello");
    forge_fake_fail(forge, FAKE_CREATE_COMMENT, 1, 1, FAKE_BEFORE, VDO_E_TEMPORARY, HOUR_MS);
    assert_int_equal(flush(job), VDO_E_TEMPORARY);
    waiting = get_row(row);
    assert_true(waiting.run_at_ms >= time_now() + HOUR_MS);
    outbox_row_release(&waiting);
    advance(HOUR_MS - 1);
    assert_int_equal(flush(job), VDO_E_TEMPORARY);
    assert_int_equal(our_comments(), 0);
    advance(1);
    assert_int_equal(flush(job), VDO_OK);
}

static void outbox__goes_on_behind_what_is_refused(void **state)
{
    char first[RAND_ID_SIZE];
    struct outbox_row failed;
    struct job_log *lines = NULL;
    size_t n = 0;

    (void)state;
    forge_fake_set_issue(forge, REPO, 1, true, true, false);
    add_comment("hello");
    memcpy(first, row, RAND_ID_SIZE);
    add_row(job, "reaction",
            json_pack("{s:s, s:i, s:s}", "target", "issue", "id", 1, "content", "eyes"), row);
    assert_int_equal(flush(job), VDO_E_REFUSED);
    failed = get_row(first);
    assert_int_equal(failed.state, OUTBOX_FAILED);
    assert_non_null(strstr(failed.reason, "locked"));
    outbox_row_release(&failed);
    assert_int_equal(row_state(row), OUTBOX_DONE);
    MUST(store_log_list(store, job, 0, 10, &lines, &n, &err));
    assert_int_equal(n, 1);
    assert_non_null(strstr(lines[0].text, "comment was not sent: "));
    job_log_release(&lines[0]);
    free(lines);
}

static void outbox__gives_up_in_the_end(void **state)
{
    struct outbox_row failed;
    int tries = 0;

    (void)state;
    add_comment("hello");
    forge_fake_fail(forge, FAKE_ANY, 1, 1000, FAKE_BEFORE, VDO_E_TEMPORARY, 0);
    while (row_state(row) == OUTBOX_PENDING && tries++ < 100) {
        (void)flush(job);
        advance(HOUR_MS);
    }
    failed = get_row(row);
    assert_int_equal(failed.state, OUTBOX_FAILED);
    assert_int_equal(failed.attempts, 30);
    assert_non_null(strstr(failed.reason, "given up after 30 attempts: "));
    outbox_row_release(&failed);
}

static void outbox__fails_what_it_cannot_understand(void **state)
{
    struct outbox_row broken = {0};
    char kind[] = "comment";
    char payload[] = "{";
    struct outbox_row failed;

    (void)state;
    add_row(job, "smoke_signal", NULL, row);
    assert_int_equal(flush(job), VDO_E_REFUSED);
    failed = get_row(row);
    assert_non_null(strstr(failed.reason, "smoke_signal"));
    outbox_row_release(&failed);
    (void)rand_id(broken.id);
    broken.job_id = job;
    broken.kind = kind;
    broken.payload = payload;
    MUST(store_outbox_add(store, &broken, 1, &err));
    (void)flush(job);
    assert_int_equal(row_state(broken.id), OUTBOX_FAILED);
}

static void comment__without_bounds_is_refused(void **state)
{
    AUTO_FREE char *body = xcalloc(1, 70000);

    (void)state;
    memset(body, 'x', 69999);
    add_comment(body);
    assert_int_equal(flush(job), VDO_E_REFUSED);
    assert_int_equal(our_comments(), 0);
}

static void reaction__goes_to_the_issue_or_the_comment(void **state)
{
    int64_t said = forge_fake_say(forge, REPO, 1, "ada", "/vdo build");
    AUTO_FREE char *on_issue = NULL;
    AUTO_FREE char *on_comment = NULL;

    (void)state;
    add_row(job, "reaction",
            json_pack("{s:s, s:i, s:s}", "target", "issue", "id", 1, "content", "eyes"), row);
    send_with_fault(FAKE_ADD_REACTION, FAKE_AFTER);
    add_row(job, "reaction",
            json_pack("{s:s, s:I, s:s}", "target", "comment", "id", (json_int_t)said, "content",
                      "rocket"),
            row);
    assert_int_equal(flush(job), VDO_OK);
    on_issue = forge_fake_reactions(forge, REPO, 1, 0);
    on_comment = forge_fake_reactions(forge, REPO, 1, said);
    assert_string_equal(on_issue, "eyes");
    assert_string_equal(on_comment, "rocket");
    add_row(job, "reaction",
            json_pack("{s:s, s:i, s:s}", "target", "comment", "id", 4711, "content", "eyes"), row);
    assert_int_equal(flush(job), VDO_E_REFUSED); /* it was deleted */
    assert_int_equal(row_state(row), OUTBOX_FAILED);
}

static void label_remove__takes_it_away(void **state)
{
    (void)state;
    forge_fake_set_label(forge, REPO, 1, "vdo", true);
    add_row(job, "label_remove", json_pack("{s:i, s:s}", "issue", 1, "name", "vdo"), row);
    send_with_fault(FAKE_REMOVE_LABEL, FAKE_AFTER);
    assert_false(forge_fake_has_label(forge, REPO, 1, "vdo"));
}

/* ---- pull requests ---- */

static void add_pull(const char *head)
{
    add_row(job, "pull",
            json_pack("{s:s, s:s, s:s, s:s, s:b}", "title", "t", "body", "b", "head", head, "base",
                      "main", "draft", 1),
            row);
}

static void expect_pull_of_job(void)
{
    struct job j = get_job(job);
    struct outbox_row sent = get_row(row);
    json_auto_t *result = NULL;

    assert_int_equal(js_parse(sent.result, strlen(sent.result), &result, NULL), 0);
    assert_true(j.pr > 0);
    assert_int_equal(js_int(result, "number", 0), j.pr);
    assert_string_equal(js_str(result, "url", ""), j.pr_url);
    outbox_row_release(&sent);
    job_release(&j);
}

static void pull__is_there_once_whatever_became_of_the_first_try(void **state)
{
    static const enum fake_when whens[] = {FAKE_BEFORE, FAKE_LOST, FAKE_AFTER};
    static const char *const heads[] = {"a", "b", "c"};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        add_pull(heads[i]);
        send_with_fault(FAKE_CREATE_PULL, whens[i]);
        assert_int_equal(forge_fake_count_pulls(forge, REPO), i + 1);
        expect_pull_of_job();
    }
}

static void pull__adopts_one_that_is_open(void **state)
{
    struct outbox_row sent = {0};

    (void)state;
    add_pull("a");
    assert_int_equal(flush(job), VDO_OK);
    add_pull("a");
    MUST(jobs_outbox_flush(jobs, session, job, row, &sent, &err));
    assert_int_equal(sent.state, OUTBOX_DONE);
    outbox_row_release(&sent);
    assert_int_equal(forge_fake_count_pulls(forge, REPO), 1);
    expect_pull_of_job();
}

static void pull__does_not_adopt_one_that_a_person_closed(void **state)
{
    struct job j;
    int64_t closed;

    (void)state;
    add_pull("a");
    assert_int_equal(flush(job), VDO_OK);
    j = get_job(job);
    closed = j.pr;
    job_release(&j);
    forge_fake_set_pull(forge, closed, false, false);
    add_pull("a");
    send_with_fault(FAKE_CREATE_PULL, FAKE_LOST);
    assert_int_equal(forge_fake_count_pulls(forge, REPO), 2);
    j = get_job(job);
    assert_int_not_equal(j.pr, closed);
    job_release(&j);
}

/* ---- flush ---- */

static void flush__of_one_row_says_what_became_of_it(void **state)
{
    struct outbox_row sent = {0};
    struct err err = {0};

    (void)state;
    add_comment("hello");
    forge_fake_fail(forge, FAKE_CREATE_COMMENT, 1, 1, FAKE_BEFORE, VDO_E_TEMPORARY, 0);
    assert_int_equal(jobs_outbox_flush(jobs, session, job, row, &sent, &err), VDO_E_TEMPORARY);
    err_clear(&err);
    forge_fake_set_issue(forge, REPO, 1, true, true, false);
    advance(HOUR_MS);
    assert_int_equal(jobs_outbox_flush(jobs, session, job, row, &sent, &err), VDO_E_REFUSED);
    assert_non_null(strstr(err.text, "locked"));
    err_clear(&err);
    assert_int_equal(jobs_outbox_flush(jobs, session, job, "none", &sent, &err), VDO_E_NOT_FOUND);
}

static void flush__sends_what_stands_before_the_row_first(void **state)
{
    (void)state;
    add_comment("first");
    add_comment("second");
    add_comment("third");
    add_row(job, "reaction",
            json_pack("{s:s, s:i, s:s}", "target", "issue", "id", 1, "content", "eyes"), NULL);
    MUST(jobs_outbox_flush(jobs, session, job, row, NULL, &err));
    assert_int_equal(our_comments(), 3);
    expect_comment(0, "first");
    expect_comment(2, "third");
    assert_int_equal(forge_fake_calls(forge, FAKE_ADD_REACTION), 0);
}

static void flush__with_a_session_that_is_cancelled_leaves_the_row_to_others(void **state)
{
    atomic_bool stop = true;
    struct forge_session *stopped = forge_session_new(forge_fake_forge(forge), &stop);

    (void)state;
    add_comment("hello");
    assert_int_equal(jobs_outbox_flush(jobs, stopped, job, NULL, NULL, NULL), VDO_E_TEMPORARY);
    assert_int_equal(row_state(row), OUTBOX_PENDING);
    forge_session_free(stopped);
    advance(HOUR_MS);
    assert_int_equal(flush(job), VDO_OK);
    assert_int_equal(our_comments(), 1);
}

static void restart__looks_before_it_sends_again(void **state)
{
    struct outbox_row claimed = {0};
    bool maybe = false;
    int64_t id = 0;
    char marker[40];
    AUTO_FREE char *body = NULL;
    struct forge_repo repo = {.id = 5, .name = REPO};

    (void)state;
    /* Killed between the forge's answer and the store's commit. */
    add_comment("hello");
    MUST(store_outbox_claim(store, jobs_node(jobs), job, time_now(), &claimed, &err));
    body = xasprintf("hello\n\n%s", outbox_marker(row, marker, sizeof(marker)));
    MUST(forge_create_comment(session, &repo, 1, body, &id, &maybe, &err));
    outbox_row_release(&claimed);
    jobs_free(jobs);
    new_jobs();
    assert_int_equal(flush(job), VDO_OK);
    assert_int_equal(our_comments(), 1);
    assert_int_equal(row_state(row), OUTBOX_DONE);
}

/* ---- the sender thread ---- */

static void sender__sends_what_is_due(void **state)
{
    (void)state;
    jobs_free(jobs);
    options.outbox = true;
    start_jobs();
    add_comment("hello");
    bus_ring(bus, BUS_OUTBOX);
    WAIT_FOR(row_state(row) == OUTBOX_DONE);
    assert_int_equal(our_comments(), 1);
}

static void flush__waits_for_a_row_in_the_senders_hand(void **state)
{
    struct outbox_row sent = {0};

    (void)state;
    jobs_free(jobs);
    options.outbox = true;
    start_jobs();
    for (int i = 0; i < 20; i++) {
        add_comment("hello");
        bus_ring(bus, BUS_OUTBOX);
        MUST(jobs_outbox_flush(jobs, session, job, row, &sent, &err));
        assert_int_equal(sent.state, OUTBOX_DONE);
        outbox_row_release(&sent);
    }
    assert_int_equal(our_comments(), 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_JOB(outbox_row_init__takes_over_from_the_job),
        ON_JOB(outbox_marker__is_a_hidden_line),
        ON_JOB(comment__is_sent_once_with_its_marker),
        ON_JOB(comment__is_there_once_whatever_became_of_the_first_try),
        ON_JOB(comment__is_not_believed_sent_because_somebody_quotes_its_marker),
        ON_JOB(comment__waits_when_it_cannot_look),
        ON_JOB(outbox__obeys_a_rate_limit),
        ON_JOB(outbox__goes_on_behind_what_is_refused),
        ON_JOB(outbox__gives_up_in_the_end),
        ON_JOB(outbox__fails_what_it_cannot_understand),
        ON_JOB(comment__without_bounds_is_refused),
        ON_JOB(reaction__goes_to_the_issue_or_the_comment),
        ON_JOB(label_remove__takes_it_away),
        ON_JOB(pull__is_there_once_whatever_became_of_the_first_try),
        ON_JOB(pull__adopts_one_that_is_open),
        ON_JOB(pull__does_not_adopt_one_that_a_person_closed),
        ON_JOB(flush__of_one_row_says_what_became_of_it),
        ON_JOB(flush__sends_what_stands_before_the_row_first),
        ON_JOB(flush__with_a_session_that_is_cancelled_leaves_the_row_to_others),
        ON_JOB(restart__looks_before_it_sends_again),
        ON_JOB(sender__sends_what_is_due),
        ON_JOB(flush__waits_for_a_row_in_the_senders_hand),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
