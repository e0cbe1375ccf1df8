#include "vdo/store/store.h"

#include "backend.h"
#include "vdo/base/limits.h"

#include <assert.h>
#include <string.h>

/* An issue's text may grow by what a person answers or asks to change. */
#define MAX_JOB_TEXT (4 * VDO_MAX_ISSUE_TEXT)

enum { MAX_LIST = 200, MAX_LOG_LIST = 1000, MAX_NAME = 100, MAX_STARS = 5 };

static const char *behind_scheme(const char *url, const char *scheme)
{
    size_t n = strlen(scheme);

    return strncmp(url, scheme, n) == 0 ? url + n : NULL;
}

int store_open(const char *url, const struct clock *clock, struct store **out, struct err *err)
{
    const char *path = behind_scheme(url, "sqlite:");

    if (path && strcmp(path, ":memory:") == 0)
        return err_set(
            err, VDO_E_INVALID,
            "store sqlite::memory: would forget everything with the process; give a path: "
            "sqlite:./vdo-data/vdo.db");
    if (path && *path)
        return sqlite_store_open(path, clock, out, err);
    if (behind_scheme(url, "postgresql:") || behind_scheme(url, "postgres:"))
        return err_set(err, VDO_E_INVALID, "store postgresql: is not built yet; use sqlite:PATH");
    return err_set(err, VDO_E_INVALID,
                   "store \"%s\" is none that this program knows; write sqlite:PATH, for example "
                   "sqlite:./vdo-data/vdo.db",
                   url);
}

void store_close(struct store *store)
{
    if (store)
        store->ops->close(store);
}

static int clamp_limit(int limit, int most)
{
    return limit < 1 ? 1 : limit > most ? most : limit;
}

int store_ping(struct store *store, struct err *err)
{
    return store->ops->ping(store, err);
}

int store_delivery_add(struct store *store, const struct delivery *delivery, store_added_fn done,
                       void *arg, struct err *err)
{
    if (!delivery->guid || !*delivery->guid || strlen(delivery->guid) > MAX_NAME)
        return err_set(err, VDO_E_INVALID, "delivery: the guid has 1 to %d bytes", MAX_NAME);
    if (!delivery->event || strlen(delivery->event) > MAX_NAME)
        return err_set(err, VDO_E_INVALID, "delivery %s: the event's name has at most %d bytes",
                       delivery->guid, MAX_NAME);
    if (delivery->body_len > VDO_MAX_WEBHOOK_BODY)
        return err_set(err, VDO_E_TOO_LARGE, "delivery %s: the body has more than %lu bytes",
                       delivery->guid, VDO_MAX_WEBHOOK_BODY);
    return store->ops->delivery_add(store, delivery, done, arg, err);
}

int store_delivery_describe(struct store *store, const struct delivery *delivery, struct err *err)
{
    return store->ops->delivery_describe(store, delivery, err);
}

int store_delivery_claim(struct store *store, const char *node, int64_t now_ms,
                         struct delivery *out, struct err *err)
{
    return store->ops->delivery_claim(store, node, now_ms, out, err);
}

int store_delivery_claim_some(struct store *store, const char *node, int64_t now_ms, size_t most,
                              struct delivery *out, size_t *out_n, struct err *err)
{
    assert(most > 0);
    return store->ops->delivery_claim_some(store, node, now_ms, most, out, out_n, err);
}

int store_delivery_describe_some(struct store *store, const struct delivery *deliveries, size_t n,
                                 bool *out_free, struct err *err)
{
    return store->ops->delivery_describe_some(store, deliveries, n, out_free, err);
}

int store_delivery_end_some(struct store *store, const struct delivery_ending *endings, size_t n,
                            struct err *err)
{
    return store->ops->delivery_end_some(store, endings, n, err);
}

int store_delivery_finish(struct store *store, int64_t seq, enum delivery_state state,
                          const char *reason, const char *job_id, struct err *err)
{
    assert(state != DELIVERY_PENDING);
    return store->ops->delivery_finish(store, seq, state, reason, job_id, err);
}

int store_delivery_retry(struct store *store, int64_t seq, int64_t run_at_ms, const char *reason,
                         struct err *err)
{
    return store->ops->delivery_retry(store, seq, run_at_ms, reason, err);
}

int store_delivery_get(struct store *store, const char *guid, struct delivery *out, struct err *err)
{
    return store->ops->delivery_get(store, guid, out, err);
}

int store_delivery_list(struct store *store, const char *guid, int state, int64_t before_seq,
                        int limit, struct delivery **out, size_t *out_n, struct err *err)
{
    limit = clamp_limit(limit, MAX_LIST);
    return store->ops->delivery_list(store, guid, state, before_seq, limit, out, out_n, err);
}

