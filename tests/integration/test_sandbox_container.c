/* The driver "container": with a stand-in for the engine, and with a real one where VDO_TEST_IMAGE
 * names an image that it has. */
#include "vdo/sandbox/sandbox.h"

#include "ordinary_user.h"

#include "../../src/sandbox/orphans.h"

#include "vdo/base/fs.h"
#include "vdo/base/mem.h"
#include "vdo/base/proc.h"
#include "vdo/json/json.h"

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

/* Writes down what it is asked, one word a line and "." at the end; then does what "mode" says. */
static const char engine_text[] =
    "#!/bin/sh\n"
    "top=$(dirname \"$0\")\n"
    "for word; do printf '%s\\n' \"$word\"; done >> \"$top/asked\"; echo . >> \"$top/asked\"\n"
    "mode=$(cat \"$top/mode\")\n"
    "case $1 in\n"
    "version) [ \"$mode\" = dead ] && { echo 'Cannot connect to the daemon'; exit 1; }; echo 9.8.7 ;;\n"
    "ps) cat \"$top/names\" 2>/dev/null ;;\n"
    "run) env > \"$top/environment\"\n"
    "    case $mode in\n"
    "    missing) echo 'Error: image/x: image not known' >&2; exit 125 ;;\n"
    "    hang) exec sleep 1000 ;;\n"
    "    killed) exit 137 ;;\n"
    "    grow) head -c 30000000 /dev/zero > \"$top/work/grown\"; exec sleep 1000 ;;\n"
    "    esac\n"
    "    while [ \"$1\" != image/x ]; do shift; done; shift; exec \"$@\" ;;\n"
    "esac\n";

static char top[64];
static char work[96];
static char engine[96];
static struct sandbox *sandbox;

static void put(const char *name, const char *text)
{
    AUTO_FREE char *path = fs_join(top, name);

    assert_int_equal(fs_write_atomic(path, text, strlen(text), 0755, NULL), 0);
}

static char *got(const char *name)
{
    AUTO_FREE char *path = fs_join(top, name);
    char *text = NULL;

    return fs_read_file(path, 1 << 20, &text, NULL, NULL) ? xstrdup("") : text;
}

static int set_up(void **state)
{
    (void)state;
    return proc_start_supervisor(NULL);
}

static int tear_down(void **state)
{
    (void)state;
    proc_stop_supervisor();
    return 0;
}

static int make_top(void **state)
{
    (void)state;
    (void)snprintf(top, sizeof(top), "/tmp/vdo-engine-XXXXXX");
    if (!mkdtemp(top))
        return -1;
    (void)snprintf(work, sizeof(work), "%s/work", top);
    (void)snprintf(engine, sizeof(engine), "%s/podman", top);
    put("podman", engine_text);
    put("mode", "ok");
    sandbox = NULL;
    return mkdir(work, 0755);
}

static int remove_top(void **state)
{
    (void)state;
    sandbox_free(sandbox);
    return fs_remove_tree(top, NULL);
}

static void probe(const char *with)
{
    const struct sandbox_container container = {.engine = with, .image = "image/x"};

    assert_int_equal(sandbox_probe("container", &container, &sandbox, NULL), 0);
}

static int run(struct sandbox_spec *spec, struct sandbox_result *result, struct err *err)
{
    static const char *const argv[] = {"/bin/sh", "-c", "echo out; exit 3", NULL};

    *result = (struct sandbox_result){0};
    spec->dir = spec->dir ? spec->dir : work;
    spec->argv = spec->argv ? spec->argv : argv;
    spec->timeout_ms = spec->timeout_ms ? spec->timeout_ms : 20000;
    return sandbox_run(sandbox, spec, result, err);
}

static void container_probe__tells_engine_and_image(void **state)
{
    json_t *report;

    (void)state;
    probe(engine);
    assert_true(sandbox_available(sandbox));
    assert_non_null(strstr(sandbox_describe(sandbox), "podman 9.8.7, image image/x"));
    report = sandbox_report(sandbox);
    assert_string_equal(js_str(report, "driver", ""), "container");
    json_decref(report);
}

