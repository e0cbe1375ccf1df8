#include "vdo/base/clock.h"
#include "vdo/base/fs.h"
#include "vdo/base/mem.h"
#include "vdo/base/proc.h"
#include "vdo/base/strbuf.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

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

static struct proc_spec shell(const char *const *argv)
{
    return (struct proc_spec){
        .argv = argv, .timeout_ms = 20000, .head_max = 1000, .tail_max = 1000};
}

static void run_spec(const struct proc_spec *spec, struct proc_result *result)
{
    struct err err = {0};

    if (proc_run(spec, result, &err))
        fail_msg("%s", err.text);
}

static void run_line(const char *line, struct proc_result *result)
{
    const char *const argv[] = {"/bin/sh", "-c", line, NULL};
    struct proc_spec spec = shell(argv);

    run_spec(&spec, result);
}

static void proc_run__tells_exit_code_and_signal(void **state)
{
    static const struct {
        const char *line;
        int exit_code;
        int signal;
    } rows[] = {{"exit 0", 0, 0},
                {"exit 3", 3, 0},
                {"exit 255", 255, 0},
                {"kill -TERM $$", 143, SIGTERM},
                {"kill -KILL $$", 137, SIGKILL}};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct proc_result result;

        run_line(rows[i].line, &result);
        assert_int_equal(result.exit_code, rows[i].exit_code);
        assert_int_equal(result.signal, rows[i].signal);
        assert_false(result.timed_out || result.cancelled || result.watch_killed);
        proc_result_release(&result);
    }
}

static void proc_run__keeps_both_streams_apart_or_merges_them(void **state)
{
    const char *const argv[] = {"sh", "-c", "echo out; echo err >&2; echo more", NULL};
    struct proc_spec spec = shell(argv);
    struct proc_result result;

    (void)state;
    run_spec(&spec, &result);
    assert_string_equal(result.out.head, "out\nmore\n");
    assert_string_equal(result.err.head, "err\n");
    proc_result_release(&result);
    spec.merge_output = true;
    run_spec(&spec, &result);
    assert_string_equal(result.out.head, "out\nerr\nmore\n");
    assert_string_equal(result.err.head, "");
    proc_result_release(&result);
}

static void proc_run__keeps_head_and_tail_and_counts_the_rest(void **state)
{
    static const struct {
        size_t head;
        size_t tail;
        uint64_t dropped;
        const char *text;
    } rows[] = {
        {1000, 1000, 0, "0123456789"},
        {10, 0, 0, "0123456789"},
        {5, 5, 0, "0123456789"},
        {4, 3, 3, "0123\n... 3 bytes left out ...\n789"},
        {0, 3, 7, "\n... 7 bytes left out ...\n789"},
        {4, 0, 6, "0123\n... 6 bytes left out ...\n"},
        {0, 0, 10, "\n... 10 bytes left out ...\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *const argv[] = {"/bin/sh", "-c", "printf 01234; sleep 0.01; printf 56789",
                                    NULL};
        struct proc_spec spec = shell(argv);
        struct proc_result result;

        spec.head_max = rows[i].head;
        spec.tail_max = rows[i].tail;
        run_spec(&spec, &result);
        AUTO_FREE char *text = proc_stream_text(&result.out);
        assert_string_equal(text, rows[i].text);
        assert_int_equal(result.out.dropped, rows[i].dropped);
        proc_result_release(&result);
    }
}

static void proc_run__survives_endless_output(void **state)
{
    const char *const argv[] = {"/usr/bin/yes", NULL};
    struct proc_spec spec = shell(argv);
    struct proc_result result;

    (void)state;
    spec.timeout_ms = 200;
    run_spec(&spec, &result);
    assert_true(result.timed_out);
    assert_int_equal(result.out.head_len, 1000);
    assert_int_equal(result.out.tail_len, 1000);
    assert_true(result.out.dropped > 100000);
    proc_result_release(&result);
}

static void proc_run__gives_exactly_the_environment_asked_for(void **state)
{
    const char *const argv[] = {"/usr/bin/env", NULL};
    const char *const envp[] = {"A=1", "B=two words", NULL};
    struct proc_spec spec = shell(argv);
    struct proc_result result;

    (void)state;
    (void)setenv("VDO_TEST_LEAK", "x", 1);
    run_spec(&spec, &result);
    assert_string_equal(result.out.head, "");
    proc_result_release(&result);
    spec.envp = envp;
    run_spec(&spec, &result);
    assert_string_equal(result.out.head, "A=1\nB=two words\n");
    proc_result_release(&result);
}

