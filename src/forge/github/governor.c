#include "github.h"

#include "vdo/base/rand.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/*
 * GitHub's limits: requests for an hour (x-ratelimit-*), and secondary ones that no header
 * announces. While a lane is paused nothing is sent: going on while limited can get an App banned.
 * Content-creating requests are held to 60 a minute, under the documented 80.
 */
enum { WRITES_PER_MINUTE = 60, SECONDARY_FIRST_MS = 60000, SECONDARY_MOST_MS = 900000 };

static struct lane *find_lane(struct github *g, int64_t installation_id)
{
    size_t at;

    for (size_t i = 0; i < g->n_lanes; i++) {
        if (g->lanes[i].installation_id == installation_id)
            return &g->lanes[i];
    }
    /* When the table is full the place of another lane is taken; what it knew is learnt again from
     * the next answer. */
    at = g->n_lanes < GITHUB_MAX_LANES ? g->n_lanes++ : rand_below(GITHUB_MAX_LANES);
    g->lanes[at] = (struct lane){
        .installation_id = installation_id, .remaining = -1, .writes = WRITES_PER_MINUTE};
    return &g->lanes[at];
}

static void refill(struct lane *lane, int64_t now)
{
    double grown = (double)(now - lane->writes_at_ms) * WRITES_PER_MINUTE / 60000.0;

    lane->writes =
        lane->writes + grown > WRITES_PER_MINUTE ? WRITES_PER_MINUTE : lane->writes + grown;
    lane->writes_at_ms = now;
}

int governor_enter(struct github *g, int64_t installation_id, bool writes_content,
                   int64_t *out_wait_ms, struct err *err)
{
    int64_t now = clock_now_ms(g->clock);
    struct lane *lane;
    int64_t wait = 0;

    (void)pthread_mutex_lock(&g->lock);
    g->requests++;
    lane = find_lane(g, installation_id);
    if (lane->paused_until_ms > now)
        wait = lane->paused_until_ms - now;
    else if (writes_content) {
        refill(lane, now);
        if (lane->writes < 1)
            wait = (int64_t)((1 - lane->writes) * 60000.0 / WRITES_PER_MINUTE) + 1;
        else
            lane->writes -= 1;
    }
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

bool governor_learn(struct github *g, int64_t installation_id, const struct http_result *result,
                    int64_t *out_wait_ms)
{
    int64_t now = clock_now_ms(g->clock);
    int64_t retry_s = header_int(result, "retry-after", -1);
    int64_t remaining = header_int(result, "x-ratelimit-remaining", -1);
    int64_t reset_s = header_int(result, "x-ratelimit-reset", 0);
    bool limited = result->status == 403 || result->status == 429;
    int64_t wait = 0;
    struct lane *lane;

    (void)pthread_mutex_lock(&g->lock);
    lane = find_lane(g, installation_id);
    if (remaining >= 0)
        lane->remaining = remaining;
    if (reset_s > 0)
        lane->reset_ms = reset_s * 1000;
    if (!limited) {
        lane->secondary_hits = 0;
    } else if (retry_s >= 0) {
        wait = (retry_s > 0 ? retry_s : 1) * 1000;
    } else if (remaining == 0) {
        wait = reset_s * 1000 + 1000 - now + rand_below(5000);
        wait = wait > 1000 ? wait : 1000;
    } else if (result->status == 429 || names_secondary_limit(result)) {
        wait = (int64_t)SECONDARY_FIRST_MS << (lane->secondary_hits < 4 ? lane->secondary_hits : 4);
        wait = wait < SECONDARY_MOST_MS ? wait : SECONDARY_MOST_MS;
        lane->secondary_hits++;
    }
    if (wait)
        lane->paused_until_ms = now + wait;
    (void)pthread_mutex_unlock(&g->lock);
    *out_wait_ms = wait;
    return wait > 0;
}
