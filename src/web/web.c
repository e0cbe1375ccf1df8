#include "web_internal.h"

#include "vdo/base/limits.h"
#include "vdo/base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_ROUTES = 24 };

struct web_server {
    struct web web; /* first: handlers get it */
    struct http_route routes[MAX_ROUTES];
    size_t n_routes;
};

static void add(struct web_server *s, const char *method, const char *pattern, size_t max_body,
                http_handler_fn handler)
{
    s->routes[s->n_routes++] = (struct http_route){.method = method,
                                                   .pattern = pattern,
                                                   .max_body = max_body,
                                                   .handler = handler,
                                                   .arg = &s->web};
}

static void add_routes(struct web_server *s)
{
    add(s, "POST", s->web.o.config->webhook_path, VDO_MAX_WEBHOOK_BODY, route_webhook);
    add(s, "GET", "/", 0, route_page_list);
    add(s, "GET", "/jobs/{id}", 0, route_page_job);
    add(s, "GET", "/assets/{name}", 0, route_asset);
    add(s, "GET", "/events", 0, route_events);
    add(s, "GET", "/api/jobs", 0, route_api_jobs);
    add(s, "POST", "/api/jobs", VDO_MAX_API_BODY, route_api_jobs_post);
    add(s, "GET", "/api/jobs/{id}", 0, route_api_job);
    add(s, "GET", "/api/jobs/{id}/tasks", 0, route_api_job_tasks);
    add(s, "GET", "/api/jobs/{id}/calls", 0, route_api_job_calls);
    add(s, "GET", "/api/jobs/{id}/logs", 0, route_api_job_logs);
    add(s, "GET", "/api/deliveries", 0, route_api_deliveries);
    add(s, "GET", "/api/providers", 0, route_api_providers);
    add(s, "GET", "/api/stats", 0, route_api_stats);
    add(s, "GET", "/healthz", 0, route_healthz);
    add(s, "GET", "/readyz", 0, route_readyz);
    add(s, "GET", "/metrics", 0, route_metrics);
    add(s, "GET", "/about", 0, route_about);
}

int web_start(const struct web_options *options, struct web **out, struct err *err)
{
    struct web_server *s = xcalloc(1, sizeof(*s));
    struct http_server_options server = {.listen = options->config->listen,
                                         .routes = s->routes,
                                         .threads = (unsigned)options->config->webhook_threads,
                                         .on_done = metrics_request};
    int rc;

    s->web.o = *options;
    s->web.metrics = metrics_new();
    atomic_init(&s->web.holders, 1);
    s->web.started_ms = clock_now_ms(options->clock);
    add_routes(s);
    server.n_routes = s->n_routes;
    server.on_done_arg = s->web.metrics;
    rc = http_server_start(&server, &s->web.server, err);
    if (rc) {
        web_release(&s->web);
        return rc;
    }
    *out = &s->web;
    return VDO_OK;
}

const char *web_url(const struct web *web)
{
    return http_server_url(web->server);
}

void web_stop(struct web *web, int64_t grace_ms)
{
    if (!web)
        return;
    http_server_stop(web->server, grace_ms);
    web_release(web);
}
