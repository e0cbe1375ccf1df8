#include "tap_packet.h"

#include "dns_question.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

enum {
    V4_HEADER = 20,
    V6_HEADER = 40,
    ICMP_HEADER = 8,
    UDP_HEADER = 8,
    TCP_FLAGS_AT = 13,
    TCP_SYN = 0x02,
    TCP_ACK = 0x10,
    DNS_PORT = 53,
    QUOTED = 64, /* bytes behind the IP header that an answer repeats; 8 identify a connection */
    NETWORK_V4 = 0,
    PORT_V4 = 3,
    UNREACHABLE_V4 = 3,
    NETWORK_V6 = 0,
    PORT_V6 = 4,
    UNREACHABLE_V6 = 1
};

_Static_assert(V6_HEADER + ICMP_HEADER + V6_HEADER + QUOTED <= TAP_ANSWER_SIZE, "answers fit");
_Static_assert(V4_HEADER + ICMP_HEADER + 60 + QUOTED <= TAP_ANSWER_SIZE, "answers fit");

/* One packet, taken apart: all pointers into its bytes. */
struct packet {
    const uint8_t *ip;
    size_t ip_len;
    int family;
    int protocol;
    const uint8_t *from;
    const uint8_t *to;
    const uint8_t *rest; /* behind the IP header */
    size_t rest_len;
};

static unsigned number_at(const uint8_t *bytes)
{
    return (unsigned)bytes[0] << 8 | bytes[1];
}

static bool open_v4(const uint8_t *bytes, size_t len, struct packet *p)
{
    size_t header = len >= V4_HEADER ? (size_t)(bytes[0] & 0x0f) * 4 : 0;

    /* Only the first fragment has ports. */
    if (header < V4_HEADER || header > len || (number_at(bytes + 6) & 0x1fff))
        return false;
    *p = (struct packet){.ip = bytes,
                         .ip_len = header,
                         .family = AF_INET,
                         .protocol = bytes[9],
                         .from = bytes + 12,
                         .to = bytes + 16,
                         .rest = bytes + header,
                         .rest_len = len - header};
    return true;
}

static bool open_v6(const uint8_t *bytes, size_t len, struct packet *p)
{
    if (len < V6_HEADER)
        return false;
    *p = (struct packet){.ip = bytes,
                         .ip_len = V6_HEADER,
                         .family = AF_INET6,
                         .protocol = bytes[6],
                         .from = bytes + 8,
                         .to = bytes + 24,
                         .rest = bytes + V6_HEADER,
                         .rest_len = len - V6_HEADER};
    return true;
}

static bool open_ip(const uint8_t *bytes, size_t len, struct packet *p)
{
    int version = len ? bytes[0] >> 4 : 0;

    return (version == 4 && open_v4(bytes, len, p)) || (version == 6 && open_v6(bytes, len, p));
}

/* The packet, or the one that the kernel's "no route" message is about. */
static bool open_packet(const uint8_t *bytes, size_t len, struct packet *p)
{
    if (!open_ip(bytes, len, p))
        return false;
    if (p->family != AF_INET6 || p->protocol != IPPROTO_ICMPV6)
        return true;
    return p->rest_len > ICMP_HEADER && p->rest[0] == UNREACHABLE_V6 && p->rest[1] == NETWORK_V6 &&
           bytes[7] != TAP_HOPS && p->rest[ICMP_HEADER] >> 4 == 6 &&
           open_v6(p->rest + ICMP_HEADER, p->rest_len - ICMP_HEADER, p);
}

/* To the loopback, or multicast, which has no route but the one that its sender chooses with
 * IP_MULTICAST_IF: such packets reach servers of the sandbox itself. */
static bool stays_inside(const struct packet *p)
{
    static const uint8_t v6[16] = {[15] = 1};
    static const uint8_t mapped[13] = {[10] = 0xff, [11] = 0xff, [12] = 127};

    if (p->family == AF_INET)
        return p->to[0] == 127 || (p->to[0] & 0xf0) == 0xe0;
    return p->to[0] == 0xff || memcmp(p->to, v6, sizeof(v6)) == 0 ||
           memcmp(p->to, mapped, sizeof(mapped)) == 0;
}

