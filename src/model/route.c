#include "route.h"

#include "vdo/base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_RETRIES = 2, MAX_CUT_RETRIES = 1, DEFAULT_RETRY_AFTER_MS = 30000 };

void tally_init(struct tally *tally)
{
    *tally = (struct tally){0};
    strbuf_init(&tally->passed, 64UL * 1024);
}

void tally_release(struct tally *tally)
{
    strbuf_release(&tally->passed);
}

static void count(struct tally *tally, const struct outcome *outcome)
{
    tally->usage.input += outcome->usage.input;
    tally->usage.cache_read += outcome->usage.cache_read;
    tally->usage.cache_write += outcome->usage.cache_write;
    tally->usage.cache_write_long += outcome->usage.cache_write_long;
    tally->usage.output += outcome->usage.output;
    tally->usage.reasoning += outcome->usage.reasoning;
    tally->usage.estimated |= outcome->usage.estimated;
    tally->cost_microusd += outcome->cost_microusd;
    tally->cost_unknown |= !outcome->cost_known;
    tally->latency_ms += outcome->latency_ms;
}

/* How far one provider has come within a call. */
struct tries {
    int retries;
    int cuts;
};

enum next { NEXT_AGAIN, NEXT_RETRY, NEXT_GIVE_UP };

static bool is_midway(const struct failure *failure)
{
    return failure->kind == FAIL_CUT || failure->kind == FAIL_EMPTY;
}

/* What to do after a failure. */
static enum next decide(struct endpoint *endpoint, const struct model_session *session,
                        const struct outcome *outcome, struct tries *tries)
{
    const struct failure *failure = &outcome->failure;
    int64_t now = clock_now_ms(session->model->clock);
    int parameter = -1;

    if (endpoint->ops && outcome->body)
        parameter = failure_find_parameter(endpoint->ops, failure, endpoint_adjusted(endpoint),
                                           outcome->body);
    if (parameter >= 0 && endpoint_adjust(endpoint, parameter))
        return NEXT_AGAIN;
    if (failure->kind == FAIL_TOOLS)
        endpoint_refuses_tools(endpoint);
    if (failure->retry_after_ms > FAILURE_MAX_WAIT_MS)
        endpoint_hold(endpoint, now + failure->retry_after_ms);
    if (!failure->retry || failure->retry_after_ms > FAILURE_MAX_WAIT_MS ||
        endpoint_is_open(endpoint, now))
        return NEXT_GIVE_UP;
    if (is_midway(failure) && tries->cuts++ >= MAX_CUT_RETRIES)
        return NEXT_GIVE_UP;
    return tries->retries++ < MAX_RETRIES ? NEXT_RETRY : NEXT_GIVE_UP;
}

static int try_once(const struct route *route, struct endpoint *endpoint, struct tally *tally,
                    struct outcome *outcome, struct err *err)
{
    struct model_session *session = route->session;
    struct attempt attempt = {
        .session = session,
        .endpoint = endpoint,
        .context = route->context,
        .request = route->request,
        .chat = route->chat,
        .schema = route->schema,
        .continuation = route->continuation,
        .number = tally->attempts + 1,
    };
    struct failure ours = {.kind = FAIL_LOCAL};
    int rc = attempt_run(&attempt, outcome, err);
    const struct failure *said = rc ? &ours : &outcome->failure;

    endpoint_done(endpoint, clock_now_ms(session->model->clock), outcome->latency_ms,
                  said->kind == FAIL_NONE ? NULL : said);
    model_keep_health(session->model, false);
    tally->attempts++;
    count(tally, outcome);
    return rc;
}

/* One provider with its retries. 0 with failure.kind telling how it ended, or an error that ends
 * the whole call. */
static int ask(const struct route *route, struct endpoint *endpoint, struct tally *tally,
               struct wire_answer *answer, struct failure *failure, struct err *err)
{
    struct model_session *session = route->session;
    struct tries tries = {0};

    for (;;) {
        struct outcome outcome;
        enum next next;
        int rc;

        if (session_cancelled(session))
            return err_set(err, VDO_E_CANCELLED, "cancelled before a call to %s",
                           endpoint->config->name);
        if (!endpoint_enter(endpoint, session, failure))
            return VDO_OK;
        rc = try_once(route, endpoint, tally, &outcome, err);
        if (!rc && outcome.failure.kind == FAIL_NONE) {
            *failure = outcome.failure;
            *answer = outcome.answer;
            json_decref(outcome.body);
            return VDO_OK;
        }
        next = rc ? NEXT_GIVE_UP : decide(endpoint, session, &outcome, &tries);
        *failure = outcome.failure;
        outcome_release(&outcome, endpoint->ops);
        if (rc || next == NEXT_GIVE_UP)
            return rc;
        if (next == NEXT_RETRY && !session_wait(session, failure_wait_ms(failure, tries.retries)))
            return err_set(err, VDO_E_CANCELLED, "cancelled while waiting for %s",
                           endpoint->config->name);
    }
}

