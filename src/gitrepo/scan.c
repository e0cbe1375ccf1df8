#include "scan.h"

#include "path_disk.h"

#include "vdo/base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct names {
    char **items;
    size_t n;
    size_t cap;
};

static int fail_errno(struct err *err, const char *path)
{
    return err_set(err, VDO_E_IO, "read directory '%.300s': %s", path, strerrordesc_np(errno));
}

void scan_descend(struct scan *scan, const char *path, void *mark)
{
    struct scan_dir *dir = xcalloc(1, sizeof(*dir));

    dir->path = xstrdup(path);
    dir->mark = mark;
    STAILQ_INSERT_TAIL(&scan->queue, dir, link);
}

/* A sandboxed process may have taken our own permissions away: take them back. */
static int open_dir(int root_fd, const char *path)
{
    const int flags = O_RDONLY | O_DIRECTORY;
    int fd = open_below(root_fd, path, flags, 0);
    struct stat st;

    if (fd < 0 && errno == EACCES &&
        (path[0] ? fchmodat(root_fd, path, S_IRWXU, 0) : fchmod(root_fd, S_IRWXU)) == 0)
        fd = open_below(root_fd, path, flags, 0);
    if (fd >= 0 && fstat(fd, &st) == 0 && (st.st_mode & S_IRWXU) != S_IRWXU)
        (void)!fchmod(fd, (st.st_mode & 0777) | S_IRWXU);
    return fd;
}

static void names_release(struct names *names)
{
    for (size_t i = 0; i < names->n; i++)
        free(names->items[i]);
    free(names->items);
}

static void names_add(struct names *names, const char *name)
{
    if (names->n == names->cap) {
        names->cap = names->cap ? names->cap * 2 : 32;
        names->items = xreallocarray(names->items, names->cap, sizeof(*names->items));
    }
    names->items[names->n++] = xstrdup(name);
}

static int read_names(DIR *dir, struct names *names, bool *has_ignore)
{
    struct dirent *entry;

    *has_ignore = false;
    errno = 0;
    // NOLINTNEXTLINE(concurrency-mt-unsafe): this DIR belongs to this call
    while ((entry = readdir(dir))) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        *has_ignore = *has_ignore || strcmp(entry->d_name, ".gitignore") == 0;
        names_add(names, entry->d_name);
    }
    return errno ? -1 : 0;
}

static int visit_entry(struct scan *scan, const struct scan_dir *dir, int dir_fd, const char *name,
                       struct err *err)
{
    AUTO_FREE char *path = dir->path[0] ? xasprintf("%s/%s", dir->path, name) : xstrdup(name);
    struct scan_entry entry = {.path = path, .name = name, .dir_fd = dir_fd};

    if (fstatat(dir_fd, name, &entry.st, AT_SYMLINK_NOFOLLOW))
        return errno == ENOENT ? VDO_OK : fail_errno(err, path);
    return scan->on_entry(scan, dir, &entry, err);
}

static int visit_names(struct scan *scan, struct scan_dir *dir, DIR *handle, struct err *err)
{
    struct names names = {0};
    bool has_ignore;
    int rc = read_names(handle, &names, &has_ignore) ? fail_errno(err, dir->path) : VDO_OK;

    if (!rc && scan->on_dir)
        rc = scan->on_dir(scan, dir, dirfd(handle), has_ignore, err);
    for (size_t i = 0; !rc && i < names.n; i++)
        rc = visit_entry(scan, dir, dirfd(handle), names.items[i], err);
    names_release(&names);
    return rc;
}

static int visit_dir(struct scan *scan, struct scan_dir *dir, struct err *err)
{
    int fd = open_dir(scan->root_fd, dir->path);
    DIR *handle = fd >= 0 ? fdopendir(fd) : NULL;
    int rc;

    if (!handle) {
        rc = fail_errno(err, dir->path);
        if (fd >= 0)
            (void)close(fd);
        return rc;
    }
    rc = visit_names(scan, dir, handle, err);
    (void)closedir(handle);
    return rc;
}

int scan_run(struct scan *scan, struct err *err)
{
    struct scan_dir *dir;
    int rc = VDO_OK;

    STAILQ_INIT(&scan->queue);
    scan_descend(scan, "", NULL);
    while ((dir = STAILQ_FIRST(&scan->queue))) {
        STAILQ_REMOVE_HEAD(&scan->queue, link);
        if (!rc)
            rc = visit_dir(scan, dir, err);
        free(dir->path);
        free(dir);
    }
    return rc;
}
