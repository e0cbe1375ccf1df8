/*
 * store: the durable truth: deliveries, jobs, checkpoints, outbox, logs, model calls, money.
 *
 * A backend is a struct of functions (sqlite now; others are held to the same contract tests in
 * tests/integration/store_contract.c). What is said to be one transaction happens whole or not at
 * all and is on disk (fsync) when the call returns 0. Writes that carry an epoch are refused with
 * VDO_E_CONFLICT when the job has been leased by another since: the fencing token. A store made by
 * a newer program is refused at opening with VDO_E_REFUSED. Threads: every function from any
 * thread. VDO_E_TEMPORARY: busy past its time-out; VDO_E_IO: disk full, damaged.
 */
#ifndef VDO_STORE_STORE_H
#define VDO_STORE_STORE_H

#include "vdo/base/clock.h"
#include "vdo/base/err.h"
#include "vdo/store/records.h"

#include <jansson.h>

struct store; /* opaque; begins with a pointer to its struct of functions (src/store/backend.h) */

/* url: "sqlite:PATH" ("sqlite::memory:" is refused: it is not durable). Makes the file (0600) and
 * runs migrations. */
int store_open(const char *url, const struct clock *clock, struct store **out, struct err *err);
void store_close(struct store *store);
/* A short read and a short write succeed; for /readyz. */
int store_ping(struct store *store, struct err *err);

/* ---- deliveries ---- */

typedef void (*store_added_fn)(void *arg, int rc, enum delivery_add outcome, const struct err *err);
/*
 * Add a delivery (guid, event, sha256, body, received_at_ms count) and call back, from the writer
 * thread, after the commit that holds it has reached the disk. The delivery is copied before this
 * returns. Returns VDO_E_TEMPORARY at once, without a call back, when too much waits to be written.
 */
int store_delivery_add(struct store *store, const struct delivery *delivery, store_added_fn done,
                       void *arg, struct err *err);
/*
 * Record what parsing found: action, repo_id, repo, issue. Now the lane of a claimed delivery is
 * known: VDO_E_CONFLICT when another delivery of it is claimed or an older one waits; this claim
 * has then been given back (recorded, pending, the attempt not counted) and comes up again when the
 * lane is free.
 */
int store_delivery_describe(struct store *store, const struct delivery *delivery, struct err *err);
/*
 * Claim the oldest due pending delivery whose lane (repo_id, issue; or its own when repo_id is 0)
 * has none claimed and no older one waiting; a claim of this node ends with finish, retry or
 * store_take_back(). attempts has been raised. VDO_E_NOT_FOUND when nothing is due. The lane is
 * known only after describe; so the first claim of a delivery carries issue 0 and the caller
 * describes first.
 */
int store_delivery_claim(struct store *store, const char *node, int64_t now_ms,
                         struct delivery *out, struct err *err);
/*
 * The same in fewer transactions, for a long inbox: at most `most` at once. One whose lane is known
 * already comes alone, so that those that come together are described in the order in which they
 * were claimed; and no more come than a MiB of bodies. *out_n is 1 or more when this returns 0.
 */
int store_delivery_claim_some(struct store *store, const char *node, int64_t now_ms, size_t most,
                              struct delivery *out, size_t *out_n, struct err *err);
/* Describe all or, on failure, none. out_free[i]: the lane of the i-th was free, it is still
 * claimed. */
int store_delivery_describe_some(struct store *store, const struct delivery *deliveries, size_t n,
                                 bool *out_free, struct err *err);
/* state DONE, FAILED or DEAD with its reason; job_id may be "". The body of a DONE one is dropped.
 */
int store_delivery_finish(struct store *store, int64_t seq, enum delivery_state state,
                          const char *reason, const char *job_id, struct err *err);
/* Pending again, not before run_at_ms. */
int store_delivery_retry(struct store *store, int64_t seq, int64_t run_at_ms, const char *reason,
                         struct err *err);
/* How one of several claims ends; state PENDING: tried again, not before run_at_ms. */
struct delivery_ending {
    int64_t seq;
    enum delivery_state state;
    const char *reason;
    const char *job_id;
    int64_t run_at_ms;
};
/* All in one transaction. VDO_E_CONFLICT: some were not pending, all others are recorded. */
int store_delivery_end_some(struct store *store, const struct delivery_ending *endings, size_t n,
                            struct err *err);
int store_delivery_get(struct store *store, const char *guid, struct delivery *out,
                       struct err *err);
/* New to old, at most limit (1 .. 200), before_seq 0 from the newest; guid NULL any; state -1 any.
 * Array freed by the caller. */
int store_delivery_list(struct store *store, const char *guid, int state, int64_t before_seq,
                        int limit, struct delivery **out, size_t *out_n, struct err *err);
/* A failed or dead one becomes pending with its attempts counted anew; VDO_E_REFUSED when it is
 * done, under way, or its body is gone. */
int store_delivery_redo(struct store *store, const char *guid, struct err *err);

/* ---- jobs ---- */

