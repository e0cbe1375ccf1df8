#include "cgroup.h"

#include "vdo/base/clock.h"
#include "vdo/base/fs.h"
#include "vdo/base/limits.h"
#include "vdo/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { REMOVE_WITHIN_MS = 5000, CPU_PERIOD_US = 100000 };

/* Kernel files say 0 bytes and end where they end. NULL when it cannot be read. */
static char *read_text(const char *dir, const char *name, char *buf, size_t size)
{
    AUTO_FREE char *path = fs_join(dir, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t len = 0;
    ssize_t n;

    if (fd < 0)
        return NULL;
    while (len < size - 1 && (n = read(fd, buf + len, size - 1 - len)) > 0)
        len += (size_t)n;
    (void)close(fd);
    buf[len] = '\0';
    return buf;
}

static int write_text(const char *dir, const char *name, const char *text)
{
    AUTO_FREE char *path = fs_join(dir, name);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    size_t len = strlen(text);
    int rc;

    if (fd < 0)
        return -1;
    rc = write(fd, text, len) == (ssize_t)len ? 0 : -1;
    (void)close(fd);
    return rc;
}

static int write_number(const char *dir, const char *name, int64_t value)
{
    char text[32];

    (void)snprintf(text, sizeof(text), "%" PRId64, value);
    return write_text(dir, name, text);
}

/* The number behind "key " in a text of lines, or -1. */
static int64_t find_number(const char *text, const char *key)
{
    size_t len = strlen(key);

    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, key, len) == 0 && line[len] == ' ')
            return strtoll(line + len, NULL, 10);
        if (!*line)
            break;
    }
    return -1;
}

void cgroup_remove(struct cgroup *group)
{
    int64_t deadline = clock_mono_ms(clock_real()) + REMOVE_WITHIN_MS;

    for (size_t i = 0; i < group->n_procs; i++)
        (void)close(group->procs_fd[i]);
    if (group->dir_fd > 0)
        (void)close(group->dir_fd);
    for (int k = 0; k < CGROUP_KINDS; k++) {
        if (!group->dir[k])
            continue;
        while (rmdir(group->dir[k]) && errno == EBUSY && clock_mono_ms(clock_real()) < deadline) {
            char pids[4096];
            char *at = read_text(group->dir[k], "cgroup.procs", pids, sizeof(pids));

            for (long pid; at && (pid = strtol(at, &at, 10)) > 0;)
                (void)kill((pid_t)pid, SIGKILL);
            (void)usleep(1000);
        }
        free(group->dir[k]);
    }
    memset(group, 0, sizeof(*group));
}

static char *make_group(const char *parent)
{
    static atomic_uint counter;
    char *dir = xasprintf("%s/vdo-%d-%u", parent, (int)getpid(), atomic_fetch_add(&counter, 1));

    if (mkdir(dir, 0755) == 0)
        return dir;
    free(dir);
    return NULL;
}

/* The group made already, when an earlier kind lives in the same hierarchy. */
static char *same_hierarchy(const struct cgroup_host *host, const struct cgroup *group, int kind)
{
    for (int k = 0; k < kind; k++) {
        if (host->dir[k] && strcmp(host->dir[k], host->dir[kind]) == 0)
            return xstrdup(group->dir[k]);
    }
    return NULL;
}

static int limit_v1(const struct cgroup *group, const struct cgroup_limits *limits)
{
    const char *memory = group->dir[CGROUP_MEMORY];
    const char *cpu = group->dir[CGROUP_CPU];

    if (write_number(memory, "memory.limit_in_bytes", limits->memory_bytes) ||
        write_number(group->dir[CGROUP_PIDS], "pids.max", limits->pids))
        return -1;
    /* Only where the kernel counts swap; without it memory is all there is. */
    (void)write_number(memory, "memory.memsw.limit_in_bytes", limits->memory_bytes);
    if (limits->cpus > 0 && cpu &&
        (write_number(cpu, "cpu.cfs_period_us", CPU_PERIOD_US) ||
         write_number(cpu, "cpu.cfs_quota_us", limits->cpus * CPU_PERIOD_US)))
        return -1;
    return 0;
}

