#include "vdo/report/report.h"

#include "vdo/json/json.h"

#include <stdlib.h>
#include <string.h>

static json_t *usage_of(json_t *list, const struct model_call *call)
{
    size_t i;
    json_t *item;

    json_array_foreach (list, i, item) {
        if (strcmp(js_str(item, "provider", ""), call->provider) == 0 &&
            strcmp(js_str(item, "model", ""), call->model) == 0)
            return item;
    }
    item = json_pack("{s:s, s:s}", "provider", call->provider, "model", call->model);
    (void)json_array_append_new(list, item);
    return item;
}

static void raise(json_t *item, const char *name, int64_t by)
{
    (void)json_object_set_new(item, name, json_integer(js_int(item, name, 0) + by));
}

json_t *report_usage(struct store *store, const char *job_id)
{
    struct model_call *calls = NULL;
    size_t n = 0;
    json_t *list = json_array();
    size_t i;
    json_t *item;

    if (store_call_list(store, job_id, false, &calls, &n, NULL))
        return list;
    for (size_t c = 0; c < n; c++) {
        item = usage_of(list, &calls[c]);
        raise(item, "calls", 1);
        raise(item, "input_tokens", calls[c].input_tokens);
        raise(item, "cache_read_tokens", calls[c].cache_read_tokens);
        raise(item, "cache_write_tokens", calls[c].cache_write_tokens);
        raise(item, "output_tokens", calls[c].output_tokens);
        raise(item, "estimated_calls", calls[c].estimated);
        raise(item, "cost_microusd", calls[c].cost_microusd);
        model_call_release(&calls[c]);
    }
    free(calls);
    json_array_foreach (list, i, item) {
        (void)json_object_set_new(item, "cost_usd",
                                  json_real(report_usd(js_int(item, "cost_microusd", 0))));
        (void)json_object_del(item, "cost_microusd");
    }
    return list;
}

/* How much of the prompt came out of the provider's cache. */
static double hit_share(const struct model_call *call)
{
    int64_t prompt = call->input_tokens + call->cache_read_tokens + call->cache_write_tokens;

    return prompt > 0 ? (double)call->cache_read_tokens / (double)prompt : 0;
}

static json_t *call_json(const struct model_call *call)
{
    char stamp[CLOCK_RFC3339_SIZE];

    return json_pack(
        "{s:I, s:s, s:s, s:s, s:s, s:s, s:i, s:b, s:b, s:I, s:I, s:I, s:I, s:f, s:f, s:I}", "id",
        (json_int_t)call->seq, "at", clock_rfc3339(call->at_ms, stamp, sizeof(stamp)), "step",
        call->step, "role", call->role, "provider", call->provider, "model", call->model, "attempt",
        call->attempt, "ok", call->ok, "estimated", call->estimated, "input_tokens",
        (json_int_t)call->input_tokens, "cache_read_tokens", (json_int_t)call->cache_read_tokens,
        "cache_write_tokens", (json_int_t)call->cache_write_tokens, "output_tokens",
        (json_int_t)call->output_tokens, "cache_hit_share", hit_share(call), "cost_usd",
        report_usd(call->cost_microusd), "latency_ms", (json_int_t)call->latency_ms);
}

int report_calls(struct store *store, const char *job_id, json_t **out, struct err *err)
{
    struct model_call *calls = NULL;
    size_t n = 0;
    int rc = store_call_list(store, job_id, false, &calls, &n, err);

    if (rc)
        return rc;
    *out = json_array();
    for (size_t i = 0; i < n; i++) {
        (void)json_array_append_new(*out, call_json(&calls[i]));
        model_call_release(&calls[i]);
    }
    free(calls);
    return VDO_OK;
}
