#include "web_internal.h"

#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/base/strbuf.h"
#include "vdo/json/json.h"
#include "vdo/model/model.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/*
 * Prometheus text format 0.0.4. Own code, because Debian has no client library for C. Labels come
 * from fixed sets (route patterns, status classes, outcomes), so their number is bounded.
 */

static const int64_t bounds_us[] = {1000, 5000, 10000, 50000, 100000, 500000, 1000000, 5000000};
enum { BUCKETS = sizeof(bounds_us) / sizeof(bounds_us[0]), MAX_SERIES = 128, MAX_OUTCOMES = 8 };

struct series {
    const char *route; /* borrowed from the route table */
    int status_class;  /* 2 .. 5 */
    uint64_t count;
    uint64_t sum_us;
    uint64_t bucket[BUCKETS];
};

struct metrics {
    pthread_mutex_t lock; /* guards all below */
    struct series series[MAX_SERIES];
    size_t n_series;
    struct {
        const char *name;
        uint64_t count;
    } outcome[MAX_OUTCOMES];
    size_t n_outcomes;
};

struct metrics *metrics_new(void)
{
    struct metrics *m = xcalloc(1, sizeof(*m));

    (void)pthread_mutex_init(&m->lock, NULL);
    return m;
}

void metrics_free(struct metrics *metrics)
{
    if (!metrics)
        return;
    (void)pthread_mutex_destroy(&metrics->lock);
    free(metrics);
}

static struct series *find_series(struct metrics *m, const char *route, int status_class)
{
    for (size_t i = 0; i < m->n_series; i++) {
        if (m->series[i].status_class == status_class && strcmp(m->series[i].route, route) == 0)
            return &m->series[i];
    }
    if (m->n_series == MAX_SERIES)
        return NULL;
    m->series[m->n_series] = (struct series){.route = route, .status_class = status_class};
    return &m->series[m->n_series++];
}

void metrics_request(void *arg, const char *route_pattern, int status, int64_t duration_us)
{
    struct metrics *m = arg;
    struct series *s;

    (void)pthread_mutex_lock(&m->lock);
    s = find_series(m, route_pattern ? route_pattern : "(none)", status / 100);
    if (s) {
        s->count++;
        s->sum_us += (uint64_t)duration_us;
        for (size_t i = 0; i < BUCKETS; i++)
            s->bucket[i] += duration_us <= bounds_us[i];
    }
    (void)pthread_mutex_unlock(&m->lock);
}

void metrics_delivery(struct metrics *metrics, const char *outcome)
{
    size_t i = 0;

    (void)pthread_mutex_lock(&metrics->lock);
    while (i < metrics->n_outcomes && strcmp(metrics->outcome[i].name, outcome) != 0)
        i++;
    if (i == metrics->n_outcomes && i < MAX_OUTCOMES)
        metrics->outcome[metrics->n_outcomes++].name = outcome;
    if (i < MAX_OUTCOMES)
        metrics->outcome[i].count++;
    (void)pthread_mutex_unlock(&metrics->lock);
}

static void write_series(const struct series *s, struct strbuf *out)
{
    for (size_t i = 0; i < BUCKETS; i++)
        (void)strbuf_addf(
            out,
            "vdo_http_request_duration_seconds_bucket{route=\"%s\",code=\"%dxx\",le=\"%g\"} %llu\n",
            s->route, s->status_class, (double)bounds_us[i] / 1e6,
            (unsigned long long)s->bucket[i]);
    (void)strbuf_addf(
        out,
        "vdo_http_request_duration_seconds_bucket{route=\"%s\",code=\"%dxx\",le=\"+Inf\"} %llu\n"
        "vdo_http_request_duration_seconds_sum{route=\"%s\",code=\"%dxx\"} %.6f\n"
        "vdo_http_request_duration_seconds_count{route=\"%s\",code=\"%dxx\"} %llu\n",
        s->route, s->status_class, (unsigned long long)s->count, s->route, s->status_class,
        (double)s->sum_us / 1e6, s->route, s->status_class, (unsigned long long)s->count);
}

void metrics_write(struct metrics *metrics, struct strbuf *out)
{
    (void)pthread_mutex_lock(&metrics->lock);
    (void)strbuf_adds(out, "# HELP vdo_http_request_duration_seconds Time to answer a request.\n"
                           "# TYPE vdo_http_request_duration_seconds histogram\n");
    for (size_t i = 0; i < metrics->n_series; i++)
        write_series(&metrics->series[i], out);
    (void)strbuf_adds(out, "# HELP vdo_webhook_deliveries_total Webhook deliveries by outcome.\n"
                           "# TYPE vdo_webhook_deliveries_total counter\n");
    for (size_t i = 0; i < metrics->n_outcomes; i++)
        (void)strbuf_addf(out, "vdo_webhook_deliveries_total{outcome=\"%s\"} %llu\n",
                          metrics->outcome[i].name, (unsigned long long)metrics->outcome[i].count);
    (void)pthread_mutex_unlock(&metrics->lock);
}

