#include "http_stub.h"
#include "vdo/base/mem.h"
#include "vdo/http/client.h"

/* cmocka.h needs these before it */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* What the stub heard and how it answers. */
struct script {
    const char *answer;
    char *heard; /* the last request */
    unsigned requests;
    bool close_after; /* each answer */
    pthread_mutex_t lock;
};

static void hear(struct script *script, char *request)
{
    pthread_mutex_lock(&script->lock);
    free(script->heard);
    script->heard = request;
    script->requests++;
    pthread_mutex_unlock(&script->lock);
}

static void serve_script(void *arg, int fd, unsigned number)
{
    struct script *script = arg;
    char *request;

    (void)number;
    while ((request = stub_read_request(fd))) {
        hear(script, request);
        stub_send(fd, script->answer);
        if (script->close_after)
            return;
    }
}

static unsigned requests(struct script *script)
{
    unsigned n;

    pthread_mutex_lock(&script->lock);
    n = script->requests;
    pthread_mutex_unlock(&script->lock);
    return n;
}

struct fixture {
    struct script script;
    struct stub *stub;
    struct http_client *client;
    struct http_result result;
    struct err err;
    char url[128];
};

static void begin(struct fixture *f, stub_serve_fn serve, const char *answer)
{
    memset(f, 0, sizeof(*f));
    f->script.answer = answer;
    pthread_mutex_init(&f->script.lock, NULL);
    f->stub = stub_start(serve, &f->script);
    f->client = http_client_new();
    snprintf(f->url, sizeof(f->url), "%s/path?key=hidden", stub_url(f->stub));
}

static void end(struct fixture *f)
{
    http_result_release(&f->result);
    http_client_free(f->client);
    stub_stop(f->stub);
    free(f->script.heard);
    pthread_mutex_destroy(&f->script.lock);
}

static int get(struct fixture *f)
{
    struct http_call call = {.method = "GET", .url = f->url};

    http_result_release(&f->result);
    err_clear(&f->err);
    return http_call(f->client, &call, &f->result, &f->err);
}

#define OK_HELLO "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-One:  a b \r\nx-two:\r\n\r\nhello"

static void http_call__gives_status_headers_and_body(void **state)
{
    struct fixture f;
    char buf[64];
    char small[3];

    (void)state;
    begin(&f, serve_script, OK_HELLO);
    assert_int_equal(get(&f), 0);
    assert_int_equal(f.result.status, 200);
    assert_string_equal(f.result.body, "hello");
    assert_int_equal(f.result.body_len, 5);
    assert_true(f.result.sent);
    assert_true(f.result.latency_ms >= f.result.first_byte_ms);
    assert_string_equal(http_result_header(&f.result, "x-ONE", buf, sizeof(buf)), "a b");
    assert_string_equal(http_result_header(&f.result, "X-Two", buf, sizeof(buf)), "");
    assert_null(http_result_header(&f.result, "X-Three", buf, sizeof(buf)));
    assert_null(http_result_header(&f.result, "X-On", buf, sizeof(buf)));
    assert_null(http_result_header(&f.result, "X-One", small, sizeof(small)));
    end(&f);
}

static void http_call__sends_what_was_asked(void **state)
{
    const struct http_header headers[] = {
        {"Authorization", "Bearer abc"}, {"Content-Type", "application/json"}, {"X-Empty", ""}};
    struct fixture f;
    struct http_call call = {
        .method = "PATCH", .headers = headers, .n_headers = 3, .body = "{\"a\":1}", .body_len = 7};

    (void)state;
    begin(&f, serve_script, OK_HELLO);
    call.url = f.url;
    assert_int_equal(http_call(f.client, &call, &f.result, &f.err), 0);
    assert_non_null(strstr(f.script.heard, "PATCH /path?key=hidden HTTP/1.1\r\n"));
    assert_non_null(strstr(f.script.heard, "\r\nAuthorization: Bearer abc\r\n"));
    assert_non_null(strstr(f.script.heard, "\r\nContent-Type: application/json\r\n"));
    assert_non_null(strstr(f.script.heard, "\r\nX-Empty:\r\n"));
    assert_non_null(strstr(f.script.heard, "\r\nContent-Length: 7\r\n"));
    assert_non_null(strstr(f.script.heard, "\r\nUser-Agent: vdo/"));
    assert_non_null(strstr(f.script.heard, "\r\nAccept-Encoding: "));
    assert_null(strstr(f.script.heard, "Expect:"));
    assert_non_null(strstr(f.script.heard, "\r\n\r\n{\"a\":1}"));
    end(&f);
}

