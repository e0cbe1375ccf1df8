/*
 * client: HTTP requests to GitHub and to model providers, over libcurl.
 *
 * Each thread has its own client, which keeps its connections; HTTP/2 is used where offered.
 * Redirects are never followed here: the caller sees the 3xx and its Location and decides. TLS is
 * verified; only http and https are spoken. Every size and every time has a cap. Header values may
 * be secrets: they are not logged and not put in errors. Threads: one client belongs to one thread.
 * http_client_startup() once, before threads.
 */
#ifndef VDO_HTTP_CLIENT_H
#define VDO_HTTP_CLIENT_H

#include "vdo/base/err.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct http_client;

void http_client_startup(void);
void http_client_shutdown(void);
/*
 * Trust the certificates of a PEM file beside those of the system, in every client from now on;
 * NULL: only the system's. Before threads. VDO_E_NOT_FOUND when there is no such file.
 */
int http_client_trust(const char *ca_file, struct err *err);
/* The absolute path of that file, or NULL; borrowed. */
const char *http_client_trusted(void);
struct http_client *http_client_new(void);
void http_client_free(struct http_client *client);

struct http_header {
    const char *name;
    const char *value;
};

/* Called with the status and each piece of a body as it arrives. Return 0 to go on; a negative
 * vdo_code ends the transfer with that code. `status` is known from the first call on. */
typedef int (*http_body_fn)(void *arg, int status, const char *bytes, size_t len);

struct http_call {
    const char *method; /* "GET", "POST", "PATCH", "PUT", "DELETE" */
    const char *url;
    const struct http_header *headers;
    size_t n_headers;
    const void *body; /* NULL: none */
    size_t body_len;
    int64_t connect_timeout_ms; /* 0: 10,000 */
    int64_t timeout_ms;         /* whole call; 0: 30,000 */
    int64_t idle_timeout_ms;    /* no byte for this long ends the call; 0: no such limit */
    size_t max_body;            /* 0: VDO_MAX_HTTP_BODY */
    http_body_fn on_body;       /* NULL: the body is collected in the result */
    void *on_body_arg;
    const atomic_bool *cancel; /* ends the call with VDO_E_CANCELLED within a second when true */
};

struct http_result {
    int status; /* 100 .. 599 */
    char *body; /* collected bytes and a NUL; "" when streamed; owned */
    size_t body_len;
    char *headers;      /* raw header lines, LF-separated; owned; read with http_result_header() */
    int64_t latency_ms; /* whole call */
    int64_t first_byte_ms;
    bool sent; /* false when it is certain that the server saw nothing of the request */
};

/*
 * Make one call. A status of 4xx or 5xx is a result, not an error.
 *
 * Returns 0 (release the result); VDO_E_TEMPORARY for DNS, connect, reset, time-out (result->sent
 * tells whether the request may have had an effect; the result is zeroed but for `sent`);
 * VDO_E_TOO_LARGE; VDO_E_INVALID (URL); VDO_E_CANCELLED; the code of on_body.
 */
int http_call(struct http_client *client, const struct http_call *call, struct http_result *result,
              struct err *err);
void http_result_release(struct http_result *result);

/* The first header of that name (case-insensitive), or NULL. Borrowed from the result. buf holds
 * the copy. */
const char *http_result_header(const struct http_result *result, const char *name, char *buf,
                               size_t size);

/* True when both URLs have the same scheme, host and port (default ports filled in). */
bool url_same_origin(const char *a, const char *b);
/* Percent-encode everything but unreserved characters (RFC 3986 2.3); free with free(). */
char *url_encode(const char *text);
/* True when host (of an URL) is loopback: 127/8, ::1, localhost. */
bool url_is_loopback(const char *url);
/* scheme://host[:port] of an URL; free with free(); NULL when it is none. */
char *url_origin(const char *url);

#endif
