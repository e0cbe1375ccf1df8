#include "dir_walk.h"

#include "vdo/base/limits.h"
#include "vdo/base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct walk {
    dir_walk_fn fn;
    void *arg;
    char path[VDO_MAX_PATH_BYTES];
    size_t path_len;
    long entries;
    int depth;
    bool end;
    struct err *err;
};

static int walk_dir(struct walk *w, int fd);

static int visit(struct walk *w, int dirfd, const char *name)
{
    struct stat st;
    struct dir_entry entry = {.dirfd = dirfd, .name = name, .path = w->path, .st = &st};
    enum dir_walk_next next;
    int fd;

    if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW))
        return err_set(w->err, VDO_E_IO, "look at %s: %s", w->path, strerrordesc_np(errno));
    next = w->fn(w->arg, &entry);
    w->end = next == DIR_WALK_END;
    if (next != DIR_WALK_ON || !S_ISDIR(st.st_mode))
        return VDO_OK;
    fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return err_set(w->err, VDO_E_IO, "open %s: %s", w->path, strerrordesc_np(errno));
    return walk_dir(w, fd);
}

/* Takes fd. */
static int walk_dir(struct walk *w, int fd)
{
    DIR *dir = fdopendir(fd);
    size_t len = w->path_len;
    const struct dirent *entry;
    int rc = VDO_OK;

    if (!dir) {
        (void)close(fd);
        return err_set(w->err, VDO_E_IO, "list %s: %s", w->path, strerrordesc_np(errno));
    }
    if (++w->depth > DIR_WALK_MAX_DEPTH)
        rc = err_set(w->err, VDO_E_TOO_LARGE, "%.200s: nested too deep", w->path);
    // NOLINTNEXTLINE(concurrency-mt-unsafe): this DIR belongs to this call
    while (!rc && !w->end && (entry = readdir(dir))) {
        size_t n = strlen(entry->d_name);

        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (++w->entries > DIR_WALK_MAX_ENTRIES || len + n + 2 > sizeof(w->path))
            rc =
                err_set(w->err, VDO_E_TOO_LARGE, "more files, or longer paths, than are looked at");
        if (rc)
            break;
        w->path_len = (size_t)snprintf(w->path + len, sizeof(w->path) - len, "%s%s", len ? "/" : "",
                                       entry->d_name) +
                      len;
        rc = visit(w, dirfd(dir), entry->d_name);
    }
    w->depth--;
    w->path_len = len;
    w->path[len] = '\0';
    (void)closedir(dir);
    return rc;
}

int dir_walk(const char *dir, dir_walk_fn fn, void *arg, struct err *err)
{
    struct walk w = {.fn = fn, .arg = arg, .err = err};
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0)
        return err_set(err, VDO_E_IO, "open %s: %s", dir, strerrordesc_np(errno));
    return walk_dir(&w, fd);
}

int dir_read(const struct dir_entry *entry, size_t max, char **out, size_t *out_len,
             struct err *err)
{
    int fd = openat(entry->dirfd, entry->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    size_t size = (size_t)entry->st->st_size;
    char *bytes;
    size_t len = 0;
    ssize_t n = 1;

    if (fd < 0 || !S_ISREG(entry->st->st_mode) || size > max) {
        if (fd >= 0)
            (void)close(fd);
        return fd < 0 ?
                   err_set(err, VDO_E_IO, "open %s: %s", entry->path, strerrordesc_np(errno)) :
                   err_set(err, VDO_E_TOO_LARGE, "%s is larger than %zu bytes", entry->path, max);
    }
    bytes = xmalloc(size + 1);
    while (len < size && (n = read(fd, bytes + len, size - len)) > 0)
        len += (size_t)n;
    (void)close(fd);
    if (n < 0) {
        free(bytes);
        return err_set(err, VDO_E_IO, "read %s: %s", entry->path, strerrordesc_np(errno));
    }
    bytes[len] = '\0';
    *out = bytes;
    *out_len = len;
    return VDO_OK;
}
