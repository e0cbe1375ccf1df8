#include "verification.h"

#include "ask.h"
#include "changes.h"
#include "checks.h"
#include "workspace.h"

#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/json/json.h"

#include <stdlib.h>
#include <string.h>

int mender_init(struct agent *agent, struct job_run *run, struct err *err)
{
    json_auto_t *data = prompt_data(run);
    AUTO_STRBUF text = {0};
    struct diff diff = {0};
    char tree[GIT_OID_HEX_SIZE];
    int rc = workspace_tree(run, err);

    if (!rc)
        rc = worktree_write_tree(run->tree, tree, err);
    if (!rc)
        rc = changes_diff(run, tree, VDO_MAX_TOOL_OUTPUT * 2, &diff, err);
    if (!rc)
        rc = agent_init(agent, run, ROLE_BUILDER, data, err);
    if (!rc) {
        strbuf_init(&text, VDO_MAX_TOOL_OUTPUT * 3);
        (void)strbuf_addf(&text, "This has been changed so far:\n%s", diff.text);
        agent_tell(agent, text.ptr);
    }
    diff_release(&diff);
    return rc;
}

int verification_before(struct job_run *run, const json_t *checks, json_t **out, struct err *err)
{
    AUTO_FREE char *dir = NULL;
    int rc = workspace_mirror(run, err);

    if (!rc)
        rc = workspace_fresh_dir(run, "before", &dir, err);
    if (!rc)
        rc = mirror_export(run->mirror, run_str(run, "checkout.base_sha"), dir, err);
    if (!rc)
        rc = checks_run(run, dir, checks, out, err);
    return rc;
}

int verification_after(struct job_run *run, const json_t *checks, const json_t *before,
                       json_t **out, struct err *err)
{
    json_auto_t *after = NULL;
    AUTO_FREE char *dir = NULL;
    size_t i;
    json_t *item;
    int rc = workspace_copy_tree(run, "after", &dir, err);

    if (!rc)
        rc = checks_run(run, dir, checks, &after, err);
    if (rc)
        return rc;
    *out = json_array();
    json_array_foreach (after, i, item) {
        json_t *was = js_at(json_array_get(before, i), "result");

        (void)json_array_append_new(*out, json_pack("{s:O, s:O, s:o, s:O, s:O}", "name",
                                                    json_object_get(item, "name"), "run",
                                                    json_object_get(item, "run"), "before",
                                                    was ? json_incref(was) : json_null(), "after",
                                                    json_object_get(item, "result"), "output",
                                                    json_object_get(item, "output")));
    }
    return VDO_OK;
}

bool verification_failing(const json_t *joined)
{
    size_t i;
    json_t *item;

    json_array_foreach (joined, i, item) {
        if (js_bool(item, "after.ran", false) && !js_bool(item, "after.ok", false))
            return true;
    }
    return false;
}
