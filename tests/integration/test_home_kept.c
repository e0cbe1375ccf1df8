/* A HOME merged of its parts is, file by file, what was seen from inside: with the real bubblewrap
 * and the kernel's overlay, as root and as an ordinary user. */
#include "vdo/sandbox/sandbox.h"

#include "../../src/pipeline/setup/home_merge.h"

#include "ordinary_user.h"
#include "sandbox_fixture.h"

#include "vdo/base/fs.h"
#include "vdo/base/mem.h"
#include "vdo/base/proc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char top[64];
static char *work;
static char *home;
static char *below;

/* Kinds, names, contents, targets and execute bits of all below the working directory. */
#define LISTING                                                                                       \
    "find . ! -type f ! -type l -printf '%y %p\\n' -o -type l -printf '%y %p %l\\n' -o -type f "      \
    "-printf '%y %p ' -exec sh -c 'test -x \"$1\" && echo x; cat \"$1\"; echo' sh {} \\; | LC_ALL=C " \
    "sort"

static char *shell(const char *line, const char *cwd)
{
    const char *const argv[] = {"/bin/sh", "-c", line, NULL};
    struct proc_spec spec = {.argv = argv, .cwd = cwd, .timeout_ms = 60000, .head_max = 1 << 20};
    struct proc_result result;
    char *text;

    assert_int_equal(proc_run(&spec, &result, NULL), 0);
    if (result.exit_code)
        fail_msg("%s: %s", line, result.err.head);
    text = xstrdup(result.out.head);
    proc_result_release(&result);
    return text;
}

static int make_top(void **state)
{
    (void)state;
    (void)snprintf(top, sizeof(top), "/tmp/vdo-kept-XXXXXX");
    if (!mkdtemp(top))
        return -1;
    work = fs_join(top, "work");
    home = fs_join(top, "home");
    below = fs_join(top, "below");
    free(shell(
        "umask 022; mkdir work below; cd below; for d in a b c d/e; do mkdir -p $d; for f in 1 2 3; "
        "do echo $d$f > $d/$f; done; done; ln -s a/1 link; chmod +x b/1; mkdir empty",
        top));
    return 0;
}

static int remove_top(void **state)
{
    (void)state;
    free(work);
    free(home);
    free(below);
    return fs_remove_tree(top, NULL);
}

static char *inside(const char *line)
{
    const char *const argv[] = {"/bin/sh", "-c", line, NULL};
    struct sandbox_spec spec = {.dir = work,
                                .at = "/workspaces/repo",
                                .home = home,
                                .home_below = below,
                                .argv = argv,
                                .timeout_ms = 60000};
    struct sandbox_result result;
    struct err err = {0};
    char *output;

    if (sandbox_run(sandbox, &spec, &result, &err))
        fail_msg("%s: %s", line, err.text);
    if (result.exit_code)
        fail_msg("%s: %s", line, result.output);
    output = xstrdup(result.output);
    sandbox_result_release(&result);
    return output;
}

static void a_merged_home_is_what_was_seen_from_inside(void **state)
{
    static const char *const lines[] = {
        "true",
        "echo new > a/1; rm a/2; mv a/3 a/4; chmod +x b/2; chmod -x b/1",
        "rm -r a; echo file > a; rm link; mkdir link; echo x > link/x",
        "rm -r a b; mkdir a; echo 5 > a/5; mv c/1 a/1; rmdir empty; ln -s ../d/e a/up",
        "mv a z; mv b a; rm a/1; mv z b",
        "rm -rf a b c d link empty",
        "rm -rf d; mkdir -p d/e; touch d/e/4; rm -rf d; mkdir -p d/e/f; ln -sf nowhere link; ln b/1 hard",
        "for i in 1 2 3; do rm -rf a; mkdir a; echo $i > a/x$i; done; cp -a b a/b; rm -r b; mv a/b b",
        "chmod 700 a; touch -d 2001-01-01 b/3; rm d/e/1; mkdir d/e/1; echo 1 > d/e/1/1",
        "echo t > .t; mkdir .t2; mv .t .t2/; mv .t2 .t; chmod 500 .t a",
    };

    (void)state;
    if (!sandbox_available(sandbox) || !sandbox_try_homes(sandbox, top)) {
        (void)printf("# skipped: %s\n", sandbox_homes_why(sandbox));
        skip();
    }
    AUTO_FREE char *before = shell(LISTING, below);
    AUTO_FREE char *files = fs_join(home, "files");
    AUTO_FREE char *out = fs_join(top, "out");
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        AUTO_FREE char *line = xasprintf("cd; %s", lines[i]);
        AUTO_FREE char *why = NULL;
        struct err err = {0};

        free(inside(line));
        AUTO_FREE char *seen = inside("cd; " LISTING);
        if (home_merge(below, files, out, &why, &err))
            fail_msg("%s: %s", lines[i], err.text);
        assert_null(why);
        AUTO_FREE char *merged = shell(LISTING, out);
        AUTO_FREE char *after = shell(LISTING, below);
        assert_string_equal(merged, seen);
        assert_string_equal(before, after);
        assert_int_equal(fs_remove_tree(out, NULL), 0);
        assert_int_equal(fs_remove_tree(home, NULL), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_merged_home_is_what_was_seen_from_inside, make_top,
                                        remove_top),
    };

    return cmocka_run_group_tests(tests, sandbox_fixture_start, sandbox_fixture_stop) +
           run_as_ordinary_user();
}
