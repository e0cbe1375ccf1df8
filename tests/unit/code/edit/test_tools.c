/* The tools edit_file, write_file and delete_file on a small tree. */
#include "edit_tree.h"

#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/code/edit.h"
#include "vdo/json/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct replace_row {
    const char *why;
    const char *file;
    const char *search;
    const char *replace;
    const char *want;   /* NULL: refused */
    const char *reason; /* of the refusal, or how it matched */
};

static const struct replace_row replaces[] = {
    {"a part of a line", "int a = 1;\n", "= 1", "= 2", "int a = 2;\n", "exact"},
    {"several lines", "a\nb\nc\n", "a\nb\n", "x\n", "x\nc\n", "exact"},
    {"the whole file", "a\n", "a\n", "b\n", "b\n", "exact"},
    {"text without its newline", "a\nb\n", "b", "c", "a\nc\n", "exact"},
    {"a removal", "a\nb\nc\n", "b\n", "", "a\nc\n", "exact"},
    {"LF text in a CRLF file", "a\r\nb\r\nc\r\n", "a\nb\n", "x\ny\n", "x\r\ny\r\nc\r\n", "exact"},
    {"indentation left off", "if x:\n    a()\n    b()\n", "a()\nb()\n", "c()\n", "if x:\n    c()\n",
     "indentation"},
    {"blanks instead of tabs", "f {\n\t\ta();\n}\n", "    a();\n        ", "", NULL, "not_found"},
    {"blanks at the ends of lines", "a  \nb\n", "a\nb\n", "a\nc\n", "a  \nc\n", "trailing_blanks"},
    {"look-alike quotes", "say(\"hi\")\nend\n", "say(\xE2\x80\x9Chi\xE2\x80\x9D)\nend\n",
     "say(\"ho\")\nend\n", "say(\"ho\")\nend\n", "blanks"},
    {"an empty file", "", "", "hello\n", "hello\n", "exact"},
    {"twice in the file", "a\nb\na\n", "a", "x", NULL, "ambiguous"},
    {"twice in one line", "a, a\n", "a", "x", NULL, "ambiguous"},
    {"not there", "a\n", "zebra", "x", NULL, "not_found"},
    {"nothing asked", "a\n", "a", "a", NULL, "empty"},
    {"an empty search in a full file", "a\n", "", "x\n", NULL, "malformed"},
    {"done before", "foo bar\n", "foo", "foo bar", NULL, "already_applied"},
    {"done before, search gone", "new\n", "old thing", "new", NULL, "already_applied"},
    {"elided replacement", "a()\nb()\n", "a()\nb()", "c()\n// ... rest unchanged ...", NULL,
     "elided"},
};

static void edit_replace__does_what_its_row_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(replaces) / sizeof(replaces[0]); i++) {
        const struct replace_row *row = &replaces[i];
        char *dir = edit_tree_new();
        struct edit_options options = {.dir = dir};
        json_t *report = NULL;
        char *have;
        int rc;

        print_message("%s\n", row->why);
        edit_tree_put(dir, "f.txt", row->file);
        rc = edit_replace(&options, "f.txt", row->search, row->replace, &report, NULL);
        have = edit_tree_get(dir, "f.txt");
        assert_string_equal(have, row->want ? row->want : row->file);
        assert_int_equal(rc, row->want ? 0 : VDO_E_REFUSED);
        assert_string_equal(row->want ? js_str(report, "files.0.edits.0.match", "exact") :
                                        js_str(report, "reason", ""),
                            row->reason);
        free(have);
        json_decref(report);
        edit_tree_remove(dir);
    }
}

