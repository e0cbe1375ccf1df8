#include "fixture.c"

static char job[RAND_ID_SIZE];
static char row[RAND_ID_SIZE];

static int setup_living(void **state)
{
    if (setup(state))
        return -1;
    new_jobs();
    make_job(1, job);
    add_row(job, "progress", json_pack("{s:i}", "issue", 1), row);
    return 0;
}

#define LIVING(name) cmocka_unit_test_setup_teardown(name, setup_living, teardown)

static void change(const char *text)
{
    set_text(text);
    jobs_changed(jobs, job);
}

static void end_job(enum job_state end)
{
    struct job leased = {0};

    MUST(store_job_lease(store, "node", job, time_now(), MINUTE_MS, &leased, &err));
    MUST(store_job_finish(store, job, leased.epoch, end, "", "", NULL, 0, &err));
    job_release(&leased);
}

static void progress__is_one_comment_edited_in_place(void **state)
{
    struct job j;

    (void)state;
    assert_int_equal(flush(job), VDO_OK);
    assert_int_equal(our_comments(), 1);
    expect_comment(0, "first\n\n<!-- vdo:");
    j = get_job(job);
    assert_int_equal(j.comment_id, forge_fake_comment_id(forge, REPO, 1, 0));
    job_release(&j);
    advance(5000);
    change("second");
    assert_int_equal(flush(job), VDO_OK);
    assert_int_equal(our_comments(), 1);
    expect_comment(0, "second\n\n<!-- vdo:");
    assert_int_equal(edits(), 1);
}

static void progress__is_not_edited_without_a_change(void **state)
{
    (void)state;
    assert_int_equal(flush(job), VDO_OK);
    for (int i = 0; i < 5; i++) {
        advance(HOUR_MS);
        jobs_changed(jobs, job);
        assert_int_equal(flush(job), VDO_OK);
    }
    assert_int_equal(edits(), 0);
}

static void progress__is_edited_once_per_gap_and_ends_with_the_latest(void **state)
{
    char text[32];

    (void)state;
    assert_int_equal(flush(job), VDO_OK);
    for (int i = 0; i < 100; i++) { /* ten seconds */
        (void)snprintf(text, sizeof(text), "text %d", i);
        change(text);
        (void)flush(job);
        advance(100);
    }
    assert_true(edits() <= 2);
    advance(5000);
    (void)flush(job);
    expect_comment(0, "text 99\n");
}

static void progress__sends_its_last_edit_and_is_done(void **state)
{
    (void)state;
    assert_int_equal(flush(job), VDO_OK);
    set_text("finished");
    end_job(JOB_COMPLETED); /* nobody calls jobs_changed(): the process may have died here */
    assert_int_equal(flush(job), VDO_OK);
    assert_int_equal(edits(), 0); /* the gap */
    advance(5000);
    assert_int_equal(flush(job), VDO_OK);
    expect_comment(0, "finished\n");
    assert_int_equal(row_state(row), OUTBOX_DONE);
}

static void progress__comes_to_life_with_a_retried_job(void **state)
{
    (void)state;
    end_job(JOB_FAILED);
    set_text("failed");
    assert_int_equal(flush(job), VDO_OK);
    assert_int_equal(row_state(row), OUTBOX_DONE);
    advance(5000);
    set_text("again");
    MUST(jobs_retry(jobs, job, &err));
    assert_int_equal(flush(job), VDO_OK);
    expect_comment(0, "again\n");
    assert_int_equal(our_comments(), 1);
    assert_int_equal(row_state(row), OUTBOX_PENDING);
}

static void progress__is_made_anew_once_when_somebody_deleted_it(void **state)
{
    struct outbox_row failed;

    (void)state;
    assert_int_equal(flush(job), VDO_OK);
    forge_fake_delete_comment(forge, forge_fake_comment_id(forge, REPO, 1, 0));
    advance(5000);
    change("second");
    assert_int_equal(flush(job), VDO_OK);
    assert_int_equal(our_comments(), 1);
    expect_comment(0, "second\n");
    advance(5000);
    change("third");
    assert_int_equal(flush(job), VDO_OK);
    expect_comment(0, "third\n");
    forge_fake_delete_comment(forge, forge_fake_comment_id(forge, REPO, 1, 0));
    advance(5000);
    change("fourth");
    (void)flush(job);
    assert_int_equal(our_comments(), 0);
    failed = get_row(row);
    assert_int_equal(failed.state, OUTBOX_FAILED);
    assert_non_null(strstr(failed.reason, "deleted again"));
    outbox_row_release(&failed);
}

