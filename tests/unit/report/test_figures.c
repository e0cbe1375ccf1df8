#include "vdo/report/report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static void report_usd_text__shows_what_matters_of_a_sum(void **state)
{
    static const struct {
        int64_t microusd;
        const char *text;
    } rows[] = {
        {0, "$0.00"},        {99, "under $0.0001"}, {100, "$0.0001"},   {12345, "$0.0123"},
        {999999, "$0.9999"}, {1000000, "$1.00"},    {5239999, "$5.23"}, {123456789, "$123.45"},
    };
    char buf[32];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_string_equal(report_usd_text(rows[i].microusd, buf, sizeof(buf)), rows[i].text);
}

static void report_duration_text__grows_with_its_unit(void **state)
{
    static const struct {
        int64_t ms;
        const char *text;
    } rows[] = {
        {0, "0 ms"},         {999, "999 ms"},       {1000, "1.0 s"},
        {119999, "119.9 s"}, {120000, "2 min 0 s"}, {3723000, "62 min 3 s"},
    };
    char buf[48];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_string_equal(report_duration_text(rows[i].ms, buf, sizeof(buf)), rows[i].text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(report_usd_text__shows_what_matters_of_a_sum),
        cmocka_unit_test(report_duration_text__grows_with_its_unit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