static void edit_replace__shows_the_nearest_lines_when_it_refuses(void **state)
{
    char *dir = edit_tree_new();
    struct edit_options options = {.dir = dir};
    json_t *report = NULL;

    (void)state;
    edit_tree_put(dir, "a.c", "int main(void)\n{\n    int count = 0;\n    return count;\n}\n");
    assert_int_equal(edit_replace(&options, "a.c", "    int counter = 0;\n    return count;\n", "x",
                                  &report, NULL),
                     VDO_E_REFUSED);
    assert_string_equal(js_str(report, "candidate.path", ""), "a.c");
    assert_int_equal(js_int(report, "candidate.line", 0), 3);
    assert_non_null(strstr(js_str(report, "candidate.text", ""), "int count = 0;"));
    assert_non_null(strstr(js_str(report, "candidate.text", ""), "int counter = 0;"));
    json_decref(report);
    edit_tree_remove(dir);
}

static void edit_replace__names_the_file_that_was_meant(void **state)
{
    char *dir = edit_tree_new();
    struct edit_options options = {.dir = dir};
    json_t *report = NULL;

    (void)state;
    edit_tree_put(dir, "lib/util/text.py", "a\n");
    assert_int_equal(edit_replace(&options, "text.py", "a", "b", &report, NULL), VDO_E_REFUSED);
    assert_string_equal(js_str(report, "reason", ""), "missing");
    assert_non_null(strstr(js_str(report, "message", ""), "lib/util/text.py"));
    json_decref(report);
    edit_tree_remove(dir);
}

static void edit_write__makes_a_file_with_its_directories(void **state)
{
    char *dir = edit_tree_new();
    struct edit_options options = {.dir = dir};
    json_t *report = NULL;
    char *have;

    (void)state;
    assert_int_equal(edit_write(&options, "a/b/c.txt", "x\r\ny", 4, &report, NULL), 0);
    assert_string_equal(js_str(report, "files.0.action", ""), "add");
    have = edit_tree_get(dir, "a/b/c.txt");
    assert_string_equal(have, "x\r\ny"); /* line endings as given */
    free(have);
    json_decref(report);
    edit_tree_remove(dir);
}

static void edit_write__keeps_the_mode_of_an_existing_file(void **state)
{
    char *dir = edit_tree_new();
    struct edit_options options = {.dir = dir};
    json_t *report = NULL;
    char *have;

    (void)state;
    edit_tree_put_bytes(dir, "run", "old\n", 4, 0755);
    assert_int_equal(edit_write(&options, "run", "new\n", 4, &report, NULL), 0);
    have = edit_tree_dump(dir);
    assert_string_equal(have, "=== run 100755 4 bytes\nnew\n\n");
    free(have);
    json_decref(report);
    edit_tree_remove(dir);
}

static void edit_write__refuses_what_it_must_not_write(void **state)
{
    static const struct {
        const char *path;
        const char *content;
        const char *reason;
    } rows[] = {
        {"../x", "x", "outside"},
        {"/tmp/x", "x", "outside"},
        {".git/config", "x", "outside"},
        {"sub/.Git/hooks/a", "x", "outside"},
        {"", "x", "outside"},
        {".github/workflows/ci.yml", "x", "protected"},
        {".vdo-edit/journal", "x", "protected"},
        {"kept.txt", "same\n", "already_applied"},
        {"kept.txt", "first\n// ... existing code ...\n", "elided"},
        {"dir", "x", "outside"},
    };
    char *dir = edit_tree_new();
    struct edit_options options = {.dir = dir};
    char *before;

    (void)state;
    edit_tree_put(dir, "kept.txt", "same\n");
    edit_tree_put(dir, "dir/f", "f\n");
    before = edit_tree_dump(dir);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        json_t *report = NULL;
        char *after;

        assert_int_equal(edit_write(&options, rows[i].path, rows[i].content,
                                    strlen(rows[i].content), &report, NULL),
                         VDO_E_REFUSED);
        assert_string_equal(js_str(report, "reason", ""), rows[i].reason);
        after = edit_tree_dump(dir);
        assert_string_equal(before, after);
        free(after);
        json_decref(report);
    }
    free(before);
    edit_tree_remove(dir);
}

