#include "../../../src/sandbox/tap_packet.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { SYN = 0x02, SYN_ACK = 0x12, ACK = 0x10, SYN_ECN = 0xc2, RST = 0x04 };

struct bytes {
    uint8_t at[512];
    size_t len;
};

static void add(struct bytes *b, const void *bytes, size_t len)
{
    memcpy(b->at + b->len, bytes, len);
    b->len += len;
}

static void add16(struct bytes *b, unsigned value)
{
    const uint8_t both[2] = {(uint8_t)(value >> 8), (uint8_t)value};

    add(b, both, 2);
}

static struct bytes tcp(uint16_t port, uint8_t flags)
{
    struct bytes b = {.len = 0};
    uint8_t rest[16] = {[9] = flags, [8] = 0x50};

    add16(&b, 40000);
    add16(&b, port);
    add(&b, rest, sizeof(rest));
    return b;
}

static struct bytes udp(uint16_t port, const char *body, size_t len)
{
    struct bytes b = {.len = 0};

    add16(&b, 40000);
    add16(&b, port);
    add16(&b, (unsigned)(8 + len));
    add16(&b, 0);
    add(&b, body, len);
    return b;
}

static struct bytes v4(int protocol, const char *to, struct bytes rest)
{
    struct bytes b = {.len = 20};

    b.at[0] = 0x45;
    b.at[8] = 64;
    b.at[9] = (uint8_t)protocol;
    assert_int_equal(inet_pton(AF_INET, "127.0.0.1", b.at + 12), 1);
    assert_int_equal(inet_pton(AF_INET, to, b.at + 16), 1);
    add(&b, rest.at, rest.len);
    return b;
}

static struct bytes v6(int next, const char *to, struct bytes rest)
{
    struct bytes b = {.len = 40};

    b.at[0] = 0x60;
    b.at[6] = (uint8_t)next;
    b.at[7] = 64;
    assert_int_equal(inet_pton(AF_INET6, "::1", b.at + 8), 1);
    assert_int_equal(inet_pton(AF_INET6, to, b.at + 24), 1);
    add(&b, rest.at, rest.len);
    return b;
}

/* As the kernel says "no route" about it. */
static struct bytes no_route(struct bytes inner, uint8_t code)
{
    struct bytes b = {.len = 0};
    const uint8_t header[8] = {1, code};

    add(&b, header, sizeof(header));
    add(&b, inner.at, inner.len);
    return v6(IPPROTO_ICMPV6, "::1", b);
}

static const char question[] = "\0\1\1\0\0\1\0\0\0\0\0\0\4name\7example\0\0\1\0\1";

static struct bytes ask(void)
{
    return udp(53, question, sizeof(question) - 1);
}

static void expect(const struct bytes *b, const char *address, int port, bool is_udp,
                   const char *name)
{
    struct tap_seen seen;

    assert_true(tap_packet_read(b->at, b->len, &seen));
    assert_string_equal(seen.address, address);
    assert_int_equal(seen.port, port);
    assert_int_equal(seen.udp, is_udp);
    assert_string_equal(seen.name, name);
}

static void expect_nothing(struct bytes b)
{
    struct tap_seen seen = {.address = "untouched"};

    assert_false(tap_packet_read(b.at, b.len, &seen));
    assert_string_equal(seen.address, "untouched");
}

static void tap_packet_read__sees_beginnings_of_tcp(void **state)
{
    struct bytes four = v4(IPPROTO_TCP, "93.184.216.34", tcp(443, SYN));
    struct bytes ecn = v4(IPPROTO_TCP, "10.0.0.1", tcp(80, SYN_ECN));
    struct bytes six = v6(IPPROTO_TCP, "2001:db8::1", tcp(443, SYN));
    struct bytes quoted = no_route(six, 0);

    (void)state;
    expect(&four, "93.184.216.34", 443, false, "");
    expect(&ecn, "10.0.0.1", 80, false, "");
    expect(&six, "2001:db8::1", 443, false, "");
    expect(&quoted, "2001:db8::1", 443, false, "");
}