static void container_probe__fails_closed_and_says_why(void **state)
{
    static const struct {
        const char *mode;
        const char *engine;
        const char *why;
    } rows[] = {
        {"dead", NULL, "does not answer: Cannot connect to the daemon"},
        {"missing", NULL,
         "cannot start a container: start a container of image/x: Error: image/x: "
         "image not known"},
        {"killed", NULL, "cannot run /bin/true in the image"},
        {"ok", "/nonexistent/podman", "/nonexistent/podman is not there"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sandbox_spec spec = {0};
        struct sandbox_result result;
        struct err err = {0};

        put("mode", rows[i].mode);
        probe(rows[i].engine ? rows[i].engine : engine);
        assert_false(sandbox_available(sandbox));
        assert_int_equal(run(&spec, &result, &err), VDO_E_REFUSED);
        if (!strstr(err.text, rows[i].why))
            fail_msg("%s: %s", rows[i].mode, err.text);
        sandbox_free(sandbox);
        sandbox = NULL;
    }
}

static void container_run__gives_exit_code_and_output(void **state)
{
    struct sandbox_spec spec = {0};
    struct sandbox_result result;
    struct stat st;

    (void)state;
    probe(engine);
    assert_int_equal(run(&spec, &result, NULL), 0);
    assert_int_equal(result.end, SANDBOX_EXITED);
    assert_int_equal(result.exit_code, 3);
    assert_string_equal(result.output, "out\n");
    assert_null(result.network);
    sandbox_result_release(&result);
    assert_int_equal(stat(work, &st), 0);
    assert_int_equal(st.st_uid, geteuid()); /* taken back */
}

static bool asked(const char *text, const char *words)
{
    if (strstr(text, words))
        return true;
    (void)printf("# not asked: %s\n", words);
    return false;
}

static void container_run__shuts_the_command_in(void **state)
{
    static const char *const env[] = {"CI=true", NULL};
    AUTO_FREE char *layer = fs_join(top, "layer");
    const struct sandbox_mount mount = {.from = layer, .to = "deps/x"};
    struct sandbox_spec spec = {.env = env,
                                .memory_bytes = 1 << 28,
                                .pids = 77,
                                .cpus = 3,
                                .disk_bytes = 1 << 25,
                                .mounts = &mount,
                                .n_mounts = 1};
    AUTO_FREE char *bind = xasprintf("--mount\ntype=bind,source=%s,target=%s\n", work, work);
    AUTO_FREE char *ro =
        xasprintf("--mount\ntype=bind,source=%s,target=%s/deps/x,readonly\n", layer, work);
    AUTO_FREE char *text = NULL;
    AUTO_FREE char *environment = NULL;
    struct sandbox_result result;

    (void)state;
    assert_int_equal(mkdir(layer, 0755), 0);
    (void)setenv("VDO_TEST_SECRET", "do-not-pass-on", 1);
    probe(engine);
    put("asked", "");
    assert_int_equal(run(&spec, &result, NULL), 0);
    sandbox_result_release(&result);
    text = got("asked");
    assert_true(asked(text, "run\n--rm\n--name\nvdo-") && asked(text, "--pull\nnever\n") &&
                asked(text, "--network\nnone\n") && asked(text, "--read-only\n") &&
                asked(text, "--cap-drop\nALL\n") &&
                asked(text, "--security-opt\nno-new-privileges\n") &&
                asked(text, "--memory\n268435456\n--memory-swap\n268435456\n") &&
                asked(text, "--pids-limit\n77\n") && asked(text, "--cpus\n3\n") &&
                asked(text, "--tmpfs\n/tmp:rw,nosuid,nodev,exec,size=134217728,mode=1777\n") &&
                asked(text, "--shm-size\n67108864\n") &&
                asked(text, "--ulimit\nfsize=33554432:33554432\n") && asked(text, bind) &&
                asked(text, ro) && asked(text, "--env\nCI=true\n") &&
                asked(text, "image/x\n/bin/sh\n-c\n"));
    assert_null(strstr(text, "--user\n0:")); /* never as root */
    assert_null(strstr(text, "--privileged"));
    environment = got("environment");
    assert_null(strstr(environment, "do-not-pass-on"));
}

static void container_run__binds_the_directories_where_the_run_wants_them(void **state)
{
    AUTO_FREE char *home = fs_join(top, "home");
    AUTO_FREE char *files = fs_join(home, "files");
    AUTO_FREE char *text = NULL;
    AUTO_FREE char *work_bind =
        xasprintf("source=%s,target=/workspaces/x\n--workdir\n/workspaces/x\n", work);
    AUTO_FREE char *home_bind = xasprintf("source=%s,target=/tmp/home\n", files);
    struct sandbox_spec spec = {.at = "/workspaces/x", .home = home};
    struct sandbox_spec upon = {.at = "/workspaces/x", .home = home, .home_below = work};
    struct sandbox_result result;
    struct err err = {0};

    (void)state;
    probe(engine);
    put("asked", "");
    assert_int_equal(run(&spec, &result, NULL), 0);
    sandbox_result_release(&result);
    text = got("asked");
    assert_true(asked(text, work_bind) && asked(text, home_bind) &&
                asked(text, "--env\nHOME=/tmp/home\n") && fs_is_dir(files));
    assert_int_equal(run(&upon, &result, &err), VDO_E_REFUSED);
    assert_false(sandbox_try_homes(sandbox, top));
    assert_non_null(strstr(sandbox_homes_why(sandbox), "container"));
}

static void container_run__takes_the_image_of_the_run(void **state)
{
    struct sandbox_spec spec = {.image = "other/y:1"};
    struct sandbox_result result;

    (void)state;
    probe(engine);
    put("asked", "");
    put("mode", "killed");
    assert_int_equal(run(&spec, &result, NULL), 0);
    assert_int_equal(result.end, SANDBOX_MEMORY);
    assert_int_equal(result.exit_code, 137);
    assert_non_null(strstr(result.limit, "memory: "));
    sandbox_result_release(&result);
    AUTO_FREE char *text = got("asked");
    assert_true(asked(text, "other/y:1\n/bin/sh\n"));
}

static void container_run__refuses_what_it_cannot_hold(void **state)
{
    static const char *const hosts[] = {"a.example", NULL};
    struct sandbox_spec rows[] = {
        {.allow_hosts = hosts}, {.image = "--privileged"}, {.image = "-v/:/x"}, {.image = "a b"}};
    struct sandbox_spec comma = {.dir = "/tmp/a,b"};
    struct sandbox_result result;

    (void)state;
    probe(engine);
    put("asked", "");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct err err = {0};

        assert_int_equal(run(&rows[i], &result, &err), VDO_E_REFUSED);
        assert_true(strlen(err.text) > 20);
    }
    assert_int_equal(run(&comma, &result, NULL), VDO_E_INVALID);
    AUTO_FREE char *text = got("asked");
    assert_string_equal(text, "");
}

