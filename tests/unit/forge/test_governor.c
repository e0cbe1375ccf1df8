#include "../../../src/forge/github/github.h"

#include "vdo/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* What needs answers that cross each other, or more installations than a test can serve; the rest
 * is in tests/integration/test_forge_github_limits.c. */

static struct clock_fake test_time;

static int setup(void **state)
{
    struct github *g = xcalloc(1, sizeof(*g));

    clock_fake_init(&test_time, 1795248000000);
    g->clock = &test_time.clock;
    (void)pthread_mutex_init(&g->lock, NULL);
    *state = g;
    return 0;
}

static int teardown(void **state)
{
    struct github *g = *state;

    (void)pthread_mutex_destroy(&g->lock);
    free(g);
    return 0;
}

static int64_t learn(struct github *g, int64_t installation, int status, const char *headers)
{
    AUTO_FREE char *text = xstrdup(headers);
    char none[] = "";
    const struct http_result result = {.status = status, .body = none, .headers = text};
    int64_t wait = -1;
    bool limited = governor_learn(g, installation, &result, &wait);

    assert_int_equal(limited, wait > 0);
    return wait;
}

/* How long it must wait; 0: it may go out. */
static int64_t enter(struct github *g, int64_t installation)
{
    int64_t wait = 0;
    int rc = governor_enter(g, installation, false, &wait, NULL);

    assert_int_equal(rc, wait ? VDO_E_TEMPORARY : VDO_OK);
    return wait;
}

static void a_pause_is_not_shortened_by_a_late_answer(void **state)
{
    struct github *g = *state;

    assert_int_equal(learn(g, 1, 403, "retry-after: 60"), 60000);
    assert_int_equal(learn(g, 1, 403, "retry-after: 2"), 2000);
    assert_int_equal(enter(g, 1), 60000);
    assert_int_equal(learn(g, 1, 200, "x-ratelimit-remaining: 4000"), 0);
    assert_int_equal(enter(g, 1), 60000);
    assert_int_equal(learn(g, 1, 429, "retry-after: 90"), 90000);
    assert_int_equal(enter(g, 1), 90000);
}

static void a_paused_lane_is_not_forgotten_for_others(void **state)
{
    struct github *g = *state;

    (void)learn(g, 100000, 429, "retry-after: 60");
    for (int64_t i = 1; i <= 3 * GITHUB_MAX_LANES; i++)
        assert_int_equal(enter(g, i), 0);
    assert_int_equal(enter(g, 100000), 60000);
    assert_int_equal(g->n_lanes, GITHUB_MAX_LANES);
}

static void numbers_that_are_none_are_not_believed(void **state)
{
    static const char *const headers[] = {
        "x-ratelimit-remaining: none",
        "x-ratelimit-remaining: ",
        "x-ratelimit-remaining: -5",
        "x-ratelimit-remaining: 1e3",
        "x-ratelimit-remaining:0000000000000000000000000000000000000000000000000000000000000000000000",
    };
    struct github *g = *state;

    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        assert_int_equal(learn(g, 1, 403, headers[i]), 0);
        assert_int_equal(enter(g, 1), 0);
        assert_int_equal(g->lanes[0].remaining, -1);
    }
}

#define ON_GITHUB(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_GITHUB(a_pause_is_not_shortened_by_a_late_answer),
        ON_GITHUB(a_paused_lane_is_not_forgotten_for_others),
        ON_GITHUB(numbers_that_are_none_are_not_believed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
