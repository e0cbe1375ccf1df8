/*
 * bwrap: the command line of bubblewrap.
 *
 * What every run has in common is made once by bwrap_view_find(); a run adds its directory, limits
 * and command. Source: bwrap(1). Threads: a view is read by any.
 */
#ifndef VDO_SANDBOX_BWRAP_H
#define VDO_SANDBOX_BWRAP_H

#include "tenant.h"

#include "vdo/sandbox/sandbox.h"

struct args {
    char **list; /* NULL-ended, owned */
    size_t n;
    size_t room;
};

void args_add(struct args *args, const char *text);
void args_release(struct args *args);

struct bwrap_view {
    struct args system;  /* what the command sees of the host */
    struct args network; /* and more when it has the network */
    bool has_prlimit;
};

void bwrap_view_find(struct bwrap_view *view);
void bwrap_view_release(struct bwrap_view *view);

struct bwrap_run {
    const struct sandbox_spec *spec;
    const struct tenant *tenant; /* knows where what is bound is found */
    int64_t memory_bytes;
    int64_t pids;
    /* A descriptor that no option names would stay open in the sandbox: -1 when not needed. */
    int filter_fd;
    int passwd_fd;
    int group_fd;
    int hosts_fd; /* without the network */
    int nsswitch_fd;
    int empty_fd; /* when dir/.git is a file */
    int status_fd;
    int exe_fd;     /* with allow_hosts: this program, ... */
    int channel_fd; /* ... and where its inlet hands the socket out */
    bool has_netns; /* bwrap is started in the network namespace that is to be the sandbox's */
};

/* Is dir/.git a file, as in a git worktree? */
bool bwrap_has_git_file(const char *dir);

/* 0, or VDO_E_INVALID for an entry of env without a name. */
int bwrap_args(const struct bwrap_view *view, const struct bwrap_run *run, struct args *out,
               struct err *err);

#endif
