/* Where a run finds its work directory and its HOME. */
#include "vdo/sandbox/sandbox.h"

#include "ordinary_user.h"

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

static struct sandbox *sandbox;
static char top[64];
static char *work;

static int set_up(void **state)
{
    struct err err = {0};

    (void)state;
    if (proc_start_supervisor(&err) || sandbox_probe("auto", NULL, &sandbox, &err)) {
        (void)printf("# %s\n", err.text);
        return -1;
    }
    (void)printf("# as uid %d: %s\n", (int)geteuid(), sandbox_describe(sandbox));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    sandbox_free(sandbox);
    proc_stop_supervisor();
    return 0;
}

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
    spec.at = "/work/repo";
    spec.mounts = &mount;
    spec.n_mounts = 1;
    AUTO_FREE char *line = xasprintf(
        "pwd; cat deps/x/kept; ls -A .git; echo made > made; ls /work; test ! -e %s && echo hidden",
        top);
    AUTO_FREE char *output = run(&spec, line, NULL);
    AUTO_FREE char *made = fs_join(work, "made");
    assert_string_equal(output, "/work/repo\nkept\nrepo\nhidden\n");
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

#define WITH_TOP(test) cmocka_unit_test_setup_teardown(test, make_top, remove_top)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_TOP(at__is_where_the_work_directory_is_inside),
        WITH_TOP(at__is_no_part_of_the_system),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down) + run_as_ordinary_user();
}
