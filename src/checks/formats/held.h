/*
 * held: failures that count only when the end of the run says so: a test that is tried again may
 * pass.
 */
#ifndef VDO_CHECKS_FORMATS_HELD_H
#define VDO_CHECKS_FORMATS_HELD_H

#include "format.h"

struct held {
    struct failure *failures[RESULTS_MAX_FAILURES];
    size_t n;
};

/* What is kept of a test by that name; NULL when it is the RESULTS_MAX_FAILURES + 1st. Valid until
 * something is given or dropped. */
struct failure *held_get(struct held *held, const char *name);
/* The test failed after all: it counts, with what was kept. */
void held_give(struct held *held, struct reading *r, const char *name);
void held_give_all(struct held *held, struct reading *r);
/* It passed; nothing is kept any more. */
void held_drop(struct held *held, const char *name);
/* All of them. */
void held_release(struct held *held);

#endif
