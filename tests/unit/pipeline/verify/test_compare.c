/* What is new, what was there, what is flaky: from the runs of one check. */
#include "../../../../src/pipeline/verify/compare.h"

#include "vdo/json/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/*
 * A run in short: "2 a+ b- c~": exit code, then tests that passed, failed, were skipped. "x": the
 * check could not be run; "-": there was no such run; "!": ended by a limit.
 */
static json_t *run_of(const char *text)
{
    json_t *names = json_object();
    json_t *failures = json_array();
    char *copy = strdup(text);
    char *word = strtok(copy, " ");
    bool ran = strcmp(word, "x") != 0;
    bool limited = *word == '!';
    int code = ran && !limited ? atoi(word) : limited ? 137 : 0;
    int passed = 0;
    int failed = 0;
    json_t *run;

    if (strcmp(word, "-") == 0) {
        free(copy);
        json_decref(names);
        json_decref(failures);
        return json_null(); /* as a checkpoint has it */
    }
    while ((word = strtok(NULL, " "))) {
        char *sign = word + strlen(word) - 1;
        const char *state = *sign == '+' ? "p" : *sign == '-' ? "f" : "s";

        *sign = '\0';
        (void)json_object_set_new(names, word, json_string(state));
        passed += *state == 'p';
        if (*state == 'f') {
            failed++;
            (void)json_array_append_new(failures,
                                        json_pack("{s:s, s:n, s:i, s:s, s:s}", "name", word, "file",
                                                  "line", 0, "message", "", "detail", ""));
        }
    }
    run = json_pack(
        "{s:s, s:s, s:{s:b, s:b, s:i, s:s, s:{s:i, s:i}}, s:s, s:{s:o, s:{s:o, s:[], s:[]}}}",
        "name", "t", "run", "make check", "result", "ran", ran, "ok", ran && code == 0, "exit",
        code, "why", limited ? "time: 300 s" : "", "tests", "passed", passed, "failed", failed,
        "output", "", "reading", "names", names, "tests", "failures", failures, "problems",
        "formats");
    free(copy);
    return run;
}

static char *joined(const json_t *list)
{
    static char text[200];
    size_t i;
    json_t *one;

    *text = '\0';
    json_array_foreach (list, i, one) {
        (void)strncat(text, i ? " " : "", sizeof(text) - strlen(text) - 1);
        (void)strncat(text, json_string_value(one), sizeof(text) - strlen(text) - 1);
    }
    return text;
}

