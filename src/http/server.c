#include "server_parts.h"
#include "vdo/base/limits.h"
#include "vdo/base/mem.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum {
    DEFAULT_CONNECTIONS = 1024,
    DEFAULT_PING_MS = 15000,
    SWEEP_MS = 20,      /* how often a stop looks for connections to close */
    IDLE_MS = 50,       /* kept alive and silent this long: closed by a stop */
    LAST_WORDS_MS = 500 /* what an answer gets once the grace is over */
};

static void fill_defaults(struct http_server_options *options)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);

    if (options->threads == 0)
        options->threads = cores > 0 ? (unsigned)cores : 1;
    if (options->max_connections == 0)
        options->max_connections = DEFAULT_CONNECTIONS;
    if (options->request_deadline_ms == 0)
        options->request_deadline_ms = VDO_MAX_REQUEST_MS;
    if (options->ping_ms == 0)
        options->ping_ms = DEFAULT_PING_MS;
}

/* The target is taken apart by target.c; libmicrohttpd must not decode it before. */
static size_t keep_escapes(void *arg, struct MHD_Connection *mhd, char *text)
{
    (void)arg;
    (void)mhd;
    return strlen(text);
}

static struct MHD_Daemon *start_loop(struct http_server *server)
{
    return MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME, 0,
        NULL, NULL, exchange_step, server,                                /* */
        MHD_OPTION_STRICT_FOR_CLIENT, 1,                                  /* */
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,    /* */
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)INACTIVITY_S,            /* */
        MHD_OPTION_CONNECTION_LIMIT, server->options.max_connections + 1, /* */
        MHD_OPTION_URI_LOG_CALLBACK, exchange_begin, server,              /* */
        MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL,                 /* */
        MHD_OPTION_NOTIFY_COMPLETED, exchange_end, server,                /* */
        MHD_OPTION_NOTIFY_CONNECTION, connection_notify, server, MHD_OPTION_END);
}

static int start_threads(struct http_server *server, struct err *err)
{
    int rc;

    for (unsigned i = 0; i < server->options.threads; i++) {
        server->loops[i] = start_loop(server);
        if (!server->loops[i])
            return err_set(err, VDO_E_IO, "cannot start a thread of the HTTP server: %s",
                           strerrordesc_np(errno));
        server->n_loops++;
    }
    rc = pthread_create(&server->gate, NULL, gate_run, server);
    if (rc)
        return err_set(err, VDO_E_IO, "cannot start a thread of the HTTP server: %s",
                       strerrordesc_np(rc));
    return VDO_OK;
}

/* Signals are for the main thread; new threads take the mask of their maker. */
static int start_threads_without_signals(struct http_server *server, struct err *err)
{
    sigset_t all;
    sigset_t before;
    int rc;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    rc = start_threads(server, err);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc;
}

static void free_server(struct http_server *server)
{
    for (unsigned i = 0; i < server->n_loops; i++)
        MHD_stop_daemon(server->loops[i]);
    listener_release(&server->listener);
    route_table_free(server->routes);
    if (server->wake_fd >= 0)
        close(server->wake_fd);
    pthread_mutex_destroy(&server->lock);
    pthread_cond_destroy(&server->changed);
    free(server->loops);
    free(server->n_per_loop);
    free(server);
}

static struct http_server *new_server(const struct http_server_options *options)
{
    struct http_server *server = xcalloc(1, sizeof(*server));
    pthread_condattr_t attr;

    server->options = *options;
    fill_defaults(&server->options);
    server->listener.fd = -1;
    server->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    server->loops = xcalloc(server->options.threads, sizeof(struct MHD_Daemon *));
    server->n_per_loop = xcalloc(server->options.threads, sizeof(*server->n_per_loop));
    server->next_ping_ms = mono_now_ms() + server->options.ping_ms;
    TAILQ_INIT(&server->connections);
    LIST_INIT(&server->streams);
    pthread_mutex_init(&server->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&server->changed, &attr);
    pthread_condattr_destroy(&attr);
    return server;
}

