/* What a run gets, sees and leaves; hostile behaviour is in test_sandbox_attacks.c. */
#include "vdo/sandbox/sandbox.h"

#include "ordinary_user.h"
#include "sandbox_fixture.h"

#include "../../src/sandbox/host.h"
#include "../../src/sandbox/orphans.h"
#include "../../src/sandbox/tenant.h"

#include "vdo/base/fs.h"
#include "vdo/base/mem.h"
#include "vdo/base/proc.h"
#include "vdo/base/strbuf.h"
#include "vdo/json/json.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
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
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[64];

static int make_dir(void **state)
{
    (void)state;
    (void)snprintf(dir, sizeof(dir), "/tmp/vdo-sandbox-XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
    (void)state;
    return fs_remove_tree(dir, NULL);
}

static void need_isolation(void)
{
    if (sandbox_available(sandbox))
        return;
    (void)printf("# skipped: %s\n", sandbox_describe(sandbox));
    skip();
}

static struct sandbox_spec shell(const char *const *argv)
{
    return (struct sandbox_spec){.dir = dir, .argv = argv, .timeout_ms = 20000};
}

/* Run a shell line that must be carried out; the result is the caller's. */
static void run_line(const char *line, struct sandbox_result *result)
{
    const char *const argv[] = {"/bin/sh", "-c", line, NULL};
    struct sandbox_spec spec = shell(argv);
    struct err err = {0};

    if (sandbox_run(sandbox, &spec, result, &err))
        fail_msg("%s: %s", line, err.text);
}

static void expect_line(const char *line, int exit_code, const char *output)
{
    struct sandbox_result result;

    run_line(line, &result);
    assert_string_equal(result.output, output);
    assert_int_equal(result.exit_code, exit_code);
    assert_int_equal(result.end, SANDBOX_EXITED);
    assert_string_equal(result.limit, "");
    sandbox_result_release(&result);
}

static void sandbox_run__passes_on_exit_code_and_output(void **state)
{
    static const struct {
        const char *line;
        int exit_code;
        const char *output;
    } rows[] = {
        {"exit 0", 0, ""},
        {"exit 7", 7, ""},
        {"exit 255", 255, ""},
        {"echo out; echo err >&2; echo out", 0, "out\nerr\nout\n"},
        {"kill -TERM $$", 143, ""},
        {"printf 'a\\000b'", 0,
         "a\xef\xbf\xbd"
         "b"},
        {"printf '\\377'", 0, "\xef\xbf\xbd"},
        {"pwd >/dev/null && id -u && id -un", 0, "1000\nu\n"},
        {"cat", 0, ""},
        {"hostname 2>/dev/null || cat /proc/sys/kernel/hostname", 0, "sandbox\n"},
        {"sleep 300 & echo gone", 0, "gone\n"},
    };

    (void)state;
    need_isolation();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        expect_line(rows[i].line, rows[i].exit_code, rows[i].output);
}

static void sandbox_run__says_127_for_a_command_that_does_not_exist(void **state)
{
    const char *const argv[] = {"no-such-command", NULL};
    struct sandbox_spec spec = shell(argv);
    struct sandbox_result result;

    (void)state;
    need_isolation();
    assert_int_equal(sandbox_run(sandbox, &spec, &result, NULL), 0);
    assert_int_equal(result.exit_code, 127);
    assert_non_null(strstr(result.output, "no-such-command"));
    sandbox_result_release(&result);
}

static void sandbox_run__gives_exactly_the_environment_it_promises(void **state)
{
    const char *const argv[] = {"/usr/bin/env", NULL};
    const char *const env[] = {"CI=true", "EMPTY=", "HOME=/elsewhere", NULL};
    struct sandbox_spec spec = shell(argv);
    struct sandbox_result result;
    size_t lines = 0;

    (void)state;
    need_isolation();
    (void)setenv("VDO_TEST_LEAK", "leak", 1);
    spec.env = env;
    assert_int_equal(sandbox_run(sandbox, &spec, &result, NULL), 0);
    assert_null(strstr(result.output, "VDO_TEST_LEAK"));
    assert_non_null(strstr(result.output, "CI=true\n"));
    assert_non_null(strstr(result.output, "EMPTY=\n"));
    assert_non_null(strstr(result.output, "HOME=/elsewhere\n"));
    assert_non_null(strstr(result.output, "LANG=C.UTF-8\n"));
    for (const char *c = result.output; *c; c++)
        lines += *c == '\n';
    assert_int_equal(lines, 8); /* PATH HOME LANG TERM USER PWD CI EMPTY */
    sandbox_result_release(&result);
}

static void sandbox_run__refuses_what_makes_no_sense(void **state)
{
    static const char *const yes[] = {"/bin/true", NULL};
    static const char *const none[] = {NULL};
    static const char *const nameless[] = {"=value", NULL};
    static const char *const plain[] = {"value", NULL};
    char file[] = "/tmp/vdo-file-XXXXXX";
    int fd = mkstemp(file);
    const struct {
        const char *says;
        struct sandbox_spec spec;
    } rows[] = {
        {"no directory", {.argv = yes, .timeout_ms = 1}},
        {"no command", {.dir = dir, .argv = none, .timeout_ms = 1}},
        {"timeout", {.dir = dir, .argv = yes}},
        {"memory", {.dir = dir, .argv = yes, .timeout_ms = 1, .memory_bytes = 1000}},
        {"negative", {.dir = dir, .argv = yes, .timeout_ms = 1, .pids = -1}},
        {"NAME=value", {.dir = dir, .argv = yes, .timeout_ms = 1, .env = nameless}},
        {"NAME=value", {.dir = dir, .argv = yes, .timeout_ms = 1, .env = plain}},
        {"not a directory", {.dir = file, .argv = yes, .timeout_ms = 1}},
        {"not a directory", {.dir = "/tmp/vdo-there-is-none", .argv = yes, .timeout_ms = 1}},
        {"work directory", {.dir = "relative", .argv = yes, .timeout_ms = 1}},
        {"work directory", {.dir = "/", .argv = yes, .timeout_ms = 1}},
        {"work directory", {.dir = "//", .argv = yes, .timeout_ms = 1}},
        {"work directory", {.dir = "/tmp", .argv = yes, .timeout_ms = 1}},
        {"work directory", {.dir = "/usr", .argv = yes, .timeout_ms = 1}},
        {"work directory", {.dir = "/etc/ssl", .argv = yes, .timeout_ms = 1}},
        {"work directory", {.dir = "/proc/self", .argv = yes, .timeout_ms = 1}},
        {"work directory", {.dir = "/tmp/..", .argv = yes, .timeout_ms = 1}},
        {"work directory", {.dir = "/tmp/../etc", .argv = yes, .timeout_ms = 1}},
    };

    (void)state;
    need_isolation();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sandbox_result result;
        struct err err = {0};

        assert_int_equal(sandbox_run(sandbox, &rows[i].spec, &result, &err), VDO_E_INVALID);
        if (!strstr(err.text, rows[i].says))
            fail_msg("row %zu: %s", i, err.text);
    }
    (void)close(fd);
    (void)unlink(file);
}

