#include "tree_slot.h"

#include "vdo/base/fs.h"
#include "vdo/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

struct tree_slot {
    char *dir;
    int lock;
};

static int open_lock(const char *dir, int *out_fd, struct err *err)
{
    AUTO_FREE char *path = fs_join(dir, "lock");
    int rc = fs_make_dirs(dir, 0700, err);
    int fd = rc ? -1 : open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (rc)
        return rc;
    if (fd < 0)
        return err_set(err, VDO_E_IO, "open %s: %s", path, strerrordesc_np(errno));
    *out_fd = fd;
    return VDO_OK;
}

/* Takes dir. *out stays NULL where somebody else has it. */
static int try(char *dir, struct tree_slot **out, struct err *err)
{
    int fd = -1;
    int rc = open_lock(dir, &fd, err);

    if (!rc && flock(fd, LOCK_EX | LOCK_NB) == 0) {
        *out = xcalloc(1, sizeof(**out));
        **out = (struct tree_slot){.dir = dir, .lock = fd};
        return VDO_OK;
    }
    if (!rc && errno != EWOULDBLOCK)
        rc = err_set(err, VDO_E_IO, "lock %s: %s", dir, strerrordesc_np(errno));
    if (fd >= 0)
        (void)close(fd);
    free(dir);
    return rc;
}

int tree_slot_take(const char *stem, int first, struct tree_slot **out, struct err *err)
{
    struct tree_slot *slot = NULL;
    int rc = VDO_OK;

    for (int i = 0; i < TREE_SLOT_MOST && !slot && !rc; i++)
        rc = try(xasprintf("%s-%d", stem, first + i), &slot, err);
    if (!rc && !slot)
        rc = err_set(err, VDO_E_TEMPORARY, "%d worktrees %s-* are in use", TREE_SLOT_MOST, stem);
    if (!rc)
        *out = slot;
    return rc;
}

const char *tree_slot_dir(const struct tree_slot *slot)
{
    return slot->dir;
}

void tree_slot_drop(struct tree_slot *slot)
{
    if (!slot)
        return;
    (void)close(slot->lock);
    free(slot->dir);
    free(slot);
}
