#include "../../../src/model/breaker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void fail_times(struct breaker *breaker, int n, int64_t now)
{
    for (int i = 0; i < n; i++)
        breaker_record(breaker, false, now);
}

static void breaker__opens_after_five_failures(void **state)
{
    struct breaker breaker = {0};

    (void)state;
    fail_times(&breaker, 4, 1000);
    assert_true(breaker_allows(&breaker, 1000));
    fail_times(&breaker, 1, 1000);
    assert_false(breaker_allows(&breaker, 1000));
    assert_int_equal(breaker_state(&breaker, 1000), BREAKER_OPEN);
}

static void breaker__stays_closed_while_most_calls_work(void **state)
{
    struct breaker breaker = {0};

    (void)state;
    for (int i = 0; i < 100; i++) {
        breaker_record(&breaker, true, i);
        breaker_record(&breaker, true, i);
        breaker_record(&breaker, false, i);
    }
    assert_int_equal(breaker_state(&breaker, 100), BREAKER_CLOSED);
}

static void breaker__forgets_old_failures(void **state)
{
    struct breaker breaker = {0};

    (void)state;
    fail_times(&breaker, 4, 0);
    fail_times(&breaker, 4, BREAKER_WINDOW_MS + 1);
    assert_int_equal(breaker_state(&breaker, BREAKER_WINDOW_MS + 1), BREAKER_CLOSED);
}

static void half_open__lets_one_call_try(void **state)
{
    struct breaker breaker = {0};
    int64_t later = BREAKER_FIRST_PAUSE_MS;

    (void)state;
    fail_times(&breaker, 5, 0);
    assert_false(breaker_allows(&breaker, later - 1));
    assert_int_equal(breaker_state(&breaker, later), BREAKER_HALF_OPEN);
    assert_true(breaker_allows(&breaker, later));
    assert_false(breaker_allows(&breaker, later));
    breaker_record(&breaker, true, later);
    assert_true(breaker_allows(&breaker, later));
    assert_true(breaker_allows(&breaker, later));
}

static void failed_probe__doubles_the_pause_up_to_ten_minutes(void **state)
{
    struct breaker breaker = {0};
    int64_t now = 0;
    int64_t pause = BREAKER_FIRST_PAUSE_MS;

    (void)state;
    fail_times(&breaker, 5, now);
    for (int i = 0; i < 8; i++) {
        assert_false(breaker_allows(&breaker, now + pause - 1));
        now += pause;
        assert_true(breaker_allows(&breaker, now));
        breaker_record(&breaker, false, now);
        pause = pause * 2 > BREAKER_LONGEST_PAUSE_MS ? BREAKER_LONGEST_PAUSE_MS : pause * 2;
    }
}

static void probe__that_told_nothing_may_be_made_again(void **state)
{
    struct breaker breaker = {0};

    (void)state;
    fail_times(&breaker, 5, 0);
    assert_true(breaker_allows(&breaker, BREAKER_FIRST_PAUSE_MS));
    breaker_forget(&breaker);
    assert_true(breaker_allows(&breaker, BREAKER_FIRST_PAUSE_MS));
}

static void late_outcome__of_a_call_from_before_changes_nothing(void **state)
{
    struct breaker breaker = {0};

    (void)state;
    fail_times(&breaker, 5, 0);
    breaker_record(&breaker, true, 10);
    assert_int_equal(breaker_state(&breaker, 10), BREAKER_OPEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(breaker__opens_after_five_failures),
        cmocka_unit_test(breaker__stays_closed_while_most_calls_work),
        cmocka_unit_test(breaker__forgets_old_failures),
        cmocka_unit_test(half_open__lets_one_call_try),
        cmocka_unit_test(failed_probe__doubles_the_pause_up_to_ten_minutes),
        cmocka_unit_test(probe__that_told_nothing_may_be_made_again),
        cmocka_unit_test(late_outcome__of_a_call_from_before_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
