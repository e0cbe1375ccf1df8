#include "web_internal.h"

#include "vdo/base/mem.h"
#include "vdo/crypto/crypto.h"
#include "vdo/json/json.h"
#include "vdo/report/checkpoints.h"

#include <stdlib.h>
#include <string.h>

enum { DEFAULT_LIMIT = 50, MOST_LIMIT = 200, LOG_LIMIT = 500 };

static bool job_filter(struct http_request *request, struct job_filter *filter)
{
    const char *state = http_request_query(request, "state");
    enum job_state parsed;
    int64_t limit;

    *filter = (struct job_filter){.state = -1};
    if (state && *state) {
        if (!job_state_parse(state, &parsed)) {
            http_respond_error(request, 400, "invalid", "state: not a state of a job");
            return false;
        }
        filter->state = (int)parsed;
    }
    filter->repo = http_request_query(request, "repo");
    if (filter->repo && !*filter->repo)
        filter->repo = NULL;
    if (!query_int(request, "limit", 1, MOST_LIMIT, DEFAULT_LIMIT, &limit) ||
        !query_int(request, "after", 1, INT64_MAX, 0, &filter->before_seq))
        return false;
    filter->limit = (int)limit;
    return true;
}

void route_api_jobs(struct http_request *request, void *arg)
{
    struct web *web = arg;
    struct job_filter filter;
    struct job *jobs = NULL;
    struct err err = {0};
    json_t *list;
    json_t *next = NULL;
    size_t n = 0;
    int rc;

    if (!job_filter(request, &filter))
        return;
    rc = store_job_list(web->o.store, &filter, &jobs, &n, &err);
    if (rc) {
        answer_failure(request, rc, &err);
        return;
    }
    list = json_array();
    for (size_t i = 0; i < n; i++) {
        (void)json_array_append_new(list, report_job_json(web->o.report, &jobs[i], false));
        if (i + 1 == (size_t)filter.limit)
            next = json_sprintf("%lld", (long long)jobs[i].seq);
        job_release(&jobs[i]);
    }
    free(jobs);
    answer_json(request, 200,
                json_pack("{s:o, s:o}", "jobs", list, "next", next ? next : json_null()));
}

/* The job that the path names; false: answered. */
static bool find_job(struct http_request *request, struct web *web, struct job *job)
{
    struct err err = {0};
    int rc = store_job_get(web->o.store, http_request_param(request, "id"), job, &err);

    if (rc)
        answer_failure(request, rc, &err);
    return rc == VDO_OK;
}

void route_api_job(struct http_request *request, void *arg)
{
    struct web *web = arg;
    struct job job = {0};
    json_t *json;

    if (!find_job(request, web, &job))
        return;
    json = report_job_json(web->o.report, &job, true);
    job_release(&job);
    answer_json(request, 200, json);
}

void route_api_job_tasks(struct http_request *request, void *arg)
{
    struct web *web = arg;
    json_auto_t *points = NULL;
    struct job job = {0};
    struct err err = {0};
    json_t *tasks;
    json_t *criteria;
    int rc;

    if (!find_job(request, web, &job))
        return;
    rc = checkpoints_load(web->o.store, job.id, &points, &err);
    job_release(&job);
    if (rc) {
        answer_failure(request, rc, &err);
        return;
    }
    tasks = js_at(points, "plan.tasks");
    criteria = js_at(points, "refine.criteria");
    answer_json(request, 200,
                json_pack("{s:o, s:o, s:s}", "tasks", tasks ? json_incref(tasks) : json_array(),
                          "criteria", criteria ? json_incref(criteria) : json_array(), "summary",
                          js_str(points, "plan.summary", "")));
}

void route_api_job_calls(struct http_request *request, void *arg)
{
    struct web *web = arg;
    struct job job = {0};
    struct err err = {0};
    json_t *calls = NULL;
    int rc;

    if (!find_job(request, web, &job))
        return;
    rc = report_calls(web->o.store, job.id, &calls, &err);
    job_release(&job);
    if (rc)
        answer_failure(request, rc, &err);
    else
        answer_json(request, 200, json_pack("{s:o}", "calls", calls));
}

static json_t *log_json(const struct job_log *line)
{
    char stamp[CLOCK_RFC3339_SIZE];

    return json_pack("{s:I, s:s, s:s, s:s, s:o}", "id", (json_int_t)line->seq, "at",
                     clock_rfc3339(line->at_ms, stamp, sizeof(stamp)), "step", line->step, "level",
                     line->level, "text", js_string_lossy(line->text, strlen(line->text)));
}

void route_api_job_logs(struct http_request *request, void *arg)
{
    struct web *web = arg;
    struct job_log *lines = NULL;
    struct job job = {0};
    struct err err = {0};
    json_t *list;
    int64_t after;
    size_t n = 0;
    int rc;

    if (!query_int(request, "after", 0, INT64_MAX, 0, &after) || !find_job(request, web, &job))
        return;
    rc = store_log_list(web->o.store, job.id, after, LOG_LIMIT, &lines, &n, &err);
    job_release(&job);
    if (rc) {
        answer_failure(request, rc, &err);
        return;
    }
    list = json_array();
    for (size_t i = 0; i < n; i++) {
        after = lines[i].seq;
        (void)json_array_append_new(list, log_json(&lines[i]));
        job_log_release(&lines[i]);
    }
    free(lines);
    answer_json(request, 200,
                json_pack("{s:o, s:o}", "logs", list, "next",
                          n == LOG_LIMIT ? json_sprintf("%lld", (long long)after) : json_null()));
}

