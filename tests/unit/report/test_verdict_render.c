/* A comment fits, whatever a hostile project makes of names and messages. */
#include "../../../src/report/verdict.h"

#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/json/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* n rows, each with a text of len bytes that Markdown makes longer. */
static json_t *rows_of(size_t n, size_t len)
{
    AUTO_FREE char *text = xmalloc(len + 1);
    json_t *rows = json_array();

    memset(text, '|', len);
    text[len] = '\0';
    for (size_t i = 0; i < n; i++)
        (void)json_array_append_new(rows, json_pack("{s:s, s:s, s:s, s:s}", "name", "a row",
                                                    "status", "pass", "text", text, "command",
                                                    "make `check` | tee x"));
    return rows;
}

static char *render(json_t *rows, int *out_code)
{
    json_auto_t *data = json_pack("{s:s, s:s, s:s, s:b}", "summary", "s", "headline", "verified",
                                  "requester", "r", "has_verdict", 1);
    char *text = NULL;
    struct err err = {0};

    verdict_code_safe(rows);
    (void)json_object_set_new(data, "verdict", rows);
    *out_code = verdict_render("comments/pull.md", data, &text, &err);
    return text;
}

static void commands_stand_in_the_table_and_cannot_leave_it(void **state)
{
    int code = 0;
    AUTO_FREE char *text = render(rows_of(2, 10), &code);

    (void)state;
    assert_int_equal(code, 0);
    assert_non_null(strstr(text, "(`` make `check` \\| tee x ``) |"));
}

static void what_does_not_fit_is_cut_and_never_refused(void **state)
{
    static const size_t sizes[][2] = {{30, 4000}, {200, 2000}, {3000, 2000}};

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        int code = 0;
        AUTO_FREE char *text = render(rows_of(sizes[i][0], sizes[i][1]), &code);

        assert_int_equal(code, 0);
        assert_true(strlen(text) <= VDO_MAX_COMMENT_BODY);
        assert_non_null(strstr(text, "| a row | pass | "));
        assert_non_null(strstr(text, " ..."));
        assert_null(strstr(text, "tee x"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commands_stand_in_the_table_and_cannot_leave_it),
        cmocka_unit_test(what_does_not_fit_is_cut_and_never_refused),
    };

    return cmocka_run_group_tests_name("report/verdict_render", tests, NULL, NULL);
}
