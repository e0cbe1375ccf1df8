#include "vdo/json/json.h"
#include "vdo/report/report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static json_t *parse(const char *text)
{
    json_t *value = NULL;
    struct err err = {0};

    if (js_parse(text, strlen(text), &value, &err))
        fail_msg("%s", err.text);
    return value;
}

static const json_t *row_of(const json_t *rows, const char *name)
{
    size_t i;
    json_t *row;

    json_array_foreach (rows, i, row) {
        if (strcmp(js_str(row, "name", ""), name) == 0)
            return row;
    }
    fail_msg("no row is called %s", name);
    return NULL;
}

static const char *status_of(const char *points_text, const char *files_text, const char *name,
                             const char **out_headline)
{
    static char status[32];
    struct job job = {0};
    json_auto_t *points = parse(points_text);
    json_auto_t *files = parse(files_text);
    json_auto_t *rows = report_verdict(&job, points, files, 3, 1);

    (void)strncpy(status, js_str(row_of(rows, name), "status", ""), sizeof(status) - 1);
    if (out_headline)
        *out_headline = report_headline(rows, points);
    return status;
}

#define FILES "[{\"path\":\"a.c\",\"action\":\"M\",\"planned\":true}]"
#define CHECK(before, after)                                                             \
    "{\"verify\":{\"checks\":[{\"name\":\"t\",\"run\":\"make check\",\"before\":" before \
    ",\"after\":" after "}]}}"
#define PASS    "{\"ran\":true,\"ok\":true,\"exit\":0}"
#define FAIL    "{\"ran\":true,\"ok\":false,\"exit\":2}"
#define NOT_RUN "{\"ran\":false,\"ok\":false,\"why\":\"no isolation\"}"

static void checks_decide_the_headline(void **state)
{
    static const struct {
        const char *points;
        const char *status;
        const char *headline;
    } rows[] = {
        {CHECK(PASS, PASS), "pass", "verified"},
        {CHECK(FAIL, PASS), "pass", "verified"},
        {CHECK(PASS, FAIL), "fail", "failing"},
        {CHECK(FAIL, FAIL), "warn", "failing"},
        {CHECK(NOT_RUN, NOT_RUN), "unknown", "unverified (no checks)"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *headline = NULL;

        assert_string_equal(status_of(rows[i].points, FILES, "check: t", &headline),
                            rows[i].status);
        assert_string_equal(headline, rows[i].headline);
    }
}

static void without_checks_the_row_says_why(void **state)
{
    const char *headline = NULL;

    (void)state;
    assert_string_equal(status_of("{\"verify\":{\"skipped\":\"no isolation here\",\"checks\":[]}}",
                                  FILES, "checks", &headline),
                        "unknown");
    assert_string_equal(headline, "unverified (no checks)");
}

static void what_the_review_mended_is_what_counts(void **state)
{
    const char *headline = NULL;

    (void)state;
    (void)status_of("{\"verify\":{\"checks\":[{\"name\":\"t\",\"after\":" PASS "}]},"
                    "\"review\":{\"checks\":[{\"name\":\"t\",\"after\":" FAIL "}]}}",
                    FILES, "check: t", &headline);
    assert_string_equal(headline, "failing");
}

static void files_outside_the_plan_are_named(void **state)
{
    (void)state;
    assert_string_equal(status_of("{}", FILES, "files outside the plan", NULL), "pass");
    assert_string_equal(status_of("{}", "[{\"path\":\"b.c\",\"action\":\"A\",\"planned\":false}]",
                                  "files outside the plan", NULL),
                        "warn");
    assert_string_equal(
        status_of("{}",
                  "[{\"path\":\"t.c\",\"action\":\"A\",\"planned\":false,\"by_tester\":true}]",
                  "files outside the plan", NULL),
        "pass");
}

static void protected_paths_are_looked_at_in_the_diff(void **state)
{
    (void)state;
    assert_string_equal(status_of("{}", FILES, "protected paths", NULL), "pass");
    assert_string_equal(
        status_of("{}", "[{\"path\":\".github/workflows/x.yml\"}]", "protected paths", NULL),
        "fail");
    assert_string_equal(status_of("{\"checkout\":{\"protect\":[\"LICENSE\"]}}",
                                  "[{\"path\":\"LICENSE\"}]", "protected paths", NULL),
                        "fail");
}

static void tests_and_review_have_their_rows(void **state)
{
    (void)state;
    assert_string_equal(status_of("{}", FILES, "tests added", NULL), "warn");
    assert_string_equal(
        status_of("{}", "[{\"path\":\"tests/test_a.c\",\"action\":\"A\"}]", "tests added", NULL),
        "pass");
    assert_string_equal(status_of("{\"review\":{\"skipped\":\"down\"}}", FILES, "review", NULL),
                        "unknown");
    assert_string_equal(
        status_of("{\"review\":{\"verdict\":\"changes\",\"findings\":[{\"severity\":\"high\","
                  "\"state\":\"open\"}]}}",
                  FILES, "review", NULL),
        "fail");
    assert_string_equal(
        status_of("{\"review\":{\"verdict\":\"approve\",\"findings\":[]}}", FILES, "review", NULL),
        "pass");
}

static void money_is_shown_without_rounding_up_to_nothing(void **state)
{
    static const struct {
        int64_t microusd;
        const char *text;
    } rows[] = {{0, "$0.00"},       {1, "under $0.0001"}, {99, "under $0.0001"},
                {100, "$0.0001"},   {12345, "$0.0123"},   {999999, "$0.9999"},
                {1000000, "$1.00"}, {12345678, "$12.34"}};
    char buf[32];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_string_equal(report_usd_text(rows[i].microusd, buf, sizeof(buf)), rows[i].text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checks_decide_the_headline),
        cmocka_unit_test(without_checks_the_row_says_why),
        cmocka_unit_test(what_the_review_mended_is_what_counts),
        cmocka_unit_test(files_outside_the_plan_are_named),
        cmocka_unit_test(protected_paths_are_looked_at_in_the_diff),
        cmocka_unit_test(tests_and_review_have_their_rows),
        cmocka_unit_test(money_is_shown_without_rounding_up_to_nothing),
    };

    return cmocka_run_group_tests_name("report/verdict", tests, NULL, NULL);
}
