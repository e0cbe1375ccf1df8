#include "tenant.h"

#include "idmap.h"
#include "tree.h"

#include "vdo/base/rand.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The C library's and the kernel's header of mount(2) exclude each other. */
enum { SYS_MS_REC = 16384, SYS_MS_PRIVATE = 1 << 18 };

static const char *const mount_points[] = {"/mnt", "/media", "/srv", "/opt"};

/* Where everything is mounted that the tenant gets: below a small file system of its own, because
 * the paths on the host may be closed to it. */
static const char *find_mount_point(void)
{
    struct stat st;

    for (size_t i = 0; i < sizeof(mount_points) / sizeof(mount_points[0]); i++) {
        if (lstat(mount_points[i], &st) == 0 && S_ISDIR(st.st_mode))
            return mount_points[i];
    }
    return NULL;
}

static int give(const struct tenant *t)
{
    return tree_change_owner(t->dir, t->owner_uid, t->uid, t->gid, true);
}

int tenant_init(struct tenant *tenant, const char *dir, bool allow_idmap, struct err *err)
{
    struct stat st;

    *tenant = (struct tenant){.dir = dir, .bind_from = dir, .mount_fd = -1};
    if (stat(dir, &st) || !S_ISDIR(st.st_mode))
        return err_set(err, VDO_E_INVALID, "sandbox: %s is not a directory", dir);
    if (geteuid() != 0)
        return VDO_OK;
    tenant->uid = TENANT_FIRST_UID + rand_below(TENANT_N_UIDS);
    tenant->gid = tenant->uid;
    tenant->owner_uid = st.st_uid;
    tenant->owner_gid = st.st_gid;
    if (st.st_uid >= TENANT_FIRST_UID && st.st_uid - TENANT_FIRST_UID < TENANT_N_UIDS) {
        /* A run that was killed could not take its files back: they are ours. */
        if (tree_change_owner(dir, st.st_uid, 0, 0, false))
            return err_set(err, VDO_E_IO, "sandbox: take back the files of %s: %s", dir,
                           strerrordesc_np(errno));
        tenant->owner_uid = 0;
        tenant->owner_gid = 0;
    }
    if (find_mount_point())
        tenant->mount_fd =
            (int)syscall(SYS_open_tree, AT_FDCWD, dir, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (tenant->mount_fd >= 0)
        tenant->bind_from = tenant->place;
    if (tenant->mount_fd >= 0)
        (void)snprintf(tenant->place, sizeof(tenant->place), "%s/0", find_mount_point());
    if (tenant->mount_fd >= 0 && allow_idmap &&
        idmap_mount(tenant->mount_fd, tenant->owner_uid, tenant->owner_gid, tenant->uid,
                    tenant->gid) == 0)
        return VDO_OK;
    tenant->given = true;
    if (give(tenant)) {
        int error = errno;

        tenant_release(tenant);
        return err_set(err, VDO_E_IO, "sandbox: give the files of %s to user %u: %s", dir,
                       tenant->uid, strerrordesc_np(error));
    }
    return VDO_OK;
}

static int open_layer(struct tenant *t, const char *from)
{
    struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV};
    int fd = (int)syscall(SYS_open_tree, AT_FDCWD, from,
                          OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW);

    if (fd < 0)
        return -1;
    t->layer_fd[t->n_layers] = fd;
    return (int)syscall(SYS_mount_setattr, fd, "", AT_EMPTY_PATH, &attr, sizeof(attr));
}

int tenant_add_layers(struct tenant *tenant, const struct sandbox_mount *mounts, size_t n,
                      struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        tenant->layer_from[i] = mounts[i].from;
        tenant->layer_fd[i] = -1;
        if (tenant->mount_fd >= 0) {
            (void)snprintf(tenant->layer_place[i], sizeof(tenant->layer_place[i]), "%s/%zu",
                           find_mount_point(), i + 1);
            tenant->layer_from[i] = tenant->layer_place[i];
        }
        if (tenant->mount_fd >= 0 && open_layer(tenant, mounts[i].from)) {
            int error = errno;

            tenant->n_layers += tenant->layer_fd[i] >= 0;
            return err_set(err, VDO_E_IO, "sandbox: mount %s: %s", mounts[i].from,
                           strerrordesc_np(error));
        }
        tenant->n_layers++;
    }
    return VDO_OK;
}

static int move_to(int fd, const char *place)
{
    return mkdir(place, 0755) && errno != EEXIST ?
               -1 :
               (int)syscall(SYS_move_mount, fd, "", AT_FDCWD, place, MOVE_MOUNT_F_EMPTY_PATH);
}

int tenant_prepare(void *arg)
{
    const struct tenant *t = arg;
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

    /* When the host runs out of memory it takes the sandbox first. */
    if (fd >= 0) {
        (void)!write(fd, "1000", 4);
        (void)close(fd);
    }
    if (t->mount_fd < 0)
        return 0;
    if (unshare(CLONE_NEWNS) ||
        syscall(SYS_mount, NULL, "/", NULL, SYS_MS_REC | SYS_MS_PRIVATE, NULL) ||
        syscall(SYS_mount, "tmpfs", find_mount_point(), "tmpfs", 0, "size=64k,mode=755"))
        return -1;
    for (size_t i = 0; i < t->n_layers; i++) {
        if (move_to(t->layer_fd[i], t->layer_place[i]))
            return -1;
    }
    return move_to(t->mount_fd, t->bind_from);
}

void tenant_release(struct tenant *tenant)
{
    if (tenant->mount_fd > 0)
        (void)close(tenant->mount_fd);
    tenant->mount_fd = -1;
    for (size_t i = 0; i < tenant->n_layers; i++) {
        if (tenant->layer_fd[i] >= 0)
            (void)close(tenant->layer_fd[i]);
    }
    tenant->n_layers = 0;
    if (tenant->given)
        (void)tree_change_owner(tenant->dir, tenant->uid, tenant->owner_uid, tenant->owner_gid,
                                false);
    tenant->given = false;
}
