/*
 * model: asks the right provider, once the money for it is reserved, and records every attempt.
 *
 * A call names a role; the role's providers are tried in order: the first that is healthy (breaker
 * closed, key there, priced) is used, the next on failure. Before an attempt is sent its worst case
 * is reserved in the store against the limits of job, day, month, provider and repository; it is
 * settled from the reported usage afterwards. The worst case is a token for every byte of the
 * request plus the output cap, at the dearest rates; where that passes a limit, the provider's free
 * count of tokens is asked for instead. An attempt whose end was not seen (a cut stream, a
 * time-out, a cancel) is settled at its worst case: what it did cost cannot be known. A server on
 * loopback whose model has no list price costs nothing unless vdo.yml gives it a price. Retries and
 * waits are those of the providers' own clients. Errors: VDO_E_LIMIT a limit of money would be
 * passed; VDO_E_REFUSED a price is missing while there are limits, the model refuses, the key is
 * wrong (err says what to do); VDO_E_TEMPORARY every provider is down (model_retry_after_ms());
 * VDO_E_INVALID an answer that cannot be read even after its repair; VDO_E_TOO_LARGE the prompt
 * does not fit any provider of the role; VDO_E_CANCELLED. Threads: a struct model is shared; each
 * thread passes its own model_session.
 */
#ifndef VDO_MODEL_MODEL_H
#define VDO_MODEL_MODEL_H

#include "vdo/base/clock.h"
#include "vdo/base/err.h"
#include "vdo/config/config.h"
#include "vdo/model/chat.h"
#include "vdo/store/store.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct model;
struct model_session;

/* store may be NULL (vdo model ask without a store): nothing is recorded or limited then except by
 * job limits given in the call. */
int model_open(const struct config *config, struct store *store, const struct clock *clock,
               struct model **out, struct err *err);
void model_close(struct model *model);
struct model_session *model_session_new(struct model *model, const atomic_bool *cancel);
void model_session_free(struct model_session *session);

struct usage {
    int64_t input; /* not cached */
    int64_t cache_read;
    int64_t cache_write;
    int64_t cache_write_long; /* the part of cache_write that stays for an hour or more */
    int64_t output;           /* reasoning included */
    int64_t reasoning;
    bool estimated;
};

enum model_stop {
    STOP_END,
    STOP_TOOL,
    STOP_LENGTH,
    STOP_REFUSAL,
    STOP_CONTEXT,
    STOP_PAUSE,
    STOP_OTHER
};
const char *model_stop_name(enum model_stop stop);

/* Whose money it is and where the record goes. */
struct model_context {
    const char *job_id; /* NULL or "": none */
    const char *step;
    int step_attempt;
    int64_t script_position; /* how many answers of this role a script has given in this job; used
                                by api script without a store */
    struct spend_limits limits;
};

struct model_request {
    enum role role;
    const char *provider;                /* NULL: the role's list; else only this one */
    const struct config_role *providers; /* NULL: the config's list of the role */
    const struct chat *chat;
    const json_t *schema; /* structured answer wanted; NULL: none */
    const char *schema_name;
    int64_t max_output_tokens; /* 0: the provider's */
    /* NULL, or text as it streams; it begins again when a stream broke off and is asked for anew.
     */
    void (*on_text)(void *arg, const char *text, size_t len);
    void *on_text_arg;
};

struct model_result {
    struct turn turn;
    enum model_stop stop;
    char *raw_stop;
    struct usage usage;
    int64_t cost_microusd; /* of all attempts of this call */
    bool cost_known;
    int attempts;
    char *provider;
    char *model;
    int64_t latency_ms;
    json_t *structured; /* with a schema: the checked answer; owned */
    char *passed_over;  /* why earlier providers of the list did not answer (a refusal too); NULL */
};
void model_result_release(struct model_result *result);

/*
 * One call. With a schema: the answer is parsed (fences around it tolerated), checked, and asked
 * for once more with the validator's message when it does not fit; the repair turn counts as part
 * of this call.
 */
int model_call(struct model_session *session, const struct model_context *context,
               const struct model_request *request, struct model_result *result, struct err *err);

/*
 * Of the provider that a request goes to first: what it is good for. One that takes no tools (as
 * vdo.yml says, or as it has said itself) is passed over for a conversation with tools.
 */
struct model_first {
    const char *model;      /* "" when there is no provider; borrowed from the config */
    int64_t context_tokens; /* 0: unknown */
    bool takes_tools;
};
void model_first(const struct model_session *session, const struct model_request *request,
                 struct model_first *out);
int64_t model_retry_after_ms(const struct model_session *session);

/* Is a scripted provider in use for a role? Where it is, the output says so. */
bool model_is_scripted(const struct model *model, enum role role);

/*
 * Answers that a record gives, for scripted providers: each call is handed to play instead of the
 * script. request: the conversation as it would be recorded. *out_response: as recorded, {"turn",
 * "stop", "raw_stop", "usage", "cost_microusd"}; new reference. VDO_E_TOO_LARGE: the prompt was too
 * long then; another error is a wrong answer. Set before the first call; play is called by the
 * thread that calls.
 */
typedef int (*model_play_fn)(void *arg, const char *step, enum role role, const json_t *request,
                             json_t **out_response, struct err *err);
void model_set_player(struct model *model, model_play_fn play, void *arg);

struct model_ping {
    bool reachable;
    bool key_accepted;
    bool model_known;
    int64_t latency_ms;
    int64_t context_tokens; /* as the list of models says; 0: it does not */
    char detail[256];
};
/* GET on the models list of the provider; for `vdo model ping` and doctor. */
int model_ping(struct model_session *session, const char *provider, struct model_ping *out,
               struct err *err);
/* [{"name","api","model","base_url","breaker":"closed|open|half_open","last_ok_ms","last_error","latency_ms":{"p50","p95","p99"}...}];
 * new reference. */
json_t *model_report(struct model *model);
/* The kind of the store's documents that hold the last report of each provider, by its name. */
#define MODEL_HEALTH_KIND "provider-health"

/* Price of a usage at a time in micro-dollars, rounded up; -1 when the model has no price. */
int64_t model_price(const struct model *model, const char *provider, const char *model_name,
                    const struct usage *usage, int64_t at_ms);

#endif
