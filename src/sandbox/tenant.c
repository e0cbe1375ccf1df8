#include "tenant.h"

#include "idmap.h"
#include "netns.h"
#include "overlay.h"
#include "tree.h"
#include "userns.h"

#include "vdo/base/fs.h"
#include "vdo/base/mem.h"
#include "vdo/base/rand.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The C library's and the kernel's header of mount(2) exclude each other. */
enum { SYS_MS_REC = 16384, SYS_MS_PRIVATE = 1 << 18 };
enum { AT_WORK, AT_HOME, AT_BELOW, AT_LAYERS, MOST_MOUNTS = AT_LAYERS + SANDBOX_MAX_MOUNTS };

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

static int clone_mount(const char *from, unsigned flags)
{
    return (int)syscall(SYS_open_tree, AT_FDCWD, from, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | flags);
}

static void init_mount(struct tenant_mount *mount, const char *from, size_t place)
{
    *mount = (struct tenant_mount){.from = from, .bind_from = from, .fd = -1};
    if (find_mount_point())
        (void)snprintf(mount->place, sizeof(mount->place), "%s/%zu", find_mount_point(), place);
}

static const struct tenant_mount *mount_at(const struct tenant *t, size_t i)
{
    static const struct tenant_mount none;

    if (i >= AT_LAYERS)
        return i - AT_LAYERS < t->n_layers ? &t->layers[i - AT_LAYERS] : &none;
    return i == AT_WORK ? &t->work.mount : i == AT_HOME ? &t->home.mount : &t->below;
}

/* A run that was killed could not take its files back: they are ours. */
static int find_owner(struct tenant_dir *dir, const struct stat *st, struct err *err)
{
    dir->owner_uid = st->st_uid;
    dir->owner_gid = st->st_gid;
    if (st->st_uid < TENANT_FIRST_UID || st->st_uid - TENANT_FIRST_UID >= TENANT_N_UIDS)
        return VDO_OK;
    if (tree_change_owner(dir->mount.from, st->st_uid, 0, 0, false))
        return err_set(err, VDO_E_IO, "sandbox: take back the files of %s: %s", dir->mount.from,
                       strerrordesc_np(errno));
    dir->owner_uid = 0;
    dir->owner_gid = 0;
    return VDO_OK;
}

static int give(const struct tenant *t, struct tenant_dir *dir, struct err *err)
{
    dir->given = true;
    if (tree_change_owner(dir->mount.from, dir->owner_uid, t->uid, t->gid, true))
        return err_set(err, VDO_E_IO, "sandbox: give the files of %s to user %u: %s",
                       dir->mount.from, t->uid, strerrordesc_np(errno));
    return VDO_OK;
}

/* Most often everything is of one owner. */
static int map_owner(struct tenant *t, int mount_fd, uid_t uid, gid_t gid)
{
    if (t->mapping.fd >= 0 && (t->mapping.uid != uid || t->mapping.gid != gid)) {
        (void)close(t->mapping.fd);
        t->mapping.fd = -1;
    }
    if (t->mapping.fd < 0)
        t->mapping.fd = idmap_open(uid, gid, t->uid, t->gid);
    t->mapping.uid = uid;
    t->mapping.gid = gid;
    return idmap_mount(mount_fd, t->mapping.fd);
}

/* Let root's tenant write the directory. */
static int hand_over(struct tenant *t, struct tenant_dir *dir, size_t place, struct err *err)
{
    struct tenant_mount *mount = &dir->mount;
    struct stat st;
    int rc;

    init_mount(mount, mount->from, place);
    if (stat(mount->from, &st) || !S_ISDIR(st.st_mode))
        return err_set(err, VDO_E_INVALID, "sandbox: %s is not a directory", mount->from);
    if (!t->uid)
        return VDO_OK;
    rc = find_owner(dir, &st, err);
    if (rc)
        return rc;
    if (mount->place[0] && (place == AT_WORK || t->own_mounts))
        mount->fd = clone_mount(mount->from, 0);
    if (mount->fd >= 0)
        mount->bind_from = mount->place;
    if (mount->fd >= 0 && t->allow_idmap &&
        map_owner(t, mount->fd, dir->owner_uid, dir->owner_gid) == 0)
        return VDO_OK;
    return give(t, dir, err);
}

