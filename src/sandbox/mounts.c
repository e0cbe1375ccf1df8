#include "mounts.h"

#include "vdo/base/fs.h"
#include "vdo/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_inside(const char *path)
{
    size_t len;

    for (const char *part = path; *part; part += len + (part[len] == '/')) {
        len = strcspn(part, "/");
        if (len == 0 || (len <= 2 && strspn(part, ".") >= len) ||
            (part == path && len == 4 && memcmp(part, ".git", 4) == 0))
            return false;
    }
    return *path != '\0' && path[strlen(path) - 1] != '/';
}

int mounts_check(const struct sandbox_spec *spec, struct err *err)
{
    if (spec->n_mounts > SANDBOX_MAX_MOUNTS)
        return err_set(err, VDO_E_INVALID, "sandbox: more than %d mounts", SANDBOX_MAX_MOUNTS);
    for (size_t i = 0; i < spec->n_mounts; i++) {
        const struct sandbox_mount *m = &spec->mounts[i];
        struct stat st;

        if (!is_inside(m->to))
            return err_set(err, VDO_E_INVALID,
                           "sandbox: %.200s is no place for a mount: give a path below the work "
                           "directory",
                           m->to);
        if (m->from[0] != '/' || lstat(m->from, &st) || !S_ISDIR(st.st_mode))
            return err_set(err, VDO_E_INVALID,
                           "sandbox: %.200s cannot be mounted: it is no "
                           "directory",
                           m->from);
    }
    return VDO_OK;
}

/* Enter, or make and enter, one directory. Takes fd. */
static int step_into(int fd, const char *name)
{
    int next;

    if (mkdirat(fd, name, 0755) && errno != EEXIST)
        next = -1;
    else
        next = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    int error = errno;

    (void)close(fd);
    errno = error;
    return next;
}

static int make_place(const char *dir, const char *to)
{
    AUTO_FREE char *path = xstrdup(to);
    char *save = NULL;
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    for (char *part = strtok_r(path, "/", &save); part && fd >= 0;
         part = strtok_r(NULL, "/", &save))
        fd = step_into(fd, part);
    if (fd < 0)
        return -1;
    (void)close(fd);
    return 0;
}

int mounts_make_places(const struct sandbox_spec *spec, struct err *err)
{
    for (size_t i = 0; i < spec->n_mounts; i++) {
        if (make_place(spec->dir, spec->mounts[i].to))
            return err_set(err, errno == ENOTDIR || errno == ELOOP ? VDO_E_INVALID : VDO_E_IO,
                           "sandbox: make a place for %s/%s: %s", spec->dir, spec->mounts[i].to,
                           strerrordesc_np(errno));
    }
    return VDO_OK;
}