static void sandbox_run__leaves_the_files_to_the_owner_of_the_directory(void **state)
{
    AUTO_FREE char *made = fs_join(dir, "sub/made");
    struct stat st;

    (void)state;
    need_isolation();
    expect_line("mkdir sub && echo text > sub/made && chmod 640 sub/made && stat -c %U sub/made", 0,
                "u\n");
    assert_int_equal(stat(made, &st), 0);
    assert_int_equal(st.st_uid, geteuid());
    assert_int_equal(st.st_mode & 07777, 0640);
    expect_line("cat sub/made && rm -r sub", 0, "text\n");
}

/* Root, a directory of somebody else's, and file systems without id-mapped mounts. */
static void sandbox_run__works_for_root_whoever_owns_the_directory(void **state)
{
    static const struct {
        uid_t owner;
        bool no_idmap;
    } rows[] = {{0, false}, {0, true}, {4321, false}, {4321, true}};

    (void)state;
    need_isolation();
    if (geteuid() != 0)
        skip();
    AUTO_FREE char *old = fs_join(dir, "old");
    AUTO_FREE char *new = fs_join(dir, "new");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct stat st;

        assert_int_equal(fs_write_atomic(old, "a", 1, 0600, NULL), 0);
        assert_int_equal(chown(old, rows[i].owner, rows[i].owner), 0);
        assert_int_equal(chown(dir, rows[i].owner, rows[i].owner), 0);
        sandbox->no_idmap = rows[i].no_idmap;
        expect_line("echo b >> old && cat old > new && stat -c %U old new .", 0, "u\nu\nu\n");
        sandbox->no_idmap = false;
        assert_int_equal(stat(new, &st), 0);
        assert_int_equal(st.st_uid, rows[i].owner);
        assert_int_equal(stat(old, &st), 0);
        assert_int_equal(st.st_uid, rows[i].owner);
        assert_int_equal(stat(dir, &st), 0);
        assert_int_equal(st.st_uid, rows[i].owner);
        assert_int_equal(unlink(new), 0);
    }
}

