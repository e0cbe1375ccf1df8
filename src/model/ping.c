#include "endpoint.h"
#include "script.h"

#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/json/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PING_TIMEOUT_MS = 20000 };

static void ping_script(const struct config_provider *config, struct model_ping *out)
{
    struct err why = {0};

    out->key_accepted = true;
    out->reachable = script_check(config, &why) == VDO_OK;
    out->model_known = out->reachable;
    (void)snprintf(out->detail, sizeof(out->detail), "%s",
                   out->reachable ? "a script, no network" : why.text);
}

/* Anthropic, Gemini, vLLM, OpenRouter, LiteLLM: each has a name of its own for it. */
static int64_t context_of(const json_t *entry)
{
    static const char *const names[] = {"max_input_tokens", "inputTokenLimit", "max_model_len",
                                        "context_length",   "context_window",  NULL};
    int64_t tokens = 0;

    for (size_t i = 0; names[i] && tokens <= 0; i++)
        tokens = js_int(entry, names[i], 0);
    return tokens > 0 ? tokens : 0;
}

/* A context that is set too large, or not known at all, shows itself late: some servers cut a
 * prompt that is too long in silence. */
static void say_ready(const struct endpoint *endpoint, const struct prices *prices,
                      struct model_ping *out)
{
    const struct config_provider *config = endpoint->config;
    int64_t expected =
        config->context_tokens > 0 ? config->context_tokens : prices_context(prices, config->model);

    if (out->context_tokens && (expected == 0 || expected > out->context_tokens))
        (void)snprintf(out->detail, sizeof(out->detail),
                       "ready; its context has %lld tokens: set providers.%s.context_tokens",
                       (long long)out->context_tokens, config->name);
    else if (expected == 0)
        (void)snprintf(out->detail, sizeof(out->detail),
                       "ready; the size of its context is not known: set "
                       "providers.%s.context_tokens, or a long prompt may be cut in silence",
                       config->name);
    else
        (void)snprintf(out->detail, sizeof(out->detail), "ready");
}

static void read_list(const struct endpoint *endpoint, const struct prices *prices,
                      const struct http_result *http, struct model_ping *out)
{
    json_auto_t *list = NULL;
    const json_t *entry;
    struct err why = {0};

    if (js_parse(http->body, http->body_len, &list, &why) || !json_is_object(list)) {
        out->reachable = false;
        (void)snprintf(out->detail, sizeof(out->detail),
                       "the list of models is not JSON: check base_url");
        return;
    }
    out->key_accepted = true;
    entry = endpoint->ops->find_model(list, endpoint->config->model);
    out->model_known = entry != NULL;
    if (entry) {
        out->context_tokens = context_of(entry);
        say_ready(endpoint, prices, out);
        return;
    }
    (void)snprintf(out->detail, sizeof(out->detail), "model %s is not in the provider's list",
                   endpoint->config->model);
}

static void read_answer(const struct endpoint *endpoint, const struct prices *prices,
                        const struct http_result *http, int64_t now_ms, struct model_ping *out)
{
    struct failure failure;
    AUTO_FREE char *text = NULL;

    out->reachable = true;
    if (http->status / 100 == 2) {
        read_list(endpoint, prices, http, out);
        return;
    }
    failure_from_http(endpoint->ops, http, http->body, http->body_len, now_ms, &failure);
    out->key_accepted = failure.kind != FAIL_KEY && failure.kind != FAIL_REDIRECT;
    if (failure.kind == FAIL_MODEL) {
        (void)snprintf(out->detail, sizeof(out->detail),
                       "%s; no list of models there: check base_url", failure.text);
        return;
    }
    text = failure_explain(&failure, endpoint->config);
    (void)snprintf(out->detail, sizeof(out->detail), "%s", text);
}

int model_ping(struct model_session *session, const char *provider, struct model_ping *out,
               struct err *err)
{
    struct endpoint *endpoint = endpoint_find(session->model, provider);
    struct wire_headers headers = {0};
    struct http_result http = {0};
    struct err why = {0};
    AUTO_FREE char *url = NULL;
    struct http_call call = {.method = "GET",
                             .timeout_ms = PING_TIMEOUT_MS,
                             .max_body = VDO_MAX_HTTP_BODY,
                             .cancel = session->cancel};
    int rc;

    if (!endpoint)
        return err_set(err, VDO_E_NOT_FOUND, "no provider %s (one whose key is unset is left out)",
                       provider);
    *out = (struct model_ping){0};
    if (!endpoint->ops) {
        ping_script(endpoint->config, out);
        return VDO_OK;
    }
    url = endpoint->ops->models_url(endpoint->config);
    endpoint->ops->headers(endpoint->config, &headers);
    call.url = url;
    call.headers = headers.list;
    call.n_headers = headers.n;
    call.connect_timeout_ms = endpoint->config->connect_timeout_ms;
    rc = http_call(session->http, &call, &http, &why);
    wire_headers_release(&headers);
    if (rc == VDO_E_CANCELLED)
        return err_set(err, rc, "%s", why.text);
    out->latency_ms = http.latency_ms;
    if (rc)
        (void)snprintf(out->detail, sizeof(out->detail), "%s", why.text);
    else
        read_answer(endpoint, session->model->prices, &http, clock_now_ms(session->model->clock),
                    out);
    http_result_release(&http);
    return VDO_OK;
}
