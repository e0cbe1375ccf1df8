#include "home_merge.h"

#include "dir_walk.h"

#include "vdo/base/fs.h"
#include "vdo/base/limits.h"
#include "vdo/base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

struct merge {
    char path[VDO_MAX_PATH_BYTES]; /* of the entry at hand, for errors */
    size_t path_len;
    long entries;
    int depth;
    char *why;
    struct err *err;
};

/* One directory of the three trees; below or upper is -1 where that part has none. */
struct place {
    int below;
    int upper;
    int out;
};

typedef int (*entry_fn)(struct merge *m, const struct place *at, const char *name,
                        const struct stat *st);

static int merge_dir(struct merge *m, const struct place *at);

static int fail(struct merge *m, const char *what)
{
    return err_set(m->err, VDO_E_IO, "%s %.300s: %s", what, m->path, strerrordesc_np(errno));
}

static int open_dir(int fd, const char *name)
{
    return openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static int visit(struct merge *m, const struct place *at, int fd, const char *name, entry_fn fn)
{
    size_t len = m->path_len;
    size_t n = strlen(name);
    struct stat st;
    int rc;

    if (++m->entries > DIR_WALK_MAX_ENTRIES || len + n + 2 > sizeof(m->path))
        return err_set(m->err, VDO_E_TOO_LARGE, "HOME: more files, or longer paths, than are kept");
    m->path_len +=
        (size_t)snprintf(m->path + len, sizeof(m->path) - len, "%s%s", len ? "/" : "", name);
    rc = fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) ? fail(m, "look at") : fn(m, at, name, &st);
    m->path_len = len;
    m->path[len] = '\0';
    return rc;
}

/* Each entry of fd, which stays open. */
static int each(struct merge *m, const struct place *at, int fd, entry_fn fn)
{
    int own = open_dir(fd, ".");
    DIR *dir = own < 0 ? NULL : fdopendir(own);
    const struct dirent *entry;
    int rc = VDO_OK;

    if (!dir) {
        if (own >= 0)
            (void)close(own);
        return fail(m, "list");
    }
    // NOLINTNEXTLINE(concurrency-mt-unsafe): this DIR belongs to this call
    while (!rc && !m->why && (entry = readdir(dir))) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            rc = visit(m, at, fd, entry->d_name, fn);
    }
    (void)closedir(dir);
    return rc;
}

static int copy_bytes(int from, int to)
{
    char block[65536];
    ssize_t n;

    while ((n = read(from, block, sizeof(block))) > 0) {
        if (fs_write_all(to, block, (size_t)n))
            return -1;
    }
    return n < 0 ? -1 : 0;
}

