/* vdo locate and vdo outline as commands: what they print, and their exit codes. */
#include "git_fixture.h"
#include "index_tree.h"

#include "vdo/base/fs.h"
#include "vdo/base/mem.h"
#include "vdo/cli/commands.h"
#include "vdo/json/json.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { MAX_ARGS = 12 };

/* Run a command; *out gets what it printed. Standard error is left alone. */
static int run(struct index_tree *t, int (*command)(int, char **), const char *const *args,
               char **out)
{
    AUTO_FREE char *path = fs_join(t->dir, "stdout");
    char *argv[MAX_ARGS + 1] = {NULL};
    int argc = 0;
    int kept;
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    int code;

    while (args[argc] && argc < MAX_ARGS) {
        argv[argc] = xstrdup(args[argc]);
        argc++;
    }
    (void)fflush(stdout);
    kept = dup(STDOUT_FILENO);
    assert_true(fd >= 0 && kept >= 0);
    (void)dup2(fd, STDOUT_FILENO);
    code = command(argc, argv);
    (void)fflush(stdout);
    (void)dup2(kept, STDOUT_FILENO);
    (void)close(kept);
    (void)close(fd);
    assert_int_equal(fs_read_file(path, 1 << 22, out, NULL, NULL), 0);
    for (int i = 0; i < argc; i++)
        free(argv[i]);
    return code;
}

static void put_program(struct index_tree *t)
{
    AUTO_FREE char *issue = fs_join(t->dir, "issue.md");

    index_tree_put(t, "src/parser.c", "/* Reads tokens. */\nint next_token(void) { return 0; }\n");
    index_tree_put(t, "src/printer.c",
                   "/* Writes all the pages. */\nint print_page(void) { return 0; }\n");
    assert_int_equal(fs_write_atomic(issue, "tokens are read twice\n", 22, 0600, NULL), 0);
}

static void locate__prints_paths_best_first(void **state)
{
    struct index_tree *t = *state;
    AUTO_FREE char *issue = fs_join(t->dir, "issue.md");
    AUTO_FREE char *cache = fs_join(t->dir, "cache");
    const char *const args[] = {"locate", "--repo", t->root, "--cache", cache,
                                "-n",     "1",      issue,   NULL};

    put_program(t);
    for (int i = 0; i < 2; i++) { /* without and with what the first run kept */
        AUTO_FREE char *out = NULL;

        assert_int_equal(run(t, cli_locate, args, &out), EXIT_DONE);
        assert_string_equal(out, "src/parser.c\n");
    }
}

static void locate__prints_one_json_document(void **state)
{
    struct index_tree *t = *state;
    AUTO_FREE char *issue = fs_join(t->dir, "issue.md");
    const char *const args[] = {"locate", "-r", t->root, "--json", issue, NULL};
    AUTO_FREE char *out = NULL;
    json_auto_t *answer = NULL;

    put_program(t);
    assert_int_equal(run(t, cli_locate, args, &out), EXIT_DONE);
    assert_int_equal(js_parse(out, strlen(out), &answer, NULL), 0);
    assert_string_equal(js_str(answer, "files.0.path", ""), "src/parser.c");
    assert_true(js_num(answer, "files.0.score", 0) > js_num(answer, "files.1.score", 0));
    assert_non_null(strstr(js_str(answer, "files.0.reason", ""), "words: tokens"));
    assert_true(js_int(answer, "files.0.line", 0) >= 1);
    assert_int_equal(js_int(answer, "index.files", 0), 2);
}

static void locate__reads_the_head_of_a_repository(void **state)
{
    struct index_tree *t = *state;
    AUTO_FREE char *issue = fs_join(t->dir, "issue.md");
    const char *const args[] = {"locate", "-r", t->root, "-n", "1", issue, NULL};
    AUTO_FREE char *before = NULL;
    AUTO_FREE char *after = NULL;
    AUTO_FREE char *linked = NULL;
    AUTO_FREE char *worktree = fs_join(t->dir, "linked");
    const char *const in_worktree[] = {"locate", "-r", worktree, "-n", "1", issue, NULL};

    put_program(t);
    git_fixture_run(t->root, "git init -q .");
    assert_int_equal(run(t, cli_locate, args, &before), EXIT_DONE); /* no commit yet */
    assert_string_equal(before, "src/parser.c\n");
    git_fixture_run(t->root,
                    "git add -A && git commit -q -m x && git rm -q --cached src/parser.c &&"
                    "rm src/parser.c && git worktree add -q ../linked");
    assert_int_equal(run(t, cli_locate, args, &after), EXIT_DONE);
    assert_string_equal(after, "src/parser.c\n");
    assert_int_equal(run(t, cli_locate, in_worktree, &linked), EXIT_DONE);
    assert_string_equal(linked, "src/parser.c\n");
}

