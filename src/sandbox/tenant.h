/*
 * tenant: who the sandboxed processes are on the host, and how they reach the work directory.
 *
 * An ordinary user's sandbox runs as that user. Root's sandbox runs as a user id that belongs to
 * nobody, another one in each run, because the host's root must not be what the namespace's user
 * maps to (it could write below /proc/sys). The directory is then handed over through an id-mapped
 * mount in a private mount namespace: on disk everything stays its owner's. Where the file system
 * or the kernel (before 5.12) has no such mounts, files of the directory's owner are given to the
 * tenant for the run and back afterwards. Source: mount_setattr(2), user_namespaces(7). Threads: a
 * tenant belongs to one run.
 */
#ifndef VDO_SANDBOX_TENANT_H
#define VDO_SANDBOX_TENANT_H

#include "vdo/base/err.h"
#include "vdo/sandbox/sandbox.h"

#include <stdbool.h>
#include <sys/types.h>

/* User ids no distribution hands out: see "unused" in systemd's UIDS-GIDS documentation. */
#define TENANT_FIRST_UID 0x70000000U
#define TENANT_N_UIDS    0x00100000U

struct tenant {
    uid_t uid; /* 0: stay who we are */
    gid_t gid;
    const char *bind_from; /* what bwrap binds: the directory, or where prepare mounts it. Borrowed
                              from the call or static */
    const char *dir;
    char place[16];
    int mount_fd; /* a detached mount of the directory, or -1 */
    /* what bwrap binds read-only, one for each mount of the spec; and what is mounted there */
    const char *layer_from[SANDBOX_MAX_MOUNTS];
    char layer_place[SANDBOX_MAX_MOUNTS][16];
    int layer_fd[SANDBOX_MAX_MOUNTS];
    size_t n_layers;
    bool given; /* files were given to the tenant and must be taken back */
    uid_t owner_uid;
    gid_t owner_gid;
};

/* allow_idmap false: as on a file system without id-mapped mounts. dir is borrowed. */
int tenant_init(struct tenant *tenant, const char *dir, bool allow_idmap, struct err *err);
/* The read-only mounts of the spec: of directories that the tenant could not reach by their path.
 */
int tenant_add_layers(struct tenant *tenant, const struct sandbox_mount *mounts, size_t n,
                      struct err *err);
/* A proc_prepare_fn: in the forked child. arg is the tenant. */
int tenant_prepare(void *arg);
/* After the last process is gone. A zeroed struct is fine. */
void tenant_release(struct tenant *tenant);

#endif
