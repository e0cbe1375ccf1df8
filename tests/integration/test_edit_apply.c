/* `vdo apply`: options, exit codes, what goes to which stream. */
#include "edit_tree.h"

#include "vdo/base/fs.h"
#include "vdo/base/mem.h"
#include "vdo/cli/commands.h"
#include "vdo/json/json.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define BLOCK "a.txt\n<<<<<<< SEARCH\none\n=======\n1\n>>>>>>> REPLACE\n"

struct outcome {
    int code;
    char *out;
    char *err;
};

static void redirect(int fd, const char *path, int flags)
{
    int file = open(path, flags | O_CLOEXEC, 0600);

    if (file < 0 || dup2(file, fd) < 0)
        _exit(120);
}

/* Run the command in a child; input is its standard input. args ends with NULL. */
static struct outcome run(const char *scratch, const char *input, const char *const *args)
{
    char *argv[16] = {NULL};
    char *in = fs_join(scratch, "stdin");
    char *out = fs_join(scratch, "stdout");
    char *err = fs_join(scratch, "stderr");
    struct outcome outcome = {0};
    int argc = 0;
    int status = 0;
    pid_t pid;

    argv[argc++] = xstrdup("apply");
    for (; *args; args++)
        argv[argc++] = xstrdup(*args);
    edit_tree_put(scratch, "stdin", input);
    (void)fflush(NULL);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        int code;

        redirect(STDIN_FILENO, in, O_RDONLY);
        redirect(STDOUT_FILENO, out, O_WRONLY | O_CREAT | O_TRUNC);
        redirect(STDERR_FILENO, err, O_WRONLY | O_CREAT | O_TRUNC);
        code = cli_apply(argc, argv);
        (void)fflush(NULL);
        _exit(code);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    outcome.code = WEXITSTATUS(status);
    outcome.out = edit_tree_get(scratch, "stdout");
    outcome.err = edit_tree_get(scratch, "stderr");
    for (int i = 0; i < argc; i++)
        free(argv[i]);
    free(in);
    free(out);
    free(err);
    return outcome;
}

static void release(struct outcome *outcome)
{
    free(outcome->out);
    free(outcome->err);
}

struct world {
    char *tree;
    char *scratch;
};

static int set_up(void **state)
{
    struct world *w = xcalloc(1, sizeof(*w));

    w->tree = edit_tree_new();
    w->scratch = edit_tree_new();
    edit_tree_put(w->tree, "a.txt", "one\ntwo\n");
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;

    edit_tree_remove(w->tree);
    edit_tree_remove(w->scratch);
    free(w);
    return 0;
}

static void expect_file(const struct world *w, const char *want)
{
    char *have = edit_tree_get(w->tree, "a.txt");

    assert_string_equal(have, want);
    free(have);
}

static void vdo_apply__exits_0_and_names_what_changed(void **state)
{
    struct world *w = *state;
    struct outcome o = run(w->scratch, BLOCK, (const char *[]){"--dir", w->tree, NULL});

    assert_int_equal(o.code, EXIT_DONE);
    assert_string_equal(o.out, "update a.txt\n");
    assert_string_equal(o.err, "");
    expect_file(w, "1\ntwo\n");
    release(&o);
}

static void vdo_apply__reads_the_answer_from_a_file(void **state)
{
    struct world *w = *state;
    char *file = fs_join(w->scratch, "answer");
    struct outcome o;

    edit_tree_put(w->scratch, "answer", BLOCK);
    o = run(w->scratch, "",
            (const char *[]){"--format", "search_replace", file, "--dir", w->tree, NULL});
    assert_int_equal(o.code, EXIT_DONE);
    expect_file(w, "1\ntwo\n");
    release(&o);
    free(file);
}

static void vdo_apply__exits_3_with_a_reason_and_the_nearest_text(void **state)
{
    struct world *w = *state;
    struct outcome o =
        run(w->scratch, "a.txt\n<<<<<<< SEARCH\none!\ntwo\n=======\n1\n>>>>>>> REPLACE\n",
            (const char *[]){"--dir", w->tree, NULL});

    assert_int_equal(o.code, EXIT_REFUSED);
    assert_string_equal(o.out, "");
    assert_non_null(strstr(o.err, "vdo apply: not_found: a.txt"));
    assert_non_null(strstr(o.err, "nearest text, a.txt line 1"));
    expect_file(w, "one\ntwo\n");
    release(&o);
}

