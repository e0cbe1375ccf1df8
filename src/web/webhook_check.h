/*
 * webhook_check: may a webhook request be believed, and can it be kept? On its headers and the
 * bytes of its body alone; nothing of the body is parsed.
 *
 * Source: GitHub's "Validating webhook deliveries" and "Webhook events and payloads". Threads: any.
 */
#ifndef VDO_WEB_WEBHOOK_CHECK_H
#define VDO_WEB_WEBHOOK_CHECK_H

#include "vdo/base/secret.h"

#include <stddef.h>

/* A header as it came: NULL and 0 when it is absent; the first of several. */
struct webhook_header {
    const char *value;
    unsigned count;
};

struct webhook_headers {
    struct webhook_header signature; /* X-Hub-Signature-256 */
    struct webhook_header type;      /* Content-Type */
    struct webhook_header encoding;  /* Content-Encoding */
    struct webhook_header event;     /* X-GitHub-Event */
    struct webhook_header guid;      /* X-GitHub-Delivery */
};

/* In the order in which they are looked at: who cannot sign learns nothing of the rest. */
enum webhook_finding {
    WEBHOOK_GOOD,
    WEBHOOK_UNSIGNED,    /* not exactly one signature that one of the secrets made */
    WEBHOOK_NOT_JSON,    /* another content type, or a content encoding */
    WEBHOOK_BAD_HEADERS, /* not exactly one event and GUID of GitHub's form */
};

enum webhook_finding webhook_check(const struct webhook_headers *headers,
                                   const struct secret *secrets, size_t n_secrets, const void *body,
                                   size_t len);

#endif
