#include "server_parts.h"
#include "vdo/base/mem.h"

#include <assert.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_SIZE = 8 * 1024 };

static const char PING[] = ": ping\n\n";

/* With the stream's lock held: let the loop look at the queue. */
static void wake(struct http_stream *stream)
{
    if (!stream->suspended)
        return;
    stream->suspended = false;
    MHD_resume_connection(stream->mhd);
}

static void kill_stream(struct http_stream *stream)
{
    stream->dead = true;
    shutdown(stream->connection->fd, SHUT_RDWR);
    wake(stream);
}

static void append(struct http_stream *stream, const void *bytes, size_t len)
{
    if (stream->start + stream->len + len > stream->cap) {
        if (stream->len > 0)
            memmove(stream->queue, stream->queue + stream->start, stream->len);
        stream->start = 0;
    }
    if (stream->len + len > stream->cap) {
        stream->cap = 2 * (stream->len + len);
        stream->queue = xrealloc(stream->queue, stream->cap);
    }
    memcpy(stream->queue + stream->start + stream->len, bytes, len);
    stream->len += len;
}

/* With the stream's lock held. */
static bool add(struct http_stream *stream, const void *bytes, size_t len)
{
    if (stream->dead || stream->ending)
        return false;
    if (len > MAX_STREAM_QUEUE - stream->len) {
        kill_stream(stream);
        return false;
    }
    if (len > 0) {
        append(stream, bytes, len);
        wake(stream);
    }
    return true;
}

bool http_stream_write(struct http_stream *stream, const void *bytes, size_t len)
{
    bool ok;

    pthread_mutex_lock(&stream->lock);
    ok = add(stream, bytes, len);
    pthread_mutex_unlock(&stream->lock);
    return ok;
}

void http_stream_end(struct http_stream *stream)
{
    pthread_mutex_lock(&stream->lock);
    stream->ending = true;
    wake(stream);
    pthread_mutex_unlock(&stream->lock);
}

/*
 * The end of a stream. An HTTP/1.1 client gets the last chunk. Otherwise the connection must close,
 * and what libmicrohttpd 0.9.75 does for END_WITH_ERROR, and for an end without chunks, is to mark
 * it closed and forget it until its inactivity time-out. A byte that cannot be written, because
 * the socket is shut down, ends it at once.
 */
static ssize_t say_goodbye(struct http_stream *stream, char *to)
{
    if (!stream->dead && stream->chunked)
        return MHD_CONTENT_READER_END_OF_STREAM;
    shutdown(stream->connection->fd, SHUT_RDWR);
    to[0] = '\n';
    return 1;
}

/* libmicrohttpd wants bytes to send; max > 0. */
static ssize_t give_bytes(void *arg, uint64_t pos, char *to, size_t max)
{
    struct http_stream *stream = arg;
    size_t len;
    ssize_t rc;

    (void)pos;
    pthread_mutex_lock(&stream->lock);
    len = stream->len < max ? stream->len : max;
    if (stream->dead || (len == 0 && stream->ending)) {
        rc = say_goodbye(stream, to);
    } else if (len > 0) {
        memcpy(to, stream->queue + stream->start, len);
        stream->start += len;
        stream->len -= len;
        rc = (ssize_t)len;
    } else {
        stream->suspended = true;
        MHD_suspend_connection(stream->mhd);
        rc = 0;
    }
    pthread_mutex_unlock(&stream->lock);
    return rc;
}

static void close_stream(void *arg)
{
    struct http_stream *stream = arg;

    pthread_mutex_lock(&stream->server->lock);
    LIST_REMOVE(stream, entry);
    pthread_mutex_unlock(&stream->server->lock);
    pthread_mutex_lock(&stream->lock);
    stream->dead = true;
    pthread_mutex_unlock(&stream->lock);
    if (stream->on_close)
        stream->on_close(stream->arg);
    pthread_mutex_destroy(&stream->lock);
    free(stream->queue);
    free(stream);
}

static struct MHD_Response *make_stream_reply(struct http_stream *stream)
{
    struct MHD_Response *reply = MHD_create_response_from_callback(
        MHD_SIZE_UNKNOWN, BLOCK_SIZE, give_bytes, stream, close_stream);

    if (!reply)
        abort(); /* out of memory, as in base/mem */
    MHD_add_response_header(reply, "Content-Type", "text/event-stream");
    MHD_add_response_header(reply, "Cache-Control", "no-store");
    MHD_add_response_header(reply, "X-Content-Type-Options", "nosniff");
    MHD_add_response_header(reply, "X-Accel-Buffering", "no"); /* nginx would collect events */
    return reply;
}

struct http_stream *http_respond_stream(struct http_request *request, void (*on_close)(void *arg),
                                        void *arg)
{
    struct http_server *server = request->server;
    struct http_stream *stream = xcalloc(1, sizeof(*stream));

    assert(atomic_load(&request->turn) == TURN_HANDLER);
    stream->server = server;
    stream->connection = request->connection;
    stream->mhd = request->mhd;
    stream->chunked = request->version_1_1;
    stream->on_close = on_close;
    stream->arg = arg;
    pthread_mutex_init(&stream->lock, NULL);
    request->reply = make_stream_reply(stream);
    request->reply_status = MHD_HTTP_OK;
    request->is_stream = true;
    atomic_store(&request->turn, TURN_ANSWERED);
    pthread_mutex_lock(&server->lock);
    LIST_INSERT_HEAD(&server->streams, stream, entry);
    stream->ending = atomic_load(&server->draining);
    pthread_mutex_unlock(&server->lock);
    return stream;
}

void streams_end_all(struct http_server *server, bool now)
{
    struct http_stream *at;

    pthread_mutex_lock(&server->lock);
    LIST_FOREACH(at, &server->streams, entry)
    {
        pthread_mutex_lock(&at->lock);
        at->ending = true;
        if (now)
            kill_stream(at);
        else
            wake(at);
        pthread_mutex_unlock(&at->lock);
    }
    pthread_mutex_unlock(&server->lock);
}

/* libmicrohttpd does not watch a suspended connection. */
static bool has_left(const struct http_stream *stream)
{
    struct pollfd fd = {.fd = stream->connection->fd, .events = POLLRDHUP};

    return poll(&fd, 1, 0) > 0 && (fd.revents & (POLLRDHUP | POLLHUP | POLLERR));
}

void streams_tick(struct http_server *server)
{
    bool ping = mono_now_ms() >= server->next_ping_ms;
    struct http_stream *at;

    if (ping)
        server->next_ping_ms = mono_now_ms() + server->options.ping_ms;
    pthread_mutex_lock(&server->lock);
    LIST_FOREACH(at, &server->streams, entry)
    {
        pthread_mutex_lock(&at->lock);
        if (has_left(at))
            kill_stream(at);
        else if (ping)
            add(at, PING, sizeof(PING) - 1);
        pthread_mutex_unlock(&at->lock);
    }
    pthread_mutex_unlock(&server->lock);
}
