#include "vdo/base/mem.h"

#include "room.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Together with the back-off: given up after about an hour and a half. */
enum { MAX_ATTEMPTS = 8, FIRST_RETRY_MS = 5000, LAST_RETRY_MS = 3600000 };

/* How often a thread tries to record what it did before it leaves it to the next start. */
enum { RECORD_TRIES = 30 };

/*
 * One transaction for each step of each delivery would cost more than all the rest. So a dispatcher
 * takes twice as many as before as long as they are decided quickly, which is without the network,
 * and one at a time otherwise: then another dispatcher is to have the next.
 */
enum { MOST_AT_ONCE = 32, QUICK_MS = 20 };

/*
 * In a rush, when this many deliveries have waited for the writer at once since the last look, its
 * time goes to those that senders wait for. A dispatcher then rests between batches: the inbox
 * lags, but moves on.
 */
enum { RUSH = 8, REST_MS = 100 };

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
    if (jobs->adding > jobs->adding_most)
        jobs->adding_most = jobs->adding;
    if (jobs->adding == 0)
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

struct batch {
    struct delivery list[MOST_AT_ONCE];
    size_t n;
    size_t n_decided;
    size_t n_recorded;
    int64_t begun_ms;
    struct delivery_verdict verdicts[MOST_AT_ONCE];
};

/* Those whose lane was not free have been given back. */
static void drop_blocked(struct batch *b, const bool *is_free)
{
    size_t kept = 0;

    for (size_t i = 0; i < b->n; i++) {
        if (is_free[i])
            b->list[kept++] = b->list[i];
        else
            delivery_release(&b->list[i]);
    }
    b->n = kept;
}

static void release(struct batch *b)
{
    for (size_t i = 0; i < b->n; i++)
        delivery_release(&b->list[i]);
    b->n = 0;
}

/* Claims that are not described are nobody's until the next start: it is worth some tries. */
static int describe_at_last(struct jobs *jobs, const struct batch *b, bool *is_free,
                            struct err *err)
{
    int rc = store_delivery_describe_some(jobs->o.store, b->list, b->n, is_free, err);

    for (int i = 1; i < RECORD_TRIES && (rc == VDO_E_TEMPORARY || rc == VDO_E_IO) &&
                    !atomic_load(&jobs->stopping);
         i++) {
        note_failure(jobs, "inbox", err);
        err_clear(err);
        pause_ms(jobs, POLL_MS);
        rc = store_delivery_describe_some(jobs->o.store, b->list, b->n, is_free, err);
    }
    return rc;
}

/* 0, perhaps with an empty batch: look again; VDO_E_NOT_FOUND: nothing due; VDO_E_CANCELLED: stop.
 */
static int take(struct jobs *jobs, size_t most, struct batch *b, struct err *err)
{
    bool is_free[MOST_AT_ONCE];
    int rc;

    b->n = b->n_decided = b->n_recorded = 0;
    if (!begin_turn(jobs))
        return VDO_E_CANCELLED;
    rc = store_delivery_claim_some(jobs->o.store, jobs->node, jobs_now(jobs), most, b->list, &b->n,
                                   err);
    if (!rc) {
        for (size_t i = 0; i < b->n; i++)
            jobs->o.describe(jobs->o.delivery_arg, &b->list[i]);
        rc = describe_at_last(jobs, b, is_free, err);
        if (rc)
            release(b);
        else
            drop_blocked(b, is_free);
    }
    end_turn(jobs);
    return rc;
}

/* ---- deciding ---- */

static struct delivery_ending ending_of(struct jobs *jobs, const struct delivery *d,
                                        const struct delivery_verdict *v)
{
    struct delivery_ending ending = {
        .seq = d->seq, .state = v->state, .reason = v->reason, .job_id = v->job_id};
    int64_t wait;

    if (v->retry_after_ms > 0) {
        wait = backoff_ms(FIRST_RETRY_MS, LAST_RETRY_MS, d->attempts);
        if (wait < v->retry_after_ms)
            wait = v->retry_after_ms;
        ending.state = DELIVERY_PENDING;
        ending.run_at_ms = jobs_now(jobs) + wait;
    }
    return ending;
}

