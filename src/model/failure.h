/*
 * failure: what went wrong with an attempt, what may be done about it, and in which words.
 *
 * Rules and waits are those of the providers' own clients: 408, 409, 429, 500, 502, 503, 504, 529
 * and everything before the first byte may be sent again; spend limits, keys and bad requests not;
 * x-should-retry of the server decides where it is given. Threads: any.
 */
#ifndef VDO_MODEL_FAILURE_H
#define VDO_MODEL_FAILURE_H

#include "wire.h"

/* What is longer is for the queue, not for a worker that waits. */
enum { FAILURE_MAX_WAIT_MS = 60000 };

/* An answer with a status other than 2xx. now_ms reads a Retry-After that is a date. */
void failure_from_http(const struct provider_ops *ops, const struct http_result *http,
                       const char *body, size_t body_len, int64_t now_ms, struct failure *out);
/* An error body that came with status 200. */
void failure_from_stream(const struct provider_ops *ops, const json_t *body, struct failure *out);
void failure_set(struct failure *out, enum failure_kind kind, bool retry, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* One line for people: what happened at which provider and what to do about it. */
char *failure_explain(const struct failure *failure, const struct config_provider *provider);
/* What model_call() returns when nobody else can help. */
enum vdo_code failure_code(const struct failure *failure);
/* Does it say something about the health of the endpoint? */
bool failure_is_ill_health(const struct failure *failure);

/* How long to wait before try number n (1, 2, ...): the server's wish, else min(0.5 * 2^(n-1), 8) s
 * less up to a quarter. */
int64_t failure_wait_ms(const struct failure *failure, int n);

/* Index in ops->adjustable of the parameter that a refusal names and that `sent` holds (or, for
 * "+name", does not hold yet), unless it is adjusted already; or -1. */
int failure_find_parameter(const struct provider_ops *ops, const struct failure *failure,
                           unsigned adjusted, const json_t *sent);

#endif
