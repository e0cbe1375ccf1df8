#include "server_parts.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

enum { MAX_TICK_MS = 1000, MIN_TICK_MS = 10, ACCEPT_SERIES = 64 };

static bool is_full(struct http_server *server)
{
    bool full;

    pthread_mutex_lock(&server->lock);
    full = server->n_connections >= server->options.max_connections;
    server->full = full;
    pthread_mutex_unlock(&server->lock);
    return full;
}

static void take(struct http_server *server, int fd, const struct sockaddr *addr, socklen_t len)
{
    struct connection *connection = connection_new(server, fd, addr);

    if (!connection) {
        close(fd);
        return;
    }
    /* On failure libmicrohttpd has closed the socket. */
    if (MHD_add_connection(server->loops[connection->loop], fd, addr, len) != MHD_YES)
        connection_remove(connection);
}

/* False when accepting should rest until the next tick: no more descriptors. */
static bool accept_some(struct http_server *server)
{
    for (int i = 0; i < ACCEPT_SERIES && !is_full(server); i++) {
        struct sockaddr_storage addr = {0};
        socklen_t len = sizeof(addr);
        int fd = accept4(server->listener.fd, (struct sockaddr *)&addr, &len,
                         SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd < 0)
            return errno != EMFILE && errno != ENFILE && errno != ENOMEM && errno != ENOBUFS;
        take(server, fd, (struct sockaddr *)&addr, len);
    }
    return true;
}

static bool is_timed(int phase)
{
    return phase == PHASE_WAITING || phase == PHASE_RECEIVING || phase == PHASE_ANSWERING;
}

/* Inactivity is libmicrohttpd's to see; this is for clients that drip. */
static void cut_late(struct http_server *server)
{
    int64_t limit_ms = mono_now_ms() - server->options.request_deadline_ms;
    struct connection *at;

    pthread_mutex_lock(&server->lock);
    TAILQ_FOREACH (at, &server->connections, entry) {
        int phase = atomic_load(&at->phase);

        if (!at->mhd || !is_timed(phase) || atomic_load(&at->since_ms) > limit_ms)
            continue;
        if (phase == PHASE_ANSWERING)
            shutdown(at->fd, SHUT_RDWR);
        else
            connection_cut(at, (enum phase)phase, MHD_HTTP_REQUEST_TIMEOUT);
    }
    pthread_mutex_unlock(&server->lock);
}

static int tick_ms(const struct http_server *server)
{
    int64_t ms = server->options.request_deadline_ms;

    if (server->options.ping_ms < ms)
        ms = server->options.ping_ms;
    ms /= 4;
    if (ms < MIN_TICK_MS)
        return MIN_TICK_MS;
    return ms > MAX_TICK_MS ? MAX_TICK_MS : (int)ms;
}

void *gate_run(void *server_arg)
{
    struct http_server *server = server_arg;
    const int tick = tick_ms(server);
    int64_t next_ms = mono_now_ms() + tick;
    bool resting = false;

    while (!atomic_load(&server->gate_done)) {
        bool listening = !atomic_load(&server->draining);
        bool accepting = listening && !resting && !is_full(server);
        struct pollfd fds[2] = {{.fd = server->wake_fd, .events = POLLIN},
                                {.fd = server->listener.fd, .events = POLLIN}};
        int64_t wait_ms = next_ms - mono_now_ms();
        eventfd_t count;

        if (!listening)
            listener_close(&server->listener);
        poll(fds, accepting ? 2 : 1, wait_ms > 0 ? (int)wait_ms : 0);
        if (fds[0].revents)
            eventfd_read(server->wake_fd, &count);
        if (accepting && fds[1].revents)
            resting = !accept_some(server);
        if (mono_now_ms() < next_ms)
            continue;
        next_ms = mono_now_ms() + tick;
        resting = false;
        cut_late(server);
        streams_tick(server);
    }
    return NULL;
}
