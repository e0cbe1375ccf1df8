/*
 * tap: sees what a sandbox without a network tries to reach, and lets it fail at once.
 *
 * A thread reads the packet sockets of the sandbox's network (netns.h), writes down whom the
 * packets are for (tap_packet.h) and answers them with ICMP. So connect(2) fails with ENETUNREACH
 * within a fraction of a millisecond, as it does in the kernel where there is no route, and only
 * programs that try to reach something pay for it. A connected UDP socket fails with ECONNREFUSED;
 * one that is not connected hears nothing, where it would have met ENETUNREACH before.
 * The kernel tells of an ICMP message (POLLERR) a moment before it sets the socket's error: who
 * polls a connect(2) that does not block and asks at once, on a busy machine, may read SO_ERROR as
 * 0 and meets the error at his next call.
 *
 * A run that tries more than TAP_PACKETS loses its routes: from then on the kernel refuses by
 * itself, and nothing more is seen.
 *
 * Threads: start, stop and free belong to the caller; in between the tap has a thread, which after
 * the end closes what takes its time.
 */
#ifndef VDO_SANDBOX_TAP_H
#define VDO_SANDBOX_TAP_H

#include "attempts.h"

#include "vdo/base/err.h"

#include <stdbool.h>

enum {
    TAP_PACKETS = 5000, /* of one run; the lookup of one name takes 4 */
    TAP_AGAIN_MS = 4    /* see tap.c */
};

struct tap;

/*
 * Start the thread.
 *
 * beside_proxy  the sandbox has a proxy too: the reasons say so
 * most          instead of TAP_PACKETS; 0: that
 * out_inside    for netns_furnish() in the forked child; the caller closes it
 * Returns 0 or VDO_E_IO.
 */
int tap_start(bool beside_proxy, int64_t most, struct tap **out, int *out_inside, struct err *err);
/* Once nothing of the sandbox is left: what was sent before is read still. */
void tap_stop(struct tap *tap);
/* After tap_stop(). Borrowed. */
const struct attempts *tap_attempts(const struct tap *tap);
/* Also when it was not stopped. NULL is fine. */
void tap_free(struct tap *tap);
/* Wait until nothing of any tap is left, for an orderly end of the program. */
void tap_wait_for_all(void);

/* Try it, in a process of its own that tries to reach an address: can attempts be seen here? why
 * says why not, in a few words. Takes about 5 ms. */
bool tap_probe(char *why, size_t why_size);

#endif
