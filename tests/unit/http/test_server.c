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

#define CASES(a) (sizeof(a) / sizeof((a)[0]))

/* --- handlers ------------------------------------------------------------------------------- */

/* What answer_echo() begins with; a handler's argument is not const. */
static char ROOT_WORD[] = "root";
static char JOB_WORD[] = "job";
static char TASK_WORD[] = "task";
static char SPECIAL_WORD[] = "special";
static char NEW_WORD[] = "new";
static char LIST_WORD[] = "list";
static char BIG_WORD[] = "big";
static char DELETE_WORD[] = "delete";
static char LATER_WORD[] = "later";

/* Tells what it was asked, as plain text. */
static void answer_echo(struct http_request *r, void *arg)
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

static void answer_nothing(struct http_request *r, void *arg)
{
    (void)r;
    (void)arg;
}

static void answer_bad_header(struct http_request *r, void *arg)
{
    (void)arg;
    http_respond(r, &(struct http_answer){.status = 200, .headers = {{"X", "a\r\nY: b"}}});
}

static void answer_cached(struct http_request *r, void *arg)
{
    (void)arg;
    http_respond(r, &(struct http_answer){.status = 200,
                                          .content_type = "text/css",
                                          .body = "x",
                                          .body_len = 1,
                                          .headers = {{"cache-control", "max-age=60"}}});
}

static void answer_error(struct http_request *r, void *arg)
{
    (void)arg;
    http_respond_error(r, 409, "conflict", "a \"quote\" and a \x01 byte");
}

static void answer_invalid_error(struct http_request *r, void *arg)
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

static struct answerer answerer;

static void answer_later(struct http_request *r, void *arg)
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

static void answer_deferred_at_once(struct http_request *r, void *arg)
{
    (void)arg;
    http_defer(r);
    http_respond(r, &(struct http_answer){.status = 202, .body = "now", .body_len = 3});
}

static void *answer_all(void *arg)
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

static void answerer_hold(bool hold)
{
    pthread_mutex_lock(&answerer.lock);
    answerer.hold = hold;
    pthread_cond_broadcast(&answerer.changed);
    pthread_mutex_unlock(&answerer.lock);
}

static bool one_is_waiting(void *arg)
{
    bool yes;

    (void)arg;
    pthread_mutex_lock(&answerer.lock);
    yes = answerer.n > 0;
    pthread_mutex_unlock(&answerer.lock);
    return yes;
}

static void answerer_start(void)
{
    memset(&answerer, 0, sizeof(answerer));
    pthread_mutex_init(&answerer.lock, NULL);
    pthread_cond_init(&answerer.changed, NULL);
    pthread_create(&answerer.thread, NULL, answer_all, &answerer);
}

static void answerer_stop(void)
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

static struct streams streams;

static void note_close(void *arg)
{
    struct open_stream *open = arg;

    pthread_mutex_lock(&streams.lock);
    assert(open->open);
    open->open = false;
    streams.closed++;
    pthread_mutex_unlock(&streams.lock);
}

static void answer_stream(struct http_request *r, void *arg)
{
    struct open_stream *open;

    (void)arg;
    pthread_mutex_lock(&streams.lock);
    open = &streams.list[streams.n++];
    open->open = true;
    open->stream = http_respond_stream(r, note_close, open);
    pthread_mutex_unlock(&streams.lock);
}

static unsigned write_all(const char *text, size_t len)
{
    unsigned n = 0;

    pthread_mutex_lock(&streams.lock);
    for (unsigned i = 0; i < streams.n; i++)
        if (streams.list[i].open)
            n += http_stream_write(streams.list[i].stream, text, len);
    pthread_mutex_unlock(&streams.lock);
    return n;
}

static void end_all(void)
{
    pthread_mutex_lock(&streams.lock);
    for (unsigned i = 0; i < streams.n; i++)
        if (streams.list[i].open)
            http_stream_end(streams.list[i].stream);
    pthread_mutex_unlock(&streams.lock);
}

static unsigned closed_streams(void)
{
    unsigned n;

    pthread_mutex_lock(&streams.lock);
    n = streams.closed;
    pthread_mutex_unlock(&streams.lock);
    return n;
}

static bool all_closed(void *arg)
{
    bool yes;

    (void)arg;
    pthread_mutex_lock(&streams.lock);
    yes = streams.n > 0 && streams.closed == streams.n;
    pthread_mutex_unlock(&streams.lock);
    return yes;
}

/* --- fixture -------------------------------------------------------------------------------- */