static void sandbox_run__takes_back_what_a_killed_run_was_given(void **state)
{
    struct stat st;

    (void)state;
    need_isolation();
    if (geteuid() != 0)
        skip();
    AUTO_FREE char *file = fs_join(dir, "file");
    assert_int_equal(fs_write_atomic(file, "a", 1, 0600, NULL), 0);
    assert_int_equal(chown(file, TENANT_FIRST_UID + 5, TENANT_FIRST_UID + 5), 0);
    assert_int_equal(chown(dir, TENANT_FIRST_UID + 5, TENANT_FIRST_UID + 5), 0);
    expect_line("cat file", 0, "a");
    assert_int_equal(stat(file, &st), 0);
    assert_int_equal(st.st_uid, 0);
}

static void sandbox_run__works_below_a_directory_closed_to_others(void **state)
{
    AUTO_FREE char *inner = fs_join(dir, "closed/work");
    AUTO_FREE char *closed = fs_join(dir, "closed");
    const char *const argv[] = {"/bin/pwd", NULL};
    struct sandbox_spec spec = shell(argv);
    struct sandbox_result result;

    (void)state;
    need_isolation();
    assert_int_equal(fs_make_dirs(inner, 0700, NULL), 0);
    assert_int_equal(chmod(closed, 0700), 0);
    spec.dir = inner;
    assert_int_equal(sandbox_run(sandbox, &spec, &result, NULL), 0);
    assert_memory_equal(result.output, inner, strlen(inner));
    sandbox_result_release(&result);
}

/* bwrap keeps what no option names. */
static void sandbox_run__leaves_no_descriptor_open_in_any_variant(void **state)
{
    static const char *const argv[] = {"/bin/sh", "-c", "ls /proc/$$/fd; exit 0", NULL};

    (void)state;
    need_isolation();
    for (int variant = 0; variant < 6; variant++) {
        AUTO_FREE char *git = fs_join(dir, ".git");
        struct sandbox_spec spec = shell(argv);
        struct sandbox_result result;

        assert_int_equal(fs_remove_tree(git, NULL), 0);
        if (variant / 2 == 1)
            assert_int_equal(fs_write_atomic(git, "x", 1, 0644, NULL), 0);
        else if (variant / 2 == 2)
            assert_int_equal(fs_make_dirs(git, 0755, NULL), 0);
        spec.network = variant % 2;
        assert_int_equal(sandbox_run(sandbox, &spec, &result, NULL), 0);
        assert_string_equal(result.output, "0\n1\n2\n");
        sandbox_result_release(&result);
    }
}

