/*
 * attempt: one request to one provider: money reserved, sent, judged, settled, recorded.
 */
#ifndef VDO_MODEL_ATTEMPT_H
#define VDO_MODEL_ATTEMPT_H

#include "endpoint.h"

struct attempt {
    struct model_session *session;
    struct endpoint *endpoint;
    const struct model_context *context;
    const struct model_request *request; /* its chat and schema are not used here */
    const struct chat *chat;
    const json_t *schema;     /* strict, or NULL */
    const char *continuation; /* of an answer that paused, or NULL */
    int number;               /* 1, 2, ... within one call */
};

struct outcome {
    struct wire_answer answer; /* usable when failure.kind is FAIL_NONE */
    struct failure failure;
    struct usage usage; /* as billed or estimated, also of a failure */
    int64_t cost_microusd;
    bool cost_known;
    bool sent;     /* the provider may have seen it */
    bool rejected; /* answered with a status other than 2xx: nothing was generated */
    int64_t latency_ms;
    int64_t script_step;
    json_t *body; /* as sent; NULL for scripts */
};
void outcome_release(struct outcome *outcome, const struct provider_ops *ops);

/*
 * Returns 0 with the outcome, a failure of the provider included (release it in any case);
 * VDO_E_LIMIT when the worst case does not fit a limit; VDO_E_REFUSED when there is a limit but no
 * price; VDO_E_CANCELLED; the store's errors.
 */
int attempt_run(const struct attempt *attempt, struct outcome *out, struct err *err);

/* ---- count.c ---- */

/* The provider's own count of a prompt, with a margin. VDO_E_NOT_FOUND (err untouched) when it has
 * none to give; VDO_E_CANCELLED. */
int attempt_count(const struct attempt *attempt, const json_t *body, int64_t *out_tokens,
                  struct err *err);

/* ---- spend.c ---- */

struct reservation {
    int64_t id; /* 0: none was needed */
    int64_t worst_microusd;
    bool of_provider; /* refused, and the limit is this provider's alone: another may be asked */
};
/* Reserve the worst case against the limits of the context and of the provider. */
int attempt_reserve(const struct attempt *attempt, int64_t prompt_tokens, int64_t output_tokens,
                    struct reservation *out, struct err *err);
/* Price what was used; the cost a provider names goes first. */
void attempt_price(const struct attempt *attempt, struct outcome *outcome);
/* Record the attempt and settle its reservation. */
int attempt_settle(const struct attempt *attempt, const struct reservation *reservation,
                   const struct outcome *outcome, int64_t started_ms, struct err *err);

/* ---- play.c ---- */

/* The answer that the model's player gives. Errors are the player's. */
int play_answer(const struct attempt *attempt, struct outcome *out, struct err *err);

/* ---- send.c ---- */

/* Over HTTP: fills answer, failure, sent and latency. VDO_E_CANCELLED; else 0. */
int send_request(const struct attempt *attempt, const char *body, size_t body_len,
                 struct outcome *out, struct err *err);

#endif
