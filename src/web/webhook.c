#include "web_internal.h"

#include "vdo/base/mem.h"
#include "vdo/crypto/crypto.h"
#include "vdo/forge/event.h"
#include "vdo/jobs/jobs.h"
#include "vdo/json/json.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { SHORTEST_GUID = 8, LONGEST_GUID = 64, LONGEST_EVENT = 64 };

/*
 * Nothing of the body is looked at before the signature holds, and every refusal before that says
 * the same. The answer goes out from the store's writer thread after the commit that holds the
 * delivery.
 */

static bool is_signed(struct http_request *request, const struct config *config, const char *body,
                      size_t len)
{
    unsigned count = 0;
    const char *header = http_request_header(request, "X-Hub-Signature-256", &count);

    return count == 1 && webhook_verify(config->github.webhook_secret,
                                        config->github.n_webhook_secrets, header, body, len, NULL);
}

static bool is_json(struct http_request *request)
{
    const char *type = http_request_header(request, "Content-Type", NULL);
    const char *encoding = http_request_header(request, "Content-Encoding", NULL);
    static const char json[] = "application/json";

    if (encoding && *encoding && strcasecmp(encoding, "identity") != 0)
        return false;
    return type && strncasecmp(type, json, sizeof(json) - 1) == 0 &&
           strchr("; \t", type[sizeof(json) - 1]) != NULL;
}

static bool is_token(const char *text, size_t least, size_t most, const char *others)
{
    size_t len = text ? strlen(text) : 0;

    if (len < least || len > most)
        return false;
    for (size_t i = 0; i < len; i++) {
        bool plain = (text[i] >= 'a' && text[i] <= 'z') || (text[i] >= 'A' && text[i] <= 'Z') ||
                     (text[i] >= '0' && text[i] <= '9');

        if (!plain && !strchr(others, text[i]))
            return false;
    }
    return true;
}

static void refuse(struct web *web, struct http_request *request, int status, const char *code,
                   const char *message)
{
    metrics_delivery(web->metrics, status == 401 ? "rejected_signature" : "rejected_other");
    http_respond_error(request, status, code, message);
}

struct pending {
    struct web *web;
    struct http_request *request;
    bool ping;
};

static void answer_added(void *arg, int rc, enum delivery_add outcome, const struct err *err)
{
    struct pending *pending = arg;
    struct http_answer answer = {.status = pending->ping ? 200 : 202,
                                 .body = "{\"accepted\":true}"};

    (void)err;
    if (rc) {
        answer.status = 503;
        answer.body =
            "{\"error\":{\"code\":\"unavailable\",\"message\":\"the delivery could not be stored\"}}";
        answer.headers[0].name = "Retry-After";
        answer.headers[0].value = "10";
        metrics_delivery(pending->web->metrics, "unavailable");
    } else if (outcome == DELIVERY_SEEN || outcome == DELIVERY_SAME_BODY) {
        answer.body = "{\"duplicate\":true}";
        metrics_delivery(pending->web->metrics, "duplicate");
    } else {
        metrics_delivery(pending->web->metrics, "accepted");
    }
    answer.body_len = strlen(answer.body);
    http_respond(pending->request, &answer);
    free(pending);
}

static void store_delivery(struct web *web, struct http_request *request, const char *guid,
                           const char *event, const char *body, size_t len)
{
    struct delivery delivery = {.guid = (char *)(uintptr_t)guid,
                                .event = (char *)(uintptr_t)event,
                                .body = (char *)(uintptr_t)body,
                                .body_len = len,
                                .received_at_ms = clock_now_ms(web->o.clock)};
    struct pending *pending = xcalloc(1, sizeof(*pending));
    struct err err = {0};
    int rc;

    sha256_hex(body, len, delivery.sha256);
    pending->web = web;
    pending->request = request;
    pending->ping = strcmp(event, "ping") == 0;
    http_defer(request);
    rc = jobs_inbox_add(web->o.jobs, &delivery, answer_added, pending, &err);
    if (rc)
        answer_added(pending, rc, DELIVERY_NEW, &err);
}

void route_webhook(struct http_request *request, void *arg)
{
    struct web *web = arg;
    const char *event = http_request_header(request, "X-GitHub-Event", NULL);
    const char *guid = http_request_header(request, "X-GitHub-Delivery", NULL);
    size_t len = 0;
    const char *body = http_request_body(request, &len);

    if (!is_signed(request, web->o.config, body, len))
        refuse(web, request, 401, "signature", "the signature is missing or does not hold");
    else if (!is_json(request))
        refuse(web, request, 415, "content_type",
               "set the webhook's content type to application/json, without an encoding");
    else if (!is_token(event, 1, LONGEST_EVENT, "_") ||
             !is_token(guid, SHORTEST_GUID, LONGEST_GUID, "-"))
        refuse(web, request, 400, "headers",
               "X-GitHub-Event or X-GitHub-Delivery is missing or malformed");
    else
        store_delivery(web, request, guid, event, body, len);
}
