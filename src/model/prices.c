#include "prices.h"

#include "vdo/base/assets.h"
#include "vdo/base/mem.h"
#include "vdo/http/client.h"
#include "vdo/json/json.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* Keep products of tokens and rates inside 63 bits: a thousand million tokens at a thousand dollars
 * per million. */
#define MOST_TOKENS 1000000000LL
#define MOST_RATE   1000000000LL

struct prices {
    json_t *root;
};

int prices_parse(const char *bytes, size_t len, struct prices **out, struct err *err)
{
    json_t *root = NULL;
    int rc = js_parse(bytes, len, &root, err);

    if (rc)
        return (void)err_wrap(err, "config/prices.json"), rc;
    if (!json_is_array(json_object_get(root, "models"))) {
        json_decref(root);
        return err_set(err, VDO_E_INVALID, "config/prices.json: models: expected an array");
    }
    *out = xcalloc(1, sizeof(**out));
    (*out)->root = root;
    return VDO_OK;
}

int prices_load(struct prices **out, struct err *err)
{
    AUTO_FREE char *bytes = NULL;
    size_t len = 0;
    int rc = assets_load("config/prices.json", &bytes, &len, err);

    return rc ? rc : prices_parse(bytes, len, out, err);
}

void prices_free(struct prices *prices)
{
    if (!prices)
        return;
    json_decref(prices->root);
    free(prices);
}

/* "-20251001" or "-2025-10-01": a dated name of the same model. */
static bool is_date_suffix(const char *text)
{
    size_t digits = 0;

    if (*text != '-')
        return false;
    for (text++; *text; text++) {
        if (isdigit((unsigned char)*text))
            digits++;
        else if (*text != '-')
            return false;
    }
    return digits == 8;
}

static const json_t *find_model(const struct prices *prices, const char *model)
{
    const json_t *models = json_object_get(prices->root, "models");
    const json_t *one;
    size_t i;

    if (!model)
        return NULL;
    if (strncmp(model, "models/", 7) == 0)
        model += 7;
    json_array_foreach (models, i, one) {
        const char *name = js_str(one, "model", "");
        size_t len = strlen(name);

        if (len && strncmp(model, name, len) == 0 &&
            (model[len] == '\0' || is_date_suffix(model + len)))
            return one;
    }
    return NULL;
}

/* The last entry that is in force; the first where none is yet. */
static const json_t *find_entry(const json_t *model, int64_t at_ms)
{
    const json_t *entries = json_object_get(model, "prices");
    const json_t *found = json_array_get(entries, 0);
    const json_t *one;
    size_t i;

    json_array_foreach (entries, i, one) {
        char when[32] = "";
        const char *from = js_str(one, "from", "");
        int64_t from_ms = 0;

        if (strlen(from) == 10) {
            memcpy(when, from, 10);
            memcpy(when + 10, "T00:00:00Z", 11);
        }
        if (!*from || (clock_parse_rfc3339(when, &from_ms) == VDO_OK && from_ms <= at_ms))
            found = one;
    }
    return found;
}

static int64_t rate_of(const json_t *entry, const json_t *tier, const char *name, int64_t fallback)
{
    int64_t rate = js_int(entry, name, fallback);

    rate = js_int(tier, name, rate);
    if (rate < 0)
        return fallback;
    return rate > MOST_RATE ? MOST_RATE : rate;
}

static bool list_rates(const struct prices *prices, const char *model, int64_t prompt_tokens,
                       int64_t at_ms, struct rates *out)
{
    const json_t *found = find_model(prices, model);
    const json_t *entry = found ? find_entry(found, at_ms) : NULL;
    const json_t *tier = json_object_get(entry, "long");

    if (!entry || js_int(entry, "input", -1) < 0 || js_int(entry, "output", -1) < 0)
        return false;
    if (tier && prompt_tokens <= js_int(tier, "above", INT64_MAX))
        tier = NULL;
    out->input = rate_of(entry, tier, "input", 0);
    out->output = rate_of(entry, tier, "output", 0);
    out->cache_read = rate_of(entry, tier, "cache_read", out->input);
    /* A long tier that names no price for cache writes: scale the short one as input was scaled. */
    out->cache_write = rate_of(entry, tier, "cache_write", out->input);
    if (tier && js_int(tier, "cache_write", -1) < 0 && js_int(entry, "input", 0) > 0)
        out->cache_write = rate_of(entry, NULL, "cache_write", out->input) * out->input /
                           js_int(entry, "input", 1);
    out->cache_write_long = rate_of(entry, tier, "cache_write_long", out->cache_write);
    if (out->cache_write_long < out->cache_write)
        out->cache_write_long = out->cache_write;
    return true;
}

static void override_rate(int64_t *rate, int64_t given)
{
    if (given >= 0)
        *rate = given > MOST_RATE ? MOST_RATE : given;
}

bool prices_rates(const struct prices *prices, const struct config_provider *provider,
                  const char *model, int64_t prompt_tokens, int64_t at_ms, struct rates *out)
{
    const struct config_price *own = &provider->price;
    struct rates rates = {0};

    if (provider->api == PROVIDER_SCRIPT) {
        *out = rates;
        return true;
    }
    if (own->input >= 0 && own->output >= 0) {
        rates.cache_read = own->input > MOST_RATE ? MOST_RATE : own->input;
        rates.cache_write = rates.cache_write_long = rates.cache_read;
    } else if (!list_rates(prices, model, prompt_tokens, at_ms, &rates) &&
               !(provider->base_url && url_is_loopback(provider->base_url))) {
        return false;
    }
    override_rate(&rates.input, own->input);
    override_rate(&rates.output, own->output);
    override_rate(&rates.cache_read, own->cache_read);
    override_rate(&rates.cache_write, own->cache_write);
    override_rate(&rates.cache_write_long, own->cache_write);
    override_rate(&rates.cache_write_long, own->cache_write_long);
    *out = rates;
    return true;
}

static int64_t tokens_of(int64_t n)
{
    if (n < 0)
        return 0;
    return n > MOST_TOKENS ? MOST_TOKENS : n;
}

int64_t rates_cost(const struct rates *rates, const struct usage *usage)
{
    int64_t written = tokens_of(usage->cache_write);
    int64_t kept = tokens_of(usage->cache_write_long);
    int64_t sum;

    if (kept > written)
        kept = written;
    sum = tokens_of(usage->input) * rates->input +
          tokens_of(usage->cache_read) * rates->cache_read + (written - kept) * rates->cache_write +
          kept * rates->cache_write_long + tokens_of(usage->output) * rates->output;

    return sum / 1000000 + (sum % 1000000 != 0);
}

int64_t rates_worst(const struct rates *rates, int64_t prompt_tokens, int64_t output_tokens)
{
    struct usage usage = {.input = prompt_tokens, .output = output_tokens};
    struct rates dearest = *rates;

    if (dearest.cache_write > dearest.input)
        dearest.input = dearest.cache_write;
    if (dearest.cache_read > dearest.input)
        dearest.input = dearest.cache_read;
    return rates_cost(&dearest, &usage);
}

int64_t prices_context(const struct prices *prices, const char *model)
{
    return js_int(find_model(prices, model), "context", 0);
}

int64_t prices_max_output(const struct prices *prices, const char *model)
{
    return js_int(find_model(prices, model), "max_output", 0);
}
