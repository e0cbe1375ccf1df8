#include "net_addr.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static const struct {
    uint32_t net;
    int bits;
    const char *why;
} v4[] = {
    {0x00000000, 8, "an address of this host"},
    {0x0a000000, 8, "a private address"},
    {0x64400000, 10, "a carrier's private address"},
    {0x7f000000, 8, "a loopback address"},
    {0xa9fe0000, 16, "a link-local or metadata address"},
    {0xac100000, 12, "a private address"},
    {0xc0000000, 24, "a reserved address"},
    {0xc0000200, 24, "a reserved address"},
    {0xc0586300, 24, "a reserved address"},
    {0xc0a80000, 16, "a private address"},
    {0xc6120000, 15, "a reserved address"},
    {0xc6336400, 24, "a reserved address"},
    {0xcb007100, 24, "a reserved address"},
    {0xe0000000, 4, "a multicast address"},
    {0xf0000000, 4, "a reserved address"},
};

static const struct {
    unsigned char net[16];
    int bits;
    const char *why;
} v6[] = {
    {{0xfc}, 7, "a private address"},
    {{0xfe, 0x80}, 10, "a link-local address"},
    {{0xfe, 0xc0}, 10, "a private address"},
    {{0xff}, 8, "a multicast address"},
    {{0x20, 0x01, 0x0d, 0xb8}, 32, "a reserved address"},
    {{0x20, 0x01}, 23, "a reserved address"},
    {{0x01}, 64, "a reserved address"},
};

static const char *refused_v4(uint32_t address)
{
    for (size_t i = 0; i < sizeof(v4) / sizeof(v4[0]); i++) {
        uint32_t mask = ~0U << (32 - v4[i].bits);

        if ((address & mask) == v4[i].net)
            return v4[i].why;
    }
    return NULL;
}

static int begins(const unsigned char *address, const unsigned char *net, int bits)
{
    int bytes = bits / 8;
    int rest = bits % 8;

    return memcmp(address, net, (size_t)bytes) == 0 &&
           (rest == 0 || (address[bytes] >> (8 - rest)) == (net[bytes] >> (8 - rest)));
}

static uint32_t number_at(const unsigned char *bytes)
{
    uint32_t value;

    memcpy(&value, bytes, sizeof(value));
    return ntohl(value);
}

static const char *refused_v6(const unsigned char *a)
{
    static const unsigned char zero[16];
    static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    static const unsigned char nat64[12] = {0x00, 0x64, 0xff, 0x9b};
    static const unsigned char nat64_local[6] = {0x00, 0x64, 0xff, 0x9b, 0x00, 0x01};

    if (memcmp(a, mapped, sizeof(mapped)) == 0 || memcmp(a, nat64, sizeof(nat64)) == 0)
        return refused_v4(number_at(a + 12));
    if (memcmp(a, zero, 12) == 0)
        return memcmp(a, zero, 15) == 0 ? "a loopback address" : "a reserved address";
    if (a[0] == 0x20 && a[1] == 0x02)
        return refused_v4(number_at(a + 2));
    if (memcmp(a, nat64_local, sizeof(nat64_local)) == 0)
        return "a private address";
    for (size_t i = 0; i < sizeof(v6) / sizeof(v6[0]); i++) {
        if (begins(a, v6[i].net, v6[i].bits))
            return v6[i].why;
    }
    return NULL;
}

const char *net_addr_refused(const struct sockaddr *addr)
{
    if (addr->sa_family == AF_INET) {
        struct sockaddr_in in;

        memcpy(&in, addr, sizeof(in));
        return refused_v4(ntohl(in.sin_addr.s_addr));
    }
    if (addr->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;

        memcpy(&in6, addr, sizeof(in6));
        return refused_v6(in6.sin6_addr.s6_addr);
    }
    return "no internet address";
}
