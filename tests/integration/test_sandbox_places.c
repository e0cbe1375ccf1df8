/* Where a run finds its work directory and its HOME. */
#include "vdo/sandbox/sandbox.h"

#include "ordinary_user.h"
#include "sandbox_fixture.h"

#include "../../src/sandbox/host.h"

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

/* Closed to others, as data_dir is. */
static int make_top(void **state)
{
    (void)state;
    (void)snprintf(top, sizeof(top), "/tmp/vdo-places-XXXXXX");
    if (!mkdtemp(top))
        return -1;
    work = fs_join(top, "work");
    return mkdir(work, 0700);
}

static int remove_top(void **state)
{
    (void)state;
    free(work);
    return fs_remove_tree(top, NULL);
}

static void need_isolation(void)
{
    if (sandbox_available(sandbox))
        return;
    (void)printf("# skipped: %s\n", sandbox_describe(sandbox));
    skip();
}

static void put(const char *name, const char *text)
{
    AUTO_FREE char *path = fs_join(top, name);
    char *slash = strrchr(path, '/');

    *slash = '\0';
    assert_int_equal(fs_make_dirs(path, 0755, NULL), 0);
    *slash = '/';
    assert_int_equal(fs_write_atomic(path, text, strlen(text), 0644, NULL), 0);
}

static struct sandbox_spec shell(const char *const *argv)
{
    return (struct sandbox_spec){.dir = work, .argv = argv, .timeout_ms = 20000};
}

/* Run a line as the spec says; its output. */
static char *run(struct sandbox_spec *spec, const char *line, int *out_end)
{
    const char *const argv[] = {"/bin/sh", "-c", line, NULL};
    struct sandbox_result result;
    struct err err = {0};
    char *output;

    spec->argv = argv;
    if (sandbox_run(sandbox, spec, &result, &err))
        fail_msg("%s: %s", line, err.text);
    if (out_end)
        *out_end = (int)result.end;
    else if (result.exit_code != 0)
        fail_msg("%s: exit code %d: %s%s", line, result.exit_code, result.output, result.limit);
    output = xstrdup(result.output);
    sandbox_result_release(&result);
    return output;
}

/* ---- the work directory ---- */

static void at__is_where_the_work_directory_is_inside(void **state)
{
    AUTO_FREE char *layer = fs_join(top, "layer");
    const struct sandbox_mount mount = {.from = layer, .to = "deps/x"};
    struct sandbox_spec spec = shell(NULL);

    (void)state;
    need_isolation();
    put("layer/kept", "kept\n");
    put("work/.git/config", "secret\n");
    spec.at = "/workspaces/repo";
    spec.mounts = &mount;
    spec.n_mounts = 1;
    AUTO_FREE char *line = xasprintf(
        "pwd; cat deps/x/kept; ls -A .git; echo made > made; ls /workspaces; test ! -e %s && echo hidden",
        top);
    AUTO_FREE char *output = run(&spec, line, NULL);
    AUTO_FREE char *made = fs_join(work, "made");
    assert_string_equal(output, "/workspaces/repo\nkept\nrepo\nhidden\n");
    assert_true(fs_exists(made));
}

static void at__is_no_part_of_the_system(void **state)
{
    static const char *const bad[] = {"/", "/usr", "/tmp", "/etc/x", "work", "/proc/1", "/a/../b"};
    static const char *const argv[] = {"/usr/bin/true", NULL};
    struct sandbox_result result;

    (void)state;
    need_isolation();
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct sandbox_spec spec = shell(argv);

        spec.at = bad[i];
        assert_int_equal(sandbox_run(sandbox, &spec, &result, NULL), VDO_E_INVALID);
    }
}

/* ---- HOME ---- */

static char *home;
static char *below;

static int make_homes(void **state)
{
    if (make_top(state))
        return -1;
    home = fs_join(top, "home");
    below = fs_join(top, "below");
    put("below/cache/a/one", "1\n");
    put("below/cache/a/two", "2\n");
    put("below/cache/b/three", "3\n");
    put("below/.rc", "below\n");
    return 0;
}

static int remove_homes(void **state)
{
    free(home);
    free(below);
    return remove_top(state);
}

static struct sandbox_spec with_home(bool upon)
{
    return (struct sandbox_spec){.dir = work,
                                 .at = "/workspaces/repo",
                                 .home = home,
                                 .home_below = upon ? below : NULL,
                                 .timeout_ms = 30000};
}

static void need_homes(void)
{
    need_isolation();
    if (sandbox_try_homes(sandbox, top))
        return;
    (void)printf("# skipped: %s\n", sandbox_homes_why(sandbox));
    skip();
}

