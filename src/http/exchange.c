#include "server_parts.h"
#include "vdo/base/mem.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum {
    DRAIN_LIMIT = 64 * 1024, /* a refused body up to this is read, to keep the connection */
    FIRST_CHUNKED = 16 * 1024
};

/* Durations on the wire are real time; the clock of base has milliseconds only. */
static int64_t now_us(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static void set_current(struct connection *connection, struct http_request *request)
{
    pthread_mutex_lock(&connection->lock);
    connection->request = request;
    pthread_mutex_unlock(&connection->lock);
}

void *exchange_begin(void *server, const char *target, struct MHD_Connection *mhd)
{
    struct connection *connection =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
    struct http_request *request = request_new(connection, target ? target : "");

    (void)server;
    request->started_us = now_us();
    connection_move(connection, PHASE_WAITING, PHASE_RECEIVING);
    set_current(connection, request);
    return request;
}

static enum MHD_Result take_header(void *arg, enum MHD_ValueKind kind, const char *name,
                                   const char *value)
{
    struct http_request *request = arg;

    (void)kind;
    if (request->n_headers < MAX_REQUEST_HEADERS) {
        request->headers[request->n_headers].name = name;
        request->headers[request->n_headers].value = value ? value : "";
    }
    request->n_headers++;
    return MHD_YES;
}

/* What a front server may read differently than we do is refused, not interpreted. */
static struct refusal check_framing(struct http_request *request)
{
    unsigned lengths;
    unsigned encodings;
    const char *encoding = http_request_header(request, "Transfer-Encoding", &encodings);

    http_request_header(request, "Content-Length", &lengths);
    if (lengths + encodings > 1)
        return (struct refusal){400, "ambiguous_length",
                                "Content-Length and Transfer-Encoding: one, once"};
    if (encoding && strcasecmp(encoding, "chunked") != 0)
        return (struct refusal){400, "bad_transfer_encoding",
                                "the only Transfer-Encoding understood is chunked"};
    request->chunked = encoding != NULL;
    return (struct refusal){0};
}

static uint64_t declared_length(const struct http_request *request)
{
    const char *text = http_request_header(request, "Content-Length", NULL);

    return text ? strtoull(text, NULL, 10) : 0;
}

static struct refusal check_head(struct http_request *request, bool has_nul)
{
    struct refusal refusal = {0};

    if (request->n_headers > MAX_REQUEST_HEADERS) {
        request->n_headers = MAX_REQUEST_HEADERS;
        return (struct refusal){431, "too_many_headers", "more than 100 header lines"};
    }
    refusal = check_framing(request);
    if (refusal.status)
        return refusal;
    if (request->broken || has_nul)
        return (struct refusal){400, "bad_target", "the request target is broken"};
    return refusal;
}

static struct refusal check_route(struct http_request *request)
{
    const struct http_route *route;

    route_find(request->server->routes, request->method, &request->target, &request->match);
    route = request->match.route;
    if (!route && request->match.allow[0])
        return (struct refusal){405, "method_not_allowed", "this path has other methods"};
    if (!route)
        return (struct refusal){404, "not_found", "there is nothing here"};
    if (declared_length(request) > route->max_body || (request->chunked && route->max_body == 0))
        return (struct refusal){413, "too_large", "the body is too large"};
    return (struct refusal){0};
}

static enum MHD_Result queue(struct http_request *request, int status, struct MHD_Response *reply)
{
    struct connection *connection = request->connection;
    enum MHD_Result rc;

    if (atomic_load(&request->server->draining))
        MHD_add_response_header(reply, "Connection", "close");
    connection_enter(connection, request->is_stream ? PHASE_STREAMING : PHASE_ANSWERING);
    request->status = status;
    rc = MHD_queue_response(request->mhd, (unsigned)status, reply);
    MHD_destroy_response(reply);
    return rc;
}

static enum MHD_Result queue_refusal(struct http_request *request)
{
    const struct refusal *refusal = &request->refusal;
    struct MHD_Response *reply = make_error_reply(refusal->status, refusal->code, refusal->message);

    if (refusal->status == 405)
        MHD_add_response_header(reply, "Allow", request->match.allow);
    return queue(request, refusal->status, reply);
}

/* Reading a small body to its end keeps the connection usable, and spares clients that write all
 * before they read a reset. */
static bool may_drain(const struct http_request *request)
{
    int status = request->refusal.status;

    return (status == 404 || status == 405) && !request->chunked &&
           declared_length(request) <= DRAIN_LIMIT && !http_request_header(request, "Expect", NULL);
}

static enum MHD_Result look_at_head(struct http_request *request, const char *method, bool has_nul)
{
    request->seen = true;
    if (strlen(method) < METHOD_SIZE) /* a longer one is none of a route's */
        memcpy(request->method, method, strlen(method) + 1);
    MHD_get_connection_values(request->mhd, MHD_HEADER_KIND, take_header, request);
    request->refusal = check_head(request, has_nul);
    if (!request->refusal.status)
        request->refusal = check_route(request);
    if (request->refusal.status && !may_drain(request))
        return connection_move(request->connection, PHASE_RECEIVING, PHASE_HANDLING) ?
                   queue_refusal(request) :
                   MHD_NO;
    if (!request->refusal.status && declared_length(request) > 0) {
        request->body_cap = (size_t)declared_length(request) + 1;
        request->body = xmalloc(request->body_cap);
    }
    return MHD_YES;
}

static void grow_body(struct http_request *request, size_t needed)
{
    size_t cap = request->body_cap ? request->body_cap : FIRST_CHUNKED;

    while (cap < needed)
        cap *= 2;
    if (cap == request->body_cap)
        return;
    request->body = xrealloc(request->body, cap);
    request->body_cap = cap;
}

static enum MHD_Result take_upload(struct http_request *request, const char *bytes, size_t *len)
{
    if (!request->refusal.status) {
        if (*len > request->match.route->max_body - request->body_len) {
            connection_cut(request->connection, PHASE_RECEIVING, 413);
            return MHD_NO;
        }
        grow_body(request, request->body_len + *len + 1);
        memcpy(request->body + request->body_len, bytes, *len);
        request->body_len += *len;
    }
    *len = 0;
    return MHD_YES;
}

static enum MHD_Result call_handler(struct http_request *request)
{
    const struct http_route *route = request->match.route;

    if (request->body)
        request->body[request->body_len] = '\0';
    route->handler(request, route->arg);
    /* Deferred: the connection is suspended; even when the answer is there already, the next call
     * sends it. The request may not be touched otherwise. */
    if (request->deferred)
        return MHD_YES;
    if (atomic_load(&request->turn) == TURN_ANSWERED)
        return queue(request, request->reply_status, request->reply);
    return queue(request, 500, make_error_reply(500, "internal", "the handler gave no answer"));
}

static enum MHD_Result stopping(struct http_request *request)
{
    return queue(request, 503, make_error_reply(503, "stopping", "the server is stopping"));
}

static enum MHD_Result finish(struct http_request *request)
{
    switch (atomic_load(&request->turn)) {
    case TURN_ANSWERED:
        return queue(request, request->reply_status, request->reply);
    case TURN_ABANDONED:
        return stopping(request);
    case TURN_DEFERRED:
        return MHD_YES;
    default:
        break;
    }
    if (!connection_move(request->connection, PHASE_RECEIVING, PHASE_HANDLING))
        return MHD_NO;
    if (request->refusal.status)
        return queue_refusal(request);
    if (atomic_load(&request->server->hard_stop))
        return stopping(request);
    return call_handler(request);
}

enum MHD_Result exchange_step(void *server, struct MHD_Connection *mhd, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_len, void **request_arg)
{
    struct http_request *request = *request_arg;

    (void)server;
    (void)mhd;
    if (!request->seen) {
        /* libmicrohttpd ends the target at a NUL byte in it; the version stands behind the true
         * end, one space later. */
        bool has_nul = (uintptr_t)version - (uintptr_t)url != request->target_len + 1;

        request->version_1_1 = strcmp(version, "HTTP/1.0") != 0;
        return look_at_head(request, method, has_nul);
    }
    if (*upload_len > 0)
        return take_upload(request, upload, upload_len);
    return finish(request);
}

/* What the client was told; 0 when it was told nothing. */
static int final_status(const struct http_request *request)
{
    const union MHD_ConnectionInfo *info;
    int phase = atomic_load(&request->connection->phase);

    if (phase >= PHASE_CUT)
        return phase - PHASE_CUT;
    if (request->status)
        return request->status;
    info = MHD_get_connection_info(request->mhd, MHD_CONNECTION_INFO_HTTP_STATUS);
    return info ? (int)info->http_status : 0;
}

static void release_unsent(struct http_request *request)
{
    int expected = TURN_DEFERRED;

    atomic_compare_exchange_strong(&request->turn, &expected, TURN_ABANDONED);
    if (atomic_load(&request->turn) == TURN_ANSWERED && request->status == 0)
        MHD_destroy_response(request->reply);
}

static void wait_for_next(struct connection *connection)
{
    int phase = atomic_load(&connection->phase);

    atomic_store(&connection->since_ms, mono_now_ms());
    while (phase < PHASE_CUT &&
           !atomic_compare_exchange_weak(&connection->phase, &phase, PHASE_WAITING)) {
    }
}

void exchange_end(void *server_arg, struct MHD_Connection *mhd, void **request_arg,
                  enum MHD_RequestTerminationCode why)
{
    struct http_server *server = server_arg;
    struct http_request *request = *request_arg;
    const struct http_server_options *options = &server->options;
    int status;

    (void)mhd;
    (void)why;
    if (!request)
        return;
    *request_arg = NULL;
    status = final_status(request);
    set_current(request->connection, NULL);
    release_unsent(request);
    if (status && options->on_done)
        options->on_done(options->on_done_arg,
                         request->match.route ? request->match.route->pattern : "", status,
                         now_us() - request->started_us);
    wait_for_next(request->connection);
    request_unref(request);
}
