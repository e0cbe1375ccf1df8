/*
 * prices: what a model's tokens cost, from config/prices.json and vdo.yml.
 *
 * Integer micro-dollars per million tokens; a sum is rounded up. Which rates hold: the provider's
 * own price in vdo.yml; else the list, by the exact model name (a date behind it is ignored) and
 * the time of the call; else 0 for a server on loopback, which is one's own; else none. A loopback
 * address with a listed model name is taken for a proxy and pays the list.
 * Threads: read-only after loading.
 */
#ifndef VDO_MODEL_PRICES_H
#define VDO_MODEL_PRICES_H

#include "vdo/config/config.h"
#include "vdo/model/model.h"

struct prices;

struct rates { /* micro-dollars per million tokens */
    int64_t input;
    int64_t output;
    int64_t cache_read;
    int64_t cache_write;
    int64_t cache_write_long; /* for the part of it that stays for an hour or more */
};

int prices_load(struct prices **out, struct err *err);
int prices_parse(const char *bytes, size_t len, struct prices **out, struct err *err);
void prices_free(struct prices *prices);

/* The rates of a request with a prompt of so many tokens (cached ones included); false: no price.
 */
bool prices_rates(const struct prices *prices, const struct config_provider *provider,
                  const char *model, int64_t prompt_tokens, int64_t at_ms, struct rates *out);
int64_t rates_cost(const struct rates *rates, const struct usage *usage);
/* The most that a call can cost: every prompt token at the dearest of the input rates. */
int64_t rates_worst(const struct rates *rates, int64_t prompt_tokens, int64_t output_tokens);

/* Sizes from the list, 0 when unknown. */
int64_t prices_context(const struct prices *prices, const char *model);
int64_t prices_max_output(const struct prices *prices, const char *model);

#endif
