/*
 * proxy_request: what a program asks a proxy for.
 *
 * CONNECT in authority form, and other methods in absolute form with http (RFC 9110 section 9.3.6,
 * RFC 9112 sections 3.2.2 and 3.2.3). Everything here was written by hostile code. Threads: pure
 * functions.
 */
#ifndef VDO_SANDBOX_PROXY_REQUEST_H
#define VDO_SANDBOX_PROXY_REQUEST_H

#include "vdo/base/host_rule.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PROXY_HEAD_MAX = 8192, PROXY_REWRITTEN_MAX = PROXY_HEAD_MAX + 64 };

struct proxy_request {
    bool tunnel; /* CONNECT */
    char host[HOST_NAME_SIZE];
    uint16_t port;
};

/* The length of the head, its empty line included; 0: it has not ended yet. */
size_t proxy_head_end(const char *bytes, size_t len);

/* Read a whole head. 0, or the HTTP status to answer with and why (static). */
int proxy_request_parse(const char *head, size_t len, struct proxy_request *out, const char **why);

/*
 * The head as the server itself gets it: the target in origin form, no header that is meant for a
 * proxy, and the connection closed after the answer, so that no second request for somebody else
 * comes along. Of a parsed head that is no tunnel. Returns the length, at most PROXY_REWRITTEN_MAX.
 */
size_t proxy_request_rewrite(const char *head, size_t len, char out[PROXY_REWRITTEN_MAX]);

#endif
