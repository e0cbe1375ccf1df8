/*
 * net_addr: addresses that no name may lead to: this host, its networks, and the services of cloud
 * providers that hand out credentials.
 *
 * Source: the IANA special-purpose address registries (RFC 6890). IPv4 addresses inside of IPv6
 * ones (mapped, 6to4, NAT64, Teredo is refused as a whole) count as what they hold. Threads: pure
 * functions.
 */
#ifndef VDO_SANDBOX_NET_ADDR_H
#define VDO_SANDBOX_NET_ADDR_H

#include <sys/socket.h>

/* Why the address is refused ("a loopback address"), or NULL. Static. */
const char *net_addr_refused(const struct sockaddr *addr);

#endif
