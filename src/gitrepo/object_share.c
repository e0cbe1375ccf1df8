#include "object_share.h"

#include "vdo/base/fs.h"
#include "vdo/base/limits.h"
#include "vdo/base/mem.h"

#include <stdlib.h>
#include <string.h>

static int find_objects(const char *path, char **out, struct err *err)
{
    git_repository *source = NULL;
    git_buf objects = {0};
    int rc = git_repository_open_ext(&source, path, GIT_REPOSITORY_OPEN_NO_SEARCH, NULL);

    if (!rc)
        rc = git_repository_item_path(&objects, source, GIT_REPOSITORY_ITEM_OBJECTS);
    if (!rc)
        *out = xstrdup(objects.ptr);
    git_buf_dispose(&objects);
    git_repository_free(source);
    return rc ? fail_git(err, rc, "repository %s", path) : VDO_OK;
}

/* For those who open the mirror after us. */
static int note(const struct mirror *mirror, const char *objects, struct err *err)
{
    AUTO_FREE char *file = xasprintf("%s/objects/info/alternates", mirror->dir);
    AUTO_FREE char *wanted = xasprintf("%s\n", objects);
    AUTO_FREE char *now = NULL;
    size_t len = 0;

    if (fs_read_file(file, VDO_MAX_PATH_BYTES, &now, &len, NULL) == VDO_OK &&
        strcmp(now, wanted) == 0)
        return VDO_OK;
    return fs_write_atomic(file, wanted, strlen(wanted), 0600, err);
}

int object_share(struct mirror *mirror, const char *path, struct err *err)
{
    AUTO_FREE char *objects = NULL;
    int rc = find_objects(path, &objects, err);

    if (rc || !objects ||
        strchr(objects, '\n')) /* no way to write such a path: its objects are copied */
        return rc;
    rc = note(mirror, objects, err);
    if (rc)
        return rc;
    rc = git_odb_add_disk_alternate(mirror->odb, objects); /* does nothing the second time */
    return rc ? fail_git(err, rc, "read the objects of %s", path) : VDO_OK;
}
