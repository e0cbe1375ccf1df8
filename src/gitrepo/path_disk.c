#include "path_disk.h"

#include "vdo/gitrepo/path.h"

#include "vdo/base/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { RACED_TRIES = 16, NAME_SIZE = 258 };

static void close_keeping_errno(int fd)
{
    int kept = errno;

    (void)close(fd);
    errno = kept;
}

static int fail_errno(struct err *err, const char *doing, const char *path)
{
    int number = errno;

    switch (number) {
    case ELOOP:
    case EXDEV:
        return err_set(err, VDO_E_REFUSED,
                       "path '%.200s' refused: it leads through a symbolic link", path);
    case ENOTDIR:
        return err_set(err, VDO_E_REFUSED, "path '%.200s' refused: a parent is not a directory",
                       path);
    case ENOENT:
        return err_set(err, VDO_E_NOT_FOUND, "%s %.200s: no such file", doing, path);
    case EEXIST:
        return err_set(err, VDO_E_CONFLICT, "%s %.200s: exists already", doing, path);
    case EISDIR:
        return err_set(err, VDO_E_INVALID, "%s %.200s: it is a directory", doing, path);
    default:
        return err_set(err, VDO_E_IO, "%s %.200s: %s", doing, path, strerrordesc_np(number));
    }
}

static int open_root(const char *root, struct err *err)
{
    int fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);

    if (fd >= 0)
        return fd;
    return err_set(err, errno == ENOENT || errno == ENOTDIR ? VDO_E_NOT_FOUND : VDO_E_IO,
                   "open source tree %.200s: %s", root, strerrordesc_np(errno));
}

/* Copy the first component to name; returns what follows its slash, or NULL at the last one. One
 * that is too long is cut to 256 bytes: no file system has it. */
static const char *split_first(const char *path, char name[NAME_SIZE])
{
    size_t len = strcspn(path, "/");
    size_t kept = len < NAME_SIZE ? len : NAME_SIZE - 1;

    memcpy(name, path, kept);
    name[kept] = '\0';
    return path[len] ? path + len + 1 : NULL;
}

/* Go into one directory below *dir_fd, which is closed and replaced. */
static int step_into(int *dir_fd, const char *name)
{
    struct stat st;
    int fd = openat(*dir_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0)
        return -1;
    if (fstat(fd, &st)) {
        close_keeping_errno(fd);
        return -1;
    }
    if (!S_ISDIR(st.st_mode)) {
        (void)close(fd);
        errno = S_ISLNK(st.st_mode) ? ELOOP : ENOTDIR;
        return -1;
    }
    (void)close(*dir_fd);
    *dir_fd = fd;
    return 0;
}

int open_by_steps(int root_fd, const char *path, int flags, unsigned mode)
{
    char name[NAME_SIZE];
    const char *rest = split_first(path, name);
    int dir_fd = openat(root_fd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    int fd;

    if (dir_fd < 0)
        return -1;
    while (rest) {
        if (step_into(&dir_fd, name)) {
            close_keeping_errno(dir_fd);
            return -1;
        }
        rest = split_first(rest, name);
    }
    fd = openat(dir_fd, name, flags | O_NOFOLLOW | O_CLOEXEC, mode);
    close_keeping_errno(dir_fd);
    return fd;
}

int open_below(int root_fd, const char *path, int flags, unsigned mode)
{
    struct open_how how = {
        .flags = (uint64_t)(unsigned)(flags | O_CLOEXEC),
        .mode = flags & (O_CREAT | O_TMPFILE) ? mode : 0,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
    };

    if (path[0] == '\0')
        path = ".";
    for (int i = 0; i < RACED_TRIES; i++) {
        long fd = syscall(SYS_openat2, root_fd, path, &how, sizeof(how));

        if (fd >= 0)
            return (int)fd;
        if (errno == ENOSYS || errno == EPERM) /* EPERM: a container's filter does not know it */
            return open_by_steps(root_fd, path, flags, mode);
        if (errno != EAGAIN && errno != EINTR)
            return -1;
    }
    return -1;
}

/* Pipes, sockets and devices are none of ours. */
static int check_kind(int fd, const char *path, struct err *err)
{
    struct stat st;

    if (fstat(fd, &st))
        return fail_errno(err, "open", path);
    if (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))
        return VDO_OK;
    return err_set(err, VDO_E_REFUSED, "path '%.200s' refused: it is not a file or directory",
                   path);
}

int path_open_in(const char *root, const char *path, int flags, unsigned mode, int *out_fd,
                 struct err *err)
{
    int rc = path_check(path, err);
    int root_fd;
    int fd;

    if (rc)
        return rc;
    root_fd = open_root(root, err);
    if (root_fd < 0)
        return root_fd;
    fd = open_below(root_fd, path, flags | O_NONBLOCK | O_NOCTTY, mode);
    if (fd < 0)
        rc = fail_errno(err, "open", path);
    (void)close(root_fd);
    if (rc)
        return rc;
    rc = check_kind(fd, path, err);
    if (rc)
        (void)close(fd);
    else
        *out_fd = fd;
    return rc;
}

static int check_last(int dir_fd, const char *name, const char *path, bool allow_link,
                      struct err *err)
{
    struct stat st;

    if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW))
        return errno == ENOENT ? VDO_OK : fail_errno(err, "look at", path);
    if (S_ISLNK(st.st_mode) && !allow_link)
        return err_set(err, VDO_E_REFUSED, "path '%.200s' refused: it is a symbolic link", path);
    if (!S_ISLNK(st.st_mode) && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
        return err_set(err, VDO_E_REFUSED, "path '%.200s' refused: it is not a file or directory",
                       path);
    return VDO_OK;
}

static int check_below(int *dir_fd, const char *path, bool allow_link, struct err *err)
{
    char name[NAME_SIZE];
    const char *rest = split_first(path, name);

    while (rest) {
        if (step_into(dir_fd, name))
            return errno == ENOENT ? VDO_OK : fail_errno(err, "look at", path);
        rest = split_first(rest, name);
    }
    return check_last(*dir_fd, name, path, allow_link, err);
}

int path_check_in(const char *root, const char *path, bool allow_link, struct err *err)
{
    int rc = path_check(path, err);
    int dir_fd;

    if (rc)
        return rc;
    dir_fd = open_root(root, err);
    if (dir_fd < 0)
        return dir_fd;
    rc = check_below(&dir_fd, path, allow_link, err);
    (void)close(dir_fd);
    return rc;
}

static int make_parents(int *dir_fd, const char *path, unsigned mode)
{
    char name[NAME_SIZE];

    for (const char *rest = split_first(path, name); rest; rest = split_first(rest, name)) {
        if (mkdirat(*dir_fd, name, mode) && errno != EEXIST)
            return -1;
        if (step_into(dir_fd, name))
            return -1;
    }
    return 0;
}

int make_parents_below(int root_fd, const char *path, unsigned mode)
{
    int dir_fd = openat(root_fd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    int rc;

    if (dir_fd < 0)
        return -1;
    rc = make_parents(&dir_fd, path, mode);
    close_keeping_errno(dir_fd);
    return rc;
}

int path_make_parents_in(const char *root, const char *path, unsigned mode, struct err *err)
{
    int rc = path_check(path, err);
    int root_fd;

    if (rc)
        return rc;
    root_fd = open_root(root, err);
    if (root_fd < 0)
        return root_fd;
    if (make_parents_below(root_fd, path, mode))
        rc = fail_errno(err, "make the directories of", path);
    (void)close(root_fd);
    return rc;
}
