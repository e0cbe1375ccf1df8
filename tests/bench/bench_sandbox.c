/*
 * bench_sandbox: what the sandbox costs. Start of /usr/bin/true in it against posix_spawn() of the
 * same, one after the other, and eight at a time; the same with a proxy, a read-only mount, a HOME,
 * and in a large directory; then processor-bound and file-bound commands, and "make check" of two C
 * projects. One line per measurement: name p50 p95 in milliseconds.
 */
#include "timing.h"

#include "vdo/base/fs.h"
#include "vdo/base/mem.h"
#include "vdo/base/proc.h"
#include "vdo/sandbox/sandbox.h"

#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LARGE_DIRS = 50, LARGE_FILES = 400 };
enum { RUNS = 100, PARALLEL = 8, LONG_RUNS = 15 };

static struct sandbox *sandbox;
static char top[] = "/tmp/vdo-bench-XXXXXX";

static double print_times(const char *name, double *times, int n)
{
    sort_times(times, (size_t)n);
    (void)printf("%-34s p50 %7.2f ms  p95 %7.2f ms  (%d runs)\n", name, times[n / 2],
                 times[n * 95 / 100], n);
    return times[n / 2];
}

static void spawn_plain(const char *const *argv, const char *dir)
{
    posix_spawn_file_actions_t actions;
    char path[] = "PATH=/usr/bin:/bin";
    char *const env[] = {path, NULL};
    int status;
    pid_t pid;

    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawn_file_actions_addchdir_np(&actions, dir);
    if (posix_spawn(&pid, argv[0], &actions, NULL, (char *const *)(const void *)argv, env) ||
        waitpid(pid, &status, 0) != pid || status != 0)
        abort();
    (void)posix_spawn_file_actions_destroy(&actions);
}

static void run_inside(const char *const *argv, const char *dir)
{
    struct sandbox_spec spec = {.dir = dir, .argv = argv, .timeout_ms = 60000};
    struct sandbox_result result;
    struct err err = {0};

    if (sandbox_run(sandbox, &spec, &result, &err) || result.exit_code != 0) {
        (void)fprintf(stderr, "%s\n", err.code ? err.text : result.output);
        abort();
    }
    sandbox_result_release(&result);
}

static void start_variant(const char *name, struct sandbox_spec *spec)
{
    static const char *const argv[] = {"/usr/bin/true", NULL};
    double times[RUNS];

    spec->dir = spec->dir ? spec->dir : top;
    spec->argv = argv;
    spec->timeout_ms = 60000;
    for (int i = 0; i < RUNS; i++) {
        struct sandbox_result result;
        double started = now_ms();

        if (sandbox_run(sandbox, spec, &result, NULL) || result.exit_code != 0)
            abort();
        times[i] = now_ms() - started;
        sandbox_result_release(&result);
    }
    (void)print_times(name, times, RUNS);
}

static void write_file(const char *dir, const char *name, const char *text)
{
    AUTO_FREE char *path = fs_join(dir, name);

    if (fs_write_atomic(path, text, strlen(text), 0644, NULL))
        abort();
}

/* HOME on disk, and one that begins with what was kept. */
static void measure_homes(void)
{
    AUTO_FREE char *plain = xasprintf("%s-plain", top);
    AUTO_FREE char *over = xasprintf("%s-over", top);
    struct sandbox_spec home = {.home = plain};
    struct sandbox_spec upon = {.home = over, .home_below = "/usr/share"};

    start_variant("start of true, with a HOME on disk", &home);
    if (sandbox_try_homes(sandbox, "/tmp"))
        start_variant("start of true, with a HOME upon another", &upon);
    else
        (void)printf("no HOME upon another: %s\n", sandbox_homes_why(sandbox));
    (void)fs_remove_tree(plain, NULL);
    (void)fs_remove_tree(over, NULL);
}

static void measure_variants(void)
{
    static const char *const hosts[] = {"registry.example", NULL};
    static const struct sandbox_mount mount = {.from = "/usr/share", .to = "deps"};
    struct sandbox_spec proxy = {.allow_hosts = hosts};
    struct sandbox_spec layer = {.mounts = &mount, .n_mounts = 1};

    start_variant("start of true, with a proxy", &proxy);
    start_variant("start of true, with a mount", &layer);
    measure_homes();
}

/* Growth of the directory is measured while a command runs: what does a large one cost at the
 * start?
 */
static void measure_large_directory(void)
{
    AUTO_FREE char *dir = fs_join(top, "large");
    struct sandbox_spec spec = {.dir = dir};

    for (int i = 0; i < LARGE_DIRS; i++) {
        AUTO_FREE char *below = xasprintf("%s/%d", dir, i);

        (void)fs_make_dirs(below, 0755, NULL);
        for (int k = 0; k < LARGE_FILES; k++) {
            AUTO_FREE char *name = xasprintf("%d", k);

            write_file(below, name, "x");
        }
    }
    start_variant("start of true, among 20000 files", &spec);
    (void)fs_remove_tree(dir, NULL);
}

static double time_one(void (*run)(const char *const *, const char *), const char *const *argv)
{
    double started = now_ms();

    run(argv, top);
    return now_ms() - started;
}

/* In turns, so that other load on the machine meets both alike. */
static void compare_both(const char *name, const char *const *argv, int n)
{
    double outside[RUNS];
    double inside[RUNS];
    char text[64];
    double base;
    double ours;

    for (int i = 0; i < n; i++) {
        outside[i] = time_one(spawn_plain, argv);
        inside[i] = time_one(run_inside, argv);
    }
    (void)snprintf(text, sizeof(text), "%s, outside", name);
    base = print_times(text, outside, n);
    (void)snprintf(text, sizeof(text), "%s, inside", name);
    ours = print_times(text, inside, n);
    (void)printf("%-34s %+.2f ms, %+.1f %%\n", "", ours - base, (ours / base - 1) * 100);
}

