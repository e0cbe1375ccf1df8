/* Each attack of tests/support/attacks.c against the real sandbox: as the user who runs the tests,
 * and as an ordinary one when that is root. docs/security.md lists what holds where. */
#include "attacks.h"
#include "ordinary_user.h"

#include "../../src/sandbox/host.h"

#include "vdo/base/fs.h"
#include "vdo/base/mem.h"
#include "vdo/base/proc.h"
#include "vdo/json/json.h"
#include "vdo/sandbox/sandbox.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cmocka.h>

#define MIB ((int64_t)1024 * 1024)

/* What there is on the host to be attacked. */
struct site {
    char top[64];
    char dir[96]; /* the work directory of the trial going on */
    char host_file[96];
    char home[96];
    char layer[96];
    char layer_file[128];
    char socket_name[64];
    int tcp;
    int unix_socket;
    int leaked; /* without close-on-exec, on purpose */
    uint16_t port;
    pid_t victim;
    struct sandbox *sandbox;
    char *core_pattern;
};

static struct site site;
static int trials;
static int held;

struct trial {
    const char *attack;
    enum sandbox_end end;
    int64_t timeout_ms;
    int64_t memory_bytes;
    int64_t disk_bytes;
    int64_t pids;
    bool layer;        /* site.layer may be read at "deps" */
    bool home;         /* HOME is kept in site.home, and begins with site.layer */
    const char *allow; /* a host that may be reached at the port of the host's listener */
    bool (*after)(const struct sandbox_result *result); /* NULL: the exit code decides */
};

/* ---- the host's side ---- */

static void open_listeners(void)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    socklen_t len = sizeof(in);

    site.tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(site.tcp, (struct sockaddr *)&in, sizeof(in)), 0);
    assert_int_equal(listen(site.tcp, 512), 0);
    assert_int_equal(getsockname(site.tcp, (struct sockaddr *)&in, &len), 0);
    site.port = ntohs(in.sin_port);
    (void)snprintf(site.socket_name, sizeof(site.socket_name), "vdo-test-%d", (int)getpid());
    memcpy(un.sun_path + 1, site.socket_name, strlen(site.socket_name));
    site.unix_socket = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(site.socket_name));
    assert_int_equal(bind(site.unix_socket, (struct sockaddr *)&un, len), 0);
    assert_int_equal(listen(site.unix_socket, 4), 0);
}

static char *core_pattern(void)
{
    char text[256] = "";
    int fd = open("/proc/sys/kernel/core_pattern", O_RDONLY | O_CLOEXEC);
    ssize_t n = read(fd, text, sizeof(text) - 1);

    (void)close(fd);
    return xmemdup0(text, n > 0 ? (size_t)n : 0);
}

static int set_up(void **state)
{
    struct err err = {0};

    (void)state;
    (void)snprintf(site.top, sizeof(site.top), "/tmp/vdo-attack-XXXXXX");
    if (!mkdtemp(site.top) || proc_start_supervisor(&err) ||
        sandbox_probe("auto", NULL, &site.sandbox, &err))
        return -1;
    (void)snprintf(site.host_file, sizeof(site.host_file), "%s/host-secret", site.top);
    if (fs_write_atomic(site.host_file, "secret", 6, 0644, &err))
        return -1;
    (void)snprintf(site.layer, sizeof(site.layer), "%s/layer", site.top);
    (void)snprintf(site.layer_file, sizeof(site.layer_file), "%s/kept", site.layer);
    if (fs_make_dirs(site.layer, 0755, &err) || chmod(site.layer, 0755) ||
        fs_write_atomic(site.layer_file, "kept", 4, 0644, &err))
        return -1;
    (void)snprintf(site.home, sizeof(site.home), "%s/home", site.top);
    (void)sandbox_try_homes(site.sandbox, site.top);
    site.sandbox->proxy_head_ms = 1000; /* of the proxy's patience with half a request */
    open_listeners();
    site.leaked = open(site.host_file, O_RDONLY); // NOLINT(android-cloexec-open)
    site.core_pattern = core_pattern();
    site.victim = fork();
    if (site.victim == 0) {
        for (;;)
            (void)pause();
    }
    (void)setenv("VDO_TEST_SECRET", "left-half-right-half", 1);
    (void)printf("# as uid %d: %s\n", (int)geteuid(), sandbox_describe(site.sandbox));
    return 0;
}

