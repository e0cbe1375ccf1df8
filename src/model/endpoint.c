#include "endpoint.h"

#include "protocols.h"

#include "vdo/base/mem.h"
#include "vdo/json/json.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { POLL_MS = 20, LONGEST_QUEUE_MS = 60000, HEALTH_EVERY_MS = 30000 };

void endpoint_init(struct endpoint *endpoint, const struct config_provider *config)
{
    pthread_condattr_t attr;

    *endpoint = (struct endpoint){.config = config, .ops = protocol_ops(config->api)};
    (void)pthread_mutex_init(&endpoint->lock, NULL);
    (void)pthread_condattr_init(&attr);
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&endpoint->freed, &attr);
    (void)pthread_condattr_destroy(&attr);
}

void endpoint_release(struct endpoint *endpoint)
{
    (void)pthread_cond_destroy(&endpoint->freed);
    (void)pthread_mutex_destroy(&endpoint->lock);
}

struct endpoint *endpoint_find(struct model *model, const char *name)
{
    for (size_t i = 0; i < model->n_endpoints; i++) {
        if (strcmp(model->endpoint[i].config->name, name) == 0)
            return &model->endpoint[i];
    }
    return NULL;
}

const char *endpoint_model(const struct endpoint *endpoint)
{
    if (endpoint->config->model && *endpoint->config->model)
        return endpoint->config->model;
    return endpoint->ops ? "" : "script";
}

bool session_cancelled(const struct model_session *session)
{
    return session->cancel && atomic_load(session->cancel);
}

bool session_wait(const struct model_session *session, int64_t ms)
{
    const struct clock *clock = session->model->clock;
    int64_t until = clock_mono_ms(clock) + ms;

    while (!session_cancelled(session)) {
        if (clock_mono_ms(clock) >= until)
            return true;
        (void)poll(NULL, 0, POLL_MS);
    }
    return false;
}

/* With the lock held. */
static bool wait_for_place(struct endpoint *endpoint, const struct model_session *session)
{
    const struct clock *clock = session->model->clock;
    int64_t until = clock_mono_ms(clock) + LONGEST_QUEUE_MS;
    int64_t most = endpoint->config->max_concurrent > 0 ? endpoint->config->max_concurrent : 8;

    while (endpoint->under_way >= most) {
        struct timespec when;

        if (session_cancelled(session) || clock_mono_ms(clock) >= until)
            return false;
        (void)clock_gettime(CLOCK_MONOTONIC, &when);
        when.tv_nsec += 50000000;
        if (when.tv_nsec >= 1000000000) {
            when.tv_nsec -= 1000000000;
            when.tv_sec++;
        }
        (void)pthread_cond_timedwait(&endpoint->freed, &endpoint->lock, &when);
    }
    return true;
}

static bool lacks_key(const struct config_provider *config)
{
    return config->api != PROVIDER_SCRIPT && !secret_is_set(&config->key) && config->base_url &&
           !url_is_loopback(config->base_url) && config->api != PROVIDER_OPENAI_CHAT;
}

bool endpoint_enter(struct endpoint *endpoint, const struct model_session *session,
                    struct failure *failure)
{
    int64_t now = clock_now_ms(session->model->clock);
    int64_t pause = 0;
    bool entered = false;

    if (lacks_key(endpoint->config)) {
        failure_set(failure, FAIL_KEY, false, "no key is configured");
        return false;
    }
    (void)pthread_mutex_lock(&endpoint->lock);
    if (now < endpoint->hold_until_ms) {
        pause = endpoint->hold_until_ms - now;
        failure_set(failure, FAIL_BUSY, false, "asked for a pause, %lld s are left",
                    (long long)(pause / 1000));
    } else if (breaker_state(&endpoint->breaker, now) == BREAKER_OPEN) {
        pause = endpoint->breaker.open_until_ms - now;
        failure_set(failure, FAIL_BUSY, false, "failed too often, next try in %lld s; last: %.200s",
                    (long long)(pause / 1000), endpoint->last_error);
    } else if (!wait_for_place(endpoint, session)) {
        pause = 1000;
        failure_set(failure, FAIL_BUSY, false, "all of its max_concurrent calls are under way");
    } else if (!breaker_allows(&endpoint->breaker, clock_now_ms(session->model->clock))) {
        pause = 5000;
        failure_set(failure, FAIL_BUSY, false, "is being tried by another call; last: %.200s",
                    endpoint->last_error);
    } else {
        endpoint->under_way++;
        entered = true;
    }
    (void)pthread_mutex_unlock(&endpoint->lock);
    if (!entered)
        failure->retry_after_ms = pause;
    return entered;
}

