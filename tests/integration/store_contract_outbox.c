#include "store_contract.h"

static bool claim_row(const char *job_id, struct outbox_row *out)
{
    int rc = store_outbox_claim(store, "node", job_id, now(), out, NULL);

    if (rc && rc != VDO_E_NOT_FOUND)
        fail_msg("claim: %d", rc);
    return rc == VDO_OK;
}

/* The n of the payload of the next row; -1: none is due. Left SENDING. */
static int next_row(const char *job_id, int64_t *out_seq)
{
    struct outbox_row row = {0};
    json_auto_t *payload = NULL;

    if (!claim_row(job_id, &row))
        return -1;
    assert_int_equal(row.state, OUTBOX_SENDING);
    assert_int_equal(js_parse(row.payload, strlen(row.payload), &payload, NULL), 0);
    if (out_seq)
        *out_seq = row.seq;
    outbox_row_release(&row);
    return (int)js_int(payload, "n", -2);
}

static void outbox_claim__keeps_the_order_within_a_job(void **state)
{
    int64_t seq = 0;

    (void)state;
    assert_int_equal(next_row(NULL, NULL), -1);
    (void)add_row("j1", "comment", 1);
    (void)add_row("j1", "pull", 2);
    (void)add_row("j2", "comment", 3);
    assert_int_equal(next_row(NULL, &seq), 1);
    assert_int_equal(next_row(NULL, NULL), 3); /* 2 waits for 1 */
    assert_int_equal(next_row(NULL, NULL), -1);
    MUST(store_outbox_retry(store, seq, now() + 1000, false, "later", &err));
    assert_int_equal(next_row(NULL, NULL), -1);
    clock_fake_advance(&test_time, 1000);
    assert_int_equal(next_row(NULL, &seq), 1);
    MUST(store_outbox_done(store, seq, "{\"id\":5}", NULL, &err));
    assert_int_equal(next_row(NULL, NULL), 2);
}

static void outbox_claim__goes_on_behind_a_failed_row(void **state)
{
    int64_t seq = 0;

    (void)state;
    (void)add_row("j1", "comment", 1);
    (void)add_row("j1", "comment", 2);
    assert_int_equal(next_row("j1", &seq), 1);
    MUST(store_outbox_fail(store, seq, "locked", &err));
    assert_int_equal(next_row("j1", NULL), 2);
}

static void outbox_claim__lets_a_progress_row_wait_for_nobody(void **state)
{
    int64_t seq = 0;

    (void)state;
    (void)add_row("j1", "comment", 1);
    (void)add_row("j1", "progress", 2);
    (void)add_row("j1", "comment", 3);
    assert_int_equal(next_row("j1", &seq), 1);
    assert_int_equal(next_row("j1", NULL), 2);
    assert_int_equal(next_row("j1", NULL), -1);
    MUST(store_outbox_done(store, seq, "{}", NULL, &err));
    assert_int_equal(next_row("j1", NULL), 3); /* nor do others wait for it */
}

static void outbox_claim__knows_no_order_without_a_job(void **state)
{
    (void)state;
    (void)add_row("", "comment", 1);
    (void)add_row("", "comment", 2);
    (void)add_row("j1", "comment", 3);
    assert_int_equal(next_row("j2", NULL), -1);
    assert_int_equal(next_row("j1", NULL), 3);
    assert_int_equal(next_row(NULL, NULL), 1);
    assert_int_equal(next_row(NULL, NULL), 2);
}

static atomic_int claimed;

static void *claim_rows(void *number)
{
    (void)number;
    while (next_row(NULL, NULL) >= 0)
        atomic_fetch_add(&claimed, 1);
    return NULL;
}

static void outbox_claim__gives_each_to_one_thread_only(void **state)
{
    (void)state;
    atomic_store(&claimed, 0);
    for (int i = 0; i < 200; i++)
        (void)add_row("", "comment", i);
    in_threads(8, claim_rows);
    assert_int_equal(atomic_load(&claimed), 200);
}

static void outbox_done__changes_the_job_with_it(void **state)
{
    char id[RAND_ID_SIZE];
    char row_id[RAND_ID_SIZE];
    struct job_update update = JOB_UPDATE_NONE;
    struct outbox_row row = {0};
    struct job job = {0};
    int64_t seq = 0;

    (void)state;
    memcpy(id, make_job(1, 1, "normal"), RAND_ID_SIZE);
    memcpy(row_id, add_row(id, "pull", 1), RAND_ID_SIZE);
    assert_int_equal(next_row(id, &seq), 1);
    update.pr = 12;
    update.pr_url = "https://x";
    MUST(store_outbox_done(store, seq, "{\"number\":12}", &update, &err));
    FAILS(VDO_E_CONFLICT, store_outbox_done(store, seq, "{}", &update, &err));
    FAILS(VDO_E_CONFLICT, store_outbox_fail(store, seq, "", &err));
    FAILS(VDO_E_CONFLICT, store_outbox_retry(store, seq, 0, false, "", &err));
    FAILS(VDO_E_CONFLICT, store_outbox_park(store, seq, "{}", 0, NULL, &err));
    MUST(store_job_get(store, id, &job, &err));
    assert_int_equal(job.pr, 12);
    assert_string_equal(job.pr_url, "https://x");
    job_release(&job);
    MUST(store_outbox_get(store, row_id, &row, &err));
    assert_int_equal(row.state, OUTBOX_DONE);
    assert_string_equal(row.result, "{\"number\":12}");
    outbox_row_release(&row);
    FAILS(VDO_E_NOT_FOUND, store_outbox_get(store, "none", &row, &err));
}