static void proc_run__passes_only_the_descriptors_asked_for(void **state)
{
    const char *const argv[] = {"/bin/sh", "-c", "ls /proc/$$/fd; cat /proc/self/fd/40", NULL};
    struct proc_spec spec = shell(argv);
    struct proc_result result;
    const int passed[] = {40};
    int pipe_fds[2];
    int leak;

    (void)state;
    assert_int_equal(pipe(pipe_fds), 0); // NOLINT(android-cloexec-pipe): meant to be inheritable
    leak = dup2(pipe_fds[0], 50);
    assert_int_equal(dup2(pipe_fds[0], 40), 40);
    assert_int_equal(write(pipe_fds[1], "hello", 5), 5);
    (void)close(pipe_fds[1]);
    spec.pass_fds = passed;
    spec.n_pass_fds = 1;
    run_spec(&spec, &result);
    assert_string_equal(result.out.head, "0\n1\n2\n40\nhello");
    proc_result_release(&result);
    (void)close(leak);
    (void)close(40);
    (void)close(pipe_fds[0]);
}

static void proc_run__feeds_standard_input_whole(void **state)
{
    enum { MUCH = 3000000 };
    AUTO_FREE char *much = xcalloc(1, MUCH);
    const char *const count[] = {"/usr/bin/wc", "-c", NULL};
    const char *const ignore[] = {"/bin/true", NULL};
    struct proc_spec spec = shell(count);
    struct proc_result result;

    (void)state;
    spec.in = much;
    spec.in_len = MUCH;
    run_spec(&spec, &result);
    assert_int_equal(strtol(result.out.head, NULL, 10), MUCH);
    proc_result_release(&result);
    spec.argv = ignore; /* does not read: no SIGPIPE for us */
    (void)signal(SIGPIPE, SIG_DFL);
    run_spec(&spec, &result);
    assert_int_equal(result.exit_code, 0);
    proc_result_release(&result);
    spec.argv = count;
    spec.in_len = 0;
    run_spec(&spec, &result);
    assert_string_equal(result.out.head, "0\n");
    proc_result_release(&result);
}

static void proc_run__starts_in_the_directory_asked_for(void **state)
{
    const char *const argv[] = {"/bin/pwd", NULL};
    struct proc_spec spec = shell(argv);
    struct proc_result result;
    struct err err = {0};

    (void)state;
    spec.cwd = "/usr";
    run_spec(&spec, &result);
    assert_string_equal(result.out.head, "/usr\n");
    proc_result_release(&result);
    spec.cwd = "/nonexistent";
    assert_int_not_equal(proc_run(&spec, &result, &err), 0);
    assert_non_null(strstr(err.text, "directory"));
}

static void proc_run__names_a_program_that_is_missing(void **state)
{
    static const struct {
        const char *name;
        int rc;
    } rows[] = {{"vdo-no-such-program", VDO_E_NOT_FOUND},
                {"/nonexistent/program", VDO_E_NOT_FOUND},
                {"/etc/passwd", VDO_E_NOT_FOUND}, /* not executable */
                {"/usr", VDO_E_INVALID},
                {"", VDO_E_INVALID}};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *const argv[] = {rows[i].name, NULL};
        struct proc_spec spec = shell(argv);
        struct proc_result result;
        struct err err = {0};

        assert_int_equal(proc_run(&spec, &result, &err), rows[i].rc);
        assert_non_null(strstr(err.text, rows[i].name));
    }
}

/* The words the child wrote, one process id each, are all gone. */
static void expect_gone(const char *pids)
{
    char *at = (char *)(uintptr_t)pids;
    int64_t deadline = clock_mono_ms(clock_real()) + 5000;
    int n = 0;

    for (long pid; (pid = strtol(at, &at, 10)) > 0; n++) {
        while (kill((pid_t)pid, 0) == 0) {
            AUTO_FREE char *stat = xasprintf("/proc/%ld/stat", pid);
            char text[64] = "";
            int fd = open(stat, O_RDONLY | O_CLOEXEC);

            (void)!read(fd, text, sizeof(text) - 1);
            (void)close(fd);
            if (strstr(text, ") Z ")) /* nobody reaps orphans here */
                break;
            assert_true(clock_mono_ms(clock_real()) < deadline);
            (void)usleep(5000);
        }
    }
    assert_true(n > 0);
}