static void edit_write__refuses_more_than_the_limit(void **state)
{
    char *dir = edit_tree_new();
    struct edit_options options = {.dir = dir};
    char *big = xcalloc(1, VDO_MAX_SOURCE_FILE + 1);
    json_t *report = NULL;

    (void)state;
    memset(big, 'x', VDO_MAX_SOURCE_FILE + 1);
    assert_int_equal(edit_write(&options, "big", big, VDO_MAX_SOURCE_FILE + 1, &report, NULL),
                     VDO_E_REFUSED);
    assert_string_equal(js_str(report, "reason", ""), "too_large");
    json_decref(report);
    free(big);
    edit_tree_remove(dir);
}

static void edit_delete__removes_a_file_once(void **state)
{
    char *dir = edit_tree_new();
    struct edit_options options = {.dir = dir};
    json_t *report = NULL;
    char *have;

    (void)state;
    edit_tree_put(dir, "a.txt", "a\n");
    assert_int_equal(edit_delete(&options, "a.txt", &report, NULL), 0);
    assert_string_equal(js_str(report, "files.0.action", ""), "delete");
    json_decref(report);
    assert_int_equal(edit_delete(&options, "a.txt", &report, NULL), VDO_E_REFUSED);
    assert_string_equal(js_str(report, "reason", ""), "missing");
    have = edit_tree_dump(dir);
    assert_string_equal(have, "");
    free(have);
    json_decref(report);
    edit_tree_remove(dir);
}

static void edit_format_for__follows_the_size_and_the_model(void **state)
{
    static const struct {
        const char *model;
        size_t bytes;
        enum edit_format want;
    } rows[] = {
        {"claude-sonnet-5-5", 500, EDIT_WHOLE},
        {"claude-sonnet-5-5", 50000, EDIT_SEARCH_REPLACE},
        {"gpt-6.1-sol", 50000, EDIT_APPLY_PATCH},
        {"GPT-5-Codex", 50000, EDIT_APPLY_PATCH},
        {"gpt-oss-120b", 50000, EDIT_SEARCH_REPLACE},
        {"gemini-4-argon", 50000, EDIT_SEARCH_REPLACE},
        {"qwen2.5-coder:7b", 8000, EDIT_WHOLE},
        {"qwen2.5-coder:7b", 80000, EDIT_SEARCH_REPLACE},
        {"", 80000, EDIT_SEARCH_REPLACE},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(edit_format_for(rows[i].model, rows[i].bytes), rows[i].want);
}

static void edit_format_parse__knows_its_names_and_no_others(void **state)
{
    enum edit_format format = EDIT_AUTO;

    (void)state;
    for (int i = EDIT_AUTO; i <= EDIT_APPLY_PATCH; i++) {
        assert_true(edit_format_parse(edit_format_name((enum edit_format)i), &format));
        assert_int_equal(format, i);
    }
    assert_false(edit_format_parse("diff", &format));
    assert_false(edit_format_parse("", &format));
    assert_int_equal(format, EDIT_APPLY_PATCH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(edit_replace__does_what_its_row_says),
        cmocka_unit_test(edit_replace__shows_the_nearest_lines_when_it_refuses),
        cmocka_unit_test(edit_replace__names_the_file_that_was_meant),
        cmocka_unit_test(edit_write__makes_a_file_with_its_directories),
        cmocka_unit_test(edit_write__keeps_the_mode_of_an_existing_file),
        cmocka_unit_test(edit_write__refuses_what_it_must_not_write),
        cmocka_unit_test(edit_write__refuses_more_than_the_limit),
        cmocka_unit_test(edit_delete__removes_a_file_once),
        cmocka_unit_test(edit_format_for__follows_the_size_and_the_model),
        cmocka_unit_test(edit_format_parse__knows_its_names_and_no_others),
    };

    return cmocka_run_group_tests_name("edit tools", tests, NULL, NULL);
}