static void outbox_add__answers_a_delivery_once(void **state)
{
    static const struct {
        const char *what;
        const char *delivery;
        const char *kind;
        const char *payload;
        size_t total;
    } rows[] = {
        {"the first answer", "g1", "comment", "{\"body\":\"a\"}", 1},
        {"the delivery is heard again, the text differs", "g1", "comment", "{\"body\":\"b\"}", 1},
        {"a reaction is something else", "g1", "reaction", "{\"content\":\"eyes\"}", 2},
        {"the same reaction", "g1", "reaction", "{\"content\":\"eyes\"}", 2},
        {"another reaction", "g1", "reaction", "{\"content\":\"rocket\"}", 3},
        {"another delivery", "g2", "comment", "{\"body\":\"a\"}", 4},
        {"no delivery", "", "comment", "{\"body\":\"a\"}", 5},
        {"no delivery again", "", "comment", "{\"body\":\"a\"}", 6},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct outbox_row row = {0};
        struct outbox_row *list = NULL;
        AUTO_FREE char *delivery = xstrdup(rows[i].delivery);
        AUTO_FREE char *kind = xstrdup(rows[i].kind);
        AUTO_FREE char *payload = xstrdup(rows[i].payload);
        size_t n = 0;

        row.delivery = delivery;
        row.kind = kind;
        row.payload = payload;
        (void)rand_id(row.id);
        MUST(store_outbox_add(store, &row, 1, &err));
        MUST(store_outbox_list(store, "", &list, &n, &err));
        if (n != rows[i].total)
            fail_msg("%s: %zu", rows[i].what, n);
        for (size_t k = 0; k < n; k++)
            outbox_row_release(&list[k]);
        free(list);
    }
}

static void take_back__makes_sending_rows_look_before_they_send(void **state)
{
    struct outbox_row row = {0};

    (void)state;
    (void)add_row("j1", "comment", 1);
    assert_int_equal(next_row("j1", NULL), 1);
    reopen();
    MUST(store_take_back(store, "another", &err));
    assert_int_equal(next_row("j1", NULL), -1);
    MUST(store_take_back(store, "node", &err));
    assert_true(claim_row("j1", &row));
    assert_true(row.maybe_sent);
    assert_int_equal(row.attempts, 2);
    outbox_row_release(&row);
    clock_fake_advance(&test_time, HOUR_MS);
    MUST(store_sweep_claims(store, "node", now(), &err));
    assert_int_equal(next_row("j1", NULL), -1);
    MUST(store_sweep_claims(store, "another", now(), &err));
    assert_int_equal(next_row("j1", NULL), 1);
}

static void outbox_retry__notes_what_may_have_been_sent(void **state)
{
    struct outbox_row row = {0};
    int64_t seq = 0;

    (void)state;
    (void)add_row("j1", "comment", 1);
    assert_int_equal(next_row("j1", &seq), 1);
    MUST(store_outbox_retry(store, seq, now(), true, "HTTP 502", &err));
    assert_true(claim_row("j1", &row));
    assert_true(row.maybe_sent);
    assert_string_equal(row.reason, "HTTP 502");
    outbox_row_release(&row);
}

/* ---- the living comment ---- */

static char living[RAND_ID_SIZE];
static char living_row[RAND_ID_SIZE];

static int64_t send_living(void)
{
    int64_t seq = 0;

    assert_int_equal(next_row(living, &seq), 1);
    return seq;
}

static void make_living(void)
{
    memcpy(living, make_job(1, 1, "normal"), RAND_ID_SIZE);
    memcpy(living_row, add_row(living, "progress", 1), RAND_ID_SIZE);
}

static void change_living(void)
{
    struct job_update update = JOB_UPDATE_NONE;

    update.headline = "changed";
    MUST(store_job_update(store, living, -1, &update, NULL, 0, &err));
}

static void outbox_park__rests_until_the_job_changes(void **state)
{
    struct job_update update = JOB_UPDATE_NONE;
    struct outbox_row row = {0};
    struct job job = {0};
    int64_t seq;

    (void)state;
    make_living();
    seq = send_living();
    update.comment_id = 9;
    MUST(store_outbox_park(store, seq, "{\"id\":9}", now() + 5000, &update, &err));
    MUST(store_job_get(store, living, &job, &err));
    assert_int_equal(job.comment_id, 9);
    job_release(&job);
    clock_fake_advance(&test_time, HOUR_MS);
    assert_int_equal(next_row(living, NULL), -1);
    change_living();
    assert_true(claim_row(living, &row));
    assert_string_equal(row.result, "{\"id\":9}");
    assert_int_equal(row.attempts, 1);
    outbox_row_release(&row);
}

