#include "pace.h"

#include "vdo/base/clock.h"

#include <ctype.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int64_t minute_ms = 60000;
static const int64_t longest_ms = 24LL * 3600 * 1000;

int64_t pace_parse_duration(const char *text)
{
    static const struct {
        const char *unit;
        double ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};
    double sum = 0;

    if (!*text)
        return -1;
    while (*text) {
        char *end = NULL;
        double number = isdigit((unsigned char)*text) ? strtod(text, &end) : -1;
        size_t len;
        size_t i = 0;

        if (!end || number < 0 || end == text)
            return -1;
        len = strspn(end, "mshd");
        while (i < 5 && (strlen(units[i].unit) != len || strncmp(end, units[i].unit, len) != 0))
            i++;
        if (i == 5)
            return -1;
        sum += number * units[i].ms;
        if (!(sum <= (double)longest_ms))
            return -1;
        text = end + len;
    }
    return (int64_t)ceil(sum);
}

/* A number of a header; -1 when it is missing or none. */
static double read_number(const struct http_result *http, const char *name)
{
    char buf[64];
    const char *text = http_result_header(http, name, buf, sizeof(buf));
    char *end = NULL;
    double value = text && isdigit((unsigned char)*text) ? strtod(text, &end) : -1;

    return text && end && *end == '\0' && value < 1e12 ? value : -1;
}

/* Until when, as a wait; -1 when it is not said. */
static int64_t read_reset(const struct http_result *http, const char *name, int64_t now_ms)
{
    char buf[64];
    const char *text = http_result_header(http, name, buf, sizeof(buf));
    int64_t at = 0;

    if (!text)
        return -1;
    if (clock_parse_rfc3339(text, &at) == 0)
        return at > now_ms && at - now_ms <= longest_ms ? at - now_ms : -1;
    return pace_parse_duration(text);
}

static void learn(struct bucket *bucket, double limit, double left, int64_t full_in_ms,
                  int64_t now_ms)
{
    if (limit <= 0 || left < 0)
        return;
    bucket->limit = limit;
    bucket->left = left < limit ? left : limit;
    bucket->at_ms = now_ms;
    bucket->per_ms = left < limit && full_in_ms > 0 ? (limit - left) / (double)full_in_ms :
                                                      limit / (double)minute_ms;
}

static void learn_named(struct bucket *bucket, const struct http_result *http, const char *pattern,
                        const char *what, int64_t now_ms)
{
    static const char *const parts[] = {"limit", "remaining", "reset"};
    bool what_first = strncmp(pattern, "anthropic", 9) == 0;
    char name[3][64];

    for (int i = 0; i < 3; i++)
        (void)snprintf(name[i], sizeof(name[i]), "%s-%s-%s", pattern, what_first ? what : parts[i],
                       what_first ? parts[i] : what);
    learn(bucket, read_number(http, name[0]), read_number(http, name[1]),
          read_reset(http, name[2], now_ms), now_ms);
}

void pace_learn(struct pace *pace, const struct http_result *http, int64_t now_ms)
{
    static const char *const what[PACE_BUCKETS] = {"requests", "tokens", "input-tokens"};

    if (!http->headers)
        return;
    for (int i = 0; i < PACE_BUCKETS; i++) {
        learn_named(&pace->bucket[i], http, "anthropic-ratelimit", what[i], now_ms);
        learn_named(&pace->bucket[i], http, "x-ratelimit", what[i], now_ms);
    }
}

static void refill(struct bucket *bucket, int64_t now_ms)
{
    if (now_ms > bucket->at_ms)
        bucket->left += (double)(now_ms - bucket->at_ms) * bucket->per_ms;
    if (bucket->left > bucket->limit)
        bucket->left = bucket->limit;
    bucket->at_ms = now_ms;
}

int64_t pace_take(struct pace *pace, int64_t tokens, int64_t now_ms)
{
    double need[PACE_BUCKETS] = {1, (double)tokens, (double)tokens};
    double wait = 0;

    for (int i = 0; i < PACE_BUCKETS; i++) {
        struct bucket *bucket = &pace->bucket[i];

        if (bucket->limit <= 0)
            continue;
        refill(bucket, now_ms);
        if (need[i] > bucket->limit)
            need[i] = bucket->limit;
        if (bucket->left < need[i] && (need[i] - bucket->left) / bucket->per_ms > wait)
            wait = (need[i] - bucket->left) / bucket->per_ms;
    }
    if (wait > 0)
        return (int64_t)ceil(wait < (double)longest_ms ? wait : (double)longest_ms);
    for (int i = 0; i < PACE_BUCKETS; i++)
        pace->bucket[i].left -= pace->bucket[i].limit > 0 ? need[i] : 0;
    return 0;
}
