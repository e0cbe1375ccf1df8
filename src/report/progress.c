#include "verdict.h"

#include "vdo/base/mem.h"
#include "vdo/json/json.h"
#include "vdo/report/checkpoints.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const step_marks[] = {"running", "done", "failed", "skipped"};

static json_t *steps_of(const struct report *report, const char *job_id)
{
    struct job_step *steps = NULL;
    size_t n = 0;
    json_t *list = json_array();

    if (store_step_list(report->store, job_id, &steps, &n, NULL))
        return list;
    for (size_t i = 0; i < n; i++) {
        struct job_step *step = &steps[i];
        char time[48] = "";

        if (step->finished_at_ms)
            (void)report_duration_text(step->finished_at_ms - step->started_at_ms, time,
                                       sizeof(time));
        (void)json_array_append_new(
            list, json_pack("{s:s, s:s, s:s, s:o}", "name", step->name, "mark",
                            step_marks[step->state], "time", time, "note",
                            js_string_lossy(step->note ? step->note : "",
                                            step->note ? strlen(step->note) : 0)));
        job_step_release(step);
    }
    free(steps);
    return list;
}

/* What a person can do now; plain Markdown of ours. */
static const char *next_of(const struct job *job)
{
    switch (job->state) {
    case JOB_AWAITING_ANSWER:
        return "answer with `/vdo answer <text>`, or stop with `/vdo cancel`.";
    case JOB_AWAITING_APPROVAL:
        return "`/vdo approve` lets it go on, `/vdo cancel` stops it.";
    case JOB_FAILED:
        return "`/vdo retry` tries again from the step that failed.";
    case JOB_CANCELLED:
        return "`/vdo retry` goes on from the step that was reached.";
    case JOB_COMPLETED:
        return job->pr ? "review the pull request." : "`/vdo build` carries the plan out.";
    default:
        return NULL;
    }
}

static void share(json_t *data, const char *name, const char *flag, const json_t *points,
                  const char *path)
{
    json_t *value = js_at(points, path);

    if (json_array_size(value) == 0)
        return;
    (void)json_object_set(data, name, value);
    (void)json_object_set_new(data, flag, json_true());
}

static void set_text(json_t *data, const char *name, const char *text)
{
    if (text && *text)
        (void)json_object_set_new(data, name, js_string_lossy(text, strlen(text)));
}

static bool used_script(const struct report *report, const char *job_id)
{
    json_auto_t *usage = report_usage(report->store, job_id);
    size_t i;
    json_t *item;

    json_array_foreach (usage, i, item) {
        const struct config_provider *provider =
            config_find_provider(report->config, js_str(item, "provider", ""));

        if (provider && provider->api == PROVIDER_SCRIPT)
            return true;
    }
    return false;
}

static json_t *progress_data(const struct report *report, const struct job *job,
                             const json_t *points)
{
    AUTO_FREE char *url = xasprintf("%s/jobs/%s", report->config->public_url, job->id);
    const json_t *outcome = verdict_outcome(points);
    json_t *data = json_object();
    char usd[32];

    set_text(data, "headline",
             job->headline && *job->headline ? job->headline : job_state_name(job->state));
    set_text(data, "reason", job->reason);
    set_text(data, "next", next_of(job));
    set_text(data, "plan_summary", js_str(points, "plan.summary", ""));
    set_text(data, "pr_url", job->pr_url);
    set_text(data, "url", url);
    set_text(data, "cost", report_usd_text(job->cost_microusd, usd, sizeof(usd)));
    (void)json_object_set_new(data, "steps", steps_of(report, job->id));
    (void)json_object_set_new(data, "open_plan", json_boolean(!js_at(points, "deliver")));
    (void)json_object_set_new(data, "scripted", json_boolean(used_script(report, job->id)));
    share(data, "tasks", "has_tasks", points, "plan.tasks");
    if (json_array_size(js_at(outcome, "verdict"))) {
        json_t *verdict = json_deep_copy(js_at(outcome, "verdict"));

        verdict_code_safe(verdict);
        (void)json_object_set_new(data, "verdict", verdict);
        (void)json_object_set_new(data, "has_verdict", json_true());
    }
    if (json_array_size(js_at(outcome, "criteria"))) {
        (void)json_object_set_new(data, "criteria", report_criteria(points, outcome));
        (void)json_object_set_new(data, "has_criteria", json_true());
    }
    share(data, "questions", "has_questions", points, "refine.questions");
    return data;
}

int report_progress(void *arg, const char *job_id, char **out, struct err *err)
{
    const struct report *report = arg;
    struct job job = {0};
    json_auto_t *points = NULL;
    json_auto_t *data = NULL;
    int rc = store_job_get(report->store, job_id, &job, err);

    if (rc)
        return rc;
    rc = checkpoints_load(report->store, job_id, &points, err);
    if (!rc) {
        data = progress_data(report, &job, points);
        rc = verdict_render("comments/progress.md", data, out, err);
    }
    job_release(&job);
    return rc;
}