static bool is(const char *name, const char *text)
{
    AUTO_FREE char *path = fs_join(top, name);
    AUTO_FREE char *bytes = NULL;

    return fs_read_file(path, 1000, &bytes, NULL, NULL) == 0 && strcmp(bytes, text) == 0;
}

/* What the trusted side has put there is as it was, and whose it was. */
static void assert_below_is_whole(void)
{
    AUTO_FREE char *command = xasprintf("cd %s && find . | LC_ALL=C sort | tr '\\n' ' '; "
                                        "find . ! -user %u",
                                        below, (unsigned)geteuid());
    const char *const argv[] = {"/bin/sh", "-c", command, NULL};
    struct proc_spec find = {.argv = argv, .timeout_ms = 10000, .head_max = 1000};
    struct proc_result found;

    assert_int_equal(proc_run(&find, &found, NULL), 0);
    assert_string_equal(found.out.head, ". ./.rc ./cache ./cache/a ./cache/a/one ./cache/a/two "
                                        "./cache/b ./cache/b/three ");
    proc_result_release(&found);
    assert_true(is("below/.rc", "below\n") && is("below/cache/a/one", "1\n") &&
                is("below/cache/a/two", "2\n") && is("below/cache/b/three", "3\n"));
}

static void home__lasts_from_one_command_to_the_next(void **state)
{
    struct sandbox_spec spec = with_home(false);
    struct stat st;

    (void)state;
    need_isolation();
    AUTO_FREE char *first =
        run(&spec, "echo $HOME; ls -A ~; mkdir ~/.cache; id -u > ~/.cache/x", NULL);
    AUTO_FREE char *second = run(&spec, "cat ~/.cache/x; echo more >> ~/.cache/x", NULL);
    AUTO_FREE char *file = fs_join(home, "files/.cache/x");
    assert_string_equal(first, "/tmp/home\n");
    assert_string_equal(second, "1000\n");
    assert_true(is("home/files/.cache/x", "1000\nmore\n"));
    assert_int_equal(stat(file, &st), 0);
    assert_int_equal(st.st_uid, geteuid());
}

static void home__without_one_ends_with_the_command(void **state)
{
    struct sandbox_spec spec = with_home(false);

    (void)state;
    need_isolation();
    spec.home = NULL;
    free(run(&spec, "echo x > ~/x", NULL));
    AUTO_FREE char *output = run(&spec, "ls -A ~", NULL);
    assert_string_equal(output, "");
}

static void home_below__is_where_home_begins_and_is_never_written(void **state)
{
    struct sandbox_spec spec = with_home(true);

    (void)state;
    need_homes();
    AUTO_FREE char *first =
        run(&spec,
            "cd; cat .rc cache/a/one; echo mine > .rc; rm cache/a/one; chmod 700 cache/a/two; "
            "rm -r cache/b; mkdir cache/b; echo 4 > cache/b/four; mv cache/a cache/moved; "
            "touch -d 2001-01-01 cache/moved/two; ln cache/b/four hard; ls -R cache",
            NULL);
    AUTO_FREE char *second = run(&spec, "cd; cat .rc cache/b/* cache/moved/* hard", NULL);
    assert_string_equal(first,
                        "below\n1\ncache:\nb\nmoved\n\ncache/b:\nfour\n\ncache/moved:\ntwo\n");
    assert_string_equal(second, "mine\n4\n2\n4\n");
    assert_true(is("home/files/.rc", "mine\n"));
    assert_below_is_whole();
}

/* As two jobs that use the same layer at the same time, or before and after a change. */
static void home_below__is_shared_by_homes_that_know_nothing_of_each_other(void **state)
{
    struct sandbox_spec first = with_home(true);
    struct sandbox_spec second = with_home(true);
    AUTO_FREE char *other = fs_join(top, "other");

    (void)state;
    need_homes();
    second.home = other;
    free(run(&first, "rm -r ~/cache; echo x > ~/mine", NULL));
    AUTO_FREE char *output = run(&second, "cd; ls -A . cache", NULL);
    assert_string_equal(output, ".:\n.rc\ncache\n\ncache:\na\nb\n");
    assert_below_is_whole();
}

static void home_below__goes_with_everything_else_that_is_mounted(void **state)
{
    AUTO_FREE char *layer = fs_join(top, "layer");
    const struct sandbox_mount mount = {.from = layer, .to = "deps"};
    const char *const hosts[] = {"a.example", NULL};
    struct sandbox_spec spec = with_home(true);

    (void)state;
    need_homes();
    put("layer/kept", "kept\n");
    spec.mounts = &mount;
    spec.n_mounts = 1;
    spec.allow_hosts = hosts;
    AUTO_FREE char *output = run(&spec,
                                 "cat deps/kept ~/.rc; pwd; echo made > made; "
                                 "(echo x > deps/x) 2>/dev/null || echo closed",
                                 NULL);
    assert_string_equal(output, "kept\nbelow\n/workspaces/repo\nclosed\n");
    assert_true(is("work/made", "made\n"));
}

