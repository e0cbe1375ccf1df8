#include "host.h"
#include "mounts.h"
#include "output.h"
#include "proxy.h"
#include "spec.h"
#include "tap.h"
#include "watch.h"

#include "vdo/base/limits.h"
#include "vdo/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

enum { KILLED = 128 + 9, KILLED_BY_FILE_SIZE = 128 + 25 };

static const char passwd[] = "root:x:0:0:root:/:/usr/sbin/nologin\n"
                             "u:x:1000:1000:u:" SPEC_HOME ":/bin/sh\n"
                             "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n";
static const char group_file[] = "root:x:0:\nu:x:1000:\nnogroup:x:65534:\n";
static const char hosts[] = "127.0.0.1 localhost sandbox\n::1 localhost ip6-localhost\n";
static const char nsswitch[] = "passwd: files\ngroup: files\nhosts: files dns\n"
                               "services: files\nprotocols: files\n";

enum {
    FD_FILTER,
    FD_PASSWD,
    FD_GROUP,
    FD_HOSTS,
    FD_NSSWITCH,
    FD_EMPTY,
    FD_STATUS,
    FD_EXE,
    FD_CHANNEL,
    N_FDS
};

/* One run: everything that must be released, in the order it is made. */
struct run {
    const struct sandbox *sandbox;
    const struct sandbox_spec *spec;
    struct cgroup_limits limits;
    int64_t disk_bytes;
    int fds[N_FDS]; /* what bwrap reads and writes; -1 or owned */
    int passed[N_FDS];
    size_t n_passed;
    struct tenant tenant;
    struct cgroup group;
    struct watch watch;
    struct output output;
    struct proxy *proxy; /* with allow_hosts */
    struct tap *tap;     /* without the host's network, where it can be had */
    int tap_channel;     /* for prepare, in the forked child; -1 or owned */
    struct args args;
    struct proc_rlimit rlimits[3];
};

