#include "proxy_conn.h"

#include "net_addr.h"
#include "proxy.h"

#include "vdo/base/mem.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FORBIDDEN = 403, BUSY = 503, BAD_GATEWAY = 502, TIMED_OUT = 408 };

struct conn *conn_new(struct conn_shared *shared, int client, int64_t now_ms)
{
    struct conn *c = xcalloc(1, sizeof(*c));

    c->shared = shared;
    c->client = client;
    c->server = -1;
    c->deadline_ms = now_ms + c->shared->head_ms;
    return c;
}

void conn_free(struct conn *conn)
{
    if (!conn)
        return;
    lookup_drop(conn->lookup);
    if (conn->found)
        freeaddrinfo(conn->found);
    if (conn->server >= 0)
        (void)close(conn->server);
    (void)close(conn->client);
    free(conn);
}

void conn_cut(struct conn *conn)
{
    if (conn->state == CONN_LOOKUP || conn->state == CONN_CONNECT)
        attempts_add(&conn->shared->attempts, conn->request.host, conn->request.port, true,
                     "the command ended before it was reached");
    conn->state = CONN_DONE;
}

static const char *reason_of(int status)
{
    switch (status) {
    case FORBIDDEN:
        return "Forbidden";
    case TIMED_OUT:
        return "Request Timeout";
    case BAD_GATEWAY:
        return "Bad Gateway";
    case BUSY:
        return "Service Unavailable";
    case 501:
        return "Not Implemented";
    default:
        return "Bad Request";
    }
}

/* Record the attempt as refused or failed, tell the program why, and close. */
static void end_with(struct conn *c, int status, bool allowed, const char *why, int64_t now_ms)
{
    char body[HOST_NAME_SIZE + ATTEMPT_WHY_SIZE + 64];
    int len = c->request.host[0] ? snprintf(body, sizeof(body), "vdo: %s:%u %s\n", c->request.host,
                                            (unsigned)c->request.port, why) :
                                   snprintf(body, sizeof(body), "vdo: %s\n", why);

    attempts_add(&c->shared->attempts, c->request.host, c->request.port, allowed, why);
    c->down.from = 0;
    c->down.to = (size_t)snprintf(c->down.bytes, sizeof(c->down.bytes),
                                  "HTTP/1.1 %d %s\r\nContent-Type: text/plain\r\n"
                                  "Content-Length: %d\r\nConnection: close\r\n\r\n%s",
                                  status, reason_of(status), len, body);
    c->state = CONN_REPLY;
    c->deadline_ms = now_ms + c->shared->head_ms;
}

static bool is_covered(const struct conn_shared *s, const char *host, uint16_t port, bool literal)
{
    for (size_t i = 0; i < s->n_rules; i++) {
        if ((!literal || s->rules[i].address) && host_rule_covers(&s->rules[i], host, port))
            return true;
    }
    return false;
}

/* The text of an address as rules have it. */
static void address_text(const struct sockaddr *addr, char out[INET6_ADDRSTRLEN])
{
    out[0] = '\0';
    if (addr->sa_family == AF_INET) {
        struct sockaddr_in in;

        memcpy(&in, addr, sizeof(in));
        (void)inet_ntop(AF_INET, &in.sin_addr, out, INET6_ADDRSTRLEN);
    } else {
        struct sockaddr_in6 in6;

        memcpy(&in6, addr, sizeof(in6));
        (void)inet_ntop(AF_INET6, &in6.sin6_addr, out, INET6_ADDRSTRLEN);
    }
}

/* May this address be connected to? Else why not, for people. */
static bool may_connect(const struct conn *c, const struct sockaddr *addr,
                        char why[ATTEMPT_WHY_SIZE])
{
    const char *refused = net_addr_refused(addr);
    char text[INET6_ADDRSTRLEN];

    address_text(addr, text);
    if (!refused || is_covered(c->shared, text, c->request.port, true))
        return true;
    (void)snprintf(why, ATTEMPT_WHY_SIZE, "leads to %s, %s that is not listed itself", text,
                   refused);
    return false;
}

static void pass_from_now(struct conn *c, int64_t now_ms)
{
    static const char ok[] = "HTTP/1.1 200 Connection established\r\n\r\n";

    attempts_add(&c->shared->attempts, c->request.host, c->request.port, true, "");
    if (c->request.tunnel) {
        memcpy(c->down.bytes, ok, sizeof(ok) - 1);
        c->down.to = sizeof(ok) - 1;
    }
    c->state = CONN_PASS;
    c->deadline_ms = now_ms + PROXY_IDLE_MS;
}