static void tap_packet_read__sees_udp_and_names_asked_for(void **state)
{
    struct bytes time = v4(IPPROTO_UDP, "192.0.2.1", udp(123, "x", 1));
    struct bytes own = v4(IPPROTO_UDP, "127.0.0.1", ask());
    struct bytes other = v4(IPPROTO_UDP, "8.8.8.8", ask());
    struct bytes own6 = v6(IPPROTO_UDP, "::1", ask());
    struct bytes other6 = no_route(v6(IPPROTO_UDP, "2001:4860:4860::8888", ask()), 0);

    (void)state;
    expect(&time, "192.0.2.1", 123, true, "");
    expect(&own, "", 53, true, "name.example");
    expect(&other, "8.8.8.8", 53, true, "name.example");
    expect(&own6, "", 53, true, "name.example");
    expect(&other6, "2001:4860:4860::8888", 53, true, "name.example");
}

static void tap_packet_read__leaves_out_what_tells_nothing(void **state)
{
    struct bytes fragment = v4(IPPROTO_UDP, "192.0.2.1", ask());
    struct bytes own_answer = no_route(v6(IPPROTO_TCP, "2001:db8::1", tcp(443, SYN)), 0);
    struct bytes version = v4(IPPROTO_TCP, "192.0.2.1", tcp(443, SYN));

    (void)state;
    fragment.at[7] = 1;
    own_answer.at[7] = TAP_HOPS;
    version.at[0] = 0x55;
    expect_nothing(fragment);
    expect_nothing(own_answer);
    expect_nothing(version);
    expect_nothing((struct bytes){.len = 0});
    expect_nothing(v4(IPPROTO_TCP, "192.0.2.1", tcp(443, SYN_ACK)));
    expect_nothing(v4(IPPROTO_TCP, "192.0.2.1", tcp(443, ACK)));
    expect_nothing(v4(IPPROTO_TCP, "192.0.2.1", tcp(443, RST)));
    expect_nothing(v4(IPPROTO_TCP, "127.0.0.1", tcp(443, SYN)));
    expect_nothing(v6(IPPROTO_TCP, "::1", tcp(443, SYN)));
    expect_nothing(v4(IPPROTO_UDP, "127.0.0.1", udp(4000, question, sizeof(question) - 1)));
    expect_nothing(v4(IPPROTO_UDP, "127.0.0.1", udp(53, "nonsense", 8)));
    expect_nothing(v4(IPPROTO_UDP, "224.0.0.251", udp(5353, question, sizeof(question) - 1)));
    expect_nothing(v4(IPPROTO_UDP, "239.255.255.255", udp(1900, "x", 1)));
    expect_nothing(v6(IPPROTO_UDP, "ff02::fb", udp(5353, question, sizeof(question) - 1)));
    expect_nothing(v4(IPPROTO_ICMP, "192.0.2.1", tcp(443, SYN)));
    expect_nothing(no_route(v6(IPPROTO_TCP, "2001:db8::1", tcp(443, SYN)), 4));
    expect_nothing(no_route(v4(IPPROTO_TCP, "192.0.2.1", tcp(443, SYN)), 0));
    expect_nothing(no_route(no_route(v6(IPPROTO_TCP, "2001:db8::1", tcp(443, SYN)), 0), 0));
}

/* Whatever is missing at its end: read or refused, never past the end. */
static void tap_packet_read__stays_within_packets_that_are_cut(void **state)
{
    const struct bytes whole[] = {v4(IPPROTO_TCP, "192.0.2.1", tcp(443, SYN)),
                                  v4(IPPROTO_UDP, "127.0.0.1", ask()),
                                  no_route(v6(IPPROTO_UDP, "2001:db8::1", ask()), 0)};

    (void)state;
    for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++) {
        size_t header = whole[i].at[0] == 0x45 ? 20 : 40;

        for (size_t len = 0; len < whole[i].len; len++) {
            uint8_t *exact = test_malloc(len + 1);
            struct tap_seen seen;
            bool ok;

            memcpy(exact, whole[i].at, len);
            ok = tap_packet_read(exact, len, &seen);
            if (len < header + 8)
                assert_false(ok);
            test_free(exact);
        }
    }
}

