#include "vdo/base/mem.h"

#include "room.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Together with the back-off: given up after about an hour and a half. */
enum { MAX_ATTEMPTS = 8, FIRST_RETRY_MS = 5000, LAST_RETRY_MS = 3600000 };

/* How often a thread tries to record what it did before it leaves it to the next start. */
enum { RECORD_TRIES = 30 };

/* ---- adding ---- */

struct added {
    struct jobs *jobs;
    store_added_fn done;
    void *arg;
};

static void count_adding(struct jobs *jobs, int by)
{
    (void)pthread_mutex_lock(&jobs->lock);
    jobs->adding = (unsigned)((int)jobs->adding + by);
    (void)pthread_cond_broadcast(&jobs->changed);
    (void)pthread_mutex_unlock(&jobs->lock);
}

static void on_added(void *arg, int rc, enum delivery_add outcome, const struct err *err)
{
    struct added *a = arg;

    if (!rc && (outcome == DELIVERY_NEW || outcome == DELIVERY_AGAIN))
        bus_ring(a->jobs->o.bus, BUS_INBOX);
    a->done(a->arg, rc, outcome, err);
    count_adding(a->jobs, -1); /* the last use of it: jobs_free() may be waiting */
    free(a);
}

int jobs_inbox_add(struct jobs *jobs, const struct delivery *delivery, store_added_fn done,
                   void *arg, struct err *err)
{
    struct added *a = xmalloc(sizeof(*a));
    int rc;

    *a = (struct added){.jobs = jobs, .done = done, .arg = arg};
    count_adding(jobs, 1);
    rc = store_delivery_add(jobs->o.store, delivery, on_added, a, err);
    if (rc) {
        count_adding(jobs, -1);
        free(a);
    }
    return rc;
}

/* ---- taking ---- */

/*
 * The lane of a delivery is known only when it has been described. One dispatcher at a time is
 * between claim and describe, so that two of one lane cannot overtake each other there.
 */
static bool begin_turn(struct jobs *jobs)
{
    bool ours;

    (void)pthread_mutex_lock(&jobs->lock);
    while (jobs->describing && !atomic_load(&jobs->draining))
        (void)pthread_cond_wait(&jobs->changed, &jobs->lock);
    ours = !atomic_load(&jobs->draining);
    if (ours)
        jobs->describing = true;
    (void)pthread_mutex_unlock(&jobs->lock);
    return ours;
}

static void end_turn(struct jobs *jobs)
{
    (void)pthread_mutex_lock(&jobs->lock);
    jobs->describing = false;
    (void)pthread_cond_broadcast(&jobs->changed);
    (void)pthread_mutex_unlock(&jobs->lock);
}

/* 0; VDO_E_NOT_FOUND: nothing due; VDO_E_CONFLICT: look again; VDO_E_CANCELLED: stop. */
static int take(struct jobs *jobs, struct delivery *out, struct err *err)
{
    int rc;

    if (!begin_turn(jobs))
        return VDO_E_CANCELLED;
    rc = store_delivery_claim(jobs->o.store, jobs->node, jobs_now(jobs), out, err);
    if (!rc) {
        jobs->o.describe(jobs->o.delivery_arg, out);
        rc = store_delivery_describe(jobs->o.store, out, err);
        if (rc)
            delivery_release(out);
    }
    end_turn(jobs);
    return rc;
}

/* ---- deciding ---- */

static int record(struct jobs *jobs, const struct delivery *d, const struct delivery_verdict *v,
                  struct err *err)
{
    struct store *store = jobs->o.store;
    int64_t wait;

    if (v->retry_after_ms > 0) {
        wait = backoff_ms(FIRST_RETRY_MS, LAST_RETRY_MS, d->attempts);
        if (wait < v->retry_after_ms)
            wait = v->retry_after_ms;
        return store_delivery_retry(store, d->seq, jobs_now(jobs) + wait, v->reason, err);
    }
    return store_delivery_finish(store, d->seq, v->state, v->reason, v->job_id, err);
}

/* Until the store takes it; what cannot be recorded is handled once more after the next start. */
static void record_at_last(struct jobs *jobs, const struct delivery *d,
                           const struct delivery_verdict *v)
{
    for (int i = 0; i < RECORD_TRIES; i++) {
        struct err err = {0};
        int rc = record(jobs, d, v, &err);

        if (rc)
            note_failure(jobs, "inbox", &err);
        if (rc != VDO_E_TEMPORARY && rc != VDO_E_IO)
            return;
        if (atomic_load(&jobs->stopping))
            return;
        pause_ms(jobs, POLL_MS);
    }
}

static void give_up(const struct delivery *d, struct delivery_verdict *v)
{
    char why[sizeof(v->reason)];

    (void)snprintf(why, sizeof(why), "%s", v->reason);
    v->retry_after_ms = 0;
    v->state = DELIVERY_DEAD;
    (void)snprintf(v->reason, sizeof(v->reason), "given up after %d attempts: %s", d->attempts,
                   why);
}

static void decide(struct jobs *jobs, struct forge_session *forge, const struct delivery *d,
                   struct delivery_verdict *v)
{
    if (d->attempts > MAX_ATTEMPTS) {
        /* Each attempt so far ended with the process. */
        v->state = DELIVERY_DEAD;
        (void)snprintf(v->reason, sizeof(v->reason),
                       "given up: %d attempts ended without a decision", d->attempts - 1);
        return;
    }
    jobs->o.handle(jobs->o.delivery_arg, forge, d, v);
    if (v->retry_after_ms > 0 && d->attempts >= MAX_ATTEMPTS)
        give_up(d, v);
    if (v->retry_after_ms <= 0 && v->state == DELIVERY_PENDING) {
        v->state = DELIVERY_FAILED;
        (void)snprintf(v->reason, sizeof(v->reason), "no decision was made");
    }
}

static void count_handled(struct jobs *jobs)
{
    (void)pthread_mutex_lock(&jobs->lock);
    jobs->handled++;
    (void)pthread_mutex_unlock(&jobs->lock);
}

static void dispatch(struct jobs *jobs, struct forge_session *forge, const struct delivery *d)
{
    struct delivery_verdict v = {.state = DELIVERY_PENDING};

    decide(jobs, forge, d, &v);
    record_at_last(jobs, d, &v);
    count_handled(jobs);
    /* The next of this lane may go. */
    bus_ring(jobs->o.bus, BUS_INBOX);
    if (*v.job_id)
        bus_ring(jobs->o.bus, BUS_JOBS);
    bus_ring(jobs->o.bus, BUS_OUTBOX);
}

void *dispatcher_main(void *arg)
{
    struct jobs *jobs = arg;
    struct forge_session *forge = forge_session_new(jobs->o.forge, &jobs->stopping);
    uint64_t seen = 0;

    while (!atomic_load(&jobs->draining)) {
        struct err err = {0};
        struct delivery d = {0};
        int rc = take(jobs, &d, &err);

        if (rc == VDO_OK)
            dispatch(jobs, forge, &d);
        else if (rc == VDO_E_NOT_FOUND)
            (void)bus_wait(jobs->o.bus, BUS_INBOX, &seen, POLL_MS);
        else if (rc != VDO_E_CONFLICT && rc != VDO_E_CANCELLED) {
            note_failure(jobs, "inbox", &err);
            pause_ms(jobs, POLL_MS);
        }
        delivery_release(&d);
    }
    forge_session_free(forge);
    return NULL;
}
