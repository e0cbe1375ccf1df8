/*
 * Replays every folder of tests/fixtures/edit: an answer, the tree before and the tree after, or
 * the reason for which the answer must be refused. A refused answer must leave every byte and mode
 * as it was; an applied one must be refused when it comes a second time.
 */
#include "edit_tree.h"

#include "vdo/base/fs.h"
#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/code/edit.h"
#include "vdo/json/json.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FIXTURES "tests/fixtures/edit"

static json_t *read_case(const char *dir)
{
    char *path = fs_join(dir, "case.json");
    char *bytes = NULL;
    size_t len = 0;
    json_t *value = NULL;

    assert_int_equal(fs_read_file(path, 65536, &bytes, &len, NULL), 0);
    assert_int_equal(js_parse(bytes, len, &value, NULL), 0);
    free(bytes);
    free(path);
    return value;
}

static int apply(const char *dir, const char *format, const char *fixture, json_t **report)
{
    struct edit_options options = {.dir = dir};
    enum edit_format parsed;
    char *path = fs_join(fixture, "answer.txt");
    char *answer = NULL;
    size_t len = 0;
    struct err err = {0};
    int rc;

    assert_true(edit_format_parse(format, &parsed));
    assert_int_equal(fs_read_file(path, VDO_MAX_ANSWER, &answer, &len, NULL), 0);
    rc = edit_apply_answer(&options, parsed, answer, len, report, &err);
    assert_non_null(*report);
    assert_int_equal(js_bool(*report, "applied", false), rc == 0);
    free(answer);
    free(path);
    return rc;
}

static void check_refused(const json_t *kase, const char *dir, int rc, const json_t *report,
                          const char *before)
{
    char *now = edit_tree_dump(dir);

    assert_int_equal(rc, VDO_E_REFUSED);
    assert_string_equal(js_str(report, "reason", "none"), js_str(kase, "reason", ""));
    assert_true(strlen(js_str(report, "message", "")) > 10);
    assert_string_equal(now, before);
    free(now);
}

static void check_applied(const json_t *kase, const char *fixture, const char *dir, int rc,
                          const json_t *report)
{
    char *want_dir = fs_join(fixture, "after");
    char *want = fs_is_dir(want_dir) ? edit_tree_files(want_dir) : xstrdup("");
    char *have = edit_tree_files(dir);
    const char *match = js_str(kase, "match", NULL);
    json_t *again = NULL;

    if (rc)
        print_error("%s\n", js_str(report, "message", ""));
    assert_int_equal(rc, 0);
    assert_string_equal(have, want);
    if (match)
        assert_string_equal(js_str(report, "files.0.edits.0.match", "none"), match);
    free(have);
    /* a second time nothing may change */
    rc = apply(dir, js_str(kase, "format", ""), fixture, &again);
    assert_int_equal(rc, VDO_E_REFUSED);
    have = edit_tree_files(dir);
    assert_string_equal(have, want);
    json_decref(again);
    free(have);
    free(want);
    free(want_dir);
}

static void replays_as_its_case_says(void **state)
{
    const char *fixture = *state;
    json_t *kase = read_case(fixture);
    char *from = fs_join(fixture, "before");
    char *dir = edit_tree_new();
    json_t *report = NULL;
    char *before;
    int rc;

    if (fs_is_dir(from))
        assert_int_equal(fs_copy_tree(from, dir, NULL), 0);
    before = edit_tree_dump(dir);
    rc = apply(dir, js_str(kase, "format", ""), fixture, &report);
    if (strcmp(js_str(kase, "expect", ""), "ok") == 0)
        check_applied(kase, fixture, dir, rc, report);
    else
        check_refused(kase, dir, rc, report, before);
    free(before);
    free(from);
    json_decref(report);
    json_decref(kase);
    edit_tree_remove(dir);
}

int main(void)
{
    struct dirent **list = NULL;
    int n = scandir(FIXTURES, &list, NULL, alphasort);
    struct CMUnitTest *tests;
    size_t count = 0;
    int failed;

    if (n <= 2) {
        (void)fprintf(stderr, "no cases in " FIXTURES "; run from the top of the project\n");
        return 1;
    }
    tests = xcalloc((size_t)n, sizeof(*tests));
    for (int i = 0; i < n; i++) {
        if (list[i]->d_name[0] != '.') {
            tests[count++] =
                (struct CMUnitTest){.name = list[i]->d_name,
                                    .test_func = replays_as_its_case_says,
                                    .initial_state = fs_join(FIXTURES, list[i]->d_name)};
        }
    }
    failed = _cmocka_run_group_tests("edit cases", tests, count, NULL, NULL);
    for (size_t i = 0; i < count; i++)
        free(tests[i].initial_state);
    for (int i = 0; i < n; i++)
        free(list[i]);
    free(list);
    free(tests);
    return failed;
}
