#include "vdo/base/fs.h"

#include "vdo/base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

static int fail_errno(struct err *err, const char *doing, const char *path)
{
    int number = errno;
    enum vdo_code code = number == ENOENT || number == ENOTDIR ? VDO_E_NOT_FOUND : VDO_E_IO;

    return err_set(err, code, "%s %s: %s", doing, path, strerrordesc_np(number));
}

static int read_all(int fd, const char *path, size_t max, char **out_bytes, size_t *out_len,
                    struct err *err)
{
    struct stat st;
    char *bytes;
    size_t len = 0;

    if (fstat(fd, &st))
        return fail_errno(err, "read", path);
    if (!S_ISREG(st.st_mode))
        return err_set(err, VDO_E_INVALID, "read %s: not a regular file", path);
    if ((uint64_t)st.st_size > max)
        return err_set(err, VDO_E_TOO_LARGE, "read %s: over %zu bytes", path, max);
    bytes = xmalloc((size_t)st.st_size + 1);
    while (len < (size_t)st.st_size) {
        ssize_t n = read(fd, bytes + len, (size_t)st.st_size - len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            free(bytes);
            return fail_errno(err, "read", path);
        }
        if (n == 0)
            break;
        len += (size_t)n;
    }
    bytes[len] = '\0';
    *out_bytes = bytes;
    if (out_len)
        *out_len = len;
    return VDO_OK;
}

int fs_read_file(const char *path, size_t max, char **out_bytes, size_t *out_len, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    int rc;

    if (fd < 0)
        return fail_errno(err, "open", path);
    rc = read_all(fd, path, max, out_bytes, out_len, err);
    (void)close(fd);
    return rc;
}

int fs_write_all(int fd, const void *bytes, size_t len)
{
    const char *at = bytes;

    while (len > 0) {
        ssize_t n = write(fd, at, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        at += n;
        len -= (size_t)n;
    }
    return 0;
}

static char *dir_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    if (!slash)
        return xstrdup(".");
    return slash == path ? xstrdup("/") : xmemdup0(path, (size_t)(slash - path));
}

static int sync_dir(const char *path)
{
    AUTO_FREE char *dir = dir_of(path);
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc;

    if (fd < 0)
        return -1;
    rc = fsync(fd);
    (void)close(fd);
    return rc;
}

int fs_write_atomic(const char *path, const void *bytes, size_t len, mode_t mode, struct err *err)
{
    AUTO_FREE char *temp = xasprintf("%s.tmp-XXXXXX", path);
    int fd = mkostemp(temp, O_CLOEXEC);

    if (fd < 0)
        return fail_errno(err, "create a file beside", path);
    if (fchmod(fd, mode) || fs_write_all(fd, bytes, len) || fsync(fd)) {
        int rc = fail_errno(err, "write", path);

        (void)close(fd);
        (void)unlink(temp);
        return rc;
    }
    (void)close(fd);
    if (rename(temp, path)) {
        int rc = fail_errno(err, "replace", path);

        (void)unlink(temp);
        return rc;
    }
    if (sync_dir(path))
        return fail_errno(err, "sync the directory of", path);
    return VDO_OK;
}

int fs_make_dirs(const char *path, mode_t mode, struct err *err)
{
    AUTO_FREE char *part = xstrdup(path);

    for (char *slash = part + 1; *part && *slash; slash++) {
        if (*slash != '/')
            continue;
        *slash = '\0';
        if (mkdir(part, mode) && errno != EEXIST)
            return fail_errno(err, "make directory", part);
        *slash = '/';
    }
    if (mkdir(path, mode) && errno != EEXIST)
        return fail_errno(err, "make directory", path);
    if (!fs_is_dir(path))
        return err_set(err, VDO_E_IO, "make directory %s: a file is in the way", path);
    return VDO_OK;
}

enum { REMOVE_DEPTH = 64 };

