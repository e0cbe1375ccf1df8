#include "tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LEAST_ENTRY_BYTES = 4096 };

struct walk {
    dev_t dev;
    int depth;
    struct tree_size *size; /* measuring */
    bool open_all;
    const struct timespec *before;
    bool keep_linked; /* changing owners */
    uid_t from;
    uid_t uid;
    gid_t gid;
};

typedef int (*visit_fn)(struct walk *w, int dir_fd, const char *name, const struct stat *st);

static int open_dir(int dir_fd, const char *name)
{
    return openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* A directory whose owner may not list it: give the permission, open, take it back. */
static int open_forced(int dir_fd, const char *name)
{
    char path[64];
    struct stat st;
    int fd = -1;
    int place = openat(dir_fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (place < 0)
        return -1;
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", place);
    if (fstat(place, &st) == 0 && chmod(path, (st.st_mode & 07777) | S_IRWXU) == 0) {
        fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        (void)chmod(path, st.st_mode & 07777);
    }
    (void)close(place);
    return fd;
}

static bool is_dots(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Takes fd. */
static int walk_below(struct walk *w, int fd, visit_fn visit)
{
    DIR *dir = fdopendir(fd);
    struct dirent *entry;
    int rc = 0;

    if (!dir) {
        (void)close(fd);
        return -1;
    }
    // NOLINTNEXTLINE(concurrency-mt-unsafe): this DIR belongs to this call
    while (!rc && (entry = readdir(dir))) {
        struct stat st;

        if (is_dots(entry->d_name) ||
            fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) || st.st_dev != w->dev)
            continue;
        rc = visit(w, dirfd(dir), entry->d_name, &st);
    }
    (void)closedir(dir);
    return rc;
}

static int start_walk(struct walk *w, const char *dir, struct stat *st)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd >= 0 && fstat(fd, st)) {
        (void)close(fd);
        return -1;
    }
    if (fd >= 0)
        w->dev = st->st_dev;
    return fd;
}

static bool is_younger(const struct walk *w, int dir_fd, const char *name)
{
    struct statx stx;

    if (statx(dir_fd, name, AT_SYMLINK_NOFOLLOW, STATX_BTIME, &stx) ||
        !(stx.stx_mask & STATX_BTIME))
        return false;
    return stx.stx_btime.tv_sec > w->before->tv_sec ||
           (stx.stx_btime.tv_sec == w->before->tv_sec &&
            stx.stx_btime.tv_nsec >= w->before->tv_nsec);
}

static int measure_entry(struct walk *w, int dir_fd, const char *name, const struct stat *st)
{
    int64_t bytes = (int64_t)st->st_blocks * 512;
    int rc = 0;
    int fd;

    if (w->before && is_younger(w, dir_fd, name))
        return 0;
    if (st->st_nlink > 1 && !S_ISDIR(st->st_mode))
        bytes /= (int64_t)st->st_nlink;
    w->size->bytes += bytes > LEAST_ENTRY_BYTES ? bytes : LEAST_ENTRY_BYTES;
    w->size->entries++;
    if (!S_ISDIR(st->st_mode))
        return 0;
    if (w->depth >= TREE_MAX_DEPTH) {
        w->size->too_deep = true;
        return 0;
    }
    fd = open_dir(dir_fd, name);
    if (fd < 0 && errno == EACCES && w->open_all)
        fd = open_forced(dir_fd, name);
    if (fd < 0) {
        w->size->unreadable += errno == EACCES;
        return 0;
    }
    w->depth++;
    rc = walk_below(w, fd, measure_entry);
    w->depth--;
    return rc;
}

int tree_measure(const char *dir, bool open_all, const struct timespec *before,
                 struct tree_size *out)
{
    struct walk w = {.size = out, .open_all = open_all, .before = before};
    struct stat st;
    int fd = start_walk(&w, dir, &st);

    *out = (struct tree_size){0};
    return fd < 0 ? -1 : walk_below(&w, fd, measure_entry);
}

static int change_entry(struct walk *w, int dir_fd, const char *name, const struct stat *st)
{
    int rc = 0;
    int fd;

    if (st->st_uid == w->from) {
        if (w->keep_linked && S_ISREG(st->st_mode) && st->st_nlink > 1)
            return 0;
        if (fchownat(dir_fd, name, w->uid, w->gid, AT_SYMLINK_NOFOLLOW) && errno != ENOENT)
            return -1;
    }
    if (!S_ISDIR(st->st_mode) || w->depth >= TREE_MAX_DEPTH)
        return 0;
    fd = open_dir(dir_fd, name);
    if (fd < 0)
        return errno == ENOENT ? 0 : -1;
    w->depth++;
    rc = walk_below(w, fd, change_entry);
    w->depth--;
    return rc;
}

int tree_change_owner(const char *dir, uid_t from, uid_t uid, gid_t gid, bool keep_linked)
{
    struct walk w = {.keep_linked = keep_linked, .from = from, .uid = uid, .gid = gid};
    struct stat st;
    int fd = start_walk(&w, dir, &st);

    if (fd < 0)
        return -1;
    if (st.st_uid == from && fchown(fd, uid, gid)) {
        (void)close(fd);
        return -1;
    }
    return walk_below(&w, fd, change_entry);
}
