#include "vdo/base/host_rule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void host_rule_parse__reads_names_addresses_and_stars(void **state)
{
    static const struct {
        const char *text;
        const char *host;
        int port;
        bool below;
        bool address;
    } rows[] = {
        {"registry.example.org", "registry.example.org", 443, false, false},
        {"Registry.Example.ORG.:8443", "registry.example.org", 8443, false, false},
        {"localhost:1", "localhost", 1, false, false},
        {"*.example.org", "example.org", 443, true, false},
        {"*.a-b_c.example.org:65535", "a-b_c.example.org", 65535, true, false},
        {"127.0.0.1:8080", "127.0.0.1", 8080, false, true},
        {"[::1]:8080", "::1", 8080, false, true},
        {"[2001:DB8:0::1]", "2001:db8::1", 443, false, true},
        {"3com.example", "3com.example", 443, false, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct host_rule rule;
        const char *wrong = host_rule_parse(rows[i].text, &rule);

        if (wrong)
            fail_msg("%s: %s", rows[i].text, wrong);
        assert_string_equal(rule.host, rows[i].host);
        assert_int_equal(rule.port, rows[i].port);
        assert_int_equal(rule.below, rows[i].below);
        assert_int_equal(rule.address, rows[i].address);
    }
}

static void host_rule_parse__says_what_is_wrong(void **state)
{
    static const char *const texts[] = {"",
                                        "https://example.org",
                                        "example.org/x",
                                        "user@example.org",
                                        "*",
                                        "*.org",
                                        "*.*.example.org",
                                        "a.*.example.org",
                                        "*.127.0.0.1",
                                        "example.org:0",
                                        "example.org:65536",
                                        "example.org:",
                                        "example.org:+1",
                                        "example.org:http",
                                        "example.org:1:2",
                                        "::1",
                                        "[::1",
                                        "[::1]x",
                                        "[example.org]:1",
                                        "127.1",
                                        "0x7f.1",
                                        "2130706433",
                                        "127.0.0.1.2",
                                        "010.0.0.1",
                                        ".example.org",
                                        "example..org",
                                        "exa mple.org",
                                        "exa\nmple.org",
                                        "b\xc3\xbc"
                                        "cher.example",
                                        "a234567890123456789012345678901234567890123456789012345"
                                        "678901234.example"};

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct host_rule rule;

        if (!host_rule_parse(texts[i], &rule))
            fail_msg("\"%s\" was taken", texts[i]);
    }
}

static bool covers(const char *text, const char *host, uint16_t port)
{
    struct host_rule rule;

    assert_null(host_rule_parse(text, &rule));
    return host_rule_covers(&rule, host, port);
}

static void host_rule_covers__that_host_and_port_only(void **state)
{
    (void)state;
    assert_true(covers("a.example.org", "a.example.org", 443));
    assert_true(covers("a.example.org", "A.EXAMPLE.org", 443));
    assert_false(covers("a.example.org", "a.example.org", 80));
    assert_false(covers("a.example.org", "b.a.example.org", 443));
    assert_false(covers("a.example.org", "xa.example.org", 443));
    assert_true(covers("*.example.org", "b.a.example.org", 443));
    assert_false(covers("*.example.org", "example.org", 443));
    assert_false(covers("*.example.org", ".example.org", 443));
    assert_false(covers("*.example.org", "badexample.org", 443));
    assert_true(covers("[::1]:80", "::1", 80));
}

static void host_port_parse__needs_a_port_unless_one_is_given_for_it(void **state)
{
    char host[HOST_NAME_SIZE];
    uint16_t port = 0;

    (void)state;
    assert_false(host_port_parse("a.example", 9, 0, host, &port));
    assert_true(host_port_parse("a.example", 9, 80, host, &port));
    assert_int_equal(port, 80);
    assert_true(host_port_parse("[::FFFF:1.2.3.4]:81x", 19, 0, host, &port));
    assert_string_equal(host, "::ffff:1.2.3.4");
    assert_int_equal(port, 81);
    assert_false(host_port_parse("a\0b:1", 5, 0, host, &port));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(host_rule_parse__reads_names_addresses_and_stars),
        cmocka_unit_test(host_rule_parse__says_what_is_wrong),
        cmocka_unit_test(host_rule_covers__that_host_and_port_only),
        cmocka_unit_test(host_port_parse__needs_a_port_unless_one_is_given_for_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