/* What is left to say when nobody answered. */
struct verdict {
    bool temporary;
    bool limited;
    bool refused;
    bool too_large;
    int64_t retry_after_ms;
};

static void note(struct tally *tally, const char *text)
{
    (void)strbuf_addf(&tally->passed, "%s%s", tally->passed.len ? "; " : "", text);
}

static void weigh(struct verdict *verdict, const struct failure *failure)
{
    int64_t wait = failure->retry_after_ms > 0 ? failure->retry_after_ms : DEFAULT_RETRY_AFTER_MS;

    switch (failure_code(failure)) {
    case VDO_E_TEMPORARY:
        verdict->temporary = true;
        if (verdict->retry_after_ms == 0 || wait < verdict->retry_after_ms)
            verdict->retry_after_ms = wait;
        break;
    case VDO_E_LIMIT:
        verdict->limited = true;
        break;
    case VDO_E_TOO_LARGE:
        verdict->too_large = true;
        break;
    case VDO_E_REFUSED:
        verdict->refused = true;
        break;
    default:
        break;
    }
}

static enum vdo_code code_of(const struct verdict *verdict)
{
    if (verdict->temporary)
        return VDO_E_TEMPORARY;
    if (verdict->limited)
        return VDO_E_LIMIT;
    if (verdict->too_large)
        return VDO_E_TOO_LARGE;
    return verdict->refused ? VDO_E_REFUSED : VDO_E_INVALID;
}

static size_t list_of(const struct model *model, const struct model_request *request,
                      const char *only, const char *names[CONFIG_MAX_PROVIDERS])
{
    const struct config_role *role = request->providers;
    size_t n = 0;

    if (only) {
        names[0] = only;
        return 1;
    }
    if (!role)
        role = &model->config->role[request->role];
    for (size_t i = 0; i < role->n && n < CONFIG_MAX_PROVIDERS; i++)
        names[n++] = role->provider[i];
    return n;
}

static void pass_over(struct endpoint *endpoint, const struct failure *failure,
                      struct verdict *verdict, struct tally *tally)
{
    AUTO_FREE char *text = failure_explain(failure, endpoint->config);

    note(tally, text);
    weigh(verdict, failure);
}

void model_first(const struct model_session *session, const struct model_request *request,
                 struct model_first *out)
{
    const char *names[CONFIG_MAX_PROVIDERS];
    size_t n = list_of(session->model, request, request->provider, names);

    *out = (struct model_first){.model = "", .takes_tools = true};
    for (size_t i = 0; i < n; i++) {
        struct endpoint *endpoint = endpoint_find(session->model, names[i]);

        if (!endpoint)
            continue;
        out->model = endpoint_model(endpoint);
        out->takes_tools = endpoint_takes_tools(endpoint);
        out->context_tokens = endpoint->config->context_tokens > 0 ?
                                  endpoint->config->context_tokens :
                                  prices_context(session->model->prices, endpoint->config->model);
        return;
    }
}

int route_call(const struct route *route, struct tally *tally, struct wire_answer *answer,
               struct endpoint **out_endpoint, struct err *err)
{
    const char *names[CONFIG_MAX_PROVIDERS];
    struct verdict verdict = {0};
    size_t n = list_of(route->session->model, route->request, route->only, names);

    for (size_t i = 0; i < n; i++) {
        struct endpoint *endpoint = endpoint_find(route->session->model, names[i]);
        struct failure failure = {0};
        struct err why = {0};
        int rc;

        if (!endpoint) {
            AUTO_FREE char *text = xasprintf(
                "%s: not configured (a provider whose key is unset is left out)", names[i]);
            note(tally, text);
            continue;
        }
        if (route->chat->n_tools && !endpoint_takes_tools(endpoint)) {
            failure_set(&failure, FAIL_TOOLS, false, "not asked");
            rc = VDO_OK;
        } else {
            rc = ask(route, endpoint, tally, answer, &failure, &why);
        }
        if (!rc && failure.kind == FAIL_NONE) {
            *out_endpoint = endpoint;
            return VDO_OK;
        }
        if (!rc) {
            pass_over(endpoint, &failure, &verdict, tally);
        } else if (rc == VDO_E_REFUSED) { /* no price: the next one may have one */
            note(tally, why.text);
            verdict.refused = true;
        } else {
            return err_set(err, rc, "%s", why.text);
        }
    }
    route->session->retry_after_ms = verdict.retry_after_ms;
    if (n == 0)
        return err_set(err, VDO_E_INVALID, "role %s has no provider: set roles.%s in vdo.yml",
                       role_name(route->request->role), role_name(route->request->role));
    return err_set(err, code_of(&verdict), "%s", tally->passed.ptr);
}