static void progress__is_there_once_when_its_second_making_was_lost(void **state)
{
    (void)state;
    assert_int_equal(flush(job), VDO_OK);
    forge_fake_delete_comment(forge, forge_fake_comment_id(forge, REPO, 1, 0));
    forge_fake_fail(forge, FAKE_CREATE_COMMENT, 1, 1, FAKE_AFTER, VDO_E_TEMPORARY, 0);
    advance(5000);
    change("second");
    (void)flush(job);
    advance(HOUR_MS);
    change("third");
    (void)flush(job);
    assert_int_equal(our_comments(), 1);
    expect_comment(0, "third\n");
    assert_int_equal(row_state(row), OUTBOX_PENDING);
}

static void progress__of_a_locked_issue_is_given_up_and_the_job_goes_on(void **state)
{
    (void)state;
    forge_fake_set_issue(forge, REPO, 1, true, true, false);
    (void)flush(job);
    assert_int_equal(row_state(row), OUTBOX_FAILED);
    assert_int_equal(state_of(job), JOB_QUEUED);
    change("second");
    (void)flush(job);
    assert_int_equal(our_comments(), 0);
}

static void progress__is_there_once_whatever_became_of_the_first_try(void **state)
{
    static const enum fake_when whens[] = {FAKE_BEFORE, FAKE_LOST, FAKE_AFTER};

    for (size_t i = 0; i < 3; i++) {
        forge_fake_fail(forge, FAKE_CREATE_COMMENT, 1, 1, whens[i], VDO_E_TEMPORARY, 0);
        (void)flush(job);
        advance(HOUR_MS);
        change("after the fault");
        (void)flush(job);
        assert_int_equal(our_comments(), 1);
        expect_comment(0, "after the fault\n");
        assert_int_equal(teardown(state), 0);
        assert_int_equal(setup_living(state), 0);
    }
}

static void progress__survives_every_kind_of_failed_edit(void **state)
{
    static const enum fake_when whens[] = {FAKE_BEFORE, FAKE_LOST, FAKE_AFTER};
    char text[32];

    (void)state;
    assert_int_equal(flush(job), VDO_OK);
    for (size_t i = 0; i < 3; i++) {
        forge_fake_fail(forge, FAKE_EDIT_COMMENT, 1, 1, whens[i], VDO_E_TEMPORARY, 0);
        advance(HOUR_MS);
        (void)snprintf(text, sizeof(text), "text %zu\n", i);
        change(text);
        (void)flush(job);
        advance(HOUR_MS);
        (void)flush(job);
        expect_comment(0, text);
        assert_int_equal(our_comments(), 1);
    }
}

static void progress__is_not_pushed_through_a_rate_limit_by_changes(void **state)
{
    (void)state;
    assert_int_equal(flush(job), VDO_OK);
    forge_fake_fail(forge, FAKE_EDIT_COMMENT, 1, 1, FAKE_BEFORE, VDO_E_TEMPORARY, HOUR_MS);
    advance(5000);
    change("second");
    (void)flush(job);
    for (int i = 0; i < 10; i++) {
        advance(MINUTE_MS);
        change("third");
        (void)flush(job);
    }
    assert_int_equal(forge_fake_calls(forge, FAKE_EDIT_COMMENT), 1);
    advance(HOUR_MS);
    (void)flush(job);
    expect_comment(0, "third\n");
}

static void progress__knows_after_a_restart_what_it_sent(void **state)
{
    (void)state;
    assert_int_equal(flush(job), VDO_OK);
    jobs_free(jobs);
    new_jobs();
    advance(HOUR_MS);
    jobs_changed(jobs, job);
    assert_int_equal(flush(job), VDO_OK);
    assert_int_equal(edits(), 0);
    assert_int_equal(our_comments(), 1);
}

static void progress__that_cannot_be_drawn_is_tried_again_or_given_up(void **state)
{
    (void)state;
    draw_rc = VDO_E_TEMPORARY;
    (void)flush(job);
    assert_int_equal(row_state(row), OUTBOX_PENDING);
    draw_rc = VDO_E_INVALID;
    advance(HOUR_MS);
    (void)flush(job);
    assert_int_equal(row_state(row), OUTBOX_FAILED);
    assert_int_equal(forge_fake_calls(forge, FAKE_ANY), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LIVING(progress__is_one_comment_edited_in_place),
        LIVING(progress__is_not_edited_without_a_change),
        LIVING(progress__is_edited_once_per_gap_and_ends_with_the_latest),
        LIVING(progress__sends_its_last_edit_and_is_done),
        LIVING(progress__comes_to_life_with_a_retried_job),
        LIVING(progress__is_made_anew_once_when_somebody_deleted_it),
        LIVING(progress__is_there_once_when_its_second_making_was_lost),
        LIVING(progress__of_a_locked_issue_is_given_up_and_the_job_goes_on),
        LIVING(progress__is_there_once_whatever_became_of_the_first_try),
        LIVING(progress__survives_every_kind_of_failed_edit),
        LIVING(progress__is_not_pushed_through_a_rate_limit_by_changes),
        LIVING(progress__knows_after_a_restart_what_it_sent),
        LIVING(progress__that_cannot_be_drawn_is_tried_again_or_given_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
