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

        edit_syntax_bytes(row->path, row->content, strlen(row->content), &syntax);
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
    edit_syntax_bytes("a.py", python, strlen(python), &syntax);
    edit_syntax_bytes("a.js", node, strlen(node), &syntax);
    edit_syntax_bytes("a.mjs", node, strlen(node), &syntax);
    edit_syntax_bytes("a.sh", shell, strlen(shell), &syntax);
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
        cmocka_unit_test(edit_apply__tells_newly_broken_files_from_those_that_were),
        cmocka_unit_test(edit_check_syntax__reads_a_file_of_the_tree),
    };

    return cmocka_run_group_tests_name("edit syntax", tests, start, stop);
}
