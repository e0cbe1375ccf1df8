#include "changes.h"

#include "verify/criteria.h"
#include "workspace.h"

#include "vdo/json/json.h"

#include <string.h>

int changes_diff(struct job_run *run, const char *tree, size_t max, struct diff *out,
                 struct err *err)
{
    int rc = workspace_mirror(run, err);

    if (rc)
        return rc;
    return mirror_diff(run->mirror, run_str(run, "checkout.base_sha"), tree, max, out, err);
}

int changes_since_base(struct job_run *run, json_t **out, struct err *err)
{
    char tree[GIT_OID_HEX_SIZE];
    struct diff diff = {0};
    int rc = workspace_tree(run, err);

    if (!rc)
        rc = worktree_write_tree(run->tree, tree, err);
    if (!rc)
        rc = changes_diff(run, tree, 0, &diff, err);
    if (rc)
        return rc;
    *out = json_object();
    for (size_t i = 0; i < diff.n_files; i++) {
        const char action[2] = {diff.files[i].action, '\0'};

        (void)json_object_set_new(*out, diff.files[i].path, json_string(action));
        if (diff.files[i].old_path)
            (void)json_object_set_new(*out, diff.files[i].old_path, json_string("D"));
    }
    diff_release(&diff);
    return VDO_OK;
}

json_t *changes_prompt(const struct diff *diff)
{
    struct strbuf text;
    json_t *value;

    strbuf_init(&text, strlen(diff->text) + 128);
    (void)strbuf_adds(&text, diff->text);
    if (diff->truncated)
        (void)strbuf_adds(&text, "\n(the diff goes on; read the files for the rest)\n");
    value = js_string_lossy(text.ptr, text.len);
    strbuf_release(&text);
    return value;
}

static bool planned(const struct job_run *run, const char *path)
{
    size_t i;
    json_t *task;

    json_array_foreach (js_at(run->out, "plan.tasks"), i, task) {
        size_t f;
        json_t *file;

        json_array_foreach (js_at(task, "files"), f, file) {
            if (strcmp(json_string_value(file), path) == 0)
                return true;
        }
    }
    return false;
}

static bool added_by_tester(const struct job_run *run, const char *path)
{
    size_t i;
    json_t *file;

    json_array_foreach (js_at(run->out, "test.added"), i, file) {
        if (strcmp(json_string_value(file), path) == 0)
            return true;
    }
    return false;
}

static json_t *list_files(const struct job_run *run, const struct diff *diff)
{
    json_t *list = json_array();

    for (size_t i = 0; i < diff->n_files; i++) {
        const struct diff_file *file = &diff->files[i];
        const char action[2] = {file->action, '\0'};

        (void)json_array_append_new(
            list,
            json_pack("{s:o, s:s?, s:s, s:i, s:i, s:b, s:b}", "path",
                      js_string_lossy(file->path, strlen(file->path)), "old_path", file->old_path,
                      "action", action, "added", (int)file->added, "removed", (int)file->removed,
                      "planned",
                      planned(run, file->path) || (file->old_path && planned(run, file->old_path)),
                      "by_tester", added_by_tester(run, file->path)));
    }
    return list;
}

json_t *changes_deliver(const struct job_run *run, const json_t *points, const struct diff *diff)
{
    return json_pack("{s:o, s:I, s:I, s:o}", "files", list_files(run, diff), "added",
                     (json_int_t)diff->added, "removed", (json_int_t)diff->removed, "criteria",
                     criteria_make(run->job->type, points, diff));
}
