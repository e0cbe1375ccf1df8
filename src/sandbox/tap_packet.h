/*
 * tap_packet: reads what a sandbox without a network sends to the outside, and makes the answers
 * that let it fail at once.
 *
 * In the sandbox's network (netns.h) packets to foreign addresses leave by its loopback, where the
 * tap sees them: beginnings of TCP connections (SYN without ACK) and UDP, and what is sent to port
 * 53 of the loopback, where resolvers without a configuration ask. Multicast over the loopback
 * stays inside and is passed over. A packet of IPv6 may come inside of the kernel's own "no route"
 * message. Packets are made by hostile programs. Threads: pure functions. Source: RFC 791, RFC 792,
 * RFC 4443, RFC 8200, RFC 9293, RFC 768.
 */
#ifndef VDO_SANDBOX_TAP_PACKET_H
#define VDO_SANDBOX_TAP_PACKET_H

#include "vdo/base/host_rule.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TAP_SNAP = 512,        /* bytes of a packet that are looked at */
    TAP_ANSWER_SIZE = 192, /* of the longest answer */
    TAP_HOPS = 77          /* the hop limit of answers: by it the tap knows its own */
};

struct tap_seen {
    char address[46]; /* "" when it stays inside */
    uint16_t port;
    bool udp;
    char name[HOST_NAME_SIZE]; /* what the packet asks a name server for; or "" */
};

/* Read a packet from its IP header on; it may be cut. False when it is nothing to tell of; out is
 * set only when true. */
bool tap_packet_read(const uint8_t *bytes, size_t len, struct tap_seen *out);

/*
 * The ICMP message that answers a packet which tap_packet_read() takes: for TCP "network
 * unreachable", with which connect(2) fails with ENETUNREACH; for UDP "port unreachable", with
 * which a connected socket fails with ECONNREFUSED (others are not told by the kernel).
 *
 * out  the whole packet from its IP header on, from the loopback to the sender
 * Returns its length; 0 when there is nothing to answer: the loopback answers for itself.
 */
size_t tap_packet_answer(const uint8_t *bytes, size_t len, uint8_t out[TAP_ANSWER_SIZE]);

#endif