static void sandbox_run__hides_git(void **state)
{
    AUTO_FREE char *git = fs_join(dir, ".git");
    AUTO_FREE char *config = fs_join(git, "config");

    (void)state;
    need_isolation();
    assert_int_equal(fs_write_atomic(git, "gitdir: /secret\n", 16, 0644, NULL), 0);
    expect_line("cat .git; (echo x > .git) 2>/dev/null; mv .git a 2>/dev/null || echo kept", 0,
                "kept\n");
    assert_int_equal(unlink(git), 0);
    assert_int_equal(fs_make_dirs(git, 0755, NULL), 0);
    assert_int_equal(fs_write_atomic(config, "token", 5, 0644, NULL), 0);
    expect_line("ls -A .git; mkdir .git/hooks 2>/dev/null || echo closed; rm -rf .git 2>/dev/null; "
                "mv .git x 2>/dev/null || echo kept",
                0, "closed\nkept\n");
    assert_true(fs_exists(config));
}

struct seen {
    struct strbuf text[3];
};

static void see(void *arg, int stream, const char *bytes, size_t len)
{
    struct seen *seen = arg;

    (void)strbuf_add(&seen->text[stream], bytes, len);
}

static void sandbox_run__streams_both_outputs_apart(void **state)
{
    const char *const argv[] = {"/bin/sh", "-c", "echo one; echo two >&2", NULL};
    struct sandbox_spec spec = shell(argv);
    struct sandbox_result result;
    struct seen seen;

    (void)state;
    need_isolation();
    for (int i = 0; i < 3; i++)
        strbuf_init(&seen.text[i], 1000);
    spec.on_output = see;
    spec.on_output_arg = &seen;
    assert_int_equal(sandbox_run(sandbox, &spec, &result, NULL), 0);
    assert_string_equal(seen.text[1].ptr, "one\n");
    assert_string_equal(seen.text[2].ptr, "two\n");
    assert_non_null(strstr(result.output, "one\n"));
    assert_non_null(strstr(result.output, "two\n"));
    for (int i = 0; i < 3; i++)
        strbuf_release(&seen.text[i]);
    sandbox_result_release(&result);
}

static atomic_bool cancel;

static void cancel_on_output(void *arg, int stream, const char *bytes, size_t len)
{
    (void)arg;
    (void)stream;
    (void)bytes;
    (void)len;
    atomic_store(&cancel, true);
}

static void sandbox_run__ends_when_it_is_cancelled(void **state)
{
    const char *const argv[] = {"/bin/sh", "-c", "echo up; sleep 300", NULL};
    struct sandbox_spec spec = shell(argv);
    struct sandbox_result result;

    (void)state;
    need_isolation();
    atomic_store(&cancel, false);
    spec.cancel = &cancel;
    spec.on_output = cancel_on_output;
    assert_int_equal(sandbox_run(sandbox, &spec, &result, NULL), 0);
    assert_int_equal(result.end, SANDBOX_CANCELLED);
    assert_true(result.wall_ms < 10000);
    sandbox_result_release(&result);
}

static void sandbox_run__ends_at_the_deadline_and_names_it(void **state)
{
    const char *const argv[] = {"/bin/sh", "-c", "echo before; sleep 300", NULL};
    struct sandbox_spec spec = shell(argv);
    struct sandbox_result result;

    (void)state;
    need_isolation();
    spec.timeout_ms = 3000; /* long enough for a busy machine to start the command */
    assert_int_equal(sandbox_run(sandbox, &spec, &result, NULL), 0);
    assert_int_equal(result.end, SANDBOX_TIMEOUT);
    assert_string_equal(result.output, "before\n");
    assert_memory_equal(result.limit, "time: not done after 3", 22);
    assert_in_range(result.wall_ms, 3000, 30000);
    sandbox_result_release(&result);
}

