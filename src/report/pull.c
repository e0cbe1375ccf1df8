#include "verdict.h"

#include "vdo/base/mem.h"
#include "vdo/json/json.h"

#include <string.h>

static void set_text(json_t *data, const char *name, const char *text)
{
    (void)json_object_set_new(data, name, js_string_lossy(text, strlen(text)));
}

static void share(json_t *data, const char *name, const char *flag, json_t *list)
{
    if (json_array_size(list) == 0)
        return;
    (void)json_object_set(data, name, list);
    (void)json_object_set_new(data, flag, json_true());
}

int report_pull_body(const struct report *report, const struct job *job, const json_t *checkpoints,
                     const json_t *deliver, char **out, struct err *err)
{
    AUTO_FREE char *url = xasprintf("%s/jobs/%s", report->config->public_url, job->id);
    json_auto_t *data = json_object();
    json_auto_t *verdict = json_deep_copy(js_at(deliver, "verdict"));
    json_auto_t *criteria = report_criteria(checkpoints, deliver);
    const char *summary = js_str(checkpoints, "plan.summary", job->title);
    const char *built = js_str(checkpoints, "build.summary", "");
    struct job now = {0};
    char usd[32];
    int rc = store_job_get(report->store, job->id, &now, err);

    if (rc)
        return rc;
    verdict_code_safe(verdict);
    set_text(data, "summary", summary);
    set_text(data, "build_summary", built);
    (void)json_object_set_new(data, "has_build_summary", json_boolean(*built != '\0'));
    set_text(data, "headline", report_headline(verdict, checkpoints));
    set_text(data, "requester",
             job->requester && *job->requester ? job->requester : "the user of this machine");
    set_text(data, "cost", report_usd_text(now.cost_microusd, usd, sizeof(usd)));
    set_text(data, "url", url);
    share(data, "criteria", "has_criteria", criteria);
    share(data, "verdict", "has_verdict", verdict);
    share(data, "findings", "has_findings", js_at(checkpoints, "review.findings"));
    if (job->issue)
        (void)json_object_set_new(data, "issue", json_integer(job->issue));
    rc = verdict_render("comments/pull.md", data, out, err);
    job_release(&now);
    return rc;
}
