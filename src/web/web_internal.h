/*
 * web_internal: what the route files share. Used inside web only.
 */
#ifndef VDO_WEB_WEB_INTERNAL_H
#define VDO_WEB_WEB_INTERNAL_H

#include "vdo/http/server.h"
#include "vdo/web/web.h"

#include <stdatomic.h>

#include "vdo/base/strbuf.h"

struct metrics;

struct web {
    struct web_options o;
    struct http_server *server;
    struct metrics *metrics;
    int64_t started_ms;
    atomic_int streams; /* open live streams */
    atomic_int holders; /* the server, and each delivery that is on its way to the disk */
};

/* Keep the web while another thread has to come back to it: the store may answer after web_stop().
 */
struct web *web_hold(struct web *web);
void web_release(struct web *web);

/* Handlers, one subject a file; arg is the struct web. */
void route_webhook(struct http_request *request, void *arg);
void route_api_jobs(struct http_request *request, void *arg);
void route_api_job(struct http_request *request, void *arg);
void route_api_job_tasks(struct http_request *request, void *arg);
void route_api_job_calls(struct http_request *request, void *arg);
void route_api_job_logs(struct http_request *request, void *arg);
void route_api_jobs_post(struct http_request *request, void *arg);
void route_api_deliveries(struct http_request *request, void *arg);
void route_api_providers(struct http_request *request, void *arg);
void route_api_stats(struct http_request *request, void *arg);
void route_page_list(struct http_request *request, void *arg);
void route_page_job(struct http_request *request, void *arg);
void route_asset(struct http_request *request, void *arg);
void route_events(struct http_request *request, void *arg);
void route_healthz(struct http_request *request, void *arg);
void route_readyz(struct http_request *request, void *arg);
void route_metrics(struct http_request *request, void *arg);
void route_about(struct http_request *request, void *arg);

/* Answer with JSON; takes the value. */
void answer_json(struct http_request *request, int status, json_t *value_taken);
/* The status and code that fit a failed call: 404 not_found, 400 invalid, 503 busy, 500 internal.
 * Texts of ours only, no payloads. */
void answer_failure(struct http_request *request, int rc, const struct err *err);
/* A query value as a whole number within bounds; fallback when absent. False: answered with 400. */
bool query_int(struct http_request *request, const char *name, int64_t least, int64_t most,
               int64_t fallback, int64_t *out);

/* ---- metrics.c ---- */

struct metrics *metrics_new(void);
void metrics_free(struct metrics *metrics);
/* Signature of http_server_options.on_done; arg is the struct metrics. */
void metrics_request(void *arg, const char *route_pattern, int status, int64_t duration_us);
/* A delivery's outcome: accepted duplicate rejected_signature rejected_other unavailable. */
void metrics_delivery(struct metrics *metrics, const char *outcome);
void metrics_write(struct metrics *metrics, struct strbuf *out);

#endif
