#include "../../../src/sandbox/net_addr.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char *refused(const char *text)
{
    struct sockaddr_in in = {.sin_family = AF_INET};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};

    if (inet_pton(AF_INET, text, &in.sin_addr) == 1)
        return net_addr_refused((struct sockaddr *)&in);
    assert_int_equal(inet_pton(AF_INET6, text, &in6.sin6_addr), 1);
    return net_addr_refused((struct sockaddr *)&in6);
}

static void net_addr_refused__lets_public_addresses_through(void **state)
{
    static const char *const texts[] = {
        "1.1.1.1",      "8.8.8.8",        "172.15.255.255",   "172.32.0.1",      "100.63.255.255",
        "100.128.0.1",  "169.253.1.1",    "192.167.1.1",      "223.255.255.255", "2606:4700::1111",
        "2a00:1450::1", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1", "2400::1"};

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (refused(texts[i]))
            fail_msg("%s is refused: %s", texts[i], refused(texts[i]));
    }
}

static void net_addr_refused__knows_every_way_to_this_host_and_its_networks(void **state)
{
    static const char *const texts[] = {"127.0.0.1",
                                        "127.255.255.254",
                                        "0.0.0.0",
                                        "10.1.2.3",
                                        "172.16.0.1",
                                        "172.31.255.255",
                                        "192.168.0.1",
                                        "100.64.0.1",
                                        "100.100.100.200",
                                        "169.254.169.254",
                                        "198.18.0.1",
                                        "203.0.113.9",
                                        "224.0.0.1",
                                        "255.255.255.255",
                                        "::",
                                        "::1",
                                        "::127.0.0.1",
                                        "::ffff:127.0.0.1",
                                        "::ffff:169.254.169.254",
                                        "64:ff9b::7f00:1",
                                        "64:ff9b::a9fe:a9fe",
                                        "64:ff9b:1::1",
                                        "2002:7f00:1::",
                                        "2002:a9fe:a9fe::1",
                                        "fe80::1",
                                        "febf::1",
                                        "fec0::1",
                                        "fc00::1",
                                        "fd00:ec2::254",
                                        "ff02::1",
                                        "2001:db8::1",
                                        "2001:0:7f00:1::1",
                                        "100::1"};

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (!refused(texts[i]))
            fail_msg("%s is let through", texts[i]);
    }
}

static void net_addr_refused__refuses_what_is_no_internet_address(void **state)
{
    struct sockaddr other = {.sa_family = AF_UNIX};

    (void)state;
    assert_non_null(net_addr_refused(&other));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(net_addr_refused__lets_public_addresses_through),
        cmocka_unit_test(net_addr_refused__knows_every_way_to_this_host_and_its_networks),
        cmocka_unit_test(net_addr_refused__refuses_what_is_no_internet_address),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
