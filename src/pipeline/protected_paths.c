#include "protected_paths.h"

#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/base/strbuf.h"
#include "vdo/gitrepo/path.h"
#include "vdo/json/json.h"

#include <stdlib.h>
#include <string.h>

/* A path as a glob that matches nothing else. */
static void add_glob(json_t *list, const char *path, const char *behind)
{
    AUTO_STRBUF glob = {0};

    strbuf_init(&glob, VDO_MAX_PATH_BYTES * 2UL + 8);
    for (; *path; path++) {
        if (strchr("*?[]{}\\!", *path))
            (void)strbuf_addc(&glob, '\\');
        (void)strbuf_addc(&glob, *path);
    }
    (void)strbuf_adds(&glob, behind);
    (void)json_array_append_new(list, js_string_lossy(glob.ptr, glob.len));
}

/* Globs of the submodules and of what is in them; the run's. */
static const json_t *submodules(struct job_run *run)
{
    size_t i;
    json_t *path;

    if (run->submodules)
        return run->submodules;
    run->submodules = json_array();
    json_array_foreach (js_at(run->out, "survey.submodules"), i, path) {
        add_glob(run->submodules, json_string_value(path), "");
        add_glob(run->submodules, json_string_value(path), "/**");
    }
    return run->submodules;
}

const char **protected_paths(struct job_run *run)
{
    const char *const *always = path_protected_always();
    const struct repo_config *config = run->repo_config;
    const json_t *modules = submodules(run);
    size_t n = 0;
    const char **globs;
    size_t i;
    json_t *module;

    while (always[n])
        n++;
    globs = xcalloc(n + config->n_protect + json_array_size(modules) + 1, sizeof(*globs));
    memcpy(globs, always, n * sizeof(*globs));
    for (i = 0; i < config->n_protect; i++)
        globs[n++] = config->protect[i];
    json_array_foreach (modules, i, module)
        globs[n++] = json_string_value(module);
    return globs;
}
