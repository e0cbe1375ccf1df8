#include "layers_private.h"

#include "dir_walk.h"

#include "vdo/base/fs.h"
#include "vdo/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct tidying {
    int64_t bytes;
    char *why;
};

static enum dir_walk_next stop(struct tidying *t, const char *path, const char *why)
{
    t->why = xasprintf("%.300s %s", path, why);
    return DIR_WALK_END;
}

/* The walk opens a directory after this, so that it can be listed by then. */
static enum dir_walk_next tidy(void *arg, const struct dir_entry *entry)
{
    struct tidying *t = arg;
    mode_t mode = entry->st->st_mode;
    mode_t wanted = S_ISDIR(mode) || (mode & S_IXUSR) ? 0755 : 0644;

    t->bytes += entry->st->st_blocks * 512 + 4096;
    if (!S_ISDIR(mode) && !S_ISREG(mode) && !S_ISLNK(mode))
        return stop(t, entry->path, "is no file, directory or link");
    if (!S_ISLNK(mode) && (mode & 07777) != wanted &&
        fchmodat(entry->dirfd, entry->name, wanted, 0))
        return stop(t, entry->path, strerrordesc_np(errno));
    return DIR_WALK_ON;
}

int layer_tidy(const char *made, int64_t *out_bytes, char **out_why, struct err *err)
{
    AUTO_FREE char *files = fs_join(made, "files");
    struct tidying t = {0};
    int rc = chmod(files, 0755) ?
                 err_set(err, VDO_E_IO, "chmod %s: %s", files, strerrordesc_np(errno)) :
                 dir_walk(files, tidy, &t, err);

    if (rc) {
        free(t.why);
        return rc;
    }
    *out_bytes = t.bytes;
    *out_why = t.why;
    return VDO_OK;
}