static void http_call__knows_every_method(void **state)
{
    static const struct {
        const char *method;
        const char *body;
        const char *line;
    } cases[] = {
        {"GET", NULL, "GET /"},       {"POST", "x", "POST /"},     {"POST", NULL, "POST /"},
        {"POST", "", "POST /"},       {"PUT", "x", "PUT /"},       {"PUT", NULL, "PUT /"},
        {"DELETE", NULL, "DELETE /"}, {"DELETE", "x", "DELETE /"}, {"PATCH", "x", "PATCH /"},
        {"GET", "x", "GET /"},
    };
    struct fixture f;

    (void)state;
    begin(&f, serve_script, OK_HELLO);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *body = cases[i].body;
        struct http_call call = {.method = cases[i].method,
                                 .url = f.url,
                                 .body = body,
                                 .body_len = body ? strlen(body) : 0};

        assert_int_equal(http_call(f.client, &call, &f.result, &f.err), 0);
        assert_int_equal(strncmp(f.script.heard, cases[i].line, strlen(cases[i].line)), 0);
        assert_null(strstr(f.script.heard, "Content-Type"));
        assert_null(strstr(f.script.heard, "chunked"));
        assert_true(!body || !*body || strstr(f.script.heard, "\r\n\r\nx"));
        http_result_release(&f.result);
    }
    end(&f);
}

static void http_call__keeps_its_connection(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f, serve_script, OK_HELLO);
    for (int i = 0; i < 5; i++)
        assert_int_equal(get(&f), 0);
    assert_int_equal(stub_connections(f.stub), 1);
    assert_int_equal(requests(&f.script), 5);
    end(&f);
}

static void http_call__does_not_follow_a_redirect(void **state)
{
    struct fixture f;
    char buf[64];

    (void)state;
    begin(&f, serve_script, "HTTP/1.1 307 Go\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n");
    assert_int_equal(get(&f), 0);
    assert_int_equal(f.result.status, 307);
    assert_string_equal(http_result_header(&f.result, "location", buf, sizeof(buf)), "/elsewhere");
    assert_int_equal(requests(&f.script), 1);
    end(&f);
}

static void http_call__takes_an_error_status_as_a_result(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f, serve_script, "HTTP/1.1 503 No\r\nContent-Length: 4\r\n\r\nbusy");
    assert_int_equal(get(&f), 0);
    assert_int_equal(f.result.status, 503);
    assert_string_equal(f.result.body, "busy");
    end(&f);
}

static void http_call__reads_chunks_and_skips_interim_answers(void **state)
{
    struct fixture f;
    char buf[64];

    (void)state;
    begin(&f, serve_script,
          "HTTP/1.1 100 Continue\r\nX-Interim: 1\r\n\r\n"
          "HTTP/1.1 103 Early Hints\r\nX-Interim: 2\r\n\r\n"
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
    assert_int_equal(get(&f), 0);
    assert_int_equal(f.result.status, 200);
    assert_string_equal(f.result.body, "abcde");
    assert_null(http_result_header(&f.result, "X-Interim", buf, sizeof(buf)));
    end(&f);
}

/* --- failures on the way ------------------------------------------------------------------- */

static void check_temporary(struct fixture *f, int rc, bool sent)
{
    assert_int_equal(rc, VDO_E_TEMPORARY);
    assert_int_equal(f->result.sent, sent);
    assert_int_equal(f->result.status, 0);
    assert_null(f->result.body);
    assert_non_null(strstr(f->err.text, "http://127.0.0.1"));
    assert_null(strstr(f->err.text, "hidden"));
}

static void http_call__says_that_nothing_was_sent_when_nobody_listens(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f, serve_script, OK_HELLO);
    stub_stop(f.stub);
    check_temporary(&f, get(&f), false);
    f.stub = stub_start(serve_script, &f.script);
    end(&f);
}

