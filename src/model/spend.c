#include "attempt.h"
#include "recorder.h"
#include "vdo/model/redact.h"

#include "vdo/base/mem.h"
#include "vdo/json/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The limits of the context, and those of the provider that is to be asked. */
static struct spend_limits limits_of(const struct attempt *attempt)
{
    const struct config_provider *config = attempt->endpoint->config;
    struct spend_limits limits = attempt->context->limits;

    limits.provider = config->name;
    limits.provider_day_microusd = config->day_microusd;
    limits.provider_month_microusd = config->month_microusd;
    return limits;
}

static bool is_limited(const struct spend_limits *l)
{
    return l->job_microusd > 0 || l->day_microusd > 0 || l->month_microusd > 0 ||
           l->provider_day_microusd > 0 || l->provider_month_microusd > 0 ||
           l->repo_day_microusd > 0 || l->repo_month_microusd > 0;
}

static const char *job_of(const struct model_context *context)
{
    return context->job_id ? context->job_id : "";
}

/* What can be said about a limit that would be passed. */
struct limit_words {
    const char *which;
    const char *whose;
    const char *remedy;
    int64_t limit;
    int64_t spent;
};

static int refuse(const char *which, const struct spend_limits *l, const struct spend_totals *t,
                  int64_t worst, struct err *err)
{
    const struct limit_words all[] = {
        {"job", "the job's limit", "/vdo budget raises it for this job, limits.job_usd for all",
         l->job_microusd, t->job_microusd},
        {"day", "the day's limit", "raise limits.day_usd or wait until tomorrow, UTC",
         l->day_microusd, t->day_microusd},
        {"month", "the month's limit", "raise limits.month_usd or wait for the next month",
         l->month_microusd, t->month_microusd},
        {"provider_day", "the provider's limit for a day",
         "raise providers.NAME.day_usd or wait until tomorrow, UTC", l->provider_day_microusd,
         t->provider_day_microusd},
        {"provider_month", "the provider's limit for a month",
         "raise providers.NAME.month_usd or wait for the next month", l->provider_month_microusd,
         t->provider_month_microusd},
        {"repo_day", "the repository's limit for a day",
         "raise limits.repo_day_usd or wait until tomorrow, UTC", l->repo_day_microusd,
         t->repo_day_microusd},
        {"repo_month", "the repository's limit for a month",
         "raise limits.repo_month_usd or wait for the next month", l->repo_month_microusd,
         t->repo_month_microusd},
    };
    const struct limit_words *words = &all[0];

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        if (strcmp(all[i].which, which) == 0)
            words = &all[i];
    }
    return err_set(err, VDO_E_LIMIT,
                   "%s of $%.2f would be passed: $%.4f are spent or reserved and the next call to "
                   "%s may cost up to $%.4f; %s",
                   words->whose, (double)words->limit / 1e6, (double)words->spent / 1e6,
                   l->provider, (double)worst / 1e6, words->remedy);
}

static int reserve_without_store(const struct attempt *attempt, const struct spend_limits *limits,
                                 int64_t worst, struct err *err)
{
    struct spend_totals totals = {.job_microusd = attempt->session->spent_microusd};

    if (limits->job_microusd > 0 && totals.job_microusd + worst > limits->job_microusd)
        return refuse("job", limits, &totals, worst, err);
    return VDO_OK;
}

int attempt_reserve(const struct attempt *attempt, int64_t prompt_tokens, int64_t output_tokens,
                    struct reservation *out, struct err *err)
{
    struct model *model = attempt->session->model;
    const struct config_provider *config = attempt->endpoint->config;
    struct spend_limits limits = limits_of(attempt);
    struct spend_totals totals = {0};
    struct err why = {0};
    const char *which = "job";
    struct rates rates;
    int64_t now = clock_now_ms(model->clock);
    int rc;

    *out = (struct reservation){0};
    if (!prices_rates(model->prices, config, config->model, prompt_tokens, now, &rates))
        return is_limited(&limits) ?
                   err_set(err, VDO_E_REFUSED,
                           "%s: no price is known for model %s, so the limits cannot be kept: "
                           "set providers.%s.price in vdo.yml, or remove the limits",
                           config->name, endpoint_model(attempt->endpoint), config->name) :
                   VDO_OK;
    out->worst_microusd =
        endpoint_worst(attempt->endpoint, rates_worst(&rates, prompt_tokens, output_tokens));
    if (out->worst_microusd == 0 || !is_limited(&limits))
        return VDO_OK;
    if (!model->store)
        return reserve_without_store(attempt, &limits, out->worst_microusd, err);
    rc = store_spend_reserve(model->store, job_of(attempt->context), out->worst_microusd, &limits,
                             now, &out->id, &which, &totals, &why);
    out->of_provider = rc == VDO_E_REFUSED && strncmp(which, "provider_", 9) == 0;
    if (rc == VDO_E_REFUSED)
        return refuse(which, &limits, &totals, out->worst_microusd, err);
    return rc ? err_set(err, rc, "reserving money: %s", why.text) : VDO_OK;
}

