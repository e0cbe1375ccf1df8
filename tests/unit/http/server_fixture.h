/*
 * server_fixture: a server with handlers of every kind, for the tests of this folder: what answers
 * at once, what waits for another thread, streams that stay open.
 */
#ifndef VDO_TESTS_UNIT_HTTP_SERVER_FIXTURE_H
#define VDO_TESTS_UNIT_HTTP_SERVER_FIXTURE_H

#include "http_stub.h"
#include "vdo/base/mem.h"
#include "vdo/http/client.h"
#include "vdo/http/server.h"

/* cmocka.h needs these before it */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <assert.h>
#include <cmocka.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define ANYWHERE __attribute__((unused))
#define CASES(a) (sizeof(a) / sizeof((a)[0]))

/* --- handlers ------------------------------------------------------------------------------- */

/* What answer_echo() begins with; a handler's argument is not const. */
ANYWHERE static char ROOT_WORD[] = "root";
ANYWHERE static char JOB_WORD[] = "job";
ANYWHERE static char TASK_WORD[] = "task";
ANYWHERE static char SPECIAL_WORD[] = "special";
ANYWHERE static char NEW_WORD[] = "new";
ANYWHERE static char LIST_WORD[] = "list";
ANYWHERE static char BIG_WORD[] = "big";
ANYWHERE static char DELETE_WORD[] = "delete";
ANYWHERE static char LATER_WORD[] = "later";

/* Tells what it was asked, as plain text. */
ANYWHERE static void answer_echo(struct http_request *r, void *arg)
{
    const char *id = http_request_param(r, "id");
    const char *name = http_request_param(r, "name");
    const char *q = http_request_query(r, "q");
    unsigned n = 0;
    const char *x = http_request_header(r, "x-test", &n);
    size_t len;
    const char *body = http_request_body(r, &len);
    AUTO_FREE char *text =
        xasprintf("%s %s %s id=%s name=%s q=%s x=%s*%u peer=%s len=%zu body=%.100s",
                  (const char *)arg, http_request_method(r), http_request_path(r), id ? id : "-",
                  name ? name : "-", q ? q : "-", x ? x : "-", n, http_request_peer(r), len, body);

    http_respond(r, &(struct http_answer){.status = 200,
                                          .content_type = "text/plain",
                                          .body = text,
                                          .body_len = strlen(text)});
}

ANYWHERE static void answer_nothing(struct http_request *r, void *arg)
{
    (void)r;
    (void)arg;
}

ANYWHERE static void answer_bad_header(struct http_request *r, void *arg)
{
    (void)arg;
    http_respond(r, &(struct http_answer){.status = 200, .headers = {{"X", "a\r\nY: b"}}});
}

ANYWHERE static void answer_cached(struct http_request *r, void *arg)
{
    (void)arg;
    http_respond(r, &(struct http_answer){.status = 200,
                                          .content_type = "text/css",
                                          .body = "x",
                                          .body_len = 1,
                                          .headers = {{"cache-control", "max-age=60"}}});
}

ANYWHERE static void answer_error(struct http_request *r, void *arg)
{
    (void)arg;
    http_respond_error(r, 409, "conflict", "a \"quote\" and a \x01 byte");
}

ANYWHERE static void answer_invalid_error(struct http_request *r, void *arg)
{
    (void)arg;
    http_respond_error(r, 400, "bad", "\xff");
}

/* A thread that answers what it is given, as the store's writer does. */
enum { QUEUE = 256 };
struct answerer {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct http_request *queue[QUEUE];
    unsigned n;
    unsigned taken; /* all in all */
    bool hold;      /* answer nothing for now */
    bool stop;
    pthread_t thread;
};

ANYWHERE static struct answerer answerer;

ANYWHERE static void answer_later(struct http_request *r, void *arg)
{
    (void)arg;
    http_defer(r);
    pthread_mutex_lock(&answerer.lock);
    assert(answerer.n < QUEUE);
    answerer.queue[answerer.n++] = r;
    answerer.taken++;
    pthread_cond_broadcast(&answerer.changed);
    pthread_mutex_unlock(&answerer.lock);
}

ANYWHERE static void answer_deferred_at_once(struct http_request *r, void *arg)
{
    (void)arg;
    http_defer(r);
    http_respond(r, &(struct http_answer){.status = 202, .body = "now", .body_len = 3});
}

