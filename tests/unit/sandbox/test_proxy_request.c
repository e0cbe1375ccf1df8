#include "../../../src/sandbox/attempts.h"
#include "../../../src/sandbox/proxy_request.h"

#include "vdo/json/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void proxy_request_parse__reads_connect_and_absolute_targets(void **state)
{
    static const struct {
        const char *head;
        int status;
        bool tunnel;
        const char *host;
        int port;
    } rows[] = {
        {"CONNECT a.example:443 HTTP/1.1\r\n\r\n", 0, true, "a.example", 443},
        {"CONNECT A.Example.:8443 HTTP/1.0\r\nHost: b\r\n\r\n", 0, true, "a.example", 8443},
        {"CONNECT [::1]:80 HTTP/1.1\r\n\r\n", 0, true, "::1", 80},
        {"GET http://a.example/x HTTP/1.1\r\n\r\n", 0, false, "a.example", 80},
        {"POST HTTP://a.example:81?x=/y HTTP/1.1\r\n\r\n", 0, false, "a.example", 81},
        {"CONNECT a.example HTTP/1.1\r\n\r\n", 400, false, "", 0},
        {"CONNECT http://a.example:443 HTTP/1.1\r\n\r\n", 400, false, "", 0},
        {"CONNECT a.example:443\r\n\r\n", 400, false, "", 0},
        {"CONNECT a.example:443 HTTP/2.0\r\n\r\n", 400, false, "", 0},
        {"CONNECT  a.example:443 HTTP/1.1\r\n\r\n", 400, false, "", 0},
        {"CONNECT\ta.example:443 HTTP/1.1\r\n\r\n", 400, false, "", 0},
        {"connect a.example:443 HTTP/1.1\r\n\r\n", 501, false, "", 0},
        {"GET / HTTP/1.1\r\n\r\n", 501, false, "", 0},
        {"GET https://a.example/ HTTP/1.1\r\n\r\n", 501, false, "", 0},
        {"GET http:// HTTP/1.1\r\n\r\n", 501, false, "", 0},
        {"GET http:/// HTTP/1.1\r\n\r\n", 400, false, "", 0},
        {"GET http://u:p@a.example/ HTTP/1.1\r\n\r\n", 400, false, "", 0},
        {"\r\n\r\n", 400, false, "", 0},
        {"  HTTP/1.1\r\n\r\n", 400, false, "", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct proxy_request request = {0};
        const char *why = NULL;
        int status = proxy_request_parse(rows[i].head, strlen(rows[i].head), &request, &why);

        if (status != rows[i].status)
            fail_msg("row %zu: %d", i, status);
        if (status) {
            assert_non_null(why);
            continue;
        }
        assert_int_equal(request.tunnel, rows[i].tunnel);
        assert_string_equal(request.host, rows[i].host);
        assert_int_equal(request.port, rows[i].port);
    }
}

static void proxy_head_end__waits_for_the_empty_line(void **state)
{
    (void)state;
    assert_int_equal(proxy_head_end("a\r\n\r\nb", 6), 5);
    assert_int_equal(proxy_head_end("a\r\n\r", 4), 0);
    assert_int_equal(proxy_head_end("a\n\n", 3), 0);
    assert_int_equal(proxy_head_end("", 0), 0);
}

static void expect_rewritten(const char *head, const char *should)
{
    char out[PROXY_REWRITTEN_MAX + 1];
    size_t n = proxy_request_rewrite(head, strlen(head), out);

    out[n] = '\0';
    assert_string_equal(out, should);
}

static void proxy_request_rewrite__asks_the_server_for_one_thing(void **state)
{
    (void)state;
    expect_rewritten("GET http://a.example/x?y HTTP/1.1\r\nHost: a.example\r\n"
                     "Proxy-Connection: keep-alive\r\nconnection: keep-alive\r\n"
                     "PROXY-AUTHORIZATION: Basic eA==\r\nAccept: */*\r\n\r\n",
                     "GET /x?y HTTP/1.1\r\nHost: a.example\r\nAccept: */*\r\n"
                     "Connection: close\r\n\r\n");
    expect_rewritten("GET http://a.example HTTP/1.1\r\n\r\n",
                     "GET / HTTP/1.1\r\nConnection: close\r\n\r\n");
    expect_rewritten("GET http://a.example?x HTTP/1.0\r\nno colon\r\n\r\n",
                     "GET /?x HTTP/1.0\r\nno colon\r\nConnection: close\r\n\r\n");
}

static void attempts_add__counts_the_same_attempt_and_keeps_a_bounded_list(void **state)
{
    struct attempts attempts = {0};
    json_t *list;

    (void)state;
    attempts_add(&attempts, "ok.example", 443, true, "");
    for (int i = 0; i < 3; i++)
        attempts_add(&attempts, "a.example", 443, false, "is not allowed");
    for (int i = 0; i < 500; i++) {
        char host[32];

        (void)snprintf(host, sizeof(host), "h%d.example", i);
        attempts_add(&attempts, host, 443, false, "is not allowed");
    }
    list = attempts_json(&attempts);
    assert_int_equal(json_array_size(list), ATTEMPTS_MOST + 1);
    assert_string_equal(js_str(json_array_get(list, 0), "host", ""), "a.example");
    assert_int_equal(js_int(json_array_get(list, 0), "count", 0), 3);
    assert_true(js_bool(json_array_get(list, ATTEMPTS_MOST - 1), "allowed", false));
    assert_string_equal(js_str(json_array_get(list, ATTEMPTS_MOST), "host", "?"), "");
    assert_int_equal(js_int(json_array_get(list, ATTEMPTS_MOST), "count", 0), 402);
    json_decref(list);
    attempts_release(&attempts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(proxy_request_parse__reads_connect_and_absolute_targets),
        cmocka_unit_test(proxy_head_end__waits_for_the_empty_line),
        cmocka_unit_test(proxy_request_rewrite__asks_the_server_for_one_thing),
        cmocka_unit_test(attempts_add__counts_the_same_attempt_and_keeps_a_bounded_list),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
