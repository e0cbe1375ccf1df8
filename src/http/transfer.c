#include "transfer.h"

#include "vdo/base/clock.h"
#include "vdo/base/limits.h"

#include <stdio.h>
#include <string.h>

void transfer_init(struct transfer *transfer, CURL *easy, const struct http_call *call)
{
    memset(transfer, 0, sizeof(*transfer));
    transfer->call = call;
    transfer->easy = easy;
    transfer->max_body = call->max_body ? call->max_body : VDO_MAX_HTTP_BODY;
    transfer->active_at_ms = clock_mono_ms(clock_real());
    strbuf_init(&transfer->body, transfer->max_body);
    strbuf_init(&transfer->headers, VDO_MAX_HTTP_HEADERS);
}

void transfer_release(struct transfer *transfer)
{
    strbuf_release(&transfer->body);
    strbuf_release(&transfer->headers);
}

static size_t stop_with(struct transfer *transfer, int code, const char *why)
{
    transfer->stop = code;
    transfer->why = why;
    return 0; /* libcurl: not all bytes taken, end the transfer */
}

static size_t stop_at_cap(struct transfer *transfer)
{
    (void)snprintf(transfer->said, sizeof(transfer->said),
                   "the response body is larger than %zu bytes", transfer->max_body);
    return stop_with(transfer, VDO_E_TOO_LARGE, transfer->said);
}

static size_t take_header(char *line, size_t size, size_t n, void *arg)
{
    struct transfer *transfer = arg;
    size_t len = size * n;
    size_t text_len = len;

    if (len >= 5 && memcmp(line, "HTTP/", 5) == 0)
        strbuf_clear(&transfer->headers);
    while (text_len > 0 && (line[text_len - 1] == '\n' || line[text_len - 1] == '\r'))
        text_len--;
    if (text_len == 0)
        return len;
    strbuf_add(&transfer->headers, line, text_len);
    if (strbuf_addc(&transfer->headers, '\n'))
        return stop_with(transfer, VDO_E_TOO_LARGE, "the response headers are too large");
    return len;
}

static size_t take_body(char *bytes, size_t size, size_t n, void *arg)
{
    struct transfer *transfer = arg;
    size_t len = size * n;
    long status = 0;
    int rc;

    if (len > transfer->max_body - transfer->received)
        return stop_at_cap(transfer);
    transfer->received += len;
    if (!transfer->call->on_body) {
        strbuf_add(&transfer->body, bytes, len);
        return len;
    }
    curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    rc = transfer->call->on_body(transfer->call->on_body_arg, (int)status, bytes, len);
    if (rc)
        return stop_with(transfer, rc, "the receiver of the body stopped");
    return len;
}

static size_t give_body(char *to, size_t size, size_t n, void *arg)
{
    struct transfer *transfer = arg;
    size_t left = transfer->call->body_len - transfer->sent;
    size_t len = size * n < left ? size * n : left;

    if (len > 0)
        memcpy(to, (const char *)transfer->call->body + transfer->sent, len);
    transfer->sent += len;
    return len;
}

/* libcurl calls this at least once a second, also while nothing moves. */
static int watch(void *arg, curl_off_t dl_total, curl_off_t dl_now, curl_off_t ul_total,
                 curl_off_t ul_now)
{
    struct transfer *transfer = arg;
    const struct http_call *call = transfer->call;
    int64_t now_ms;

    (void)dl_total;
    (void)ul_total;
    if (call->cancel && atomic_load(call->cancel)) {
        stop_with(transfer, VDO_E_CANCELLED, "cancelled");
        return 1;
    }
    if (call->idle_timeout_ms <= 0)
        return 0;
    now_ms = clock_mono_ms(clock_real());
    if (dl_now + ul_now != transfer->active_bytes) {
        transfer->active_bytes = dl_now + ul_now;
        transfer->active_at_ms = now_ms;
    }
    if (now_ms - transfer->active_at_ms < call->idle_timeout_ms)
        return 0;
    stop_with(transfer, VDO_E_TEMPORARY, "no byte moved for too long");
    return 1;
}

/*
 * libcurl sends a request again by itself when a kept connection turns out to be dead before any
 * byte of an answer. The server may have acted on it: POST and PATCH would then take effect
 * twice. Their body is therefore given by a callback that cannot rewind, which makes libcurl report
 * the failure (CURLE_SEND_FAIL_REWIND) once a part of the body was sent.
 */
static bool may_repeat(const char *method)
{
    return strcmp(method, "POST") != 0 && strcmp(method, "PATCH") != 0;
}

static void attach_request_body(struct transfer *transfer)
{
    const struct http_call *call = transfer->call;
    CURL *easy = transfer->easy;

    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body_len);
    if (call->body_len == 0 || may_repeat(call->method)) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, call->body ? call->body : "");
        return;
    }
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, give_body);
    curl_easy_setopt(easy, CURLOPT_READDATA, transfer);
}

void transfer_attach(struct transfer *transfer)
{
    const char *method = transfer->call->method;
    CURL *easy = transfer->easy;

    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, watch);
    curl_easy_setopt(easy, CURLOPT_XFERINFODATA, transfer);
    if (strcmp(method, "HEAD") == 0) {
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
        return;
    }
    curl_easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)transfer->max_body);
    if (transfer->call->body || strcmp(method, "POST") == 0)
        attach_request_body(transfer);
    if (strcmp(method, "GET") != 0 || transfer->call->body)
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method);
}
