#include "refusal.h"

#include "../changes.h"
#include "facts.h"

#include "vdo/json/json.h"

#include <string.h>

/* The job's checkpoints with what the step under way knows so far, where the verdict looks for it.
 */
static json_t *points_so_far(const struct job_run *run)
{
    const char *name = strcmp(run->step, "verify") == 0 ? "verify" : "review";
    json_t *points = json_copy(run->out);
    const json_t *was = json_object_get(run->out, name);
    json_t *now = was ? json_copy((json_t *)(uintptr_t)was) : json_object();

    (void)json_object_update(now, run->so_far);
    (void)json_object_set_new(points, name, now);
    return points;
}

int refusal_describe(struct job_run *run, const char *tree, const json_t *secrets, struct err *err)
{
    json_auto_t *points = NULL;
    json_t *facts = NULL;
    json_t *left = NULL;
    struct diff diff = {0};
    struct job now = {0}; /* the lease's copy does not know what was spent since */
    int rc = facts_of_diff(run, tree, secrets, "facts of the refused change", &facts, err);

    if (rc)
        return rc;
    run_so_far(run, "facts", facts);
    json_decref(facts);
    points = points_so_far(run);
    rc = changes_diff(run, tree, 0, &diff, err);
    if (!rc)
        rc = store_job_get(run->p->o.store, run->job->id, &now, err);
    if (!rc) {
        json_t *checks = json_object_get(run->so_far, "checks");

        left = changes_deliver(run, points, &diff);
        (void)json_object_set_new(left, "verdict", report_verdict(&now, points, left));
        (void)json_object_set_new(
            left, "headline",
            json_string(report_headline(json_object_get(left, "verdict"), points)));
        (void)json_object_set_new(left, "checks", checks ? json_incref(checks) : json_array());
        json_decref(run->failed);
        run->failed = left;
    }
    diff_release(&diff);
    job_release(&now);
    return rc;
}