static void proc_run__kills_grandchildren_at_the_deadline(void **state)
{
    const char *const argv[] = {
        "/bin/sh", "-c", "trap '' TERM; sleep 300 & echo $!; (sleep 300 & echo $!; wait) & wait",
        NULL};
    struct proc_spec spec = shell(argv);
    struct proc_result result;

    (void)state;
    spec.timeout_ms = 300;
    run_spec(&spec, &result);
    assert_true(result.timed_out);
    assert_int_equal(result.exit_code, 137);
    assert_in_range(result.wall_ms, 300, 5000);
    expect_gone(result.out.head);
    proc_result_release(&result);
}

static void proc_run__kills_what_a_command_leaves_behind(void **state)
{
    struct proc_result result;

    (void)state;
    run_line("sleep 300 & echo $!", &result);
    assert_int_equal(result.exit_code, 0);
    assert_true(result.wall_ms < 5000);
    expect_gone(result.out.head);
    proc_result_release(&result);
}

static atomic_bool cancel;

static void cancel_on_output(void *arg, int stream, const char *bytes, size_t len)
{
    (void)bytes;
    assert_int_equal(stream, 1);
    *(size_t *)arg += len;
    atomic_store(&cancel, true);
}

/* Of the first process of a container all orphans become children. */
static void proc_run__waits_for_what_becomes_its_child(void **state)
{
    struct proc_result result;

    (void)state;
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    run_line("(sleep 60 & sleep 60 &) >/dev/null 2>&1; exit 3", &result);
    assert_int_equal(result.exit_code, 3);
    proc_result_release(&result);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 0), 0);
}

static void proc_run__ends_when_cancelled(void **state)
{
    const char *const argv[] = {"/bin/sh", "-c", "echo up; sleep 300", NULL};
    struct proc_spec spec = shell(argv);
    struct proc_result result;
    size_t seen = 0;

    (void)state;
    atomic_store(&cancel, false);
    spec.cancel = &cancel;
    spec.on_output = cancel_on_output;
    spec.on_output_arg = &seen;
    run_spec(&spec, &result);
    assert_true(result.cancelled);
    assert_false(result.timed_out);
    assert_int_equal(seen, 3);
    assert_true(result.wall_ms < 5000);
    proc_result_release(&result);
}

static bool stop_at_third_look(void *arg, pid_t pid)
{
    assert_true(pid > 0);
    return ++*(int *)arg < 3;
}

static void proc_run__asks_the_watcher_in_time_and_obeys(void **state)
{
    const char *const argv[] = {"/bin/sleep", "300", NULL};
    struct proc_spec spec = shell(argv);
    struct proc_result result;
    int looks = 0;

    (void)state;
    spec.watch = stop_at_third_look;
    spec.watch_arg = &looks;
    spec.watch_ms = 10;
    run_spec(&spec, &result);
    assert_true(result.watch_killed);
    assert_int_equal(looks, 3);
    assert_true(result.wall_ms < 5000);
    proc_result_release(&result);
}

static void proc_run__sets_limits(void **state)
{
    const char *const argv[] = {"/bin/sh", "-c", "ulimit -n; ulimit -c", NULL};
    const struct proc_rlimit limits[] = {{RLIMIT_NOFILE, 77}, {RLIMIT_CORE, 0}};
    struct proc_spec spec = shell(argv);
    struct proc_result result;

    (void)state;
    spec.rlimits = limits;
    spec.n_rlimits = 2;
    run_spec(&spec, &result);
    assert_string_equal(result.out.head, "77\n0\n");
    proc_result_release(&result);
}

static int fail_to_prepare(void *arg)
{
    errno = *(int *)arg;
    return -1;
}

static int leave_root(void *arg)
{
    return chdir(arg);
}

static void proc_run__prepares_the_child_or_does_not_start(void **state)
{
    const char *const argv[] = {"/bin/pwd", NULL};
    struct proc_spec spec = shell(argv);
    struct proc_result result;
    struct err err = {0};
    char dir[] = "/usr";
    int number = EXDEV;

    (void)state;
    spec.prepare = leave_root;
    spec.prepare_arg = dir;
    run_spec(&spec, &result);
    assert_string_equal(result.out.head, "/usr\n");
    proc_result_release(&result);
    spec.prepare = fail_to_prepare;
    spec.prepare_arg = &number;
    assert_int_equal(proc_run(&spec, &result, &err), VDO_E_INVALID);
    assert_non_null(strstr(err.text, "prepare"));
}

