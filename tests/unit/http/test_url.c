#include "vdo/http/client.h"

/* cmocka.h needs these before it */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#define CASES(a) (sizeof(a) / sizeof((a)[0]))

static void url_same_origin__compares_scheme_host_and_port(void **state)
{
    static const struct {
        const char *a;
        const char *b;
        bool same;
    } cases[] = {
        {"https://api.github.com/a?b", "https://api.github.com/c#d", true},
        {"https://api.github.com", "https://API.GitHub.com:443/", true},
        {"http://a", "http://a:80/x", true},
        {"HTTP://a/", "http://a/", true},
        {"https://user:secret@a/", "https://a/", true},
        {"http://[::1]:80/", "http://[::1]/", true},
        {"https://api.github.com", "http://api.github.com", false},
        {"https://api.github.com", "https://github.com", false},
        {"https://api.github.com", "https://api.github.com.evil.example", false},
        {"https://api.github.com@evil.example/", "https://api.github.com/", false},
        {"https://a:443", "https://a:444", false},
        {"https://a", "", false},
        {"ftp://a", "ftp://a", false},
        {"a", "a", false},
        {"", "", false},
        {NULL, NULL, false},
    };

    (void)state;
    for (size_t i = 0; i < CASES(cases); i++)
        if (url_same_origin(cases[i].a, cases[i].b) != cases[i].same)
            fail_msg("%s and %s: expected %d", cases[i].a, cases[i].b, cases[i].same);
}

static void url_encode__keeps_only_unreserved_characters(void **state)
{
    static const char *const cases[][2] = {
        {"", ""},
        {"AZaz09-._~", "AZaz09-._~"},
        {"a b/c", "a%20b%2Fc"},
        {"100%", "100%25"},
        {"?#&=+:@", "%3F%23%26%3D%2B%3A%40"},
        {"\xC3\xA4\xFF\x01", "%C3%A4%FF%01"},
    };

    (void)state;
    for (size_t i = 0; i < CASES(cases); i++) {
        char *text = url_encode(cases[i][0]);

        assert_string_equal(text, cases[i][1]);
        free(text);
    }
}

static void url_is_loopback__knows_this_machine(void **state)
{
    static const struct {
        const char *url;
        bool is;
    } cases[] = {
        {"http://localhost", true},
        {"https://LOCALHOST:8443/x", true},
        {"http://127.0.0.1:1/", true},
        {"http://127.200.3.4/", true},
        {"http://[::1]:8/", true},
        {"http://[0:0:0:0:0:0:0:1]/", true},
        {"http://[::ffff:127.0.0.1]/", true},
        {"http://127.0.0.1.evil.example/", false},
        {"http://localhost.evil.example/", false},
        {"http://localhost@evil.example/", false},
        {"http://128.0.0.1/", false},
        {"http://0.0.0.0/", false},
        {"http://[::2]/", false},
        {"http://[::]/", false},
        {"http://10.0.0.1/", false},
        {"ftp://localhost/", false},
        {"localhost", false},
        {"", false},
        {NULL, false},
    };

    (void)state;
    for (size_t i = 0; i < CASES(cases); i++)
        if (url_is_loopback(cases[i].url) != cases[i].is)
            fail_msg("%s: expected %d", cases[i].url, cases[i].is);
}

static void url_origin__leaves_out_what_is_not_the_origin(void **state)
{
    static const char *const cases[][2] = {
        {"https://api.github.com/repos?a=b#c", "https://api.github.com"},
        {"https://u:p@host:8443/x", "https://host:8443"},
        {"http://host:80/", "http://host"},
        {"http://host:443/", "http://host:443"},
        {"https://[::1]:1/", "https://[::1]:1"},
        {"ftp://host/", NULL},
        {"/path", NULL},
        {"https://", NULL},
        {"https://a b/", NULL},
        {"", NULL},
        {NULL, NULL},
    };

    (void)state;
    for (size_t i = 0; i < CASES(cases); i++) {
        char *origin = url_origin(cases[i][0]);

        if (cases[i][1])
            assert_string_equal(origin, cases[i][1]);
        else
            assert_null(origin);
        free(origin);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(url_same_origin__compares_scheme_host_and_port),
        cmocka_unit_test(url_encode__keeps_only_unreserved_characters),
        cmocka_unit_test(url_is_loopback__knows_this_machine),
        cmocka_unit_test(url_origin__leaves_out_what_is_not_the_origin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
