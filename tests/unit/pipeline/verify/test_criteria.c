/* Which criteria are covered, and which lines of a diff are touched. */
#include "../../../../src/pipeline/verify/criteria.h"
#include "../../../../src/pipeline/verify/diff_lines.h"

#include "vdo/json/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char src[] = "src/a.c";
static char tests_a[] = "tests/test_a.py";
static char gone[] = "old.c";

static struct diff_file files[] = {
    {.path = src, .action = 'M'}, {.path = tests_a, .action = 'A'}, {.path = gone, .action = 'D'}};
static char text[] = "diff --git a/src/a.c b/src/a.c\n"
                     "--- a/src/a.c\n"
                     "+++ b/src/a.c\n"
                     "@@ -10,7 +10,8 @@ int f(void)\n"
                     " one\n"
                     " two\n"
                     " three\n"
                     "-four\n"
                     "+vier\n"
                     "+vier b\n"
                     " five\n"
                     " six\n"
                     " seven\n"
                     "@@ -40,3 +41,4 @@\n"
                     " a\n"
                     "+diff --git a/x b/x\n"
                     " b\n"
                     " c\n"
                     "diff --git a/tests/test_a.py b/tests/test_a.py\n"
                     "new file mode 100644\n"
                     "--- /dev/null\n"
                     "+++ b/tests/test_a.py\n"
                     "@@ -0,0 +1,2 @@\n"
                     "+def test_tab():\n"
                     "+    pass\n"
                     "\\ No newline at end of file\n"
                     "diff --git a/old.c b/old.c\n"
                     "deleted file mode 100644\n"
                     "--- a/old.c\n"
                     "+++ /dev/null\n"
                     "@@ -1 +0,0 @@\n"
                     "-gone\n";
static const struct diff diff = {.files = files, .n_files = 3, .text = text};

static json_t *parse(const char *json)
{
    json_t *value = NULL;
    struct err err = {0};

    if (js_parse(json, strlen(json), &value, &err))
        fail_msg("%s in %s", err.text, json);
    return value;
}

static void added_lines_have_the_numbers_of_the_new_side(void **state)
{
    json_auto_t *lines = diff_lines_text(&diff);

    (void)state;
    assert_string_equal(js_str(lines, "src/a.c", ""), ""); /* a path is no member path */
    assert_string_equal(json_string_value(json_object_get(lines, "src/a.c")), "13-14, 42");
    assert_string_equal(json_string_value(json_object_get(lines, "tests/test_a.py")), "1-2");
    assert_null(json_object_get(lines, "old.c"));
}

static void a_place_is_touched_by_a_hunk_that_holds_it(void **state)
{
    static const struct {
        const char *path;
        int line;
        bool touched;
    } rows[] = {{"src/a.c", 9, false},         {"src/a.c", 10, true}, {"src/a.c", 16, true},
                {"src/a.c", 17, false},        {"src/a.c", 41, true}, {"src/a.c", 43, false},
                {"tests/test_a.py", 1, false}, {"old.c", 77, true},   {"x", 1, false}};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(diff_lines_touch(&diff, rows[i].path, rows[i].line), rows[i].touched);
}

#define PROOF(tests)                                                                            \
    "\"verify\":{\"proof\":{\"skipped\":null,\"files\":[\"tests/test_a.py\"],\"tests\":[" tests \
    "]}}"
#define TEST(name, base, head, proves) \
    "{\"name\":\"" name "\",\"base\":\"" base "\",\"head\":\"" head "\",\"proves\":" proves "}"
#define PROVEN(name)  TEST(name, "failed", "passed", "true")
#define PASSING(name) TEST(name, "passed", "passed", "false")
#define FAILING(name) TEST(name, "failed", "failed", "false")
#define TWO \
    "\"refine\":{\"criteria\":[{\"id\":\"C1\",\"text\":\"one\"},{\"id\":\"C2\",\"text\":\"two\"}]}"
#define ONE        "\"refine\":{\"criteria\":[{\"id\":\"C1\",\"text\":\"one\"}]}"
#define SAYS(what) "\"test\":{\"summary\":\"" what "\"}"