static int make_data(const void *bytes, size_t len)
{
    int fd = memfd_create("vdo-sandbox", MFD_CLOEXEC);

    if (fd >= 0 && (write(fd, bytes, len) != (ssize_t)len || lseek(fd, 0, SEEK_SET) != 0)) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

/* Who sees what is tried; with allow_hosts: the proxy, its channel, and this program as the one to
 * start inside. */
static int open_way_out(struct run *r, struct err *err)
{
    int rc = VDO_OK;

    if (r->sandbox->tapped && !r->spec->network)
        rc = tap_start(r->spec->allow_hosts != NULL, r->sandbox->tap_packets, &r->tap,
                       &r->tap_channel, err);
    r->tenant.tap_channel = r->tap_channel;
    if (rc || !r->spec->allow_hosts)
        return rc;
    r->fds[FD_EXE] = open(proc_self_exe(), O_RDONLY | O_CLOEXEC);
    if (r->fds[FD_EXE] < 0)
        return err_set(err, VDO_E_IO, "sandbox: open %.300s: %s", proc_self_exe(),
                       strerrordesc_np(errno));
    rc = proxy_start(r->spec->allow_hosts, r->sandbox->proxy_head_ms, &r->proxy,
                     &r->fds[FD_CHANNEL], err);
    if (!rc) {
        r->passed[r->n_passed++] = r->fds[FD_EXE];
        r->passed[r->n_passed++] = r->fds[FD_CHANNEL];
    }
    return rc;
}

/* Takes over both ends of the status pipe: one for bwrap, one for the watcher. */
static int open_fds(struct run *r, int *out_status, struct err *err)
{
    int status[2];
    bool ok;

    r->fds[FD_FILTER] = make_data(r->sandbox->filter, r->sandbox->filter_len);
    r->fds[FD_PASSWD] = make_data(passwd, sizeof(passwd) - 1);
    r->fds[FD_GROUP] = make_data(group_file, sizeof(group_file) - 1);
    if (!r->spec->network)
        r->fds[FD_HOSTS] = make_data(hosts, sizeof(hosts) - 1);
    r->fds[FD_NSSWITCH] = make_data(nsswitch, sizeof(nsswitch) - 1);
    if (bwrap_has_git_file(r->spec->dir))
        r->fds[FD_EMPTY] = make_data("", 0);
    ok = pipe2(status, O_CLOEXEC) == 0;
    if (ok) {
        r->fds[FD_STATUS] = status[1];
        *out_status = status[0];
    }
    for (int i = 0; i <= FD_STATUS; i++) {
        ok = ok && (r->fds[i] >= 0 || (i == FD_HOSTS && r->spec->network) || i == FD_EMPTY);
        if (r->fds[i] >= 0)
            r->passed[r->n_passed++] = r->fds[i];
    }
    if (ok)
        return open_way_out(r, err);
    return err_set(err, VDO_E_IO, "sandbox: open descriptors: %s", strerrordesc_np(errno));
}

static void close_fds(struct run *r)
{
    for (int i = 0; i < N_FDS; i++) {
        if (r->fds[i] >= 0)
            (void)close(r->fds[i]);
        r->fds[i] = -1;
    }
    if (r->tap_channel >= 0)
        (void)close(r->tap_channel);
    r->tap_channel = -1;
}

static void set_rlimit(struct proc_rlimit *limit, int resource, uint64_t value)
{
    struct rlimit now;

    if (getrlimit((__rlimit_resource_t)resource, &now) == 0 && now.rlim_max < value)
        value = now.rlim_max; /* raising needs a capability we may not have */
    *limit = (struct proc_rlimit){.resource = resource, .value = value};
}

static void set_limits(struct run *r)
{
    const struct sandbox_spec *spec = r->spec;

    r->limits.memory_bytes = spec->memory_bytes ? spec->memory_bytes : SPEC_BYTES;
    r->limits.pids = spec->pids ? spec->pids : SPEC_PIDS;
    r->limits.cpus = spec->cpus;
    r->disk_bytes = spec->disk_bytes ? spec->disk_bytes : SPEC_BYTES;
    set_rlimit(&r->rlimits[0], RLIMIT_CORE, 0);
    set_rlimit(&r->rlimits[1], RLIMIT_NOFILE, SPEC_FILES);
    set_rlimit(&r->rlimits[2], RLIMIT_FSIZE,
               (uint64_t)(r->disk_bytes > SPEC_LEAST_FILE ? r->disk_bytes : SPEC_LEAST_FILE));
}

static int make_group(struct run *r, struct err *err)
{
    struct cgroup_limits limits = r->limits;

    limits.pids += 2; /* bwrap and the first process of the namespace */
    return cgroup_create(&r->sandbox->cgroups, &limits, &r->group, err);
}

static int make_args(struct run *r, struct err *err)
{
    struct bwrap_run b = {.spec = r->spec,
                          .tenant = &r->tenant,
                          .memory_bytes = r->limits.memory_bytes,
                          .pids = r->limits.pids,
                          .filter_fd = r->fds[FD_FILTER],
                          .passwd_fd = r->fds[FD_PASSWD],
                          .group_fd = r->fds[FD_GROUP],
                          .hosts_fd = r->fds[FD_HOSTS],
                          .nsswitch_fd = r->fds[FD_NSSWITCH],
                          .empty_fd = r->fds[FD_EMPTY],
                          .status_fd = r->fds[FD_STATUS],
                          .exe_fd = r->fds[FD_EXE],
                          .channel_fd = r->fds[FD_CHANNEL],
                          .has_netns = r->tap != NULL};

    return bwrap_args(&r->sandbox->view, &b, &r->args, err);
}

static int start_watch(struct run *r, int status_fd, struct err *err)
{
    r->watch.dir = r->spec->dir;
    r->watch.home = r->spec->home;
    r->watch.group = &r->group;
    r->watch.limits = r->limits;
    r->watch.disk_bytes = r->disk_bytes;
    if (watch_init(&r->watch, status_fd))
        return err_set(err, VDO_E_INVALID, "sandbox: read %s: %s", r->spec->dir,
                       strerrordesc_np(errno));
    return VDO_OK;
}

static void collect(void *arg, int stream, const char *bytes, size_t len)
{
    struct run *r = arg;

    output_add(&r->output, bytes, len);
    if (r->spec->on_output)
        r->spec->on_output(r->spec->on_output_arg, stream, bytes, len);
}

static void set_end(const struct run *r, const struct proc_result *p, struct sandbox_result *out)
{
    char size[SPEC_SIZE_TEXT];

    out->end = r->watch.end;
    (void)snprintf(out->limit, sizeof(out->limit), "%s", r->watch.limit);
    if (out->end != SANDBOX_EXITED)
        return;
    if (p->timed_out) {
        out->end = SANDBOX_TIMEOUT;
        (void)snprintf(out->limit, sizeof(out->limit), "time: not done after %g s",
                       (double)r->spec->timeout_ms / 1000);
    } else if (p->cancelled) {
        out->end = SANDBOX_CANCELLED;
        (void)snprintf(out->limit, sizeof(out->limit), "cancelled");
    } else if (p->exit_code == KILLED_BY_FILE_SIZE) {
        out->end = SANDBOX_DISK;
        (void)snprintf(out->limit, sizeof(out->limit), "disk: a file grew over %s",
                       spec_size_text(r->disk_bytes, size));
    }
}

/* What was tried, as far as there was somebody to see it; or NULL. New reference. */
static json_t *list_attempts(const struct run *r)
{
    struct attempts all = {0};
    json_t *list;

    if (!r->proxy && !r->tap)
        return NULL;
    if (r->proxy)
        attempts_add_all(&all, proxy_attempts(r->proxy));
    if (r->tap)
        attempts_add_all(&all, tap_attempts(r->tap));
    list = attempts_json(&all);
    attempts_release(&all);
    return list;
}

static void fill_result(struct run *r, const struct proc_result *p, struct sandbox_result *out)
{
    int64_t cpu_ms = cgroup_cpu_ms(&r->group);

    *out = (struct sandbox_result){.wall_ms = p->wall_ms};
    set_end(r, p, out);
    out->exit_code = out->end == SANDBOX_EXITED ? p->exit_code : KILLED;
    if (cpu_ms < 0)
        cpu_ms = r->watch.cpu_ms; /* as of the last look */
    out->cpu_ms = cpu_ms > p->cpu_ms ? cpu_ms : p->cpu_ms;
    out->output = output_text(&r->output);
    out->network = list_attempts(r);
}

/* bwrap says nothing about an exit when it could not start the command: then what it wrote is the
 * reason. */
static int check_started(struct run *r, const struct proc_result *p, struct err *err)
{
    bool killed = p->timed_out || p->cancelled || p->watch_killed || p->signal ||
                  r->watch.end != SANDBOX_EXITED;

    if (killed || (nsproc_has_exit(&r->watch.ns) && (!r->proxy || proxy_was_reached(r->proxy))))
        return VDO_OK;
    AUTO_FREE char *text = output_text(&r->output);
    text[strcspn(text, "\n")] = '\0';
    return err_set(err, VDO_E_IO, "start the sandbox: %s",
                   *text ? text : "bwrap ended without a word");
}

static int execute(struct run *r, struct sandbox_result *result, struct err *err)
{
    const struct sandbox_spec *spec = r->spec;
    struct proc_spec p = {.argv = (const char *const *)r->args.list,
                          .cwd = "/",
                          .pass_fds = r->passed,
                          .n_pass_fds = r->n_passed,
                          .rlimits = r->rlimits,
                          .n_rlimits = sizeof(r->rlimits) / sizeof(r->rlimits[0]),
                          .run_uid = r->tenant.uid,
                          .run_gid = r->tenant.gid,
                          .cgroup_dir = r->group.dir_fd,
                          .cgroup_fds = r->group.procs_fd,
                          .n_cgroup_fds = r->group.n_procs,
                          .prepare = tenant_prepare,
                          .prepare_arg = &r->tenant,
                          .timeout_ms = spec->timeout_ms,
                          .cancel = spec->cancel,
                          .merge_output = !spec->on_output,
                          .on_output = collect,
                          .on_output_arg = r,
                          .watch = watch_look,
                          .watch_arg = &r->watch,
                          .watch_ms = WATCH_MS};
    struct proc_result ended;
    int rc = proc_run(&p, &ended, err);

    close_fds(r);
    if (rc)
        return rc;
    nsproc_end(&r->watch.ns);
    watch_finish(&r->watch);
    if (r->proxy)
        proxy_stop(r->proxy);
    if (r->tap)
        tap_stop(r->tap);
    rc = check_started(r, &ended, err);
    if (!rc)
        fill_result(r, &ended, result);
    proc_result_release(&ended);
    return rc;
}

int host_run(const struct sandbox *sandbox, const struct sandbox_spec *spec,
             struct sandbox_result *result, struct err *err)
{
    struct run r = {.sandbox = sandbox,
                    .spec = spec,
                    .fds = {-1, -1, -1, -1, -1, -1, -1, -1, -1},
                    .tap_channel = -1};
    int status_fd = -1;
    int rc = spec_check(spec, err);

    if (rc)
        return rc;
    set_limits(&r);
    output_init(&r.output, VDO_MAX_COMMAND_OUTPUT / 2);
    rc = tenant_init(&r.tenant, spec->dir, !sandbox->no_idmap, err);
    if (rc)
        goto out_output;
    rc = mounts_make_places(spec, err);
    if (!rc)
        rc = tenant_add_home(&r.tenant, spec, err);
    if (!rc)
        rc = tenant_add_layers(&r.tenant, spec->mounts, spec->n_mounts, err);
    if (!rc)
        rc = make_group(&r, err);
    if (rc)
        goto out_tenant;
    rc = open_fds(&r, &status_fd, err);
    if (!rc)
        rc = start_watch(&r, status_fd, err);
    else if (status_fd >= 0)
        (void)close(status_fd);
    if (!rc)
        rc = make_args(&r, err);
    if (!rc)
        rc = execute(&r, result, err);
    close_fds(&r);
    if (status_fd >= 0 && r.watch.dir)
        watch_release(&r.watch);
    proxy_free(r.proxy);
    tap_free(r.tap);
    args_release(&r.args);
    cgroup_remove(&r.group);
out_tenant:
    tenant_release(&r.tenant);
out_output:
    output_release(&r.output);
    return rc;
}
