/*
 * netns: the network namespace of a sandbox without a network, made so that VDO sees what is tried.
 *
 * It holds nothing but a loopback. Routes to the public and private unicast addresses lead to that
 * loopback without being local: nobody inside gets such packets, a packet socket sees them, and raw
 * sockets answer them (tap.h). Multicast, broadcast and link-local addresses have no route, as in
 * an empty network namespace. The kernel makes a route of IPv6 over a loopback one that rejects: it
 * drops the packet and says "no route" to the sender (ip6_route_info_create() in net/ipv6/route.c);
 * the packet socket sees that message, and what it quotes.
 *
 * Why not a tun device: it would need /dev/net/tun, an address, and show an interface that programs
 * take for a network. Why not local routes: servers of the sandbox on 0.0.0.0 would be what
 * answers.
 *
 * Programs inside have no capability over this namespace: it belongs to the user namespace around
 * bwrap's. Source: netlink(7), rtnetlink(7), packet(7), raw(7). Threads: see each function.
 */
#ifndef VDO_SANDBOX_NETNS_H
#define VDO_SANDBOX_NETNS_H

#include <stdbool.h>

/* Sockets of the namespace. */
struct netns_sockets {
    int seen4;   /* packets of IPv4 that leave, filtered, from the IP header on; non-blocking */
    int answer4; /* whole packets of IPv4 go into it */
    int routes;  /* rtnetlink */
    int seen6;   /* or -1 where the kernel has no IPv6 */
    int answer6;
};

/*
 * Furnish the network namespace that the calling process has just entered, hand its sockets out
 * through the channel, and wait until they are taken. In a forked child: only async-signal-safe
 * calls. It needs CAP_NET_ADMIN and CAP_NET_RAW over the namespace.
 *
 * channel  the end that netns_channel() gave for it
 * Returns 0, or -1 with errno.
 */
int netns_furnish(int channel);

/* A channel: [0] for netns_take(), [1] for netns_furnish(). 0, or -1 with errno. */
int netns_channel(int out[2]);

/* Take the sockets out of the channel once it can be read, and let the child go on. 0, or -1 when
 * they did not come whole; then netns_furnish() fails in the child. */
int netns_take(int channel, struct netns_sockets *out);
/* Closing packet sockets waits for the kernel, 5 to 30 ms. */
void netns_close(struct netns_sockets *sockets);

/* No packet leaves any more: connect(2) fails in the kernel, as in an empty network namespace.
 * False when the kernel did not do it. */
bool netns_remove_routes(const struct netns_sockets *sockets);

#endif
