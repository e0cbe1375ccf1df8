#include "workspace_index_now.h"

#include "changes.h"
#include "workspace.h"

#include "vdo/base/mem.h"
#include "vdo/json/json.h"

int workspace_index_now(struct job_run *run, struct err *err)
{
    json_auto_t *changed = NULL;
    AUTO_FREE const char **paths = NULL;
    const char *path;
    json_t *value;
    size_t n = 0;
    int rc = workspace_index(run, err);

    if (!rc)
        rc = changes_since_base(run, &changed, err);
    if (rc)
        return rc;
    if (!run->overlaid)
        run->overlaid = json_object();
    (void)json_object_update(run->overlaid, changed); /* what was changed back is read again, too */
    paths = xcalloc(json_object_size(run->overlaid) + 1, sizeof(*paths));
    json_object_foreach (run->overlaid, path, value)
        paths[n++] = path;
    return code_index_overlay(run->index, worktree_dir(run->tree), paths, n, err);
}
