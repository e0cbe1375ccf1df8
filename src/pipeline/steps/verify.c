#include "../record/record.h"
#include "../setup/setup.h"
#include "../verify/facts.h"
#include "../verify/proof.h"
#include "../verify/secrets.h"
#include "../verify/verification.h"
#include "../workspace.h"

#include "vdo/base/mem.h"
#include "vdo/json/json.h"

#include <stdlib.h>
#include <string.h>

/* Why the checks cannot be run; NULL: they can. */
static const char *reason_against(const struct job_run *run)
{
    if (json_array_size(js_at(run->out, "survey.checks")) == 0)
        return "no checks were found in the project";
    return record_can_run(run) ? NULL : record_isolation(run);
}

/* Mending may have brought a secret in; what takes it out again is checked like all else. */
static int look_for_secrets(struct job_run *run, struct verification *v, struct err *err)
{
    char was[GIT_OID_HEX_SIZE];
    char now[GIT_OID_HEX_SIZE];
    int rc = worktree_write_tree(run->tree, was, err);

    if (!rc)
        rc = secrets_gate(run, err);
    if (!rc)
        rc = worktree_write_tree(run->tree, now, err);
    return rc || strcmp(was, now) == 0 ? rc : verification_after(run, v, err);
}

static int run_checks(struct job_run *run, struct verification *v, struct err *err)
{
    int rc = verification_before(run, v, err);

    if (!rc)
        rc = verification_after(run, v, err);
    if (!rc)
        rc = verification_mend(run, v, err);
    return rc || v->rounds == 0 ? rc : look_for_secrets(run, v, err);
}

static int leave_result(struct job_run *run, const struct verification *v, const char *skipped,
                        struct err *err)
{
    const char *said = v->said ? v->said : "";
    char tree[GIT_OID_HEX_SIZE];
    json_t *proof = NULL;
    json_t *facts = NULL;
    int rc = worktree_write_tree(run->tree, tree, err);

    if (!rc && !skipped)
        rc = proof_make(run, v, tree, &proof, err);
    if (!rc)
        rc = facts_make(run, tree, &facts, err);
    if (!rc)
        run->result = json_pack(
            "{s:s, s:s, s:s?, s:o, s:i, s:b, s:O, s:o, s:O, s:s}", "tree", tree, "isolation",
            record_isolation(run), "skipped", skipped, "summary",
            js_string_lossy(said, strlen(said)), "rounds", v->rounds, "rounds_used_up",
            v->rounds > 0 && v->rounds >= run->limits.fix_rounds && verification_failing(v->joined),
            "checks", v->joined, "proof", proof ? json_incref(proof) : json_null(), "facts", facts,
            "reach", run->repo_config->n_setup ? setup_reach(run) : "none");
    json_decref(proof);
    json_decref(facts);
    return rc;
}

int step_verify(struct job_run *run, struct err *err)
{
    struct verification v = {0};
    const char *skipped = reason_against(run);
    int rc = workspace_tree(run, err);

    if (!rc)
        rc = secrets_gate(run, err);
    if (!rc && !skipped)
        rc = run_checks(run, &v, err);
    if (!v.joined)
        v.joined = json_array();
    if (!rc)
        rc = leave_result(run, &v, skipped, err);
    if (!rc && skipped) {
        run_log(run, "warn", "nothing was verified: %s", skipped);
        run_note(run, "not verified: %s", skipped);
    } else if (!rc) {
        run_note(run, "%s", verification_failing(v.joined) ? "checks fail" : "checks pass");
    }
    verification_release(&v);
    return rc;
}
