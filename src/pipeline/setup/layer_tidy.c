#include "layers_private.h"

#include "dir_walk.h"

#include "vdo/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

struct tidying {
    bool is_home;
    int64_t bytes;
    char *why;
    char names[XATTR_LIST_MAX];
};

static enum dir_walk_next stop(struct tidying *t, const char *path, const char *why)
{
    t->why = xasprintf("%.300s %s", path, why);
    return DIR_WALK_END;
}

/* Marks that an overlay set, or that look so, must not speak of the next one above. */
static int remove_marks(struct tidying *t, const struct dir_entry *entry)
{
    static const char mark[] = "user.overlay.";
    int fd = openat(entry->dirfd, entry->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    ssize_t len = fd < 0 ? -1 : flistxattr(fd, t->names, sizeof(t->names));
    int rc = len < 0 && errno != ENOTSUP ? -1 : 0;

    for (ssize_t i = 0; !rc && i < len; i += (ssize_t)strlen(t->names + i) + 1) {
        if (strncmp(t->names + i, mark, sizeof(mark) - 1) == 0)
            rc = fremovexattr(fd, t->names + i);
    }
    if (fd >= 0)
        (void)close(fd);
    return rc;
}

/* The walk opens a directory after this, so that it can be listed by then. */
static enum dir_walk_next tidy(void *arg, const struct dir_entry *entry)
{
    struct tidying *t = arg;
    mode_t mode = entry->st->st_mode;
    mode_t wanted = S_ISDIR(mode) || (mode & S_IXUSR) ? 0755 : 0644;

    t->bytes += entry->st->st_blocks * 512 + LAYER_ENTRY_BYTES;
    if (!S_ISDIR(mode) && !S_ISREG(mode) && !S_ISLNK(mode))
        return stop(t, entry->path, "is no file, directory or link");
    if (!S_ISLNK(mode) && (mode & 07777) != wanted &&
        fchmodat(entry->dirfd, entry->name, wanted, 0))
        return stop(t, entry->path, strerrordesc_np(errno));
    if (t->is_home && !S_ISLNK(mode) && remove_marks(t, entry))
        return stop(t, entry->path, strerrordesc_np(errno));
    return DIR_WALK_ON;
}

int layer_tidy(const char *dir, bool is_home, int64_t *out_bytes, char **out_why, struct err *err)
{
    struct tidying *t = xcalloc(1, sizeof(*t));
    int rc;

    t->is_home = is_home;
    rc = chmod(dir, 0755) ? err_set(err, VDO_E_IO, "chmod %s: %s", dir, strerrordesc_np(errno)) :
                            dir_walk(dir, tidy, t, err);
    if (rc) {
        free(t->why);
    } else {
        *out_bytes = t->bytes;
        *out_why = t->why;
    }
    free(t);
    return rc;
}
