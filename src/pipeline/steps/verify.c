#include "../ask.h"
#include "../checks.h"
#include "../record.h"
#include "../verification.h"
#include "../workspace.h"

#include "vdo/base/mem.h"
#include "vdo/json/json.h"

#include <stdlib.h>
#include <string.h>

static int verify_without(struct job_run *run, const char *reason)
{
    run->result =
        json_pack("{s:s, s:s, s:s, s:i, s:[]}", "tree", run_tree_oid(run), "isolation",
                  sandbox_describe(run->p->o.sandbox), "skipped", reason, "rounds", 0, "checks");
    run_log(run, "warn", "nothing was verified: %s", reason);
    run_note(run, "not verified: %s", reason);
    return VDO_OK;
}

/* The instruction for the builder: which checks fail and how they end. */
static int describe_failures(const json_t *joined, char **out, struct err *err)
{
    json_auto_t *failing = json_array();
    json_auto_t *data = NULL;
    char before[160];
    char after[160];
    size_t i;
    json_t *item;

    json_array_foreach (joined, i, item) {
        if (!js_bool(item, "after.ran", false) || js_bool(item, "after.ok", false))
            continue;
        (void)checks_result_text(json_object_get(item, "before"), before, sizeof(before));
        (void)checks_result_text(json_object_get(item, "after"), after, sizeof(after));
        (void)json_array_append_new(failing, json_pack("{s:O, s:O, s:O, s:s, s:s}", "name",
                                                       json_object_get(item, "name"), "run",
                                                       json_object_get(item, "run"), "output",
                                                       json_object_get(item, "output"),
                                                       "before_text", before, "after_text", after));
    }
    data = json_pack("{s:O}", "checks", failing);
    return prompt_text("fix_checks.md", data, out, err);
}

/*
 * Failures go to the builder until the checks pass, the rounds are used up, or a round changes
 * nothing. *joined is replaced by what the last run said. A builder that cannot go on leaves the
 * checks failing, which the verdict shows; it does not end the job.
 */
static int mend(struct job_run *run, const json_t *checks, const json_t *before, json_t **joined,
                int *rounds, struct err *err)
{
    struct agent builder = {0};
    char was[GIT_OID_HEX_SIZE] = "";
    char now[GIT_OID_HEX_SIZE];
    int rc = worktree_write_tree(run->tree, was, err);

    if (!rc)
        rc = mender_init(&builder, run, err);
    while (!rc && verification_failing(*joined) && *rounds < run->limits.fix_rounds) {
        AUTO_FREE char *text = NULL;
        AUTO_FREE char *reason = NULL;
        enum agent_end end;
        struct err why = {0};

        ++*rounds;
        rc = describe_failures(*joined, &text, err);
        if (rc)
            break;
        agent_tell(&builder, text);
        (void)run_headline(run, NULL, "checks fail: round %d of %lld", *rounds,
                           (long long)run->limits.fix_rounds);
        rc = agent_work(&builder, &end, &why);
        if (rc && ask_can_go_on_without(run, rc, &why, &reason)) {
            run_log(run, "warn", "the builder could not mend the checks: %s", reason);
            rc = VDO_OK;
            break;
        }
        if (rc)
            err_set(err, why.code, "%s", why.text);
        if (!rc)
            rc = worktree_write_tree(run->tree, now, err);
        if (rc || strcmp(was, now) == 0)
            break;
        memcpy(was, now, sizeof(was));
        json_decref(*joined);
        *joined = NULL;
        rc = verification_after(run, checks, before, joined, err);
    }
    agent_release(&builder);
    return rc;
}

int step_verify(struct job_run *run, struct err *err)
{
    const json_t *checks = js_at(run->out, "survey.checks");
    json_auto_t *before = NULL;
    json_t *joined = NULL;
    char tree[GIT_OID_HEX_SIZE];
    int rounds = 0;
    int rc;

    if (json_array_size(checks) == 0)
        return verify_without(run, "no checks were found in the project");
    if (!record_can_run(run))
        return verify_without(run, sandbox_describe(run->p->o.sandbox));
    rc = workspace_tree(run, err);
    if (!rc)
        rc = verification_before(run, checks, &before, err);
    if (!rc)
        rc = verification_after(run, checks, before, &joined, err);
    if (!rc && verification_failing(joined))
        rc = mend(run, checks, before, &joined, &rounds, err);
    if (!rc)
        rc = worktree_write_tree(run->tree, tree, err);
    if (!rc) {
        run_note(run, "%s", verification_failing(joined) ? "checks fail" : "checks pass");
        run->result = json_pack("{s:s, s:s, s:n, s:i, s:O}", "tree", tree, "isolation",
                                sandbox_describe(run->p->o.sandbox), "skipped", "rounds", rounds,
                                "checks", joined);
    }
    json_decref(joined);
    return rc;
}
