#include "vdo/store/records.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void job_state_parse__knows_every_name_it_writes(void **state)
{
    enum job_state parsed = JOB_QUEUED;

    (void)state;
    for (int i = 0; i < JOB_STATES; i++) {
        assert_true(job_state_parse(job_state_name((enum job_state)i), &parsed));
        assert_int_equal(parsed, i);
    }
}

static void job_state_parse__leaves_out_alone_on_other_names(void **state)
{
    static const char *const names[] = {"", "Queued", "queued ", "awaiting-approval", "done"};
    enum job_state parsed = JOB_TESTING;

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_false(job_state_parse(names[i], &parsed));
    assert_int_equal(parsed, JOB_TESTING);
}

static void job_state_is__tells_final_and_waiting_apart(void **state)
{
    int final = 0;
    int waiting = 0;

    (void)state;
    for (int i = 0; i < JOB_STATES; i++) {
        bool f = job_state_is_final((enum job_state)i);
        bool w = job_state_is_waiting((enum job_state)i);

        assert_false(f && w);
        final += f;
        waiting += w;
    }
    assert_int_equal(final, 3);
    assert_int_equal(waiting, 3);
}

static void state_names__are_those_of_the_interface(void **state)
{
    (void)state;
    assert_string_equal(job_state_name(JOB_AWAITING_APPROVAL), "awaiting_approval");
    assert_string_equal(delivery_state_name(DELIVERY_DEAD), "dead");
    assert_string_equal(step_state_name(STEP_SKIPPED), "skipped");
    assert_string_equal(outbox_state_name(OUTBOX_SENDING), "sending");
}

static void release__takes_null_and_zeroed_structs(void **state)
{
    struct delivery d = {0};
    struct job j = {0};
    struct job_step s = {0};
    struct outbox_row o = {0};
    struct job_log l = {0};
    struct model_call c = {0};

    (void)state;
    delivery_release(NULL);
    delivery_release(&d);
    job_release(NULL);
    job_release(&j);
    job_step_release(NULL);
    job_step_release(&s);
    outbox_row_release(NULL);
    outbox_row_release(&o);
    job_log_release(NULL);
    job_log_release(&l);
    model_call_release(NULL);
    model_call_release(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(job_state_parse__knows_every_name_it_writes),
        cmocka_unit_test(job_state_parse__leaves_out_alone_on_other_names),
        cmocka_unit_test(job_state_is__tells_final_and_waiting_apart),
        cmocka_unit_test(state_names__are_those_of_the_interface),
        cmocka_unit_test(release__takes_null_and_zeroed_structs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