int tenant_init(struct tenant *tenant, const char *dir, bool allow_idmap, struct err *err)
{
    int rc;

    *tenant = (struct tenant){.allow_idmap = allow_idmap,
                              .mapping = {.fd = -1},
                              .work = {.mount = {.from = dir, .fd = -1}},
                              .home = {.mount = {.fd = -1}},
                              .below = {.fd = -1},
                              .tap_channel = -1};
    if (geteuid() == 0) {
        tenant->uid = TENANT_FIRST_UID + rand_below(TENANT_N_UIDS);
        tenant->gid = tenant->uid;
    }
    rc = hand_over(tenant, &tenant->work, AT_WORK, err);
    tenant->own_mounts = tenant->work.mount.fd >= 0;
    if (rc)
        tenant_release(tenant);
    return rc;
}

static int make_private_dir(const char *dir, const char *name, struct err *err)
{
    AUTO_FREE char *path = fs_join(dir, name);

    return fs_make_dirs(path, 0700, err);
}

/* Where the kernel makes files before they are put into their place. Nothing in it lasts, but a
 * mark of the mount before, which was one that is not synced. */
static int make_work_dir(const char *home, struct err *err)
{
    AUTO_FREE char *path = fs_join(home, "work");
    int rc = fs_remove_tree(path, err);

    return rc ? rc : fs_make_dirs(path, 0700, err);
}

/* Read-only for the tenant, whoever it belongs to. */
static int close_mount(int fd)
{
    struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV};

    return (int)syscall(SYS_mount_setattr, fd, "", AT_EMPTY_PATH, &attr, sizeof(attr));
}

/* What lies below is the tenant's too, as it sees it: else it could not write over it. */
static int map_below(struct tenant *t, struct err *err)
{
    struct stat st;

    if (stat(t->below.from, &st))
        return err_set(err, VDO_E_IO, "sandbox: %s: %s", t->below.from, strerrordesc_np(errno));
    t->below.fd = clone_mount(t->below.from, AT_SYMLINK_NOFOLLOW);
    if (t->below.fd >= 0 && !t->home.given && t->own_mounts &&
        map_owner(t, t->below.fd, st.st_uid, st.st_gid) == 0 && close_mount(t->below.fd) == 0)
        return VDO_OK;
    return err_set(
        err, VDO_E_REFUSED,
        "no id-mapped mounts of %s: as root HOME can begin with what was kept only where "
        "the file system has them (ext4, xfs, btrfs, tmpfs; a kernel of 5.19 or later)",
        t->below.from);
}

/* An ordinary user opens everything from within his own namespace. */
static int add_below(struct tenant *t, const char *below, struct err *err)
{
    const char *point = find_mount_point();

    init_mount(&t->below, below, AT_BELOW);
    if (!point)
        return err_set(err, VDO_E_REFUSED, "the host has none of /mnt, /media, /srv and /opt");
    (void)snprintf(t->home_from, sizeof(t->home_from), "%s/home", point);
    (void)snprintf(t->overlay, sizeof(t->overlay),
                   "userxattr,volatile,lowerdir=%s,upperdir=%s/files,workdir=%s/work",
                   t->below.place, t->home.mount.place, t->home.mount.place);
    if (t->uid)
        return map_below(t, err);
    t->own_mounts = true;
    t->work.mount.bind_from = t->work.mount.place;
    return VDO_OK;
}

int tenant_add_home(struct tenant *tenant, const struct sandbox_spec *spec, struct err *err)
{
    int rc;

    if (!spec->home)
        return VDO_OK;
    rc = make_private_dir(spec->home, "files", err);
    if (!rc && spec->home_below)
        rc = make_work_dir(spec->home, err);
    tenant->home.mount.from = spec->home;
    if (!rc)
        rc = hand_over(tenant, &tenant->home, AT_HOME, err);
    if (rc)
        return rc;
    if (spec->home_below)
        return add_below(tenant, spec->home_below, err);
    (void)snprintf(tenant->home_from, sizeof(tenant->home_from), "%s/files",
                   tenant->home.mount.bind_from);
    return VDO_OK;
}

