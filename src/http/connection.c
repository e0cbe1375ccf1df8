#include "server_parts.h"
#include "vdo/base/mem.h"

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void connection_enter(struct connection *connection, enum phase to)
{
    atomic_store(&connection->since_ms, mono_now_ms());
    atomic_store(&connection->phase, to);
}

bool connection_move(struct connection *connection, enum phase from, enum phase to)
{
    int expected = from;

    /* The time first: who sees the new phase must not see the old time with it. */
    atomic_store(&connection->since_ms, mono_now_ms());
    return atomic_compare_exchange_strong(&connection->phase, &expected, to);
}

static const char *reason_of(int status)
{
    return status == 413 ? "Content Too Large" : "Request Timeout";
}

static const char *body_of(int status)
{
    return status == 413 ?
               "{\"error\":{\"code\":\"too_large\",\"message\":\"the body is too large\"}}" :
               "{\"error\":{\"code\":\"timeout\",\"message\":\"the request took too long\"}}";
}

bool connection_cut(struct connection *connection, enum phase from, int status)
{
    char text[512];
    const char *body = body_of(status);
    int expected = from;
    int len;

    if (!atomic_compare_exchange_strong(&connection->phase, &expected, PHASE_CUT + status))
        return false;
    len = snprintf(text, sizeof(text),
                   "HTTP/1.1 %d %s\r\nConnection: close\r\nContent-Type: application/json\r\n"
                   "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
                   "Content-Length: %zu\r\n\r\n%s",
                   status, reason_of(status), strlen(body), body);
    /* Nothing was written on this connection for this request, so these bytes fit. */
    send(connection->fd, text, (size_t)len, MSG_DONTWAIT | MSG_NOSIGNAL);
    shutdown(connection->fd, SHUT_RDWR);
    return true;
}

static void name_peer(const struct sockaddr *addr, char *out)
{
    const void *bytes = NULL;

    if (addr->sa_family == AF_INET)
        bytes = &((const struct sockaddr_in *)(const void *)addr)->sin_addr;
    else if (addr->sa_family == AF_INET6)
        bytes = &((const struct sockaddr_in6 *)(const void *)addr)->sin6_addr;
    if (!bytes || !inet_ntop(addr->sa_family, bytes, out, PEER_SIZE))
        memcpy(out, "unix", sizeof("unix"));
}

static unsigned count_peer(const struct http_server *server, const char *peer)
{
    const struct connection *at;
    unsigned n = 0;

    TAILQ_FOREACH (at, &server->connections, entry)
        n += strcmp(at->peer, peer) == 0;
    return n;
}

static unsigned least_loaded(const struct http_server *server)
{
    unsigned best = 0;

    for (unsigned i = 1; i < server->n_loops; i++)
        if (server->n_per_loop[i] < server->n_per_loop[best])
            best = i;
    return best;
}

/* NULL when the client has its share of connections already. */
struct connection *connection_new(struct http_server *server, int fd, const struct sockaddr *addr)
{
    struct connection *connection = xcalloc(1, sizeof(*connection));
    unsigned per_ip = server->options.per_ip;
    int on = 1;

    name_peer(addr, connection->peer);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    connection->server = server;
    connection->fd = fd;
    pthread_mutex_init(&connection->lock, NULL);
    connection_enter(connection, PHASE_WAITING);
    pthread_mutex_lock(&server->lock);
    if (per_ip > 0 && count_peer(server, connection->peer) >= per_ip) {
        pthread_mutex_unlock(&server->lock);
        pthread_mutex_destroy(&connection->lock);
        free(connection);
        return NULL;
    }
    connection->loop = least_loaded(server);
    server->n_per_loop[connection->loop]++;
    server->n_connections++;
    TAILQ_INSERT_TAIL(&server->connections, connection, entry);
    pthread_mutex_unlock(&server->lock);
    return connection;
}

void connection_remove(struct connection *connection)
{
    struct http_server *server = connection->server;
    bool wake;

    pthread_mutex_lock(&server->lock);
    TAILQ_REMOVE(&server->connections, connection, entry);
    server->n_per_loop[connection->loop]--;
    server->n_connections--;
    if (connection->mhd)
        server->n_started--;
    wake = server->full;
    server->full = false;
    if (wake)
        gate_wake(server);
    pthread_cond_broadcast(&server->changed);
    pthread_mutex_unlock(&server->lock);
    assert(!connection->request);
    pthread_mutex_destroy(&connection->lock);
    free(connection);
}

/* The loop has the connection now: find ours by its socket. */
static struct connection *start(struct http_server *server, struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct connection *at;

    pthread_mutex_lock(&server->lock);
    TAILQ_FOREACH (at, &server->connections, entry)
        if (!at->mhd && at->fd == info->connect_fd)
            break;
    assert(at);
    at->mhd = mhd;
    server->n_started++;
    if (atomic_load(&server->hard_stop))
        shutdown(at->fd, SHUT_RDWR);
    pthread_mutex_unlock(&server->lock);
    return at;
}

void connection_notify(void *server, struct MHD_Connection *mhd, void **socket_context,
                       enum MHD_ConnectionNotificationCode code)
{
    if (code == MHD_CONNECTION_NOTIFY_STARTED)
        *socket_context = start(server, mhd);
    else
        connection_remove(*socket_context);
}
