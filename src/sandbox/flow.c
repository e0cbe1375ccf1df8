#include "flow.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/types.h>

bool flow_fill(struct flow *flow, int fd, int64_t *left)
{
    ssize_t n;

    n = recv(fd, flow->bytes + flow->to, FLOW_SIZE - flow->to, 0);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    flow->ended = n == 0;
    flow->to += (size_t)n;
    *left -= n;
    return true;
}

bool flow_empty(struct flow *flow, int fd)
{
    ssize_t n = send(fd, flow->bytes + flow->from, flow->to - flow->from, MSG_NOSIGNAL);

    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    flow->from += (size_t)n;
    if (flow->from == flow->to)
        flow->from = flow->to = 0;
    return true;
}

void flow_tell_end(struct flow *flow, int fd)
{
    if (!flow->ended || flow->closed || flow->from < flow->to)
        return;
    (void)shutdown(fd, SHUT_WR);
    flow->closed = true;
}
