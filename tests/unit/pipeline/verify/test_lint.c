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
                                  "== cppcheck\n./a.c:12: error: y\n");

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
        before = lint_read(text);
        (void)snprintf(text, sizeof(text), "== t\n%s", rows[i].after);
        after = lint_read(text);
        fresh = lint_new(json_object_get(before, "t"), json_object_get(after, "t"));
        assert_int_equal(json_array_size(fresh), rows[i].n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_belong_to_the_linter_before_them),
        cmocka_unit_test(a_message_that_has_only_moved_is_not_new),
    };

    return cmocka_run_group_tests_name("pipeline/lint", tests, NULL, NULL);
}