/* A socket that is connecting to addr, or -1. */
static int start_connecting(const struct addrinfo *addr)
{
    int one = 1;
    int fd = socket(addr->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return -1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    if (connect(fd, addr->ai_addr, addr->ai_addrlen) == 0 || errno == EINPROGRESS)
        return fd;
    (void)close(fd);
    return -1;
}

/* Try the addresses one after the other; refused ones are passed over. */
static void connect_next(struct conn *c, const char *last_error, int64_t now_ms)
{
    char refused[ATTEMPT_WHY_SIZE] = "";
    char why[ATTEMPT_WHY_SIZE];

    if (c->server >= 0)
        (void)close(c->server);
    c->server = -1;
    for (; c->next && c->server < 0; c->next = c->next->ai_next) {
        if (!may_connect(c, c->next->ai_addr, refused))
            continue;
        c->server = start_connecting(c->next);
        if (c->server < 0)
            last_error = strerrordesc_np(errno);
    }
    if (c->server >= 0) {
        c->state = CONN_CONNECT;
        c->deadline_ms = now_ms + c->shared->head_ms;
        return;
    }
    if (!last_error && refused[0]) {
        end_with(c, FORBIDDEN, false, refused, now_ms);
        return;
    }
    (void)snprintf(why, sizeof(why), "could not be reached: %s",
                   last_error ? last_error : "it has no address");
    end_with(c, BAD_GATEWAY, true, why, now_ms);
}

static void take_lookup(struct conn *c, int64_t now_ms)
{
    const char *why = "";
    char text[ATTEMPT_WHY_SIZE];

    c->found = lookup_take(c->lookup, &why);
    lookup_drop(c->lookup);
    c->lookup = NULL;
    c->next = c->found;
    if (c->found) {
        connect_next(c, NULL, now_ms);
        return;
    }
    (void)snprintf(text, sizeof(text), "could not be looked up: %s", why);
    end_with(c, BAD_GATEWAY, true, text, now_ms);
}

/* What stands behind the head, and the head itself as the server gets it, are the first bytes up.
 */
static void keep_for_server(struct conn *c, size_t head_len)
{
    char rewritten[PROXY_REWRITTEN_MAX];
    size_t rest = c->up.to - head_len;
    size_t len = 0;

    if (!c->request.tunnel)
        len = proxy_request_rewrite(c->up.bytes, head_len, rewritten);
    memmove(c->up.bytes + len, c->up.bytes + head_len, rest);
    memcpy(c->up.bytes, rewritten, len);
    c->up.from = 0;
    c->up.to = len + rest;
}

static void take_head(struct conn *c, size_t head_len, int64_t now_ms)
{
    const char *why = "";
    int status = proxy_request_parse(c->up.bytes, head_len, &c->request, &why);

    if (status) {
        c->request.host[0] = '\0';
        c->request.port = 0;
        end_with(c, status, false, why, now_ms);
        return;
    }
    if (!is_covered(c->shared, c->request.host, c->request.port, false)) {
        end_with(c, FORBIDDEN, false, "is not allowed", now_ms);
        return;
    }
    keep_for_server(c, head_len);
    c->lookup = lookup_start(c->shared->resolver, c->request.host, c->request.port);
    if (!c->lookup) {
        end_with(c, BUSY, true, "too many names are being looked up", now_ms);
        return;
    }
    c->state = CONN_LOOKUP;
    c->deadline_ms = now_ms + c->shared->head_ms;
}

static void read_head(struct conn *c, int64_t now_ms)
{
    size_t room = PROXY_HEAD_MAX - c->up.to;
    ssize_t n = recv(c->client, c->up.bytes + c->up.to, room, 0);
    size_t end;

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        c->state = CONN_DONE;
        return;
    }
    c->up.to += (size_t)n;
    end = proxy_head_end(c->up.bytes, c->up.to);
    if (end)
        take_head(c, end, now_ms);
    else if (c->up.to == PROXY_HEAD_MAX)
        end_with(c, 400, false, "a request head is longer than 8192 bytes", now_ms);
}