int store_delivery_redo(struct store *store, const char *guid, struct err *err)
{
    return store->ops->delivery_redo(store, guid, err);
}

int store_job_create(struct store *store, struct job *job, const struct outbox_row *rows,
                     size_t n_rows, char out_id[RAND_ID_SIZE], struct err *err)
{
    if (job->text && strlen(job->text) > MAX_JOB_TEXT)
        return err_set(err, VDO_E_TOO_LARGE, "job: its text has more than %lu bytes", MAX_JOB_TEXT);
    return store->ops->job_create(store, job, rows, n_rows, out_id, err);
}

int store_job_get(struct store *store, const char *id, struct job *out, struct err *err)
{
    return store->ops->job_get(store, id, out, err);
}

int store_job_list(struct store *store, const struct job_filter *filter, struct job **out,
                   size_t *out_n, struct err *err)
{
    return store->ops->job_list(store, filter, out, out_n, err);
}

int store_job_lease(struct store *store, const char *node, const char *id, int64_t now_ms,
                    int64_t lease_ms, struct job *out, struct err *err)
{
    return store->ops->job_lease(store, node, id, now_ms, lease_ms, out, err);
}

int store_job_renew(struct store *store, const char *id, int64_t epoch, int64_t until_ms,
                    bool *out_cancel_requested, struct err *err)
{
    return store->ops->job_renew(store, id, epoch, until_ms, out_cancel_requested, err);
}

int store_job_release(struct store *store, const char *id, int64_t epoch,
                      const struct job_update *update, struct err *err)
{
    return store->ops->job_release(store, id, epoch, update, err);
}

int store_job_update(struct store *store, const char *id, int64_t epoch,
                     const struct job_update *update, const struct outbox_row *rows, size_t n_rows,
                     struct err *err)
{
    return store->ops->job_update(store, id, epoch, update, rows, n_rows, err);
}

int store_job_finish(struct store *store, const char *id, int64_t epoch, enum job_state state,
                     const char *headline, const char *reason, const struct outbox_row *rows,
                     size_t n_rows, struct err *err)
{
    assert(job_state_is_final(state));
    return store->ops->job_finish(store, id, epoch, state, headline, reason, rows, n_rows, err);
}

int store_job_cancel(struct store *store, const char *id, const char *reason,
                     const struct outbox_row *rows, size_t n_rows, bool *out_final, struct err *err)
{
    return store->ops->job_cancel(store, id, reason, rows, n_rows, out_final, err);
}

int store_job_retry(struct store *store, const char *id, const struct outbox_row *rows,
                    size_t n_rows, struct err *err)
{
    return store->ops->job_retry(store, id, rows, n_rows, err);
}

int store_job_wake(struct store *store, const char *id, const struct job_update *update,
                   struct err *err)
{
    return store->ops->job_wake(store, id, update, err);
}

int store_job_rate(struct store *store, const char *id, int stars, const char *who, struct err *err)
{
    if (stars < 1 || stars > MAX_STARS)
        return err_set(err, VDO_E_INVALID, "job %s: a rating is a number from 1 to %d", id,
                       MAX_STARS);
    return store->ops->job_rate(store, id, stars, who, err);
}

int store_take_back(struct store *store, const char *node, struct err *err)
{
    return store->ops->take_back(store, node, err);
}

int store_sweep_claims(struct store *store, const char *node, int64_t older_than_ms,
                       struct err *err)
{
    return store->ops->sweep_claims(store, node, older_than_ms, err);
}

int store_step_begin(struct store *store, const char *job_id, int64_t epoch, const char *name,
                     const struct job_update *update, int *out_attempt, struct err *err)
{
    return store->ops->step_begin(store, job_id, epoch, name, update, out_attempt, err);
}

int store_step_finish(struct store *store, const char *job_id, int64_t epoch, const char *name,
                      enum step_state state, const char *output, const char *note,
                      const struct job_update *update, const struct outbox_row *rows, size_t n_rows,
                      struct err *err)
{
    assert(state != STEP_RUNNING);
    if (output && strlen(output) > VDO_MAX_CHECKPOINT)
        return err_set(err, VDO_E_TOO_LARGE, "step %s: its checkpoint has more than %lu bytes",
                       name, VDO_MAX_CHECKPOINT);
    return store->ops->step_finish(store, job_id, epoch, name, state, output, note, update, rows,
                                   n_rows, err);
}

int store_step_list(struct store *store, const char *job_id, struct job_step **out, size_t *out_n,
                    struct err *err)
{
    return store->ops->step_list(store, job_id, out, out_n, err);
}

int store_outbox_add(struct store *store, const struct outbox_row *rows, size_t n_rows,
                     struct err *err)
{
    return store->ops->outbox_add(store, rows, n_rows, err);
}

