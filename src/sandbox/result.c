#include "vdo/sandbox/sandbox.h"

#include "vdo/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int fail(struct err *err, const char *path)
{
    switch (errno) {
    case ENOENT:
    case ENOTDIR:
        return err_set(err, VDO_E_NOT_FOUND, "%s: there is no such file", path);
    case ELOOP:
    case EXDEV:
    case ENXIO:
        return err_set(err, VDO_E_REFUSED, "%s: a link or another kind of file is in the way",
                       path);
    default:
        return err_set(err, VDO_E_IO, "%s: %s", path, strerrordesc_np(errno));
    }
}

static int open_beneath(const char *dir, const char *path)
{
    struct open_how how = {.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
                           .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS |
                                      RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV};
    int dir_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int error;
    int fd;

    if (dir_fd < 0)
        return -1;
    fd = (int)syscall(SYS_openat2, dir_fd, path, &how, sizeof(how));
    error = errno;
    (void)close(dir_fd);
    errno = error;
    return fd;
}

/* The size may be a lie by now, so it is only where reading begins to end. */
static int read_regular(int fd, const char *path, size_t max, char **out_bytes, size_t *out_len,
                        struct err *err)
{
    struct stat st;
    size_t len = 0;
    ssize_t n = 0;
    char *bytes;

    if (fstat(fd, &st))
        return fail(err, path);
    if (!S_ISREG(st.st_mode))
        return err_set(err, VDO_E_REFUSED, "%s: not a regular file", path);
    if ((uint64_t)st.st_size > max)
        return err_set(err, VDO_E_TOO_LARGE, "%s: over %zu bytes", path, max);
    bytes = xmalloc((size_t)st.st_size + 1);
    while (len < (size_t)st.st_size && (n = read(fd, bytes + len, (size_t)st.st_size - len)) > 0)
        len += (size_t)n;
    if (n < 0) {
        free(bytes);
        return fail(err, path);
    }
    bytes[len] = '\0';
    *out_bytes = bytes;
    if (out_len)
        *out_len = len;
    return VDO_OK;
}

int sandbox_read_file(const char *dir, const char *path, size_t max, char **out_bytes,
                      size_t *out_len, struct err *err)
{
    int fd = open_beneath(dir, path);
    int rc;

    if (fd < 0)
        return fail(err, path);
    rc = read_regular(fd, path, max, out_bytes, out_len, err);
    (void)close(fd);
    return rc;
}