static void sandbox_run__counts_processor_time(void **state)
{
    struct sandbox_result result;

    (void)state;
    need_isolation();
    run_line("i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done", &result);
    assert_true(result.cpu_ms >= 50);
    assert_true(result.cpu_ms <= result.wall_ms + 100);
    sandbox_result_release(&result);
}

static int listen_on_loopback(uint16_t *port)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(in);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&in, sizeof(in)), 0);
    assert_int_equal(listen(fd, 4), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&in, &len), 0);
    *port = ntohs(in.sin_port);
    return fd;
}

static void sandbox_run__has_the_network_only_when_told(void **state)
{
    uint16_t port;
    int fd = listen_on_loopback(&port);
    AUTO_FREE char *line =
        xasprintf("bash -c 'exec 3<>/dev/tcp/127.0.0.1/%d' 2>/dev/null && echo yes || echo no; "
                  "test -s /etc/hosts && echo hosts",
                  port);
    const char *const argv[] = {"/bin/sh", "-c", line, NULL};
    struct sandbox_spec spec = shell(argv);
    struct sandbox_result result;

    (void)state;
    need_isolation();
    expect_line(line, 0, "no\nhosts\n");
    spec.network = true;
    assert_int_equal(sandbox_run(sandbox, &spec, &result, NULL), 0);
    assert_string_equal(result.output, "yes\nhosts\n");
    sandbox_result_release(&result);
    (void)close(fd);
}

/* However short the command: the proxy's thread may not have looked at all by then. */
static void sandbox_run__sees_the_attempts_of_a_command_that_ends_at_once(void **state)
{
    static const char *const hosts[] = {"a.example.org", NULL};
    static const char *const argv[] = {
        "bash", "-c",
        "exec 3<>/dev/tcp/127.0.0.1/3128; printf 'CONNECT b.example.org:443 HTTP/1.1\\r\\n\\r\\n' >&3",
        NULL};
    struct sandbox_spec spec = shell(argv);

    (void)state;
    need_isolation();
    spec.allow_hosts = hosts;
    for (int i = 0; i < 10; i++) {
        struct sandbox_result result;
        struct err err = {0};

        if (sandbox_run(sandbox, &spec, &result, &err))
            fail_msg("%s", err.text);
        assert_int_equal(json_array_size(result.network), 1);
        assert_string_equal(js_str(json_array_get(result.network, 0), "host", ""), "b.example.org");
        assert_false(js_bool(json_array_get(result.network, 0), "allowed", true));
        sandbox_result_release(&result);
    }
}

static void sandbox_run__lets_a_test_serve_itself_on_loopback(void **state)
{
    (void)state;
    need_isolation();
    if (access("/usr/bin/python3", X_OK))
        skip();
    expect_line("python3 -c 'import socket\n"
                "a=socket.socket(); a.bind((\"localhost\",0)); a.listen()\n"
                "b=socket.create_connection(a.getsockname()); print(\"served\")'",
                0, "served\n");
}

struct parallel {
    pthread_t thread;
    char dir[96];
    const char *line;
    struct sandbox_result result;
    int rc;
};

static void *run_parallel(void *arg)
{
    struct parallel *p = arg;
    const char *const argv[] = {"/bin/sh", "-c", p->line, NULL};
    struct sandbox_spec spec = {
        .dir = p->dir, .argv = argv, .timeout_ms = 30000, .memory_bytes = 128 << 20, .pids = 32};

    p->rc = sandbox_run(sandbox, &spec, &p->result, NULL);
    return NULL;
}

