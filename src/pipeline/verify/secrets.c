#include "secrets.h"

#include "../agent/ask.h"
#include "../workspace.h"
#include "refusal.h"
#include "secrets_find.h"
#include "verification.h"

#include "vdo/base/mem.h"
#include "vdo/json/json.h"

#include <stdio.h>

static size_t count(const json_t *secrets)
{
    return json_array_size(js_at(secrets, "found"));
}

static int refuse(struct job_run *run, const char *tree, const json_t *secrets, struct err *err)
{
    const char *note = js_str(secrets, "found.0.note", "");
    char others[48] = "";
    int rc = refusal_describe(run, tree, secrets, err);

    if (rc)
        return rc;
    if (count(secrets) > 1)
        (void)snprintf(others, sizeof(others), " and %zu more", count(secrets) - 1);
    return err_set(err, VDO_E_REFUSED,
                   "the change adds a secret, so nothing was pushed: %s: %s%s%s%s%s",
                   js_str(secrets, "found.0.place", ""), js_str(secrets, "found.0.kind", ""),
                   *note ? " (" : "", note, *note ? ")" : "", others);
}

int secrets_refuse(struct job_run *run, const char *tree, struct err *err)
{
    json_auto_t *secrets = NULL;
    int rc = secrets_find(run, tree, &secrets, err);

    return rc || count(secrets) == 0 ? rc : refuse(run, tree, secrets, err);
}

static int take_out(struct job_run *run, const json_t *secrets, struct err *err)
{
    json_auto_t *data = json_pack("{s:O}", "secrets", js_at(secrets, "found"));
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
    json_auto_t *secrets = NULL;
    char tree[GIT_OID_HEX_SIZE];
    int rc = workspace_tree(run, err);

    if (!rc)
        rc = worktree_write_tree(run->tree, tree, err);
    if (!rc)
        rc = secrets_find(run, tree, &secrets, err);
    if (rc || count(secrets) == 0)
        return rc;
    run_log(run, "warn", "the change adds a secret: %s: %s; the builder is to take it out",
            js_str(secrets, "found.0.place", ""), js_str(secrets, "found.0.kind", ""));
    rc = take_out(run, secrets, err);
    if (!rc)
        rc = worktree_write_tree(run->tree, tree, err);
    return rc ? rc : secrets_refuse(run, tree, err);
}
