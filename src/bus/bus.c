#include "vdo/bus/bus.h"

#include "vdo/base/clock.h"
#include "vdo/base/mem.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { REMEMBERED = 1024, MAX_SUBSCRIBERS = 1024 };

struct event {
    struct bus_event shown;
    int refs; /* under the lock */
    char texts[];
};

struct subscriber {
    bool used;
    bus_event_fn fn; /* NULL: free, or about to be */
    void *arg;
    uint64_t seen; /* greatest id given */
};

struct bus {
    pthread_mutex_t lock; /* guards everything below */
    pthread_cond_t rung[BUS_BELLS];
    uint64_t rings[BUS_BELLS];
    bool stopped;

    struct event *events[REMEMBERED]; /* event id at id % REMEMBERED */
    uint64_t first_id;                /* of the first event this process publishes */
    uint64_t last_id;
    struct subscriber subscribers[MAX_SUBSCRIBERS];
    /*
     * Events are handed out without the lock by one thread at a time, which goes on until nobody
     * lacks one: so that every subscriber sees them in order. Others only leave theirs in the list.
     */
    bool handing_out;
    int calling; /* subscriber whose function runs, -1 none */
    pthread_cond_t called;
};

int bus_open(const char *url, struct bus **out, struct err *err)
{
    pthread_condattr_t attr;
    struct bus *bus;

    if (strncmp(url, "redis", 5) == 0)
        return err_set(err, VDO_E_INVALID, "bus %s: redis is not built yet; use memory", url);
    if (strcmp(url, "memory") != 0)
        return err_set(err, VDO_E_INVALID, "bus \"%s\" is none that this program knows; use memory",
                       url);
    bus = xcalloc(1, sizeof(*bus));
    (void)pthread_mutex_init(&bus->lock, NULL);
    (void)pthread_condattr_init(&attr);
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    for (int i = 0; i < BUS_BELLS; i++)
        (void)pthread_cond_init(&bus->rung[i], &attr);
    (void)pthread_condattr_destroy(&attr);
    (void)pthread_cond_init(&bus->called, NULL);
    bus->calling = -1;
    /* So that ids grow over restarts: a browser comes back with the last one it saw. */
    bus->last_id = (uint64_t)clock_now_ms(clock_real()) * REMEMBERED;
    bus->first_id = bus->last_id + 1;
    *out = bus;
    return VDO_OK;
}

void bus_close(struct bus *bus)
{
    if (!bus)
        return;
    for (int i = 0; i < REMEMBERED; i++)
        free(bus->events[i]);
    for (int i = 0; i < BUS_BELLS; i++)
        (void)pthread_cond_destroy(&bus->rung[i]);
    (void)pthread_cond_destroy(&bus->called);
    (void)pthread_mutex_destroy(&bus->lock);
    free(bus);
}

/* ---- bells ---- */

void bus_ring(struct bus *bus, enum bus_bell bell)
{
    (void)pthread_mutex_lock(&bus->lock);
    bus->rings[bell]++;
    (void)pthread_cond_broadcast(&bus->rung[bell]);
    (void)pthread_mutex_unlock(&bus->lock);
}

static struct timespec deadline_after(int64_t timeout_ms)
{
    struct timespec ts;

    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    ts.tv_sec += timeout_ms / 1000;
    ts.tv_nsec += timeout_ms % 1000 * 1000000L;
    if (ts.tv_nsec >= 1000000000L) {
        ts.tv_sec++;
        ts.tv_nsec -= 1000000000L;
    }
    return ts;
}

bool bus_wait(struct bus *bus, enum bus_bell bell, uint64_t *seen, int64_t timeout_ms)
{
    struct timespec deadline = deadline_after(timeout_ms > 0 ? timeout_ms : 0);
    bool rung;
    int rc = 0;

    (void)pthread_mutex_lock(&bus->lock);
    while (bus->rings[bell] == *seen && !bus->stopped && rc == 0)
        rc = pthread_cond_timedwait(&bus->rung[bell], &bus->lock, &deadline);
    rung = bus->rings[bell] != *seen && !bus->stopped;
    *seen = bus->rings[bell];
    (void)pthread_mutex_unlock(&bus->lock);
    return rung;
}

