#include "room.h"

/*
 * Everything that is periodic. Leases need no care: who looks for work sees that one has run out.
 */
enum { ROUND_MS = 60000 };

/* Longer than any model call may take (providers.*.timeout_s is an hour at most). */
static const int64_t reservation_ms = 75LL * 60 * 1000;
static const int64_t claim_ms = 15LL * 60 * 1000;
static const int64_t prune_every_ms = 3600LL * 1000;

static void check(struct jobs *jobs, int rc, struct err *err)
{
    if (rc)
        note_failure(jobs, "janitor", err);
    err_clear(err);
}

static void sweep(struct jobs *jobs, int64_t now_ms)
{
    struct store *store = jobs->o.store;
    struct err err = {0};

    check(jobs, store_spend_sweep(store, now_ms - reservation_ms, &err), &err);
    check(jobs, store_sweep_claims(store, jobs->node, now_ms - claim_ms, &err), &err);
}

static void prune(struct jobs *jobs, int64_t now_ms)
{
    struct err err = {0};

    check(jobs, store_prune(jobs->o.store, now_ms - jobs->o.keep_ms, &err), &err);
}

static void note_round(struct jobs *jobs, int64_t now_ms)
{
    (void)pthread_mutex_lock(&jobs->lock);
    jobs->last_janitor_ms = now_ms;
    (void)pthread_mutex_unlock(&jobs->lock);
}

void *janitor_main(void *arg)
{
    struct jobs *jobs = arg;
    int64_t pruned_ms = 0;

    while (!atomic_load(&jobs->stopping)) {
        int64_t now_ms = jobs_now(jobs);

        sweep(jobs, now_ms);
        if (now_ms - pruned_ms >= prune_every_ms) {
            prune(jobs, now_ms);
            if (jobs->o.tidy)
                jobs->o.tidy(jobs->o.tidy_arg);
            pruned_ms = now_ms;
        }
        note_round(jobs, now_ms);
        pause_ms(jobs, ROUND_MS);
    }
    return NULL;
}
