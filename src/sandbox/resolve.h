/*
 * resolve: looking names up without waiting for it.
 *
 * getaddrinfo(3) may block for half a minute and cannot be interrupted, so each lookup has a thread
 * of its own, which outlives whoever lost patience. At most RESOLVE_MOST of one resolver are under
 * way, forgotten ones included. Threads: a resolver and its lookups belong to one thread.
 */
#ifndef VDO_SANDBOX_RESOLVE_H
#define VDO_SANDBOX_RESOLVE_H

#include <netdb.h>
#include <stdint.h>

enum { RESOLVE_MOST = 8 };

struct resolver;
struct lookup;

struct resolver *resolver_new(void);
/* Lookups that are still under way end by themselves. */
void resolver_free(struct resolver *resolver);

/* NULL when too many are under way. End with lookup_drop(). */
struct lookup *lookup_start(struct resolver *resolver, const char *host, uint16_t port);
/* Readable when it is done. Borrowed. */
int lookup_fd(const struct lookup *lookup);
/* After it is done: the addresses, the caller's now (freeaddrinfo()), or NULL with *why set
 * (static). */
struct addrinfo *lookup_take(struct lookup *lookup, const char **why);
/* NULL is fine. */
void lookup_drop(struct lookup *lookup);

#endif