/* With the lock held. */
static void count_outcome(struct endpoint *endpoint, int64_t now_ms, int64_t latency_ms,
                          const struct failure *failure)
{
    endpoint->calls++;
    if (!failure) {
        breaker_record(&endpoint->breaker, true, now_ms);
        endpoint->last_ok_ms = now_ms;
        endpoint->latency_ms[endpoint->n_latencies++ % ENDPOINT_LATENCIES] = latency_ms;
        return;
    }
    endpoint->failures++;
    endpoint->last_error_ms = now_ms;
    (void)snprintf(endpoint->last_error, sizeof(endpoint->last_error), "%s", failure->text);
    /* A rate limit is a healthy server's answer; its waits are kept by other means. */
    if (failure_is_ill_health(failure) && failure->status != 429)
        breaker_record(&endpoint->breaker, false, now_ms);
    else
        breaker_forget(&endpoint->breaker);
}

void endpoint_done(struct endpoint *endpoint, int64_t now_ms, int64_t latency_ms,
                   const struct failure *failure)
{
    (void)pthread_mutex_lock(&endpoint->lock);
    endpoint->under_way--;
    if (failure && (failure->kind == FAIL_LOCAL || failure->kind == FAIL_LIMIT))
        breaker_forget(&endpoint->breaker);
    else
        count_outcome(endpoint, now_ms, latency_ms, failure);
    (void)pthread_cond_signal(&endpoint->freed);
    (void)pthread_mutex_unlock(&endpoint->lock);
}

void endpoint_hold(struct endpoint *endpoint, int64_t until_ms)
{
    (void)pthread_mutex_lock(&endpoint->lock);
    if (until_ms > endpoint->hold_until_ms)
        endpoint->hold_until_ms = until_ms;
    (void)pthread_mutex_unlock(&endpoint->lock);
}

bool endpoint_is_open(struct endpoint *endpoint, int64_t now_ms)
{
    bool open;

    (void)pthread_mutex_lock(&endpoint->lock);
    open = breaker_state(&endpoint->breaker, now_ms) == BREAKER_OPEN;
    (void)pthread_mutex_unlock(&endpoint->lock);
    return open;
}

unsigned endpoint_adjusted(struct endpoint *endpoint)
{
    unsigned adjusted;

    (void)pthread_mutex_lock(&endpoint->lock);
    adjusted = endpoint->adjusted;
    (void)pthread_mutex_unlock(&endpoint->lock);
    return adjusted;
}

bool endpoint_adjust(struct endpoint *endpoint, int index)
{
    unsigned bit = 1U << index;
    bool is_new;

    (void)pthread_mutex_lock(&endpoint->lock);
    is_new = !(endpoint->adjusted & bit);
    endpoint->adjusted |= bit;
    (void)pthread_mutex_unlock(&endpoint->lock);
    return is_new;
}

void endpoint_refuses_tools(struct endpoint *endpoint)
{
    (void)pthread_mutex_lock(&endpoint->lock);
    endpoint->refused_tools = true;
    (void)pthread_mutex_unlock(&endpoint->lock);
}

bool endpoint_takes_tools(struct endpoint *endpoint)
{
    bool takes;

    (void)pthread_mutex_lock(&endpoint->lock);
    takes = endpoint->config->tools && !endpoint->refused_tools;
    (void)pthread_mutex_unlock(&endpoint->lock);
    return takes;
}

void endpoint_learn_pace(struct endpoint *endpoint, const struct http_result *http, int64_t now_ms)
{
    (void)pthread_mutex_lock(&endpoint->lock);
    pace_learn(&endpoint->pace, http, now_ms);
    (void)pthread_mutex_unlock(&endpoint->lock);
}

bool endpoint_pace(struct endpoint *endpoint, const struct model_session *session, int64_t tokens,
                   struct failure *failure)
{
    int64_t waited = 0;

    for (;;) {
        int64_t wait;

        (void)pthread_mutex_lock(&endpoint->lock);
        wait = pace_take(&endpoint->pace, tokens, clock_now_ms(session->model->clock));
        (void)pthread_mutex_unlock(&endpoint->lock);
        if (wait == 0)
            return true;
        if (waited + wait > FAILURE_MAX_WAIT_MS) {
            failure_set(failure, FAIL_BUSY, false,
                        "its rate limit is used up, there is room again in %lld s",
                        (long long)(wait + 999) / 1000);
            failure->status = 429;
            failure->retry_after_ms = wait;
            return false;
        }
        if (!session_wait(session, wait)) {
            failure_set(failure, FAIL_LOCAL, false, "cancelled");
            return false;
        }
        waited += wait;
    }
}

