#include "../ask.h"
#include "../changes.h"
#include "../checks.h"
#include "../verification.h"
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
    json_t *checks;   /* joined, as of the tree; replaced after each round */
    json_t *findings; /* of all rounds */
    const char *verdict;
    int rounds;
};

static json_t *checks_for_prompt(const json_t *joined)
{
    json_t *list = json_array();
    char before[160];
    char after[160];
    size_t i;
    json_t *item;

    json_array_foreach (joined, i, item) {
        (void)checks_result_text(json_object_get(item, "before"), before, sizeof(before));
        (void)checks_result_text(json_object_get(item, "after"), after, sizeof(after));
        (void)json_array_append_new(list, json_pack("{s:O, s:O, s:s, s:s}", "name",
                                                    json_object_get(item, "name"), "run",
                                                    json_object_get(item, "run"), "before_text",
                                                    before, "after_text", after));
    }
    return list;
}

static bool in_diff(const struct diff *diff, const char *path)
{
    for (size_t i = 0; i < diff->n_files; i++) {
        if (strcmp(diff->files[i].path, path) == 0)
            return true;
    }
    return false;
}

/* Findings about files that the change does not touch are dropped: nobody can act on them here. */
static json_t *sort_out(struct review *review, const struct diff *diff, json_t *findings)
{
    json_t *open = json_array();
    size_t i;
    json_t *finding;

    json_array_foreach (findings, i, finding) {
        bool known = in_diff(diff, js_str(finding, "path", ""));

        (void)json_object_set_new(finding, "state", json_string(known ? "open" : "dropped"));
        (void)json_array_append(review->findings, finding);
        if (known)
            (void)json_array_append(open, finding);
    }
    return open;
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
    (void)json_object_set_new(data, "checks", checks_for_prompt(review->checks));
    (void)json_object_set(data, "skipped", js_at(run->out, "verify.skipped"));
    rc = ask_role(run, ROLE_REVIEWER, data, &answer, err);
    if (!rc) {
        review->verdict =
            strcmp(js_str(answer, "verdict", ""), "approve") == 0 ? "approve" : "changes";
        *out_open = sort_out(review, &diff, js_at(answer, "findings"));
    }
    diff_release(&diff);
    return rc;
}

static void mark(const json_t *findings, const char *state)
{
    size_t i;
    json_t *finding;

    json_array_foreach (findings, i, finding)
        (void)json_object_set_new(finding, "state", json_string(state));
}

/* The builder mends; then the checks run again, because what was verified has changed.
 * *out_changed: it did change something. */
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
    agent_release(&builder);
    if (!rc)
        rc = worktree_write_tree(run->tree, now, err);
    if (rc)
        return rc;
    *out_changed = strcmp(now, review->tree) != 0;
    memcpy(review->tree, now, sizeof(now));
    if (*out_changed && json_array_size(review->checks) > 0) {
        json_auto_t *before = json_array();
        json_t *joined = NULL;
        size_t i;
        json_t *item;

        json_array_foreach (review->checks, i, item)
            (void)json_array_append_new(
                before, json_pack("{s:O}", "result", json_object_get(item, "before")));
        rc = verification_after(run, js_at(run->out, "survey.checks"), before, &joined, err);
        if (!rc) {
            json_decref(review->checks);
            review->checks = joined;
        }
    }
    return rc;
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
    if (!rc && changed)
        mark(open, "fixed");
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

    run->result = json_pack("{s:s, s:s, s:i, s:o, s:O, s:O}", "tree", review->tree, "verdict",
                            review->verdict, "rounds", review->rounds, "skipped",
                            skipped ? js_string_lossy(skipped, strlen(skipped)) : json_null(),
                            "findings", review->findings, "checks", review->checks);
    if (skipped) {
        run_log(run, "warn", "the review could not be done: %s", skipped);
        run_note(run, "skipped: %s", skipped);
    } else {
        run_note(run, "%s, %zu findings open", review->verdict, count_open(review->findings));
    }
    return VDO_OK;
}

int step_review(struct job_run *run, struct err *err)
{
    struct review review = {.run = run, .verdict = "none", .findings = json_array()};
    AUTO_FREE char *reason = NULL;
    struct err why = {0};
    bool again = true;
    int rc = workspace_tree(run, &why);

    review.checks = json_deep_copy(js_at(run->out, "verify.checks"));
    if (!review.checks)
        review.checks = json_array();
    (void)snprintf(review.tree, sizeof(review.tree), "%s", run_tree_oid(run));
    while (!rc && again)
        rc = go_round(&review, &again, &why);
    if (!rc)
        rc = leave_result(&review, NULL);
    else if (ask_can_go_on_without(run, rc, &why, &reason))
        rc = leave_result(&review, reason);
    else
        rc = err_set(err, why.code, "%s", why.text);
    json_decref(review.findings);
    json_decref(review.checks);
    return rc;
}
