#include "vdo/report/report.h"

#include "vdo/json/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void results_are_told_in_words(void **state)
{
    static const struct {
        const char *result;
        const char *text;
    } rows[] = {
        {"{\"ran\":true,\"ok\":true}", "passed"},
        {"{\"ran\":true,\"ok\":false,\"exit\":2,\"why\":\"\"}", "failed (exit 2)"},
        {"{\"ran\":true,\"ok\":false,\"why\":\"time limit\"}", "failed (time limit)"},
        {"{\"ran\":true,\"ok\":false,\"exit\":2,\"tests\":{\"formats\":[],\"problems\":[{},{}]}}",
         "failed (exit 2), its output says: 2 compiler errors"},
        {"{\"ran\":false,\"why\":\"no isolation\"}", "not run: no isolation"},
        {"null", "not run"},
        {"{\"ran\":true,\"ok\":true,\"agree\":true,\"tests\":{\"formats\":[\"tap\"],\"passed\":2,"
         "\"failed\":0,\"skipped\":1}}",
         "2 passed, 1 skipped"},
        {"{\"ran\":true,\"ok\":true,\"agree\":false,\"tests\":{\"formats\":[\"tap\"],\"passed\":2,"
         "\"failed\":1,\"skipped\":0,\"failures\":[{\"name\":\"a\"}]}}",
         "exit 0, but its output says: 2 passed, 1 failed (a)"},
    };
    char buf[480];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        json_auto_t *result = NULL;

        assert_int_equal(js_parse(rows[i].result, strlen(rows[i].result), &result, NULL), 0);
        assert_string_equal(report_check_text(result, buf, sizeof(buf)), rows[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results_are_told_in_words),
    };

    return cmocka_run_group_tests_name("report/check_text", tests, NULL, NULL);
}