static void outbox_park__holds_a_touch_for_the_gap(void **state)
{
    int64_t seq;

    (void)state;
    make_living();
    seq = send_living();
    MUST(store_outbox_park(store, seq, "{}", now() + 5000, NULL, &err));
    change_living();
    assert_int_equal(next_row(living, NULL), -1);
    clock_fake_advance(&test_time, 4999);
    change_living();
    assert_int_equal(next_row(living, NULL), -1);
    clock_fake_advance(&test_time, 1);
    seq = send_living();
    change_living(); /* while it is being sent */
    MUST(store_outbox_park(store, seq, "{}", now() + 5000, NULL, &err));
    assert_int_equal(next_row(living, NULL), -1);
    clock_fake_advance(&test_time, 5000);
    (void)send_living();
}

static void outbox_retry__is_not_brought_forward_by_a_touch(void **state)
{
    int64_t seq;

    (void)state;
    make_living();
    seq = send_living();
    MUST(store_outbox_retry(store, seq, now() + 60000, false, "rate limit", &err));
    change_living();
    MUST(store_outbox_touch_progress(store, living, now(), &err));
    clock_fake_advance(&test_time, 59999);
    assert_int_equal(next_row(living, NULL), -1);
    clock_fake_advance(&test_time, 1);
    (void)send_living();
}

static void touch_progress__wakes_a_done_row_but_not_a_failed_one(void **state)
{
    int64_t seq;

    (void)state;
    MUST(store_outbox_touch_progress(store, "none", now(), &err));
    make_living();
    seq = send_living();
    MUST(store_outbox_done(store, seq, "{}", NULL, &err));
    assert_int_equal(next_row(living, NULL), -1);
    MUST(store_outbox_touch_progress(store, living, now(), &err));
    seq = send_living();
    change_living();
    MUST(store_outbox_done(store, seq, "{}", NULL, &err)); /* the touch counts */
    seq = send_living();
    MUST(store_outbox_fail(store, seq, "locked", &err));
    change_living();
    assert_int_equal(next_row(living, NULL), -1);
    assert_int_equal(row_state(living_row), OUTBOX_FAILED);
}

/* Whatever changes a job makes its comment due, in the same transaction. */
static void touch_progress__comes_with_every_change(void **state)
{
    int64_t epoch = 0;

    (void)state;
    make_living();
    for (int i = 0; i < 6; i++) {
        int64_t seq = send_living();
        struct job_update update = JOB_UPDATE_NONE;

        MUST(store_outbox_park(store, seq, "{}", 0, NULL, &err));
        assert_int_equal(next_row(living, NULL), -1);
        switch (i) {
        case 0:
            epoch = lease_job(living);
            MUST(store_step_begin(store, living, epoch, "a", NULL, NULL, &err));
            break;
        case 1:
            MUST(store_step_finish(store, living, epoch, "a", STEP_DONE, "{}", "", NULL, NULL, 0,
                                   &err));
            break;
        case 2:
            update.state = JOB_AWAITING_APPROVAL;
            MUST(store_job_release(store, living, epoch, &update, &err));
            break;
        case 3:
            MUST(store_job_wake(store, living, &update, &err));
            break;
        case 4:
            MUST(store_job_cancel(store, living, "", NULL, 0, NULL, &err));
            break;
        default:
            MUST(store_job_retry(store, living, NULL, 0, &err));
            break;
        }
    }
    (void)send_living();
}

static const struct CMUnitTest outbox_tests[] = {
    CONTRACT(outbox_claim__keeps_the_order_within_a_job),
    CONTRACT(outbox_claim__goes_on_behind_a_failed_row),
    CONTRACT(outbox_claim__lets_a_progress_row_wait_for_nobody),
    CONTRACT(outbox_claim__knows_no_order_without_a_job),
    CONTRACT(outbox_claim__gives_each_to_one_thread_only),
    CONTRACT(outbox_done__changes_the_job_with_it),
    CONTRACT(outbox_add__answers_a_delivery_once),
    CONTRACT(take_back__makes_sending_rows_look_before_they_send),
    CONTRACT(outbox_retry__notes_what_may_have_been_sent),
    CONTRACT(outbox_park__rests_until_the_job_changes),
    CONTRACT(outbox_park__holds_a_touch_for_the_gap),
    CONTRACT(outbox_retry__is_not_brought_forward_by_a_touch),
    CONTRACT(touch_progress__wakes_a_done_row_but_not_a_failed_one),
    CONTRACT(touch_progress__comes_with_every_change),
};