static void a_criterion_is_covered_by_a_test_that_proves_it(void **state)
{
    static const struct {
        const char *type;
        const char *points;
        bool covered;
        const char *why;
    } rows[] = {
        /* named by the tester, and true */
        {"feature",
         "{" TWO "," SAYS("Done.\\nC1: tests/test_a.py::test_tab") "," PROOF(
             PROVEN("tests/test_a.py::test_tab")) "}",
         true, ""},
        {"feature",
         "{" TWO "," SAYS("- **C1**: `test_tab`, test_other") "," PROOF(
             PROVEN("tests/test_a.py::test_tab[1]")) "}",
         true, ""},
        {"feature",
         "{" TWO "," SAYS("c1: tests/test_a.py") "," PROOF(PROVEN("tests/test_a.py::test_tab")) "}",
         true, ""},
        /* the builder may say it too; a test that carries the id needs no saying */
        {"feature",
         "{" TWO ",\"build\":{\"summary\":\"C1: test_tab\"}," PROOF(PROVEN("test_tab")) "}", true,
         ""},
        {"feature", "{" TWO "," PROOF(PROVEN("test_c1_tab")) "}", true, ""},
        {"feature", "{" TWO "," PROOF(PROVEN("test_c11_tab")) "}", false,
         "no test is named for it"},
        /* one criterion: what is new is about it */
        {"feature", "{" ONE "," PROOF(PROVEN("test_x")) "}", true, ""},
        /* said, and not so */
        {"feature", "{" TWO "," SAYS("C1: test_tab") "," PROOF(PASSING("test_tab")) "}", false,
         "its test passes without the change too"},
        {"refactor", "{" TWO "," SAYS("C1: test_tab") "," PROOF(PASSING("test_tab")) "}", true, ""},
        {"feature", "{" TWO "," SAYS("C1: test_tab") "," PROOF(FAILING("test_tab")) "}", false,
         "its test fails"},
        {"docs", "{" TWO "," SAYS("C1: test_tab") "," PROOF(FAILING("test_tab")) "}", false,
         "its test fails"},
        {"feature", "{" TWO "," SAYS("C1: test_of_old") "," PROOF(PROVEN("test_tab")) "}", false,
         "the test named for it is not one that the change brings"},
        {"feature", "{" TWO "," SAYS("C2: test_tab") "," PROOF(PROVEN("test_tab")) "}", false,
         "no test is named for it"},
        {"feature",
         "{" TWO "," SAYS("XC1: test_tab. C1:: test_tab") "," PROOF(PROVEN("test_tab")) "}", false,
         "no test is named for it"},
        {"feature", "{" TWO "," SAYS("C1: test_tab") "}", false, "nothing was run"},
        {"feature",
         "{" TWO ",\"verify\":{\"proof\":{\"skipped\":\"no test was added or changed\"}}}", false,
         "no test was added or changed"},
        /* the newest proof counts */
        {"feature",
         "{" ONE "," PROOF(PROVEN("t_x")) ",\"review\":{\"proof\":{\"skipped\":null,\"files\":[],"
                                          "\"tests\":[" FAILING("t_x") "]}}}",
         false, "its test fails"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        json_auto_t *points = parse(rows[i].points);
        json_auto_t *criteria = criteria_make(rows[i].type, points, &diff);

        if (js_bool(criteria, "0.covered", false) != rows[i].covered)
            fail_msg("row %zu: %s", i, rows[i].points);
        assert_string_equal(js_str(criteria, "0.why", "?"), rows[i].why);
    }
}

static void tests_and_lines_of_a_criterion_are_named(void **state)
{
    json_auto_t *points = parse("{" TWO "," SAYS("C1: tests/test_a.py::test_tab") "," PROOF(PROVEN(
        "tests/test_a.py::test_tab")) ",\"plan\":{\"tasks\":["
                                      "{\"title\":\"x\",\"files\":[\"src/a.c\",\"not/changed.c\"],\"acceptance\":[\"C1 holds\"]},"
                                      "{\"title\":\"y\",\"files\":[\"old.c\"],\"acceptance\":[\"TWO\"]}]}}");
    json_auto_t *criteria = criteria_make("feature", points, &diff);

    (void)state;
    assert_string_equal(js_str(criteria, "0.tests.0.path", ""), "tests/test_a.py");
    assert_int_equal(js_int(criteria, "0.tests.0.line", 0), 1);
    assert_int_equal(json_array_size(js_at(criteria, "0.files")), 2);
    assert_string_equal(js_str(criteria, "0.files.1.path", ""), "src/a.c");
    assert_string_equal(js_str(criteria, "0.files.1.lines", ""), "13-14, 42");
    assert_int_equal(json_array_size(js_at(criteria, "1.files")), 0);
}

static void a_criterion_about_a_check_is_covered_by_the_check(void **state)
{
    static const char *const points[] = {
        "{\"refine\":{\"criteria\":[{\"id\":\"C1\",\"text\":\"make check passes\"}]},"
        "\"verify\":{\"checks\":[{\"name\":\"tests\",\"run\":\"make check\",\"after\":{\"ran\":true,"
        "\"ok\":true}}]}}",
        "{\"refine\":{\"criteria\":[{\"id\":\"C1\",\"text\":\"make check passes\"}]},"
        "\"verify\":{\"checks\":[{\"name\":\"tests\",\"run\":\"make check\",\"after\":{\"ran\":true,"
        "\"ok\":false}}]}}"};

    (void)state;
    for (int i = 0; i < 2; i++) {
        json_auto_t *parsed = parse(points[i]);
        json_auto_t *criteria = criteria_make("feature", parsed, &diff);

        assert_int_equal(js_bool(criteria, "0.covered", false), i == 0);
        assert_string_equal(js_str(criteria, "0.tests.0.name", ""), "check tests");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(added_lines_have_the_numbers_of_the_new_side),
        cmocka_unit_test(a_place_is_touched_by_a_hunk_that_holds_it),
        cmocka_unit_test(a_criterion_is_covered_by_a_test_that_proves_it),
        cmocka_unit_test(tests_and_lines_of_a_criterion_are_named),
        cmocka_unit_test(a_criterion_about_a_check_is_covered_by_the_check),
    };

    return cmocka_run_group_tests_name("pipeline/criteria", tests, NULL, NULL);
}