/* RFC 1071: over what it covers, the checksum included, the sum is all ones. */
static unsigned sum_of(const uint8_t *bytes, size_t len, unsigned sum)
{
    for (size_t i = 0; i < len; i++)
        sum += i % 2 ? bytes[i] : (unsigned)bytes[i] << 8;
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return sum;
}

static void expect_v4(struct bytes b, int code)
{
    uint8_t out[TAP_ANSWER_SIZE];
    size_t len = tap_packet_answer(b.at, b.len, out);

    assert_true(len > 28 + 20 + 8 - 1);
    assert_int_equal(out[9], IPPROTO_ICMP);
    assert_int_equal(out[2] << 8 | out[3], len);
    assert_memory_equal(out + 16, b.at + 12, 4);
    assert_int_equal(out[20], 3);
    assert_int_equal(out[21], code);
    assert_memory_equal(out + 28, b.at, 28);
    assert_int_equal(sum_of(out, 20, 0), 0xffff);
    assert_int_equal(sum_of(out + 20, len - 20, 0), 0xffff);
}

static void expect_v6(struct bytes b, struct bytes inner, int code)
{
    uint8_t out[TAP_ANSWER_SIZE];
    size_t len = tap_packet_answer(b.at, b.len, out);

    assert_true(len >= 48 + 40 + 8);
    assert_int_equal(out[6], IPPROTO_ICMPV6);
    assert_int_equal(out[7], TAP_HOPS);
    assert_int_equal(out[4] << 8 | out[5], len - 40);
    assert_memory_equal(out + 24, inner.at + 8, 16);
    assert_int_equal(out[40], 1);
    assert_int_equal(out[41], code);
    assert_memory_equal(out + 48, inner.at, 48);
    assert_int_equal(sum_of(out + 8, len - 8, (unsigned)(len - 40) + IPPROTO_ICMPV6), 0xffff);
}

static void tap_packet_answer__says_unreachable_to_the_sender(void **state)
{
    struct bytes tcp6 = v6(IPPROTO_TCP, "2001:db8::1", tcp(443, SYN));
    struct bytes udp6 = v6(IPPROTO_UDP, "2001:db8::1", ask());

    (void)state;
    expect_v4(v4(IPPROTO_TCP, "192.0.2.1", tcp(443, SYN)), 0);
    expect_v4(v4(IPPROTO_UDP, "192.0.2.1", udp(123, "x", 1)), 3);
    expect_v6(tcp6, tcp6, 0);
    expect_v6(no_route(tcp6, 0), tcp6, 0);
    expect_v6(no_route(udp6, 0), udp6, 4);
}

static void tap_packet_answer__is_silent_where_the_loopback_answers(void **state)
{
    uint8_t out[TAP_ANSWER_SIZE];
    struct bytes own = v4(IPPROTO_UDP, "127.0.0.1", ask());
    struct bytes nothing = v4(IPPROTO_ICMP, "192.0.2.1", ask());
    struct bytes many = v4(IPPROTO_UDP, "224.0.0.251", ask());

    (void)state;
    assert_int_equal(tap_packet_answer(own.at, own.len, out), 0);
    assert_int_equal(tap_packet_answer(many.at, many.len, out), 0);
    assert_int_equal(tap_packet_answer(nothing.at, nothing.len, out), 0);
    assert_int_equal(tap_packet_answer(nothing.at, 0, out), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tap_packet_read__sees_beginnings_of_tcp),
        cmocka_unit_test(tap_packet_read__sees_udp_and_names_asked_for),
        cmocka_unit_test(tap_packet_read__leaves_out_what_tells_nothing),
        cmocka_unit_test(tap_packet_read__stays_within_packets_that_are_cut),
        cmocka_unit_test(tap_packet_answer__says_unreachable_to_the_sender),
        cmocka_unit_test(tap_packet_answer__is_silent_where_the_loopback_answers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