int tenant_add_layers(struct tenant *tenant, const struct sandbox_mount *mounts, size_t n,
                      struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        struct tenant_mount *mount = &tenant->layers[i];

        init_mount(mount, mounts[i].from, AT_LAYERS + i);
        tenant->n_layers++;
        if (!tenant->own_mounts)
            continue;
        mount->bind_from = mount->place;
        if (!tenant->uid)
            continue;
        mount->fd = clone_mount(mount->from, AT_SYMLINK_NOFOLLOW);
        if (mount->fd < 0 || close_mount(mount->fd))
            return err_set(err, VDO_E_IO, "sandbox: mount %s: %s", mount->from,
                           strerrordesc_np(errno));
    }
    return VDO_OK;
}

/* The host's mounts may be locked together in an ordinary user's namespace: with all below. */
static int open_mounts(const struct tenant *t, int fds[MOST_MOUNTS])
{
    for (size_t i = 0; i < MOST_MOUNTS; i++) {
        const struct tenant_mount *mount = mount_at(t, i);

        fds[i] = mount->from ? mount->fd : -1;
        if (mount->from && mount->fd < 0)
            fds[i] =
                clone_mount(mount->from, AT_RECURSIVE | (i >= AT_LAYERS ? AT_SYMLINK_NOFOLLOW : 0));
        if (mount->from && fds[i] < 0)
            return -1;
    }
    return 0;
}

static int move_to(int fd, const char *place)
{
    return mkdir(place, 0755) && errno != EEXIST ?
               -1 :
               (int)syscall(SYS_move_mount, fd, "", AT_FDCWD, place, MOVE_MOUNT_F_EMPTY_PATH);
}

static int enter(int flags)
{
    return geteuid() == 0 ? unshare(flags) : userns_enter(flags);
}

int tenant_enter_network(int tap_channel)
{
    return enter(CLONE_NEWNET) ? -1 : netns_furnish(tap_channel);
}

static int make_mounts(const struct tenant *t)
{
    int fds[MOST_MOUNTS];

    if (syscall(SYS_mount, NULL, "/", NULL, SYS_MS_REC | SYS_MS_PRIVATE, NULL) ||
        open_mounts(t, fds) ||
        syscall(SYS_mount, "tmpfs", find_mount_point(), "tmpfs", 0, "size=64k,mode=755"))
        return -1;
    for (size_t i = 0; i < MOST_MOUNTS; i++) {
        if (fds[i] >= 0 && move_to(fds[i], mount_at(t, i)->place))
            return -1;
    }
    if (!t->below.from)
        return 0;
    return mkdir(t->home_from, 0755) ? -1 : overlay_mount(t->home_from, t->overlay, t->uid, t->gid);
}

int tenant_prepare(void *arg)
{
    const struct tenant *t = arg;
    int flags = (t->own_mounts ? CLONE_NEWNS : 0) | (t->tap_channel >= 0 ? CLONE_NEWNET : 0);
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

    /* When the host runs out of memory it takes the sandbox first. */
    if (fd >= 0) {
        (void)!write(fd, "1000", 4);
        (void)close(fd);
    }
    if (flags && enter(flags))
        return -1;
    if (t->tap_channel >= 0 && netns_furnish(t->tap_channel))
        return -1;
    return t->own_mounts ? make_mounts(t) : 0;
}

static void close_fd(struct tenant_mount *mount)
{
    if (mount->from && mount->fd >= 0)
        (void)close(mount->fd);
    mount->fd = -1;
}

static void take_back(const struct tenant *t, struct tenant_dir *dir)
{
    close_fd(&dir->mount);
    if (dir->given)
        (void)tree_change_owner(dir->mount.from, t->uid, dir->owner_uid, dir->owner_gid, false);
    dir->given = false;
}

void tenant_release(struct tenant *tenant)
{
    take_back(tenant, &tenant->work);
    take_back(tenant, &tenant->home);
    close_fd(&tenant->below);
    if (tenant->uid && tenant->mapping.fd >= 0)
        (void)close(tenant->mapping.fd);
    tenant->mapping.fd = -1;
    for (size_t i = 0; i < tenant->n_layers; i++)
        close_fd(&tenant->layers[i]);
    tenant->n_layers = 0;
}