static void proc_run__runs_as_another_user(void **state)
{
    const char *const argv[] = {"/bin/sh", "-c", "id -u; id -g; id -G", NULL};
    struct proc_spec spec = shell(argv);
    struct proc_result result;

    (void)state;
    if (geteuid() != 0)
        skip();
    spec.run_uid = 4321;
    spec.run_gid = 4322;
    run_spec(&spec, &result);
    assert_string_equal(result.out.head, "4321\n4322\n4322\n");
    proc_result_release(&result);
}

/* A new group below the first mount of version 2, or NULL: none may be made here. */
static char *make_cgroup(void)
{
    char line[1024];
    char point[512];
    char type[64];
    char *dir = NULL;
    FILE *mounts = fopen("/proc/self/mounts", "re");

    assert_non_null(mounts);
    while (!dir && fgets(line, sizeof(line), mounts)) {
        if (sscanf(line, "%*s %511s %63s", point, type) == 2 && strcmp(type, "cgroup2") == 0)
            dir = xasprintf("%s/vdo-test-proc-%d", point, (int)getpid());
    }
    (void)fclose(mounts);
    if (dir && mkdir(dir, 0755)) {
        free(dir);
        dir = NULL;
    }
    return dir;
}

static void proc_run__starts_in_a_control_group(void **state)
{
    const char *const argv[] = {"/bin/grep", "^0::", "/proc/self/cgroup", NULL};
    struct proc_spec spec = shell(argv);
    struct proc_result result;
    AUTO_FREE char *dir = make_cgroup();

    (void)state;
    if (!dir)
        skip();
    spec.cgroup_dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(spec.cgroup_dir > 0);
    run_spec(&spec, &result);
    assert_non_null(strstr(result.out.head, strrchr(dir, '/')));
    proc_result_release(&result);
    (void)close(spec.cgroup_dir);
    assert_int_equal(rmdir(dir), 0);
}

static void proc_run__writes_itself_into_control_groups_where_it_cannot_start_there(void **state)
{
    const char *const argv[] = {"/bin/true", NULL};
    struct proc_spec spec = shell(argv);
    struct proc_result result;
    char text[8];
    int tasks[2];

    (void)state;
    assert_int_equal(pipe(tasks), 0);
    spec.cgroup_dir = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC); /* no group */
    assert_true(spec.cgroup_dir > 0);
    spec.cgroup_fds = &tasks[1];
    spec.n_cgroup_fds = 1;
    run_spec(&spec, &result);
    assert_int_equal(read(tasks[0], text, sizeof(text)), 1);
    assert_int_equal(text[0], '0');
    proc_result_release(&result);
    (void)close(spec.cgroup_dir);
    (void)close(tasks[0]);
    (void)close(tasks[1]);
}

static void proc_run__counts_processor_time(void **state)
{
    struct proc_result result;

    (void)state;
    run_line("i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done", &result);
    assert_true(result.cpu_ms >= 20);
    assert_true(result.max_rss_kb > 100);
    proc_result_release(&result);
}

static void proc_run__gives_an_empty_signal_mask(void **state)
{
    sigset_t some;
    struct proc_result result;

    (void)state;
    (void)sigemptyset(&some);
    (void)sigaddset(&some, SIGTERM);
    (void)pthread_sigmask(SIG_BLOCK, &some, NULL);
    run_line("grep SigBlk /proc/self/status", &result);
    (void)pthread_sigmask(SIG_UNBLOCK, &some, NULL);
    assert_non_null(strstr(result.out.head, "0000000000000000"));
    proc_result_release(&result);
}

/* PR_SET_PDEATHSIG follows the thread that forked: a child must outlive the thread that asked. */
static void *spawn_cat(void *arg)
{
    static const char *const argv[] = {"/bin/cat", NULL};
    struct proc_spec spec = {.argv = argv};

    return proc_spawn(&spec, arg, NULL) ? arg : NULL;
}

