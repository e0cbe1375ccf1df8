/*
 * nsproc: looking into a running sandbox from outside, through its own /proc.
 *
 * bwrap tells the id of the namespace's first process; below that process' root its procfs lists
 * exactly the processes of the sandbox. Threads: belongs to one run.
 */
#ifndef VDO_SANDBOX_NSPROC_H
#define VDO_SANDBOX_NSPROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct nsproc {
    int status_fd; /* what bwrap --json-status-fd writes; owned, non-blocking */
    char status[1024];
    size_t status_len;
    int pidfd;   /* the first process of the namespace, or -1 */
    int root_fd; /* its root, once it is the sandbox's; or -1 */
    int proc_fd; /* its /proc, or -1 */
};

void nsproc_init(struct nsproc *ns, int status_fd);
/* Learn what can be learnt by now. Cheap when there is nothing new. */
void nsproc_learn(struct nsproc *ns);
/* Was the command started, and has it ended by itself? */
bool nsproc_has_exit(const struct nsproc *ns);
/* After bwrap itself is gone: end what is left and wait until all of it is gone. */
void nsproc_end(struct nsproc *ns);
void nsproc_release(struct nsproc *ns);

struct nsproc_use {
    int64_t bytes;  /* memory of all processes, and of the tmpfs mounts */
    int64_t cpu_ms; /* user and system time, of those that ended too */
    int64_t tasks;  /* threads of all processes, without the namespace's first one */
};
/*
 * Measure. exact: memory shared between processes is counted once, at a price. 0, or -1 when the
 * sandbox cannot be seen (yet, or any more).
 */
int nsproc_measure(const struct nsproc *ns, bool exact, struct nsproc_use *out);

/* The device of what is mounted at this path in the sandbox; 0 when it cannot be seen. */
dev_t nsproc_dev(const struct nsproc *ns, const char *path);

/* Bytes of files on this device that are open in the sandbox and have no name any more. */
int64_t nsproc_unlinked_bytes(const struct nsproc *ns, dev_t dev);

#endif
