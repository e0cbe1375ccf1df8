#include "http_stub.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { MAX_STUB_CONNECTIONS = 64 };

struct served {
    struct stub *stub;
    pthread_t thread;
    int fd;
    unsigned number;
};

struct stub {
    int fd;
    int port;
    char url[64];
    stub_serve_fn serve;
    void *arg;
    pthread_t thread;
    atomic_uint n;
    pthread_mutex_t lock; /* guards fd of served */
    struct served served[MAX_STUB_CONNECTIONS];
};

long long stub_now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (long long)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void *serve_one(void *arg)
{
    struct served *served = arg;

    served->stub->serve(served->stub->arg, served->fd, served->number);
    pthread_mutex_lock(&served->stub->lock);
    close(served->fd);
    served->fd = -1;
    pthread_mutex_unlock(&served->stub->lock);
    return NULL;
}

static void *accept_all(void *arg)
{
    struct stub *stub = arg;

    for (;;) {
        int fd = accept(stub->fd, NULL, NULL);
        unsigned n = atomic_load(&stub->n);
        struct served *served = &stub->served[n];

        if (fd < 0)
            return NULL;
        if (n == MAX_STUB_CONNECTIONS)
            abort();
        pthread_mutex_lock(&stub->lock);
        *served = (struct served){.stub = stub, .fd = fd, .number = n};
        pthread_mutex_unlock(&stub->lock);
        pthread_create(&served->thread, NULL, serve_one, served);
        atomic_store(&stub->n, n + 1);
    }
}

struct stub *stub_start(stub_serve_fn serve, void *arg)
{
    struct stub *stub = calloc(1, sizeof(*stub));
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(addr);

    if (!stub)
        abort();
    stub->serve = serve;
    stub->arg = arg;
    pthread_mutex_init(&stub->lock, NULL);
    stub->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(stub->fd, (struct sockaddr *)&addr, sizeof(addr)) || listen(stub->fd, 64) ||
        getsockname(stub->fd, (struct sockaddr *)&addr, &len))
        abort();
    stub->port = ntohs(addr.sin_port);
    snprintf(stub->url, sizeof(stub->url), "http://127.0.0.1:%d", stub->port);
    if (pthread_create(&stub->thread, NULL, accept_all, stub))
        abort();
    return stub;
}

const char *stub_url(const struct stub *stub)
{
    return stub->url;
}

int stub_port(const struct stub *stub)
{
    return stub->port;
}

unsigned stub_connections(const struct stub *stub)
{
    return atomic_load(&stub->n);
}

void stub_stop(struct stub *stub)
{
    unsigned n;

    shutdown(stub->fd, SHUT_RDWR);
    pthread_join(stub->thread, NULL);
    close(stub->fd);
    n = atomic_load(&stub->n);
    for (unsigned i = 0; i < n; i++) {
        pthread_mutex_lock(&stub->lock);
        if (stub->served[i].fd >= 0)
            shutdown(stub->served[i].fd, SHUT_RDWR);
        pthread_mutex_unlock(&stub->lock);
        pthread_join(stub->served[i].thread, NULL);
    }
    pthread_mutex_destroy(&stub->lock);
    free(stub);
}

/* Read once into the growing text; false at the end, on an error and when the time is over. */
static bool read_more(int fd, char **text, size_t *len, long long deadline_ms)
{
    struct pollfd pfd = {.fd = fd, .events = POLLIN};
    long long left = deadline_ms - stub_now_ms();
    char buf[4096];
    ssize_t n;

    if (left <= 0 || poll(&pfd, 1, (int)left) <= 0)
        return false;
    n = recv(fd, buf, sizeof(buf), 0);
    if (n <= 0)
        return false;
    *text = realloc(*text, *len + (size_t)n + 1);
    if (!*text)
        abort();
    memcpy(*text + *len, buf, (size_t)n);
    *len += (size_t)n;
    (*text)[*len] = '\0';
    return true;
}

static size_t wanted_length(const char *text)
{
    const char *end = strstr(text, "\r\n\r\n");
    const char *length = strcasestr(text, "\r\nContent-Length:");

    if (!end)
        return 0;
    if (!length || length > end)
        return (size_t)(end - text) + 4;
    return (size_t)(end - text) + 4 + strtoul(length + 17, NULL, 10);
}

char *stub_read_request(int fd)
{
    long long deadline_ms = stub_now_ms() + STUB_WAIT_MS;
    char *text = calloc(1, 1);
    size_t len = 0;

    for (;;) {
        size_t wanted = wanted_length(text);

        if (wanted > 0 && len >= wanted)
            return text;
        if (!read_more(fd, &text, &len, deadline_ms)) {
            free(text);
            return NULL;
        }
    }
}

void stub_send_bytes(int fd, const void *bytes, size_t len)
{
    const char *at = bytes;

    while (len > 0) {
        ssize_t n = send(fd, at, len, MSG_NOSIGNAL);

        if (n <= 0)
            return;
        at += n;
        len -= (size_t)n;
    }
}

void stub_send(int fd, const char *text)
{
    stub_send_bytes(fd, text, strlen(text));
}

static int connect_unix(const char *path)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
    if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0)
        return fd;
    close(fd);
    return -1;
}

int raw_connect(const char *url)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd;

    if (strncmp(url, "unix:", 5) == 0)
        return connect_unix(url + 5);
    fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    addr.sin_port = htons((unsigned short)atoi(strrchr(url, ':') + 1));
    if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0)
        return fd;
    close(fd);
    return -1;
}

char *raw_read_all(int fd)
{
    long long deadline_ms = stub_now_ms() + STUB_WAIT_MS;
    char *text = calloc(1, 1);
    size_t len = 0;

    while (read_more(fd, &text, &len, deadline_ms)) {
    }
    return text;
}

char *raw_read_until(int fd, const char *wanted)
{
    long long deadline_ms = stub_now_ms() + STUB_WAIT_MS;
    char *text = calloc(1, 1);
    size_t len = 0;

    while (!strstr(text, wanted)) {
        if (!read_more(fd, &text, &len, deadline_ms)) {
            free(text);
            return NULL;
        }
    }
    return text;
}

bool raw_is_closed(int fd, int wait_ms)
{
    long long deadline_ms = stub_now_ms() + wait_ms;
    struct pollfd pfd = {.fd = fd, .events = POLLIN};
    char buf[4096];

    for (;;) {
        long long left = deadline_ms - stub_now_ms();

        if (left <= 0 || poll(&pfd, 1, (int)left) <= 0)
            return false;
        if (recv(fd, buf, sizeof(buf), 0) <= 0)
            return true;
    }
}

char *raw_exchange(const char *url, const char *bytes)
{
    int fd = raw_connect(url);
    char *text;

    if (fd < 0)
        return calloc(1, 1);
    stub_send(fd, bytes);
    text = raw_read_all(fd);
    close(fd);
    return text;
}

bool wait_until(bool (*check)(void *arg), void *arg)
{
    long long deadline_ms = stub_now_ms() + STUB_WAIT_MS;

    while (!check(arg)) {
        if (stub_now_ms() > deadline_ms)
            return false;
        poll(NULL, 0, 1);
    }
    return true;
}