static void write_states(const json_t *stats, const char *member, const char *metric,
                         const char *help, struct strbuf *out)
{
    const char *state;
    json_t *count;

    (void)strbuf_addf(out, "# HELP %s %s\n# TYPE %s gauge\n", metric, help, metric);
    json_object_foreach (js_at(stats, member), state, count)
        (void)strbuf_addf(out, "%s{state=\"%s\"} %lld\n", metric, state,
                          (long long)json_integer_value(count));
}

/* One member of every provider's report; names of providers have letters, digits, - and _ only. */
static void write_provider_numbers(const json_t *report, const char *member, double scale,
                                   const char *metric, const char *type, const char *help,
                                   struct strbuf *out)
{
    const json_t *one;
    size_t i;

    (void)strbuf_addf(out, "# HELP %s %s\n# TYPE %s %s\n", metric, help, metric, type);
    json_array_foreach (report, i, one)
        (void)strbuf_addf(out, "%s{provider=\"%s\"} %.10g\n", metric, js_str(one, "name", ""),
                          js_num(one, member, 0) * scale);
}

static void write_provider_latency(const json_t *report, struct strbuf *out)
{
    const json_t *one;
    size_t i;

    (void)strbuf_adds(out, "# HELP vdo_model_latency_seconds Time of the last 64 answers.\n"
                           "# TYPE vdo_model_latency_seconds summary\n");
    json_array_foreach (report, i, one) {
        static const char *const quantiles[][2] = {
            {"latency_ms.p50", "0.5"}, {"latency_ms.p95", "0.95"}, {"latency_ms.p99", "0.99"}};

        for (size_t q = 0; q < 3 && json_is_object(json_object_get(one, "latency_ms")); q++)
            (void)strbuf_addf(
                out, "vdo_model_latency_seconds{provider=\"%s\",quantile=\"%s\"} %.3f\n",
                js_str(one, "name", ""), quantiles[q][1], js_num(one, quantiles[q][0], 0) / 1e3);
    }
}

static void write_provider_breakers(const json_t *report, struct strbuf *out)
{
    static const char *const states[] = {"closed", "open", "half_open"};
    const json_t *one;
    size_t i;

    (void)strbuf_adds(out, "# HELP vdo_model_breaker The state that a provider's breaker is in.\n"
                           "# TYPE vdo_model_breaker gauge\n");
    json_array_foreach (report, i, one) {
        for (size_t s = 0; s < sizeof(states) / sizeof(states[0]); s++)
            (void)strbuf_addf(out, "vdo_model_breaker{provider=\"%s\",state=\"%s\"} %d\n",
                              js_str(one, "name", ""), states[s],
                              strcmp(js_str(one, "breaker", ""), states[s]) == 0);
    }
}

static void write_providers(struct model *model, struct strbuf *out)
{
    json_auto_t *report = model ? model_report(model) : json_array();

    write_provider_numbers(report, "calls", 1, "vdo_model_calls_total", "counter",
                           "Calls of a provider that ended.", out);
    write_provider_numbers(report, "failures", 1, "vdo_model_failures_total", "counter",
                           "Calls of a provider that failed.", out);
    write_provider_numbers(report, "under_way", 1, "vdo_model_calls_under_way", "gauge",
                           "Calls of a provider at this moment.", out);
    write_provider_numbers(report, "last_ok_ms", 1e-3, "vdo_model_last_success_seconds", "gauge",
                           "When a provider answered last, since the epoch; 0: never.", out);
    write_provider_breakers(report, out);
    write_provider_latency(report, out);
}

void route_metrics(struct http_request *request, void *arg)
{
    struct web *web = arg;
    AUTO_STRBUF out = {0};
    json_auto_t *stats = NULL;
    struct http_answer answer = {.status = 200,
                                 .content_type = "text/plain; version=0.0.4; charset=utf-8"};

    strbuf_init(&out, VDO_MIB);
    metrics_write(web->metrics, &out);
    if (store_stats(web->o.store, &stats, NULL) == VDO_OK) {
        write_states(stats, "jobs", "vdo_jobs", "Jobs by state.", &out);
        write_states(stats, "deliveries", "vdo_deliveries", "Stored deliveries by state.", &out);
        write_states(stats, "outbox", "vdo_outbox_rows", "Writes to the forge by state.", &out);
        (void)strbuf_addf(&out,
                          "# HELP vdo_cost_usd_total Settled cost of all model calls.\n"
                          "# TYPE vdo_cost_usd_total counter\nvdo_cost_usd_total %.6f\n",
                          js_num(stats, "cost_usd", 0));
    }
    write_providers(web->o.model, &out);
    (void)strbuf_addf(
        &out,
        "# HELP vdo_live_streams Browsers that follow along.\n# TYPE vdo_live_streams gauge\n"
        "vdo_live_streams %d\n# HELP vdo_build_info Version of this program.\n"
        "# TYPE vdo_build_info gauge\nvdo_build_info{version=\"%s\"} 1\n",
        atomic_load(&web->streams), VDO_VERSION);
    answer.body = out.ptr;
    answer.body_len = out.len;
    http_respond(request, &answer);
}
