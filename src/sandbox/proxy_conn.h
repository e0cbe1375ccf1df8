/*
 * proxy_conn: one connection of a program inside to the proxy. Used by the proxy's thread only.
 */
#ifndef VDO_SANDBOX_PROXY_CONN_H
#define VDO_SANDBOX_PROXY_CONN_H

#include "attempts.h"
#include "flow.h"
#include "proxy_request.h"
#include "resolve.h"

#include <poll.h>

enum conn_state { CONN_HEAD, CONN_LOOKUP, CONN_CONNECT, CONN_PASS, CONN_REPLY, CONN_DONE };

/* What all connections of a proxy share. */
struct conn_shared {
    const struct host_rule *rules;
    size_t n_rules;
    struct resolver *resolver;
    struct attempts attempts;
    int64_t head_ms;
    int64_t bytes_left;
};

struct conn {
    struct conn_shared *shared;
    enum conn_state state;
    int client;
    int server; /* or -1 */
    int64_t deadline_ms;
    struct proxy_request request;
    struct lookup *lookup;
    struct addrinfo *found;
    struct addrinfo *next; /* to be tried */
    struct flow up;        /* to the server */
    struct flow down;
};

/* Takes client, which is non-blocking. */
struct conn *conn_new(struct conn_shared *shared, int client, int64_t now_ms);
void conn_free(struct conn *conn);
/* The run has ended: an attempt that has not come to its end is recorded as it stands. */
void conn_cut(struct conn *conn);
/* What to wait for: two entries, fd -1 where there is nothing. */
void conn_events(const struct conn *c, struct pollfd fds[2]);
/* Go on with what has come; fds as poll() left them. The state CONN_DONE: free it. */
void conn_work(struct conn *c, const struct pollfd fds[2], int64_t now_ms);

#endif