int store_outbox_claim(struct store *store, const char *node, const char *job_id, int64_t now_ms,
                       struct outbox_row *out, struct err *err)
{
    return store->ops->outbox_claim(store, node, job_id, now_ms, out, err);
}

int store_outbox_done(struct store *store, int64_t seq, const char *result,
                      const struct job_update *update, struct err *err)
{
    return store->ops->outbox_done(store, seq, result, update, err);
}

int store_outbox_retry(struct store *store, int64_t seq, int64_t run_at_ms, bool maybe_sent,
                       const char *reason, struct err *err)
{
    return store->ops->outbox_retry(store, seq, run_at_ms, maybe_sent, reason, err);
}

int store_outbox_park(struct store *store, int64_t seq, const char *result, int64_t hold_until_ms,
                      const struct job_update *update, struct err *err)
{
    return store->ops->outbox_park(store, seq, result, hold_until_ms, update, err);
}

int store_outbox_fail(struct store *store, int64_t seq, const char *reason, struct err *err)
{
    return store->ops->outbox_fail(store, seq, reason, err);
}

int store_outbox_get(struct store *store, const char *id, struct outbox_row *out, struct err *err)
{
    return store->ops->outbox_get(store, id, out, err);
}

int store_outbox_list(struct store *store, const char *job_id, struct outbox_row **out,
                      size_t *out_n, struct err *err)
{
    return store->ops->outbox_list(store, job_id, out, out_n, err);
}

int store_outbox_touch_progress(struct store *store, const char *job_id, int64_t run_at_ms,
                                struct err *err)
{
    return store->ops->outbox_touch_progress(store, job_id, run_at_ms, err);
}

int store_log_add(struct store *store, const char *job_id, const char *step, const char *level,
                  const char *text, struct err *err)
{
    return store->ops->log_add(store, job_id, step, level, text, err);
}

int store_log_list(struct store *store, const char *job_id, int64_t after_seq, int limit,
                   struct job_log **out, size_t *out_n, struct err *err)
{
    limit = clamp_limit(limit, MAX_LOG_LIST);
    return store->ops->log_list(store, job_id, after_seq, limit, out, out_n, err);
}

int store_call_add(struct store *store, const struct model_call *call, int64_t reservation_id,
                   struct err *err)
{
    return store->ops->call_add(store, call, reservation_id, err);
}

int store_call_list(struct store *store, const char *job_id, bool with_bodies,
                    struct model_call **out, size_t *out_n, struct err *err)
{
    return store->ops->call_list(store, job_id, with_bodies, out, out_n, err);
}

int store_call_position(struct store *store, const char *job_id, const char *role,
                        int64_t *out_position, struct err *err)
{
    return store->ops->call_position(store, job_id, role, out_position, err);
}

int store_spend_reserve(struct store *store, const char *job_id, int64_t amount_microusd,
                        const struct spend_limits *limits, int64_t now_ms, int64_t *out_id,
                        const char **out_which, struct spend_totals *out_totals, struct err *err)
{
    assert(amount_microusd >= 0);
    return store->ops->spend_reserve(store, job_id, amount_microusd, limits, now_ms, out_id,
                                     out_which, out_totals, err);
}

int store_spend_release(struct store *store, int64_t reservation_id, struct err *err)
{
    return store->ops->spend_release(store, reservation_id, err);
}

int store_spend_sweep(struct store *store, int64_t older_than_ms, struct err *err)
{
    return store->ops->spend_sweep(store, older_than_ms, err);
}

int store_spend_totals(struct store *store, const char *job_id, int64_t now_ms,
                       struct spend_totals *out, struct err *err)
{
    return store->ops->spend_totals(store, job_id, now_ms, out, err);
}

int store_doc_put(struct store *store, const char *kind, const char *key, const json_t *value,
                  struct err *err)
{
    return store->ops->doc_put(store, kind, key, value, err);
}

int store_doc_get(struct store *store, const char *kind, const char *key, json_t **out,
                  struct err *err)
{
    return store->ops->doc_get(store, kind, key, out, err);
}

int store_doc_delete(struct store *store, const char *kind, const char *key, struct err *err)
{
    return store->ops->doc_delete(store, kind, key, err);
}

int store_doc_list(struct store *store, const char *kind, const char *prefix, json_t **out,
                   struct err *err)
{
    return store->ops->doc_list(store, kind, prefix, out, err);
}

int store_counter_next(struct store *store, const char *name, int64_t *out, struct err *err)
{
    return store->ops->counter_next(store, name, out, err);
}

int store_stats(struct store *store, json_t **out, struct err *err)
{
    return store->ops->stats(store, out, err);
}

int store_prune(struct store *store, int64_t older_than_ms, struct err *err)
{
    return store->ops->prune(store, older_than_ms, err);
}
