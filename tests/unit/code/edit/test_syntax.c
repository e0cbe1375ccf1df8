/* What parsers of this machine say of files; a language without one is never called broken. */
#include "edit_tree.h"

#include "vdo/base/mem.h"
#include "vdo/base/proc.h"
#include "vdo/code/edit.h"
#include "vdo/json/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct row {
    const char *tool; /* the program that is needed, or NULL */
    const char *path;
    const char *content;
    enum edit_syntax_state want;
    const char *says; /* part of the message */
};

static const struct row rows[] = {
    {"python3", "a.py", "x = 1\n", EDIT_SYNTAX_OK, NULL},
    {"python3", "a.py", "def f(:\n    pass\n", EDIT_SYNTAX_BROKEN, "line 1"},
    {"python3", "a.py", "if x:\npass\n", EDIT_SYNTAX_BROKEN, "indent"},
    {"python3", "a.py", "", EDIT_SYNTAX_OK, NULL},
    {"python3", "a.toml", "[a]\nb = 1\n", EDIT_SYNTAX_OK, NULL},
    {"python3", "a.toml", "[a\n", EDIT_SYNTAX_BROKEN, "line 1"},
    {"node", "a.js", "const a = 1;\n", EDIT_SYNTAX_OK, NULL},
    {"node", "a.js", "import b from 'c';\nexport default b;\n", EDIT_SYNTAX_OK, NULL},
    {"node", "a.mjs", "export const a = await b();\n", EDIT_SYNTAX_OK, NULL},
    {"node", "a.js", "const a = ;\n", EDIT_SYNTAX_BROKEN, "SyntaxError"},
    {"node", "a.js", "const a = <div></div>;\n", EDIT_SYNTAX_NONE, NULL},
    {"bash", "a.sh", "if true; then echo; fi\n", EDIT_SYNTAX_OK, NULL},
    {"bash", "a.sh", "if true; then echo\n", EDIT_SYNTAX_BROKEN, "syntax error"},
    {"ruby", "a.rb", "def a; end\n", EDIT_SYNTAX_OK, NULL},
    {"ruby", "a.rb", "def a\n", EDIT_SYNTAX_BROKEN, NULL},
    {"php", "a.php", "<?php echo 1;\n", EDIT_SYNTAX_OK, NULL},
    {"php", "a.php", "<?php echo (;\n", EDIT_SYNTAX_BROKEN, NULL},
    {"gofmt", "a.go", "package a\n", EDIT_SYNTAX_OK, NULL},
    {"gofmt", "a.go", "package\n", EDIT_SYNTAX_BROKEN, NULL},
    {NULL, "a.json", "{\"a\": [1, 2]}", EDIT_SYNTAX_OK, NULL},
    {NULL, "a.json", "{\"a\": [1, 2}", EDIT_SYNTAX_BROKEN, "line 1"},
    {NULL, "tsconfig.json", "{ // a comment\n}", EDIT_SYNTAX_NONE, NULL},
    {NULL, ".eslintrc.json", "{ // a comment\n}", EDIT_SYNTAX_NONE, NULL},
    {NULL, "a.c", "int main( {", EDIT_SYNTAX_NONE, NULL},
    {NULL, "a.rs", "fn main( {", EDIT_SYNTAX_NONE, NULL},
    {NULL, "README", "anything", EDIT_SYNTAX_NONE, NULL},
};

static bool has_tool(const char *name)
{
    char *usr = xasprintf("/usr/bin/%s", name);
    char *bin = xasprintf("/bin/%s", name);
    bool found = access(usr, X_OK) == 0 || access(bin, X_OK) == 0;

    free(usr);
    free(bin);
    return found;
}

static void edit_syntax__says_what_its_row_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct row *row = &rows[i];
        struct edit_syntax syntax;
        bool there = !row->tool || has_tool(row->tool);

        edit_syntax_bytes(NULL, row->path, row->content, strlen(row->content), &syntax);
        print_message("%s: %s\n", row->path, syntax.message);
        assert_int_equal(syntax.state, there ? row->want : EDIT_SYNTAX_NONE);
        if (there && row->says)
            assert_non_null(strstr(syntax.message, row->says));
        assert_int_equal(syntax.checker == NULL, syntax.state == EDIT_SYNTAX_NONE);
    }
}