static void locate__of_an_empty_bare_repository_prints_nothing(void **state)
{
    struct index_tree *t = *state;
    AUTO_FREE char *issue = fs_join(t->dir, "issue.md");
    AUTO_FREE char *bare = fs_join(t->dir, "bare.git");
    const char *const args[] = {"locate", "-r", bare, issue, NULL};
    AUTO_FREE char *out = NULL;

    put_program(t);
    git_fixture_run(t->dir, "git init -q --bare bare.git");
    assert_int_equal(run(t, cli_locate, args, &out), EXIT_DONE);
    assert_string_equal(out, "");
}

static void commands__refuse_wrong_usage(void **state)
{
    struct index_tree *t = *state;
    AUTO_FREE char *issue = fs_join(t->dir, "issue.md");
    const struct {
        int (*command)(int, char **);
        const char *args[MAX_ARGS];
    } rows[] = {
        {cli_locate, {"locate", issue}},
        {cli_locate, {"locate", "--repo", "/nonexistent", issue}},
        {cli_locate, {"locate", "--repo", t->root, "-n", "0", issue}},
        {cli_locate, {"locate", "--repo", t->root, "-n", "many", issue}},
        {cli_locate, {"locate", "--repo", t->root, "/nonexistent.md"}},
        {cli_locate, {"locate", "--repo", t->root, issue, issue}},
        {cli_locate, {"locate", "--repo", t->root, t->root}},
        {cli_locate, {"locate", "--wrong"}},
        {cli_outline, {"outline"}},
        {cli_outline, {"outline", "--repo", t->root, "--budget", "-1"}},
        {cli_outline, {"outline", "--repo", t->root, "--focus", "nothing.c"}},
        {cli_outline, {"outline", "--repo", t->root, "more"}},
        {cli_outline, {"outline", "--repo", "/nonexistent"}},
    };

    put_program(t);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        AUTO_FREE char *out = NULL;

        if (run(t, rows[i].command, rows[i].args, &out) != EXIT_USAGE || *out)
            fail_msg("row %zu", i);
    }
}

static void commands__fail_when_the_cache_cannot_be_made(void **state)
{
    struct index_tree *t = *state;
    AUTO_FREE char *issue = fs_join(t->dir, "issue.md");
    AUTO_FREE char *below_a_file = fs_join(issue, "cache");
    const char *const args[] = {"locate", "-r", t->root, "-c", below_a_file, issue, NULL};
    AUTO_FREE char *out = NULL;

    put_program(t);
    assert_int_equal(run(t, cli_locate, args, &out), EXIT_FAILED);
}

static void outline__prints_the_map_within_its_budget(void **state)
{
    struct index_tree *t = *state;
    const char *const args[] = {"outline", "--repo",  t->root,         "--budget",
                                "100",     "--focus", "src/printer.c", NULL};
    const char *const help[] = {"outline", "--help", NULL};
    AUTO_FREE char *out = NULL;
    AUTO_FREE char *usage = NULL;

    put_program(t);
    assert_int_equal(run(t, cli_outline, args, &out), EXIT_DONE);
    assert_true(strlen(out) <= 300);
    assert_non_null(strstr(out, "Most relevant files:\nsrc/printer.c: Writes all the pages.\n"));
    assert_int_equal(run(t, cli_outline, help, &usage), EXIT_DONE);
    assert_non_null(strstr(usage, "Usage: vdo outline"));
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, index_tree_setup, index_tree_teardown)
    const struct CMUnitTest tests[] = {
        T(locate__prints_paths_best_first),
        T(locate__prints_one_json_document),
        T(locate__reads_the_head_of_a_repository),
        T(locate__of_an_empty_bare_repository_prints_nothing),
        T(commands__refuse_wrong_usage),
        T(commands__fail_when_the_cache_cannot_be_made),
        T(outline__prints_the_map_within_its_budget),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
