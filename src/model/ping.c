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

static void read_list(const struct endpoint *endpoint, const struct http_result *http,
                      struct model_ping *out)
{
    json_auto_t *list = NULL;
    struct err why = {0};

    if (js_parse(http->body, http->body_len, &list, &why) || !json_is_object(list)) {
        out->reachable = false;
        (void)snprintf(out->detail, sizeof(out->detail),
                       "the list of models is not JSON: check base_url");
        return;
    }
    out->key_accepted = true;
    out->model_known = endpoint->ops->lists_model(list, endpoint->config->model);
    (void)snprintf(out->detail, sizeof(out->detail),
                   out->model_known ? "ready" : "model %s is not in the provider's list",
                   endpoint->config->model);
}

static void read_answer(const struct endpoint *endpoint, const struct http_result *http,
                        int64_t now_ms, struct model_ping *out)
{
    struct failure failure;
    AUTO_FREE char *text = NULL;

    out->reachable = true;
    if (http->status / 100 == 2) {
        read_list(endpoint, http, out);
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
        read_answer(endpoint, &http, clock_now_ms(session->model->clock), out);
    http_result_release(&http);
    return VDO_OK;
}
