#include "held.h"

#include "../name.h"

#include "vdo/base/mem.h"

#include <stdlib.h>

/* held->n when there is none. */
static size_t find(const struct held *held, const char *clipped)
{
    size_t i = 0;

    while (i < held->n && strcmp(held->failures[i]->name, clipped) != 0)
        i++;
    return i;
}

struct failure *held_get(struct held *held, const char *name)
{
    AUTO_FREE char *clipped = name_clip(name, strlen(name));
    size_t i = find(held, clipped);

    if (i < held->n)
        return held->failures[i];
    if (held->n == RESULTS_MAX_FAILURES)
        return NULL;
    held->failures[i] = xcalloc(1, sizeof(struct failure));
    held->failures[i]->name = xstrdup(clipped);
    held->n++;
    return held->failures[i];
}

static void take_out(struct held *held, size_t i)
{
    failure_release(held->failures[i]);
    free(held->failures[i]);
    held->failures[i] = held->failures[--held->n];
}

void held_give(struct held *held, struct reading *r, const char *name)
{
    AUTO_FREE char *clipped = name_clip(name, strlen(name));
    size_t i = find(held, clipped);
    struct failure *to;

    reading_test(r, name, RESULT_FAILED);
    if (i == held->n)
        return;
    to = reading_failure(r, name);
    if (to)
        failure_merge(held->failures[i], to);
    take_out(held, i);
}

void held_give_all(struct held *held, struct reading *r)
{
    while (held->n) {
        AUTO_FREE char *name = xstrdup(held->failures[0]->name);

        held_give(held, r, name);
    }
}

void held_drop(struct held *held, const char *name)
{
    AUTO_FREE char *clipped = name_clip(name, strlen(name));
    size_t i = find(held, clipped);

    if (i < held->n)
        take_out(held, i);
}

void held_release(struct held *held)
{
    while (held->n)
        take_out(held, held->n - 1);
}
