/*
 * flow: bytes on their way from one socket to another. Threads: belongs to one thread.
 */
#ifndef VDO_SANDBOX_FLOW_H
#define VDO_SANDBOX_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FLOW_SIZE = 16384 };

struct flow {
    char bytes[FLOW_SIZE];
    size_t from;
    size_t to;
    bool ended;  /* nothing more comes in */
    bool closed; /* and the other side was told */
};

/* Take in what has come; there must be room (to < FLOW_SIZE). left is lowered by it. False when the
 * connection is broken. */
bool flow_fill(struct flow *flow, int fd, int64_t *left);
/* Pass on what can be. False when the connection is broken. */
bool flow_empty(struct flow *flow, int fd);
/* Once all is passed on, tell the other side that nothing more comes. */
void flow_tell_end(struct flow *flow, int fd);

#endif