static void a_failure_is_blamed_on_the_change_only_when_it_is_new(void **state)
{
    static const struct {
        const char *before;
        const char *before_again;
        const char *after;
        const char *after_again;
        const char *blame;
        const char *old;
        const char *flaky;
    } rows[] = {
        {"0 a+", "-", "0 a+", "-", "none", "", ""},
        {"0 a+", "-", "2 a-", "2 a-", "new", "", ""},
        {"0 a+", "-", "2 a+ new-", "2 a+ new-", "new", "", ""},
        /* failed before, in both runs: not the change's */
        {"2 a- b+", "2 a- b+", "2 a- b+", "-", "old", "a", ""},
        {"2 a- b+", "2 a- b+", "2 a- b-", "2 a- b-", "new", "a", ""},
        {"2 a- b+", "2 a- b+", "0 a+ b+", "-", "none", "", ""},
        /* one test of two runs of the same files */
        {"2 a- b+", "0 a+ b+", "2 a- b+", "-", "flaky", "", "a"},
        {"2 a- b+", "0 a+ b+", "2 a- b-", "2 a- b-", "new", "", "a"},
        {"0 a+ b+", "-", "2 a- b+", "0 a+ b+", "flaky", "", "a"},
        {"0 a+ b+", "-", "2 a- b-", "2 a+ b-", "new", "", "a"},
        /* run again for the sake of a check behind it */
        {"0 a+", "-", "0 a+", "0 a+", "none", "", ""},
        {"0", "-", "0", "0", "none", "", ""},
        {"2 a-", "2 a-", "0 a+", "0 a+", "none", "", ""},
        /* nothing is named: the exit codes alone */
        {"0", "-", "2", "2", "new", "", ""},
        {"2", "2", "2", "-", "old", "", ""},
        {"2", "2", "3", "3", "new", "", ""},
        {"2", "0", "2", "-", "flaky", "", ""},
        {"0", "-", "2", "0", "flaky", "", ""},
        {"x", "-", "2", "2", "new", "", ""},
        /* the exit code says more than the tests that are named */
        {"0 a+", "-", "2 a+", "2 a+", "new", "", ""},
        {"2 a-", "2 a-", "! a-", "-", "new", "a", ""},
        /* the change keeps the check from being run */
        {"2 a-", "2 a-", "x", "-", "new", "", ""},
        {"x", "-", "x", "-", "none", "", ""},
        {"x", "-", "0 a+", "-", "none", "", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        json_auto_t *before = run_of(rows[i].before);
        json_auto_t *before_again = run_of(rows[i].before_again);
        json_auto_t *after = run_of(rows[i].after);
        json_auto_t *after_again = run_of(rows[i].after_again);
        struct check_runs runs = {before, before_again, after, after_again};
        json_auto_t *check = compare_runs(&runs);

        if (strcmp(js_str(check, "blame", ""), rows[i].blame) != 0)
            fail_msg("row %zu (%s | %s): blame is %s", i, rows[i].before, rows[i].after,
                     js_str(check, "blame", ""));
        assert_string_equal(joined(js_at(check, "old")), rows[i].old);
        assert_string_equal(joined(js_at(check, "flaky")), rows[i].flaky);
    }
}

static void a_second_run_is_asked_for_where_it_can_tell_something(void **state)
{
    static const struct {
        const char *before;
        const char *after;
        bool base_again;
        bool change_again;
    } rows[] = {
        {"0 a+", "0 a+", false, false}, {"2 a-", "0 a+", true, false},
        {"0 a+", "2 a-", false, true},  {"2 a-", "2 a-", true, false},
        {"! a-", "! a-", false, false}, {"x", "x", false, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        json_auto_t *before = run_of(rows[i].before);
        json_auto_t *after = run_of(rows[i].after);
        struct check_runs runs = {.before = before, .after = after};

        assert_int_equal(compare_wants_before_again(&runs), rows[i].base_again);
        assert_int_equal(compare_wants_after_again(&runs), rows[i].change_again);
    }
}

static void a_second_run_that_passes_is_the_one_that_counts(void **state)
{
    json_auto_t *before = run_of("0 a+");
    json_auto_t *after = run_of("2 a-");
    json_auto_t *again = run_of("0 a+");
    struct check_runs runs = {.before = before, .after = after, .after_again = again};
    json_auto_t *check = compare_runs(&runs);

    (void)state;
    assert_true(js_bool(check, "after.ok", false));
    assert_string_equal(js_str(check, "blame", ""), "flaky");
}

static void tests_that_no_longer_run_are_named(void **state)
{
    static const struct {
        const char *before;
        const char *before_again;
        const char *after;
        const char *gone;
        bool failing;
        int fewer;
    } rows[] = {
        {"0 a+ b+", "-", "0 a+ b+ c+", "", false, 0},
        {"0 a+ b+", "-", "0 a+", "b", false, 1},
        {"0 a+ b+", "-", "0", "a b", false, 2},
        /* skipped is not run, and what was skipped before is not lost */
        {"0 a+ b+", "-", "0 a+ b~", "b", false, 1},
        {"0 a+ b~", "-", "0 a+", "", false, 0},
        /* others in its place do not hide it */
        {"0 a+ b+", "-", "0 a+ c+ d+", "b", false, 0},
        /* the failing one has been taken out */
        {"2 a+ b-", "2 a+ b-", "0 a+", "b", true, 1},
        {"2 a+ b-", "2 a+ b-", "0 a+ b~", "b", true, 1},
        /* tests that could not be loaded had one name for all */
        {"2 file-", "2 file-", "0 file::a+ file::b+", "", false, 0},
        /* no name lasts from run to run */
        {"2 a1+ b-", "2 a2+ b-", "0 a3+ b+", "", false, 0},
        /* a check that fails says enough */
        {"0 a+ b+", "-", "2 a-", "", false, 0},
        {"x", "-", "0 a+", "", false, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        json_auto_t *before = run_of(rows[i].before);
        json_auto_t *before_again = run_of(rows[i].before_again);
        json_auto_t *after = run_of(rows[i].after);
        struct check_runs runs = {before, before_again, after, NULL};
        json_auto_t *check = compare_runs(&runs);

        if (strcmp(joined(js_at(check, "gone")), rows[i].gone) != 0)
            fail_msg("row %zu: gone: %s", i, joined(js_at(check, "gone")));
        assert_int_equal(js_bool(check, "gone_failing", false), rows[i].failing);
        assert_int_equal(js_int(check, "fewer", -1), rows[i].fewer);
    }
}

static void the_line_of_a_test_in_documentation_may_move(void **state)
{
    json_auto_t *before = run_of("0 a+");
    json_auto_t *after = run_of("0 a+");
    struct check_runs runs = {.before = before, .after = after};
    json_auto_t *check = NULL;

    (void)state;
    (void)json_object_set_new(js_at(before, "reading.names"), "src/lib.rs - add (line 3)",
                              json_string("p"));
    check = compare_runs(&runs);
    assert_int_equal(json_array_size(js_at(check, "gone")), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failure_is_blamed_on_the_change_only_when_it_is_new),
        cmocka_unit_test(a_second_run_is_asked_for_where_it_can_tell_something),
        cmocka_unit_test(a_second_run_that_passes_is_the_one_that_counts),
        cmocka_unit_test(tests_that_no_longer_run_are_named),
        cmocka_unit_test(the_line_of_a_test_in_documentation_may_move),
    };

    return cmocka_run_group_tests_name("pipeline/compare", tests, NULL, NULL);
}
