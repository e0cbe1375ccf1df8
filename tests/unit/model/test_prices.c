#include "../../../src/model/prices.h"

#include "vdo/base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct prices *prices;
static const int64_t november = 1795219200000; /* 2026-11-21 */

static int load(void **state)
{
    (void)state;
    return prices_load(&prices, NULL);
}

static int unload(void **state)
{
    (void)state;
    prices_free(prices);
    return 0;
}

static struct config_provider provider_at(const char *url)
{
    return (struct config_provider){.base_url = (char *)(uintptr_t)url,
                                    .price = {-1, -1, -1, -1, -1}};
}

static int64_t cost_at(const struct config_provider *provider, const char *model,
                       struct usage usage, int64_t at_ms)
{
    struct rates rates;

    if (!prices_rates(prices, provider, model, usage.input + usage.cache_read + usage.cache_write,
                      at_ms, &rates))
        return -1;
    return rates_cost(&rates, &usage);
}

static int64_t cost(const char *model, struct usage usage)
{
    struct config_provider provider = provider_at("https://api.example");

    return cost_at(&provider, model, usage, november);
}

static void cost__is_as_priced_by_hand(void **state)
{
    static const struct {
        const char *model;
        struct usage usage;
        int64_t microusd;
    } cases[] = {
        {"claude-opus-5-5", {25, 2048, 0, 0, 61, 30, false}, 1730}, /* 1,729.6 rounded up */
        {"gpt-6.1-sol", {440, 2048, 512, 0, 80, 40, false}, 3165},
        {"gemini-4-argon", {952, 2048, 0, 0, 55, 30, false}, 2659},
        {"gpt-4.1", {1000000, 0, 0, 0, 0, 0, false}, 2000000},
        {"claude-haiku-5-5", {1, 0, 0, 0, 0, 0, false}, 1}, /* a tenth of a micro-dollar */
        {"claude-haiku-5-5", {0, 0, 0, 0, 0, 0, false}, 0},
        /* What stays an hour is dearer: 5 for the short-lived part, 8 for the other. */
        {"claude-opus-5-5", {.cache_write = 3000, .cache_write_long = 1000}, 2000 * 5 + 1000 * 8},
        {"claude-opus-5-5", {.cache_write = 1000, .cache_write_long = 5000}, 1000 * 8},
        /* No price of its own: that of a cache write. */
        {"gpt-6.1-sol", {.cache_write = 2000, .cache_write_long = 1000}, 5000},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(cost(cases[i].model, cases[i].usage), cases[i].microusd);
}

static void long_prompt__prices_the_whole_request(void **state)
{
    (void)state;
    assert_int_equal(cost("gpt-6.1-sol", (struct usage){.input = 272000, .output = 1000}),
                     272000 * 2 + 10000);
    assert_int_equal(cost("gpt-6.1-sol", (struct usage){.input = 272001, .output = 1000}),
                     272001 * 4 + 15000);
    /* Cached tokens count for the length. */
    assert_int_equal(cost("claude-haiku-5-5", (struct usage){.input = 1000, .cache_read = 100000}),
                     500 + 5000);
    /* Cache writes of a tier that names none grow as its input does: 2.50 to 5.00. */
    assert_int_equal(cost("gpt-6.1-sol", (struct usage){.cache_write = 300000}), 300000 * 5);
}

static void price__changes_on_its_day(void **state)
{
    struct config_provider provider = provider_at("https://api.example");
    static const struct {
        const char *model;
        const char *when;
        struct usage usage;
        int64_t microusd;
    } cases[] = {
        {"gemini-4-argon", "2026-11-30T23:59:59Z", {.input = 1000000}, 2000000},
        {"gemini-4-argon", "2026-12-01T00:00:00Z", {.input = 1000000}, 4000000},
        {"gemini-4-argon", "2020-01-01T00:00:00Z", {.input = 1000000}, 2000000},
        {"claude-sonnet-5-5", "2026-10-06T23:59:59Z", {.cache_read = 1000000}, 200000},
        {"claude-sonnet-5-5", "2026-10-07T00:00:00Z", {.cache_read = 1000000}, 100000},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t at = 0;

        assert_int_equal(clock_parse_rfc3339(cases[i].when, &at), 0);
        assert_int_equal(cost_at(&provider, cases[i].model, cases[i].usage, at), cases[i].microusd);
    }
}

static void model_name__may_carry_a_date_and_nothing_else(void **state)
{
    static const struct {
        const char *name;
        bool known;
    } cases[] = {
        {"gpt-4.1", true},          {"gpt-4.1-2025-04-14", true},
        {"gpt-4.1-20250414", true}, {"models/gemini-4-argon", true},
        {"gpt-4.1-mini", false},    {"gpt-4.1-2025", false},
        {"gpt-4", false},           {"", false},
        {"qwen3-coder", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(cost(cases[i].name, (struct usage){.input = 1}) >= 0, cases[i].known);
}

static void local_server__is_free_unless_it_serves_a_listed_model(void **state)
{
    struct config_provider local = provider_at("http://127.0.0.1:11434/v1");
    struct config_provider remote = provider_at("https://llm.example/v1");

    (void)state;
    assert_int_equal(cost_at(&local, "qwen3-coder", (struct usage){.input = 100}, november), 0);
    assert_int_equal(cost_at(&remote, "qwen3-coder", (struct usage){.input = 100}, november), -1);
    assert_int_equal(cost_at(&local, "gpt-4.1", (struct usage){.input = 100}, november), 200);
}

static void own_price__goes_before_the_list(void **state)
{
    struct config_provider provider = provider_at("http://127.0.0.1:1");

    (void)state;
    provider.price.input = 1000000;
    provider.price.output = 3000000;
    assert_int_equal(
        cost_at(&provider, "gpt-4.1", (struct usage){10, 10, 10, 0, 10, 0, false}, november),
        30 + 30);
    provider.price.cache_read = 0;
    provider.price.cache_write = 2000000;
    assert_int_equal(
        cost_at(&provider, "unheard-of", (struct usage){10, 10, 10, 0, 10, 0, false}, november),
        10 + 0 + 20 + 30);
}

static void absurd_numbers__do_not_overflow(void **state)
{
    struct config_provider provider = provider_at("https://x.example");

    (void)state;
    provider.price = (struct config_price){INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX};
    assert_true(cost_at(&provider, "x",
                        (struct usage){INT64_MAX / 4, INT64_MAX / 4, INT64_MAX / 4, 0,
                                       INT64_MAX / 4, 0, false},
                        november) > 0);
    assert_int_equal(cost("gpt-4.1", (struct usage){.input = -5, .output = -5}), 0);
}

static void worst_case__is_never_below_the_price_of_what_it_covers(void **state)
{
    struct config_provider provider = provider_at("https://x.example");
    static const char *const models[] = {"claude-opus-5-5", "gpt-6.1-sol", "gemini-4-argon",
                                         "claude-haiku-5-5"};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        for (int64_t n = 1; n < 400000; n = n * 3 + 1) {
            struct rates rates;
            struct usage mixes[] = {
                {.input = n, .output = 77},
                {.cache_read = n, .output = 77},
                {.cache_write = n, .output = 77},
                {.input = n / 3, .cache_read = n / 3, .cache_write = n / 3, .output = 77}};

            assert_true(prices_rates(prices, &provider, models[i], n, november, &rates));
            for (size_t m = 0; m < 4; m++)
                assert_true(rates_worst(&rates, n, 77) >= rates_cost(&rates, &mixes[m]));
        }
    }
}

static void broken_list__is_refused(void **state)
{
    struct prices *out = NULL;
    struct err err = {0};

    (void)state;
    assert_int_equal(prices_parse("{}", 2, &out, &err), VDO_E_INVALID);
    assert_int_equal(prices_parse("nonsense", 8, &out, NULL), VDO_E_INVALID);
    assert_null(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cost__is_as_priced_by_hand),
        cmocka_unit_test(long_prompt__prices_the_whole_request),
        cmocka_unit_test(price__changes_on_its_day),
        cmocka_unit_test(model_name__may_carry_a_date_and_nothing_else),
        cmocka_unit_test(local_server__is_free_unless_it_serves_a_listed_model),
        cmocka_unit_test(own_price__goes_before_the_list),
        cmocka_unit_test(absurd_numbers__do_not_overflow),
        cmocka_unit_test(worst_case__is_never_below_the_price_of_what_it_covers),
        cmocka_unit_test(broken_list__is_refused),
    };

    return cmocka_run_group_tests(tests, load, unload);
}