static const struct http_route ROUTES[] = {
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

static struct done done;

static void note_done(void *arg, const char *pattern, int status, int64_t duration_us)
{
    (void)arg;
    assert(duration_us >= 0);
    atomic_store(&done.last_status, status);
    atomic_store(&done.last_pattern, pattern);
    atomic_fetch_add(&done.count, 1);
}

static struct http_server *start(struct http_server_options options)
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

static void stop(struct http_server *server, int64_t grace_ms)
{
    http_server_stop(server, grace_ms);
    answerer_stop();
    assert_int_equal(streams.closed, streams.n);
    pthread_mutex_destroy(&streams.lock);
}

/* One request on a connection of its own; the answer up to the close. */
static char *ask(const struct http_server *server, const char *text)
{
    return raw_exchange(http_server_url(server), text);
}

#define HOST_CLOSE  "Host: x\r\nConnection: close\r\n"
#define GET(target) "GET " target " HTTP/1.1\r\n" HOST_CLOSE "\r\n"

static void check_answer(const struct http_server *server, const char *request, int status,
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

/* --- routes --------------------------------------------------------------------------------- */

static void http_server__finds_the_route(void **state)
{
    static const struct {
        const char *request;
        int status;
        const char *part;
    } cases[] = {
        {GET("/"), 200, "root GET / id=-"},
        {GET("/?q=1"), 200, "q=1"},
        {GET("/jobs"), 200, "list GET /jobs id=-"},
        {GET("/jobs/7"), 200, "job GET /jobs/7 id=7 "},
        {GET("/jobs/7?q=a%20b+c"), 200, "q=a b c "},
        {GET("/jobs/7?a=1&q&b"), 200, "q= x="},
        {GET("/jobs/7?q=1&q=2"), 200, "q=1 "},
        {GET("/jobs/7?%71=x%3Dy%26z"), 200, "q=x=y&z "},
        {GET("/jobs/7?=x&&"), 200, "q=- "},
        {GET("/jobs/a%20%C3%A4"), 200, "id=a \xC3\xA4 "},
        {GET("/j%6Fbs/7"), 200, "id=7 "},
        {GET("/jobs/7/tasks/t1"), 200, "task GET /jobs/7/tasks/t1 id=7 name=t1 "},
        {GET("/jobs/special/tasks"), 200, "special"},
        {GET("http://other.example/jobs/7?q=1"), 200, "job GET /jobs/7 id=7 name=- q=1"},
        {GET("http://other.example"), 200, "root GET / "},
        {"DELETE /jobs/7 HTTP/1.1\r\n" HOST_CLOSE "\r\n", 200, "delete DELETE"},
        {"POST /jobs HTTP/1.1\r\n" HOST_CLOSE "Content-Length: 5\r\n\r\nhello", 200,
         "len=5 body=hello"},
        {"POST /jobs HTTP/1.1\r\n" HOST_CLOSE "Content-Length: 0\r\n\r\n", 200, "len=0 body="},
        {"POST /jobs HTTP/1.1\r\n" HOST_CLOSE "\r\n", 200, "len=0 body="},
        {"POST /jobs HTTP/1.1\r\n" HOST_CLOSE
         "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nTrailer: 1\r\n\r\n",
         200, "len=5 body=abcde"},
        {"GET / HTTP/1.1\r\n" HOST_CLOSE "X-Test: one\r\nx-tesT: two\r\n\r\n", 200, "x=one*2"},
        {"GET / HTTP/1.1\r\n" HOST_CLOSE "X-Test:   \r\n\r\n", 200, "x=*1"},
        {GET("/jobs/"), 404, "\"not_found\""},
        {GET("/jobs//"), 404, "not_found"},
        {GET("//jobs"), 404, "not_found"},
        {GET("/jobs/a%2Fb"), 404, "not_found"},
        {GET("/jobs/7/tasks/"), 404, "not_found"},
        {GET("/jobs/7/tasks/a/b"), 404, "not_found"},
        {GET("/Jobs"), 404, "not_found"},
        {GET("/jobs/../jobs"), 404, "not_found"},
        {GET("/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/18/19/20"), 404, "not_found"},
        {"POST /no HTTP/1.1\r\n" HOST_CLOSE "Content-Length: 5\r\n\r\nhello", 404, "not_found"},
        {"DELETE /jobs HTTP/1.1\r\n" HOST_CLOSE "\r\n", 405, "Allow: POST, GET, HEAD\r\n"},
        {"PUT /jobs HTTP/1.1\r\n" HOST_CLOSE "Content-Length: 2\r\n\r\nab", 405, "Allow: "},
        {"TRACE / HTTP/1.1\r\n" HOST_CLOSE "\r\n", 405, "Allow: GET, HEAD\r\n"},
        {"get / HTTP/1.1\r\n" HOST_CLOSE "\r\n", 405, "Allow: GET"},
        {"AVERYLONGMETHODNAMEINDEED / HTTP/1.1\r\n" HOST_CLOSE "\r\n", 405, "Allow: GET"},
        {GET("/nothing"), 500, "\"internal\""},
        {GET("/bad-header"), 500, "\"internal\""},
        {GET("/error"), 409,
         "{\"error\":{\"code\":\"conflict\",\"message\":\"a \\\"quote\\\" and a \\u0001 byte\"}}"},
        {GET("/invalid-error"), 400, "not valid UTF-8"},
    };
    struct http_server *server = start((struct http_server_options){0});

    (void)state;
    for (size_t i = 0; i < CASES(cases); i++)
        check_answer(server, cases[i].request, cases[i].status, cases[i].part);
    stop(server, 1000);
}

static void http_server__sets_caching_unless_the_answer_does(void **state)
{
    struct http_server *server = start((struct http_server_options){0});
    char *own = ask(server, GET("/cached"));
    char *other = ask(server, GET("/"));

    (void)state;
    assert_non_null(strstr(own, "cache-control: max-age=60\r\n"));
    assert_null(strstr(own, "no-store"));
    assert_non_null(strstr(other, "Cache-Control: no-store\r\n"));
    free(own);
    free(other);
    stop(server, 1000);
}

static void http_server__answers_head_as_get_without_a_body(void **state)
{
    struct http_server *server = start((struct http_server_options){0});
    char *answer = ask(server, "HEAD /jobs/7 HTTP/1.1\r\n" HOST_CLOSE "\r\n");
    char *end = strstr(answer, "\r\n\r\n");

    (void)state;
    assert_int_equal(strncmp(answer, "HTTP/1.1 200", 12), 0);
    assert_non_null(strcasestr(answer, "Content-Length: "));
    assert_non_null(end);
    assert_string_equal(end, "\r\n\r\n");
    free(answer);
    stop(server, 1000);
}

static void http_server__refuses_broken_requests(void **state)
{
    static const struct {
        const char *what;
        const char *request;
        const char *part;
    } cases[] = {
        {"both lengths",
         "POST /jobs HTTP/1.1\r\n" HOST_CLOSE
         "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
         "ambiguous_length"},
        {"two lengths",
         "POST /jobs HTTP/1.1\r\n" HOST_CLOSE "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
         "ambiguous_length"},
        {"two encodings",
         "POST /jobs HTTP/1.1\r\n" HOST_CLOSE
         "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
         "ambiguous_length"},
        {"another encoding",
         "POST /jobs HTTP/1.1\r\n" HOST_CLOSE "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
         "bad_transfer_encoding"},
        {"an escaped NUL", GET("/jobs/a%00b"), "bad_target"},
        {"an escaped NUL in the query", GET("/jobs/a?q=%00"), "bad_target"},
        {"a broken escape", GET("/jobs/a%2"), "bad_target"},
        {"a broken escape", GET("/jobs/a%zz"), "bad_target"},
        {"a broken escape in a name", GET("/jobs/a?%=1"), "bad_target"},
        {"a control character", GET("/jobs/a\x01"), "bad_target"},
        {"no slash", GET("jobs"), "bad_target"},
        {"an asterisk", "OPTIONS * HTTP/1.1\r\n" HOST_CLOSE "\r\n", "bad_target"},
        {"too many query fields",
         GET("/?a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1"
             "&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1"),
         "bad_target"},
    };
    struct http_server *server = start((struct http_server_options){0});

    (void)state;
    for (size_t i = 0; i < CASES(cases); i++)
        check_answer(server, cases[i].request, 400, cases[i].part);
    stop(server, 1000);
}

/* Those that libmicrohttpd finds itself: its own text, without our headers. */
static void http_server__refuses_what_is_not_http(void **state)
{
    static const struct {
        const char *request;
        const char *begin;
    } cases[] = {
        {"GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400"},
        {"POST /jobs HTTP/1.1\r\n" HOST_CLOSE "Content-Length: -1\r\n\r\n", "HTTP/1.1 400"},
        {"POST /jobs HTTP/1.1\r\n" HOST_CLOSE "Content-Length: 5x\r\n\r\nhello", "HTTP/1.1 400"},
        {"POST /jobs HTTP/1.1\r\n" HOST_CLOSE "Content-Length: 99999999999999999999999\r\n\r\n",
         "HTTP/1.1 413"},
        {"POST /jobs HTTP/1.1\r\n" HOST_CLOSE "Transfer-Encoding: chunked\r\n\r\nxyz\r\n",
         "HTTP/1.1 400"},
        {"GET /a b HTTP/1.1\r\n" HOST_CLOSE "\r\n", ""},
        {"nonsense\r\n\r\n", ""},
        {"\x16\x03\x01\r\n\r\n", ""},
    };
    struct http_server *server = start((struct http_server_options){0});

    (void)state;
    for (size_t i = 0; i < CASES(cases); i++) {
        char *answer = ask(server, cases[i].request);

        if (strncmp(answer, cases[i].begin, strlen(cases[i].begin)) != 0 ||
            strstr(answer, "HTTP/1.1 200"))
            fail_msg("%s\n%s", cases[i].request, answer);
        free(answer);
    }
    stop(server, 1000);
}

static void http_server__sees_a_nul_byte_in_the_target(void **state)
{
    static const char request[] = "GET /jobs/7\0x HTTP/1.1\r\n" HOST_CLOSE "\r\n";
    struct http_server *server = start((struct http_server_options){0});
    int fd = raw_connect(http_server_url(server));
    char *answer;

    (void)state;
    stub_send_bytes(fd, request, sizeof(request) - 1);
    answer = raw_read_all(fd);
    assert_non_null(strstr(answer, "bad_target"));
    free(answer);
    close(fd);
    stop(server, 1000);
}

static char *many_headers(int n, int size)
{
    char *text = xmalloc((size_t)n * (size_t)(size + 20) + 200);
    char *to = text + sprintf(text, "GET / HTTP/1.1\r\n" HOST_CLOSE);

    for (int i = 0; i < n; i++)
        to += sprintf(to, "X-%d: %0*d\r\n", i, size, 1);
    strcpy(to, "\r\n");
    return text;
}

static void http_server__refuses_large_headers(void **state)
{
    struct http_server *server = start((struct http_server_options){0});
    char *size = many_headers(30, 2000);
    char *number = many_headers(120, 1);
    char *fits = many_headers(90, 10);
    char *answer = ask(server, size);

    (void)state;
    assert_int_equal(strncmp(answer, "HTTP/1.1 431", 12), 0);
    free(answer);
    check_answer(server, number, 431, "too_many_headers");
    check_answer(server, fits, 200, "root");
    free(size);
    free(number);
    free(fits);
    stop(server, 1000);
}

/* --- bodies --------------------------------------------------------------------------------- */

static void http_server__refuses_a_declared_body_before_it_comes(void **state)
{
    struct http_server *server = start((struct http_server_options){0});

    (void)state;
    check_answer(server, "POST /jobs HTTP/1.1\r\n" HOST_CLOSE "Content-Length: 1001\r\n\r\n", 413,
                 "too_large");
    check_answer(server,
                 "POST /jobs HTTP/1.1\r\n" HOST_CLOSE
                 "Expect: 100-continue\r\nContent-Length: 9000000000\r\n\r\n",
                 413, "too_large");
    check_answer(server, "GET / HTTP/1.1\r\n" HOST_CLOSE "Content-Length: 1\r\n\r\n", 413,
                 "too_large");
    check_answer(server, "GET / HTTP/1.1\r\n" HOST_CLOSE "Transfer-Encoding: chunked\r\n\r\n", 413,
                 "too_large");
    stop(server, 1000);
}

static bool done_413(void *arg)
{
    (void)arg;
    return atomic_load(&done.last_status) == 413;
}

static void http_server__refuses_chunks_while_they_come(void **state)
{
    struct http_server *server = start((struct http_server_options){0});
    int fd = raw_connect(http_server_url(server));
    char chunk[600];
    char *answer;

    (void)state;
    memset(chunk, 'a', sizeof(chunk));
    memcpy(chunk, "1f4\r\n", 5);
    memcpy(chunk + 5 + 500, "\r\n", 2);
    stub_send(fd, "POST /jobs HTTP/1.1\r\n" HOST_CLOSE "Transfer-Encoding: chunked\r\n\r\n");
    stub_send_bytes(fd, chunk, 507);
    stub_send_bytes(fd, chunk, 507);
    stub_send(fd, "1\r\nb\r\n");
    answer = raw_read_all(fd);
    assert_int_equal(strncmp(answer, "HTTP/1.1 413", 12), 0);
    assert_non_null(strstr(answer, "{\"error\":{\"code\":\"too_large\""));
    assert_non_null(strstr(answer, "nosniff"));
    free(answer);
    close(fd);
    assert_true(wait_until(done_413, NULL));
    assert_string_equal(atomic_load(&done.last_pattern), "/jobs");
    stop(server, 1000);
}

static void http_server__takes_a_body_of_exactly_the_cap(void **state)
{
    struct http_server *server = start((struct http_server_options){0});
    char request[1400];

    (void)state;
    snprintf(request, sizeof(request),
             "POST /jobs HTTP/1.1\r\n" HOST_CLOSE "Content-Length: 1000\r\n\r\n%01000d", 7);
    check_answer(server, request, 200, "len=1000");
    snprintf(request, sizeof(request),
             "POST /jobs HTTP/1.1\r\n" HOST_CLOSE
             "Transfer-Encoding: chunked\r\n\r\n3e8\r\n%01000d\r\n0\r\n\r\n",
             7);
    check_answer(server, request, 200, "len=1000");
    stop(server, 1000);
}

static void http_server__takes_a_large_body_whole(void **state)
{
    struct http_server *server = start((struct http_server_options){0});
    struct http_client *client = http_client_new();
    size_t len = 20 * 1024 * 1024;
    char *body = xmalloc(len);
    AUTO_FREE char *url = xasprintf("%s/big", http_server_url(server));
    struct http_call call = {.method = "PUT", .url = url, .body = body, .body_len = len};
    struct http_result result;

    (void)state;
    memset(body, 'z', len);
    assert_int_equal(http_call(client, &call, &result, NULL), 0);
    assert_int_equal(result.status, 200);
    assert_non_null(strstr(result.body, "len=20971520 body=zzzz"));
    http_result_release(&result);
    free(body);
    http_client_free(client);
    stop(server, 1000);
}

static void http_server__keeps_the_connection_after_small_refusals(void **state)
{
    struct http_server *server = start((struct http_server_options){0});
    char *answer = ask(server, "GET /no HTTP/1.1\r\nHost: x\r\n\r\n"
                               "POST /no HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
                               "PUT /jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
                               "POST /jobs HTTP/1.1\r\n" HOST_CLOSE "Content-Length: 3\r\n\r\nabc");
    char *second = strstr(answer + 1, "HTTP/1.1 404");
    char *third = second ? strstr(second, "HTTP/1.1 405") : NULL;

    (void)state;
    assert_non_null(third);
    assert_non_null(strstr(third, "HTTP/1.1 200"));
    free(answer);
    stop(server, 1000);
}

/* --- deadlines ------------------------------------------------------------------------------ */

/* Send `first`, then a byte of `rest` every 20 ms until the server closes. Returns how long that
 * took, and what the server said. */
static long long drip(const struct http_server *server, const char *first, const char *rest,
                      char **answer)
{
    int fd = raw_connect(http_server_url(server));
    long long start_ms = stub_now_ms();

    stub_send(fd, first);
    while (stub_now_ms() - start_ms < STUB_WAIT_MS && *rest) {
        char byte;
        ssize_t n;

        usleep(20000);
        n = recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
        if (n >= 0)
            break;
        if (send(fd, rest, 1, MSG_NOSIGNAL) < 0)
            break;
        rest++;
    }
    start_ms = stub_now_ms() - start_ms;
    *answer = raw_read_all(fd);
    close(fd);
    return start_ms;
}

static void http_server__cuts_a_client_that_drips(void **state)
{
    static const char *const firsts[] = {
        "POST /big HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n",
        "PUT /big HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n",
        "PUT /big HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nfffff\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ",
        "GET /",
    };
    struct http_server *server = start((struct http_server_options){.request_deadline_ms = 400});
    char *rest = xmalloc(2001);

    (void)state;
    memset(rest, 'a', 2000);
    rest[2000] = '\0';
    for (size_t i = 0; i < CASES(firsts); i++) {
        char *answer;
        long long took_ms = drip(server, firsts[i], rest, &answer);

        if (i == 0) { /* refused at once: no such method here, and too much to read on */
            assert_int_equal(strncmp(answer, "HTTP/1.1 405", 12), 0);
        } else {
            if (strncmp(answer, "HTTP/1.1 408", 12) != 0 || !strstr(answer, "nosniff"))
                fail_msg("case %zu after %lld ms: %s", i, took_ms, answer);
            assert_in_range(took_ms, 300, 3000);
        }
        free(answer);
    }
    assert_int_equal(atomic_load(&done.last_status), 408);
    free(rest);
    stop(server, 1000);
}

static void http_server__lets_a_deferred_request_wait(void **state)
{
    struct http_server *server = start((struct http_server_options){.request_deadline_ms = 100});
    int fd = raw_connect(http_server_url(server));
    char *answer;

    (void)state;
    answerer_hold(true);
    stub_send(fd, GET("/later"));
    assert_false(raw_is_closed(fd, 500));
    answerer_hold(false);
    answer = raw_read_all(fd);
    assert_non_null(strstr(answer, "later GET /later"));
    free(answer);
    close(fd);
    stop(server, 1000);
}

/* --- deferred answers ----------------------------------------------------------------------- */

static void http_defer__keeps_all_of_the_request_for_another_thread(void **state)
{
    struct http_server *server = start((struct http_server_options){0});

    (void)state;
    check_answer(server,
                 "POST /later?q=%41 HTTP/1.1\r\n" HOST_CLOSE
                 "X-Test: v\r\nContent-Length: 5\r\n\r\nhello",
                 200, "later POST /later id=- name=- q=A x=v*1 peer=127.0.0.1 len=5 body=hello");
    check_answer(server, GET("/at-once"), 202, "now");
    stop(server, 1000);
}

struct load {
    const struct http_server *server;
    int requests;
    int ok;
};

static void *make_load(void *arg)
{
    struct load *load = arg;
    struct http_client *client = http_client_new();
    char *body = xmalloc(12000);
    AUTO_FREE char *url = xasprintf("%s/later", http_server_url(load->server));
    struct http_call call = {.method = "POST", .url = url, .body = body, .body_len = 12000};

    memset(body, 'b', 12000);
    for (int i = 0; i < load->requests; i++) {
        struct http_result result;

        if (http_call(client, &call, &result, NULL) == 0 && result.status == 200 &&
            strstr(result.body, "len=12000"))
            load->ok++;
        http_result_release(&result);
    }
    free(body);
    http_client_free(client);
    return NULL;
}

static void http_defer__holds_under_load(void **state)
{
    enum { CLIENTS = 8, EACH = 200 };
    struct http_server *server = start((struct http_server_options){0});
    struct load loads[CLIENTS];
    pthread_t threads[CLIENTS];

    (void)state;
    for (int i = 0; i < CLIENTS; i++) {
        loads[i] = (struct load){.server = server, .requests = EACH};
        pthread_create(&threads[i], NULL, make_load, &loads[i]);
    }
    for (int i = 0; i < CLIENTS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(loads[i].ok, EACH);
    }
    stop(server, 1000);
    assert_int_equal(atomic_load(&done.count), CLIENTS * EACH);
}

static void http_respond__may_come_after_the_client_left(void **state)
{
    struct http_server *server = start((struct http_server_options){0});
    int fd = raw_connect(http_server_url(server));

    (void)state;
    answerer_hold(true);
    stub_send(fd, GET("/later"));
    assert_true(wait_until(one_is_waiting, NULL));
    close(fd);
    answerer_hold(false);
    check_answer(server, GET("/later"), 200, "later");
    stop(server, 1000);
}

/* --- streams -------------------------------------------------------------------------------- */

#define GET_STREAM "GET /stream HTTP/1.1\r\nHost: x\r\n\r\n"

static int open_stream(const struct http_server *server)
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

static void http_stream__carries_what_is_written(void **state)
{
    struct http_server *server = start((struct http_server_options){0});
    int fd = open_stream(server);
    char *text;

    (void)state;
    assert_int_equal(write_all("data: 1\n\n", 9), 1);
    text = raw_read_until(fd, "data: 1\n\n");
    assert_non_null(text);
    free(text);
    assert_int_equal(write_all("data: 2\n\n", 9), 1);
    assert_int_equal(write_all("data: 3\n\n", 9), 1);
    text = raw_read_until(fd, "data: 3\n\n");
    assert_non_null(text);
    free(text);
    assert_int_equal(write_all("data: last\n\n", 12), 1);
    end_all();
    assert_int_equal(write_all("data: after\n\n", 13), 0);
    text = raw_read_until(fd, "0\r\n\r\n");
    assert_non_null(text);
    assert_non_null(strstr(text, "data: last"));
    assert_null(strstr(text, "after"));
    free(text);
    assert_true(wait_until(all_closed, NULL));
    /* the connection is good for another request */
    stub_send(fd, GET("/"));
    text = raw_read_all(fd);
    assert_non_null(strstr(text, "root GET"));
    free(text);
    close(fd);
    stop(server, 1000);
}

static void http_stream__ends_for_http_1_0_by_closing(void **state)
{
    struct http_server *server = start((struct http_server_options){0});
    int fd = raw_connect(http_server_url(server));
    long long start_ms = stub_now_ms();
    char *text;

    (void)state;
    stub_send(fd, "GET /stream HTTP/1.0\r\n\r\n");
    text = raw_read_until(fd, "\r\n\r\n");
    assert_non_null(text);
    assert_null(strstr(text, "chunked"));
    free(text);
    write_all("data: 1\n\n", 9);
    end_all();
    text = raw_read_all(fd);
    assert_string_equal(text, "data: 1\n\n");
    free(text);
    close(fd);
    assert_true(wait_until(all_closed, NULL));
    stop(server, 1000);
    assert_true(stub_now_ms() - start_ms < 3000);
}

static void http_stream__pings(void **state)
{
    struct http_server *server = start((struct http_server_options){.ping_ms = 40});
    int fd = open_stream(server);
    char *text = raw_read_until(fd, ": ping\n\n");

    (void)state;
    assert_non_null(text);
    free(text);
    close(fd);
    stop(server, 1000);
}

static void http_stream__notices_that_the_client_left(void **state)
{
    struct http_server *server = start((struct http_server_options){.request_deadline_ms = 400});
    int fd = open_stream(server);

    (void)state;
    close(fd);
    assert_true(wait_until(all_closed, NULL));
    assert_int_equal(write_all("x", 1), 0);
    stop(server, 1000);
}

static void http_stream__ends_for_a_client_that_does_not_read(void **state)
{
    struct http_server *server = start((struct http_server_options){0});
    int fd = open_stream(server);
    char *block = xmalloc(65536);
    size_t written = 0;

    (void)state;
    memset(block, 'x', 65536);
    while (write_all(block, 65536) == 1 && written < 100u * 1024 * 1024)
        written += 65536;
    assert_true(written < 100u * 1024 * 1024);
    assert_true(wait_until(all_closed, NULL));
    free(block);
    close(fd);
    stop(server, 1000);
}

static void http_stream__answers_head_and_closes(void **state)
{
    struct http_server *server = start((struct http_server_options){0});
    char *answer = ask(server, "HEAD /stream HTTP/1.1\r\n" HOST_CLOSE "\r\n");

    (void)state;
    assert_non_null(strstr(answer, "text/event-stream"));
    free(answer);
    assert_true(wait_until(all_closed, NULL));
    stop(server, 1000);
}

static void *leave(void *arg)
{
    const struct http_server *server = arg;

    for (int i = 0; i < 30; i++) {
        int fd = raw_connect(http_server_url(server));

        stub_send(fd, GET_STREAM);
        if (i % 3)
            free(raw_read_until(fd, "data: "));
        close(fd);
    }
    return NULL;
}

static void http_stream__survives_clients_that_come_and_go_while_written(void **state)
{
    struct http_server *server = start((struct http_server_options){.request_deadline_ms = 400});
    pthread_t threads[4];

    (void)state;
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, leave, server);
    while (closed_streams() < 60)
        write_all("data: hello\n\n", 13);
    for (int i = 0; i < 4; i++) {
        /* readers wait for data */
        for (int n = 0; n < 2000; n++)
            write_all("data: hello\n\n", 13);
    }
    while (closed_streams() < 120)
        write_all("data: hello\n\n", 13);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    stop(server, 1000);
}

/* --- stopping ------------------------------------------------------------------------------- */

struct stopping {
    struct http_server *server;
    int64_t grace_ms;
    atomic_bool over;
};

static void *stop_server(void *arg)
{
    struct stopping *s = arg;

    http_server_stop(s->server, s->grace_ms);
    atomic_store(&s->over, true);
    return NULL;
}

static bool refuses_connections(void *arg)
{
    int fd = raw_connect(arg);

    if (fd >= 0)
        close(fd);
    return fd < 0;
}

static void http_server_stop__lets_requests_under_way_finish(void **state)
{
    struct stopping s = {.server = start((struct http_server_options){0}), .grace_ms = 8000};
    AUTO_FREE char *url = xstrdup(http_server_url(s.server));
    int fd = raw_connect(url);
    int idle = raw_connect(url);
    pthread_t thread;
    char *answer;

    (void)state;
    answerer_hold(true);
    stub_send(fd, "GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_true(wait_until(one_is_waiting, NULL));
    pthread_create(&thread, NULL, stop_server, &s);
    assert_true(wait_until(refuses_connections, url));
    assert_true(raw_is_closed(idle, STUB_WAIT_MS));
    assert_false(atomic_load(&s.over));
    answerer_hold(false);
    answer = raw_read_all(fd);
    assert_non_null(strstr(answer, "HTTP/1.1 200"));
    assert_non_null(strstr(answer, "Connection: close"));
    free(answer);
    pthread_join(thread, NULL);
    close(fd);
    close(idle);
    stop(NULL, 0);
}

static void http_server_stop__gives_up_after_the_grace(void **state)
{
    struct http_server *server = start((struct http_server_options){0});
    int deferred = raw_connect(http_server_url(server));
    int half = raw_connect(http_server_url(server));
    char *answer;

    (void)state;
    answerer_hold(true);
    stub_send(deferred, "GET /later/7 HTTP/1.1\r\nHost: x\r\nX-Test: kept\r\n\r\n");
    stub_send(half, "POST /jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
    assert_true(wait_until(one_is_waiting, NULL));
    http_server_stop(server, 50);
    answer = raw_read_all(deferred);
    assert_non_null(strstr(answer, "HTTP/1.1 503"));
    free(answer);
    assert_true(raw_is_closed(half, 0) || raw_is_closed(half, 1000));
    /* The holder still reads and answers a request whose server is gone. */
    stop(NULL, 0);
    close(deferred);
    close(half);
}

static void http_server_stop__ends_open_streams(void **state)
{
    struct http_server *server = start((struct http_server_options){0});
    int fds[5];

    (void)state;
    for (int i = 0; i < 5; i++)
        fds[i] = open_stream(server);
    write_all("data: bye\n\n", 11);
    stop(server, 5000);
    for (int i = 0; i < 5; i++) {
        char *text = raw_read_all(fds[i]);

        assert_non_null(strstr(text, "data: bye\n\n"));
        assert_non_null(strstr(text, "0\r\n\r\n"));
        free(text);
        close(fds[i]);
    }
}

static void http_server_stop__ends_streams_that_nobody_reads(void **state)
{
    struct http_server *server = start((struct http_server_options){0});
    int fd = open_stream(server);
    char *block = xmalloc(900000);

    (void)state;
    memset(block, 'x', 900000);
    for (int i = 0; i < 20 && write_all(block, 900000); i++) {
    }
    free(block);
    stop(server, 50);
    close(fd);
}

static void *hammer(void *arg)
{
    const char *url = arg;
    struct http_client *client = http_client_new();
    AUTO_FREE char *later = xasprintf("%s/later", url);
    struct http_result result;
    int rc;

    do {
        struct http_call call = {.method = "GET", .url = later};

        rc = http_call(client, &call, &result, NULL);
        http_result_release(&result);
    } while (rc == 0);
    http_client_free(client);
    return NULL;
}

static bool some_done(void *arg)
{
    (void)arg;
    return atomic_load(&done.count) > 50;
}

static void http_server_stop__holds_under_load(void **state)
{
    (void)state;
    for (int round = 0; round < 10; round++) {
        struct http_server *server = start((struct http_server_options){0});
        long long start_ms;
        AUTO_FREE char *url = xstrdup(http_server_url(server));
        pthread_t threads[6];
        int streams_open[4];

        for (int i = 0; i < 4; i++)
            streams_open[i] = open_stream(server);
        for (int i = 0; i < 6; i++)
            pthread_create(&threads[i], NULL, hammer, url);
        assert_true(wait_until(some_done, NULL));
        start_ms = stub_now_ms();
        stop(server, round % 2 ? 2000 : 0);
        assert_true(stub_now_ms() - start_ms < 5000);
        for (int i = 0; i < 6; i++)
            pthread_join(threads[i], NULL);
        for (int i = 0; i < 4; i++)
            close(streams_open[i]);
    }
}

static void http_server_stop__takes_null(void **state)
{
    (void)state;
    http_server_stop(NULL, 0);
}

/* --- addresses and limits ------------------------------------------------------------------- */

static void http_server_start__listens_where_it_is_told(void **state)
{
    struct http_server *server = start((struct http_server_options){.listen = "[::1]:0"});
    AUTO_FREE char *url = xasprintf("%s/jobs/7", http_server_url(server));
    struct http_client *client = http_client_new();
    struct http_call call = {.method = "GET", .url = url};
    struct http_result result;

    (void)state;
    assert_int_equal(strncmp(url, "http://[::1]:", 13), 0);
    assert_int_equal(http_call(client, &call, &result, NULL), 0);
    assert_non_null(strstr(result.body, "peer=::1 "));
    http_result_release(&result);
    http_client_free(client);
    stop(server, 1000);
}

static void http_server_start__takes_a_unix_socket_and_replaces_a_stale_one(void **state)
{
    char dir[] = "/tmp/vdo-http-XXXXXX";
    char address[64];
    struct stat st;
    mode_t mask = umask(0077);

    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(address, sizeof(address), "unix:%s/s", dir);
    for (int round = 0; round < 2; round++) {
        struct http_server *server = start((struct http_server_options){.listen = address});
        struct http_server *second = NULL;
        struct http_server_options again = {.listen = address, .routes = ROUTES, .n_routes = 1};
        struct err err = {0};

        assert_string_equal(http_server_url(server), address);
        assert_int_equal(stat(address + 5, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0660);
        check_answer(server, GET("/jobs/7"), 200, "peer=unix ");
        assert_int_equal(http_server_start(&again, &second, &err), VDO_E_CONFLICT);
        assert_null(second);
        stop(server, 1000);
        assert_int_not_equal(stat(address + 5, &st), 0);
        if (round == 0) { /* as a killed process leaves it */
            int fd = socket(AF_UNIX, SOCK_STREAM, 0);
            struct {
                sa_family_t family;
                char path[108];
            } addr = {.family = AF_UNIX};

            strcpy(addr.path, address + 5);
            assert_int_equal(bind(fd, (void *)&addr, sizeof(addr)), 0);
            close(fd);
        }
    }
    umask(mask);
    rmdir(dir);
}

static void http_server_start__takes_the_socket_of_systemd(void **state)
{
    struct http_server *passed = NULL;
    struct http_server_options options = {
        .listen = "systemd", .routes = ROUTES, .n_routes = CASES(ROUTES), .threads = 1};
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int kept = fcntl(3, F_DUPFD_CLOEXEC, 100); /* the first that systemd passes is 3 */
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    char pid[32];

    (void)state;
    assert_int_equal(bind(fd, (void *)&addr, sizeof(addr)), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(dup2(fd, 3), 3);
    if (fd != 3)
        close(fd);
    snprintf(pid, sizeof(pid), "%d", (int)getpid());
    setenv("LISTEN_PID", pid, 1);
    setenv("LISTEN_FDS", "1", 1);
    assert_int_equal(http_server_start(&options, &passed, NULL), 0);
    check_answer(passed, GET("/jobs/7"), 200, "id=7 ");
    http_server_stop(passed, 1000);
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    if (kept >= 0) {
        assert_int_equal(dup2(kept, 3), 3);
        close(kept);
    }
}

static void http_server_start__says_when_systemd_passed_no_socket(void **state)
{
    static const char *const cases[][2] = {
        {NULL, "1"}, {"1", "1"}, {"self", NULL}, {"self", "0"}, {"self", "2"}, {"", ""},
    };
    struct http_server_options options = {
        .listen = "systemd", .routes = ROUTES, .n_routes = CASES(ROUTES)};
    char pid[32];

    (void)state;
    snprintf(pid, sizeof(pid), "%d", (int)getpid());
    for (size_t i = 0; i < CASES(cases); i++) {
        struct http_server *server = NULL;
        struct err err = {0};
        const char *first = cases[i][0];

        if (first)
            setenv("LISTEN_PID", strcmp(first, "self") == 0 ? pid : first, 1);
        if (cases[i][1])
            setenv("LISTEN_FDS", cases[i][1], 1);
        assert_int_equal(http_server_start(&options, &server, &err), VDO_E_INVALID);
        assert_non_null(strstr(err.text, ".socket unit"));
        unsetenv("LISTEN_PID");
        unsetenv("LISTEN_FDS");
    }
}

static void http_server_start__refuses_addresses_that_are_none(void **state)
{
    static const char *const addresses[] = {
        "",
        "8420",
        ":8420",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:x",
        "host:99999",
        "::1:80",
        "[::1]",
        "[]:80",
        "unix:",
        "unix:relative",
        "unix:/dev/null",
        "http://127.0.0.1:80",
        "127.0.0.1:80x",
        "unix:/"
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        "aaaaaaaaaaaaaaaaaaaaa",
    };

    (void)state;
    for (size_t i = 0; i < CASES(addresses); i++) {
        struct http_server_options options = {
            .listen = addresses[i], .routes = ROUTES, .n_routes = CASES(ROUTES)};
        struct http_server *server = NULL;
        struct err err = {0};
        int rc = http_server_start(&options, &server, &err);

        if (rc != VDO_E_INVALID || server)
            fail_msg("\"%s\": %d %s", addresses[i], rc, err.text);
    }
}

static void http_server_start__says_when_the_port_is_taken(void **state)
{
    struct http_server *server = start((struct http_server_options){0});
    struct http_server_options options = {.listen = strstr(http_server_url(server), "127"),
                                          .routes = ROUTES,
                                          .n_routes = CASES(ROUTES)};
    struct http_server *second = NULL;
    struct err err = {0};

    (void)state;
    assert_int_equal(http_server_start(&options, &second, &err), VDO_E_CONFLICT);
    assert_non_null(strstr(err.text, options.listen));
    stop(server, 1000);
}

static void http_server_start__refuses_patterns_that_are_none(void **state)
{
    static const char *const patterns[] = {
        "",
        "jobs",
        "/{id",
        "/a}",
        "/{}",
        "/x{id}",
        "/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17",
        "/{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}/{i}",
    };

    (void)state;
    for (size_t i = 0; i < CASES(patterns); i++) {
        struct http_route route = {"GET", patterns[i], 0, answer_echo, NULL};
        struct http_server_options options = {
            .listen = "127.0.0.1:0", .routes = &route, .n_routes = 1};
        struct http_server *server = NULL;

        assert_int_equal(http_server_start(&options, &server, NULL), VDO_E_INVALID);
    }
}

static void http_server__lets_clients_wait_when_it_is_full(void **state)
{
    struct http_server *server = start((struct http_server_options){.max_connections = 2});
    int first = open_stream(server);
    int second = open_stream(server);
    int third = raw_connect(http_server_url(server));
    char *answer;

    (void)state;
    stub_send(third, GET("/"));
    assert_false(raw_is_closed(third, 100));
    close(first);
    answer = raw_read_all(third);
    assert_non_null(strstr(answer, "HTTP/1.1 200"));
    free(answer);
    close(second);
    close(third);
    stop(server, 1000);
}

static void http_server__limits_connections_of_one_address(void **state)
{
    struct http_server *server = start((struct http_server_options){.per_ip = 2});
    int first = open_stream(server);
    int second = open_stream(server);
    int third = raw_connect(http_server_url(server));

    (void)state;
    assert_true(raw_is_closed(third, STUB_WAIT_MS));
    close(first);
    close(second);
    close(third);
    stop(server, 1000);
}

static bool done_404(void *arg)
{
    (void)arg;
    return atomic_load(&done.last_status) == 404;
}

static void http_server__tells_when_a_request_is_done(void **state)
{
    struct http_server *server = start((struct http_server_options){0});

    (void)state;
    check_answer(server, GET("/no"), 404, "");
    assert_true(wait_until(done_404, NULL));
    assert_string_equal(atomic_load(&done.last_pattern), "");
    assert_int_equal(atomic_load(&done.count), 1);
    check_answer(server, GET("/jobs/7"), 200, "");
    stop(server, 1000);
    assert_int_equal(atomic_load(&done.last_status), 200);
    assert_string_equal(atomic_load(&done.last_pattern), "/jobs/{id}");
    assert_int_equal(atomic_load(&done.count), 2);
}

static int start_up(void **state)
{
    (void)state;
    http_client_startup();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(http_server__finds_the_route),
        cmocka_unit_test(http_server__sets_caching_unless_the_answer_does),
        cmocka_unit_test(http_server__answers_head_as_get_without_a_body),
        cmocka_unit_test(http_server__refuses_broken_requests),
        cmocka_unit_test(http_server__refuses_what_is_not_http),
        cmocka_unit_test(http_server__sees_a_nul_byte_in_the_target),
        cmocka_unit_test(http_server__refuses_large_headers),
        cmocka_unit_test(http_server__refuses_a_declared_body_before_it_comes),
        cmocka_unit_test(http_server__refuses_chunks_while_they_come),
        cmocka_unit_test(http_server__takes_a_body_of_exactly_the_cap),
        cmocka_unit_test(http_server__takes_a_large_body_whole),
        cmocka_unit_test(http_server__keeps_the_connection_after_small_refusals),
        cmocka_unit_test(http_server__cuts_a_client_that_drips),
        cmocka_unit_test(http_server__lets_a_deferred_request_wait),
        cmocka_unit_test(http_defer__keeps_all_of_the_request_for_another_thread),
        cmocka_unit_test(http_defer__holds_under_load),
        cmocka_unit_test(http_respond__may_come_after_the_client_left),
        cmocka_unit_test(http_stream__carries_what_is_written),
        cmocka_unit_test(http_stream__ends_for_http_1_0_by_closing),
        cmocka_unit_test(http_stream__pings),
        cmocka_unit_test(http_stream__notices_that_the_client_left),
        cmocka_unit_test(http_stream__ends_for_a_client_that_does_not_read),
        cmocka_unit_test(http_stream__answers_head_and_closes),
        cmocka_unit_test(http_stream__survives_clients_that_come_and_go_while_written),
        cmocka_unit_test(http_server_stop__lets_requests_under_way_finish),
        cmocka_unit_test(http_server_stop__gives_up_after_the_grace),
        cmocka_unit_test(http_server_stop__ends_open_streams),
        cmocka_unit_test(http_server_stop__ends_streams_that_nobody_reads),
        cmocka_unit_test(http_server_stop__holds_under_load),
        cmocka_unit_test(http_server_stop__takes_null),
        cmocka_unit_test(http_server_start__listens_where_it_is_told),
        cmocka_unit_test(http_server_start__takes_a_unix_socket_and_replaces_a_stale_one),
        cmocka_unit_test(http_server_start__takes_the_socket_of_systemd),
        cmocka_unit_test(http_server_start__says_when_systemd_passed_no_socket),
        cmocka_unit_test(http_server_start__refuses_addresses_that_are_none),
        cmocka_unit_test(http_server_start__says_when_the_port_is_taken),
        cmocka_unit_test(http_server_start__refuses_patterns_that_are_none),
        cmocka_unit_test(http_server__lets_clients_wait_when_it_is_full),
        cmocka_unit_test(http_server__limits_connections_of_one_address),
        cmocka_unit_test(http_server__tells_when_a_request_is_done),
    };

    return cmocka_run_group_tests(tests, start_up, NULL);
}
