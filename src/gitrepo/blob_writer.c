#include "blob_writer.h"

#include "vdo/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

enum { CHUNK_BYTES = 1 << 20, WHOLE_BYTES = 8 << 20 };

static int fail_errno(struct err *err, const char *path)
{
    return err_set(err, VDO_E_IO, "read %.300s: %s", path, strerrordesc_np(errno));
}

static ssize_t read_some(int fd, char *bytes, size_t len)
{
    ssize_t n;

    do
        n = read(fd, bytes, len);
    while (n < 0 && errno == EINTR);
    return n;
}

/* The size is given first, so the file must keep it. */
static int stream_file(git_odb_stream *stream, int fd, size_t size, const char *path,
                       struct err *err)
{
    AUTO_FREE char *chunk = xmalloc(CHUNK_BYTES);

    while (size > 0) {
        ssize_t n = read_some(fd, chunk, size < CHUNK_BYTES ? size : CHUNK_BYTES);
        int rc;

        if (n < 0)
            return fail_errno(err, path);
        if (n == 0)
            return err_set(err, VDO_E_TEMPORARY, "%.300s changed while it was read", path);
        rc = git_odb_stream_write(stream, chunk, (size_t)n);
        if (rc)
            return fail_git(err, rc, "store %.300s", path);
        size -= (size_t)n;
    }
    return VDO_OK;
}

static int store_large(struct mirror *mirror, int fd, size_t size, const char *path, git_oid *oid,
                       struct err *err)
{
    git_odb_stream *stream = NULL;
    int rc = git_odb_open_wstream(&stream, mirror->odb, size, GIT_OBJECT_BLOB);

    if (rc)
        return fail_git(err, rc, "store %.300s", path);
    rc = stream_file(stream, fd, size, path, err);
    if (!rc) {
        rc = git_odb_stream_finalize_write(oid, stream);
        if (rc)
            rc = fail_git(err, rc, "store %.300s", path);
    }
    git_odb_stream_free(stream);
    return rc;
}

static int store_small(struct mirror *mirror, int fd, size_t size, const char *path, git_oid *oid,
                       struct err *err)
{
    AUTO_FREE char *bytes = xmalloc(size + 1);
    size_t len = 0;
    int rc;

    while (len < size) {
        ssize_t n = read_some(fd, bytes + len, size - len);

        if (n < 0)
            return fail_errno(err, path);
        if (n == 0)
            break;
        len += (size_t)n;
    }
    rc = git_odb_write(oid, mirror->odb, bytes, len, GIT_OBJECT_BLOB);
    return rc ? fail_git(err, rc, "store %.300s", path) : VDO_OK;
}

/* A sandboxed process may have taken our own permission away. */
static int open_file(int dir_fd, const char *name)
{
    const int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    int fd = openat(dir_fd, name, flags);
    struct stat st;

    if (fd < 0 && errno == EACCES && fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISREG(st.st_mode) && fchmodat(dir_fd, name, (st.st_mode & 0777) | S_IRUSR, 0) == 0)
        fd = openat(dir_fd, name, flags);
    return fd;
}

static int store_file(struct mirror *mirror, int dir_fd, const char *name, const char *path,
                      git_oid *oid, struct stat *st, struct err *err)
{
    int fd = open_file(dir_fd, name);
    int rc;

    if (fd < 0)
        return fail_errno(err, path);
    if (fstat(fd, st))
        rc = fail_errno(err, path);
    else if (!S_ISREG(st->st_mode))
        rc = err_set(err, VDO_E_INVALID, "%.300s is not a regular file", path);
    else if (st->st_size > WHOLE_BYTES)
        rc = store_large(mirror, fd, (size_t)st->st_size, path, oid, err);
    else
        rc = store_small(mirror, fd, (size_t)st->st_size, path, oid, err);
    (void)close(fd);
    return rc;
}

static int store_link(struct mirror *mirror, int dir_fd, const char *name, const char *path,
                      git_oid *oid, struct err *err)
{
    char target[PATH_MAX];
    ssize_t len = readlinkat(dir_fd, name, target, sizeof(target));
    int rc;

    if (len < 0)
        return fail_errno(err, path);
    rc = git_odb_write(oid, mirror->odb, target, (size_t)len, GIT_OBJECT_BLOB);
    return rc ? fail_git(err, rc, "store %.300s", path) : VDO_OK;
}

int blob_store(struct mirror *mirror, int dir_fd, const char *name, const char *path,
               git_oid *out_oid, struct stat *out_st, struct err *err)
{
    if (fstatat(dir_fd, name, out_st, AT_SYMLINK_NOFOLLOW))
        return fail_errno(err, path);
    if (S_ISLNK(out_st->st_mode))
        return store_link(mirror, dir_fd, name, path, out_oid, err);
    return store_file(mirror, dir_fd, name, path, out_oid, out_st, err);
}
