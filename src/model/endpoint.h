/*
 * endpoint: one configured provider at work: how many calls are under way, its breaker, what it
 * refused, how fast it was. And the inside of struct model and struct model_session.
 *
 * Threads: every function takes the endpoint's lock by itself; nothing is done under it but
 * counting.
 */
#ifndef VDO_MODEL_ENDPOINT_H
#define VDO_MODEL_ENDPOINT_H

#include "breaker.h"
#include "failure.h"
#include "pace.h"
#include "prices.h"
#include "wire.h"

#include <pthread.h>

enum { ENDPOINT_LATENCIES = 64 };

struct endpoint {
    const struct config_provider *config;
    const struct provider_ops *ops; /* NULL: script */
    pthread_mutex_t lock;           /* guards all below */
    pthread_cond_t freed;
    int64_t under_way;
    unsigned adjusted;
    bool cannot_count;  /* has no endpoint that counts tokens */
    bool refused_tools; /* has said that it takes none */
    int64_t dearer_ppm; /* how far a cost that it named lay above the list, in millionths */
    struct breaker breaker;
    struct pace pace;      /* its rate limits, as far as it names them */
    int64_t hold_until_ms; /* the server asked for a pause that is longer than a worker waits */
    int64_t last_ok_ms;
    int64_t last_error_ms;
    char last_error[256];
    int64_t calls;
    int64_t failures;
    int64_t latency_ms[ENDPOINT_LATENCIES];
    size_t n_latencies; /* ever; the newest ENDPOINT_LATENCIES are kept */
};

struct model {
    const struct config *config;
    struct store *store; /* NULL: none */
    const struct clock *clock;
    struct prices *prices;
    struct endpoint endpoint[CONFIG_MAX_PROVIDERS];
    size_t n_endpoints;
    model_play_fn play; /* NULL: scripts are read from their files */
    void *play_arg;
    _Atomic int64_t health_at_ms; /* when the report was put into the store last */
};

struct model_session {
    struct model *model;
    struct http_client *http;
    const atomic_bool *cancel;
    int64_t retry_after_ms;
    struct recorder *recorder;
    int64_t spent_microusd; /* by this session, for limits without a store */
};

void endpoint_init(struct endpoint *endpoint, const struct config_provider *config);
void endpoint_release(struct endpoint *endpoint);
struct endpoint *endpoint_find(struct model *model, const char *name);

/* Put the report into the store, where other processes find it: after a call, when it is due. */
void model_keep_health(struct model *model, bool now);

/* "script" for scripts without one. */
const char *endpoint_model(const struct endpoint *endpoint);
bool session_cancelled(const struct model_session *session);
/* Wait on the session's clock, looking for a cancel. False when cancelled. */
bool session_wait(const struct model_session *session, int64_t ms);

/*
 * May a call be sent now? Takes one of max_concurrent places (waiting for one up to a minute) and
 * the breaker's permission; give both back with endpoint_done(). Otherwise failure says why not:
 * FAIL_BUSY with retry_after_ms, or FAIL_KEY.
 */
bool endpoint_enter(struct endpoint *endpoint, const struct model_session *session,
                    struct failure *failure);
/* failure NULL: it worked. An outcome that tells nothing about the endpoint: failure of another
 * kind. */
void endpoint_done(struct endpoint *endpoint, int64_t now_ms, int64_t latency_ms,
                   const struct failure *failure);
void endpoint_hold(struct endpoint *endpoint, int64_t until_ms);
bool endpoint_is_open(struct endpoint *endpoint, int64_t now_ms);
unsigned endpoint_adjusted(struct endpoint *endpoint);
/* Learn the endpoint's rate limits from an answer. */
void endpoint_learn_pace(struct endpoint *endpoint, const struct http_result *http, int64_t now_ms);
/*
 * Wait until the endpoint's rate limits have room for a request of so many tokens. False when that
 * takes longer than a worker waits (failure: FAIL_BUSY with retry_after_ms), or when cancelled
 * (failure: FAIL_LOCAL).
 */
bool endpoint_pace(struct endpoint *endpoint, const struct model_session *session, int64_t tokens,
                   struct failure *failure);
void endpoint_cannot_count(struct endpoint *endpoint);
void endpoint_refuses_tools(struct endpoint *endpoint);
/* As far as vdo.yml and its own refusals tell. */
bool endpoint_takes_tools(struct endpoint *endpoint);
bool endpoint_can_count(struct endpoint *endpoint);
/* A cost that the provider named, beside what the list says: the next reservations grow with it. */
void endpoint_note_cost(struct endpoint *endpoint, int64_t named, int64_t listed);
int64_t endpoint_worst(struct endpoint *endpoint, int64_t listed);
/* Remember that a parameter is refused; false when it was known already. */
bool endpoint_adjust(struct endpoint *endpoint, int index);

#endif
