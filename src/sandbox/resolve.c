#include "resolve.h"

#include "vdo/base/host_rule.h"
#include "vdo/base/mem.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct resolver {
    atomic_int refs; /* its owner, and each thread */
};

struct lookup {
    struct resolver *resolver;
    atomic_int refs; /* its owner, and its thread */
    int done_fd;
    char host[HOST_NAME_SIZE];
    char port[8];
    int code; /* of getaddrinfo() */
    struct addrinfo *found;
};

struct resolver *resolver_new(void)
{
    struct resolver *resolver = xcalloc(1, sizeof(*resolver));

    atomic_init(&resolver->refs, 1);
    return resolver;
}

void resolver_free(struct resolver *resolver)
{
    if (resolver && atomic_fetch_sub(&resolver->refs, 1) == 1)
        free(resolver);
}

void lookup_drop(struct lookup *lookup)
{
    if (!lookup || atomic_fetch_sub(&lookup->refs, 1) != 1)
        return;
    if (lookup->found)
        freeaddrinfo(lookup->found);
    (void)close(lookup->done_fd);
    free(lookup);
}

static void *look_up(void *arg)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct lookup *lookup = arg;
    struct resolver *resolver = lookup->resolver;

    lookup->code = getaddrinfo(lookup->host, lookup->port, &hints, &lookup->found);
    if (lookup->code)
        lookup->found = NULL;
    (void)eventfd_write(lookup->done_fd, 1);
    lookup_drop(lookup);
    resolver_free(resolver);
    return NULL;
}

/* The thread must not take the process' signals. */
static int start_thread(struct lookup *lookup)
{
    pthread_t thread;
    sigset_t all;
    sigset_t before;
    int rc;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    rc = pthread_create(&thread, NULL, look_up, lookup);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rc == 0)
        (void)pthread_detach(thread);
    return rc;
}

struct lookup *lookup_start(struct resolver *resolver, const char *host, uint16_t port)
{
    struct lookup *lookup;

    if (atomic_load(&resolver->refs) > RESOLVE_MOST)
        return NULL;
    lookup = xcalloc(1, sizeof(*lookup));
    lookup->resolver = resolver;
    lookup->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    (void)snprintf(lookup->host, sizeof(lookup->host), "%s", host);
    (void)snprintf(lookup->port, sizeof(lookup->port), "%u", port);
    atomic_init(&lookup->refs, 2);
    atomic_fetch_add(&resolver->refs, 1);
    if (lookup->done_fd >= 0 && start_thread(lookup) == 0)
        return lookup;
    atomic_fetch_sub(&resolver->refs, 1);
    atomic_store(&lookup->refs, 1);
    if (lookup->done_fd < 0)
        free(lookup);
    else
        lookup_drop(lookup);
    return NULL;
}

int lookup_fd(const struct lookup *lookup)
{
    return lookup->done_fd;
}

struct addrinfo *lookup_take(struct lookup *lookup, const char **why)
{
    struct addrinfo *found = lookup->found;

    lookup->found = NULL;
    if (!found)
        *why = gai_strerror(lookup->code);
    return found;
}
