/* The user namespace around an ordinary user's run: as the user who runs the tests, and as an
 * ordinary one when that is root. */
#include "ordinary_user.h"

#include "../../../src/sandbox/userns.h"

#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { HELD = 0, BROKEN = 1, FORBIDDEN = 77 };

/* In a child, because there is no way back. Made by the bare system call: behind fork(3) a
 * sanitizer may start a thread of its own, and a process with threads cannot enter a user
 * namespace. */
static void in_child(int flags, int (*look)(void))
{
    pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    int status;

    assert_true(pid >= 0);
    if (pid == 0) {
        if (userns_enter(flags))
            _exit(errno == EPERM || errno == EACCES || errno == ENOSPC ? FORBIDDEN : BROKEN);
        _exit(look());
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == FORBIDDEN) {
        print_message("user namespaces are forbidden here\n");
        skip();
    }
    assert_int_equal(WEXITSTATUS(status), HELD);
}

static uid_t uid_before;
static gid_t gid_before;

static int look_at_ids(void)
{
    return geteuid() == uid_before && getegid() == gid_before ? HELD : BROKEN;
}

static int set_a_host_name(void)
{
    return sethostname("inside", 6) == 0 ? HELD : BROKEN;
}

static int set_other_groups(void)
{
    const gid_t other = 4711;

    return setgid(other) == -1 && errno == EINVAL ? HELD : BROKEN;
}

/* The rights end at exec, for everybody but root. */
static int execute_something(void)
{
    (void)execl("/bin/sh", "sh", "-c", "grep -q '^CapEff:[[:space:]]0*$' /proc/self/status",
                (char *)NULL);
    return BROKEN;
}

static void userns_enter__keeps_the_ids(void **state)
{
    (void)state;
    uid_before = geteuid();
    gid_before = getegid();
    in_child(0, look_at_ids);
}

static void userns_enter__gives_rights_over_what_is_made_with_it(void **state)
{
    (void)state;
    in_child(CLONE_NEWUTS, set_a_host_name);
}

static void userns_enter__knows_no_other_ids(void **state)
{
    (void)state;
    in_child(0, set_other_groups);
}

static void userns_enter__gives_an_ordinary_users_program_no_rights(void **state)
{
    (void)state;
    in_child(CLONE_NEWNET, execute_something);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(userns_enter__keeps_the_ids),
        cmocka_unit_test(userns_enter__gives_rights_over_what_is_made_with_it),
        cmocka_unit_test(userns_enter__knows_no_other_ids),
    };
    const struct CMUnitTest ordinary[] = {
        cmocka_unit_test(userns_enter__gives_an_ordinary_users_program_no_rights),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    if (geteuid() != 0)
        failed += cmocka_run_group_tests(ordinary, NULL, NULL);
    return failed ? failed : run_as_ordinary_user();
}
