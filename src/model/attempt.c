#include "attempt.h"
#include "script.h"

#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/base/strbuf.h"
#include "vdo/json/json.h"

#include <stdlib.h>
#include <string.h>

enum { DEFAULT_MAX_OUTPUT = 16000 };

void outcome_release(struct outcome *outcome, const struct provider_ops *ops)
{
    wire_answer_release(&outcome->answer, ops);
    json_decref(outcome->body);
    outcome->body = NULL;
}

static int64_t context_of(const struct attempt *attempt)
{
    const struct config_provider *config = attempt->endpoint->config;

    return config->context_tokens > 0 ?
               config->context_tokens :
               prices_context(attempt->session->model->prices, config->model);
}

static int64_t output_cap(const struct attempt *attempt)
{
    const struct config_provider *config = attempt->endpoint->config;
    int64_t cap = attempt->request->max_output_tokens;
    int64_t most = prices_max_output(attempt->session->model->prices, config->model);
    int64_t context = context_of(attempt);

    if (cap <= 0)
        cap = config->max_output_tokens > 0 ? config->max_output_tokens : DEFAULT_MAX_OUTPUT;
    if (most > 0 && cap > most)
        cap = most;
    /* Prompt and answer share the context of small local models: leave half of it to the prompt. */
    if (context > 0 && cap > context / 2)
        cap = context / 2;
    return cap > 0 ? cap : 1;
}

/* Three bytes to a token is on the safe side for code and English: good for a forecast. */
static int64_t tokens_in(size_t bytes)
{
    return (int64_t)(bytes / 3) + 1;
}

/* No tokenizer makes more tokens than bytes; servers put a few words of their own around tools and
 * schemas. What is longer than the context is refused there, and costs nothing. */
enum { SERVERS_OWN_TOKENS = 1024 };

static int64_t most_tokens(const struct attempt *attempt, size_t bytes)
{
    int64_t most = (int64_t)bytes + SERVERS_OWN_TOKENS;
    int64_t context = context_of(attempt);

    return context > 0 && most > context ? context : most;
}

/*
 * What was never generated is not billed. What was not reported is counted at the most it can be:
 * a stream that broke off may have held reasoning that nobody saw, and the server may have gone on.
 */
static void find_usage(struct outcome *out, int64_t most_prompt, int64_t cap)
{
    const struct wire_answer *answer = &out->answer;
    const struct usage *said = &answer->usage;
    /* Some servers say zero when they mean that they did not count. */
    bool counted =
        answer->usage_seen && said->input + said->cache_read + said->cache_write + said->output > 0;

    out->usage = answer->usage;
    if (counted && answer->complete)
        return;
    out->usage = (struct usage){0};
    if (!out->sent || out->rejected)
        return;
    out->usage = answer->usage;
    out->usage.estimated = true;
    if (!counted)
        out->usage.input = most_prompt;
    if (out->usage.output < cap)
        out->usage.output = cap;
}

static int run_script(const struct attempt *attempt, struct outcome *out, int64_t started,
                      struct err *err)
{
    struct reservation none = {0};
    struct err why = {0};
    int64_t begun = clock_mono_ms(attempt->session->model->clock);
    bool played = attempt->session->model->play != NULL;
    int rc = played ? play_answer(attempt, out, &why) :
                      script_answer(attempt->session, attempt->endpoint->config, attempt->context,
                                    attempt->request->role, attempt->chat, &out->answer,
                                    &out->script_step, &why);

    if (rc == VDO_E_TEMPORARY)
        return err_set(err, rc, "%s", why.text);
    out->sent = true;
    out->latency_ms = clock_mono_ms(attempt->session->model->clock) - begun;
    out->cost_known = true;
    out->usage = out->answer.usage;
    if (rc) {
        failure_set(&out->failure, rc == VDO_E_TOO_LARGE ? FAIL_CONTEXT : FAIL_LOCAL, false, "%s",
                    why.text);
    } else if (!out->answer.usage_seen) {
        AUTO_FREE char *said = NULL;
        json_auto_t *chat = chat_to_json(attempt->chat);

        said = json_dumps(chat, JSON_COMPACT);
        out->usage.input = tokens_in(strlen(said));
        out->usage.output = tokens_in(out->answer.output_bytes);
        out->usage.estimated = true;
    }
    return attempt_settle(attempt, &none, out, started, err);
}

/* The estimate has it that the prompt does not fit; six bytes to a token is more than any text has,
 * so below that the provider's own count is worth asking for. */
enum { MOST_BYTES_OF_A_TOKEN = 6 };