ANYWHERE static void *answer_all(void *arg)
{
    struct answerer *a = arg;

    pthread_mutex_lock(&a->lock);
    for (;;) {
        struct http_request *r;

        while ((a->n == 0 || a->hold) && !(a->stop && a->n == 0))
            pthread_cond_wait(&a->changed, &a->lock);
        if (a->n == 0)
            break;
        r = a->queue[--a->n];
        pthread_mutex_unlock(&a->lock);
        answer_echo(r, LATER_WORD);
        pthread_mutex_lock(&a->lock);
    }
    pthread_mutex_unlock(&a->lock);
    return NULL;
}

ANYWHERE static void answerer_hold(bool hold)
{
    pthread_mutex_lock(&answerer.lock);
    answerer.hold = hold;
    pthread_cond_broadcast(&answerer.changed);
    pthread_mutex_unlock(&answerer.lock);
}

ANYWHERE static bool one_is_waiting(void *arg)
{
    bool yes;

    (void)arg;
    pthread_mutex_lock(&answerer.lock);
    yes = answerer.n > 0;
    pthread_mutex_unlock(&answerer.lock);
    return yes;
}

ANYWHERE static void answerer_start(void)
{
    memset(&answerer, 0, sizeof(answerer));
    pthread_mutex_init(&answerer.lock, NULL);
    pthread_cond_init(&answerer.changed, NULL);
    pthread_create(&answerer.thread, NULL, answer_all, &answerer);
}

ANYWHERE static void answerer_stop(void)
{
    pthread_mutex_lock(&answerer.lock);
    answerer.stop = true;
    answerer.hold = false;
    pthread_cond_broadcast(&answerer.changed);
    pthread_mutex_unlock(&answerer.lock);
    pthread_join(answerer.thread, NULL);
    pthread_mutex_destroy(&answerer.lock);
    pthread_cond_destroy(&answerer.changed);
}

/* Streams that are open; the lock makes a stream safe to use against on_close. */
enum { MAX_STREAMS = 300 };
struct streams {
    pthread_mutex_t lock;
    struct open_stream {
        struct http_stream *stream;
        bool open;
    } list[MAX_STREAMS];
    unsigned n;
    unsigned closed;
};

ANYWHERE static struct streams streams;

ANYWHERE static void note_close(void *arg)
{
    struct open_stream *open = arg;

    pthread_mutex_lock(&streams.lock);
    assert(open->open);
    open->open = false;
    streams.closed++;
    pthread_mutex_unlock(&streams.lock);
}

ANYWHERE static void answer_stream(struct http_request *r, void *arg)
{
    struct open_stream *open;

    (void)arg;
    pthread_mutex_lock(&streams.lock);
    open = &streams.list[streams.n++];
    open->open = true;
    open->stream = http_respond_stream(r, note_close, open);
    pthread_mutex_unlock(&streams.lock);
}

ANYWHERE static unsigned write_all(const char *text, size_t len)
{
    unsigned n = 0;

    pthread_mutex_lock(&streams.lock);
    for (unsigned i = 0; i < streams.n; i++)
        if (streams.list[i].open)
            n += http_stream_write(streams.list[i].stream, text, len);
    pthread_mutex_unlock(&streams.lock);
    return n;
}

ANYWHERE static void end_all(void)
{
    pthread_mutex_lock(&streams.lock);
    for (unsigned i = 0; i < streams.n; i++)
        if (streams.list[i].open)
            http_stream_end(streams.list[i].stream);
    pthread_mutex_unlock(&streams.lock);
}

ANYWHERE static unsigned closed_streams(void)
{
    unsigned n;

    pthread_mutex_lock(&streams.lock);
    n = streams.closed;
    pthread_mutex_unlock(&streams.lock);
    return n;
}

ANYWHERE static bool all_closed(void *arg)
{
    bool yes;

    (void)arg;
    pthread_mutex_lock(&streams.lock);
    yes = streams.n > 0 && streams.closed == streams.n;
    pthread_mutex_unlock(&streams.lock);
    return yes;
}

/* --- fixture -------------------------------------------------------------------------------- */

