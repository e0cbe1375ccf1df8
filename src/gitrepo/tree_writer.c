#include "tree_writer.h"

#include "path_disk.h"

#include "vdo/base/fs.h"
#include "vdo/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int fail_errno(struct err *err, const char *path)
{
    enum vdo_code code = errno == ELOOP || errno == EXDEV ? VDO_E_REFUSED : VDO_E_IO;

    return err_set(err, code, "make file %.300s: %s", path, strerrordesc_np(errno));
}

void tree_writer_init(struct tree_writer *writer, struct mirror *mirror, int root_fd)
{
    *writer = (struct tree_writer){.mirror = mirror, .root_fd = root_fd, .dir_fd = -1};
}

static void forget_dir(struct tree_writer *writer)
{
    if (writer->dir_fd >= 0)
        (void)close(writer->dir_fd);
    writer->dir_fd = -1;
    free(writer->dir);
    writer->dir = NULL;
}

void tree_writer_release(struct tree_writer *writer)
{
    forget_dir(writer);
}

/* Have dir_fd be the directory of path; entries come in path order, so it mostly is already. */
static int enter_dir(struct tree_writer *writer, const char *path, size_t dir_len)
{
    char *dir;

    if (writer->dir && strlen(writer->dir) == dir_len && memcmp(writer->dir, path, dir_len) == 0)
        return 0;
    forget_dir(writer);
    dir = xstrndup(path, dir_len);
    writer->dir_fd = open_below(writer->root_fd, dir, O_PATH | O_DIRECTORY, 0);
    if (writer->dir_fd < 0 && errno == ENOENT && !make_parents_below(writer->root_fd, path, 0777))
        writer->dir_fd = open_below(writer->root_fd, dir, O_PATH | O_DIRECTORY, 0);
    if (writer->dir_fd < 0) {
        free(dir);
        return -1;
    }
    writer->dir = dir;
    return 0;
}

static int create(int dir_fd, const char *name, unsigned mode)
{
    const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    const mode_t permissions = mode & 0111 ? 0777 : 0666;
    int fd = openat(dir_fd, name, flags, permissions);

    if (fd < 0 && errno == EEXIST && unlinkat(dir_fd, name, 0) == 0)
        fd = openat(dir_fd, name, flags, permissions);
    return fd;
}

static int put_file(int dir_fd, const char *name, unsigned mode, const char *bytes, size_t len,
                    struct stat *st)
{
    int fd = create(dir_fd, name, mode);
    int rc;

    if (fd < 0)
        return -1;
    rc = fs_write_all(fd, bytes, len);
    if (!rc)
        rc = fstat(fd, st);
    if (rc) {
        int kept = errno;

        (void)close(fd);
        errno = kept;
        return rc;
    }
    return close(fd);
}

static int put_link(int dir_fd, const char *name, const char *bytes, size_t len, struct stat *st)
{
    AUTO_FREE char *target = NULL;

    if (len >= PATH_MAX || memchr(bytes, '\0', len)) {
        errno = EINVAL;
        return -1;
    }
    target = xmemdup0(bytes, len);
    if (symlinkat(target, dir_fd, name) &&
        (errno != EEXIST || unlinkat(dir_fd, name, 0) || symlinkat(target, dir_fd, name)))
        return -1;
    return fstatat(dir_fd, name, st, AT_SYMLINK_NOFOLLOW);
}

static int put_submodule(int dir_fd, const char *name, struct stat *st)
{
    if (mkdirat(dir_fd, name, 0777) && errno != EEXIST)
        return -1;
    return fstatat(dir_fd, name, st, AT_SYMLINK_NOFOLLOW);
}

static int put_blob(struct tree_writer *writer, const char *path, const char *name, unsigned mode,
                    const git_oid *oid, struct stat *st, struct err *err)
{
    git_odb_object *object = NULL;
    int rc = git_odb_read(&object, writer->mirror->odb, oid);

    if (rc)
        return fail_git(err, rc, "read blob of %.200s", path);
    if (git_odb_object_type(object) != GIT_OBJECT_BLOB)
        rc = err_set(err, VDO_E_IO, "tree entry %.200s is not a blob", path);
    else if (S_ISLNK(mode) ? put_link(writer->dir_fd, name, git_odb_object_data(object),
                                      git_odb_object_size(object), st) :
                             put_file(writer->dir_fd, name, mode, git_odb_object_data(object),
                                      git_odb_object_size(object), st))
        rc = fail_errno(err, path);
    git_odb_object_free(object);
    return rc;
}

int tree_writer_put(struct tree_writer *writer, const char *path, unsigned mode, const git_oid *oid,
                    struct stat *out_st, struct err *err)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    struct stat st;
    int rc = VDO_OK;

    if (enter_dir(writer, path, slash ? (size_t)(slash - path) : 0))
        return fail_errno(err, path);
    if (mode == GIT_FILEMODE_COMMIT) {
        if (put_submodule(writer->dir_fd, name, &st))
            rc = fail_errno(err, path);
    } else {
        rc = put_blob(writer, path, name, mode, oid, &st, err);
    }
    if (!rc && out_st)
        *out_st = st;
    return rc;
}