static void sandbox_run__keeps_eight_runs_apart_when_two_misbehave(void **state)
{
    struct parallel runs[8];

    (void)state;
    need_isolation();
    for (int i = 0; i < 8; i++) {
        runs[i].line = i == 2 ? "i=0; while [ $i -lt 99 ]; do sleep 20 & i=$((i+1)); done; wait" :
                       i == 5 ? "tail /dev/zero" :
                                "for i in 1 2 3 4 5 6 7 8 9; do echo $i > f$i; done; cat f*";
        (void)snprintf(runs[i].dir, sizeof(runs[i].dir), "%s/%d", dir, i);
        assert_int_equal(mkdir(runs[i].dir, 0700), 0);
        assert_int_equal(pthread_create(&runs[i].thread, NULL, run_parallel, &runs[i]), 0);
    }
    for (int i = 0; i < 8; i++) {
        assert_int_equal(pthread_join(runs[i].thread, NULL), 0);
        assert_int_equal(runs[i].rc, 0);
    }
    for (int i = 0; i < 8; i++) {
        if (i == 2) /* without control groups the shell may give up before it is ended */
            assert_int_not_equal(runs[i].result.exit_code, 0);
        else if (i == 5)
            assert_int_equal(runs[i].result.end, SANDBOX_MEMORY);
        else
            assert_string_equal(runs[i].result.output, "1\n2\n3\n4\n5\n6\n7\n8\n9\n");
        sandbox_result_release(&runs[i].result);
    }
}

/* A VDO of its own is killed in the middle of a run. */
static void sandbox_run__ends_when_vdo_itself_is_killed(void **state)
{
    AUTO_FREE char *mark = fs_join(dir, "mark");
    pid_t pid;
    int status;

    (void)state;
    need_isolation();
    pid = fork();
    if (pid == 0) {
        (void)execl("/proc/self/exe", "test_sandbox", "run", dir, (char *)NULL);
        _exit(1);
    }
    for (int i = 0; i < 1000 && !fs_exists(mark); i++)
        (void)usleep(10000);
    assert_true(fs_exists(mark));
    for (int i = 0; i < 20; i++) { /* past the moment that orphans_end() is for */
        (void)unlink(mark);
        for (int k = 0; k < 1000 && !fs_exists(mark); k++)
            (void)usleep(5000);
    }
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    for (int quiet = 0, i = 0; quiet < 5; i++) {
        assert_true(i < 500);
        quiet = unlink(mark) == 0 ? 0 : quiet + 1;
        (void)usleep(10000);
    }
}

/* The first process of a container gets what others leave behind, and must wait for it. */
static void sandbox_run__leaves_no_dead_process_to_the_first_of_a_container(void **state)
{
    struct sandbox_result result;

    (void)state;
    need_isolation();
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    run_line("sleep 60 & exit 3", &result);
    assert_int_equal(result.exit_code, 3);
    sandbox_result_release(&result);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 0), 0);
}

static void sandbox_run__starts_whatever_the_limit_on_disk(void **state)
{
    static const char *const nothing[] = {"/usr/bin/true", NULL};
    static const char *const something[] = {"/bin/sh", "-c", "echo x >file; sleep 1", NULL};
    struct sandbox_spec spec = shell(nothing);
    struct sandbox_result result;

    (void)state;
    need_isolation();
    spec.disk_bytes = 1;
    assert_int_equal(sandbox_run(sandbox, &spec, &result, NULL), 0);
    assert_int_equal(result.exit_code, 0);
    sandbox_result_release(&result);
    spec.argv = something;
    assert_int_equal(sandbox_run(sandbox, &spec, &result, NULL), 0);
    assert_int_equal(result.end, SANDBOX_DISK);
    assert_string_equal(result.limit, "disk: the directory grew by more than 1 bytes");
    sandbox_result_release(&result);
}