static void serve_no_tls(void *arg, int fd, unsigned number)
{
    char buf[16];

    (void)arg;
    (void)number;
    if (recv(fd, buf, sizeof(buf), 0) > 0)
        stub_send(fd, "this is no TLS at all, whatever else it may be\r\n");
}

static void http_call__says_that_nothing_was_sent_when_tls_fails(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f, serve_no_tls, NULL);
    snprintf(f.url, sizeof(f.url), "https://127.0.0.1:%d/", stub_port(f.stub));
    assert_int_equal(get(&f), VDO_E_TEMPORARY);
    assert_false(f.result.sent);
    end(&f);
}

static void http_client_trust__wants_a_file_that_is_there(void **state)
{
    char path[] = "/tmp/vdo-trust-XXXXXX";
    struct err err = {0};
    int fd = mkstemp(path);

    (void)state;
    assert_true(fd >= 0);
    (void)close(fd);
    assert_null(http_client_trusted());
    assert_int_equal(http_client_trust(path, &err), 0);
    assert_string_equal(http_client_trusted(), path);
    (void)unlink(path);
    assert_int_equal(http_client_trust(path, &err), VDO_E_NOT_FOUND);
    assert_non_null(strstr(err.text, path));
    assert_non_null(http_client_trusted()); /* as it was */
    assert_int_equal(http_client_trust(NULL, &err), 0);
    assert_null(http_client_trusted());
}

static void serve_reset(void *arg, int fd, unsigned number)
{
    struct linger hard = {.l_onoff = 1};

    (void)number;
    char *request = stub_read_request(fd);

    if (request)
        hear(arg, request);
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
}

static void http_call__reports_a_reset_as_sent(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f, serve_reset, NULL);
    check_temporary(&f, get(&f), true);
    end(&f);
}

static void http_call__reports_a_body_that_ends_early(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f, serve_script, "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello");
    f.script.close_after = true;
    check_temporary(&f, get(&f), true);
    end(&f);
}

static void http_call__reports_an_answer_that_is_none(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f, serve_script, "SSH-2.0-OpenSSH_9.2\r\n");
    f.script.close_after = true;
    check_temporary(&f, get(&f), true);
    end(&f);
}

static void serve_silence(void *arg, int fd, unsigned number)
{
    char byte;

    (void)number;
    hear(arg, stub_read_request(fd));
    if (recv(fd, &byte, 1, 0) < 0)
        return; /* until the client closes */
}

static void http_call__ends_at_its_time_out(void **state)
{
    struct fixture f;
    struct http_call call = {.method = "GET", .timeout_ms = 100};

    (void)state;
    begin(&f, serve_silence, NULL);
    call.url = f.url;
    check_temporary(&f, http_call(f.client, &call, &f.result, &f.err), true);
    end(&f);
}

/* Two bytes, then nothing. */
static void serve_then_silence(void *arg, int fd, unsigned number)
{
    char byte;

    (void)number;
    hear(arg, stub_read_request(fd));
    stub_send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nab");
    if (recv(fd, &byte, 1, 0) < 0)
        return;
}

static void http_call__ends_when_no_byte_comes(void **state)
{
    struct fixture f;
    struct http_call call = {.method = "GET", .idle_timeout_ms = 200};

    (void)state;
    begin(&f, serve_then_silence, NULL);
    call.url = f.url;
    check_temporary(&f, http_call(f.client, &call, &f.result, &f.err), true);
    assert_non_null(strstr(f.err.text, "no byte"));
    end(&f);
}

static bool was_heard(void *arg)
{
    return requests(arg) > 0;
}

struct cancelling {
    struct fixture *f;
    atomic_bool flag;
};

static void *cancel_when_heard(void *arg)
{
    struct cancelling *c = arg;

    atomic_store(&c->flag, wait_until(was_heard, &c->f->script));
    return NULL;
}

