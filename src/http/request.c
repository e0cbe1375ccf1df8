#include "server_parts.h"
#include "vdo/base/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct http_request *request_new(struct connection *connection, const char *target)
{
    /* The arrays are large and filled as far as their counts say: not cleared. */
    struct http_request *request = xmalloc(sizeof(*request) + target_space(target));

    memset(request, 0, offsetof(struct http_request, method));
    request->server = connection->server;
    request->connection = connection;
    request->mhd = connection->mhd;
    atomic_init(&request->refs, 1);
    atomic_init(&request->turn, TURN_HANDLER);
    memcpy(request->peer, connection->peer, PEER_SIZE);
    request->method[0] = '\0';
    request->copy = NULL;
    request->n_headers = 0;
    request->match.route = NULL;
    request->match.n_params = 0;
    request->target_len = strlen(target);
    request->broken = !target_parse(target, request->space, &request->target);
    return request;
}

void request_unref(struct http_request *request)
{
    if (atomic_fetch_sub(&request->refs, 1) > 1)
        return;
    free(request->body);
    free(request->copy);
    free(request);
}

const char *http_request_method(const struct http_request *request)
{
    return request->method;
}

const char *http_request_path(const struct http_request *request)
{
    return request->target.path;
}

static const char *find_pair(const struct pair *pairs, unsigned n, const char *name)
{
    for (unsigned i = 0; i < n; i++)
        if (strcmp(pairs[i].name, name) == 0)
            return pairs[i].value;
    return NULL;
}

const char *http_request_param(const struct http_request *request, const char *name)
{
    return find_pair(request->match.params, request->match.n_params, name);
}

const char *http_request_query(const struct http_request *request, const char *name)
{
    return find_pair(request->target.query, request->target.n_query, name);
}

const char *http_request_header(const struct http_request *request, const char *name,
                                unsigned *out_count)
{
    const char *first = NULL;
    unsigned count = 0;

    for (unsigned i = 0; i < request->n_headers; i++) {
        if (strcasecmp(request->headers[i].name, name) != 0)
            continue;
        if (count++ == 0)
            first = request->headers[i].value;
    }
    if (out_count)
        *out_count = count;
    return first;
}

const char *http_request_body(const struct http_request *request, size_t *out_len)
{
    if (out_len)
        *out_len = request->body_len;
    return request->body ? request->body : "";
}

const char *http_request_peer(const struct http_request *request)
{
    return request->peer;
}

static char *copy_text(char **to, const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = memcpy(*to, text, size);

    *to += size;
    return copy;
}

/* A holder may outlive the connection and the server when that stops: strings of theirs must not
 * be left. */
static void copy_borrowed(struct http_request *request)
{
    struct route_match *match = &request->match;
    size_t size = 1;
    char *to;

    for (unsigned i = 0; i < request->n_headers; i++)
        size += strlen(request->headers[i].name) + strlen(request->headers[i].value) + 2;
    for (unsigned i = 0; i < match->n_params; i++)
        size += strlen(match->params[i].name) + 1;
    to = xmalloc(size);
    request->copy = to;
    for (unsigned i = 0; i < request->n_headers; i++) {
        request->headers[i].name = copy_text(&to, request->headers[i].name);
        request->headers[i].value = copy_text(&to, request->headers[i].value);
    }
    for (unsigned i = 0; i < match->n_params; i++)
        match->params[i].name = copy_text(&to, match->params[i].name);
}

void http_defer(struct http_request *request)
{
    assert(atomic_load(&request->turn) == TURN_HANDLER);
    copy_borrowed(request);
    request->deferred = true;
    atomic_fetch_add(&request->refs, 1);
    /* Suspended first: who sees TURN_DEFERRED may resume at once. */
    MHD_suspend_connection(request->mhd);
    atomic_store(&request->turn, TURN_DEFERRED);
}

bool request_abandon(struct http_request *request)
{
    int expected = TURN_DEFERRED;

    if (!atomic_compare_exchange_strong(&request->turn, &expected, TURN_ABANDONED))
        return false;
    MHD_resume_connection(request->mhd);
    return true;
}
