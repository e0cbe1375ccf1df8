/* Answers that another thread gives later. */
#include "server_fixture.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(http_server__lets_a_deferred_request_wait),
        cmocka_unit_test(http_defer__keeps_all_of_the_request_for_another_thread),
        cmocka_unit_test(http_defer__holds_under_load),
        cmocka_unit_test(http_respond__may_come_after_the_client_left),
    };

    return cmocka_run_group_tests(tests, start_up, NULL);
}