void endpoint_cannot_count(struct endpoint *endpoint)
{
    (void)pthread_mutex_lock(&endpoint->lock);
    endpoint->cannot_count = true;
    (void)pthread_mutex_unlock(&endpoint->lock);
}

bool endpoint_can_count(struct endpoint *endpoint)
{
    bool can;

    (void)pthread_mutex_lock(&endpoint->lock);
    can = !endpoint->cannot_count;
    (void)pthread_mutex_unlock(&endpoint->lock);
    return can;
}

void endpoint_note_cost(struct endpoint *endpoint, int64_t named, int64_t listed)
{
    double above = listed > 0 ? ((double)named / (double)listed - 1) * 1e6 : 0;

    if (above <= 0)
        return;
    (void)pthread_mutex_lock(&endpoint->lock);
    if (above > (double)endpoint->dearer_ppm)
        endpoint->dearer_ppm = above < 1e9 ? (int64_t)above + 1 : 1000000000;
    (void)pthread_mutex_unlock(&endpoint->lock);
}

int64_t endpoint_worst(struct endpoint *endpoint, int64_t listed)
{
    int64_t ppm;

    (void)pthread_mutex_lock(&endpoint->lock);
    ppm = endpoint->dearer_ppm;
    (void)pthread_mutex_unlock(&endpoint->lock);
    return ppm ? listed + (int64_t)((double)listed * (double)ppm / 1e6) + 1 : listed;
}

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static json_t *latencies(const struct endpoint *endpoint)
{
    int64_t sorted[ENDPOINT_LATENCIES];
    size_t n =
        endpoint->n_latencies < ENDPOINT_LATENCIES ? endpoint->n_latencies : ENDPOINT_LATENCIES;

    if (n == 0)
        return json_null();
    memcpy(sorted, endpoint->latency_ms, n * sizeof(sorted[0]));
    qsort(sorted, n, sizeof(sorted[0]), by_size);
    return json_pack("{s:I, s:I, s:I}", "p50", (json_int_t)sorted[n / 2], "p95",
                     (json_int_t)sorted[n * 95 / 100], "p99", (json_int_t)sorted[n * 99 / 100]);
}

static json_t *report_one(struct endpoint *endpoint, int64_t now_ms)
{
    json_t *out;
    enum breaker_state state;

    (void)pthread_mutex_lock(&endpoint->lock);
    state = breaker_state(&endpoint->breaker, now_ms);
    if (state == BREAKER_CLOSED && now_ms < endpoint->hold_until_ms)
        state = BREAKER_OPEN;
    out = json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:s, s:I, s:I, s:I, s:o}", "name",
                    endpoint->config->name, "api", protocol_name(endpoint->config->api), "model",
                    endpoint_model(endpoint), "base_url",
                    endpoint->config->base_url ? endpoint->config->base_url : "", "breaker",
                    breaker_state_name(state), "last_ok_ms", (json_int_t)endpoint->last_ok_ms,
                    "last_error_ms", (json_int_t)endpoint->last_error_ms, "last_error",
                    endpoint->last_error, "under_way", (json_int_t)endpoint->under_way, "calls",
                    (json_int_t)endpoint->calls, "failures", (json_int_t)endpoint->failures,
                    "latency_ms", latencies(endpoint));
    (void)pthread_mutex_unlock(&endpoint->lock);
    return out;
}

/* True at most once in HEALTH_EVERY_MS. */
static bool is_due(struct model *model, int64_t now_ms)
{
    int64_t last = atomic_load(&model->health_at_ms);

    return now_ms - last >= HEALTH_EVERY_MS &&
           atomic_compare_exchange_strong(&model->health_at_ms, &last, now_ms);
}

void model_keep_health(struct model *model, bool now)
{
    json_auto_t *report = NULL;
    json_t *one;
    size_t i;

    if (!model->store || !(now || is_due(model, clock_now_ms(model->clock))))
        return;
    report = model_report(model);
    /* Only what people look at: a store that cannot take it says so at the next call's record. */
    json_array_foreach (report, i, one) {
        if (js_int(one, "calls", 0) > 0)
            (void)store_doc_put(model->store, MODEL_HEALTH_KIND, js_str(one, "name", ""), one,
                                NULL);
    }
}

json_t *model_report(struct model *model)
{
    json_t *out = json_array();
    int64_t now = clock_now_ms(model->clock);

    for (size_t i = 0; i < model->n_endpoints; i++)
        (void)json_array_append_new(out, report_one(&model->endpoint[i], now));
    return out;
}
