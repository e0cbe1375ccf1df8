#include "../record/record.h"
#include "../regions.h"
#include "../workspace.h"

#include "vdo/base/mem.h"
#include "vdo/checks/find.h"
#include "vdo/gitrepo/path.h"

#include "vdo/json/json.h"

#include <stdlib.h>
#include <string.h>

enum {
    MAX_FOCUS = 20,
    OUTLINE_TOKENS = 3000,
    MAX_INSTRUCTIONS = 32 * 1024,
    MAX_MANIFEST = 512 * 1024,
    MODE_SUBMODULE = 0160000
};

struct reader {
    struct mirror *mirror;
    const char *commit;
    json_t *paths; /* of the whole tree; NULL: not listed yet */
};

static bool read_text(void *arg, const char *path, char **out_text)
{
    const struct reader *r = arg;

    return mirror_read_file(r->mirror, r->commit, path, MAX_MANIFEST, out_text, NULL, NULL) ==
           VDO_OK;
}

static int add_path(void *arg, const struct tree_entry *entry)
{
    return json_array_append_new(arg, js_string_lossy(entry->path, strlen(entry->path)));
}

/* All paths are listed once, when the first is asked for. */
static bool find_path(void *arg, const char *glob, char **out_path)
{
    struct reader *r = arg;
    size_t i;
    json_t *path;

    if (!r->paths) {
        r->paths = json_array();
        (void)mirror_walk(r->mirror, r->commit, false, add_path, r->paths, NULL);
    }
    json_array_foreach (r->paths, i, path) {
        if (path_glob_match(glob, json_string_value(path))) {
            *out_path = xstrdup(json_string_value(path));
            return true;
        }
    }
    return false;
}

static int add_submodule(void *arg, const struct tree_entry *entry)
{
    return entry->mode == MODE_SUBMODULE ? add_path(arg, entry) : 0;
}

/* Paths of the submodules; a replay's copy of the repository has none. */
static int find_submodules(struct job_run *run, const struct reader *r, json_t **out,
                           struct err *err)
{
    json_t *list = json_array();
    int rc = mirror_walk(r->mirror, r->commit, false, add_submodule, list, err);

    if (!rc)
        rc = record_fact(run, "submodules", &list, err);
    *out = list;
    return rc;
}

static json_t *read_instructions(struct job_run *run, const struct reader *r)
{
    static const char *const usual[] = {"AGENTS.md", "CLAUDE.md",
                                        ".github/copilot-instructions.md"};
    const struct repo_config *config = run->repo_config;
    json_t *list = json_array();

    for (size_t i = 0; i < config->n_instructions + 3; i++) {
        const char *path = i < config->n_instructions ? config->instructions[i] :
                                                        usual[i - config->n_instructions];
        AUTO_FREE char *text = NULL;
        size_t len = 0;
        size_t seen;
        json_t *item;
        bool known = false;

        json_array_foreach (list, seen, item)
            known = known || strcmp(js_str(item, "path", ""), path) == 0;
        if (known ||
            mirror_read_file(r->mirror, r->commit, path, MAX_INSTRUCTIONS, &text, &len, NULL))
            continue;
        (void)json_array_append_new(
            list, json_pack("{s:s, s:o}", "path", path, "text", js_string_lossy(text, len)));
    }
    return list;
}

static int draw_outline(struct job_run *run, const json_t *files, json_t **out, struct err *err)
{
    const char *focus[MAX_FOCUS];
    AUTO_STRBUF text = {0};
    size_t n = json_array_size(files) < MAX_FOCUS ? json_array_size(files) : MAX_FOCUS;
    int rc;

    for (size_t i = 0; i < n; i++)
        focus[i] = js_str(json_array_get(files, i), "path", "");
    strbuf_init(&text, (size_t)OUTLINE_TOKENS * 8);
    rc = code_index_outline(run->index, OUTLINE_TOKENS, focus, n, &text, err);
    if (!rc)
        *out = js_string_lossy(text.ptr, text.len);
    return rc;
}

int step_survey(struct job_run *run, struct err *err)
{
    struct reader reader;
    struct checks_tree tree = {.arg = &reader, .read = read_text, .find = find_path};
    struct code_index_stats stats;
    json_auto_t *files = NULL;
    json_auto_t *submodules = NULL;
    json_t *outline = NULL;
    json_t *checks;
    int rc = workspace_index(run, err);

    if (!rc)
        rc = regions_rank(run, &files, err);
    reader = (struct reader){run->mirror, run_str(run, "checkout.base_sha"), NULL};
    if (!rc)
        rc = find_submodules(run, &reader, &submodules, err);
    if (!rc)
        rc = draw_outline(run, files, &outline, err);
    if (rc)
        return rc;
    checks = checks_configured(run->repo_config);
    if (!checks)
        checks = checks_find(&tree);
    code_index_stats(run->index, &stats);
    run_note(run, "%llu files, %zu checks", (unsigned long long)stats.files,
             json_array_size(checks));
    run->result =
        json_pack("{s:O, s:o, s:o, s:o, s:o, s:o, s:O, s:I}", "files", files, "excerpts",
                  regions_excerpts(run, files), "outline", outline, "checks", checks, "lint",
                  checks_find_lint(&tree), "instructions", read_instructions(run, &reader),
                  "submodules", submodules, "n_files", (json_int_t)stats.files);
    json_decref(reader.paths);
    return VDO_OK;
}