static void edit_syntax__runs_nothing_of_the_file(void **state)
{
    char *dir = edit_tree_new();
    char *mark = xasprintf("%s/ran", dir);
    char *python = xasprintf("open('%s', 'w')\n", mark);
    char *node = xasprintf("require('fs').writeFileSync('%s', '')\n", mark);
    char *shell = xasprintf("touch '%s'\n", mark);
    struct edit_syntax syntax;

    (void)state;
    edit_syntax_bytes(NULL, "a.py", python, strlen(python), &syntax);
    edit_syntax_bytes(NULL, "a.js", node, strlen(node), &syntax);
    edit_syntax_bytes(NULL, "a.mjs", node, strlen(node), &syntax);
    edit_syntax_bytes(NULL, "a.sh", shell, strlen(shell), &syntax);
    assert_int_not_equal(access(mark, F_OK), 0);
    free(python);
    free(node);
    free(shell);
    free(mark);
    edit_tree_remove(dir);
}

static void edit_apply__tells_newly_broken_files_from_those_that_were(void **state)
{
    static const char ANSWER[] = "*** Begin Patch\n"
                                 "*** Update File: good.json\n@@\n-{}\n+{\n"
                                 "*** Update File: bad.json\n@@\n-{\n+{{\n"
                                 "*** Update File: fine.json\n@@\n-[]\n+[1]\n"
                                 "*** Update File: notes.txt\n@@\n-a\n+b\n"
                                 "*** End Patch\n";
    static const char *const WANT[] = {"broken", "was_broken", "ok", "none"};
    char *dir = edit_tree_new();
    struct edit_options options = {.dir = dir, .check_syntax = true};
    json_t *report = NULL;

    (void)state;
    edit_tree_put(dir, "good.json", "{}\n");
    edit_tree_put(dir, "bad.json", "{\n");
    edit_tree_put(dir, "fine.json", "[]\n");
    edit_tree_put(dir, "notes.txt", "a\n");
    assert_int_equal(
        edit_apply_answer(&options, EDIT_APPLY_PATCH, ANSWER, strlen(ANSWER), &report, NULL), 0);
    for (size_t i = 0; i < 4; i++) {
        const json_t *file = json_array_get(json_object_get(report, "files"), i);

        assert_string_equal(js_str(file, "syntax", ""), WANT[i]);
    }
    json_decref(report);
    edit_tree_remove(dir);
}

static void edit_check_syntax__reads_a_file_of_the_tree(void **state)
{
    char *dir = edit_tree_new();
    struct edit_syntax syntax = {0};
    struct err err = {0};

    (void)state;
    edit_tree_put(dir, "a.json", "{");
    assert_int_equal(edit_check_syntax(dir, "a.json", &syntax, &err), 0);
    assert_int_equal(syntax.state, EDIT_SYNTAX_BROKEN);
    assert_int_equal(edit_check_syntax(dir, "b.json", &syntax, &err), VDO_E_NOT_FOUND);
    err_clear(&err);
    assert_int_equal(edit_check_syntax(dir, "../b.json", &syntax, &err), VDO_E_REFUSED);
    edit_tree_remove(dir);
}

/* Content that makes parsers recurse, allocate or wait ends within the limits, with an answer. */
static void edit_syntax__hostile_content_ends(void **state)
{
    static const char *const PATHS[] = {"a.py", "a.json", "a.toml", "a.js", "a.sh", "a.go"};
    static const char *const PIECES[] = {"(", "{", "[", "\"", "a=", "\\", "\x80", "<<E\n"};
    enum { LEN = 512 * 1024 };
    char *bytes = xmalloc(LEN + 1);

    (void)state;
    for (size_t p = 0; p < sizeof(PATHS) / sizeof(PATHS[0]); p++) {
        for (size_t k = 0; k < sizeof(PIECES) / sizeof(PIECES[0]); k++) {
            struct edit_syntax syntax;
            size_t n = strlen(PIECES[k]);

            for (size_t i = 0; i + n <= LEN; i += n)
                memcpy(bytes + i, PIECES[k], n);
            bytes[LEN - LEN % n] = '\0';
            edit_syntax_bytes(NULL, PATHS[p], bytes, LEN - LEN % n, &syntax);
            assert_true(syntax.state == EDIT_SYNTAX_NONE || syntax.state == EDIT_SYNTAX_BROKEN ||
                        syntax.state == EDIT_SYNTAX_OK);
            assert_true(strlen(syntax.message) < sizeof(syntax.message));
        }
    }
    free(bytes);
}

