#include "vdo/base/fs.h"
#include "vdo/base/mem.h"

#include "room.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { MAX_NODE_ID = 64 };

static int read_or_make(const char *path, char **out, struct err *err)
{
    char id[RAND_ID_SIZE];
    char *text = NULL;
    int rc = fs_read_file(path, MAX_NODE_ID, &text, NULL, NULL);

    if (rc == VDO_OK)
        text[strcspn(text, "\r\n")] = '\0';
    if (rc == VDO_OK && *text) {
        *out = text;
        return VDO_OK;
    }
    free(text);
    rc = fs_write_atomic(path, rand_id(id), RAND_ID_SIZE - 1, 0600, err);
    if (!rc)
        *out = xstrdup(id);
    return rc;
}

/* The lock stands on a file of its own: node-id is replaced when it is written. */
static int take_lock(struct jobs *jobs, const char *dir, bool *out_first, struct err *err)
{
    AUTO_FREE char *path = fs_join(dir, "node-id.lock");

    jobs->node_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (jobs->node_fd < 0)
        return err_set(err, VDO_E_IO, "%s: %s", path, strerrordesc_np(errno));
    *out_first = flock(jobs->node_fd, LOCK_EX | LOCK_NB) == 0;
    return VDO_OK;
}

int node_open(struct jobs *jobs, struct err *err)
{
    AUTO_FREE char *path = fs_join(jobs->o.data_dir, "node-id");
    AUTO_FREE char *id = NULL;
    bool first = false;
    int rc = fs_make_dirs(jobs->o.data_dir, 0700, err);

    if (!rc)
        rc = take_lock(jobs, jobs->o.data_dir, &first, err);
    if (!rc)
        rc = read_or_make(path, &id, err);
    if (rc)
        return err_wrap(err, "data_dir");
    if (!first) {
        jobs->node = xasprintf("%s.%ld", id, (long)getpid());
        return VDO_OK;
    }
    jobs->node = xstrdup(id);
    return store_take_back(jobs->o.store, jobs->node, err);
}

void node_close(struct jobs *jobs)
{
    if (jobs->node_fd >= 0)
        (void)close(jobs->node_fd);
    free(jobs->node);
}