static bool is_start_of_tcp(const struct packet *p)
{
    return p->protocol == IPPROTO_TCP && p->rest_len > TCP_FLAGS_AT &&
           (p->rest[TCP_FLAGS_AT] & (TCP_SYN | TCP_ACK)) == TCP_SYN;
}

static bool is_udp(const struct packet *p)
{
    return p->protocol == IPPROTO_UDP && p->rest_len >= UDP_HEADER;
}

bool tap_packet_read(const uint8_t *bytes, size_t len, struct tap_seen *out)
{
    struct tap_seen seen = {.address = ""};
    struct packet p;

    if (!open_packet(bytes, len, &p) || (!is_start_of_tcp(&p) && !is_udp(&p)))
        return false;
    seen.udp = is_udp(&p);
    seen.port = (uint16_t)number_at(p.rest + 2);
    if (seen.udp && seen.port == DNS_PORT)
        (void)dns_question_read(p.rest + UDP_HEADER, p.rest_len - UDP_HEADER, seen.name);
    if (!stays_inside(&p))
        (void)inet_ntop(p.family, p.to, seen.address, sizeof(seen.address));
    if (!seen.address[0] && !seen.name[0])
        return false;
    *out = seen;
    return true;
}

/* RFC 1071, over a pseudo header's sum. */
static uint16_t checksum(const uint8_t *bytes, size_t len, uint32_t sum)
{
    for (size_t i = 0; i + 1 < len; i += 2)
        sum += number_at(bytes + i);
    if (len % 2)
        sum += (uint32_t)bytes[len - 1] << 8;
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

static void put_number(uint8_t *at, unsigned value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

/* The type, the code and what is quoted; its checksum is the caller's. Returns the length. */
static size_t put_icmp(const struct packet *p, uint8_t *at, int type, int code)
{
    size_t quoted = p->rest_len < QUOTED ? p->rest_len : QUOTED;

    at[0] = (uint8_t)type;
    at[1] = (uint8_t)code;
    memcpy(at + ICMP_HEADER, p->ip, p->ip_len);
    memcpy(at + ICMP_HEADER + p->ip_len, p->rest, quoted);
    return ICMP_HEADER + p->ip_len + quoted;
}

static size_t answer_v4(const struct packet *p, uint8_t *out)
{
    static const uint8_t loopback[4] = {127, 0, 0, 1};
    size_t len = put_icmp(p, out + V4_HEADER, UNREACHABLE_V4, is_udp(p) ? PORT_V4 : NETWORK_V4);

    put_number(out + V4_HEADER + 2, checksum(out + V4_HEADER, len, 0));
    out[0] = 0x45;
    put_number(out + 2, (unsigned)(V4_HEADER + len));
    out[8] = TAP_HOPS;
    out[9] = IPPROTO_ICMP;
    memcpy(out + 12, loopback, sizeof(loopback));
    memcpy(out + 16, p->from, 4);
    put_number(out + 10, checksum(out, V4_HEADER, 0));
    return V4_HEADER + len;
}

static size_t answer_v6(const struct packet *p, uint8_t *out)
{
    size_t len = put_icmp(p, out + V6_HEADER, UNREACHABLE_V6, is_udp(p) ? PORT_V6 : NETWORK_V6);

    out[0] = 0x60;
    put_number(out + 4, (unsigned)len);
    out[6] = IPPROTO_ICMPV6;
    out[7] = TAP_HOPS;
    out[23] = 1; /* from ::1 */
    memcpy(out + 24, p->from, 16);
    /* The pseudo header: both addresses, the length and the protocol. RFC 8200, 8.1. */
    put_number(out + V6_HEADER + 2,
               checksum(out + 8, 32 + len, (uint32_t)len + (uint32_t)IPPROTO_ICMPV6));
    return V6_HEADER + len;
}

size_t tap_packet_answer(const uint8_t *bytes, size_t len, uint8_t out[TAP_ANSWER_SIZE])
{
    struct packet p;

    if (!open_packet(bytes, len, &p) || (!is_start_of_tcp(&p) && !is_udp(&p)) || stays_inside(&p))
        return 0;
    memset(out, 0, TAP_ANSWER_SIZE);
    return p.family == AF_INET ? answer_v4(&p, out) : answer_v6(&p, out);
}