/* Another file system, or more names than a file can have. */
static int copy_file(const struct place *at, const char *name, const struct stat *st)
{
    const struct timespec times[] = {st->st_atim, st->st_mtim};
    int from = openat(at->below, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    int to = from < 0 ? -1 :
                        openat(at->out, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                               st->st_mode & 0755);
    int rc = to < 0 || copy_bytes(from, to) || futimens(to, times) ? -1 : 0;
    int error = errno;

    if (from >= 0)
        (void)close(from);
    if (to >= 0)
        (void)close(to);
    errno = error;
    return rc;
}

static int keep_file(struct merge *m, const struct place *at, const char *name,
                     const struct stat *st)
{
    if (linkat(at->below, name, at->out, name, 0) == 0)
        return VDO_OK;
    if (errno != EXDEV && errno != EMLINK && errno != EPERM)
        return fail(m, "link");
    return copy_file(at, name, st) ? fail(m, "copy") : VDO_OK;
}

static int keep_link(struct merge *m, const struct place *at, const char *name)
{
    char target[VDO_MAX_PATH_BYTES];
    ssize_t n = readlinkat(at->below, name, target, sizeof(target) - 1);

    if (n < 0)
        return fail(m, "read");
    target[n] = '\0';
    return symlinkat(target, at->out, name) ? fail(m, "make") : VDO_OK;
}

/* Takes below and upper. */
static int go_into(struct merge *m, const struct place *at, const char *name, int below, int upper)
{
    struct place in = {.below = below, .upper = upper, .out = -1};
    int rc = VDO_OK;

    if (mkdirat(at->out, name, 0755) == 0)
        in.out = open_dir(at->out, name);
    if (in.out < 0)
        rc = fail(m, "make");
    else
        rc = merge_dir(m, &in);
    if (in.out >= 0)
        (void)close(in.out);
    if (below >= 0)
        (void)close(below);
    if (upper >= 0)
        (void)close(upper);
    return rc;
}

/* What the upper part says nothing of. */
static int from_below(struct merge *m, const struct place *at, const char *name,
                      const struct stat *st)
{
    struct stat upper;
    int fd;

    if (at->upper >= 0 && fstatat(at->upper, name, &upper, AT_SYMLINK_NOFOLLOW) == 0)
        return VDO_OK;
    if (S_ISREG(st->st_mode))
        return keep_file(m, at, name, st);
    if (S_ISLNK(st->st_mode))
        return keep_link(m, at, name);
    fd = open_dir(at->below, name);
    return fd < 0 ? fail(m, "open") : go_into(m, at, name, fd, -1);
}

static bool is_opaque(int fd)
{
    char value = '\0';

    return fgetxattr(fd, "user.overlay.opaque", &value, 1) == 1 && value == 'y';
}

static int merge_upper_dir(struct merge *m, const struct place *at, const char *name)
{
    int below = -1;
    int upper;

    /* Its owner may have closed it; to move what is in it takes all rights. */
    if (fchmodat(at->upper, name, S_IRWXU, 0))
        return fail(m, "open");
    upper = open_dir(at->upper, name);
    if (upper < 0)
        return fail(m, "open");
    if (at->below >= 0 && !is_opaque(upper))
        below = open_dir(at->below, name);
    return go_into(m, at, name, below, upper);
}

static int from_upper(struct merge *m, const struct place *at, const char *name,
                      const struct stat *st)
{
    if (S_ISCHR(st->st_mode) && st->st_rdev == makedev(0, 0))
        return VDO_OK;
    if (S_ISDIR(st->st_mode))
        return merge_upper_dir(m, at, name);
    if (S_ISREG(st->st_mode) || S_ISLNK(st->st_mode))
        return renameat(at->upper, name, at->out, name) ? fail(m, "move") : VDO_OK;
    m->why = xasprintf("HOME: %.300s is no file, directory or link", m->path);
    return VDO_OK;
}

static int merge_dir(struct merge *m, const struct place *at)
{
    int rc = VDO_OK;

    if (++m->depth > DIR_WALK_MAX_DEPTH)
        rc = err_set(m->err, VDO_E_TOO_LARGE, "HOME: %.200s: nested too deep", m->path);
    if (!rc && at->below >= 0)
        rc = each(m, at, at->below, from_below);
    if (!rc && !m->why && at->upper >= 0)
        rc = each(m, at, at->upper, from_upper);
    m->depth--;
    return rc;
}

int home_merge(const char *below, const char *upper, const char *out, char **out_why,
               struct err *err)
{
    struct merge m = {.err = err};
    struct place at = {.below = open_dir(AT_FDCWD, below), .out = -1};
    int rc = VDO_OK;

    if (chmod(upper, S_IRWXU) == 0)
        at.upper = open_dir(AT_FDCWD, upper);
    else
        at.upper = -1;
    if (at.below >= 0 && at.upper >= 0 && mkdir(out, 0755) == 0)
        at.out = open_dir(AT_FDCWD, out);
    if (at.out < 0)
        rc = err_set(err, VDO_E_IO, "merge %s and %s to %s: %s", below, upper, out,
                     strerrordesc_np(errno));
    else
        rc = merge_dir(&m, &at);
    if (at.out >= 0)
        (void)close(at.out);
    if (at.upper >= 0)
        (void)close(at.upper);
    if (at.below >= 0)
        (void)close(at.below);
    *out_why = m.why;
    return rc;
}