static int count_for_context(const struct attempt *attempt, const json_t *body, size_t len,
                             int64_t room, int64_t *io_tokens, struct err *err)
{
    int64_t counted = 0;
    int rc = VDO_E_NOT_FOUND;

    if ((int64_t)(len / MOST_BYTES_OF_A_TOKEN) <= room)
        rc = attempt_count(attempt, body, &counted, err);
    if (rc == VDO_OK)
        *io_tokens = counted;
    return rc == VDO_E_CANCELLED ? rc : VDO_OK;
}

/* Whether it fits is told by out->failure. VDO_E_CANCELLED. */
static int check_size(const struct attempt *attempt, size_t len, int64_t cap, struct outcome *out,
                      struct err *err)
{
    int64_t context = context_of(attempt);
    int64_t tokens = tokens_in(len);
    int rc = VDO_OK;

    if (len > VDO_MAX_HTTP_BODY) {
        failure_set(&out->failure, FAIL_CONTEXT, false,
                    "the request has %zu bytes; at most %lu are sent", len, VDO_MAX_HTTP_BODY);
        return VDO_OK;
    }
    if (context > 0 && tokens + cap > context)
        rc = count_for_context(attempt, out->body, len, context - cap, &tokens, err);
    if (!rc && context > 0 && tokens + cap > context)
        failure_set(&out->failure, FAIL_CONTEXT, false,
                    "about %lld tokens and %lld for the answer; the model takes %lld",
                    (long long)tokens, (long long)cap, (long long)context);
    return rc;
}

/*
 * The bound by bytes first, which costs nothing. Where it passes a limit the provider's count may
 * show that the call fits after all. *io_prompt: the most tokens that the prompt can have.
 */
static int reserve(const struct attempt *attempt, const struct outcome *out, int64_t cap,
                   int64_t *io_prompt, struct reservation *reservation, struct err *err)
{
    struct err why = {0};
    int64_t counted = 0;
    int rc = attempt_reserve(attempt, *io_prompt, cap, reservation, &why);

    if (rc == VDO_E_LIMIT) {
        int got = attempt_count(attempt, out->body, &counted, err);

        if (got == VDO_E_CANCELLED)
            return got;
        if (got == VDO_OK && counted < *io_prompt) {
            *io_prompt = counted;
            return attempt_reserve(attempt, counted, cap, reservation, err);
        }
    }
    return rc ? err_set(err, rc, "%s", why.text) : VDO_OK;
}

static int run_wire(const struct attempt *attempt, struct outcome *out, int64_t started,
                    struct err *err)
{
    const struct endpoint *endpoint = attempt->endpoint;
    int64_t cap = output_cap(attempt);
    struct wire_call call = {
        .provider = endpoint->config,
        .chat = attempt->chat,
        .schema = attempt->schema,
        .schema_name = attempt->request->schema_name,
        .max_output_tokens = cap,
        .continuation = attempt->continuation,
        .adjusted = endpoint_adjusted(attempt->endpoint),
    };
    struct reservation reservation = {0};
    AUTO_STRBUF body = {0};
    struct err settle = {0};
    int64_t prompt;
    int rc;
    int settled;

    out->body = endpoint->ops->build(&call);
    strbuf_init(&body, SIZE_MAX / 2);
    if (js_write(out->body, NULL, NULL, &body))
        return err_set(err, VDO_E_INVALID, "the conversation cannot be written as JSON");
    rc = check_size(attempt, body.len, cap, out, err);
    if (rc || out->failure.kind != FAIL_NONE)
        return rc;
    if (!endpoint_pace(attempt->endpoint, attempt->session, tokens_in(body.len), &out->failure))
        return session_cancelled(attempt->session) ?
                   err_set(err, VDO_E_CANCELLED, "cancelled before a call to %s",
                           endpoint->config->name) :
                   VDO_OK;
    prompt = most_tokens(attempt, body.len);
    rc = reserve(attempt, out, cap, &prompt, &reservation, &settle);
    if (rc == VDO_E_LIMIT && reservation.of_provider) {
        failure_set(&out->failure, FAIL_LIMIT, false, "%s", settle.text);
        return VDO_OK;
    }
    if (rc)
        return err_set(err, rc, "%s", settle.text);
    rc = send_request(attempt, body.ptr, body.len, out, err);
    find_usage(out, prompt, cap);
    attempt_price(attempt, out);
    settled = attempt_settle(attempt, &reservation, out, started, &settle);
    if (!rc && settled)
        return err_set(err, settled, "%s", settle.text);
    return rc;
}

int attempt_run(const struct attempt *attempt, struct outcome *out, struct err *err)
{
    int64_t started = clock_now_ms(attempt->session->model->clock);

    *out = (struct outcome){.script_step = -1};
    wire_answer_init(&out->answer, attempt->endpoint->ops);
    out->answer.on_text = attempt->request->on_text;
    out->answer.on_text_arg = attempt->request->on_text_arg;
    return attempt->endpoint->ops ? run_wire(attempt, out, started, err) :
                                    run_script(attempt, out, started, err);
}