ANYWHERE static const struct http_route ROUTES[] = {
    {"GET", "/", 0, answer_echo, ROOT_WORD},
    {"GET", "/jobs/{id}", 0, answer_echo, JOB_WORD},
    {"GET", "/jobs/{id}/tasks/{name}", 0, answer_echo, TASK_WORD},
    {"GET", "/jobs/special/tasks", 0, answer_echo, SPECIAL_WORD},
    {"POST", "/jobs", 1000, answer_echo, NEW_WORD},
    {"GET", "/jobs", 0, answer_echo, LIST_WORD},
    {"PUT", "/big", 26214400, answer_echo, BIG_WORD},
    {"DELETE", "/jobs/{id}", 0, answer_echo, DELETE_WORD},
    {"GET", "/nothing", 0, answer_nothing, NULL},
    {"GET", "/bad-header", 0, answer_bad_header, NULL},
    {"GET", "/cached", 0, answer_cached, NULL},
    {"GET", "/error", 0, answer_error, NULL},
    {"GET", "/invalid-error", 0, answer_invalid_error, NULL},
    {"GET", "/stream", 0, answer_stream, NULL},
    {"POST", "/later", 100000, answer_later, NULL},
    {"GET", "/later", 0, answer_later, NULL},
    {"GET", "/later/{id}", 0, answer_later, NULL},
    {"GET", "/at-once", 0, answer_deferred_at_once, NULL},
};

struct done {
    atomic_int count;
    atomic_int last_status;
    _Atomic(const char *) last_pattern;
};

ANYWHERE static struct done done;

ANYWHERE static void note_done(void *arg, const char *pattern, int status, int64_t duration_us)
{
    (void)arg;
    assert(duration_us >= 0);
    atomic_store(&done.last_status, status);
    atomic_store(&done.last_pattern, pattern);
    atomic_fetch_add(&done.count, 1);
}

ANYWHERE static struct http_server *start(struct http_server_options options)
{
    struct http_server *server = NULL;
    struct err err = {0};

    if (!options.listen)
        options.listen = "127.0.0.1:0";
    options.routes = ROUTES;
    options.n_routes = CASES(ROUTES);
    options.threads = 2;
    options.on_done = note_done;
    atomic_store(&done.count, 0);
    atomic_store(&done.last_status, 0);
    memset(&streams, 0, sizeof(streams));
    pthread_mutex_init(&streams.lock, NULL);
    answerer_start();
    if (http_server_start(&options, &server, &err))
        fail_msg("%s", err.text);
    return server;
}

ANYWHERE static void stop(struct http_server *server, int64_t grace_ms)
{
    http_server_stop(server, grace_ms);
    answerer_stop();
    assert_int_equal(streams.closed, streams.n);
    pthread_mutex_destroy(&streams.lock);
}

/* One request on a connection of its own; the answer up to the close. */
ANYWHERE static char *ask(const struct http_server *server, const char *text)
{
    return raw_exchange(http_server_url(server), text);
}

#define HOST_CLOSE  "Host: x\r\nConnection: close\r\n"
#define GET(target) "GET " target " HTTP/1.1\r\n" HOST_CLOSE "\r\n"

ANYWHERE static void check_answer(const struct http_server *server, const char *request, int status,
                                  const char *part)
{
    char *answer = ask(server, request);
    char line[32];

    snprintf(line, sizeof(line), "HTTP/1.1 %d ", status);
    if (strncmp(answer, line, strlen(line)) != 0 || !strstr(answer, part))
        fail_msg("request:\n%.500s\nexpected %d and \"%s\" in:\n%.1000s", request, status, part,
                 answer);
    if (!strcasestr(answer, "x-content-type-options: nosniff"))
        fail_msg("no nosniff in the answer to:\n%.500s\n%s", request, answer);
    free(answer);
}

/* --- streams -------------------------------------------------------------------------------- */

#define GET_STREAM "GET /stream HTTP/1.1\r\nHost: x\r\n\r\n"

ANYWHERE static int open_stream(const struct http_server *server)
{
    int fd = raw_connect(http_server_url(server));
    char *head;

    stub_send(fd, GET_STREAM);
    head = raw_read_until(fd, "\r\n\r\n");
    assert_non_null(head);
    assert_non_null(strstr(head, "Content-Type: text/event-stream\r\n"));
    assert_non_null(strstr(head, "Cache-Control: no-store\r\n"));
    free(head);
    return fd;
}

ANYWHERE static int start_up(void **state)
{
    (void)state;
    http_client_startup();
    return 0;
}

#endif