static int tear_down(void **state)
{
    struct err err = {0};

    (void)state;
    (void)kill(site.victim, SIGKILL);
    (void)waitpid(site.victim, NULL, 0);
    sandbox_free(site.sandbox);
    proc_stop_supervisor();
    (void)close(site.tcp);
    (void)close(site.unix_socket);
    (void)close(site.leaked);
    free(site.core_pattern);
    if (trials)
        (void)printf("# attacks held: %d of %d as uid %d\n", held, trials, (int)geteuid());
    if (fs_remove_tree(site.top, &err)) {
        (void)printf("# %s\n", err.text);
        return -1;
    }
    return 0;
}

static bool host_is_well(void)
{
    AUTO_FREE char *pattern = core_pattern();
    struct stat st;

    if (waitpid(site.victim, NULL, WNOHANG) != 0 || strcmp(pattern, site.core_pattern) != 0)
        return false;
    return stat(site.dir, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid() &&
           !fs_exists("/evil") && !fs_exists("/usr/evil") && !fs_exists("/etc/evil");
}

/* Is any process left whose program is the attacker? */
static bool all_gone(void)
{
    AUTO_FREE char *command =
        xasprintf("ls -l /proc/[0-9]*/exe 2>/dev/null | grep -c '%s'", site.dir);
    const char *const argv[] = {"/bin/sh", "-c", command, NULL};
    struct proc_spec spec = {.argv = argv, .timeout_ms = 10000, .head_max = 64};
    struct proc_result result;
    bool none;

    assert_int_equal(proc_run(&spec, &result, NULL), 0);
    none = strcmp(result.out.head, "0\n") == 0;
    proc_result_release(&result);
    return none;
}

static void place_attacker(void)
{
    AUTO_FREE char *path = fs_join(site.dir, "attacker");
    char *bytes;
    size_t len;
    struct err err = {0};

    assert_int_equal(fs_read_file("/proc/self/exe", 256u << 20, &bytes, &len, &err), 0);
    assert_int_equal(fs_write_atomic(path, bytes, len, 0755, &err), 0);
    free(bytes);
}

static void run_attack(const struct trial *t, struct sandbox_result *result)
{
    AUTO_FREE char *file = xasprintf("HOST_FILE=%s", site.host_file);
    AUTO_FREE char *port = xasprintf("HOST_PORT=%d", site.port);
    AUTO_FREE char *name = xasprintf("HOST_SOCKET=%s", site.socket_name);
    AUTO_FREE char *pid = xasprintf("HOST_PID=%d", (int)site.victim);
    const char *const env[] = {file,
                               port,
                               name,
                               pid,
                               "HALF_1=left-half-",
                               "HALF_2=right-half",
                               "ASAN_OPTIONS=detect_leaks=0",
                               NULL};
    const char *const argv[] = {"./attacker", "attack", t->attack, NULL};
    AUTO_FREE char *rule = xasprintf("%s:%d", t->allow ? t->allow : "", site.port);
    const char *const allow[] = {rule, NULL};
    const struct sandbox_mount mount = {.from = site.layer, .to = "deps"};
    struct sandbox_spec spec = {.dir = site.dir,
                                .argv = argv,
                                .env = env,
                                .timeout_ms = t->timeout_ms ? t->timeout_ms : 20000,
                                .memory_bytes = t->memory_bytes,
                                .disk_bytes = t->disk_bytes,
                                .pids = t->pids,
                                .mounts = &mount,
                                .n_mounts = t->layer,
                                .home = t->home ? site.home : NULL,
                                .home_below = t->home ? site.layer : NULL,
                                .allow_hosts = t->allow ? allow : NULL};
    struct err err = {0};

    if (sandbox_run(site.sandbox, &spec, result, &err))
        fail_msg("%s: %s", t->attack, err.text);
}

static void try_attack(void **state)
{
    const struct trial *t = *state;
    struct sandbox_result result;
    struct err err = {0};
    bool ok;

    if (!sandbox_available(site.sandbox)) {
        (void)printf("# skipped: %s\n", sandbox_describe(site.sandbox));
        skip();
    }
    if (t->home && !sandbox_has_homes(site.sandbox)) {
        (void)printf("# skipped: %s\n", sandbox_homes_why(site.sandbox));
        skip();
    }
    (void)snprintf(site.dir, sizeof(site.dir), "%s/%s", site.top, t->attack);
    assert_int_equal(fs_make_dirs(site.dir, 0700, &err), 0);
    place_attacker();
    trials++;
    run_attack(t, &result);
    ok = result.end == t->end && (t->end != SANDBOX_EXITED || t->after || result.exit_code == 0) &&
         (!t->after || t->after(&result)) && all_gone() && host_is_well();
    if (!ok) {
        (void)printf("# %s: end %d exit %d limit '%s' output: %.500s\n", t->attack, (int)result.end,
                     result.exit_code, result.limit, result.output);
        (void)printf("# all gone %d, host is well %d\n", all_gone(), host_is_well());
    }
    held += ok;
    sandbox_result_release(&result);
    assert_int_equal(fs_remove_tree(site.dir, &err), 0);
    assert_int_equal(fs_remove_tree(site.home, &err), 0);
    assert_true(ok);
}

/* ---- what must be so afterwards ---- */

static bool output_is_bounded(const struct sandbox_result *result)
{
    return strlen(result->output) < 300000 && strstr(result->output, "bytes left out") != NULL;
}

static bool daemon_is_silent(const struct sandbox_result *result)
{
    AUTO_FREE char *mark = fs_join(site.dir, "alive");
    bool was_there = unlink(mark) == 0;

    (void)usleep(30000);
    return result->exit_code == 0 && was_there && !fs_exists(mark);
}

static bool was_killed(const struct sandbox_result *result)
{
    return result->exit_code != 0 || result->end == SANDBOX_EXITED;
}

static bool disk_is_spared(const struct sandbox_result *result)
{
    AUTO_FREE char *command =
        xasprintf("du -smc %s %s 2>/dev/null | tail -n 1 | cut -f1", site.dir, site.home);
    const char *const argv[] = {"/bin/sh", "-c", command, NULL};
    struct proc_spec spec = {.argv = argv, .timeout_ms = 10000, .head_max = 64};
    struct proc_result du;
    long mib;

    (void)result;
    assert_int_equal(proc_run(&spec, &du, NULL), 0);
    mib = strtol(du.out.head, NULL, 10);
    proc_result_release(&du);
    return mib < 500;
}

static bool links_are_refused(const struct sandbox_result *result)
{
    static const struct {
        const char *path;
        int code;
    } files[] = {{"report.xml", VDO_E_REFUSED},    {"dir/passwd", VDO_E_REFUSED},
                 {"up.xml", VDO_E_REFUSED},        {"pipe.xml", VDO_E_REFUSED},
                 {"alias/big", VDO_E_REFUSED},     {"../host-secret", VDO_E_REFUSED},
                 {"/etc/passwd", VDO_E_REFUSED},   {"real", VDO_E_REFUSED},
                 {"missing.xml", VDO_E_NOT_FOUND}, {"real/big/x", VDO_E_NOT_FOUND},
                 {"real/big", VDO_E_TOO_LARGE}};

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        char *bytes = NULL;
        struct err err = {0};
        int rc = sandbox_read_file(site.dir, files[i].path, 1000, &bytes, NULL, &err);

        if (rc != files[i].code) {
            (void)printf("# %s: %d %s\n", files[i].path, rc, err.text);
            free(bytes);
            return false;
        }
    }
    return result->exit_code == 0;
}

