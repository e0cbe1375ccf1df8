/* How a server ends. */
#include "server_fixture.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(http_server_stop__lets_requests_under_way_finish),
        cmocka_unit_test(http_server_stop__gives_up_after_the_grace),
        cmocka_unit_test(http_server_stop__ends_open_streams),
        cmocka_unit_test(http_server_stop__ends_streams_that_nobody_reads),
        cmocka_unit_test(http_server_stop__holds_under_load),
        cmocka_unit_test(http_server_stop__takes_null),
    };

    return cmocka_run_group_tests(tests, start_up, NULL);
}
