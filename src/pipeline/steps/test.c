#include "../agent/agent.h"
#include "../agent/ask.h"
#include "../changes.h"
#include "../workspace.h"

#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/json/json.h"

#include <stdlib.h>
#include <string.h>

static int tests_without(struct job_run *run, const char *reason)
{
    run->result = json_pack("{s:s, s:i, s:s, s:[], s:s}", "tree", run_tree_oid(run), "turns", 0,
                            "summary", "", "added", "skipped", reason);
    run_log(run, "warn", "no tests were written: %s", reason);
    run_note(run, "skipped: %s", reason);
    return VDO_OK;
}

/* Back to what the builder left: half a tester's work is not kept. */
static int undo(struct job_run *run, struct err *err)
{
    worktree_close(run->tree);
    run->tree = NULL;
    return workspace_tree(run, err);
}

static json_t *paths_of(const struct diff *diff)
{
    json_t *list = json_array();

    for (size_t i = 0; i < diff->n_files; i++)
        (void)json_array_append_new(
            list, js_string_lossy(diff->files[i].path, strlen(diff->files[i].path)));
    return list;
}

static int keep(struct job_run *run, const struct agent *agent, struct err *err)
{
    char tree[GIT_OID_HEX_SIZE];
    const char *summary = agent->summary ? agent->summary : "";
    struct diff diff = {0};
    int rc = worktree_write_tree(run->tree, tree, err);

    if (!rc)
        rc = mirror_diff(run->mirror, run_tree_oid(run), tree, 0, &diff, err);
    if (rc)
        return rc;
    run->result = json_pack(
        "{s:s, s:I, s:o, s:o, s:n}", "tree", tree, "turns", (json_int_t)agent->turns, "summary",
        js_string_lossy(summary, strlen(summary)), "added", paths_of(&diff), "skipped");
    run_note(run, "%zu test files", diff.n_files);
    diff_release(&diff);
    return VDO_OK;
}

int step_test(struct job_run *run, struct err *err)
{
    json_auto_t *data = prompt_data(run);
    AUTO_FREE char *reason = NULL;
    struct agent agent = {0};
    struct diff diff = {0};
    struct err why = {0};
    enum agent_end end = AGENT_FINISHED;
    int rc = workspace_tree(run, err);

    if (!rc)
        rc = changes_diff(run, run_tree_oid(run), VDO_MAX_TOOL_OUTPUT * 2, &diff, err);
    if (rc)
        return rc;
    (void)json_object_set_new(data, "diff", changes_prompt(&diff));
    diff_release(&diff);
    rc = agent_init(&agent, run, ROLE_TESTER, data, &why);
    if (!rc)
        rc = agent_work(&agent, &end, &why);
    if (!rc && end == AGENT_FINISHED)
        rc = keep(run, &agent, err);
    else if (!rc || ask_can_go_on_without(run, rc, &why, &reason)) {
        rc = undo(run, err);
        if (!rc)
            rc = tests_without(run, reason ? reason : "the tester came to no end");
    } else
        rc = err_set(err, why.code, "%s", why.text);
    agent_release(&agent);
    return rc;
}
