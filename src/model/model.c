#include "vdo/model/model.h"

#include "dialect.h"
#include "endpoint.h"
#include "recorder.h"
#include "route.h"
#include "turns.h"

#include "vdo/base/mem.h"
#include "vdo/http/client.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_PAUSES = 8 };

int model_open(const struct config *config, struct store *store, const struct clock *clock,
               struct model **out, struct err *err)
{
    struct model *model;
    struct prices *prices = NULL;
    int rc = prices_load(&prices, err);

    if (rc)
        return rc;
    http_client_startup();
    model = xcalloc(1, sizeof(*model));
    model->config = config;
    model->store = store;
    model->clock = clock;
    model->prices = prices;
    for (size_t i = 0; i < config->n_providers; i++)
        endpoint_init(&model->endpoint[model->n_endpoints++], &config->provider[i]);
    *out = model;
    return VDO_OK;
}

void model_close(struct model *model)
{
    if (!model)
        return;
    model_keep_health(model, true);
    for (size_t i = 0; i < model->n_endpoints; i++)
        endpoint_release(&model->endpoint[i]);
    prices_free(model->prices);
    free(model);
}

void model_set_player(struct model *model, model_play_fn play, void *arg)
{
    model->play = play;
    model->play_arg = arg;
}

struct model_session *model_session_new(struct model *model, const atomic_bool *cancel)
{
    struct model_session *session = xcalloc(1, sizeof(*session));

    session->model = model;
    session->cancel = cancel;
    session->http = http_client_new();
    session->recorder = xcalloc(1, sizeof(*session->recorder));
    return session;
}

void model_session_free(struct model_session *session)
{
    if (!session)
        return;
    http_client_free(session->http);
    recorder_release(session->recorder);
    free(session->recorder);
    free(session);
}

int64_t model_retry_after_ms(const struct model_session *session)
{
    return session->retry_after_ms;
}

void model_result_release(struct model_result *result)
{
    if (!result)
        return;
    turn_release(&result->turn);
    free(result->raw_stop);
    free(result->provider);
    free(result->model);
    free(result->passed_over);
    json_decref(result->structured);
    *result = (struct model_result){0};
}

bool model_is_scripted(const struct model *model, enum role role)
{
    const struct config_role *list = &model->config->role[role];

    for (size_t i = 0; i < list->n; i++) {
        const struct config_provider *provider =
            config_find_provider(model->config, list->provider[i]);

        if (provider && provider->api == PROVIDER_SCRIPT)
            return true;
    }
    return false;
}

int64_t model_price(const struct model *model, const char *provider, const char *model_name,
                    const struct usage *usage, int64_t at_ms)
{
    const struct config_provider *config = config_find_provider(model->config, provider);
    struct rates rates;

    if (!config ||
        !prices_rates(model->prices, config, model_name ? model_name : config->model,
                      usage->input + usage->cache_read + usage->cache_write, at_ms, &rates))
        return -1;
    return rates_cost(&rates, usage);
}

/* Move what was answered into the caller's result. */
static void take_answer(struct wire_answer *answer, const struct endpoint *endpoint,
                        struct model_result *result)
{
    result->turn = answer->turn;
    answer->turn = (struct turn){0};
    result->stop = answer->stop;
    result->raw_stop = answer->raw_stop;
    answer->raw_stop = NULL;
    result->provider = xstrdup(endpoint->config->name);
    result->model = xstrdup(endpoint_model(endpoint));
    wire_answer_release(answer, endpoint->ops);
}

static void take_tally(struct tally *tally, struct model_result *result)
{
    result->usage = tally->usage;
    result->cost_microusd = tally->cost_microusd;
    result->cost_known = !tally->cost_unknown;
    result->attempts = tally->attempts;
    result->latency_ms = tally->latency_ms;
    result->passed_over = tally->passed.len ? strbuf_take(&tally->passed, NULL) : NULL;
}

/* What was said before the pause goes in front of what came after it. */
static void join(struct turn *before, struct turn *after)
{
    json_t *parts = json_object_get(after->raw, "parts");
    json_t *all = json_object_get(before->raw, "parts");
    struct block *blocks =
        xreallocarray(NULL, before->n_blocks + after->n_blocks + 1, sizeof(*blocks));

    if (json_is_array(all) && json_is_array(parts)) {
        (void)json_array_extend(all, parts);
        (void)json_object_set(after->raw, "parts", all);
    }
    if (before->n_blocks)
        memcpy(blocks, before->blocks, before->n_blocks * sizeof(*blocks));
    if (after->n_blocks)
        memcpy(blocks + before->n_blocks, after->blocks, after->n_blocks * sizeof(*blocks));
    free(after->blocks);
    after->blocks = blocks;
    after->n_blocks += before->n_blocks;
    before->n_blocks = 0; /* the blocks have moved */
    turn_release(before);
}

