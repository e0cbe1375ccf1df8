#include "github.h"

#include "vdo/base/rand.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/*
 * GitHub's limits: requests for an hour (x-ratelimit-*), and secondary ones that no header
 * announces. While a lane is paused nothing is sent: going on while limited can get an App banned.
 * Content-creating requests are held to 60 a minute and 400 an hour, under the documented 80 and
 * 500.
 */
enum {
    WRITES_PER_MINUTE = 60,
    WRITES_PER_HOUR = 400,
    UNKNOWN_MS = 60000, /* a limit without a time */
    SECONDARY_FIRST_MS = 60000,
    SECONDARY_MOST_MS = 900000,
    LONGEST_PAUSE_MS = 86400000,
};

/* When the table is full, the place of a lane that is not paused, or not for long: what it knew is
 * learnt again from the next answer. */
static size_t find_place(const struct github *g)
{
    size_t at = 0;

    for (size_t i = 1; i < g->n_lanes; i++) {
        if (g->lanes[i].paused_until_ms < g->lanes[at].paused_until_ms)
            at = i;
    }
    return at;
}

static struct lane *find_lane(struct github *g, int64_t installation_id)
{
    size_t at;

    for (size_t i = 0; i < g->n_lanes; i++) {
        if (g->lanes[i].installation_id == installation_id)
            return &g->lanes[i];
    }
    at = g->n_lanes < GITHUB_MAX_LANES ? g->n_lanes++ : find_place(g);
    g->lanes[at] = (struct lane){.installation_id = installation_id,
                                 .remaining = -1,
                                 .minute = WRITES_PER_MINUTE,
                                 .hour = WRITES_PER_HOUR};
    return &g->lanes[at];
}

static double grow(double left, double per_ms, int64_t ms, double most)
{
    double grown = left + per_ms * (double)(ms > 0 ? ms : 0);

    return grown < most ? grown : most;
}

/* How long a write must wait for its place in the minute and the hour; 0: it has got it. */
static int64_t take_write(struct lane *lane, int64_t now)
{
    const double per_minute = WRITES_PER_MINUTE / 60000.0;
    const double per_hour = WRITES_PER_HOUR / 3600000.0;
    double wait = 0;

    lane->minute = grow(lane->minute, per_minute, now - lane->writes_at_ms, WRITES_PER_MINUTE);
    lane->hour = grow(lane->hour, per_hour, now - lane->writes_at_ms, WRITES_PER_HOUR);
    lane->writes_at_ms = now;
    if (lane->minute < 1)
        wait = (1 - lane->minute) / per_minute;
    if (lane->hour < 1 && (1 - lane->hour) / per_hour > wait)
        wait = (1 - lane->hour) / per_hour;
    if (wait > 0)
        return (int64_t)wait + 1;
    lane->minute -= 1;
    lane->hour -= 1;
    return 0;
}

int governor_enter(struct github *g, int64_t installation_id, bool writes_content,
                   int64_t *out_wait_ms, struct err *err)
{
    int64_t now = clock_now_ms(g->clock);
    struct lane *lane;
    int64_t wait = 0;

    (void)pthread_mutex_lock(&g->lock);
    lane = find_lane(g, installation_id);
    if (lane->paused_until_ms > now)
        wait = lane->paused_until_ms - now;
    else if (writes_content)
        wait = take_write(lane, now);
    g->requests += !wait;
    (void)pthread_mutex_unlock(&g->lock);
    if (!wait)
        return VDO_OK;
    *out_wait_ms = wait;
    return err_set(err, VDO_E_TEMPORARY, "GitHub's rate limit: waiting %lld s",
                   (long long)(wait + 999) / 1000);
}

static int64_t header_int(const struct http_result *result, const char *name, int64_t fallback)
{
    char buf[64];
    const char *text = http_result_header(result, name, buf, sizeof(buf));
    char *end;
    int64_t value;

    if (!text || !*text)
        return fallback;
    value = strtoll(text, &end, 10);
    return *end ? fallback : value;
}

static bool names_secondary_limit(const struct http_result *result)
{
    return strcasestr(result->body, "secondary rate limit") ||
           strcasestr(result->body, "secondary-rate-limits") ||
           strcasestr(result->body, "abuse detection");
}

static int64_t until_reset(const struct lane *lane, int64_t now)
{
    int64_t wait = lane->reset_ms - now;

    return wait > 0 ? wait + 1000 + rand_below(5000) : UNKNOWN_MS;
}

/* First match wins; 0: it is not a limit. */
static int64_t find_wait(struct lane *lane, const struct http_result *result, int64_t remaining,
                         int64_t now)
{
    int64_t retry_s = header_int(result, "retry-after", -1);
    int64_t wait;

    if (result->status != 403 && result->status != 429) {
        lane->secondary_hits = 0;
        return 0;
    }
    if (retry_s >= 0)
        return retry_s < LONGEST_PAUSE_MS / 1000 ? (retry_s ? retry_s : 1) * 1000 :
                                                   LONGEST_PAUSE_MS;
    if (remaining == 0)
        return until_reset(lane, now);
    if (result->status != 429 && !names_secondary_limit(result))
        return 0;
    wait = (int64_t)SECONDARY_FIRST_MS << (lane->secondary_hits < 4 ? lane->secondary_hits++ : 4);
    return wait < SECONDARY_MOST_MS ? wait : SECONDARY_MOST_MS;
}

bool governor_learn(struct github *g, int64_t installation_id, const struct http_result *result,
                    int64_t *out_wait_ms)
{
    int64_t now = clock_now_ms(g->clock);
    int64_t remaining = header_int(result, "x-ratelimit-remaining", -1);
    int64_t reset_s = header_int(result, "x-ratelimit-reset", 0);
    struct lane *lane;
    int64_t wait;
    int64_t pause;

    (void)pthread_mutex_lock(&g->lock);
    lane = find_lane(g, installation_id);
    if (remaining >= 0)
        lane->remaining = remaining;
    if (reset_s > 0 && reset_s < INT64_MAX / 1000)
        lane->reset_ms = reset_s * 1000 - g->clock_offset_ms;
    wait = find_wait(lane, result, remaining, now);
    pause = wait;
    /* The last request of the hour: the next would be refused. */
    if (!wait && remaining == 0 && lane->reset_ms > now)
        pause = until_reset(lane, now);
    if (pause > LONGEST_PAUSE_MS)
        pause = LONGEST_PAUSE_MS;
    if (pause && now + pause > lane->paused_until_ms)
        lane->paused_until_ms = now + pause;
    (void)pthread_mutex_unlock(&g->lock);
    *out_wait_ms = wait < LONGEST_PAUSE_MS ? wait : LONGEST_PAUSE_MS;
    return wait > 0;
}
