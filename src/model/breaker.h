/*
 * breaker: stops asking an endpoint that keeps failing, and finds out when it works again.
 *
 * CLOSED lets calls through. When at least half of the last outcomes within a minute failed (and
 * there were five or more) it is OPEN for 30 s, then HALF_OPEN: one call may try; its outcome
 * closes it, or opens it for twice as long, up to ten minutes. Threads: the caller's lock.
 */
#ifndef VDO_MODEL_BREAKER_H
#define VDO_MODEL_BREAKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum breaker_state { BREAKER_CLOSED, BREAKER_OPEN, BREAKER_HALF_OPEN };
enum {
    BREAKER_SAMPLES = 20,
    BREAKER_LEAST = 5,
    BREAKER_WINDOW_MS = 60000,
    BREAKER_FIRST_PAUSE_MS = 30000,
    BREAKER_LONGEST_PAUSE_MS = 600000,
};

struct breaker { /* zero is a good start */
    struct {
        int64_t at_ms;
        bool ok;
    } sample[BREAKER_SAMPLES];
    size_t next;
    size_t n;
    bool open;
    bool probing; /* half open, and its one call is under way */
    int64_t open_until_ms;
    int64_t pause_ms;
};

/* May a call be made? In the half-open state the answer true hands out the one probe. */
bool breaker_allows(struct breaker *breaker, int64_t now_ms);
/* The same without taking the probe. */
enum breaker_state breaker_state(const struct breaker *breaker, int64_t now_ms);
void breaker_record(struct breaker *breaker, bool ok, int64_t now_ms);
/* The call that was allowed ended without saying anything about the endpoint. */
void breaker_forget(struct breaker *breaker);
const char *breaker_state_name(enum breaker_state state);

#endif
