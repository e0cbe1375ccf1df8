#include "room.h"

#include <string.h>

void slot_occupy(struct slot *slot, const struct job *job)
{
    (void)pthread_mutex_lock(&slot->lock);
    slot->busy = true;
    slot->cancelled = job->cancel_requested;
    slot->epoch = job->epoch;
    slot->until_ms = job->lease_until_ms;
    memcpy(slot->job_id, job->id, RAND_ID_SIZE);
    atomic_store(&slot->stop, slot->cancelled || atomic_load(&slot->jobs->stopping));
    (void)pthread_mutex_unlock(&slot->lock);
}

void slot_vacate(struct slot *slot)
{
    (void)pthread_mutex_lock(&slot->lock);
    slot->busy = false;
    (void)pthread_mutex_unlock(&slot->lock);
}

bool slot_was_cancelled(const struct job_lease *lease)
{
    struct slot *slot = lease->priv;
    bool cancelled;

    (void)pthread_mutex_lock(&slot->lock);
    cancelled = slot->cancelled;
    (void)pthread_mutex_unlock(&slot->lock);
    return cancelled;
}

void cancel_slot(struct jobs *jobs, const char *id)
{
    for (unsigned i = 0; i <= jobs->o.workers; i++) {
        struct slot *slot = &jobs->slots[i];

        (void)pthread_mutex_lock(&slot->lock);
        if (slot->busy && strcmp(slot->job_id, id) == 0) {
            slot->cancelled = true;
            atomic_store(&slot->stop, true);
        }
        (void)pthread_mutex_unlock(&slot->lock);
    }
}
