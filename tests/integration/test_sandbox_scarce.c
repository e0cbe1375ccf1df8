/* A file system with little room left, which the store and other jobs share. Root only: it is
 * mounted for this program alone. */
#include "vdo/sandbox/sandbox.h"

#include "vdo/base/fs.h"
#include "vdo/base/proc.h"

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cmocka.h>

static struct sandbox *sandbox;
static char top[64];
static bool mounted;

/* Before the supervisor is there, which starts all others. */
static int set_up(void **state)
{
    struct err err = {0};

    (void)state;
    (void)snprintf(top, sizeof(top), "/tmp/vdo-scarce-XXXXXX");
    if (!mkdtemp(top))
        return -1;
    mounted = unshare(CLONE_NEWNS) == 0 &&
              mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
              mount("none", top, "tmpfs", 0, "size=64m,mode=700") == 0;
    if (proc_start_supervisor(&err) || sandbox_probe("auto", NULL, &sandbox, &err)) {
        (void)printf("# %s\n", err.text);
        return -1;
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    sandbox_free(sandbox);
    proc_stop_supervisor();
    if (mounted)
        (void)umount2(top, MNT_DETACH);
    return fs_remove_tree(top, NULL);
}

static void run(const char *line, struct sandbox_result *result)
{
    const char *const argv[] = {"/bin/sh", "-c", line, NULL};
    const struct sandbox_spec spec = {.dir = top, .argv = argv, .timeout_ms = 60000};
    struct err err = {0};

    if (!mounted || !sandbox_available(sandbox)) {
        (void)printf("# skipped: no file system can be mounted here, or no isolation\n");
        skip();
    }
    if (sandbox_run(sandbox, &spec, result, &err))
        fail_msg("%s", err.text);
}

static void a_run_that_takes_most_of_a_scarce_disk_is_ended(void **state)
{
    struct sandbox_result result;

    (void)state;
    run("head -c 48M /dev/zero > file && sleep 50", &result);
    assert_int_equal(result.end, SANDBOX_DISK);
    assert_non_null(strstr(result.limit, "MiB left"));
    sandbox_result_release(&result);
}

static void a_run_that_takes_little_of_a_scarce_disk_goes_on(void **state)
{
    struct sandbox_result result;

    (void)state;
    run("rm -f file; sleep 0.1; head -c 16M /dev/zero > file && sleep 0.3", &result);
    assert_int_equal(result.end, SANDBOX_EXITED);
    assert_int_equal(result.exit_code, 0);
    sandbox_result_release(&result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_that_takes_most_of_a_scarce_disk_is_ended),
        cmocka_unit_test(a_run_that_takes_little_of_a_scarce_disk_goes_on),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
