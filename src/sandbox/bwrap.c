#include "bwrap.h"

#include "orphans.h"
#include "proxy.h"
#include "spec.h"

#include "vdo/base/fs.h"
#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/sandbox/inlet.h"

#include <glob.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define N_OF(a) (sizeof(a) / sizeof((a)[0]))

static const char prlimit_path[] = "/usr/bin/prlimit";

void args_add(struct args *args, const char *text)
{
    if (args->n + 2 > args->room) {
        args->room = args->room ? args->room * 2 : 128;
        args->list = xreallocarray(args->list, args->room, sizeof(*args->list));
    }
    args->list[args->n++] = xstrdup(text);
    args->list[args->n] = NULL;
}

void args_release(struct args *args)
{
    for (size_t i = 0; i < args->n; i++)
        free(args->list[i]);
    free(args->list);
    *args = (struct args){0};
}

static void add_all(struct args *args, const char *const *texts)
{
    for (; *texts; texts++)
        args_add(args, *texts);
}

#define ADD(args, ...) add_all((args), (const char *const[]){__VA_ARGS__, NULL})

static void add_number(struct args *args, const char *option, int64_t value)
{
    AUTO_FREE char *text = xasprintf("%" PRId64, value);

    ADD(args, option, text);
}

/* /bin, /lib and the like are links into /usr on most hosts, directories on old ones. */
static void add_top(struct args *args, const char *path)
{
    char target[PATH_MAX];
    ssize_t len = readlink(path, target, sizeof(target) - 1);

    if (len > 0) {
        target[len] = '\0';
        ADD(args, "--symlink", target, path);
    } else if (fs_is_dir(path)) {
        ADD(args, "--ro-bind", path, path);
    }
}

/* What toolchains below /usr keep in /etc; nothing that may hold a secret. */
static void add_etc(struct args *args)
{
    static const char *const patterns[] = {
        "/etc/alternatives", "/etc/ld.so.cache", "/etc/localtime",     "/etc/mime.types",
        "/etc/protocols",    "/etc/services",    "/etc/ssl/certs",     "/etc/ssl/openssl.cnf",
        "/etc/java-*",       "/etc/maven",       "/etc/fonts",         "/etc/python3*",
        "/etc/perl",         "/etc/os-release",  "/etc/debian_version"};
    glob_t found = {0};

    for (size_t i = 0; i < N_OF(patterns); i++) {
        // NOLINTNEXTLINE(concurrency-mt-unsafe): absolute patterns, no user names
        (void)glob(patterns[i], i ? GLOB_APPEND : 0, NULL, &found);
    }
    for (size_t i = 0; i < found.gl_pathc; i++)
        ADD(args, "--ro-bind-try", found.gl_pathv[i], found.gl_pathv[i]);
    globfree(&found);
}

void bwrap_view_find(struct bwrap_view *view)
{
    static const char *const tops[] = {"/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"};
    struct args *args = &view->system;

    *view = (struct bwrap_view){.has_prlimit = access(prlimit_path, X_OK) == 0};
    ADD(args, "--ro-bind", "/usr", "/usr");
    for (size_t i = 0; i < N_OF(tops); i++)
        add_top(args, tops[i]);
    add_etc(args);
    ADD(args, "--proc", "/proc", "--ro-bind", "/proc/sys", "/proc/sys", "--dev", "/dev");
    ADD(args, "--dir", "/run", "--dir", "/var", "--symlink", "/tmp", "/var/tmp");
    ADD(&view->network, "--ro-bind-try", "/etc/resolv.conf", "/etc/resolv.conf");
    ADD(&view->network, "--ro-bind-try", "/etc/hosts", "/etc/hosts");
}

void bwrap_view_release(struct bwrap_view *view)
{
    args_release(&view->system);
    args_release(&view->network);
}

static void add_isolation(struct args *args, const struct bwrap_run *run)
{
    char mark[ORPHANS_MARK_SIZE];

    ADD(args, "bwrap", "--unshare-all");
    if (run->spec->network || run->has_netns)
        args_add(args, "--share-net");
    ADD(args, "--unshare-user", "--uid", "1000", "--gid", "1000", "--disable-userns",
        "--assert-userns-disabled", "--die-with-parent", "--new-session", "--hostname", "sandbox",
        "--cap-drop", "ALL");
    ADD(args, "--setenv", ORPHANS_NAME, orphans_mark(mark, sizeof(mark)), "--unsetenv",
        ORPHANS_NAME);
    add_number(args, "--seccomp", run->filter_fd);
    add_number(args, "--json-status-fd", run->status_fd);
}

static void add_file(struct args *args, int fd, const char *path)
{
    add_number(args, "--file", fd);
    args_add(args, path);
}

static void add_tmpfs(struct args *args, int64_t size, const char *mode, const char *path)
{
    ADD(args, "--perms", mode);
    add_number(args, "--size", size);
    ADD(args, "--tmpfs", path);
}

bool bwrap_has_git_file(const char *dir)
{
    AUTO_FREE char *git = fs_join(dir, ".git");
    struct stat st;

    return lstat(git, &st) == 0 && S_ISREG(st.st_mode);
}

/* The repository's own data is not for those who run inside its work tree. */
static void hide_git(struct args *args, const struct sandbox_spec *spec, int empty_fd)
{
    AUTO_FREE char *outside = fs_join(spec->dir, ".git");
    AUTO_FREE char *git = fs_join(spec_place(spec), ".git");
    struct stat st;

    if (empty_fd < 0 && (lstat(outside, &st) || !S_ISDIR(st.st_mode)))
        return;
    if (empty_fd < 0) {
        add_tmpfs(args, 4096, "0555", git);
        ADD(args, "--remount-ro", git);
    } else {
        add_number(args, "--ro-bind-data", empty_fd);
        args_add(args, git);
    }
}

