#include "proxy.h"

#include "proxy_conn.h"

#include "vdo/base/clock.h"
#include "vdo/base/mem.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FIXED_FDS = 2, ROUND_MS = 500 };

struct proxy {
    struct conn_shared shared;
    struct host_rule rules[HOST_MAX_RULES];
    int channel;  /* until the listener has come; or -1 */
    int listener; /* a socket of the sandbox' network, or -1 */
    int stop_fd;
    bool running;
    pthread_t thread;
    struct conn *conns[PROXY_CONNECTIONS];
    size_t n_conns;
    int64_t accepted;
};

static int64_t now_ms(void)
{
    return clock_mono_ms(clock_real());
}

static int read_rules(struct proxy *p, const char *const *rules, struct err *err)
{
    for (; *rules; rules++) {
        const char *wrong;

        if (p->shared.n_rules == HOST_MAX_RULES)
            return err_set(err, VDO_E_INVALID, "sandbox: more than %d hosts are allowed",
                           HOST_MAX_RULES);
        wrong = host_rule_parse(*rules, &p->rules[p->shared.n_rules++]);
        if (wrong)
            return err_set(err, VDO_E_INVALID, "sandbox: \"%.100s\": %s", *rules, wrong);
    }
    return VDO_OK;
}

/* The one descriptor that comes through the channel must be what it is said to be. */
static bool is_listener(int fd)
{
    int listens = 0;
    int domain = 0;
    socklen_t len = sizeof(int);

    return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) == 0 && listens &&
           getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 && domain == AF_INET;
}

static void take_listener(struct proxy *p)
{
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    char byte;
    struct iovec iov = {.iov_base = &byte, .iov_len = 1};
    struct msghdr msg = {.msg_iov = &iov,
                         .msg_iovlen = 1,
                         .msg_control = control.bytes,
                         .msg_controllen = sizeof(control.bytes)};
    ssize_t n = recvmsg(p->channel, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    const struct cmsghdr *c = n > 0 ? CMSG_FIRSTHDR(&msg) : NULL;

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
        c->cmsg_len == CMSG_LEN(sizeof(int)))
        memcpy(&p->listener, CMSG_DATA(c), sizeof(int));
    if (p->listener >= 0 && !is_listener(p->listener)) {
        (void)close(p->listener);
        p->listener = -1;
    }
    (void)close(p->channel);
    p->channel = -1;
}

static bool accept_one(struct proxy *p)
{
    int one = 1;
    int fd = accept4(p->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (fd < 0)
        return false;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    p->conns[p->n_conns++] = conn_new(&p->shared, fd, now_ms());
    if (++p->accepted == PROXY_ALL_CONNECTIONS) {
        attempts_add(&p->shared.attempts, "", 0, false,
                     "the run made more connections than it may");
        (void)shutdown(p->listener, SHUT_RDWR);
    }
    return true;
}

static bool may_accept(const struct proxy *p)
{
    return p->n_conns < PROXY_CONNECTIONS && p->accepted < PROXY_ALL_CONNECTIONS;
}

static void work(struct proxy *p, const struct pollfd *fds)
{
    int64_t now = now_ms();
    size_t kept = 0;

    for (size_t i = 0; i < p->n_conns; i++) {
        conn_work(p->conns[i], fds + 2 * i, now);
        if (p->conns[i]->state == CONN_DONE)
            conn_free(p->conns[i]);
        else
            p->conns[kept++] = p->conns[i];
    }
    p->n_conns = kept;
}

static void *proxy_main(void *arg)
{
    struct proxy *p = arg;
    struct pollfd fds[FIXED_FDS + 2 * PROXY_CONNECTIONS];

    for (;;) {
        int listener = may_accept(p) ? p->listener : -1;

        fds[0] = (struct pollfd){.fd = p->stop_fd, .events = POLLIN};
        fds[1] = (struct pollfd){.fd = p->channel >= 0 ? p->channel : listener, .events = POLLIN};
        for (size_t i = 0; i < p->n_conns; i++)
            conn_events(p->conns[i], fds + FIXED_FDS + 2 * i);
        if (poll(fds, FIXED_FDS + 2 * p->n_conns, ROUND_MS) < 0 && errno != EINTR)
            return NULL;
        if (fds[0].revents)
            return NULL;
        work(p, fds + FIXED_FDS);
        if (fds[1].revents && p->channel >= 0)
            take_listener(p);
        else if (fds[1].revents && may_accept(p))
            (void)accept_one(p);
    }
}

/* The thread must not take the process' signals. */
static int start_thread(struct proxy *p)
{
    sigset_t all;
    sigset_t before;
    int rc;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    rc = pthread_create(&p->thread, NULL, proxy_main, p);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    p->running = rc == 0;
    return rc;
}

int proxy_start(const char *const *rules, int64_t head_ms, struct proxy **out, int *out_inside,
                struct err *err)
{
    struct proxy *p = xcalloc(1, sizeof(*p));
    int pair[2] = {-1, -1};
    int error;
    int rc;

    p->channel = p->listener = p->stop_fd = -1;
    p->shared.rules = p->rules;
    p->shared.head_ms = head_ms ? head_ms : PROXY_HEAD_MS;
    p->shared.bytes_left = PROXY_MAX_BYTES;
    rc = read_rules(p, rules, err);
    if (rc) {
        proxy_free(p);
        return rc;
    }
    p->shared.resolver = resolver_new();
    p->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    error =
        p->stop_fd < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) ? errno : 0;
    p->channel = pair[0];
    if (!error)
        error = start_thread(p);
    if (error) {
        if (pair[1] >= 0)
            (void)close(pair[1]);
        proxy_free(p);
        return err_set(err, VDO_E_IO, "sandbox: start the proxy: %s", strerrordesc_np(error));
    }
    *out = p;
    *out_inside = pair[1];
    return VDO_OK;
}

/* What was sent before the end counts, also when this thread had no time for it until now. */
static void finish(struct proxy *p)
{
    static const struct pollfd ready[2] = {{.revents = POLLIN}, {.fd = -1}};

    if (p->channel >= 0)
        take_listener(p);
    while (p->listener >= 0 && may_accept(p) && accept_one(p))
        ;
    for (size_t i = 0; i < p->n_conns; i++) {
        if (p->conns[i]->state == CONN_HEAD)
            conn_work(p->conns[i], ready, now_ms());
        conn_cut(p->conns[i]);
    }
}

void proxy_stop(struct proxy *proxy)
{
    if (!proxy->running)
        return;
    (void)eventfd_write(proxy->stop_fd, 1);
    (void)pthread_join(proxy->thread, NULL);
    proxy->running = false;
    finish(proxy);
}

bool proxy_was_reached(const struct proxy *proxy)
{
    return proxy->listener >= 0;
}

const struct attempts *proxy_attempts(const struct proxy *proxy)
{
    return &proxy->shared.attempts;
}

void proxy_free(struct proxy *proxy)
{
    if (!proxy)
        return;
    proxy_stop(proxy);
    for (size_t i = 0; i < proxy->n_conns; i++)
        conn_free(proxy->conns[i]);
    resolver_free(proxy->shared.resolver);
    attempts_release(&proxy->shared.attempts);
    if (proxy->channel >= 0)
        (void)close(proxy->channel);
    if (proxy->listener >= 0)
        (void)close(proxy->listener);
    if (proxy->stop_fd >= 0)
        (void)close(proxy->stop_fd);
    free(proxy);
}
