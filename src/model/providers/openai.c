#include "openai.h"

#include "vdo/base/mem.h"
#include "vdo/json/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void openai_headers(const struct config_provider *provider, struct wire_headers *out)
{
    if (!secret_is_set(&provider->key))
        return;
    if (wire_host_ends(provider->base_url, "openai.azure.com"))
        wire_header_add(out, "api-key", "", secret_reveal(&provider->key));
    else
        wire_header_add(out, "Authorization", "Bearer ", secret_reveal(&provider->key));
}

char *openai_models_url(const struct config_provider *provider)
{
    return wire_url(provider->base_url, "/models");
}

const json_t *openai_find_model(const json_t *list, const char *model)
{
    size_t len = strlen(model);
    const json_t *data = json_object_get(list, "data");
    const json_t *one;
    size_t i;

    json_array_foreach (data, i, one) {
        const char *id = js_str(one, "id", "");

        if (strncmp(id, model, len) == 0 && (!id[len] || strcmp(id + len, ":latest") == 0))
            return one;
    }
    return NULL;
}

/* Codes are strings at OpenAI and numbers (the HTTP status) at llama.cpp and OpenRouter. */
static void read_code(const json_t *code, struct wire_error *out)
{
    if (json_is_string(code)) {
        out->code = json_string_value(code);
    } else if (json_is_integer(code)) {
        json_int_t number = json_integer_value(code);

        (void)snprintf(out->code_text, sizeof(out->code_text), "%lld", (long long)number);
        if (number >= 400 && number < 600)
            out->status = (int)number;
    }
}

static int status_of(const char *code, const char *type)
{
    static const struct {
        const char *name;
        int status;
    } table[] = {
        {"server_error", 500},
        {"rate_limit_exceeded", 429},
        {"slow_down", 429},
        {"server_is_overloaded", 503},
        {"invalid_api_key", 401},
        {"model_not_found", 404},
        {"invalid_request_error", 400},
        {"invalid_prompt", 400},
        {"bio_policy", 400},
        {"misalignment_policy_violation", 400},
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        if (strcmp(code, table[i].name) == 0 || strcmp(type, table[i].name) == 0)
            return table[i].status;
    }
    return 0;
}

void openai_error(const json_t *body, struct wire_error *out)
{
    const json_t *error = json_object_get(body, "error");

    if (json_is_string(error)) { /* Ollama's own form */
        out->message = json_string_value(error);
        return;
    }
    if (!json_is_object(error))
        error = body; /* the error event of Responses, and FastAPI's {"detail": ...} */
    out->type = js_str(error, "type", "");
    if (strcmp(out->type, "error") == 0)
        out->type = "";
    out->message = js_str(error, "message", js_str(error, "detail", ""));
    out->parameter = js_str(error, "param", "");
    read_code(json_object_get(error, "code"), out);
    if (!out->status)
        out->status = status_of(out->code, out->type);
    /* {"detail": [{"loc": ["body", "stream_options"], "msg": "extra fields not permitted"}]} */
    if (!*out->message) {
        out->message = js_str(error, "detail.0.msg", "");
        out->parameter = js_str(error, "detail.0.loc.1", "");
    }
}

void openai_chat_usage(struct wire_answer *answer, const json_t *usage)
{
    struct usage *to = &answer->usage;
    double cost = js_num(usage, "cost", -1);

    if (!json_is_object(usage) || js_int(usage, "prompt_tokens", -1) < 0)
        return;
    answer->usage_seen = true;
    to->cache_read = js_int(usage, "prompt_tokens_details.cached_tokens", 0);
    to->cache_write = js_int(usage, "prompt_tokens_details.cache_write_tokens", 0);
    to->input = js_int(usage, "prompt_tokens", 0) - to->cache_read - to->cache_write;
    if (to->input < 0)
        to->input = 0;
    to->output = js_int(usage, "completion_tokens", 0);
    to->reasoning = js_int(usage, "completion_tokens_details.reasoning_tokens", 0);
    if (cost >= 0 && cost < 1e6) /* OpenRouter says in dollars what it has charged */
        answer->reported_microusd = (int64_t)ceil(cost * 1e6 - 1e-6);
}

char *openai_args(const struct block *call)
{
    json_auto_t *args = NULL;

    /* As received where it is JSON: the server's cache goes by bytes. */
    if (call->args && call->args_raw && *call->args_raw)
        return xstrdup(call->args_raw);
    args = wire_args(call);
    return json_dumps(args, JSON_COMPACT);
}