static void proc_spawn__outlives_the_thread_that_asked(void **state)
{
    struct proc_child child = {0};
    struct pollfd out;
    pthread_t thread;
    void *failed;
    char bytes[8] = "";

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, spawn_cat, &child), 0);
    assert_int_equal(pthread_join(thread, &failed), 0);
    assert_null(failed);
    assert_int_equal(write(child.in_fd, "ping", 4), 4);
    out = (struct pollfd){.fd = child.out_fd, .events = POLLIN};
    assert_int_equal(poll(&out, 1, 5000), 1);
    assert_int_equal(read(child.out_fd, bytes, sizeof(bytes)), 4);
    assert_memory_equal(bytes, "ping", 4);
    proc_child_end(&child);
    proc_child_end(&child);
    proc_child_end(NULL);
}

static void *run_many(void *arg)
{
    for (int i = 0; i < 20; i++) {
        AUTO_FREE char *line = xasprintf("echo %d", i);
        AUTO_FREE char *should = xasprintf("%d\n", i);
        const char *const argv[] = {"/bin/sh", "-c", line, NULL};
        struct proc_spec spec = shell(argv);
        struct proc_result result;

        if (proc_run(&spec, &result, NULL))
            return arg;
        if (strcmp(result.out.head, should) != 0)
            return arg;
        proc_result_release(&result);
    }
    return NULL;
}

static void proc_run__serves_many_threads(void **state)
{
    static int mark; /* what a thread returns when it failed */
    pthread_t threads[6];

    (void)state;
    for (int i = 0; i < 6; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, run_many, &mark), 0);
    for (int i = 0; i < 6; i++) {
        void *failed;

        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
}

static void proc_run__says_when_there_is_no_supervisor(void **state)
{
    const char *const argv[] = {"/bin/true", NULL};
    struct proc_spec spec = shell(argv);
    struct proc_result result;
    struct err err = {0};

    (void)state;
    proc_stop_supervisor();
    assert_int_equal(proc_run(&spec, &result, &err), VDO_E_IO);
    assert_non_null(strstr(err.text, "supervisor"));
    assert_int_equal(proc_start_supervisor(NULL), 0);
    assert_int_equal(proc_start_supervisor(NULL), 0);
    run_spec(&spec, &result);
    proc_result_release(&result);
}

static void proc_self_exe__is_this_program(void **state)
{
    struct stat told;
    struct stat is;

    (void)state;
    if (getenv("VDO_EXE"))
        skip();
    assert_int_equal(stat(proc_self_exe(), &told), 0);
    assert_int_equal(stat("/proc/self/exe", &is), 0);
    assert_int_equal(told.st_ino, is.st_ino);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(proc_run__tells_exit_code_and_signal),
        cmocka_unit_test(proc_run__keeps_both_streams_apart_or_merges_them),
        cmocka_unit_test(proc_run__keeps_head_and_tail_and_counts_the_rest),
        cmocka_unit_test(proc_run__survives_endless_output),
        cmocka_unit_test(proc_run__gives_exactly_the_environment_asked_for),
        cmocka_unit_test(proc_run__passes_only_the_descriptors_asked_for),
        cmocka_unit_test(proc_run__feeds_standard_input_whole),
        cmocka_unit_test(proc_run__starts_in_the_directory_asked_for),
        cmocka_unit_test(proc_run__names_a_program_that_is_missing),
        cmocka_unit_test(proc_run__kills_grandchildren_at_the_deadline),
        cmocka_unit_test(proc_run__kills_what_a_command_leaves_behind),
        cmocka_unit_test(proc_run__waits_for_what_becomes_its_child),
        cmocka_unit_test(proc_run__ends_when_cancelled),
        cmocka_unit_test(proc_run__asks_the_watcher_in_time_and_obeys),
        cmocka_unit_test(proc_run__sets_limits),
        cmocka_unit_test(proc_run__prepares_the_child_or_does_not_start),
        cmocka_unit_test(proc_run__runs_as_another_user),
        cmocka_unit_test(proc_run__starts_in_a_control_group),
        cmocka_unit_test(proc_run__writes_itself_into_control_groups_where_it_cannot_start_there),
        cmocka_unit_test(proc_run__counts_processor_time),
        cmocka_unit_test(proc_run__gives_an_empty_signal_mask),
        cmocka_unit_test(proc_spawn__outlives_the_thread_that_asked),
        cmocka_unit_test(proc_run__serves_many_threads),
        cmocka_unit_test(proc_run__says_when_there_is_no_supervisor),
        cmocka_unit_test(proc_self_exe__is_this_program),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