static bool report_is_too_large(const struct sandbox_result *result)
{
    char *bytes = NULL;
    int rc = sandbox_read_file(site.dir, "report.xml", 1 << 20, &bytes, NULL, NULL);

    free(bytes);
    return result->exit_code == 0 && rc == VDO_E_TOO_LARGE;
}

static bool is_empty(const struct sandbox_result *result)
{
    return result->exit_code == 0 && rmdir(site.dir) == 0 && mkdir(site.dir, 0700) == 0;
}

static bool exit_code_stands(const struct sandbox_result *result)
{
    return result->exit_code == 7 && strstr(result->output, "12 passed") != NULL;
}

/* Each refusal is on record, and nothing was let through but what is allowed. */
static bool refusals_are_recorded(const struct sandbox_result *result)
{
    size_t refused = 0;
    size_t i;
    json_t *attempt;

    json_array_foreach (result->network, i, attempt) {
        bool allowed = js_bool(attempt, "allowed", false);

        refused += !allowed;
        if (allowed && (js_int(attempt, "port", 0) != site.port ||
                        strcmp(js_str(attempt, "host", ""), "127.0.0.1") != 0))
            return false;
    }
    return result->exit_code == 0 && refused > 0;
}

static bool only_allowed_was_reached(const struct sandbox_result *result)
{
    return result->exit_code == 0 && json_array_size(result->network) == 1 &&
           js_bool(json_array_get(result->network, 0), "allowed", false);
}