struct way {
    int rc;
    struct edit_parse parse;
    int runs;
};

static int pretend(void *arg, const char *name, const char *path, const char *const *argv,
                   const char *bytes, size_t len, struct edit_parse *out)
{
    struct way *way = arg;

    way->runs++;
    assert_string_equal(name, "python3");
    assert_string_equal(path, "a.py");
    assert_string_equal(argv[0], "python3");
    assert_memory_equal(bytes, "x", len);
    *out = way->parse;
    return way->rc;
}

static void edit_syntax__believes_the_way_it_is_given(void **state)
{
    static const struct {
        int rc;
        int exit_code;
        const char *said;
        enum edit_syntax_state want;
        int line;
    } ways[] = {
        {0, 0, "", EDIT_SYNTAX_OK, 0},
        {0, 1, "line 7: no", EDIT_SYNTAX_BROKEN, 7},
        {0, 1, "a.py:12:3: no", EDIT_SYNTAX_BROKEN, 12},
        {0, 1, "no place: at all", EDIT_SYNTAX_BROKEN, 0},
        {0, 77, "gave up", EDIT_SYNTAX_NONE, 0},
        {0, 127, "not found", EDIT_SYNTAX_NONE, 0},
        {0, 137, "killed", EDIT_SYNTAX_NONE, 0},
        {0, 255, "Errors parsing - on line 3", EDIT_SYNTAX_BROKEN, 3}, /* php */
        {0, -1, "", EDIT_SYNTAX_NONE, 0},
        {VDO_E_REFUSED, 1, "", EDIT_SYNTAX_NONE, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        struct way way = {.rc = ways[i].rc, .parse = {.exit_code = ways[i].exit_code}};
        struct edit_parser parser = {pretend, &way};
        struct edit_syntax syntax;

        (void)snprintf(way.parse.said, sizeof(way.parse.said), "%s", ways[i].said);
        edit_syntax_bytes(&parser, "a.py", "x", 1, &syntax);
        assert_int_equal(syntax.state, ways[i].want);
        assert_int_equal(syntax.line, ways[i].line);
        assert_int_equal(way.runs, 1);
    }
}

static void edit_answer_is_marked__knows_edits_from_words(void **state)
{
    static const struct {
        const char *answer;
        bool want;
    } answers[] = {
        {"", false},
        {"I have changed `a.py` as asked.", false},
        {"a.py\n```python\nx = 1\n```\n", false},
        {"a.py\n<<<<<<< SEARCH\nx\n=======\ny\n>>>>>>> REPLACE\n", true},
        {"--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n-x\n+y\n", true},
        {"```diff\n@@ -1 +1 @@\n-x\n+y\n```\n", true},
        {"*** Begin Patch\n*** Update File: a.py\n", true},
        {"Mail me at a@@b.example", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
        assert_int_equal(edit_answer_is_marked(answers[i].answer, strlen(answers[i].answer)),
                         answers[i].want);
}

static int start(void **state)
{
    (void)state;
    return proc_start_supervisor(NULL);
}

static int stop(void **state)
{
    (void)state;
    proc_stop_supervisor();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(edit_syntax__says_what_its_row_says),
        cmocka_unit_test(edit_syntax__runs_nothing_of_the_file),
        cmocka_unit_test(edit_syntax__hostile_content_ends),
        cmocka_unit_test(edit_syntax__believes_the_way_it_is_given),
        cmocka_unit_test(edit_answer_is_marked__knows_edits_from_words),
        cmocka_unit_test(edit_apply__tells_newly_broken_files_from_those_that_were),
        cmocka_unit_test(edit_check_syntax__reads_a_file_of_the_tree),
    };

    return cmocka_run_group_tests_name("edit syntax", tests, start, stop);
}
