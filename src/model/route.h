/*
 * route: which provider answers a call: the role's list in order, each with its retries.
 */
#ifndef VDO_MODEL_ROUTE_H
#define VDO_MODEL_ROUTE_H

#include "attempt.h"

#include "vdo/base/strbuf.h"

/* What the attempts of one call sum up to, repair included. Zero is a good start. */
struct tally {
    struct usage usage;
    int64_t cost_microusd;
    bool cost_unknown;
    int attempts;
    int64_t latency_ms;
    struct strbuf passed; /* why providers were passed over, one after another */
};
void tally_init(struct tally *tally);
void tally_release(struct tally *tally);

struct route {
    struct model_session *session;
    const struct model_context *context;
    const struct model_request *request;
    const struct chat *chat;
    const json_t *schema;     /* strict, or NULL */
    const char *only;         /* one provider, or NULL: the request's list */
    const char *continuation; /* with which a paused answer goes on, or NULL */
};

/*
 * Ask until one answers. answer and *out_endpoint are set on success (release the answer with the
 * endpoint's ops). Errors as model_call().
 */
int route_call(const struct route *route, struct tally *tally, struct wire_answer *answer,
               struct endpoint **out_endpoint, struct err *err);

#endif
