#include "verdict.h"

#include "vdo/base/mem.h"
#include "vdo/json/json.h"
#include "vdo/report/checkpoints.h"

#include <stdlib.h>
#include <string.h>

static json_t *text_or_null(const char *text)
{
    return text && *text ? js_string_lossy(text, strlen(text)) : json_null();
}

static json_t *number_or_null(int64_t number)
{
    return number ? json_integer(number) : json_null();
}

static json_t *time_or_null(int64_t ms)
{
    char text[CLOCK_RFC3339_SIZE];

    return ms ? json_string(clock_rfc3339(ms, text, sizeof(text))) : json_null();
}

static json_t *steps_json(struct store *store, const char *job_id)
{
    struct job_step *steps = NULL;
    size_t n = 0;
    json_t *list = json_array();

    if (store_step_list(store, job_id, &steps, &n, NULL))
        return list;
    for (size_t i = 0; i < n; i++) {
        struct job_step *step = &steps[i];
        int64_t ms = step->finished_at_ms ? step->finished_at_ms - step->started_at_ms : 0;
        char time[48];

        (void)json_array_append_new(
            list,
            json_pack("{s:s, s:s, s:i, s:o, s:o, s:I, s:s, s:o}", "name", step->name, "state",
                      step_state_name(step->state), "attempt", step->attempt, "started_at",
                      time_or_null(step->started_at_ms), "finished_at",
                      time_or_null(step->finished_at_ms), "ms", (json_int_t)ms, "time",
                      step->finished_at_ms ? report_duration_text(ms, time, sizeof(time)) : "",
                      "note", text_or_null(step->note)));
        job_step_release(step);
    }
    free(steps);
    return list;
}

static json_t *copy_or_empty(const json_t *from, const char *path)
{
    json_t *value = js_at(from, path);

    return json_is_array(value) ? json_incref(value) : json_array();
}

/* The checks without their output and the lines of each failure. */
static json_t *checks_json(const json_t *points)
{
    const json_t *newest = verdict_newest(points, "checks");
    json_t *list = json_deep_copy(newest ? newest : js_at(points, "failed.checks"));

    size_t i;
    json_t *check;

    json_array_foreach (list, i, check) {
        size_t k;
        json_t *failure;

        (void)json_object_del(check, "output");
        json_array_foreach (js_at(check, "failures"), k, failure)
            (void)json_object_del(failure, "detail");
    }
    return list ? list : json_array();
}

static void add_detail(const struct report *report, const struct job *job, json_t *out)
{
    json_auto_t *points = NULL;

    if (checkpoints_load(report->store, job->id, &points, NULL))
        points = json_object();
    (void)json_object_set_new(out, "steps", steps_json(report->store, job->id));
    (void)json_object_set_new(out, "criteria", report_criteria(points, verdict_outcome(points)));
    (void)json_object_set_new(out, "tasks", copy_or_empty(points, "plan.tasks"));
    (void)json_object_set_new(out, "files", copy_or_empty(verdict_outcome(points), "files"));
    (void)json_object_set_new(out, "verdict", copy_or_empty(verdict_outcome(points), "verdict"));
    (void)json_object_set_new(out, "checks", checks_json(points));
    (void)json_object_set_new(out, "new_tests",
                              copy_or_empty(verdict_newest(points, "proof"), "tests"));
    (void)json_object_set_new(out, "findings", copy_or_empty(points, "review.findings"));
    (void)json_object_set_new(out, "usage", report_usage(report->store, job->id));
    (void)json_object_set_new(out, "reason", text_or_null(job->reason));
    (void)json_object_set_new(out, "base", text_or_null(js_str(points, "checkout.base", "")));
    (void)json_object_set_new(out, "base_sha", text_or_null(job->base_sha));
    (void)json_object_set_new(out, "head_sha", text_or_null(job->head_sha));
    (void)json_object_set_new(out, "pr_url", text_or_null(job->pr_url));
    (void)json_object_set_new(out, "requester", text_or_null(job->requester));
    (void)json_object_set_new(out, "plan_summary",
                              text_or_null(js_str(points, "plan.summary", "")));
}

json_t *report_job_json(const struct report *report, const struct job *job, bool detail)
{
    AUTO_FREE char *url = xasprintf("%s/jobs/%s", report->config->public_url, job->id);
    json_t *out = json_object();

    (void)json_object_set_new(out, "id", json_string(job->id));
    (void)json_object_set_new(out, "state", json_string(job_state_name(job->state)));
    (void)json_object_set_new(out, "headline", text_or_null(job->headline));
    (void)json_object_set_new(out, "repo", text_or_null(job->repo));
    (void)json_object_set_new(out, "issue", number_or_null(job->issue));
    (void)json_object_set_new(out, "pr", number_or_null(job->pr));
    (void)json_object_set_new(out, "title", text_or_null(job->title));
    (void)json_object_set_new(out, "type", text_or_null(job->type));
    (void)json_object_set_new(out, "priority", text_or_null(job->priority));
    (void)json_object_set_new(out, "branch", text_or_null(job->branch));
    (void)json_object_set_new(out, "url", json_string(url));
    (void)json_object_set_new(out, "created_at", time_or_null(job->created_at_ms));
    (void)json_object_set_new(out, "started_at", time_or_null(job->started_at_ms));
    (void)json_object_set_new(out, "finished_at", time_or_null(job->finished_at_ms));
    (void)json_object_set_new(out, "cost_usd", json_real(report_usd(job->cost_microusd)));
    if (detail)
        add_detail(report, job, out);
    return out;
}