static void http_call__is_cancelled_within_a_second(void **state)
{
    struct fixture f;
    struct cancelling cancelling = {.f = &f};
    struct http_call call = {.method = "GET", .cancel = &cancelling.flag};
    pthread_t thread;
    long long start_ms = stub_now_ms();

    (void)state;
    begin(&f, serve_silence, NULL);
    call.url = f.url;
    pthread_create(&thread, NULL, cancel_when_heard, &cancelling);
    assert_int_equal(http_call(f.client, &call, &f.result, &f.err), VDO_E_CANCELLED);
    assert_true(f.result.sent);
    assert_true(stub_now_ms() - start_ms < 3000);
    pthread_join(thread, NULL);
    end(&f);
}

static void http_call__does_not_begin_when_cancelled_before(void **state)
{
    struct fixture f;
    atomic_bool flag = true;
    struct http_call call = {.method = "GET", .cancel = &flag};

    (void)state;
    begin(&f, serve_script, OK_HELLO);
    call.url = f.url;
    assert_int_equal(http_call(f.client, &call, &f.result, &f.err), VDO_E_CANCELLED);
    assert_false(f.result.sent);
    assert_int_equal(stub_connections(f.stub), 0);
    end(&f);
}

/* The first connection answers once and then dies on the second request, after it was read. */
static void serve_once_then_die(void *arg, int fd, unsigned number)
{
    struct script *script = arg;
    char *request = stub_read_request(fd);

    if (!request)
        return;
    hear(script, request);
    stub_send(fd, OK_HELLO);
    if (number > 0)
        return;
    request = stub_read_request(fd);
    if (request)
        hear(script, request);
}

static int send_body(struct fixture *f, const char *method)
{
    struct http_call call = {.method = method, .url = f->url, .body = "{}", .body_len = 2};

    http_result_release(&f->result);
    err_clear(&f->err);
    return http_call(f->client, &call, &f->result, &f->err);
}

static void http_call__never_repeats_a_post_by_itself(void **state)
{
    static const char *const methods[] = {"POST", "PATCH"};
    struct fixture f;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        begin(&f, serve_once_then_die, NULL);
        assert_int_equal(send_body(&f, methods[i]), 0);
        check_temporary(&f, send_body(&f, methods[i]), true);
        assert_int_equal(requests(&f.script), 2);
        assert_int_equal(send_body(&f, methods[i]), 0); /* the client is still good */
        end(&f);
    }
}

static void http_call__may_repeat_a_put(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f, serve_once_then_die, NULL);
    assert_int_equal(send_body(&f, "PUT"), 0);
    assert_int_equal(send_body(&f, "PUT"), 0);
    assert_int_equal(requests(&f.script), 3);
    end(&f);
}

/* --- caps ----------------------------------------------------------------------------------- */

static void serve_endless_headers(void *arg, int fd, unsigned number)
{
    char line[1024];

    (void)number;
    hear(arg, stub_read_request(fd));
    memset(line, 'a', sizeof(line));
    memcpy(line, "X: ", 3);
    line[sizeof(line) - 2] = '\r';
    line[sizeof(line) - 1] = '\n';
    stub_send(fd, "HTTP/1.1 200 OK\r\n");
    for (int i = 0; i < 200; i++)
        stub_send_bytes(fd, line, sizeof(line));
}

static void serve_endless_header_line(void *arg, int fd, unsigned number)
{
    char part[1024];

    (void)number;
    hear(arg, stub_read_request(fd));
    memset(part, 'a', sizeof(part));
    stub_send(fd, "HTTP/1.1 200 OK\r\nX: ");
    for (int i = 0; i < 2000; i++)
        stub_send_bytes(fd, part, sizeof(part));
}

static void serve_endless_body(void *arg, int fd, unsigned number)
{
    char part[1000];

    (void)number;
    hear(arg, stub_read_request(fd));
    memset(part, 'b', sizeof(part));
    stub_send(fd, "HTTP/1.1 200 OK\r\n\r\n");
    for (int i = 0; i < 20000; i++)
        stub_send_bytes(fd, part, sizeof(part));
}

static void serve_large_declared_body(void *arg, int fd, unsigned number)
{
    char byte;

    (void)number;
    hear(arg, stub_read_request(fd));
    stub_send(fd, "HTTP/1.1 200 OK\r\nContent-Length: 10001\r\n\r\n");
    if (recv(fd, &byte, 1, 0) < 0)
        return;
}