/* One removal. Each level holds a descriptor, so what lies too deep is moved up to the top first.
 */
struct removal {
    const char *path; /* for errors */
    int top_fd;       /* the outermost directory, -1 before it is open */
    int depth;
    bool moved; /* something came to the top since it was last read */
    unsigned counter;
};

static int remove_below(struct removal *r, int dir_fd, struct err *err);

/* Open a directory that may have forbidden it. */
static int open_to_remove(int dir_fd, const char *name)
{
    int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0 && errno == EACCES) {
        (void)!fchmodat(dir_fd, name, S_IRWXU, 0);
        fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    }
    if (fd >= 0)
        (void)fchmod(fd, S_IRWXU);
    return fd;
}

static int move_to_top(struct removal *r, int dir_fd, const char *name, struct err *err)
{
    char temp[32];
    int rc;

    do {
        (void)snprintf(temp, sizeof(temp), ".vdo-deep-%u", r->counter++);
        rc = renameat2(dir_fd, name, r->top_fd, temp, RENAME_NOREPLACE);
    } while (rc && errno == EEXIST);
    r->moved = true;
    return rc ? fail_errno(err, "remove", r->path) : VDO_OK;
}

static int remove_entry(struct removal *r, int dir_fd, const char *name, struct err *err)
{
    int child;
    int rc;

    if (unlinkat(dir_fd, name, 0) == 0 || errno == ENOENT)
        return VDO_OK;
    if (errno != EISDIR && errno != EPERM)
        return fail_errno(err, "remove", r->path);
    child = open_to_remove(dir_fd, name);
    if (child < 0)
        return fail_errno(err, "remove", r->path);
    if (r->depth >= REMOVE_DEPTH) {
        (void)close(child);
        return move_to_top(r, dir_fd, name, err);
    }
    r->depth++;
    rc = remove_below(r, child, err);
    r->depth--;
    if (!rc && unlinkat(dir_fd, name, AT_REMOVEDIR) && errno != ENOENT)
        rc = fail_errno(err, "remove", r->path);
    return rc;
}

static int remove_entries(struct removal *r, DIR *dir, struct err *err)
{
    struct dirent *entry;
    int rc = VDO_OK;

    // NOLINTNEXTLINE(concurrency-mt-unsafe): this DIR belongs to this call
    while (!rc && (entry = readdir(dir))) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            rc = remove_entry(r, dirfd(dir), entry->d_name, err);
    }
    return rc;
}

/* Takes dir_fd. Entries are removed as they are read; readdir() of Linux allows that. */
static int remove_below(struct removal *r, int dir_fd, struct err *err)
{
    DIR *dir = fdopendir(dir_fd);
    int rc;

    if (!dir) {
        rc = fail_errno(err, "remove", r->path);
        (void)close(dir_fd);
        return rc;
    }
    if (r->depth > 1) {
        rc = remove_entries(r, dir, err);
    } else {
        r->top_fd = dir_fd;
        do {
            r->moved = false;
            rewinddir(dir);
            rc = remove_entries(r, dir, err);
        } while (!rc && r->moved);
    }
    (void)closedir(dir);
    return rc;
}

int fs_remove_tree(const char *path, struct err *err)
{
    struct removal removal = {.path = path, .top_fd = -1};

    return remove_entry(&removal, AT_FDCWD, path, err);
}

static int copy_bytes(int from, int to)
{
    char buf[65536];
    ssize_t n;

    while ((n = copy_file_range(from, NULL, to, NULL, 1 << 30, 0)) > 0)
        ;
    if (n == 0)
        return 0;
    if (errno != EXDEV && errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP)
        return -1;
    while ((n = read(from, buf, sizeof(buf))) > 0) {
        if (fs_write_all(to, buf, (size_t)n))
            return -1;
    }
    return n < 0 ? -1 : 0;
}