static void vdo_apply__prints_one_json_document(void **state)
{
    struct world *w = *state;
    struct outcome o = run(w->scratch, BLOCK, (const char *[]){"-d", w->tree, "--json", NULL});
    json_t *report = NULL;

    assert_int_equal(o.code, EXIT_DONE);
    assert_int_equal(js_parse(o.out, strlen(o.out), &report, NULL), 0);
    assert_true(js_bool(report, "applied", false));
    assert_true(json_is_null(json_object_get(report, "reason")));
    assert_true(json_is_null(json_object_get(report, "candidate")));
    assert_string_equal(js_str(report, "files.0.path", ""), "a.txt");
    assert_string_equal(js_str(report, "files.0.action", ""), "update");
    assert_int_equal(js_int(report, "files.0.edits.0.line", 0), 1);
    assert_string_equal(js_str(report, "files.0.edits.0.match", ""), "exact");
    json_decref(report);
    release(&o);
    o = run(w->scratch, BLOCK, (const char *[]){"-d", w->tree, "--json", NULL});
    assert_int_equal(o.code, EXIT_REFUSED);
    assert_int_equal(js_parse(o.out, strlen(o.out), &report, NULL), 0);
    assert_false(js_bool(report, "applied", true));
    assert_string_equal(js_str(report, "reason", ""), "already_applied");
    json_decref(report);
    release(&o);
}

static void vdo_apply__changes_nothing_with_dry_run(void **state)
{
    struct world *w = *state;
    struct outcome o = run(w->scratch, BLOCK, (const char *[]){"-d", w->tree, "--dry-run", NULL});

    assert_int_equal(o.code, EXIT_DONE);
    assert_string_equal(o.out, "update a.txt\n");
    expect_file(w, "one\ntwo\n");
    release(&o);
}

static void vdo_apply__never_writes_what_is_protected(void **state)
{
    struct world *w = *state;
    struct outcome o =
        run(w->scratch, BLOCK,
            (const char *[]){"-d", w->tree, "--protect", "*.md", "--protect", "*.txt", NULL});

    assert_int_equal(o.code, EXIT_REFUSED);
    assert_non_null(strstr(o.err, "protected"));
    expect_file(w, "one\ntwo\n");
    release(&o);
}

static void vdo_apply__says_whether_a_file_still_parses(void **state)
{
    struct world *w = *state;
    struct outcome o;

    edit_tree_put(w->tree, "a.json", "{}\n");
    o = run(w->scratch, "a.json\n<<<<<<< SEARCH\n{}\n=======\n{\n>>>>>>> REPLACE\n",
            (const char *[]){"-d", w->tree, "--check-syntax", NULL});
    assert_int_equal(o.code, EXIT_DONE);
    assert_string_equal(o.out, "update a.json  syntax: broken\n");
    assert_non_null(strstr(o.err, "a.json: line "));
    release(&o);
}

static void vdo_apply__exits_2_when_used_wrongly(void **state)
{
    struct world *w = *state;
    const char *const *const rows[] = {
        (const char *[]){NULL},
        (const char *[]){"--dir", NULL},
        (const char *[]){"--dir", "/nonexistent/tree", NULL},
        (const char *[]){"--dir", w->tree, "--format", "diff", NULL},
        (const char *[]){"--dir", w->tree, "--frobnicate", NULL},
        (const char *[]){"--dir", w->tree, "a", "b", NULL},
        (const char *[]){"--dir", w->tree, "/nonexistent/answer", NULL},
        (const char *[]){"--dir", w->tree, w->scratch, NULL},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct outcome o = run(w->scratch, BLOCK, rows[i]);

        assert_int_equal(o.code, EXIT_USAGE);
        assert_string_equal(o.out, "");
        assert_true(strlen(o.err) > 20);
        release(&o);
    }
    expect_file(w, "one\ntwo\n");
}

static void vdo_apply__prints_its_help(void **state)
{
    struct world *w = *state;
    struct outcome o = run(w->scratch, "", (const char *[]){"--help", NULL});

    assert_int_equal(o.code, EXIT_DONE);
    assert_non_null(strstr(o.out, "--check-syntax"));
    release(&o);
}

#define WORLD_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(vdo_apply__exits_0_and_names_what_changed),
        WORLD_TEST(vdo_apply__reads_the_answer_from_a_file),
        WORLD_TEST(vdo_apply__exits_3_with_a_reason_and_the_nearest_text),
        WORLD_TEST(vdo_apply__prints_one_json_document),
        WORLD_TEST(vdo_apply__changes_nothing_with_dry_run),
        WORLD_TEST(vdo_apply__never_writes_what_is_protected),
        WORLD_TEST(vdo_apply__says_whether_a_file_still_parses),
        WORLD_TEST(vdo_apply__exits_2_when_used_wrongly),
        WORLD_TEST(vdo_apply__prints_its_help),
    };

    return cmocka_run_group_tests_name("vdo apply", tests, NULL, NULL);
}
