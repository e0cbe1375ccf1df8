#include "attempt.h"

#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/json/json.h"

#include <stdlib.h>
#include <string.h>

enum { COUNT_TIMEOUT_MS = 20000 };

/* Counts are called estimates by those who give them: a little more, and what a server puts
 * around a conversation. */
static int64_t with_margin(int64_t tokens)
{
    return tokens + tokens / 32 + 64;
}

static int64_t read_count(const struct attempt *attempt, const struct http_result *http)
{
    json_auto_t *answer = NULL;

    if (http->status / 100 != 2 || js_parse(http->body, http->body_len, &answer, NULL) ||
        !json_is_object(answer))
        return -1;
    return attempt->endpoint->ops->count_read(answer);
}

/* Whoever does not know the address today will not know it at the next call. */
static bool is_unknown_there(int status)
{
    return status == 404 || status == 405 || status == 400 || status == 501;
}

static int64_t ask_for_count(const struct attempt *attempt, const char *body, struct err *err)
{
    const struct config_provider *config = attempt->endpoint->config;
    const struct provider_ops *ops = attempt->endpoint->ops;
    AUTO_FREE char *url = ops->count_url(config);
    struct wire_headers headers = {0};
    struct http_result http = {0};
    struct http_call call = {
        .method = "POST",
        .url = url,
        .body = body,
        .body_len = strlen(body),
        .connect_timeout_ms = config->connect_timeout_ms,
        .timeout_ms = COUNT_TIMEOUT_MS,
        .max_body = VDO_MIB,
        .cancel = attempt->session->cancel,
    };
    int64_t tokens = -1;
    int rc;

    wire_header_add(&headers, "Content-Type", "", "application/json");
    ops->headers(config, &headers);
    call.headers = headers.list;
    call.n_headers = headers.n;
    rc = http_call(attempt->session->http, &call, &http, err);
    wire_headers_release(&headers);
    if (!rc) {
        tokens = read_count(attempt, &http);
        if (is_unknown_there(http.status))
            endpoint_cannot_count(attempt->endpoint);
    }
    http_result_release(&http);
    return rc == VDO_E_CANCELLED ? rc : tokens;
}

int attempt_count(const struct attempt *attempt, const json_t *body, int64_t *out_tokens,
                  struct err *err)
{
    const struct endpoint *endpoint = attempt->endpoint;
    json_auto_t *asked = NULL;
    AUTO_FREE char *text = NULL;
    struct err why = {0};
    int64_t tokens;

    if (!endpoint->ops->count_url || !endpoint_can_count(attempt->endpoint))
        return VDO_E_NOT_FOUND;
    asked = endpoint->ops->count_body(endpoint->config, body);
    text = json_dumps(asked, JSON_COMPACT);
    tokens = text ? ask_for_count(attempt, text, &why) : -1;
    if (tokens == VDO_E_CANCELLED)
        return err_set(err, VDO_E_CANCELLED, "%s", why.text);
    if (tokens < 0 || tokens > INT32_MAX)
        return VDO_E_NOT_FOUND;
    *out_tokens = with_margin(tokens);
    return VDO_OK;
}