/* An answer that paused goes on at the same provider, with the token it gave. */
static int go_on(const struct route *route, struct tally *tally, struct wire_answer *answer,
                 struct endpoint *endpoint, struct err *err)
{
    struct route next = *route;
    int rc = VDO_OK;

    next.only = endpoint->config->name;
    for (int hop = 0; !rc && answer->stop == STOP_PAUSE && answer->continuation; hop++) {
        struct wire_answer more;

        next.continuation = answer->continuation;
        rc = hop < MAX_PAUSES ? route_call(&next, tally, &more, &endpoint, err) :
                                err_set(err, VDO_E_INVALID, "%s: the answer paused %d times",
                                        endpoint->config->name, MAX_PAUSES);
        if (rc)
            break;
        join(&answer->turn, &more.turn);
        answer->turn = (struct turn){0};
        wire_answer_release(answer, endpoint->ops);
        *answer = more;
    }
    if (rc)
        wire_answer_release(answer, endpoint->ops);
    return rc;
}

static int ask(struct route *route, struct tally *tally, struct model_result *result,
               struct err *err)
{
    struct wire_answer answer;
    struct endpoint *endpoint = NULL;
    int rc = route_call(route, tally, &answer, &endpoint, err);

    if (!rc)
        rc = go_on(route, tally, &answer, endpoint, err);
    if (!rc)
        take_answer(&answer, endpoint, result);
    return rc;
}

/* The conversation with the wrong answer and what is wrong with it; only the two new turns are
 * owned. */
static void extend(const struct chat *chat, struct turn *answer, const char *wrong,
                   struct chat *out)
{
    AUTO_FREE char *text =
        xasprintf("That answer cannot be used: %s. Answer again with one JSON value that fits the "
                  "schema and nothing else: no words before or behind it, no fence.",
                  wrong);

    *out = *chat;
    out->turns = xcalloc(chat->n_turns + 2, sizeof(*out->turns));
    if (chat->n_turns)
        memcpy(out->turns, chat->turns, chat->n_turns * sizeof(*out->turns));
    chat_add_assistant(out, answer);
    chat_add_user(out, text);
}

static void release_extended(struct chat *chat, size_t borrowed)
{
    for (size_t i = borrowed; i < chat->n_turns; i++)
        turn_release(&chat->turns[i]);
    free(chat->turns);
}

static int read_structured(const struct model_request *request, struct model_result *result,
                           struct err *err)
{
    AUTO_FREE char *text = turn_text(&result->turn);

    if (result->stop == STOP_LENGTH)
        return err_set(err, VDO_E_TOO_LARGE,
                       "%s: the answer was cut off at its output cap (%s): raise "
                       "providers.%s.max_output_tokens",
                       result->provider, result->raw_stop, result->provider);
    return dialect_read(request->schema, text, &result->structured, err);
}

/* One more turn with the validator's words, to the provider that answered. */
static int repair(struct route *route, struct tally *tally, struct model_result *result,
                  const char *wrong, struct err *err)
{
    const struct chat *chat = route->chat;
    struct chat longer;
    AUTO_FREE char *provider = result->provider;
    struct err why = {0};
    int rc;

    extend(chat, &result->turn, wrong, &longer);
    free(result->model);
    free(result->raw_stop);
    *result = (struct model_result){0};
    route->chat = &longer;
    route->only = provider;
    rc = ask(route, tally, result, err);
    route->chat = chat;
    if (!rc && read_structured(route->request, result, &why))
        rc = err_set(err, VDO_E_INVALID, "%s: the answer is not what was asked for, twice: %s",
                     provider, why.text);
    release_extended(&longer, chat->n_turns);
    return rc;
}

static int call_structured(struct route *route, struct tally *tally, struct model_result *result,
                           struct err *err)
{
    struct err why = {0};
    int rc = ask(route, tally, result, err);

    if (rc)
        return rc;
    rc = read_structured(route->request, result, &why);
    if (rc == VDO_E_TOO_LARGE)
        return err_set(err, VDO_E_INVALID, "%s", why.text);
    return rc ? repair(route, tally, result, why.text, err) : VDO_OK;
}

int model_call(struct model_session *session, const struct model_context *context,
               const struct model_request *request, struct model_result *result, struct err *err)
{
    json_auto_t *strict = request->schema ? dialect_strict(request->schema) : NULL;
    struct model_result made = {0};
    struct tally tally;
    struct route route = {
        .session = session,
        .context = context,
        .request = request,
        .chat = request->chat,
        .schema = strict,
        .only = request->provider,
    };
    int rc;

    session->retry_after_ms = 0;
    tally_init(&tally);
    rc = request->schema ? call_structured(&route, &tally, &made, err) :
                           ask(&route, &tally, &made, err);
    if (rc) {
        model_result_release(&made);
    } else {
        take_tally(&tally, &made);
        *result = made;
    }
    tally_release(&tally);
    return rc;
}
