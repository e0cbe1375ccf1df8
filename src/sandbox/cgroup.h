/*
 * cgroup: limits for all processes of a run together, where the host lets us set them.
 *
 * Version 2 needs a delegated group with the memory and pids controllers (systemd: Delegate=yes, or
 * the root of a cgroup namespace); version 1 needs writable memory and pids hierarchies. Anything
 * else is CGROUP_NONE, and the watcher measures instead. Source: the kernel's
 * admin-guide/cgroup-v2.rst and cgroup-v1/. Threads: a host is read by any; a group belongs to one
 * run.
 */
#ifndef VDO_SANDBOX_CGROUP_H
#define VDO_SANDBOX_CGROUP_H

#include "vdo/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cgroup_level { CGROUP_NONE, CGROUP_V1, CGROUP_V2 };
enum { CGROUP_MEMORY, CGROUP_PIDS, CGROUP_CPU, CGROUP_CPUACCT, CGROUP_KINDS };

/* Our own group in each hierarchy; runs get a group below it. Version 2 uses [CGROUP_MEMORY]. */
struct cgroup_host {
    enum cgroup_level level;
    char *dir[CGROUP_KINDS]; /* NULL where there is none; equal where a hierarchy has several */
};

/* Where the groups are, from the texts of /proc/self/mountinfo and /proc/self/cgroup; not yet
 * whether they can be used. */
void cgroup_locate(const char *mountinfo, const char *self, struct cgroup_host *v1,
                   struct cgroup_host *v2);
/* Find and prepare what can be used, and remove groups that dead VDO processes left. */
void cgroup_host_find(struct cgroup_host *host);
void cgroup_host_release(struct cgroup_host *host);
const char *cgroup_level_name(enum cgroup_level level);

struct cgroup_limits {
    int64_t memory_bytes;
    int64_t pids;
    int64_t cpus; /* 0: no limit */
};

struct cgroup {
    enum cgroup_level level;
    char *dir[CGROUP_KINDS];
    int dir_fd;                 /* version 2, for proc_spec.cgroup_dir; else 0 */
    int procs_fd[CGROUP_KINDS]; /* for proc_spec.cgroup_fds */
    size_t n_procs;
};

/* 0 or VDO_E_IO. On 0 end with cgroup_remove(). */
int cgroup_create(const struct cgroup_host *host, const struct cgroup_limits *limits,
                  struct cgroup *out, struct err *err);

/* Write the limits into a group that exists. 0 or -1 with errno. */
int cgroup_set_limits(const struct cgroup *group, const struct cgroup_limits *limits);

struct cgroup_events {
    bool out_of_memory; /* the kernel killed a process of the group */
    bool out_of_pids;   /* a fork was refused */
};
void cgroup_read_events(const struct cgroup *group, struct cgroup_events *out);
/* Time used so far, or -1 when unknown. */
int64_t cgroup_cpu_ms(const struct cgroup *group);

/* Kill what is left and remove the group. A zeroed struct is fine. */
void cgroup_remove(struct cgroup *group);

#endif