/* Only what is mounted can be reached: not the directories that the kernel works with. */
static void home_below__shows_nothing_of_how_it_is_made(void **state)
{
    struct sandbox_spec spec = with_home(true);

    (void)state;
    need_homes();
    AUTO_FREE char *output = run(
        &spec,
        "ls /mnt /media /srv /opt 2>/dev/null; cd; ls -A; "
        "for d in work files ../work ../home/work; do test ! -e $d || echo $d; done; "
        "setfattr -n user.overlay.opaque -v y cache 2>/dev/null; "
        "setfattr -n trusted.overlay.opaque -v y cache 2>/dev/null && echo trusted; "
        "getfattr -d -m - cache 2>/dev/null; ls cache; "
        "mount -t overlay x -o lowerdir=/usr,upperdir=$PWD,workdir=$PWD /tmp 2>/dev/null && echo "
        "mounted; umount ~ 2>/dev/null && echo gone; mv ~ /tmp/x 2>/dev/null && echo moved; true",
        NULL);
    if (strstr(output, "user.overlay.opaque")) /* newer kernels keep it, under another name */
        (void)printf("# %s", output);
    assert_non_null(strstr(output, ".rc\ncache\na\nb\n"));
    assert_null(strstr(output, "trusted\n"));
    assert_null(strstr(output, "mounted\n"));
    assert_null(strstr(output, "gone\n"));
    assert_null(strstr(output, "moved\n"));
    assert_below_is_whole();
}

static void home__counts_with_the_work_directory(void **state)
{
    static const char *const lines[] = {
        "dd if=/dev/zero of=$HOME/x bs=1M count=12 2>/dev/null; "
        "dd if=/dev/zero of=y bs=1M count=12 2>/dev/null; sleep 10",
        /* too deep */
        "cd; i=0; while [ $i -lt 200 ]; do mkdir d && cd d; i=$((i+1)); done; sleep 10",
    };

    (void)state;
    need_homes();
    for (int upon = 0; upon < 2; upon++) {
        for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
            struct sandbox_spec spec = with_home(upon);
            int end;

            spec.disk_bytes = 16 << 20;
            AUTO_FREE char *output = run(&spec, lines[i], &end);
            if (end != SANDBOX_DISK)
                fail_msg("%s: upon %d: end %d: %s", lines[i], upon, end, output);
            assert_int_equal(fs_remove_tree(home, NULL), 0);
            assert_int_equal(fs_remove_tree(work, NULL), 0);
            assert_int_equal(mkdir(work, 0700), 0);
        }
    }
    assert_below_is_whole();
}

/* What a command did to its HOME does not keep VDO from removing it. */
static void home__can_be_removed_whatever_was_done_to_it(void **state)
{
    struct sandbox_spec spec = with_home(true);

    (void)state;
    need_homes();
    free(run(&spec,
             "cd; rm -r cache; mkdir -p cache/b/x; chmod 0 cache/b cache; mkfifo pipe; "
             "mknod null c 0 0 2>/dev/null; ln -s /etc/passwd cache2; chmod 0 . ; true",
             NULL));
    assert_int_equal(fs_remove_tree(home, NULL), 0);
    assert_false(fs_exists(home));
    assert_below_is_whole();
}

static void home__goes_on_after_a_run_that_was_killed(void **state)
{
    struct sandbox_spec spec = with_home(true);
    int end;

    (void)state;
    need_homes();
    spec.timeout_ms = 3000;
    free(run(&spec,
             "cd; echo mine > .rc; echo x > new; while :; do rm -rf cache; mkdir cache; done",
             &end));
    assert_int_equal(end, SANDBOX_TIMEOUT);
    spec.timeout_ms = 30000;
    AUTO_FREE char *output = run(&spec, "cd; cat .rc new", NULL);
    assert_string_equal(output, "mine\nx\n");
    assert_below_is_whole();
}