static void add_mounts(struct args *args, const struct bwrap_view *view,
                       const struct bwrap_run *run)
{
    const char *place = spec_place(run->spec);

    add_all(args, (const char *const *)view->system.list);
    add_file(args, run->passwd_fd, "/etc/passwd");
    add_file(args, run->group_fd, "/etc/group");
    add_file(args, run->nsswitch_fd, "/etc/nsswitch.conf");
    if (run->spec->network)
        add_all(args, (const char *const *)view->network.list);
    else
        add_file(args, run->hosts_fd, "/etc/hosts");
    add_tmpfs(args, run->memory_bytes / 4, "1777", "/dev/shm");
    ADD(args, "--remount-ro", "/dev");
    add_tmpfs(args, run->memory_bytes / 2, "1777", "/tmp");
    if (run->tenant->home_from[0])
        ADD(args, "--bind", run->tenant->home_from, SPEC_HOME);
    else
        ADD(args, "--dir", SPEC_HOME);
    ADD(args, "--bind", run->tenant->work.mount.bind_from, place);
    hide_git(args, run->spec, run->empty_fd);
    for (size_t i = 0; i < run->spec->n_mounts; i++) {
        AUTO_FREE char *to = fs_join(place, run->spec->mounts[i].to);

        ADD(args, "--ro-bind", run->tenant->layers[i].bind_from, to);
    }
    ADD(args, "--remount-ro", "/", "--chdir", place);
}

static bool reaches_loopback(const char *const *rules)
{
    for (; *rules; rules++) {
        if (strncmp(*rules, "127.", 4) == 0 || strncmp(*rules, "[::1]", 5) == 0 ||
            strncmp(*rules, "localhost", 9) == 0)
            return true;
    }
    return false;
}

/* Where programs look for a proxy. What they start on their own loopback they reach without it,
 * unless the loopback of the host is what is allowed. */
static void add_proxy(struct args *args, const char *const *rules)
{
    static const char *const names[] = {"HTTP_PROXY",       "HTTPS_PROXY",           "ALL_PROXY",
                                        "http_proxy",       "https_proxy",           "all_proxy",
                                        "npm_config_proxy", "npm_config_https_proxy"};
    AUTO_FREE char *url = xasprintf("http://127.0.0.1:%d", PROXY_PORT);
    AUTO_FREE char *java =
        xasprintf("-Dhttp.proxyHost=127.0.0.1 -Dhttp.proxyPort=%d -Dhttps.proxyHost=127.0.0.1 "
                  "-Dhttps.proxyPort=%d",
                  PROXY_PORT, PROXY_PORT);

    for (size_t i = 0; i < N_OF(names); i++)
        ADD(args, "--setenv", names[i], url);
    if (!reaches_loopback(rules)) {
        ADD(args, "--setenv", "NO_PROXY", "localhost,127.0.0.1,::1");
        ADD(args, "--setenv", "no_proxy", "localhost,127.0.0.1,::1");
    }
    ADD(args, "--setenv", "NODE_USE_ENV_PROXY", "1");
    ADD(args, "--setenv", "MAVEN_OPTS", java, "--setenv", "GRADLE_OPTS", java);
}

static int add_environment(struct args *args, const struct sandbox_spec *spec, struct err *err)
{
    ADD(args, "--clearenv", "--setenv", "PATH",
        "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    ADD(args, "--setenv", "HOME", SPEC_HOME, "--setenv", "LANG", "C.UTF-8");
    ADD(args, "--setenv", "TERM", "dumb", "--setenv", "USER", "u");
    if (spec->allow_hosts)
        add_proxy(args, spec->allow_hosts);
    for (const char *const *env = spec->env; env && *env; env++) {
        const char *equals = strchr(*env, '=');

        if (!equals || equals == *env)
            return err_set(err, VDO_E_INVALID, "sandbox: \"%.80s\" is not NAME=value", *env);
        AUTO_FREE char *name = xmemdup0(*env, (size_t)(equals - *env));
        ADD(args, "--setenv", name, equals + 1);
    }
    return VDO_OK;
}

/* This program is not in the sandbox; its descriptor is. */
static void add_inlet(struct args *args, const struct bwrap_run *run)
{
    AUTO_FREE char *exe = xasprintf("/proc/self/fd/%d", run->exe_fd);
    AUTO_FREE char *channel = xasprintf("%d", run->channel_fd);

    ADD(args, exe, SANDBOX_INLET, channel, "--");
}

/*
 * The limit on processes is set inside: there it counts the sandbox's own processes only, outside
 * it would count all that the user runs. One more than asked, and the namespace's first, so that
 * the watcher can see it passed.
 */
static void add_command(struct args *args, const struct bwrap_view *view,
                        const struct bwrap_run *run)
{
    args_add(args, "--");
    if (run->channel_fd >= 0)
        add_inlet(args, run);
    if (view->has_prlimit) {
        AUTO_FREE char *nproc = xasprintf("--nproc=%" PRId64, run->pids + 2);

        ADD(args, prlimit_path, nproc, "--");
    }
    add_all(args, run->spec->argv);
}

int bwrap_args(const struct bwrap_view *view, const struct bwrap_run *run, struct args *out,
               struct err *err)
{
    struct args args = {0};
    int rc;

    add_isolation(&args, run);
    add_mounts(&args, view, run);
    rc = add_environment(&args, run->spec, err);
    if (rc) {
        args_release(&args);
        return rc;
    }
    add_command(&args, view, run);
    *out = args;
    return VDO_OK;
}
