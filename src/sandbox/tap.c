#include "tap.h"

#include "netns.h"
#include "tap_packet.h"

#include "vdo/base/clock.h"
#include "vdo/base/mem.h"
#include "vdo/base/thread.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { REPEATS = 64, FOREVER = -1, FIRST_OTHER_FD = 3, UNSHARE_FILES = 1 << 1 };

/* An answer to be given once more. */
struct repeat {
    uint8_t bytes[TAP_ANSWER_SIZE];
    size_t len;
    int64_t due_ms;
};

struct tap {
    bool beside_proxy;
    int channel; /* the caller's and the thread's, each in its table of descriptors */
    int stop_fd; /* likewise */
    struct netns_sockets sockets;
    bool open; /* the sockets are there */
    struct attempts attempts;
    int64_t packets;
    int64_t most;                   /* packets that are looked at */
    struct repeat repeats[REPEATS]; /* a ring, the next due first */
    size_t first_repeat;
    size_t n_repeats;
    bool stopping; /* by the caller alone */
    bool done;     /* guarded by taps.lock: the thread touches the attempts no more */
    int owners;    /* guarded by taps.lock: the caller and the thread */
};

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int threads;
} taps = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static int64_t now_ms(void)
{
    return clock_mono_ms(clock_real());
}

static const char *reason(const struct tap *t, bool udp, bool name)
{
    if (t->beside_proxy)
        return name ? "name looked up, not through the proxy" :
               udp  ? "not through the proxy (UDP)" :
                      "not through the proxy";
    return name ? "no network; name looked up" : udp ? "no network (UDP)" : "no network";
}

static void write_down(struct tap *t, const struct tap_seen *seen)
{
    if (seen->name[0])
        attempts_add(&t->attempts, seen->name, 0, false, reason(t, seen->udp, true));
    if (seen->address[0])
        attempts_add(&t->attempts, seen->address, seen->port, false, reason(t, seen->udp, false));
}

static void answer(const struct tap *t, const uint8_t *bytes, size_t len)
{
    struct sockaddr_in to4 = {.sin_family = AF_INET};
    struct sockaddr_in6 to6 = {.sin6_family = AF_INET6};

    /* Where it goes is the sender's address, as the packet says again. */
    memcpy(&to4.sin_addr, bytes + 16, sizeof(to4.sin_addr));
    memcpy(&to6.sin6_addr, bytes + 24, sizeof(to6.sin6_addr));
    if (bytes[0] >> 4 == 4)
        (void)sendto(t->sockets.answer4, bytes, len, 0, (const struct sockaddr *)&to4, sizeof(to4));
    else
        (void)sendto(t->sockets.answer6, bytes, len, 0, (const struct sockaddr *)&to6, sizeof(to6));
}

/*
 * An answer that comes while connect(2) still holds the socket fails nothing, and the next one
 * would be to the SYN that is sent again after a second: so each is given twice. One to a socket
 * that has failed already does no harm.
 */
static void remember(struct tap *t, const uint8_t *bytes, size_t len)
{
    struct repeat *r = &t->repeats[(t->first_repeat + t->n_repeats) % REPEATS];

    if (t->n_repeats == REPEATS)
        return;
    memcpy(r->bytes, bytes, len);
    r->len = len;
    r->due_ms = now_ms() + TAP_AGAIN_MS;
    t->n_repeats++;
}

/* Returns how long to wait for the next one. */
static int repeat_due(struct tap *t)
{
    while (t->n_repeats) {
        const struct repeat *r = &t->repeats[t->first_repeat];
        int64_t left = r->due_ms - now_ms();

        if (left > 0)
            return (int)left;
        answer(t, r->bytes, r->len);
        t->first_repeat = (t->first_repeat + 1) % REPEATS;
        t->n_repeats--;
    }
    return FOREVER;
}

static void take_packet(struct tap *t, const uint8_t *bytes, size_t len)
{
    uint8_t out[TAP_ANSWER_SIZE];
    struct tap_seen seen;
    size_t out_len;

    t->packets++;
    if (!tap_packet_read(bytes, len, &seen))
        return;
    out_len = tap_packet_answer(bytes, len, out);
    if (out_len) {
        answer(t, out, out_len);
        if (!seen.udp)
            remember(t, out, out_len);
    }
    write_down(t, &seen);
}

/* What has come, as far as the run may try. */
static void take_packets(struct tap *t, int fd, int64_t most)
{
    uint8_t bytes[TAP_SNAP];

    while (t->packets < most) {
        ssize_t n = recv(fd, bytes, sizeof(bytes), 0);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return;
        take_packet(t, bytes, (size_t)n);
    }
}

/* Nothing new comes after the routes are gone; who waits for an answer already gets it. */
static void give_up(struct tap *t)
{
    if (!netns_remove_routes(&t->sockets)) {
        t->packets = 0; /* then it goes on, which only costs time */
        return;
    }
    attempts_add(&t->attempts, "", 0, false, "the run tried more than is looked at");
    take_packets(t, t->sockets.seen4, 2 * t->most);
    if (t->sockets.seen6 >= 0)
        take_packets(t, t->sockets.seen6, 2 * t->most);
    t->packets = 2 * t->most;
}

static bool is_full(const struct tap *t)
{
    return t->packets >= t->most;
}

/*
 * A table of descriptors of the thread's own. In the common one every child that is forked would
 * have a copy of the packet sockets; a copy that is closed last, at the child's exec, makes it wait
 * for the kernel (netns_close()). ThreadSanitizer takes equal numbers in two tables for one
 * descriptor, so it sees the common one.
 */
