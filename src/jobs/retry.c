#include "vdo/base/rand.h"

#include "room.h"

#include <stdio.h>

void note_failure(struct jobs *jobs, const char *where, const struct err *err)
{
    (void)pthread_mutex_lock(&jobs->lock);
    jobs->failures++;
    (void)snprintf(jobs->last_error, sizeof(jobs->last_error), "%s: %s", where, err->text);
    (void)pthread_mutex_unlock(&jobs->lock);
}

int64_t backoff_ms(int64_t first_ms, int64_t most_ms, int attempts)
{
    int64_t wait = first_ms;

    for (int i = 1; i < attempts && wait < most_ms; i++)
        wait *= 3;
    if (wait > most_ms)
        wait = most_ms;
    return wait + (int64_t)rand_below((uint32_t)(wait / 4) + 1);
}

struct timespec deadline_in(int64_t ms)
{
    struct timespec ts;

    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    ts.tv_sec += ms / 1000;
    ts.tv_nsec += ms % 1000 * 1000000L;
    if (ts.tv_nsec >= 1000000000L) {
        ts.tv_sec++;
        ts.tv_nsec -= 1000000000L;
    }
    return ts;
}

void pause_ms(struct jobs *jobs, int64_t ms)
{
    struct timespec deadline = deadline_in(ms);
    int rc = 0;

    (void)pthread_mutex_lock(&jobs->lock);
    while (!atomic_load(&jobs->stopping) && rc == 0)
        rc = pthread_cond_timedwait(&jobs->changed, &jobs->lock, &deadline);
    (void)pthread_mutex_unlock(&jobs->lock);
}
