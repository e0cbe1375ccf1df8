/*
 * tenant: who the sandboxed processes are on the host, and how they reach the work directory and
 * their HOME.
 *
 * An ordinary user's sandbox runs as that user. Root's sandbox runs as a user id that belongs to
 * nobody, another one in each run, because the host's root must not be what the namespace's user
 * maps to (it could write below /proc/sys). The directories are then handed over through id-mapped
 * mounts in a private mount namespace: on disk everything stays its owner's. Where the file system
 * or the kernel (before 5.12) has no such mounts, files of the directory's owner are given to the
 * tenant for the run and back afterwards.
 *
 * A HOME upon one that was kept (overlay.h) is mounted in the same namespace; an ordinary user has
 * it in a user namespace of his own (userns.h). Source: mount_setattr(2), user_namespaces(7).
 * Threads: a tenant belongs to one run.
 */
#ifndef VDO_SANDBOX_TENANT_H
#define VDO_SANDBOX_TENANT_H

#include "vdo/base/err.h"
#include "vdo/base/limits.h"
#include "vdo/sandbox/sandbox.h"

#include <stdbool.h>
#include <sys/types.h>

/* User ids no distribution hands out: see "unused" in systemd's UIDS-GIDS documentation. */
#define TENANT_FIRST_UID 0x70000000U
#define TENANT_N_UIDS    0x00100000U

/* A directory of the host that the run gets. */
struct tenant_mount {
    const char *from;      /* NULL: there is none. Borrowed from the call */
    const char *bind_from; /* what bwrap binds: from, or place */
    char place[16];        /* where prepare mounts it, below a small file system of its own */
    int fd;                /* a detached mount of it, or -1: prepare makes it */
};

/* ... and may write. */
struct tenant_dir {
    struct tenant_mount mount;
    bool given; /* files were given to the tenant and must be taken back */
    uid_t owner_uid;
    gid_t owner_gid;
};

struct tenant {
    uid_t uid; /* 0: stay who we are */
    gid_t gid;
    bool allow_idmap;
    struct {
        uid_t uid;
        gid_t gid;
        int fd;      /* -1: none was needed yet */
    } mapping;       /* of this owner's files to the tenant's */
    bool own_mounts; /* prepare makes a mount namespace, and everything is bound from its place */
    struct tenant_dir work;
    struct tenant_dir home;                         /* of the spec */
    struct tenant_mount below;                      /* what HOME begins with */
    char home_from[VDO_MAX_PATH_BYTES];             /* what bwrap binds as HOME; "": nothing */
    char overlay[128];                              /* options of the mount at home_from */
    struct tenant_mount layers[SANDBOX_MAX_MOUNTS]; /* the read-only mounts of the spec */
    size_t n_layers;
    int tap_channel; /* where prepare hands out the sockets of the network namespace that it makes;
                        borrowed; -1: it makes none */
};

/* allow_idmap false: as on a file system without id-mapped mounts. dir is borrowed. */
int tenant_init(struct tenant *tenant, const char *dir, bool allow_idmap, struct err *err);
/* home and home_below of the spec, when there are any. VDO_E_REFUSED: HOME cannot begin with
 * something here. */
int tenant_add_home(struct tenant *tenant, const struct sandbox_spec *spec, struct err *err);
/* The read-only mounts of the spec: of directories that the tenant could not reach by their path.
 */
int tenant_add_layers(struct tenant *tenant, const struct sandbox_mount *mounts, size_t n,
                      struct err *err);
/* Enter a network namespace in which attempts are seen (netns.h), as an ordinary user in a user
 * namespace of its own. In a forked child: only async-signal-safe calls. 0, or -1 with errno. */
int tenant_enter_network(int tap_channel);
/* A proc_prepare_fn: in the forked child. arg is the tenant. */
int tenant_prepare(void *arg);
/* After the last process is gone. A zeroed struct is fine. */
void tenant_release(struct tenant *tenant);

#endif
