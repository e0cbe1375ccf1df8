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