static void check_connected(struct conn *c, int64_t now_ms)
{
    int error = 0;
    socklen_t len = sizeof(error);

    if (getsockopt(c->server, SOL_SOCKET, SO_ERROR, &error, &len) || error)
        connect_next(c, strerrordesc_np(error ? error : errno), now_ms);
    else
        pass_from_now(c, now_ms);
}

static void pass(struct conn *c, const struct pollfd fds[2], int64_t now_ms)
{
    const short in = POLLIN | POLLHUP | POLLERR;
    bool ok = true;

    if ((fds[0].revents & in) && !c->up.ended && c->up.to < FLOW_SIZE)
        ok = flow_fill(&c->up, c->client, &c->shared->bytes_left);
    if (ok && (fds[1].revents & in) && !c->down.ended && c->down.to < FLOW_SIZE)
        ok = flow_fill(&c->down, c->server, &c->shared->bytes_left);
    if (ok && c->up.from < c->up.to)
        ok = flow_empty(&c->up, c->server);
    if (ok && c->down.from < c->down.to)
        ok = flow_empty(&c->down, c->client);
    flow_tell_end(&c->up, c->server);
    flow_tell_end(&c->down, c->client);
    if (c->shared->bytes_left <= 0) {
        attempts_add(&c->shared->attempts, c->request.host, c->request.port, true,
                     "was cut: the run moved more bytes than it may");
        ok = false;
    }
    if (!ok || c->down.closed || (fds[0].revents & POLLERR))
        c->state = CONN_DONE;
    else if (fds[0].revents || fds[1].revents)
        c->deadline_ms = now_ms + PROXY_IDLE_MS;
}

static void reply(struct conn *c)
{
    if (!flow_empty(&c->down, c->client) || c->down.from == c->down.to)
        c->state = CONN_DONE;
}

/* Where its bytes can go on: a full buffer waits for the other side to take some. */
static short flow_events(const struct flow *in, const struct flow *out)
{
    short events = 0;

    if (!in->ended && in->to < FLOW_SIZE)
        events |= POLLIN;
    if (out->from < out->to)
        events |= POLLOUT;
    return events;
}

/* Without an event to wait for, a closed socket would still wake poll() for ever. */
static struct pollfd wait_for(int fd, short events)
{
    return (struct pollfd){.fd = events ? fd : -1, .events = events};
}

void conn_events(const struct conn *c, struct pollfd fds[2])
{
    fds[0] = (struct pollfd){.fd = -1};
    fds[1] = (struct pollfd){.fd = -1};
    switch (c->state) {
    case CONN_HEAD:
        fds[0] = (struct pollfd){.fd = c->client, .events = POLLIN};
        break;
    case CONN_LOOKUP:
        fds[1] = (struct pollfd){.fd = lookup_fd(c->lookup), .events = POLLIN};
        break;
    case CONN_CONNECT:
        fds[1] = (struct pollfd){.fd = c->server, .events = POLLOUT};
        break;
    case CONN_PASS:
        fds[0] = wait_for(c->client, flow_events(&c->up, &c->down));
        fds[1] = wait_for(c->server, flow_events(&c->down, &c->up));
        break;
    case CONN_REPLY:
        fds[0] = (struct pollfd){.fd = c->client, .events = POLLOUT};
        break;
    case CONN_DONE:
        break;
    }
}

static void give_up(struct conn *c, int64_t now_ms)
{
    switch (c->state) {
    case CONN_HEAD:
        end_with(c, TIMED_OUT, false, "a request head did not come to its end in time", now_ms);
        break;
    case CONN_LOOKUP:
        end_with(c, BAD_GATEWAY, true, "could not be looked up in time", now_ms);
        break;
    case CONN_CONNECT:
        connect_next(c, "no answer in time", now_ms);
        break;
    default:
        c->state = CONN_DONE;
        break;
    }
}

void conn_work(struct conn *c, const struct pollfd fds[2], int64_t now_ms)
{
    if (fds[0].revents || fds[1].revents) {
        switch (c->state) {
        case CONN_HEAD:
            read_head(c, now_ms);
            break;
        case CONN_LOOKUP:
            take_lookup(c, now_ms);
            break;
        case CONN_CONNECT:
            check_connected(c, now_ms);
            break;
        case CONN_PASS:
            pass(c, fds, now_ms);
            break;
        case CONN_REPLY:
            reply(c);
            break;
        case CONN_DONE:
            break;
        }
    } else if (now_ms >= c->deadline_ms) {
        give_up(c, now_ms);
    }
}