/* The name given to "run" is the one that is killed and removed. */
static void expect_ended_by_name(void)
{
    AUTO_FREE char *text = got("asked");
    const char *name = strstr(text, "--name\n");
    AUTO_FREE char *kill = NULL;
    AUTO_FREE char *rm = NULL;

    assert_non_null(name);
    name += strlen("--name\n");
    kill = xasprintf("kill\n--signal\nKILL\n%.*s\n.\n", (int)strcspn(name, "\n"), name);
    rm = xasprintf("rm\n--force\n--volumes\n%.*s\n.\n", (int)strcspn(name, "\n"), name);
    assert_true(asked(text, kill) && asked(text, rm));
}

static void container_run__ends_it_by_name_at_the_deadline(void **state)
{
    struct sandbox_spec spec = {.timeout_ms = 300};
    struct sandbox_result result;

    (void)state;
    probe(engine);
    put("asked", "");
    put("mode", "hang");
    assert_int_equal(run(&spec, &result, NULL), 0);
    assert_int_equal(result.end, SANDBOX_TIMEOUT);
    sandbox_result_release(&result);
    expect_ended_by_name();
}

static void container_run__ends_it_by_name_when_cancelled_or_when_the_disk_fills(void **state)
{
    atomic_bool cancel = true;
    struct sandbox_spec cancelled = {.cancel = &cancel};
    struct sandbox_spec grow = {.disk_bytes = 10000000};
    struct sandbox_result result;

    (void)state;
    probe(engine);
    put("mode", "hang");
    put("asked", "");
    assert_int_equal(run(&cancelled, &result, NULL), 0);
    assert_int_equal(result.end, SANDBOX_CANCELLED);
    sandbox_result_release(&result);
    put("mode", "grow");
    put("asked", "");
    assert_int_equal(run(&grow, &result, NULL), 0);
    assert_int_equal(result.end, SANDBOX_DISK);
    sandbox_result_release(&result);
    expect_ended_by_name();
}

