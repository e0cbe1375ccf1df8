#include "web_internal.h"

#include "vdo/base/assets.h"
#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/json/json.h"
#include "vdo/markdown/markdown.h"
#include "vdo/report/checkpoints.h"
#include "vdo/template/template.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE_JOBS = 50, PAGE_LOGS = 500, MAX_PAGE = 4 * 1024 * 1024, MAX_DIFF_SHOWN = 200 * 1024 };

/* Nothing from elsewhere, nothing inline: text that slips through an escape still cannot act. */
static const char policy[] =
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

static void answer_page(struct http_request *request, int status, const char *type,
                        const char *body, size_t len)
{
    struct http_answer answer = {
        .status = status, .content_type = type, .body = body, .body_len = len};

    answer.headers[0].name = "Content-Security-Policy";
    answer.headers[0].value = policy;
    answer.headers[1].name = "Referrer-Policy";
    answer.headers[1].value = "no-referrer";
    answer.headers[2].name = "X-Frame-Options";
    answer.headers[2].value = "DENY";
    http_respond(request, &answer);
}

static void render(struct http_request *request, int status, const char *name, const json_t *data)
{
    AUTO_STRBUF page = {0};
    struct err err = {0};

    strbuf_init(&page, MAX_PAGE);
    if (template_render_asset(name, data, TEMPLATE_HTML, &page, &err))
        http_respond_error(request, 500, "internal", err.text);
    else
        answer_page(request, status, "text/html; charset=utf-8", page.ptr, page.len);
}

static void page_failure(struct http_request *request, int rc)
{
    json_auto_t *data = json_object();

    if (rc == VDO_E_NOT_FOUND)
        render(request, 404, "pages/not_found.html", data);
    else
        render(request, 503, "pages/unavailable.html", data);
}

static void set_usd(json_t *job, int64_t microusd)
{
    char usd[32];

    (void)json_object_set_new(job, "cost",
                              json_string(report_usd_text(microusd, usd, sizeof(usd))));
}

static void set_group(json_t *job, enum job_state state)
{
    const char *group = "running";

    if (state == JOB_COMPLETED)
        group = "good";
    else if (state == JOB_FAILED)
        group = "bad";
    else if (state == JOB_CANCELLED)
        group = "off";
    else if (job_state_is_waiting(state))
        group = "waiting";
    (void)json_object_set_new(job, "group", json_string(group));
}

void route_page_list(struct http_request *request, void *arg)
{
    struct web *web = arg;
    struct job_filter filter = {.state = -1, .limit = PAGE_JOBS};
    json_auto_t *data = json_pack("{s:[], s:s}", "jobs", "version", VDO_VERSION);
    struct job *jobs = NULL;
    size_t n = 0;
    int rc;

    if (!query_int(request, "after", 1, INT64_MAX, 0, &filter.before_seq))
        return;
    rc = store_job_list(web->o.store, &filter, &jobs, &n, NULL);
    if (rc) {
        page_failure(request, rc);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        json_t *job = report_job_json(web->o.report, &jobs[i], false);

        set_usd(job, jobs[i].cost_microusd);
        set_group(job, jobs[i].state);
        (void)json_array_append_new(json_object_get(data, "jobs"), job);
        if (i + 1 == PAGE_JOBS)
            (void)json_object_set_new(data, "older", json_integer(jobs[i].seq));
        job_release(&jobs[i]);
    }
    free(jobs);
    (void)json_object_set_new(data, "empty", json_boolean(n == 0));
    render(request, 200, "pages/list.html", data);
}

/* One entry per line with a class, so that a diff is readable without a script. */
static json_t *diff_lines(const char *text)
{
    json_t *list = json_array();
    size_t shown = 0;

    while (*text && shown < MAX_DIFF_SHOWN) {
        size_t len = strcspn(text, "\n");
        const char *kind = "same";

        if (strncmp(text, "diff ", 5) == 0 || strncmp(text, "+++", 3) == 0 ||
            strncmp(text, "---", 3) == 0)
            kind = "file";
        else if (*text == '+')
            kind = "add";
        else if (*text == '-')
            kind = "del";
        else if (strncmp(text, "@@", 2) == 0)
            kind = "hunk";
        (void)json_array_append_new(
            list, json_pack("{s:s, s:o}", "kind", kind, "text", js_string_lossy(text, len)));
        shown += len + 1;
        text += len + (text[len] == '\n');
    }
    return list;
}

