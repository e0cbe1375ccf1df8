/*
 * proxy: the only way out of a sandbox that may reach some hosts: an HTTP proxy of VDO's own.
 *
 * The sandbox has a network namespace in which there is nothing but its own loopback. Its first
 * program (inlet.h) makes a listening socket there, hands it out, and becomes the command; so
 * nothing of the proxy runs inside, and no other process of the host can connect to it. A thread on
 * the host's side accepts what programs inside connect, reads what they ask for (proxy_request.h),
 * looks names up, and connects only to hosts and ports that a rule covers and to addresses that are
 * public or a rule themselves (net_addr.h). Connections, sizes and times have caps.
 *
 * Threads: start, stop and release belong to the caller; in between the proxy has a thread.
 */
#ifndef VDO_SANDBOX_PROXY_H
#define VDO_SANDBOX_PROXY_H

#include "attempts.h"

#include "vdo/base/err.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    PROXY_PORT = 3128, /* inside, on 127.0.0.1 */
    PROXY_CONNECTIONS = 64,
    PROXY_HEAD_MS = 10000,        /* for a whole request head, to look a name up, to connect */
    PROXY_IDLE_MS = 120000,       /* without a byte in either direction */
    PROXY_ALL_CONNECTIONS = 20000 /* of one run */
};

#define PROXY_MAX_BYTES ((int64_t)4 * 1024 * 1024 * 1024) /* of one run, both directions */

struct proxy;

/*
 * Read the rules and start the thread.
 *
 * head_ms     instead of PROXY_HEAD_MS; 0: that
 * out_inside  the end of a channel that the sandbox's first program gets; the caller closes it
 * Returns 0; VDO_E_INVALID for a rule that cannot be read, or too many; VDO_E_IO.
 */
int proxy_start(const char *const *rules, int64_t head_ms, struct proxy **out, int *out_inside,
                struct err *err);
/* Once nothing of the sandbox is left. Connections are cut. */
void proxy_stop(struct proxy *proxy);
/* After proxy_stop(): did the sandbox ever hand its socket out? */
bool proxy_was_reached(const struct proxy *proxy);
/* After proxy_stop(). Borrowed. */
const struct attempts *proxy_attempts(const struct proxy *proxy);
/* Also when it was not stopped. NULL is fine. */
void proxy_free(struct proxy *proxy);

#endif