/* Files are given to the run and taken back; then HOME cannot begin with somebody else's. */
static void home__works_without_id_mapped_mounts(void **state)
{
    static const char *const argv[] = {"/usr/bin/true", NULL};
    struct sandbox_spec spec = with_home(false);
    struct sandbox_spec upon = with_home(true);
    struct sandbox_result result;
    struct err err = {0};
    struct stat st;

    (void)state;
    need_isolation();
    sandbox->no_idmap = true;
    AUTO_FREE char *output = run(&spec, "echo x > ~/x; cat ~/x", NULL);
    AUTO_FREE char *file = fs_join(home, "files/x");
    assert_string_equal(output, "x\n");
    assert_int_equal(stat(file, &st), 0);
    assert_int_equal(st.st_uid, geteuid());
    if (geteuid() == 0) {
        upon.argv = argv;
        assert_int_equal(sandbox_run(sandbox, &upon, &result, &err), VDO_E_REFUSED);
        assert_non_null(strstr(err.text, "id-mapped"));
        assert_false(sandbox_try_homes(sandbox, top));
        assert_non_null(strstr(sandbox_homes_why(sandbox), "id-mapped"));
    }
    sandbox->no_idmap = false;
}

static void home__is_refused_where_it_makes_no_sense(void **state)
{
    static const char *const argv[] = {"/usr/bin/true", NULL};
    AUTO_FREE char *inside = fs_join(work, "home");
    AUTO_FREE char *within = fs_join(home, "below");
    AUTO_FREE char *file = fs_join(below, ".rc");
    const struct {
        const char *home;
        const char *below;
    } rows[] = {{"home", NULL},  {inside, NULL}, {work, NULL},           {NULL, below},
                {home, "below"}, {home, file},   {home, "/nonexistent"}, {home, within}};

    (void)state;
    need_isolation();
    assert_int_equal(fs_make_dirs(within, 0700, NULL), 0);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sandbox_spec spec = {.dir = work,
                                    .home = rows[i].home,
                                    .home_below = rows[i].below,
                                    .argv = argv,
                                    .timeout_ms = 20000};
        struct sandbox_result result;

        assert_int_equal(sandbox_run(sandbox, &spec, &result, NULL), VDO_E_INVALID);
    }
}

static void sandbox_try_homes__leaves_nothing_and_names_what_is_missing(void **state)
{
    AUTO_FREE char *command = xasprintf("ls -A %s | tr '\\n' ' '", top);
    const char *const argv[] = {"/bin/sh", "-c", command, NULL};
    struct proc_spec ls = {.argv = argv, .timeout_ms = 10000, .head_max = 1000};
    struct proc_result found;

    (void)state;
    need_isolation();
    (void)sandbox_try_homes(sandbox, top);
    (void)printf("# homes: %s\n", sandbox_has_homes(sandbox) ? "yes" : sandbox_homes_why(sandbox));
    assert_int_equal(proc_run(&ls, &found, NULL), 0);
    assert_string_equal(found.out.head, "below work ");
    proc_result_release(&found);
    assert_false(sandbox_try_homes(sandbox, "/proc/nothing"));
    assert_true(strlen(sandbox_homes_why(sandbox)) > 0);
}

/* Another file system than that of the tests. */
static void home_below__can_be_on_a_tmpfs(void **state)
{
    char dir[] = "/dev/shm/vdo-places-XXXXXX";
    bool works;

    (void)state;
    need_isolation();
    if (!mkdtemp(dir))
        skip();
    works = sandbox_try_homes(sandbox, dir);
    (void)printf("# homes on /dev/shm: %s\n", works ? "yes" : sandbox_homes_why(sandbox));
    assert_int_equal(rmdir(dir), 0);
    assert_true(works || strlen(sandbox_homes_why(sandbox)) > 0);
}

#define WITH_HOMES(test) cmocka_unit_test_setup_teardown(test, make_homes, remove_homes)
#define WITH_TOP(test)   cmocka_unit_test_setup_teardown(test, make_top, remove_top)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_TOP(at__is_where_the_work_directory_is_inside),
        WITH_TOP(at__is_no_part_of_the_system),
        WITH_HOMES(home__lasts_from_one_command_to_the_next),
        WITH_HOMES(home__without_one_ends_with_the_command),
        WITH_HOMES(home_below__is_where_home_begins_and_is_never_written),
        WITH_HOMES(home_below__is_shared_by_homes_that_know_nothing_of_each_other),
        WITH_HOMES(home_below__goes_with_everything_else_that_is_mounted),
        WITH_HOMES(home_below__shows_nothing_of_how_it_is_made),
        WITH_HOMES(home__counts_with_the_work_directory),
        WITH_HOMES(home__can_be_removed_whatever_was_done_to_it),
        WITH_HOMES(home__goes_on_after_a_run_that_was_killed),
        WITH_HOMES(home__works_without_id_mapped_mounts),
        WITH_HOMES(home__is_refused_where_it_makes_no_sense),
        WITH_HOMES(sandbox_try_homes__leaves_nothing_and_names_what_is_missing),
        WITH_HOMES(home_below__can_be_on_a_tmpfs),
    };

    return cmocka_run_group_tests(tests, sandbox_fixture_start, sandbox_fixture_stop) +
           run_as_ordinary_user();
}
