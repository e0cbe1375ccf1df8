/* Messages of linters, and which of them are new. */
#include "../../../../src/pipeline/verify/facts.h"

#include "vdo/json/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void messages_belong_to_the_linter_before_them(void **state)
{
    json_auto_t *read = lint_read("noise: before\n== shellcheck\n./a.sh:3:1: warning: x\n"
                                  "./a.sh:9:1: warning: x\nIn ./a.sh line 3:\n\n== no ruff\n"
                                  "== cppcheck\n./a.c:12: error: y\n",
                                  NULL);

    (void)state;
    assert_int_equal(json_object_size(read), 3);
    assert_int_equal(js_int(json_object_get(read, "shellcheck"), "n", 0), 2);
    assert_true(js_bool(json_object_get(read, "ruff"), "missing", false));
    assert_int_equal(js_int(json_object_get(read, "cppcheck"), "n", 0), 1);
}

static void a_message_that_has_only_moved_is_not_new(void **state)
{
    static const struct {
        const char *before;
        const char *after;
        size_t n;
    } rows[] = {
        {"a:1: x\n", "a:9:4: x\n", 0},
        {"a:1: x\n", "a:1: x\na:2: x\n", 1},
        {"a:1: x\n", "a:1: y\n", 1},
        {"a:1: x\n", "b:1: x\n", 1},
        {"a:1: x\na:2: y\n", "a:1: y\n", 0},
        {"", "a: no number\nplain\n:1: x\n", 1},
        {"", "", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[100];
        json_auto_t *before = NULL;
        json_auto_t *after = NULL;
        json_auto_t *fresh = NULL;

        (void)snprintf(text, sizeof(text), "== t\n%s", rows[i].before);
        before = lint_read(text, NULL);
        (void)snprintf(text, sizeof(text), "== t\n%s", rows[i].after);
        after = lint_read(text, NULL);
        fresh = lint_new(json_object_get(before, "t"), json_object_get(after, "t"));
        assert_int_equal(json_array_size(fresh), rows[i].n);
    }
}

static void messages_of_eslint_stand_below_their_file(void **state)
{
    static const char before[] = "== eslint\n\n/w/before/src/a.js\n"
                                 "  1:5  error    'x' is never used  no-unused-vars\n"
                                 "  9:1  warning  'f' is not defined  no-undef\n\n"
                                 "\u2716 2 problems (1 error, 1 warning)\n\n";
    static const char after[] = "== eslint\n\n/w/after/src/a.js\n"
                                "  3:5  error    'x' is never used  no-unused-vars\n"
                                "  11:1  warning  'f' is not defined  no-undef\n\n"
                                "/w/after/src/b.js\n"
                                "  1:5  error    'x' is never used  no-unused-vars\n";

    (void)state;
    json_auto_t *was = lint_read(before, "/w/before");
    json_auto_t *is = lint_read(after, "/w/after");
    json_auto_t *fresh = lint_new(json_object_get(was, "eslint"), json_object_get(is, "eslint"));

    assert_int_equal(js_int(json_object_get(was, "eslint"), "n", 0), 2);
    assert_int_equal(json_array_size(fresh), 1);
    assert_string_equal(js_str(fresh, "0", ""),
                        "src/b.js: error    'x' is never used  no-unused-vars");
}

static void a_linter_that_ends_with_an_error_has_failed(void **state)
{
    json_auto_t *read = lint_read("== ruff\n./a.py:1: x\n== failed ruff\nlost: line\n"
                                  "== failed nobody\n== shellcheck\n",
                                  NULL);

    (void)state;
    assert_int_equal(json_object_size(read), 2);
    assert_true(js_bool(json_object_get(read, "ruff"), "failed", false));
    assert_int_equal(js_int(json_object_get(read, "ruff"), "n", 0), 1);
    assert_false(js_bool(json_object_get(read, "shellcheck"), "failed", false));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_belong_to_the_linter_before_them),
        cmocka_unit_test(a_message_that_has_only_moved_is_not_new),
        cmocka_unit_test(messages_of_eslint_stand_below_their_file),
        cmocka_unit_test(a_linter_that_ends_with_an_error_has_failed),
    };

    return cmocka_run_group_tests_name("pipeline/lint", tests, NULL, NULL);
}
