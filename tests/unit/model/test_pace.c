#include "../../../src/model/pace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const int64_t now = 1795219200000; /* 2026-11-21T00:00:00Z */

static void learn(struct pace *pace, const char *headers, int64_t at_ms)
{
    struct http_result http = {.status = 200, .headers = (char *)(uintptr_t)headers};

    pace_learn(pace, &http, at_ms);
}

static void duration__is_read_in_the_forms_that_servers_write(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } rows[] = {
        {"20ms", 20},       {"1s", 1000},   {"6m0s", 360000}, {"1h2m3.5s", 3723500},
        {"59.701s", 59701}, {"0s", 0},      {"1d", 86400000}, {"", -1},
        {"s", -1},          {"5", -1},      {"5 s", -1},      {"-1s", -1},
        {"1x", -1},         {"99999h", -1}, {"nans", -1},     {"1e400s", -1},
        {"1sm", -1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (pace_parse_duration(rows[i].text) != rows[i].ms)
            fail_msg("%s: %lld", rows[i].text, (long long)pace_parse_duration(rows[i].text));
    }
}

static void pace__without_headers_holds_nothing_back(void **state)
{
    static const char *const useless[] = {
        "",
        "Date: x\n",
        "x-ratelimit-limit-requests: many\nx-ratelimit-remaining-requests: 0\n",
        "x-ratelimit-remaining-requests: 0\n",
        "x-ratelimit-limit-requests: 10\n",
        "x-ratelimit-limit-requests: 0\nx-ratelimit-remaining-requests: 0\n",
        "x-ratelimit-limit-requests: -5\nx-ratelimit-remaining-requests: -1\n"};
    struct pace pace = {0};

    (void)state;
    pace_learn(&pace, &(struct http_result){0}, now);
    for (size_t i = 0; i < sizeof(useless) / sizeof(useless[0]); i++) {
        learn(&pace, useless[i], now);
        for (int n = 0; n < 100; n++)
            assert_int_equal(pace_take(&pace, 1000000, now), 0);
    }
}

static void requests__are_spread_over_the_window(void **state)
{
    struct pace pace = {0};

    (void)state;
    /* Ten a minute, two are left, all are back in 48 s: one every six seconds. */
    learn(&pace,
          "x-ratelimit-limit-requests: 10\nx-ratelimit-remaining-requests: 2\n"
          "x-ratelimit-reset-requests: 48s\n",
          now);
    assert_int_equal(pace_take(&pace, 1, now), 0);
    assert_int_equal(pace_take(&pace, 1, now), 0);
    assert_int_equal(pace_take(&pace, 1, now), 6000);
    assert_int_equal(pace_take(&pace, 1, now + 5999), 1);
    assert_int_equal(pace_take(&pace, 1, now + 6001), 0);
    /* Never more than the window holds, however long nobody asked. */
    for (int i = 0; i < 10; i++)
        assert_int_equal(pace_take(&pace, 1, now + 3600000), 0);
    assert_true(pace_take(&pace, 1, now + 3600000) > 0);
}

static void tokens__are_counted_for_both_families_of_headers(void **state)
{
    static const char *const headers[] = {
        "X-RateLimit-Limit-Tokens: 60000\nX-RateLimit-Remaining-Tokens: 10000\n"
        "X-RateLimit-Reset-Tokens: 50s\n",
        "anthropic-ratelimit-tokens-limit: 60000\nanthropic-ratelimit-tokens-remaining: 10000\n"
        "anthropic-ratelimit-tokens-reset: 2026-11-21T00:00:50Z\n",
        "anthropic-ratelimit-input-tokens-limit: 60000\n"
        "anthropic-ratelimit-input-tokens-remaining: 10000\n"
        "anthropic-ratelimit-input-tokens-reset: 2026-11-21T00:00:50Z\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        struct pace pace = {0};

        learn(&pace, headers[i], now);
        assert_int_equal(pace_take(&pace, 11000, now), 1000);
        assert_int_equal(pace_take(&pace, 10000, now), 0);
        /* Larger than a window: it waits for a full one, and not for ever. */
        assert_int_equal(pace_take(&pace, 1000000, now), 60000);
        assert_int_equal(pace_take(&pace, 1000000, now + 60000), 0);
    }
}

static void request__that_waits_takes_nothing(void **state)
{
    struct pace pace = {0};

    (void)state;
    learn(&pace,
          "x-ratelimit-limit-requests: 100\nx-ratelimit-remaining-requests: 100\n"
          "x-ratelimit-limit-tokens: 1000\nx-ratelimit-remaining-tokens: 0\n"
          "x-ratelimit-reset-tokens: 10s\n",
          now);
    for (int i = 0; i < 1000; i++)
        assert_true(pace_take(&pace, 500, now) == 5000);
    for (int i = 0; i < 100; i++)
        assert_int_equal(pace_take(&pace, 0, now), 0);
}

static void reset__in_the_past_or_absurd_falls_back_to_a_minute(void **state)
{
    static const char *const resets[] = {"2020-01-01T00:00:00Z", "soon", "2099-01-01T00:00:00Z"};

    (void)state;
    for (size_t i = 0; i < sizeof(resets) / sizeof(resets[0]); i++) {
        struct pace pace = {0};
        char headers[256] = "anthropic-ratelimit-requests-limit: 60\n"
                            "anthropic-ratelimit-requests-remaining: 0\n"
                            "anthropic-ratelimit-requests-reset: ";

        strcat(headers, resets[i]);
        strcat(headers, "\n");
        learn(&pace, headers, now);
        assert_int_equal(pace_take(&pace, 1, now), 1000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(duration__is_read_in_the_forms_that_servers_write),
        cmocka_unit_test(pace__without_headers_holds_nothing_back),
        cmocka_unit_test(requests__are_spread_over_the_window),
        cmocka_unit_test(tokens__are_counted_for_both_families_of_headers),
        cmocka_unit_test(request__that_waits_takes_nothing),
        cmocka_unit_test(reset__in_the_past_or_absurd_falls_back_to_a_minute),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
