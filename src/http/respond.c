#include "server_parts.h"
#include "vdo/base/utf8.h"

#include <assert.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    MAX_ANSWER_HEADERS =
        sizeof(((struct http_answer *)0)->headers) / sizeof(((struct http_answer *)0)->headers[0])
};

/* False when libmicrohttpd refuses it: a line break would begin another header. */
static bool add_headers(struct MHD_Response *reply, const struct http_answer *answer)
{
    const char *type = answer->content_type ? answer->content_type : "application/json";
    bool own_caching = false;

    if (MHD_add_response_header(reply, "X-Content-Type-Options", "nosniff") != MHD_YES)
        return false;
    if ((answer->body_len > 0 || answer->content_type) &&
        MHD_add_response_header(reply, "Content-Type", type) != MHD_YES)
        return false;
    for (int i = 0; i < MAX_ANSWER_HEADERS && answer->headers[i].name; i++) {
        const char *name = answer->headers[i].name;

        own_caching = own_caching || strcasecmp(name, "Cache-Control") == 0;
        if (MHD_add_response_header(reply, name, answer->headers[i].value) != MHD_YES)
            return false;
    }
    return own_caching || MHD_add_response_header(reply, "Cache-Control", "no-store") == MHD_YES;
}

/* *status becomes 500 when the answer has a header that may not be sent. */
struct MHD_Response *make_reply(int *status, const struct http_answer *answer)
{
    /* Copied by libmicrohttpd; its parameter is not const for the sake of other modes. */
    union {
        const void *in;
        void *out;
    } body = {.in = answer->body_len ? answer->body : ""};
    struct MHD_Response *reply =
        MHD_create_response_from_buffer(answer->body_len, body.out, MHD_RESPMEM_MUST_COPY);

    if (!reply)
        abort(); /* out of memory, as in base/mem */
    if (add_headers(reply, answer))
        return reply;
    MHD_destroy_response(reply);
    *status = MHD_HTTP_INTERNAL_SERVER_ERROR;
    return make_error_reply(*status, "internal", "the answer had a header that cannot be sent");
}

struct MHD_Response *make_error_reply(int status, const char *code, const char *message)
{
    json_t *root;
    char *text;
    struct MHD_Response *reply;

    if (!utf8_is_valid(message, strlen(message)))
        message = "the reason is not valid UTF-8";
    root = json_pack("{s:{s:s, s:s}}", "error", "code", code, "message", message);
    text = root ? json_dumps(root, JSON_COMPACT) : NULL;
    json_decref(root);
    if (!text)
        abort(); /* out of memory, as in base/mem */
    reply = make_reply(&status, &(struct http_answer){.body = text, .body_len = strlen(text)});
    free(text);
    return reply;
}

/* The reply is ready: the handler's loop sends it after the handler returned, a suspended
 * connection is woken for it. */
static void answer_with(struct http_request *request, int status, struct MHD_Response *reply)
{
    struct http_server *server = request->server;
    struct MHD_Connection *mhd = request->mhd;
    int expected = TURN_DEFERRED;

    if (atomic_load(&request->turn) == TURN_HANDLER) {
        request->reply_status = status;
        request->reply = reply;
        atomic_store(&request->turn, TURN_ANSWERED);
        return;
    }
    if (atomic_load(&request->turn) == TURN_DEFERRED) {
        request->reply_status = status;
        request->reply = reply;
    }
    if (atomic_compare_exchange_strong(&request->turn, &expected, TURN_ANSWERED)) {
        /* The connection is suspended and only this thread may resume it, so it and the server
         * live until the resume; the count keeps the server until we are out of it. */
        atomic_fetch_add(&server->resuming, 1);
        MHD_resume_connection(mhd);
        atomic_fetch_sub(&server->resuming, 1);
    } else {
        assert(expected == TURN_ABANDONED);
        MHD_destroy_response(reply);
    }
    request_unref(request);
}

void http_respond(struct http_request *request, const struct http_answer *answer)
{
    int status = answer->status;
    struct MHD_Response *reply = make_reply(&status, answer);

    answer_with(request, status, reply);
}

void http_respond_error(struct http_request *request, int status, const char *code,
                        const char *message)
{
    answer_with(request, status, make_error_reply(status, code, message));
}
