#include "../agent/ask.h"
#include "../changes.h"
#include "../verify/facts.h"
#include "../verify/findings.h"
#include "../verify/proof.h"
#include "../verify/secrets.h"
#include "../verify/verification.h"
#include "../workspace.h"

#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/json/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the step knows while its rounds go on. */
struct review {
    struct job_run *run;
    char tree[GIT_OID_HEX_SIZE];
    struct verification v; /* joined: as of the tree */
    json_t *proof;         /* as of the tree */
    json_t *facts;         /* as of the tree */
    json_t *findings;      /* of all rounds */
    json_t *by;            /* who reviewed */
    char *said;            /* how the builder ended its last round; NULL: there was none */
    const char *verdict;
    int rounds;
};

/* What VDO has computed so far, but for what the reviewer itself decides and what is not the same
 * in a replay. */
static json_t *verdict_for_prompt(const struct review *review, const struct diff *diff)
{
    static const char *const left_out[] = {"review", "cost", "isolation", NULL};
    struct job_run *run = review->run;
    json_auto_t *points = json_copy(run->out);
    const char *said = review->said ? review->said : "";
    json_auto_t *now =
        json_pack("{s:o, s:O, s:O, s:O}", "summary", js_string_lossy(said, strlen(said)), "checks",
                  review->v.joined, "proof", review->proof, "facts", review->facts);
    json_auto_t *deliver = NULL;
    json_auto_t *rows = NULL;
    json_t *list = json_array();
    size_t i;
    json_t *row;

    (void)json_object_set(points, "review", now);
    deliver = changes_deliver(run, points, diff);
    rows = report_verdict(run->job, points, deliver);
    json_array_foreach (rows, i, row) {
        bool show = true;

        for (size_t k = 0; left_out[k]; k++)
            show = show && strcmp(js_str(row, "name", ""), left_out[k]) != 0;
        if (show)
            (void)json_array_append(list, row);
    }
    return list;
}

static int ask_reviewer(struct review *review, json_t **out_open, struct err *err)
{
    struct job_run *run = review->run;
    json_auto_t *data = prompt_data(run);
    json_auto_t *answer = NULL;
    struct diff diff = {0};
    int rc = changes_diff(run, review->tree, VDO_MAX_COMMAND_OUTPUT, &diff, err);

    if (rc)
        return rc;
    (void)json_object_set_new(data, "diff", changes_prompt(&diff));
    (void)json_object_set_new(data, "verdict", verdict_for_prompt(review, &diff));
    rc = ask_role(run, ROLE_REVIEWER, data, &answer, err);
    if (!rc)
        rc = ask_who(run, ROLE_REVIEWER, &review->by, err);
    if (!rc) {
        review->verdict =
            strcmp(js_str(answer, "verdict", ""), "approve") == 0 ? "approve" : "changes";
        *out_open = findings_sort(run, &diff, js_at(answer, "findings"), review->findings);
    }
    diff_release(&diff);
    return rc;
}

/* What was verified has changed: everything is computed anew. */
static int verify_again(struct review *review, struct err *err)
{
    struct job_run *run = review->run;
    bool had_checks = json_array_size(review->v.joined) > 0;
    json_t *proof = NULL;
    json_t *facts = NULL;
    int rc = secrets_gate(run, err);

    if (!rc && had_checks)
        rc = verification_recall(run, &review->v, err);
    if (!rc && had_checks)
        rc = verification_after(run, &review->v, err);
    if (!rc && had_checks)
        rc = verification_mend(run, &review->v, err);
    if (!rc)
        rc = worktree_write_tree(run->tree, review->tree, err);
    if (!rc && had_checks)
        rc = proof_make(run, &review->v, review->tree, &proof, err);
    if (!rc)
        rc = facts_make(run, review->tree, &facts, err);
    if (!rc) {
        json_decref(review->facts);
        review->facts = json_incref(facts);
    }
    if (!rc && proof) {
        json_decref(review->proof);
        review->proof = json_incref(proof);
    }
    json_decref(proof);
    json_decref(facts);
    return rc;
}

