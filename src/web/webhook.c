#include "web_internal.h"
#include "webhook_check.h"

#include "vdo/base/mem.h"
#include "vdo/crypto/crypto.h"
#include "vdo/forge/event.h"
#include "vdo/jobs/jobs.h"

#include <stdlib.h>
#include <string.h>

/*
 * Nothing of the body is looked at before the signature holds, and every refusal before that says
 * the same. The answer goes out from the store's writer thread after the commit that holds the
 * delivery.
 */

static void refuse(struct web *web, struct http_request *request, int status, const char *code,
                   const char *message)
{
    metrics_delivery(web->metrics, status == 401 ? "rejected_signature" : "rejected_other");
    http_respond_error(request, status, code, message);
}

/* A delivery on its way to the disk; the web stays until it has been answered. */
struct pending {
    struct web *web;
    struct http_request *request;
    bool ping;
    bool known; /* something can come of such an event */
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
    } else if (!pending->known) {
        answer.body = "{\"ignored\":\"nothing is done on this event\"}";
        metrics_delivery(pending->web->metrics, "ignored");
    } else {
        metrics_delivery(pending->web->metrics, "accepted");
    }
    answer.body_len = strlen(answer.body);
    http_respond(pending->request, &answer);
    web_release(pending->web);
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
    pending->web = web_hold(web);
    pending->request = request;
    pending->ping = strcmp(event, "ping") == 0;
    pending->known = forge_event_is_known(event);
    http_defer(request);
    rc = jobs_inbox_add(web->o.jobs, &delivery, answer_added, pending, &err);
    if (rc)
        answer_added(pending, rc, DELIVERY_NEW, &err);
}

static struct webhook_header header_of(struct http_request *request, const char *name)
{
    struct webhook_header header = {0};

    header.value = http_request_header(request, name, &header.count);
    return header;
}

void route_webhook(struct http_request *request, void *arg)
{
    struct web *web = arg;
    const struct config *config = web->o.config;
    const struct webhook_headers headers = {
        .signature = header_of(request, "X-Hub-Signature-256"),
        .type = header_of(request, "Content-Type"),
        .encoding = header_of(request, "Content-Encoding"),
        .event = header_of(request, "X-GitHub-Event"),
        .guid = header_of(request, "X-GitHub-Delivery"),
    };
    size_t len = 0;
    const char *body = http_request_body(request, &len);

    switch (webhook_check(&headers, config->github.webhook_secret, config->github.n_webhook_secrets,
                          body, len)) {
    case WEBHOOK_UNSIGNED:
        refuse(web, request, 401, "signature", "the signature is missing or does not hold");
        break;
    case WEBHOOK_NOT_JSON:
        refuse(web, request, 415, "content_type",
               "set the webhook's content type to application/json, without an encoding");
        break;
    case WEBHOOK_BAD_HEADERS:
        refuse(web, request, 400, "headers",
               "X-GitHub-Event or X-GitHub-Delivery is missing or malformed");
        break;
    case WEBHOOK_GOOD:
        store_delivery(web, request, headers.guid.value, headers.event.value, body, len);
        break;
    }
}