#ifdef __SANITIZE_THREAD__
static void own_descriptors(const struct tap *t)
{
    (void)t;
}
#else
static void own_descriptors(const struct tap *t)
{
    unsigned a = (unsigned)(t->channel < t->stop_fd ? t->channel : t->stop_fd);
    unsigned b = (unsigned)(t->channel < t->stop_fd ? t->stop_fd : t->channel);

    if (syscall(SYS_close_range, b + 1, ~0U, UNSHARE_FILES))
        return; /* it only takes longer */
    if (b > a + 1)
        (void)syscall(SYS_close_range, a + 1, b - 1, 0U);
    if (a > FIRST_OTHER_FD)
        (void)syscall(SYS_close_range, (unsigned)FIRST_OTHER_FD, a - 1, 0U);
}
#endif

static void listen_on(struct tap *t)
{
    bool waits = true;

    for (;;) {
        bool looks = t->open && !is_full(t);
        struct pollfd fds[] = {
            {.fd = t->stop_fd, .events = POLLIN},
            {.fd = waits ? t->channel : -1, .events = POLLIN},
            {.fd = looks ? t->sockets.seen4 : -1, .events = POLLIN},
            {.fd = looks ? t->sockets.seen6 : -1, .events = POLLIN},
        };

        if (poll(fds, sizeof(fds) / sizeof(fds[0]), repeat_due(t)) < 0 && errno != EINTR)
            return;
        if (fds[1].revents) {
            t->open = netns_take(t->channel, &t->sockets) == 0;
            waits = false;
        }
        if (fds[2].revents)
            take_packets(t, t->sockets.seen4, t->most);
        if (fds[3].revents)
            take_packets(t, t->sockets.seen6, t->most);
        if (looks && is_full(t))
            give_up(t);
        if (fds[0].revents)
            return;
    }
}

/* The last packets: sent before the end, not read yet. */
static void finish(struct tap *t)
{
    if (t->open && !is_full(t)) {
        take_packets(t, t->sockets.seen4, t->most);
        if (t->sockets.seen6 >= 0)
            take_packets(t, t->sockets.seen6, t->most);
    }
}

/* taps.lock is held. */
static void disown(struct tap *t)
{
    if (--t->owners > 0)
        return;
    attempts_release(&t->attempts);
    free(t);
}

static void *tap_main(void *arg)
{
    struct tap *t = arg;
    struct netns_sockets sockets;
    bool open;

    own_descriptors(t);
    listen_on(t);
    finish(t);
    open = t->open;
    sockets = t->sockets;
    (void)pthread_mutex_lock(&taps.lock);
    t->done = true;
    (void)pthread_cond_broadcast(&taps.changed);
    disown(t);
    (void)pthread_mutex_unlock(&taps.lock);
    /* Nobody has to wait for this. */
    if (open)
        netns_close(&sockets);
    (void)pthread_mutex_lock(&taps.lock);
    taps.threads--;
    (void)pthread_cond_broadcast(&taps.changed);
    (void)pthread_mutex_unlock(&taps.lock);
    return NULL;
}

/* Returns an errno. */
static int start_thread(struct tap *t)
{
    pthread_t thread;
    int rc;

    (void)pthread_mutex_lock(&taps.lock);
    rc = thread_start(&thread, tap_main, t);
    if (rc == 0) {
        (void)pthread_detach(thread);
        taps.threads++;
        t->owners++;
    }
    (void)pthread_mutex_unlock(&taps.lock);
    return rc;
}

int tap_start(bool beside_proxy, int64_t most, struct tap **out, int *out_inside, struct err *err)
{
    struct tap *t = xcalloc(1, sizeof(*t));
    int pair[2] = {-1, -1};
    int error;

    t->beside_proxy = beside_proxy;
    t->most = most ? most : TAP_PACKETS;
    t->owners = 1;
    t->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    error = t->stop_fd < 0 || netns_channel(pair) ? errno : 0;
    t->channel = pair[0];
    if (!error)
        error = start_thread(t);
    if (error) {
        if (pair[0] >= 0) {
            (void)close(pair[0]);
            (void)close(pair[1]);
        }
        if (t->stop_fd >= 0)
            (void)close(t->stop_fd);
        free(t);
        return err_set(err, VDO_E_IO, "sandbox: start to look for attempts: %s",
                       strerrordesc_np(error));
    }
    *out = t;
    *out_inside = pair[1];
    return VDO_OK;
}

void tap_stop(struct tap *tap)
{
    if (tap->stopping)
        return;
    tap->stopping = true;
    (void)eventfd_write(tap->stop_fd, 1);
    (void)pthread_mutex_lock(&taps.lock);
    while (!tap->done)
        (void)pthread_cond_wait(&taps.changed, &taps.lock);
    (void)pthread_mutex_unlock(&taps.lock);
}

const struct attempts *tap_attempts(const struct tap *tap)
{
    return &tap->attempts;
}

void tap_free(struct tap *tap)
{
    if (!tap)
        return;
    tap_stop(tap);
    (void)close(tap->stop_fd);
    (void)close(tap->channel);
    (void)pthread_mutex_lock(&taps.lock);
    disown(tap);
    (void)pthread_mutex_unlock(&taps.lock);
}

void tap_wait_for_all(void)
{
    (void)pthread_mutex_lock(&taps.lock);
    while (taps.threads > 0)
        (void)pthread_cond_wait(&taps.changed, &taps.lock);
    (void)pthread_mutex_unlock(&taps.lock);
}
