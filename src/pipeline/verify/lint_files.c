#include "lint_files.h"

#include "../workspace.h"

#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/code/edit.h"
#include "vdo/json/json.h"

#include <stdlib.h>
#include <string.h>

/* What shellcheck, ruff, pyflakes and cppcheck look for beside a file and in the folders above. */
static const char *const configs[] = {".shellcheckrc", "ruff.toml", ".ruff.toml", "pyproject.toml",
                                      "setup.cfg",     ".flake8",   "tox.ini"};

typedef int (*read_fn)(struct job_run *run, const char *path, char **out_bytes, size_t *out_len);

static int read_after(struct job_run *run, const char *path, char **out_bytes, size_t *out_len)
{
    return sandbox_read_file(worktree_dir(run->tree), path, VDO_MAX_SOURCE_FILE, out_bytes, out_len,
                             NULL);
}

static int read_before(struct job_run *run, const char *path, char **out_bytes, size_t *out_len)
{
    return mirror_read_file(run->mirror, run_str(run, "checkout.base_sha"), path,
                            VDO_MAX_SOURCE_FILE, out_bytes, out_len, NULL);
}

static int put(struct job_run *run, read_fn read, const char *path, const char *dir,
               struct err *err)
{
    struct edit_options options = {.dir = dir};
    AUTO_FREE char *bytes = NULL;
    json_auto_t *report = NULL;
    struct err why = {0};
    size_t len = 0;
    int rc = read(run, path, &bytes, &len);

    if (!rc)
        rc = edit_write(&options, path, bytes, len, &report, &why);
    return rc == VDO_E_IO ? err_set(err, VDO_E_IO, "%s: %s", path, why.text) : VDO_OK;
}

/* The configuration in the folders from the top down to the file's own. */
static int put_configs(struct job_run *run, read_fn read, const char *path, json_t *seen,
                       const char *dir, struct err *err)
{
    const char *end = path;
    int rc = VDO_OK;

    do {
        AUTO_FREE char *folder = xmemdup0(path, (size_t)(end - path));

        if (!json_object_get(seen, folder)) {
            (void)json_object_set_new(seen, folder, json_true());
            for (size_t i = 0; !rc && i < sizeof(configs) / sizeof(configs[0]); i++) {
                AUTO_FREE char *config = xasprintf("%s%s", folder, configs[i]);

                rc = put(run, read, config, dir, err);
            }
        }
        end = strchr(end, '/');
    } while (!rc && end++);
    return rc;
}

static int make(struct job_run *run, read_fn read, const char *name, const json_t *paths,
                char **out, struct err *err)
{
    json_auto_t *seen = json_object();
    AUTO_FREE char *dir = NULL;
    size_t i;
    json_t *path;
    int rc = workspace_fresh_dir(run, name, &dir, err);

    json_array_foreach (paths, i, path) {
        if (!rc)
            rc = put(run, read, json_string_value(path), dir, err);
        if (!rc)
            rc = put_configs(run, read, json_string_value(path), seen, dir, err);
    }
    if (rc)
        return rc;
    *out = dir;
    dir = NULL;
    return VDO_OK;
}

int lint_files_after(struct job_run *run, const json_t *paths, char **out, struct err *err)
{
    return make(run, read_after, "after", paths, out, err);
}

int lint_files_before(struct job_run *run, const json_t *paths, char **out, struct err *err)
{
    return make(run, read_before, "before", paths, out, err);
}