static int limit_v2(const struct cgroup *group, const struct cgroup_limits *limits)
{
    const char *dir = group->dir[CGROUP_MEMORY];
    char text[64];

    if (write_number(dir, "memory.max", limits->memory_bytes) ||
        write_number(dir, "pids.max", limits->pids))
        return -1;
    (void)write_text(dir, "memory.swap.max", "0");
    (void)write_text(dir, "memory.oom.group", "1");
    (void)snprintf(text, sizeof(text), "%" PRId64 " %d", limits->cpus * CPU_PERIOD_US,
                   CPU_PERIOD_US);
    if (limits->cpus > 0)
        (void)write_text(dir, "cpu.max", text);
    return 0;
}

int cgroup_set_limits(const struct cgroup *group, const struct cgroup_limits *limits)
{
    switch (group->level) {
    case CGROUP_V1:
        return limit_v1(group, limits);
    case CGROUP_V2:
        return limit_v2(group, limits);
    case CGROUP_NONE:
        break;
    }
    return 0;
}

/*
 * "cgroup.procs" moves all threads of a process, for which the kernel stops every fork on the host
 * and waits some milliseconds. A child just forked has one thread: in version 1 "tasks" moves that
 * without waiting (since kernel 5.13), in version 2 it can be started in the group.
 */
static int open_procs(struct cgroup *group)
{
    const char *name = group->level == CGROUP_V1 ? "tasks" : "cgroup.procs";

    for (int k = 0; k < CGROUP_KINDS; k++) {
        int fd;

        if (!group->dir[k])
            continue;
        AUTO_FREE char *path = fs_join(group->dir[k], name);
        fd = open(path, O_WRONLY | O_CLOEXEC);
        if (fd < 0)
            return -1;
        group->procs_fd[group->n_procs++] = fd;
    }
    if (group->level == CGROUP_V2)
        group->dir_fd = open(group->dir[CGROUP_MEMORY], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return group->dir_fd < 0 ? -1 : 0;
}

int cgroup_create(const struct cgroup_host *host, const struct cgroup_limits *limits,
                  struct cgroup *out, struct err *err)
{
    struct cgroup group = {.level = host->level};
    int rc = 0;

    for (int k = 0; k < CGROUP_KINDS && !rc; k++) {
        if (!host->dir[k])
            continue;
        group.dir[k] = same_hierarchy(host, &group, k);
        if (!group.dir[k])
            group.dir[k] = make_group(host->dir[k]);
        rc = group.dir[k] ? 0 : -1;
    }
    if (!rc)
        rc = cgroup_set_limits(&group, limits);
    if (!rc)
        rc = open_procs(&group);
    if (rc) {
        int error = errno;

        cgroup_remove(&group);
        return err_set(err, VDO_E_IO, "sandbox: make a control group: %s", strerrordesc_np(error));
    }
    *out = group;
    return VDO_OK;
}

void cgroup_read_events(const struct cgroup *group, struct cgroup_events *out)
{
    bool v2 = group->level == CGROUP_V2;
    char buf[1024];
    const char *text;

    *out = (struct cgroup_events){0};
    if (group->level == CGROUP_NONE)
        return;
    text = read_text(group->dir[CGROUP_MEMORY], v2 ? "memory.events" : "memory.oom_control", buf,
                     sizeof(buf));
    out->out_of_memory = text && find_number(text, "oom_kill") > 0;
    text = read_text(group->dir[v2 ? CGROUP_MEMORY : CGROUP_PIDS], "pids.events", buf, sizeof(buf));
    out->out_of_pids = text && find_number(text, "max") > 0;
}

int64_t cgroup_cpu_ms(const struct cgroup *group)
{
    char buf[1024];
    const char *text;
    int64_t used;

    if (group->level == CGROUP_V2) {
        text = read_text(group->dir[CGROUP_MEMORY], "cpu.stat", buf, sizeof(buf));
        used = text ? find_number(text, "usage_usec") : -1;
        return used < 0 ? -1 : used / 1000;
    }
    if (!group->dir[CGROUP_CPUACCT])
        return -1;
    text = read_text(group->dir[CGROUP_CPUACCT], "cpuacct.usage", buf, sizeof(buf));
    return text ? strtoll(text, NULL, 10) / 1000000 : -1;
}