static json_t *log_lines(struct web *web, const char *id)
{
    struct job_log *lines = NULL;
    json_t *list = json_array();
    char stamp[CLOCK_RFC3339_SIZE];
    size_t n = 0;

    if (store_log_list(web->o.store, id, 0, PAGE_LOGS, &lines, &n, NULL))
        return list;
    for (size_t i = 0; i < n; i++) {
        (void)json_array_append_new(
            list, json_pack("{s:s, s:s, s:s, s:o}", "at",
                            clock_rfc3339(lines[i].at_ms, stamp, sizeof(stamp)) + 11, "step",
                            lines[i].step, "level", lines[i].level, "text",
                            js_string_lossy(lines[i].text, strlen(lines[i].text))));
        job_log_release(&lines[i]);
    }
    free(lines);
    return list;
}

static json_t *description_html(const json_t *points)
{
    const char *text = js_str(points, "snapshot.text", "");
    AUTO_STRBUF html = {0};

    strbuf_init(&html, MAX_PAGE);
    if (markdown_to_html(text, strlen(text), &html, NULL))
        return json_string("");
    return js_string_lossy(html.ptr, html.len);
}

static void set_flag(json_t *data, const char *flag, const char *list)
{
    (void)json_object_set_new(data, flag, json_boolean(json_array_size(js_at(data, list)) > 0));
}

static void set_branch_url(struct web *web, const struct job *job, json_t *data)
{
    AUTO_FREE char *url = NULL;

    if (!job->branch || !*job->branch || !web->o.forge)
        return;
    url = forge_web_url(web->o.forge, job->repo, "branch", job->branch);
    if (url)
        (void)json_object_set_new(data, "branch_url", json_string(url));
}

void route_page_job(struct http_request *request, void *arg)
{
    struct web *web = arg;
    json_auto_t *data = NULL;
    json_auto_t *points = NULL;
    struct job job = {0};
    int rc = store_job_get(web->o.store, http_request_param(request, "id"), &job, NULL);

    if (!rc)
        rc = checkpoints_load(web->o.store, job.id, &points, NULL);
    if (rc) {
        job_release(&job);
        page_failure(request, rc);
        return;
    }
    data = report_job_json(web->o.report, &job, true);
    set_usd(data, job.cost_microusd);
    set_group(data, job.state);
    (void)json_object_set_new(data, "final", json_boolean(job_state_is_final(job.state)));
    (void)json_object_set_new(data, "version", json_string(VDO_VERSION));
    (void)json_object_set_new(data, "description", description_html(points));
    (void)json_object_set_new(data, "logs", log_lines(web, job.id));
    (void)json_object_set_new(data, "diff", diff_lines(js_str(points, "deliver.diff", "")));
    set_branch_url(web, &job, data);
    set_flag(data, "has_criteria", "criteria");
    set_flag(data, "has_tasks", "tasks");
    set_flag(data, "has_verdict", "verdict");
    set_flag(data, "has_files", "files");
    set_flag(data, "has_findings", "findings");
    set_flag(data, "has_usage", "usage");
    set_flag(data, "has_diff", "diff");
    job_release(&job);
    render(request, 200, "pages/job.html", data);
}

void route_asset(struct http_request *request, void *arg)
{
    static const struct {
        const char *name;
        const char *type;
    } files[] = {{"style.css", "text/css; charset=utf-8"},
                 {"live.js", "text/javascript; charset=utf-8"}};
    const char *name = http_request_param(request, "name");

    (void)arg;
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        AUTO_FREE char *asset = xasprintf("templates/pages/%s", files[i].name);
        AUTO_FREE char *bytes = NULL;
        size_t len;

        if (strcmp(files[i].name, name) != 0 || assets_load(asset, &bytes, &len, NULL))
            continue;
        answer_page(request, 200, files[i].type, bytes, len);
        return;
    }
    http_respond_error(request, 404, "not_found", "there is no such file");
}