static int copy_file(int from_dir, int to_dir, const char *name, const struct stat *st)
{
    int from = openat(from_dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    int to = -1;
    int rc = -1;

    if (from < 0)
        return -1;
    (void)unlinkat(to_dir, name, 0);
    to = openat(to_dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (to >= 0 && copy_bytes(from, to) == 0) {
        struct timespec times[2] = {st->st_atim, st->st_mtim};

        rc = fchmod(to, st->st_mode & 0777) || futimens(to, times) ? -1 : 0;
    }
    if (to >= 0)
        (void)close(to);
    (void)close(from);
    return rc;
}

static int copy_link(int from_dir, int to_dir, const char *name)
{
    char target[PATH_MAX];
    ssize_t len = readlinkat(from_dir, name, target, sizeof(target) - 1);

    if (len < 0)
        return -1;
    target[len] = '\0';
    (void)unlinkat(to_dir, name, 0);
    return symlinkat(target, to_dir, name);
}

static int copy_below(int from_fd, int to_fd, const char *path, struct err *err);

static int copy_dir(int from_dir, int to_dir, const char *name, mode_t mode, const char *path,
                    struct err *err)
{
    int from = openat(from_dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    int to;

    if (from < 0)
        return fail_errno(err, "copy", path);
    if (mkdirat(to_dir, name, (mode & 0777) | S_IRWXU) && errno != EEXIST) {
        (void)close(from);
        return fail_errno(err, "copy", path);
    }
    to = openat(to_dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (to < 0) {
        (void)close(from);
        return fail_errno(err, "copy", path);
    }
    return copy_below(from, to, path, err);
}

static int copy_entry(int from_dir, int to_dir, const char *name, const char *path, struct err *err)
{
    struct stat st;
    int rc = 0;

    if (fstatat(from_dir, name, &st, AT_SYMLINK_NOFOLLOW))
        return fail_errno(err, "copy", path);
    if (S_ISDIR(st.st_mode))
        return copy_dir(from_dir, to_dir, name, st.st_mode, path, err);
    if (S_ISREG(st.st_mode))
        rc = copy_file(from_dir, to_dir, name, &st);
    else if (S_ISLNK(st.st_mode))
        rc = copy_link(from_dir, to_dir, name);
    return rc ? fail_errno(err, "copy", path) : VDO_OK;
}

/* Takes both descriptors. */
static int copy_below(int from_fd, int to_fd, const char *path, struct err *err)
{
    DIR *dir = fdopendir(from_fd);
    struct dirent *entry;
    int rc = VDO_OK;

    if (!dir) {
        rc = fail_errno(err, "copy", path);
        (void)close(from_fd);
    }
    // NOLINTNEXTLINE(concurrency-mt-unsafe): this DIR belongs to this call
    while (!rc && (entry = readdir(dir))) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        rc = copy_entry(dirfd(dir), to_fd, entry->d_name, path, err);
    }
    if (dir)
        (void)closedir(dir);
    (void)close(to_fd);
    return rc;
}

int fs_copy_tree(const char *from, const char *to, struct err *err)
{
    int from_fd;
    int to_fd;
    int rc = fs_make_dirs(to, S_IRWXU, err);

    if (rc)
        return rc;
    from_fd = open(from, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (from_fd < 0)
        return fail_errno(err, "copy", from);
    to_fd = open(to, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (to_fd < 0) {
        (void)close(from_fd);
        return fail_errno(err, "copy to", to);
    }
    return copy_below(from_fd, to_fd, from, err);
}

bool fs_is_dir(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

bool fs_exists(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0;
}

int64_t fs_free_bytes(const char *path)
{
    struct statvfs fs;

    if (statvfs(path, &fs))
        return -1;
    return (int64_t)fs.f_bavail * (int64_t)fs.f_frsize;
}

char *fs_join(const char *dir, const char *name)
{
    size_t len = strlen(dir);

    return xasprintf(len > 0 && dir[len - 1] == '/' ? "%s%s" : "%s/%s", dir, name);
}
