#include "secrets.h"

#include "../agent/ask.h"
#include "../changes.h"
#include "../workspace.h"
#include "base_lines.h"
#include "refusal.h"
#include "verification.h"

#include "vdo/base/mem.h"
#include "vdo/checks/change.h"
#include "vdo/json/json.h"

#include <stdlib.h>
#include <string.h>

/* One binary file on both sides. */
static int find_in_binary(struct job_run *run, const char *tree, const struct diff_file *file,
                          const struct change_allow *allow, json_t *secrets, struct err *err)
{
    const char *old_path = file->old_path ? file->old_path : file->path;
    AUTO_FREE char *before = NULL;
    AUTO_FREE char *after = NULL;
    size_t before_len = 0;
    size_t after_len = 0;
    struct err why = {0};
    int rc = mirror_read_file(run->mirror, tree, file->path, SECRETS_MAX_BINARY, &after, &after_len,
                              &why);

    if (rc == VDO_E_TOO_LARGE)
        return err_set(err, VDO_E_REFUSED,
                       "%.200s is larger than %lu MiB, so it cannot be searched for secrets",
                       file->path, SECRETS_MAX_BINARY >> 20);
    if (rc)
        return err_set(err, why.code, "%s", why.text);
    if (file->action != 'A')
        (void)mirror_read_file(run->mirror, run_str(run, "checkout.base_sha"), old_path,
                               SECRETS_MAX_BINARY, &before, &before_len, NULL);
    change_secrets_binary(secrets, file->path, before, before_len, after, after_len, allow);
    return VDO_OK;
}

static int find_in(struct job_run *run, const char *tree, const struct diff *diff, json_t *secrets,
                   struct err *err)
{
    struct base_lines base = {.run = run};
    const struct change_allow allow = {.globs = run->repo_config->secrets_allow,
                                       .n_globs = run->repo_config->n_secrets_allow,
                                       .at_base = base_lines_have,
                                       .arg = &base};
    int rc = VDO_OK;

    change_secrets_diff(secrets, diff->text, strlen(diff->text), &allow);
    for (size_t i = 0; !rc && i < diff->n_files; i++) {
        if (diff->files[i].binary && diff->files[i].action != 'D')
            rc = find_in_binary(run, tree, &diff->files[i], &allow, secrets, err);
    }
    base_lines_release(&base);
    return rc;
}

int secrets_find(struct job_run *run, const char *tree, json_t **out, struct err *err)
{
    json_t *secrets = change_secrets_new();
    struct diff diff = {0};
    int rc = changes_diff(run, tree, SECRETS_MAX_DIFF, &diff, err);

    if (!rc && diff.truncated)
        rc = err_set(err, VDO_E_REFUSED,
                     "the change is larger than %lu MiB, so it cannot be searched for secrets",
                     SECRETS_MAX_DIFF >> 20);
    if (!rc)
        rc = find_in(run, tree, &diff, secrets, err);
    diff_release(&diff);
    if (rc)
        json_decref(secrets);
    else
        *out = secrets;
    return rc;
}

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