/*
 * Create a job (first block of the struct counts; id, generation, state, created_at_ms and seq are
 * set by this call) and its outbox rows, in one transaction; rows with an empty job_id get this
 * job's. At most one open job per issue when issue > 0 (the same forge and repo_id; repo where
 * repo_id is 0), and at most one job per delivery named in its trigger: VDO_E_CONFLICT with the id
 * of the job there is in out_id.
 */
int store_job_create(struct store *store, struct job *job, const struct outbox_row *rows,
                     size_t n_rows, char out_id[RAND_ID_SIZE], struct err *err);
int store_job_get(struct store *store, const char *id, struct job *out, struct err *err);
int store_job_list(struct store *store, const struct job_filter *filter, struct job **out,
                   size_t *out_n, struct err *err);
/*
 * Lease a due job: free or its lease has run out, not final, not waiting for a person (queued is
 * due). Order: priority, then repositories with the fewest leased jobs, then age. Raises epoch and
 * attempts, sets lease. VDO_E_NOT_FOUND when none is due. id: NULL any, else only this one.
 */
int store_job_lease(struct store *store, const char *node, const char *id, int64_t now_ms,
                    int64_t lease_ms, struct job *out, struct err *err);
int store_job_renew(struct store *store, const char *id, int64_t epoch, int64_t until_ms,
                    bool *out_cancel_requested, struct err *err);
/* Give the lease back; the update may set run_at_ms, state and reason. With a waiting state the
 * attempt of the step under way ends well: its calls count in store_call_position(). */
int store_job_release(struct store *store, const char *id, int64_t epoch,
                      const struct job_update *update, struct err *err);
/* Change a leased job. epoch -1: without a lease (people: approve, answer, budget). */
int store_job_update(struct store *store, const char *id, int64_t epoch,
                     const struct job_update *update, const struct outbox_row *rows, size_t n_rows,
                     struct err *err);
/* Final state, finished_at, lease given back, rows: one transaction. */
int store_job_finish(struct store *store, const char *id, int64_t epoch, enum job_state state,
                     const char *headline, const char *reason, const struct outbox_row *rows,
                     size_t n_rows, struct err *err);
/*
 * Ask a job to stop. Without a lease, or with one that has run out, it becomes cancelled at once
 * (*out_final true), with the rows; leased: marked, the worker sees it. VDO_E_NOT_FOUND;
 * VDO_E_REFUSED when it is final already.
 */
int store_job_cancel(struct store *store, const char *id, const char *reason,
                     const struct outbox_row *rows, size_t n_rows, bool *out_final,
                     struct err *err);
/* A failed or cancelled job becomes queued again; finished steps stay, failed ones are forgotten.
 * VDO_E_REFUSED otherwise, and when its issue has another open job by now. */
int store_job_retry(struct store *store, const char *id, const struct outbox_row *rows,
                    size_t n_rows, struct err *err);
/* A job that waits for a person becomes queued, with the other changes of the update.
 * VDO_E_REFUSED when it does not wait. */
int store_job_wake(struct store *store, const char *id, const struct job_update *update,
                   struct err *err);
/* stars 1 .. 5; who may change their mind: the last rating counts. */
int store_job_rate(struct store *store, const char *id, int stars, const char *who,
                   struct err *err);
/* After a restart: leases and claims of this node are given back at once, sending outbox rows
 * become pending with maybe_sent. */
int store_take_back(struct store *store, const char *node, struct err *err);
/* Claims of other nodes made before older_than_ms (a time) are given back the same way: of
 * processes that ended and will not come back. */
int store_sweep_claims(struct store *store, const char *node, int64_t older_than_ms,
                       struct err *err);

/* ---- steps ---- */

/* Begin (again): a row RUNNING, attempt + 1 in *out_attempt. The update sets state, step, headline
 * of the job in the same transaction. */
int store_step_begin(struct store *store, const char *job_id, int64_t epoch, const char *name,
                     const struct job_update *update, int *out_attempt, struct err *err);
/* Finish with its checkpoint, the job's changes and the outbox rows it causes: one transaction.
 * state DONE, FAILED or SKIPPED. */
int store_step_finish(struct store *store, const char *job_id, int64_t epoch, const char *name,
                      enum step_state state, const char *output, const char *note,
                      const struct job_update *update, const struct outbox_row *rows, size_t n_rows,
                      struct err *err);
/* In order of their first beginning. */
int store_step_list(struct store *store, const char *job_id, struct job_step **out, size_t *out_n,
                    struct err *err);

/* ---- outbox ---- */

/* A row that names a delivery is left out when that delivery has one of its kind already (of kind
 * comment: any; others: with the same payload), so that a delivery heard twice answers once. */
int store_outbox_add(struct store *store, const struct outbox_row *rows, size_t n_rows,
                     struct err *err);
/*
 * Claim the next due row: pending, run_at_ms passed, and no older unfinished row of the same job
 * (order within a job is kept; a progress row waits for nobody). It becomes SENDING with attempts
 * + 1. job_id NULL: any. VDO_E_NOT_FOUND when none.
 */
