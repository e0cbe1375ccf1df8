/*
 * pace: token buckets that follow what an endpoint says about its rate limits.
 *
 * Providers name in each answer how many requests and tokens a window allows, how many are left,
 * and when all of them will be back. A bucket takes that over and fills at the rate that follows,
 * so that calls are spread over the window instead of running into 429. Without such headers
 * nothing is held back. Sources:
 * anthropic-ratelimit-{requests,tokens,input-tokens}-{limit,remaining,reset} (reset as a time) and
 * x-ratelimit-{limit,remaining,reset}-{requests,tokens} (reset as a duration, "6m0s", "20ms").
 * Threads: the caller's lock.
 */
#ifndef VDO_MODEL_PACE_H
#define VDO_MODEL_PACE_H

#include "vdo/http/client.h"

#include <stdint.h>

enum { PACE_BUCKETS = 3 };

struct bucket {
    double limit; /* 0: nothing is known */
    double left;
    double per_ms;
    int64_t at_ms; /* of left */
};

struct pace {                           /* zero is a good start */
    struct bucket bucket[PACE_BUCKETS]; /* requests, tokens, input tokens */
};

/* Learn from an answer's headers; what they do not name stays as it is. */
void pace_learn(struct pace *pace, const struct http_result *http, int64_t now_ms);
/* How long a request of so many tokens must wait; 0: it has been taken out of the buckets and may
 * go. A request larger than a whole window waits until the window is full. */
int64_t pace_take(struct pace *pace, int64_t tokens, int64_t now_ms);

/* "6m0s", "1h2m3.5s", "20ms" in milliseconds; -1 for anything else. */
int64_t pace_parse_duration(const char *text);

#endif
