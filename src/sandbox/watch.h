/*
 * watch: looks at a running sandbox every few milliseconds and ends it past a limit.
 *
 * With control groups the kernel holds memory and processes, and the watcher only notices that a
 * limit was met; without them it measures both. Growth of the work directory, and of a HOME on
 * disk, is measured always, from the first look on: a run that ends before it costs no walk through
 * its tree. Looking takes at most about a thirtieth of one processor: the larger the tree, the
 * rarer, but at once when the file system lost so much room that the run may be past its limit.
 * Threads: belongs to one run.
 */
#ifndef VDO_SANDBOX_WATCH_H
#define VDO_SANDBOX_WATCH_H

#include "cgroup.h"
#include "nsproc.h"
#include "tree.h"

#include "vdo/sandbox/sandbox.h"

enum { WATCH_MS = 20 };

struct watch {
    const char *dir;
    const char *home; /* that counts with it, or NULL */
    const struct cgroup *group;
    struct cgroup_limits limits;
    int64_t disk_bytes;
    struct nsproc ns;

    dev_t dev;
    dev_t home_dev;
    struct timespec started;
    bool measured; /* `before` is known */
    struct tree_size before;
    int64_t free_before; /* of the file system */
    int64_t next_disk_ms;
    int64_t early_disk_ms; /* no look before, even when the file system fills up */
    int64_t grown;         /* at the last look */
    int64_t lost;
    int64_t next_use_ms;
    int64_t cpu_ms; /* without control groups: at the last look */

    enum sandbox_end end; /* SANDBOX_EXITED as long as no limit was met */
    char limit[96];
};

/* When the run is about to begin. Takes status_fd. 0, or -1 with errno when one cannot be read. */
int watch_init(struct watch *watch, int status_fd);
/* A proc_watch_fn; arg is the watch. */
bool watch_look(void *arg, pid_t pid);
/* The last look, after the sandbox is gone. */
void watch_finish(struct watch *watch);
void watch_release(struct watch *watch);

#endif