static bool layer_is_whole(const struct sandbox_result *result)
{
    AUTO_FREE char *bytes = NULL;
    struct stat st;
    struct stat top;

    return result->exit_code == 0 && fs_read_file(site.layer_file, 100, &bytes, NULL, NULL) == 0 &&
           strcmp(bytes, "kept") == 0 && stat(site.layer_file, &st) == 0 && st.st_nlink == 1 &&
           (st.st_mode & 07777) == 0644 && stat(site.layer, &top) == 0 && top.st_nlink == 2 &&
           (top.st_mode & 07777) == 0755;
}

/* Nothing of it reaches the files that are merged by the trusted side. */
static bool marks_are_not_there(const struct sandbox_result *result)
{
    static const char *const names[] = {"user.overlay.opaque", "user.overlay.redirect",
                                        "user.overlay.metacopy", "user.overlay.whiteout"};
    AUTO_FREE char *files = fs_join(site.home, "files");
    AUTO_FREE char *dir = fs_join(files, "dir");
    char value[16];

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        /* the kernel's own mark of a new directory is "y" and hides nothing that was there */
        if (getxattr(files, names[i], value, sizeof(value)) >= 0 ||
            (i > 0 && getxattr(dir, names[i], value, sizeof(value)) >= 0))
            return false;
    }
    return layer_is_whole(result);
}

static bool layer_and_disk_are_spared(const struct sandbox_result *result)
{
    struct sandbox_result ended = {.exit_code = 0};

    return disk_is_spared(result) && layer_is_whole(&ended);
}

/* ---- the list ---- */