static pid_t start_marked_bwrap(const char *owner)
{
    pid_t pid = fork();

    if (pid == 0) {
        (void)setsid();
        (void)freopen("/dev/null", "w", stdout); /* nobody shall wait for its end */
        (void)freopen("/dev/null", "w", stderr);
        (void)execl("/usr/bin/bwrap", "bwrap", "--unshare-user", "--unshare-pid",
                    "--die-with-parent", "--ro-bind", "/", "/", "--setenv", ORPHANS_NAME, owner,
                    "/bin/sleep", "10", (char *)NULL);
        _exit(1);
    }
    /* until it is bwrap */
    for (int i = 0; i < 1000; i++) {
        AUTO_FREE char *path = xasprintf("/proc/%d/comm", (int)pid);
        char name[16] = "";
        int fd = open(path, O_RDONLY | O_CLOEXEC);

        (void)!read(fd, name, sizeof(name) - 1);
        (void)close(fd);
        if (strcmp(name, "bwrap\n") == 0)
            break;
        (void)usleep(5000);
    }
    return pid;
}

static void orphans_end__ends_only_runs_whose_owner_is_dead(void **state)
{
    char mark[ORPHANS_MARK_SIZE];
    pid_t ours;
    pid_t orphan;
    pid_t foreign;
    int status;

    (void)state;
    need_isolation();
    ours = start_marked_bwrap(orphans_mark(mark, sizeof(mark)));
    AUTO_FREE char *dead = xasprintf("%.*s:1:1", (int)strcspn(mark, ":"), mark);
    orphan = start_marked_bwrap(dead);
    foreign = start_marked_bwrap("1:1:1"); /* of another process namespace */
    assert_true(orphans_end() >= 1);
    assert_int_equal(waitpid(orphan, &status, 0), orphan);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(waitpid(ours, &status, WNOHANG), 0);
    assert_int_equal(waitpid(foreign, &status, WNOHANG), 0);
    (void)kill(ours, SIGKILL);
    (void)kill(foreign, SIGKILL);
    (void)waitpid(ours, &status, 0);
    (void)waitpid(foreign, &status, 0);
}

static int run_until_killed(const char *where)
{
    const char *const argv[] = {"/bin/sh", "-c", "while :; do : > mark; done", NULL};
    struct sandbox_spec spec = {.dir = where, .argv = argv, .timeout_ms = 60000};
    struct sandbox_result result;
    struct sandbox *own = NULL;

    if (proc_start_supervisor(NULL) || sandbox_probe("auto", NULL, &own, NULL))
        return 1;
    return sandbox_run(own, &spec, &result, NULL);
}

static void sandbox_run__leaves_no_control_groups(void **state)
{
    AUTO_FREE char *prefix = xasprintf("vdo-%d-", (int)getpid());

    (void)state;
    need_isolation();
    expect_line("true", 0, "");
    for (int k = 0; k < CGROUP_KINDS; k++) {
        DIR *groups = sandbox->cgroups.dir[k] ? opendir(sandbox->cgroups.dir[k]) : NULL;
        struct dirent *entry;

        while (groups && (entry = readdir(groups)))
            assert_int_not_equal(strncmp(entry->d_name, prefix, strlen(prefix)), 0);
        if (groups)
            (void)closedir(groups);
    }
}

static void sandbox_run__without_isolation_runs_nothing(void **state)
{
    static const char *const argv[] = {"/bin/true", NULL};
    struct sandbox_spec spec = shell(argv);
    struct sandbox *none = NULL;
    struct sandbox_result result;
    struct err err = {0};
    json_t *report;

    (void)state;
    assert_int_equal(sandbox_probe("none", NULL, &none, &err), 0);
    assert_false(sandbox_available(none));
    assert_int_equal(sandbox_run(none, &spec, &result, &err), VDO_E_REFUSED);
    assert_non_null(strstr(err.text, "sandbox.driver: none"));
    report = sandbox_report(none);
    assert_false(js_bool(report, "available", true));
    assert_string_equal(js_str(report, "driver", ""), "none");
    json_decref(report);
    sandbox_free(none);
}