int store_outbox_claim(struct store *store, const char *node, const char *job_id, int64_t now_ms,
                       struct outbox_row *out, struct err *err);
/* Done, with its result; the update changes the job in the same transaction (comment_id, pr); NULL:
 * nothing. */
int store_outbox_done(struct store *store, int64_t seq, const char *result,
                      const struct job_update *update, struct err *err);
/* Pending again, not before run_at_ms; a touch does not bring that forward. */
int store_outbox_retry(struct store *store, int64_t seq, int64_t run_at_ms, bool maybe_sent,
                       const char *reason, struct err *err);
/*
 * Put a progress row that has been sent to rest: pending with its result and attempts 0, not due
 * until touched, then not before hold_until_ms. A touch since the claim counts. update as in done.
 */
int store_outbox_park(struct store *store, int64_t seq, const char *result, int64_t hold_until_ms,
                      const struct job_update *update, struct err *err);
int store_outbox_fail(struct store *store, int64_t seq, const char *reason, struct err *err);
int store_outbox_get(struct store *store, const char *id, struct outbox_row *out, struct err *err);
int store_outbox_list(struct store *store, const char *job_id, struct outbox_row **out,
                      size_t *out_n, struct err *err);
/* Make the progress row of a job due at run_at_ms unless it is due earlier; a done one comes to
 * life again. Every change of a job does this by itself. Nothing when the job has none or it has
 * failed. */
int store_outbox_touch_progress(struct store *store, const char *job_id, int64_t run_at_ms,
                                struct err *err);

/* ---- logs ---- */

int store_log_add(struct store *store, const char *job_id, const char *step, const char *level,
                  const char *text, struct err *err);
int store_log_list(struct store *store, const char *job_id, int64_t after_seq, int limit,
                   struct job_log **out, size_t *out_n, struct err *err);

/* ---- model calls and money ---- */

/* Record one attempt and raise the cost of its job, day and month by cost_microusd; the reservation
 * (0: none), which it settles, ends in the same transaction. */
int store_call_add(struct store *store, const struct model_call *call, int64_t reservation_id,
                   struct err *err);
/* Without request and response unless with_bodies. Oldest first. */
int store_call_list(struct store *store, const char *job_id, bool with_bodies,
                    struct model_call **out, size_t *out_n, struct err *err);
/*
 * Successful calls of a role that belong to finished attempts of steps or to the running attempt:
 * an abandoned attempt (of a killed worker) does not count. This is the position in a script.
 */
int store_call_position(struct store *store, const char *job_id, const char *role,
                        int64_t *out_position, struct err *err);
/*
 * Reserve the worst case of a call against all limits at once. VDO_E_REFUSED and *out_which =
 * "job", "day", "month", "provider_day", "provider_month", "repo_day" or "repo_month" (static) when
 * it would pass one; nothing is reserved then. *out_totals (may be NULL): what is spent and
 * reserved now.
 */
int store_spend_reserve(struct store *store, const char *job_id, int64_t amount_microusd,
                        const struct spend_limits *limits, int64_t now_ms, int64_t *out_id,
                        const char **out_which, struct spend_totals *out_totals, struct err *err);
/* Give a reservation back without a call. */
int store_spend_release(struct store *store, int64_t reservation_id, struct err *err);
/* Reservations made before older_than_ms (a time) for jobs that nobody has leased end. */
int store_spend_sweep(struct store *store, int64_t older_than_ms, struct err *err);
int store_spend_totals(struct store *store, const char *job_id, int64_t now_ms,
                       struct spend_totals *out, struct err *err);

/* ---- documents: small JSON values by kind and key, for what has no table of its own (local forge,
 * node state) ---- */

int store_doc_put(struct store *store, const char *kind, const char *key, const json_t *value,
                  struct err *err);
/* New reference; VDO_E_NOT_FOUND. */
int store_doc_get(struct store *store, const char *kind, const char *key, json_t **out,
                  struct err *err);
int store_doc_delete(struct store *store, const char *kind, const char *key, struct err *err);
/* {key: value} of a kind whose keys begin with prefix; new reference. */
int store_doc_list(struct store *store, const char *kind, const char *prefix, json_t **out,
                   struct err *err);
/* The next number of a named counter, from 1, durable. */
int store_counter_next(struct store *store, const char *name, int64_t *out, struct err *err);

/* ---- whole ---- */

/*
 * {"jobs":{state:n},"deliveries":{state:n},"outbox":{state:n},"leased":n,"cost_usd":..,
 * "oldest_pending_ms":age or 0,"oldest_queued_ms":age or 0,"oldest_outbox_ms":age or 0}; new
 * reference. Cheap whatever the number of rows.
 */
int store_stats(struct store *store, json_t **out, struct err *err);
/* Delete bodies of deliveries that ended, and model call bodies and logs of finished jobs, when
 * they are older than older_than_ms (a time). */
int store_prune(struct store *store, int64_t older_than_ms, struct err *err);

#endif
