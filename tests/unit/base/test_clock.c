#include "vdo/base/clock.h"
#include "vdo/base/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void clock_rfc3339__writes_utc_seconds(void **state)
{
    static const struct {
        int64_t ms;
        const char *text;
    } rows[] = {{0, "1970-01-01T00:00:00Z"},
                {999, "1970-01-01T00:00:00Z"},
                {1795248000000, "2026-11-21T08:00:00Z"},
                {951825599000, "2000-02-29T11:59:59Z"}};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char buf[CLOCK_RFC3339_SIZE];

        assert_string_equal(clock_rfc3339(rows[i].ms, buf, sizeof(buf)), rows[i].text);
    }
}

static void clock_parse_rfc3339__understands_what_others_send(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } rows[] = {{"1970-01-01T00:00:00Z", 0},
                {"2026-11-21T08:00:00Z", 1795248000000},
                {"2026-11-21t08:00:00z", 1795248000000},
                {"2026-11-21T08:00:00.123Z", 1795248000123},
                {"2026-11-21T08:00:00.123456789Z", 1795248000123},
                {"2026-11-21T10:00:00+02:00", 1795248000000},
                {"2026-11-21T02:30:00-05:30", 1795248000000},
                {"2026-11-21T08:00:00.5+00:00", 1795248000500},
                {"2016-12-31T23:59:60Z", 1483228800000}};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int64_t ms = -1;

        if (clock_parse_rfc3339(rows[i].text, &ms) != 0 || ms != rows[i].ms)
            fail_msg("%s: %lld", rows[i].text, (long long)ms);
    }
}

static void clock_parse_rfc3339__refuses_what_is_no_time(void **state)
{
    static const char *const rows[] = {"",
                                       "now",
                                       "2026-11-21",
                                       "2026-11-21T08:00:00",
                                       "2026-11-21T08:00:00X",
                                       "2026-11-21T08:00:00Zjunk",
                                       "2026-11-21T08:00:00Z ",
                                       " 2026-11-21T08:00:00Z",
                                       "2026-11-21 08:00:00Z",
                                       "2026-13-21T08:00:00Z",
                                       "2026-00-21T08:00:00Z",
                                       "2026-11-00T08:00:00Z",
                                       "2026-11-21T08:61:00Z",
                                       "2026-11-21T25:00:00Z",
                                       "2026-02-30T08:00:00Z",
                                       "2026-11-21T08:00:00+0200",
                                       "2026-11-21T08:00:00+2:0",
                                       "2026-11-21T08:00:00+02:00x",
                                       "2026-11-21T08:00:00+25:00",
                                       "2026-11-21T08:00:00+-1:30",
                                       "2026-11-21T08:00:00.Z",
                                       "1795248000"};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int64_t ms = 42;

        if (clock_parse_rfc3339(rows[i], &ms) != VDO_E_INVALID || ms != 42)
            fail_msg("'%s' was taken for %lld", rows[i], (long long)ms);
    }
}

static void clock_fake__moves_only_when_told(void **state)
{
    struct clock_fake fake;

    (void)state;
    clock_fake_init(&fake, 1000);
    assert_int_equal(clock_now_ms(&fake.clock), 1000);
    assert_int_equal(clock_mono_ms(&fake.clock), 1000);
    clock_fake_advance(&fake, 250);
    assert_int_equal(clock_now_ms(&fake.clock), 1250);
    assert_int_equal(clock_mono_ms(&fake.clock), 1250);
}

static void clock_real__is_after_this_was_written_and_does_not_go_back(void **state)
{
    int64_t before = clock_mono_ms(clock_real());

    (void)state;
    assert_true(clock_now_ms(clock_real()) > 1735689600000); /* 2025 */
    assert_true(clock_mono_ms(clock_real()) >= before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clock_rfc3339__writes_utc_seconds),
        cmocka_unit_test(clock_parse_rfc3339__understands_what_others_send),
        cmocka_unit_test(clock_parse_rfc3339__refuses_what_is_no_time),
        cmocka_unit_test(clock_fake__moves_only_when_told),
        cmocka_unit_test(clock_real__is_after_this_was_written_and_does_not_go_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