/* The builder mends. *out_changed: it did change something. */
static int mend(struct review *review, const json_t *open, bool *out_changed, struct err *err)
{
    struct job_run *run = review->run;
    json_auto_t *data = json_pack("{s:O}", "findings", open);
    AUTO_FREE char *text = NULL;
    struct agent builder = {0};
    enum agent_end end;
    char now[GIT_OID_HEX_SIZE];
    int rc = prompt_text("fix_findings.md", data, &text, err);

    if (!rc)
        rc = mender_init(&builder, run, err);
    if (!rc) {
        agent_tell(&builder, text);
        rc = agent_work(&builder, &end, err);
    }
    if (!rc) {
        free(review->said);
        review->said = xstrdup(builder.summary ? builder.summary : "");
    }
    agent_release(&builder);
    if (!rc)
        rc = worktree_write_tree(run->tree, now, err);
    if (rc)
        return rc;
    *out_changed = strcmp(now, review->tree) != 0;
    if (*out_changed)
        rc = findings_mark(run, review->tree, now, open, err);
    memcpy(review->tree, now, sizeof(now));
    return rc || !*out_changed ? rc : verify_again(review, err);
}

static int go_round(struct review *review, bool *out_again, struct err *err)
{
    json_auto_t *open = NULL;
    bool changed = false;
    int rc = ask_reviewer(review, &open, err);

    *out_again = false;
    if (rc || strcmp(review->verdict, "approve") == 0 || json_array_size(open) == 0 ||
        review->rounds >= review->run->limits.review_rounds)
        return rc;
    review->rounds++;
    (void)run_headline(review->run, NULL, "review: round %d of %lld", review->rounds,
                       (long long)review->run->limits.review_rounds);
    rc = mend(review, open, &changed, err);
    *out_again = !rc && changed;
    return rc;
}

static size_t count_open(const json_t *findings)
{
    size_t n = 0;
    size_t i;
    json_t *finding;

    json_array_foreach (findings, i, finding)
        n += strcmp(js_str(finding, "state", ""), "open") == 0;
    return n;
}

/* What was not finished by a role that may fail is said, with everything that was reached before.
 */
static int leave_result(struct review *review, const char *skipped)
{
    struct job_run *run = review->run;
    const char *said = review->said ? review->said : "";

    run->result =
        json_pack("{s:s, s:s, s:o, s:i, s:b, s:o, s:O, s:O, s:O, s:O, s:O}", "tree", review->tree,
                  "verdict", review->verdict, "summary", js_string_lossy(said, strlen(said)),
                  "rounds", review->rounds, "rounds_used_up",
                  review->rounds >= run->limits.review_rounds &&
                      strcmp(review->verdict, "approve") != 0 && review->rounds > 0,
                  "skipped", skipped ? js_string_lossy(skipped, strlen(skipped)) : json_null(),
                  "findings", review->findings, "by", review->by, "checks", review->v.joined,
                  "proof", review->proof, "facts", review->facts);
    if (skipped) {
        run_log(run, "warn", "the review could not be done: %s", skipped);
        run_note(run, "skipped: %s", skipped);
    } else {
        run_note(run, "%s, %zu findings open", review->verdict, count_open(review->findings));
    }
    return VDO_OK;
}

static json_t *copy_of(const struct job_run *run, const char *path)
{
    json_t *value = js_at(run->out, path);

    return value ? json_deep_copy(value) : json_null();
}

static void review_release(struct review *review)
{
    verification_release(&review->v);
    json_decref(review->proof);
    json_decref(review->facts);
    json_decref(review->findings);
    json_decref(review->by);
    free(review->said);
}

int step_review(struct job_run *run, struct err *err)
{
    struct review review = {
        .run = run, .verdict = "none", .findings = json_array(), .by = json_null()};
    AUTO_FREE char *reason = NULL;
    struct err why = {0};
    bool again = true;
    int rc = workspace_tree(run, &why);

    review.v.joined = copy_of(run, "verify.checks");
    review.proof = copy_of(run, "verify.proof");
    review.facts = copy_of(run, "verify.facts");
    (void)snprintf(review.tree, sizeof(review.tree), "%s", run_tree_oid(run));
    while (!rc && again)
        rc = go_round(&review, &again, &why);
    if (!rc)
        rc = leave_result(&review, NULL);
    else if (ask_can_go_on_without(run, rc, &why, &reason))
        rc = leave_result(&review, reason);
    else
        rc = err_set(err, why.code, "%s", why.text);
    review_release(&review);
    return rc;
}