static void container_probe__ends_containers_of_the_dead_only(void **state)
{
    char mark[ORPHANS_MARK_SIZE];
    AUTO_FREE char *names = NULL;
    AUTO_FREE char *own = NULL;
    AUTO_FREE char *dead = NULL;
    AUTO_FREE char *text = NULL;

    (void)state;
    (void)orphans_mark(mark, sizeof(mark));
    for (char *c = mark; *c; c++)
        *c = *c == ':' ? '.' : *c;
    own = xasprintf("vdo-%s-abc", mark);
    *strrchr(mark, '.') = '\0';
    dead = xasprintf("vdo-%s.1-abc", mark); /* the same process id, started at another time */
    names = xasprintf("%s\nvdo-web\n%s\nvdo-1.2-x\nvdo-\nother\n", own, dead);
    put("names", names);
    probe(engine);
    text = got("asked");
    AUTO_FREE char *of_dead = xasprintf("rm\n--force\n--volumes\n%s\n", dead);
    AUTO_FREE char *of_own = xasprintf("rm\n--force\n--volumes\n%s\n", own);
    assert_true(asked(text, of_dead));
    assert_null(strstr(text, of_own));
    assert_null(strstr(text, "--volumes\nvdo-web\n"));
    assert_null(strstr(text, "--volumes\nvdo-1.2-x\n"));
}

/* ---- a real engine ---- */

static void real(const char *line, struct sandbox_spec *spec, struct sandbox_result *result)
{
    const char *const argv[] = {"/bin/sh", "-c", line, NULL};
    struct err err = {0};

    spec->argv = argv;
    if (run(spec, result, &err))
        fail_msg("%s: %s", line, err.text);
}

static void expect_real(const char *line, int code)
{
    struct sandbox_spec spec = {0};
    struct sandbox_result result;

    real(line, &spec, &result);
    if (result.end != SANDBOX_EXITED || result.exit_code != code)
        fail_msg("%s: end %d exit %d: %s", line, (int)result.end, result.exit_code, result.output);
    sandbox_result_release(&result);
}

static void container_run__holds_with_a_real_engine(void **state)
{
    const struct sandbox_container container = {.engine = "auto",
                                                .image = getenv("VDO_TEST_IMAGE")};
    struct sandbox_spec slow = {.timeout_ms = 3000};
    struct sandbox_spec hungry = {.memory_bytes = 64 << 20};
    struct sandbox_spec filling = {.disk_bytes = 16 << 20};
    struct sandbox_result result;

    (void)state;
    if (container.image && sandbox_probe("container", &container, &sandbox, NULL) == 0 &&
        !sandbox_available(sandbox))
        (void)printf("# %s\n", sandbox_describe(sandbox));
    if (!sandbox || !sandbox_available(sandbox)) {
        (void)printf("# skipped: no engine with an image that VDO_TEST_IMAGE names\n");
        skip();
    }
    expect_real("echo x > new && test $(id -u) != 0 && test -f new", 0);
    expect_real("exit 42", 42);
    expect_real("touch /etc/x /usr/x /x 2>/dev/null", 1);
    expect_real("test $(ls /sys/class/net) = lo", 0);
    expect_real("grep -q 'CapEff:.0000000000000000' /proc/self/status && grep -q "
                "'NoNewPrivs:.1' /proc/self/status",
                0);
    expect_real("cat /etc/shadow >/dev/null 2>&1", 1);
    real("sleep 100 & sleep 100", &slow, &result);
    assert_int_equal(result.end, SANDBOX_TIMEOUT);
    sandbox_result_release(&result);
    real("tail /dev/zero", &hungry, &result);
    assert_int_equal(result.end, SANDBOX_MEMORY);
    sandbox_result_release(&result);
    real("for i in 1 2 3 4 5 6; do head -c 5000000 /dev/zero > f$i; done; sleep 20", &filling,
         &result);
    assert_int_equal(result.end, SANDBOX_DISK);
    sandbox_result_release(&result);
    (void)printf("# held with %s\n", sandbox_describe(sandbox));
}

#define WITH_TOP(test) cmocka_unit_test_setup_teardown(test, make_top, remove_top)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_TOP(container_probe__tells_engine_and_image),
        WITH_TOP(container_probe__fails_closed_and_says_why),
        WITH_TOP(container_run__gives_exit_code_and_output),
        WITH_TOP(container_run__shuts_the_command_in),
        WITH_TOP(container_run__takes_the_image_of_the_run),
        WITH_TOP(container_run__binds_the_directories_where_the_run_wants_them),
        WITH_TOP(container_run__refuses_what_it_cannot_hold),
        WITH_TOP(container_run__ends_it_by_name_at_the_deadline),
        WITH_TOP(container_run__ends_it_by_name_when_cancelled_or_when_the_disk_fills),
        WITH_TOP(container_probe__ends_containers_of_the_dead_only),
        WITH_TOP(container_run__holds_with_a_real_engine),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down) + run_as_ordinary_user();
}
