/* Deliveries from the inbox through the dispatcher to the bot's decision, with the forge failing on
 * the way. */
#include "../unit/bot/fixture.h"

#include "vdo/base/log.h"
#include "vdo/markdown/markdown.h"

#include <semaphore.h>
#include <time.h>

enum { PATIENT_MS = 20000 };

static void on_added(void *arg, int rc, enum delivery_add outcome, const struct err *err)
{
    (void)outcome;
    (void)err;
    if (rc)
        abort();
    (void)sem_post(arg);
}

static void deliver(struct heard *heard)
{
    struct delivery delivery = {.guid = heard->guid,
                                .event = (char *)(uintptr_t)heard->event,
                                .body = heard->body,
                                .body_len = strlen(heard->body),
                                .received_at_ms = heard->at_ms};
    sem_t added;

    sha256_hex(heard->body, strlen(heard->body), delivery.sha256);
    (void)sem_init(&added, 0, 0);
    MUST(jobs_inbox_add(jobs, &delivery, on_added, &added, &err));
    (void)sem_wait(&added);
    (void)sem_destroy(&added);
}

static struct delivery get(const struct heard *heard)
{
    struct delivery delivery = {0};

    MUST(store_delivery_get(store, heard->guid, &delivery, &err));
    return delivery;
}

/* Until the delivery is no longer pending; time goes on a second at a look. */
static struct delivery wait_for_end(const struct heard *heard)
{
    int64_t end = clock_mono_ms(clock_real()) + PATIENT_MS;

    for (;;) {
        struct delivery delivery = get(heard);

        if (delivery.state != DELIVERY_PENDING)
            return delivery;
        delivery_release(&delivery);
        if (clock_mono_ms(clock_real()) > end)
            fail_msg("the delivery is still pending");
        clock_fake_advance(&test_time, 1000);
        bus_ring(bus, BUS_INBOX);
        (void)nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    }
}

/* The same world as the unit tests', with threads. */
static int setup_threads(void **state)
{
    struct jobs_options options = {0};

    if (setup(state))
        return -1;
    jobs_free(jobs);
    options = (struct jobs_options){.store = store,
                                    .bus = bus,
                                    .forge = forge_fake_forge(fake),
                                    .clock = &test_time.clock,
                                    .data_dir = dir,
                                    .dispatchers = 2,
                                    .describe = bot_describe,
                                    .handle = bot_handle,
                                    .delivery_arg = bot};
    if (jobs_new(&options, &jobs, NULL))
        return -1;
    bot_set_jobs(bot, jobs);
    return jobs_start(jobs, NULL);
}

static void assert_end(const struct heard *heard, enum delivery_state wanted, const char *reason)
{
    struct delivery delivery = wait_for_end(heard);

    if (delivery.state != wanted || !strstr(delivery.reason, reason))
        fail_msg("%s: %s", delivery_state_name(delivery.state), delivery.reason);
    assert_string_equal(delivery.repo, REPO);
    delivery_release(&delivery);
}

/* The nth call of each kind fails until a run has gone through without a failure. */
static void a_forge_that_fails_anywhere_delays_the_job_and_makes_one(void **state)
{
    static const enum fake_call calls[] = {FAKE_GET_ISSUE, FAKE_GET_PERMISSION};
    int64_t issue = 0;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        for (int times = 1; times <= 3; times++) {
            struct heard heard;

            add_issue(++issue, true);
            heard = event_of("issues", issues_body("labeled", "ada", issue));
            forge_fake_fail(fake, calls[i], 1, times, FAKE_BEFORE, VDO_E_TEMPORARY, 0);
            deliver(&heard);
            assert_end(&heard, DELIVERY_DONE, "job started");
            assert_int_equal(count_jobs(issue, false), 1);
            forge_fake_heal(fake);
            heard_release(&heard);
        }
    }
}

static void a_forge_that_stays_down_ends_in_a_reason(void **state)
{
    struct heard heard;

    (void)state;
    add_issue(1, true);
    heard = event_of("issues", issues_body("labeled", "ada", 1));
    forge_fake_fail(fake, FAKE_GET_ISSUE, 1, 1000, FAKE_BEFORE, VDO_E_TEMPORARY, 0);
    deliver(&heard);
    assert_end(&heard, DELIVERY_DEAD, "given up after 8 attempts: waiting: read acme/app#1");
    assert_int_equal(count_jobs(1, false), 0);
    /* And is taken up again when somebody asks for it. */
    forge_fake_heal(fake);
    MUST(store_delivery_redo(store, heard.guid, &err));
    bus_ring(bus, BUS_INBOX);
    assert_end(&heard, DELIVERY_DONE, "job started");
    heard_release(&heard);
}

static void a_label_and_its_removal_in_one_lane_end_as_the_forge_says(void **state)
{
    struct heard events[6];

    (void)state;
    add_issue(1, true);
    for (int i = 0; i < 6; i++)
        events[i] = event_of("issues", issues_body(i % 2 ? "unlabeled" : "labeled", "ada", 1));
    for (int i = 0; i < 6; i++)
        deliver(&events[i]);
    for (int i = 0; i < 6; i++) {
        struct delivery delivery = wait_for_end(&events[i]);

        assert_int_equal(delivery.state, DELIVERY_DONE);
        delivery_release(&delivery);
        heard_release(&events[i]);
    }
    assert_int_equal(count_jobs(1, true), 1);
    assert_int_equal(count_jobs(1, false), 1);
}

static void a_delivery_under_way_at_the_stop_is_taken_up_afterwards(void **state)
{
    struct heard heard;
    struct delivery delivery;

    add_issue(1, true);
    heard = event_of("issues", issues_body("labeled", "ada", 1));
    forge_fake_fail(fake, FAKE_GET_ISSUE, 1, 1, FAKE_BEFORE, VDO_E_CANCELLED, 0);
    deliver(&heard);
    (void)state;
    delivery = wait_for_end(&heard);
    assert_int_equal(delivery.state, DELIVERY_DONE);
    assert_string_equal(delivery.reason, "job started");
    delivery_release(&delivery);
    heard_release(&heard);
}

#define WITH_THREADS(f) cmocka_unit_test_setup_teardown(f, setup_threads, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_THREADS(a_forge_that_fails_anywhere_delays_the_job_and_makes_one),
        WITH_THREADS(a_forge_that_stays_down_ends_in_a_reason),
        WITH_THREADS(a_label_and_its_removal_in_one_lane_end_as_the_forge_says),
        WITH_THREADS(a_delivery_under_way_at_the_stop_is_taken_up_afterwards),
    };

    log_setup(LOG_LEVEL_ERROR, LOG_FORMAT_TEXT);
    markdown_startup();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
