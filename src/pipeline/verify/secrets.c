#include "secrets.h"

#include "../agent/ask.h"
#include "../changes.h"
#include "../workspace.h"
#include "verification.h"

#include "vdo/base/mem.h"
#include "vdo/checks/change.h"
#include "vdo/json/json.h"

#include <stdlib.h>
#include <string.h>

int secrets_find(struct job_run *run, const char *tree, json_t **out, struct err *err)
{
    struct diff diff = {0};
    int rc = changes_diff(run, tree, SECRETS_MAX_DIFF, &diff, err);

    if (rc)
        return rc;
    if (diff.truncated)
        rc = err_set(err, VDO_E_REFUSED,
                     "the change is larger than %lu MiB, so it cannot be searched for secrets",
                     SECRETS_MAX_DIFF >> 20);
    else
        *out = change_secrets(diff.text, strlen(diff.text));
    diff_release(&diff);
    return rc;
}

static int refuse(const json_t *found, struct err *err)
{
    const json_t *first = json_array_get(found, 0);
    size_t more = json_array_size(found) - 1;
    char others[48] = "";

    if (more)
        (void)snprintf(others, sizeof(others), " and %zu more", more);
    return err_set(err, VDO_E_REFUSED,
                   "the change adds a secret, so nothing was pushed: %s:%lld: %s%s",
                   js_str(first, "path", ""), (long long)js_int(first, "line", 0),
                   js_str(first, "kind", ""), others);
}

int secrets_refuse(struct job_run *run, const char *tree, struct err *err)
{
    json_auto_t *found = NULL;
    int rc = secrets_find(run, tree, &found, err);

    return rc || json_array_size(found) == 0 ? rc : refuse(found, err);
}

static int take_out(struct job_run *run, const json_t *found, struct err *err)
{
    json_auto_t *data = json_pack("{s:O}", "secrets", found);
    AUTO_FREE char *text = NULL;
    AUTO_FREE char *reason = NULL;
    struct agent builder = {0};
    struct err why = {0};
    enum agent_end end;
    int rc = prompt_text("fix_secrets.md", data, &text, err);

    if (rc)
        return rc;
    rc = mender_init(&builder, run, &why);
    if (!rc) {
        agent_tell(&builder, text);
        rc = agent_work(&builder, &end, &why);
    }
    agent_release(&builder);
    if (rc && ask_can_go_on_without(run, rc, &why, &reason)) {
        run_log(run, "warn", "the builder could not take the secret out: %s", reason);
        return VDO_OK;
    }
    return rc ? err_set(err, why.code, "%s", why.text) : VDO_OK;
}

int secrets_gate(struct job_run *run, struct err *err)
{
    json_auto_t *found = NULL;
    char tree[GIT_OID_HEX_SIZE];
    int rc = workspace_tree(run, err);

    if (!rc)
        rc = worktree_write_tree(run->tree, tree, err);
    if (!rc)
        rc = secrets_find(run, tree, &found, err);
    if (rc || json_array_size(found) == 0)
        return rc;
    run_log(run, "warn", "the change adds a secret: %s:%lld: %s; the builder is to take it out",
            js_str(found, "0.path", ""), (long long)js_int(found, "0.line", 0),
            js_str(found, "0.kind", ""));
    rc = take_out(run, found, err);
    if (!rc)
        rc = worktree_write_tree(run->tree, tree, err);
    return rc ? rc : secrets_refuse(run, tree, err);
}