int http_server_start(const struct http_server_options *options, struct http_server **out,
                      struct err *err)
{
    struct http_server *server = new_server(options);
    int rc = VDO_OK;

    if (server->wake_fd < 0)
        rc = err_set(err, VDO_E_IO, "eventfd: %s", strerrordesc_np(errno));
    if (!rc)
        rc = route_table_new(options->routes, options->n_routes, &server->routes, err);
    if (!rc)
        rc = listener_open(options->listen, &server->listener, err);
    if (!rc)
        rc = start_threads_without_signals(server, err);
    if (rc) {
        free_server(server);
        return rc;
    }
    *out = server;
    return VDO_OK;
}

const char *http_server_url(const struct http_server *server)
{
    return server->listener.url;
}

static bool has_input(int fd)
{
    char byte;

    return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

/* With the server's lock held. Kept alive between requests: nothing is lost by closing. */
static void close_idle(struct http_server *server)
{
    struct connection *at;

    TAILQ_FOREACH (at, &server->connections, entry)
        if (at->mhd && atomic_load(&at->phase) == PHASE_WAITING &&
            mono_now_ms() - atomic_load(&at->since_ms) >= IDLE_MS && !has_input(at->fd))
            shutdown(at->fd, SHUT_RDWR);
}

/* With the server's lock held. Requests that wait for another thread are told so, the rest is
 * closed. */
static void close_everything(struct http_server *server)
{
    struct connection *at;

    TAILQ_FOREACH (at, &server->connections, entry) {
        int phase = atomic_load(&at->phase);
        bool late = mono_now_ms() - atomic_load(&at->since_ms) >= LAST_WORDS_MS;
        bool abandoned;

        pthread_mutex_lock(&at->lock);
        abandoned = at->request && request_abandon(at->request);
        pthread_mutex_unlock(&at->lock);
        if (at->mhd && !abandoned && phase != PHASE_HANDLING && (phase != PHASE_ANSWERING || late))
            shutdown(at->fd, SHUT_RDWR);
    }
}

static void wait_for_change(struct http_server *server)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += SWEEP_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    pthread_cond_timedwait(&server->changed, &server->lock, &until);
}

/* Until the last connection is gone, and then so that no handler is called any more. A loop may
 * only be stopped then: libmicrohttpd ends the process over a suspended connection. */
static void drain(struct http_server *server, int64_t grace_ms)
{
    int64_t deadline_ms = mono_now_ms() + grace_ms;

    streams_end_all(server, false);
    for (;;) {
        bool hard = mono_now_ms() >= deadline_ms;

        if (hard) {
            atomic_store(&server->hard_stop, true);
            streams_end_all(server, true);
        }
        pthread_mutex_lock(&server->lock);
        if (server->n_started == 0) {
            atomic_store(&server->hard_stop, true);
            pthread_mutex_unlock(&server->lock);
            return;
        }
        if (hard)
            close_everything(server);
        else
            close_idle(server);
        wait_for_change(server);
        pthread_mutex_unlock(&server->lock);
    }
}

static void forget_unstarted(struct http_server *server)
{
    while (!TAILQ_EMPTY(&server->connections))
        connection_remove(TAILQ_FIRST(&server->connections));
}

void http_server_stop(struct http_server *server, int64_t grace_ms)
{
    if (!server)
        return;
    atomic_store(&server->draining, true);
    gate_wake(server);
    drain(server, grace_ms);
    atomic_store(&server->gate_done, true);
    gate_wake(server);
    pthread_join(server->gate, NULL);
    while (atomic_load(&server->resuming) > 0)
        sched_yield();
    for (unsigned i = 0; i < server->n_loops; i++)
        MHD_stop_daemon(server->loops[i]);
    server->n_loops = 0;
    forget_unstarted(server);
    free_server(server);
}