void attempt_price(const struct attempt *attempt, struct outcome *outcome)
{
    struct model *model = attempt->session->model;
    const struct config_provider *config = attempt->endpoint->config;
    const struct usage *usage = &outcome->usage;
    struct rates rates;

    outcome->cost_known = prices_rates(model->prices, config, config->model,
                                       usage->input + usage->cache_read + usage->cache_write,
                                       clock_now_ms(model->clock), &rates);
    if (outcome->cost_known)
        outcome->cost_microusd = rates_cost(&rates, usage);
    if (outcome->answer.reported_microusd >= 0 && !usage->estimated) {
        if (outcome->cost_known)
            endpoint_note_cost(attempt->endpoint, outcome->answer.reported_microusd,
                               outcome->cost_microusd);
        outcome->cost_known = true;
        outcome->cost_microusd = outcome->answer.reported_microusd;
    }
}

static json_t *usage_json(const struct usage *usage)
{
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:b}", "input", (json_int_t)usage->input,
                     "cache_read", (json_int_t)usage->cache_read, "cache_write",
                     (json_int_t)usage->cache_write, "cache_write_long",
                     (json_int_t)usage->cache_write_long, "output", (json_int_t)usage->output,
                     "reasoning", (json_int_t)usage->reasoning, "estimated", usage->estimated);
}

static char *response_text(const struct outcome *outcome)
{
    const struct wire_answer *answer = &outcome->answer;
    json_t *response = json_object();
    char *text;

    if (outcome->failure.kind == FAIL_NONE) {
        (void)json_object_set_new(response, "turn", turn_to_json(&answer->turn));
        (void)json_object_set_new(response, "stop", json_string(model_stop_name(answer->stop)));
    } else {
        (void)json_object_set_new(response, "error",
                                  json_pack("{s:i, s:s}", "status", outcome->failure.status,
                                            "message", outcome->failure.text));
    }
    if (answer->raw_stop)
        (void)json_object_set_new(response, "raw_stop",
                                  js_string_lossy(answer->raw_stop, strlen(answer->raw_stop)));
    if (outcome->script_step >= 0)
        (void)json_object_set_new(response, "script_step",
                                  json_integer((json_int_t)outcome->script_step));
    (void)json_object_set_new(response, "usage", usage_json(&outcome->usage));
    text = redact_json(response);
    json_decref(response);
    return text;
}

int attempt_settle(const struct attempt *attempt, const struct reservation *reservation,
                   const struct outcome *outcome, int64_t started_ms, struct err *err)
{
    struct model_session *session = attempt->session;
    const struct model_context *context = attempt->context;
    AUTO_FREE char *request = NULL;
    AUTO_FREE char *response = NULL;
    struct model_call call;
    int rc;

    session->spent_microusd += outcome->cost_microusd;
    if (!session->model->store)
        return VDO_OK;
    request = recorder_request(session->recorder, attempt);
    response = response_text(outcome);
    /* The record is borrowed for the time of the call; nothing is freed through it. */
    call = (struct model_call){
        .job_id = (char *)(uintptr_t)job_of(context),
        .step = (char *)(uintptr_t)(context->step ? context->step : ""),
        .step_attempt = context->step_attempt,
        .role = (char *)(uintptr_t)role_name(attempt->request->role),
        .provider = attempt->endpoint->config->name,
        .model = (char *)(uintptr_t)endpoint_model(attempt->endpoint),
        .attempt = attempt->number,
        .at_ms = started_ms,
        .latency_ms = outcome->latency_ms,
        .request = request,
        .response = response,
        .ok = outcome->failure.kind == FAIL_NONE,
        .input_tokens = outcome->usage.input,
        .cache_read_tokens = outcome->usage.cache_read,
        .cache_write_tokens = outcome->usage.cache_write,
        .output_tokens = outcome->usage.output,
        .estimated = outcome->usage.estimated,
        .cost_microusd = outcome->cost_microusd,
    };
    rc = store_call_add(session->model->store, &call, reservation->id, err);
    if (rc) {
        recorder_release(session->recorder);
        (void)err_wrap(err, "recording a model call");
    }
    return rc;
}