static const struct trial list[] = {
    {.attack = "read_secrets"},
    {.attack = "read_environments"},
    {.attack = "use_descriptors"},
    {.attack = "connect_loopback"},
    {.attack = "connect_abstract"},
    {.attack = "open_odd_sockets"},
    {.attack = "change_network"},
    {.attack = "kill_host"},
    {.attack = "write_system"},
    {.attack = "make_namespaces"},
    {.attack = "mount_things"},
    {.attack = "inject_terminal_input"},
    {.attack = "call_kernel"},
    {.attack = "make_set_user_id"},
    {.attack = "call_by_other_table"},
    {.attack = "link_out"},
    {.attack = "kill_parents", .after = was_killed},
    {.attack = "fork_bomb", .end = SANDBOX_PIDS, .pids = 64},
    {.attack = "memory_alone", .end = SANDBOX_MEMORY, .memory_bytes = 256 * MIB},
    {.attack = "memory_together", .end = SANDBOX_MEMORY, .memory_bytes = 256 * MIB},
    {.attack = "fill_tmpfs", .memory_bytes = 256 * MIB},
    {.attack = "fill_disk_openly",
     .end = SANDBOX_DISK,
     .disk_bytes = 64 * MIB,
     .after = disk_is_spared},
    {.attack = "fill_disk_unlinked", .end = SANDBOX_DISK, .disk_bytes = 64 * MIB},
    {.attack = "fill_disk_unreadable",
     .end = SANDBOX_DISK,
     .disk_bytes = 64 * MIB,
     .after = disk_is_spared},
    {.attack = "nest_directories", .end = SANDBOX_DISK},
    {.attack = "make_files", .timeout_ms = 300000},
    {.attack = "write_endlessly",
     .end = SANDBOX_TIMEOUT,
     .timeout_ms = 700,
     .after = output_is_bounded},
    {.attack = "leave_daemon", .after = daemon_is_silent},
    {.attack = "sleep_forever", .end = SANDBOX_TIMEOUT, .timeout_ms = 300},
    {.attack = "plant_links", .after = links_are_refused},
    {.attack = "plant_report", .after = report_is_too_large},
    {.attack = "change_modes"},
    {.attack = "delete_tree", .after = is_empty},
    {.attack = "forge_results", .after = exit_code_stands},
    {.attack = "write_layer", .layer = true, .after = layer_is_whole},
    {.attack = "write_home", .home = true, .after = layer_is_whole},
    {.attack = "leave_home", .home = true, .after = layer_is_whole},
    {.attack = "forge_marks", .home = true, .after = marks_are_not_there},
    {.attack = "fill_home_openly",
     .end = SANDBOX_DISK,
     .disk_bytes = 64 * MIB,
     .home = true,
     .after = layer_and_disk_are_spared},
    {.attack = "fill_home_unlinked", .end = SANDBOX_DISK, .disk_bytes = 64 * MIB, .home = true},
    {.attack = "proxy_unlisted", .allow = "127.0.0.1", .after = refusals_are_recorded},
    {.attack = "proxy_loopback_name", .allow = "localhost", .after = refusals_are_recorded},
    {.attack = "proxy_metadata", .allow = "127.0.0.1", .after = refusals_are_recorded},
    {.attack = "proxy_head_bomb", .allow = "127.0.0.1", .after = refusals_are_recorded},
    {.attack = "proxy_slow_loris", .allow = "127.0.0.1", .after = refusals_are_recorded},
    {.attack = "proxy_many_connections", .allow = "127.0.0.1", .after = only_allowed_was_reached},
    {.attack = "proxy_take_over", .allow = "127.0.0.1", .after = only_allowed_was_reached},
};

/* System V segments and nameless files: with a control group they count, without they are refused.
 */
static void memory_hidden(void **state)
{
    struct trial t = {.attack = "memory_hidden", .memory_bytes = 256 * MIB};
    void *arg = &t;
    json_t *report = sandbox_report(site.sandbox);

    (void)state;
    if (strcmp(js_str(report, "limits", ""), "enforced") == 0)
        t.end = SANDBOX_MEMORY;
    json_decref(report);
    try_attack(&arg);
}

static int run_all(void)
{
    enum { N = sizeof(list) / sizeof(list[0]) };
    struct CMUnitTest tests[N + 1];

    for (size_t i = 0; i < N; i++) {
        tests[i] = (struct CMUnitTest){.name = list[i].attack, .test_func = try_attack};
        tests[i].initial_state = (void *)(uintptr_t)&list[i];
    }
    tests[N] = (struct CMUnitTest)cmocka_unit_test(memory_hidden);
    return cmocka_run_group_tests_name("sandbox_attacks", tests, set_up, tear_down);
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "attack") == 0)
        return attack_main(argv[2]);
    return run_all() + run_as_ordinary_user();
}