void bus_stop(struct bus *bus)
{
    (void)pthread_mutex_lock(&bus->lock);
    bus->stopped = true;
    for (int i = 0; i < BUS_BELLS; i++)
        (void)pthread_cond_broadcast(&bus->rung[i]);
    (void)pthread_mutex_unlock(&bus->lock);
}

/* ---- events ---- */

static struct event *new_event(const char *type, const char *job_id, const char *data)
{
    size_t type_size = strlen(type) + 1;
    size_t job_size = strlen(job_id) + 1;
    size_t data_size = strlen(data) + 1;
    struct event *e = xmalloc(sizeof(*e) + type_size + job_size + data_size);

    e->shown.type = memcpy(e->texts, type, type_size);
    e->shown.job_id = memcpy(e->texts + type_size, job_id, job_size);
    e->shown.data = memcpy(e->texts + type_size + job_size, data, data_size);
    e->refs = 1;
    return e;
}

/* Under the lock. */
static void unref(struct event *e)
{
    if (e && --e->refs == 0)
        free(e);
}

/* Under the lock: the oldest event that is remembered, or the one that will come next. */
static uint64_t oldest_id(const struct bus *bus)
{
    return bus->last_id - bus->first_id + 1 <= REMEMBERED ? bus->first_id :
                                                            bus->last_id - REMEMBERED + 1;
}

/* Under the lock: the next event somebody lacks, and who. */
static struct event *find_next(struct bus *bus, int *out_who)
{
    for (int i = 0; i < MAX_SUBSCRIBERS; i++) {
        struct subscriber *s = &bus->subscribers[i];

        if (s->fn && s->seen + 1 < oldest_id(bus))
            s->seen = oldest_id(bus) - 1;
        if (s->fn && s->seen < bus->last_id) {
            *out_who = i;
            return bus->events[++s->seen % REMEMBERED];
        }
    }
    return NULL;
}

/* Under the lock, which is given up around each call. */
static void hand_out(struct bus *bus)
{
    struct event *e;
    int who = -1;

    if (bus->handing_out)
        return;
    bus->handing_out = true;
    while ((e = find_next(bus, &who))) {
        bus_event_fn fn = bus->subscribers[who].fn;
        void *arg = bus->subscribers[who].arg;

        e->refs++;
        bus->calling = who;
        (void)pthread_mutex_unlock(&bus->lock);
        fn(arg, &e->shown);
        (void)pthread_mutex_lock(&bus->lock);
        bus->calling = -1;
        (void)pthread_cond_broadcast(&bus->called);
        unref(e);
    }
    bus->handing_out = false;
}

void bus_publish(struct bus *bus, const char *type, const char *job_id, const char *data)
{
    struct event *e = new_event(type, job_id, data);
    struct event **slot;

    (void)pthread_mutex_lock(&bus->lock);
    e->shown.id = ++bus->last_id;
    slot = &bus->events[e->shown.id % REMEMBERED];
    unref(*slot);
    *slot = e;
    hand_out(bus);
    (void)pthread_mutex_unlock(&bus->lock);
}

int bus_subscribe(struct bus *bus, uint64_t after_id, bus_event_fn fn, void *arg)
{
    int handle = 0;

    (void)pthread_mutex_lock(&bus->lock);
    while (handle < MAX_SUBSCRIBERS && bus->subscribers[handle].used)
        handle++;
    if (handle == MAX_SUBSCRIBERS) {
        (void)pthread_mutex_unlock(&bus->lock);
        return VDO_E_TOO_LARGE;
    }
    if (after_id > bus->last_id)
        after_id = bus->last_id;
    bus->subscribers[handle] =
        (struct subscriber){.used = true, .fn = fn, .arg = arg, .seen = after_id};
    hand_out(bus);
    (void)pthread_mutex_unlock(&bus->lock);
    return handle;
}

void bus_unsubscribe(struct bus *bus, int handle)
{
    if (handle < 0 || handle >= MAX_SUBSCRIBERS)
        return;
    (void)pthread_mutex_lock(&bus->lock);
    bus->subscribers[handle].fn = NULL;
    while (bus->calling == handle)
        (void)pthread_cond_wait(&bus->called, &bus->lock);
    bus->subscribers[handle] = (struct subscriber){0};
    (void)pthread_mutex_unlock(&bus->lock);
}