static void http_call__has_caps(void **state)
{
    static const struct {
        const char *what;
        stub_serve_fn serve;
    } cases[] = {
        {"many headers", serve_endless_headers},
        {"one long header", serve_endless_header_line},
        {"a body without end", serve_endless_body},
        {"a body declared too large", serve_large_declared_body},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fixture f;
        struct http_call call = {.method = "GET", .max_body = 10000, .timeout_ms = 5000};
        int rc;

        begin(&f, cases[i].serve, NULL);
        call.url = f.url;
        rc = http_call(f.client, &call, &f.result, &f.err);
        if (rc != VDO_E_TOO_LARGE)
            fail_msg("%s: %d %s", cases[i].what, rc, f.err.text);
        assert_true(f.result.sent);
        end(&f);
    }
}

static void http_call__takes_a_body_of_exactly_the_cap(void **state)
{
    struct fixture f;
    struct http_call call = {.method = "GET", .max_body = 5};

    (void)state;
    begin(&f, serve_script, OK_HELLO);
    call.url = f.url;
    assert_int_equal(http_call(f.client, &call, &f.result, &f.err), 0);
    http_result_release(&f.result);
    call.max_body = 4;
    assert_int_equal(http_call(f.client, &call, &f.result, &f.err), VDO_E_TOO_LARGE);
    end(&f);
}

/* 100,000 times 'a' through gzip -9n. */
static const unsigned char BOMB[] = {
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xed, 0xc1, 0x31, 0x01, 0x00,
    0x00, 0x00, 0xc2, 0xa0, 0xac, 0xeb, 0x5f, 0xc2, 0x1a, 0x1e, 0x40, 0x01, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0xaf, 0x06, 0x87, 0xfa, 0xe2, 0x1b, 0xa0, 0x86, 0x01, 0x00};

static void serve_bomb(void *arg, int fd, unsigned number)
{
    char head[128];

    (void)number;
    hear(arg, stub_read_request(fd));
    snprintf(head, sizeof(head),
             "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %zu\r\n\r\n",
             sizeof(BOMB));
    stub_send(fd, head);
    stub_send_bytes(fd, BOMB, sizeof(BOMB));
}

static void http_call__counts_a_body_after_unpacking(void **state)
{
    struct fixture f;
    struct http_call call = {.method = "GET", .max_body = 99999};

    (void)state;
    begin(&f, serve_bomb, NULL);
    call.url = f.url;
    assert_int_equal(http_call(f.client, &call, &f.result, &f.err), VDO_E_TOO_LARGE);
    call.max_body = 100000;
    assert_int_equal(http_call(f.client, &call, &f.result, NULL), 0);
    assert_int_equal(f.result.body_len, 100000);
    end(&f);
}

static void http_call__refuses_headers_that_would_forge_others(void **state)
{
    static const struct http_header cases[] = {
        {"X", "a\r\nY: b"}, {"X", "a\n"}, {"X\r\nY", "a"}, {"", "a"},
        {"X Y", "a"},       {"X:", "a"},  {NULL, "a"},     {"X", NULL},
    };
    struct fixture f;

    (void)state;
    begin(&f, serve_script, OK_HELLO);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct http_call call = {
            .method = "GET", .url = f.url, .headers = &cases[i], .n_headers = 1};

        err_clear(&f.err);
        assert_int_equal(http_call(f.client, &call, &f.result, &f.err), VDO_E_INVALID);
        assert_non_null(strstr(f.err.text, "header 1"));
    }
    assert_int_equal(stub_connections(f.stub), 0);
    end(&f);
}

static void http_call__refuses_urls_and_methods_that_are_none(void **state)
{
    static const char *const cases[][2] = {
        {"GET", "ftp://127.0.0.1/"},
        {"GET", "file:///etc/passwd"},
        {"GET", "127.0.0.1"},
        {"GET", ""},
        {"GET", NULL},
        {"GET", "http://"},
        {"G T", "http://127.0.0.1"},
        {"", "http://127.0.0.1"},
        {NULL, "http://127.0.0.1"},
        {"GET\r\nX: y", "http://127.0.0.1"},
    };
    struct http_client *client = http_client_new();

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct http_call call = {.method = cases[i][0], .url = cases[i][1]};
        struct http_result result;
        struct err err = {0};

        assert_int_equal(http_call(client, &call, &result, &err), VDO_E_INVALID);
        assert_false(result.sent);
    }
    http_client_free(client);
}