static int record(struct jobs *jobs, const struct batch *b, struct err *err)
{
    struct delivery_ending endings[MOST_AT_ONCE];
    size_t n = 0;

    for (size_t i = b->n_recorded; i < b->n_decided; i++)
        endings[n++] = ending_of(jobs, &b->list[i], &b->verdicts[i]);
    return store_delivery_end_some(jobs->o.store, endings, n, err);
}

/* Until the store takes it; what cannot be recorded is handled once more after the next start. */
static void record_at_last(struct jobs *jobs, const struct batch *b)
{
    for (int i = 0; i < RECORD_TRIES; i++) {
        struct err err = {0};
        int rc = record(jobs, b, &err);

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

static void count_handled(struct jobs *jobs, size_t n)
{
    (void)pthread_mutex_lock(&jobs->lock);
    jobs->handled += n;
    (void)pthread_mutex_unlock(&jobs->lock);
}

static void record_decided(struct jobs *jobs, struct batch *b)
{
    bool has_jobs = false;

    record_at_last(jobs, b);
    count_handled(jobs, b->n_decided - b->n_recorded);
    for (size_t i = b->n_recorded; i < b->n_decided; i++)
        has_jobs |= *b->verdicts[i].job_id != '\0';
    b->n_recorded = b->n_decided;
    /* The next of these lanes may go. */
    bus_ring(jobs->o.bus, BUS_INBOX);
    if (has_jobs)
        bus_ring(jobs->o.bus, BUS_JOBS);
    bus_ring(jobs->o.bus, BUS_OUTBOX);
}

static bool is_quick(const struct batch *b)
{
    return clock_mono_ms(clock_real()) - b->begun_ms < QUICK_MS;
}

/* True: all were decided quickly. */
static bool dispatch(struct jobs *jobs, struct forge_session *forge, struct batch *b)
{
    bool quick = true;

    b->begun_ms = clock_mono_ms(clock_real());
    while (b->n_decided < b->n) {
        struct delivery_verdict *v = &b->verdicts[b->n_decided];

        *v = (struct delivery_verdict){.state = DELIVERY_PENDING};
        decide(jobs, forge, &b->list[b->n_decided], v);
        b->n_decided++;
        quick = quick && is_quick(b);
        if (!quick || b->n_decided == b->n)
            record_decided(jobs, b);
    }
    return quick;
}

static void rest_in_a_rush(struct jobs *jobs)
{
    bool rush;

    (void)pthread_mutex_lock(&jobs->lock);
    rush = jobs->adding_most >= RUSH;
    jobs->adding_most = jobs->adding;
    (void)pthread_mutex_unlock(&jobs->lock);
    if (rush)
        pause_ms(jobs, REST_MS);
}

/* How many to take next, after n. */
static size_t next_size(size_t n, bool quick)
{
    if (!quick || n == 0)
        return 1;
    return n < MOST_AT_ONCE / 2 ? 2 * n : MOST_AT_ONCE;
}

static void dispatch_all(struct jobs *jobs, struct forge_session *forge, struct batch *b)
{
    uint64_t seen = 0;
    size_t most = 1;

    while (!atomic_load(&jobs->draining)) {
        struct err err = {0};
        int rc = take(jobs, most, b, &err);

        if (rc == VDO_OK) {
            most = next_size(b->n, dispatch(jobs, forge, b));
            release(b);
            rest_in_a_rush(jobs);
        } else if (rc == VDO_E_NOT_FOUND) {
            most = 1;
            (void)bus_wait(jobs->o.bus, BUS_INBOX, &seen, POLL_MS);
        } else if (rc != VDO_E_CANCELLED) {
            note_failure(jobs, "inbox", &err);
            pause_ms(jobs, POLL_MS);
        }
    }
}

void *dispatcher_main(void *arg)
{
    struct jobs *jobs = arg;
    struct forge_session *forge = forge_session_new(jobs->o.forge, &jobs->stopping);
    struct batch *b = xcalloc(1, sizeof(*b));

    dispatch_all(jobs, forge, b);
    free(b);
    forge_session_free(forge);
    return NULL;
}
