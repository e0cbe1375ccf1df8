/*
 * server: HTTP in, over libmicrohttpd's epoll pool.
 *
 * A route is a method, a path pattern and a handler. The handler is called once, when the whole
 * request has arrived (or is known to be too large), on a pool thread: it must not block. It
 * answers at once with http_respond(), or keeps the request with http_defer() and some other thread
 * answers later. Each request has a total deadline (VDO_MAX_REQUEST_MS) besides the inactivity
 * time-out; a client that drips bytes is cut off, and so is one that takes as long to read an
 * answer. HEAD finds the route of GET and gets no body. Every answer has X-Content-Type-Options:
 * nosniff, and Cache-Control: no-store unless it sets its own.
 *
 * The order of refusals before a handler: 431 headers too large, 400 broken or ambiguous request
 * (both Content-Length and Transfer-Encoding, NUL in the path), 404 no such path, 405 with Allow,
 * 413 over the route's body cap (from Content-Length before any byte is read, or while chunks
 * arrive), 408 deadline passed. Bytes that libmicrohttpd cannot read as a request at all get its
 * own plain 400, 413, 414 or 431, or a close. Threads: as said at each function.
 */
#ifndef VDO_HTTP_SERVER_H
#define VDO_HTTP_SERVER_H

#include "vdo/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct http_server;
struct http_request;
struct http_stream;

typedef void (*http_handler_fn)(struct http_request *request, void *arg);

/*
 * pattern: "/api/jobs/{id}/logs"; a {name} matches one non-empty segment without '/'.
 * max_body: bytes; 0 refuses any body.
 */
struct http_route {
    const char *method;
    const char *pattern;
    size_t max_body;
    http_handler_fn handler;
    void *arg;
};

struct http_server_options {
    const char *listen; /* "127.0.0.1:8420", "[::1]:8420", "unix:/run/vdo.sock", "systemd"; port 0:
                           a free one */
    const struct http_route *routes; /* borrowed for the server's life */
    size_t n_routes;
    unsigned threads;            /* 0: number of cores */
    unsigned max_connections;    /* 0: 1024 */
    unsigned per_ip;             /* 0: no limit */
    int64_t request_deadline_ms; /* 0: VDO_MAX_REQUEST_MS */
    int64_t ping_ms;             /* how often a stream gets ": ping"; 0: 15,000 */
    /* Called for every answered request; may be NULL. Any pool thread. route_pattern is "" when no
     * route was found. */
    void (*on_done)(void *arg, const char *route_pattern, int status, int64_t duration_us);
    void *on_done_arg;
};

int http_server_start(const struct http_server_options *options, struct http_server **out,
                      struct err *err);
/* "http://127.0.0.1:8420" with the port in use; borrowed. "unix:/path" for unix sockets. */
const char *http_server_url(const struct http_server *server);
/* Close the listening socket, end streams, let requests under way finish up to grace_ms, stop.
 * Frees. NULL is fine. Deferred requests still open after the grace get 503; the thread that holds
 * one may still read it and must still call http_respond(), which then only frees it. Not from a
 * handler or on_close. */
void http_server_stop(struct http_server *server, int64_t grace_ms);

/* Reading a request: any thread that holds it, until it is answered. Strings are borrowed. */
const char *http_request_method(const struct http_request *request);
const char *http_request_path(const struct http_request *request);
/* What {name} matched, percent-decoded; NULL when the pattern has none. No '/' is in it: %2F
 * matches no {name}. */
const char *http_request_param(const struct http_request *request, const char *name);
/* First value of a query key, percent-decoded; NULL when absent. */
const char *http_request_query(const struct http_request *request, const char *name);
/* First header of that name, case-insensitive, or NULL; *out_count (may be NULL) is how many there
 * are. */
const char *http_request_header(const struct http_request *request, const char *name,
                                unsigned *out_count);
const char *http_request_body(const struct http_request *request, size_t *out_len);
/* Client address as text, "127.0.0.1"; "unix" for unix sockets. */
const char *http_request_peer(const struct http_request *request);

struct http_answer {
    int status;
    const char *content_type; /* NULL: application/json */
    const void *body;         /* copied */
    size_t body_len;
    struct {
        const char *name;
        const char *value;
    } headers[12]; /* name NULL ends */
};

/* Answer. Once for each request, from any thread; the request is gone afterwards. */
void http_respond(struct http_request *request, const struct http_answer *answer);
/* {"error":{"code":...,"message":...}} with the status. */
void http_respond_error(struct http_request *request, int status, const char *code,
                        const char *message);
/* Keep the request past the handler's return. Call inside the handler, before handing the request
 * to another thread. */
void http_defer(struct http_request *request);

/*
 * Answer with a stream of server-sent events. Call inside the handler. The stream is written from
 * any thread until the client goes away or http_stream_end(). on_close is called once from a pool
 * thread when it is over; the stream must not be used after that call returns. A ": ping" goes out
 * every 15 s by itself.
 */
struct http_stream *http_respond_stream(struct http_request *request, void (*on_close)(void *arg),
                                        void *arg);
/* Queue bytes; false when the client is gone or more than 1 MiB waits (the stream is then ended).
 */
bool http_stream_write(struct http_stream *stream, const void *bytes, size_t len);
void http_stream_end(struct http_stream *stream);

#endif