static void compare_line(const char *name, const char *line)
{
    const char *const argv[] = {"/bin/sh", "-c", line, NULL};

    compare_both(name, argv, LONG_RUNS);
}

/* A library of some files, a test program, and "make check" that builds and runs both. */
static void make_project(const char *dir, int sources)
{
    static const char makefile[] = "SRC := $(wildcard f*.c)\n"
                                   "check: test\n\t./test\n"
                                   "test: test.o $(SRC:.c=.o)\n\t/usr/bin/cc -o $@ $^\n"
                                   "%.o: %.c\n\t/usr/bin/cc -O1 -Wall -c -o $@ $<\n"
                                   "clean:\n\trm -f *.o test\n";

    (void)fs_make_dirs(dir, 0755, NULL);
    write_file(dir, "Makefile", makefile);
    write_file(
        dir, "test.c",
        "#include <stdio.h>\nint f0(int);\nint main(void)\n{\n    for (int i = 0; i < 1000; "
        "i++)\n        if (f0(i) != i)\n            return 1;\n    return puts(\"ok\") < 0;\n}\n");
    for (int i = 0; i < sources; i++) {
        AUTO_FREE char *name = xasprintf("f%d.c", i);
        AUTO_FREE char *text =
            xasprintf("#include <stdlib.h>\n#include <string.h>\n#include <stdio.h>\n"
                      "int f%d(int n);\nint f%d(int n)\n{\n    char text[32];\n    "
                      "snprintf(text, sizeof(text), \"%%d\", n);\n    return atoi(text);\n}\n",
                      i, i);

        write_file(dir, name, text);
    }
}

/* The start of the sandbox weighs less the longer the check takes: a small project and a larger
 * one.
 */
static void compare_project(int sources, int runs)
{
    AUTO_FREE char *dir = xasprintf("%s/project%d", top, sources);
    AUTO_FREE char *line =
        xasprintf("cd project%d && make -s clean && make -s check >/dev/null", sources);
    AUTO_FREE char *name = xasprintf("make check, %d C files", sources);
    const char *const argv[] = {"/bin/sh", "-c", line, NULL};

    if (access("/usr/bin/make", X_OK) || access("/usr/bin/cc", X_OK)) {
        (void)printf("make check of a C project: skipped, no make or cc\n");
        return;
    }
    make_project(dir, sources);
    compare_both(name, argv, runs);
}

struct worker {
    pthread_t thread;
    char dir[64];
    double times[RUNS / PARALLEL];
};

static void *work(void *arg)
{
    static const char *const argv[] = {"/usr/bin/true", NULL};
    struct worker *w = arg;

    for (int i = 0; i < RUNS / PARALLEL; i++) {
        double started = now_ms();

        run_inside(argv, w->dir);
        w->times[i] = now_ms() - started;
    }
    return NULL;
}

static void measure_parallel(void)
{
    static struct worker workers[PARALLEL];
    double times[RUNS];
    double started = now_ms();
    int n = 0;

    for (int i = 0; i < PARALLEL; i++) {
        (void)snprintf(workers[i].dir, sizeof(workers[i].dir), "%s/%d", top, i);
        (void)fs_make_dirs(workers[i].dir, 0700, NULL);
        if (pthread_create(&workers[i].thread, NULL, work, &workers[i]))
            abort();
    }
    for (int i = 0; i < PARALLEL; i++) {
        (void)pthread_join(workers[i].thread, NULL);
        for (int k = 0; k < RUNS / PARALLEL; k++)
            times[n++] = workers[i].times[k];
    }
    started = now_ms() - started;
    (void)print_times("sandbox true, 8 at a time", times, n);
    (void)printf("%-34s %.0f runs/s\n", "", n / started * 1000);
}

int main(void)
{
    static const char *const argv[] = {"/usr/bin/true", NULL};
    struct err err = {0};

    if (!mkdtemp(top) || proc_start_supervisor(&err) ||
        sandbox_probe("auto", NULL, &sandbox, &err)) {
        (void)fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    (void)printf("%s\n", sandbox_describe(sandbox));
    if (sandbox_available(sandbox)) {
        compare_both("start of true", argv, RUNS);
        measure_parallel();
        measure_variants();
        measure_large_directory();
        compare_line("shell loop", "i=0; while [ $i -lt 1000000 ]; do i=$((i+1)); done");
        compare_line("2000 processes", "i=0; while [ $i -lt 2000 ]; do /usr/bin/true; "
                                       "i=$((i+1)); done");
        compare_line("5000 files", "i=0; while [ $i -lt 5000 ]; do echo x > f$i; i=$((i+1)); "
                                   "done; rm -f f*");
        if (access("/usr/bin/cc", X_OK) == 0)
            compare_line("compile 4 files",
                         "for i in 1 2 3 4; do printf '#include <stdio.h>\\n#include <stdlib.h>\\n"
                         "int f(int n) { return printf(\"%%d\", n * atoi(\"7\")); }\\n' > c$i.c; "
                         "/usr/bin/cc -O2 -c c$i.c; done; rm -f c*");
        compare_project(12, LONG_RUNS);
        compare_project(120, LONG_RUNS / 3);
    }
    sandbox_free(sandbox);
    proc_stop_supervisor();
    (void)fs_remove_tree(top, NULL);
    return 0;
}
