/* Requests: routes, refusals, caps, connections. */
#include "server_fixture.h"

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
        cmocka_unit_test(http_server__lets_clients_wait_when_it_is_full),
        cmocka_unit_test(http_server__limits_connections_of_one_address),
        cmocka_unit_test(http_server__tells_when_a_request_is_done),
    };

    return cmocka_run_group_tests(tests, start_up, NULL);
}
