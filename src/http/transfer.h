/*
 * transfer: what one call collects while libcurl runs it, and the callbacks that collect it.
 *
 * Private to the client. A callback that ends a transfer leaves the reason in `stop` and `why`.
 */
#ifndef VDO_HTTP_TRANSFER_H
#define VDO_HTTP_TRANSFER_H

#include "vdo/base/strbuf.h"
#include "vdo/http/client.h"

#include <curl/curl.h>

struct transfer {
    const struct http_call *call;
    CURL *easy;
    struct strbuf body;
    struct strbuf headers; /* of the last response; an interim one is dropped */
    size_t received;       /* body bytes so far */
    size_t max_body;
    size_t sent; /* request body bytes handed to libcurl */
    int64_t active_at_ms;
    curl_off_t active_bytes;
    int stop;        /* a negative vdo_code; VDO_OK while nothing ended it */
    const char *why; /* static, or said */
    char said[80];
};

void transfer_init(struct transfer *transfer, CURL *easy, const struct http_call *call);
void transfer_release(struct transfer *transfer);
/* Give the callbacks and the request body to the handle. */
void transfer_attach(struct transfer *transfer);

#endif