/* --- streaming ------------------------------------------------------------------------------ */

struct pieces {
    char text[100];
    int status;
    int stop_with;
};

static int take_piece(void *arg, int status, const char *bytes, size_t len)
{
    struct pieces *pieces = arg;

    pieces->status = status;
    strncat(pieces->text, bytes, len);
    return pieces->stop_with;
}

static void http_call__streams_the_body(void **state)
{
    struct fixture f;
    struct pieces pieces = {0};
    struct http_call call = {.method = "GET", .on_body = take_piece, .on_body_arg = &pieces};

    (void)state;
    begin(&f, serve_script,
          "HTTP/1.1 201 Made\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n");
    call.url = f.url;
    assert_int_equal(http_call(f.client, &call, &f.result, &f.err), 0);
    assert_string_equal(pieces.text, "abc");
    assert_int_equal(pieces.status, 201);
    assert_string_equal(f.result.body, "");
    assert_int_equal(f.result.body_len, 0);
    end(&f);
}

static void http_call__passes_on_what_the_receiver_says(void **state)
{
    struct fixture f;
    struct pieces pieces = {.stop_with = VDO_E_REFUSED};
    struct http_call call = {.method = "GET", .on_body = take_piece, .on_body_arg = &pieces};

    (void)state;
    begin(&f, serve_script, OK_HELLO);
    call.url = f.url;
    assert_int_equal(http_call(f.client, &call, &f.result, &f.err), VDO_E_REFUSED);
    assert_true(f.result.sent);
    end(&f);
}

static void http_call__asks_no_proxy_for_this_machine(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f, serve_script, OK_HELLO);
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    setenv("all_proxy", "http://127.0.0.1:1", 1);
    assert_int_equal(get(&f), 0);
    unsetenv("http_proxy");
    unsetenv("all_proxy");
    end(&f);
}

static int start_up(void **state)
{
    (void)state;
    http_client_startup();
    return 0;
}

static int shut_down(void **state)
{
    (void)state;
    http_client_shutdown();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(http_call__gives_status_headers_and_body),
        cmocka_unit_test(http_call__sends_what_was_asked),
        cmocka_unit_test(http_call__knows_every_method),
        cmocka_unit_test(http_call__keeps_its_connection),
        cmocka_unit_test(http_call__does_not_follow_a_redirect),
        cmocka_unit_test(http_call__takes_an_error_status_as_a_result),
        cmocka_unit_test(http_call__reads_chunks_and_skips_interim_answers),
        cmocka_unit_test(http_call__says_that_nothing_was_sent_when_nobody_listens),
        cmocka_unit_test(http_call__says_that_nothing_was_sent_when_tls_fails),
        cmocka_unit_test(http_client_trust__wants_a_file_that_is_there),
        cmocka_unit_test(http_call__reports_a_reset_as_sent),
        cmocka_unit_test(http_call__reports_a_body_that_ends_early),
        cmocka_unit_test(http_call__reports_an_answer_that_is_none),
        cmocka_unit_test(http_call__ends_at_its_time_out),
        cmocka_unit_test(http_call__ends_when_no_byte_comes),
        cmocka_unit_test(http_call__is_cancelled_within_a_second),
        cmocka_unit_test(http_call__does_not_begin_when_cancelled_before),
        cmocka_unit_test(http_call__never_repeats_a_post_by_itself),
        cmocka_unit_test(http_call__may_repeat_a_put),
        cmocka_unit_test(http_call__has_caps),
        cmocka_unit_test(http_call__takes_a_body_of_exactly_the_cap),
        cmocka_unit_test(http_call__counts_a_body_after_unpacking),
        cmocka_unit_test(http_call__refuses_headers_that_would_forge_others),
        cmocka_unit_test(http_call__refuses_urls_and_methods_that_are_none),
        cmocka_unit_test(http_call__streams_the_body),
        cmocka_unit_test(http_call__passes_on_what_the_receiver_says),
        cmocka_unit_test(http_call__asks_no_proxy_for_this_machine),
    };

    return cmocka_run_group_tests(tests, start_up, shut_down);
}
