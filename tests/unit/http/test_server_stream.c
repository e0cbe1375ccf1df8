/* Streams that stay open. */
#include "server_fixture.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(http_stream__carries_what_is_written),
        cmocka_unit_test(http_stream__ends_for_http_1_0_by_closing),
        cmocka_unit_test(http_stream__pings),
        cmocka_unit_test(http_stream__notices_that_the_client_left),
        cmocka_unit_test(http_stream__ends_for_a_client_that_does_not_read),
        cmocka_unit_test(http_stream__answers_head_and_closes),
        cmocka_unit_test(http_stream__survives_clients_that_come_and_go_while_written),
    };

    return cmocka_run_group_tests(tests, start_up, NULL);
}