static void sandbox_probe__refuses_an_unknown_driver(void **state)
{
    struct sandbox *none = NULL;
    struct err err = {0};

    (void)state;
    assert_int_equal(sandbox_probe("chroot", NULL, &none, &err), VDO_E_INVALID);
    assert_null(none);
    assert_non_null(strstr(err.text, "\"chroot\""));
}

static void sandbox_report__tells_what_holds(void **state)
{
    json_t *report = sandbox_report(sandbox);

    (void)state;
    need_isolation();
    assert_string_equal(js_str(report, "driver", ""), "bubblewrap");
    assert_true(js_bool(report, "available", false));
    assert_true(js_bool(report, "seccomp", false));
    assert_non_null(strstr("none v1 v2", js_str(report, "cgroup", "missing")));
    json_decref(report);
}

static void host_diagnose__always_offers_a_remedy(void **state)
{
    static const char *const said[] = {"bwrap: No permissions to create new namespace\nmore", "",
                                       "bwrap: setting up uid map: Permission denied"};

    (void)state;
    for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
        char why[400];

        host_diagnose(said[i], why, sizeof(why));
        assert_null(strchr(why, '\n'));
        assert_true(strstr(why, "sysctl") || strstr(why, "security-opt") || strstr(why, "try: "));
    }
}

#define WITH_DIR(test) cmocka_unit_test_setup_teardown(test, make_dir, remove_dir)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        WITH_DIR(sandbox_run__passes_on_exit_code_and_output),
        WITH_DIR(sandbox_run__says_127_for_a_command_that_does_not_exist),
        WITH_DIR(sandbox_run__gives_exactly_the_environment_it_promises),
        WITH_DIR(sandbox_run__refuses_what_makes_no_sense),
        WITH_DIR(sandbox_run__leaves_the_files_to_the_owner_of_the_directory),
        WITH_DIR(sandbox_run__works_for_root_whoever_owns_the_directory),
        WITH_DIR(sandbox_run__takes_back_what_a_killed_run_was_given),
        WITH_DIR(sandbox_run__works_below_a_directory_closed_to_others),
        WITH_DIR(sandbox_run__leaves_no_descriptor_open_in_any_variant),
        WITH_DIR(sandbox_run__hides_git),
        WITH_DIR(sandbox_run__streams_both_outputs_apart),
        WITH_DIR(sandbox_run__ends_when_it_is_cancelled),
        WITH_DIR(sandbox_run__ends_at_the_deadline_and_names_it),
        WITH_DIR(sandbox_run__counts_processor_time),
        WITH_DIR(sandbox_run__has_the_network_only_when_told),
        WITH_DIR(sandbox_run__sees_the_attempts_of_a_command_that_ends_at_once),
        WITH_DIR(sandbox_run__lets_a_test_serve_itself_on_loopback),
        WITH_DIR(sandbox_run__keeps_eight_runs_apart_when_two_misbehave),
        WITH_DIR(sandbox_run__ends_when_vdo_itself_is_killed),
        WITH_DIR(sandbox_run__leaves_no_dead_process_to_the_first_of_a_container),
        WITH_DIR(sandbox_run__starts_whatever_the_limit_on_disk),
        cmocka_unit_test(orphans_end__ends_only_runs_whose_owner_is_dead),
        WITH_DIR(sandbox_run__leaves_no_control_groups),
        WITH_DIR(sandbox_run__without_isolation_runs_nothing),
        cmocka_unit_test(sandbox_probe__refuses_an_unknown_driver),
        cmocka_unit_test(sandbox_report__tells_what_holds),
        cmocka_unit_test(host_diagnose__always_offers_a_remedy),
    };

    if (argc == 3 && strcmp(argv[1], "run") == 0)
        return run_until_killed(argv[2]);
    return cmocka_run_group_tests(tests, sandbox_fixture_start, sandbox_fixture_stop) +
           run_as_ordinary_user();
}