static bool delivery_state(struct http_request *request, int *out)
{
    const char *name = http_request_query(request, "state");

    *out = -1;
    if (!name || !*name)
        return true;
    for (int i = DELIVERY_PENDING; i <= DELIVERY_DEAD; i++) {
        if (strcmp(delivery_state_name((enum delivery_state)i), name) == 0)
            *out = i;
    }
    if (*out < 0)
        http_respond_error(request, 400, "invalid", "state: pending, done, failed or dead");
    return *out >= 0;
}

void route_api_deliveries(struct http_request *request, void *arg)
{
    struct web *web = arg;
    const char *guid = http_request_query(request, "guid");
    struct delivery *all = NULL;
    struct err err = {0};
    json_t *list;
    json_t *next = NULL;
    int64_t limit;
    int64_t after;
    size_t n = 0;
    int state;
    int rc;

    if (!delivery_state(request, &state) ||
        !query_int(request, "limit", 1, MOST_LIMIT, DEFAULT_LIMIT, &limit) ||
        !query_int(request, "after", 1, INT64_MAX, 0, &after))
        return;
    rc = store_delivery_list(web->o.store, guid && *guid ? guid : NULL, state, after, (int)limit,
                             &all, &n, &err);
    if (rc) {
        answer_failure(request, rc, &err);
        return;
    }
    list = json_array();
    for (size_t i = 0; i < n; i++) {
        (void)json_array_append_new(list, report_delivery_json(&all[i]));
        if (i + 1 == (size_t)limit)
            next = json_sprintf("%lld", (long long)all[i].seq);
        delivery_release(&all[i]);
    }
    free(all);
    answer_json(request, 200,
                json_pack("{s:o, s:o}", "deliveries", list, "next", next ? next : json_null()));
}

void route_api_providers(struct http_request *request, void *arg)
{
    struct web *web = arg;

    answer_json(request, 200, json_pack("{s:o}", "providers", model_report(web->o.model)));
}

void route_api_stats(struct http_request *request, void *arg)
{
    struct web *web = arg;
    json_t *stats = NULL;
    struct err err = {0};
    int rc = store_stats(web->o.store, &stats, &err);

    if (rc)
        answer_failure(request, rc, &err);
    else
        answer_json(request, 200, stats);
}

/* "Authorization: Bearer <server.api_token>", compared in constant time. */
static bool is_authorized(struct http_request *request, const struct config *config)
{
    static const char bearer[] = "Bearer ";
    const char *header = http_request_header(request, "Authorization", NULL);
    char given[SHA256_HEX_SIZE];
    char wanted[SHA256_HEX_SIZE];

    if (!secret_is_set(&config->api_token) || !header ||
        strncmp(header, bearer, sizeof(bearer) - 1) != 0)
        return false;
    header += sizeof(bearer) - 1;
    sha256_hex(header, strlen(header), given);
    sha256_hex(secret_reveal(&config->api_token), config->api_token.len, wanted);
    return bytes_equal(given, wanted, sizeof(given));
}

static int submit(struct web *web, const json_t *body, char *id, struct err *err)
{
    char workflow[] = "build";
    char type[] = "feature";
    char priority[] = "normal";
    const char *provider = js_str(body, "ai_provider", "");
    json_auto_t *facts = json_pack("{s:s}", "kind", "api");
    AUTO_FREE char *trigger = NULL;
    char none[] = "";
    char api[] = "api";
    struct job job = {.workflow = workflow,
                      .forge = web->o.config->forge,
                      .repo = (char *)(uintptr_t)js_str(body, "repo", ""),
                      .title = (char *)(uintptr_t)js_str(body, "title", ""),
                      .text = (char *)(uintptr_t)js_str(body, "description", ""),
                      .instructions = none,
                      .type = type,
                      .priority = priority,
                      .requester = strcmp(web->o.config->forge, "github") == 0 ? none : api,
                      .base_ref = (char *)(uintptr_t)js_str(body, "base", "")};

    if (!*job.repo || !*job.title)
        return err_set(err, VDO_E_INVALID, "repo and title are needed");
    if (strcmp(job.forge, "local") == 0 && job.repo[0] != '/')
        return err_set(err, VDO_E_INVALID, "repo: an absolute path is needed with forge: local");
    if (*provider && !config_find_provider(web->o.config, provider))
        return err_set(err, VDO_E_INVALID, "ai_provider: there is no provider '%.60s'", provider);
    if (*provider)
        (void)json_object_set_new(facts, "provider", json_string(provider));
    trigger = js_dump(facts);
    job.trigger = trigger;
    return jobs_submit(web->o.jobs, &job, NULL, 0, id, err);
}

void route_api_jobs_post(struct http_request *request, void *arg)
{
    struct web *web = arg;
    json_auto_t *body = NULL;
    struct err err = {0};
    struct job job = {0};
    char id[RAND_ID_SIZE];
    size_t len = 0;
    const char *bytes = http_request_body(request, &len);
    json_t *json;
    int rc;

    if (!secret_is_set(&web->o.config->api_token)) {
        http_respond_error(request, 403, "disabled",
                           "set server.api_token to allow jobs by the API");
        return;
    }
    if (!is_authorized(request, web->o.config)) {
        http_respond_error(request, 401, "token",
                           "Authorization: Bearer <server.api_token> is needed");
        return;
    }
    rc = js_parse(bytes, len, &body, &err);
    if (!rc)
        rc = submit(web, body, id, &err);
    if (!rc)
        rc = store_job_get(web->o.store, id, &job, &err);
    if (rc) {
        answer_failure(request, rc, &err);
        return;
    }
    json = report_job_json(web->o.report, &job, false);
    job_release(&job);
    answer_json(request, 201, json);
}
