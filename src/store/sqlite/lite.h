/*
 * lite: the store on one SQLite file: one writer thread, a pool of readers.
 *
 * Writing: a closure is put into the writer's queue; the writer runs many of them in one
 * transaction, each in a savepoint of its own, and commits once with fsync (group commit). The
 * caller is told after the commit. A closure must not keep pointers into the connection and must be
 * fit to fail. Reading: a connection of the pool, in a transaction of its own.
 *
 * Measured before building (tools and numbers in docs/architecture.md): one writer with group
 * commit is fair and several times faster than many writers that wait for SQLite's lock.
 */
#ifndef VDO_STORE_SQLITE_LITE_H
#define VDO_STORE_SQLITE_LITE_H

#include "../backend.h"
#include "conn.h"

typedef int (*conn_fn)(struct conn *c, void *arg, struct err *err);

/* ---- the writer ---- */

/*
 * One closure in the queue. done is called on the writer thread after the commit (or the failure),
 * rc and failure filled in; it may free the op.
 */
struct write_op {
    struct write_op *next;
    conn_fn fn;
    void *arg;
    size_t cost; /* bytes it brings */
    int rc;
    struct err failure;
    void (*done)(struct write_op *op);
};

/* checkpoint.c: moves the WAL into the file beside the writer. */
struct checkpointer;
int checkpointer_start(const char *path, struct checkpointer **out, struct err *err);
void checkpointer_stop(struct checkpointer *checkpointer);
/* On the writer thread, between two transactions. */
void checkpointer_after_commit(struct checkpointer *checkpointer, struct conn *writer);

struct writer;
int writer_start(struct conn *conn, struct checkpointer *checkpointer, struct writer **out,
                 struct err *err);
/* What is queued is still written. Frees; the connection stays. */
void writer_stop(struct writer *writer);
/* VDO_E_TEMPORARY when too much waits; op is then the caller's. */
int writer_submit(struct writer *writer, struct write_op *op, struct err *err);
/* The same for callers that wait: their number bounds what they queue, so they are never refused.
 */
int writer_run(struct writer *writer, conn_fn fn, void *arg, struct err *err);

/* ---- the pool of readers ---- */

struct readers;
struct readers *readers_new(const char *path);
void readers_free(struct readers *readers);
int readers_take(struct readers *readers, struct conn **out, struct err *err);
void readers_give(struct readers *readers, struct conn *conn);

/* ---- the store ---- */

struct lite {
    struct store store; /* first */
    struct conn *write_conn;
    struct checkpointer *checkpointer;
    struct writer *writer;
    struct readers *readers;
};

static inline struct lite *lite_of(struct store *store)
{
    return (struct lite *)(void *)store;
}

int lite_write(struct store *store, conn_fn fn, void *arg, struct err *err);
int lite_read(struct store *store, conn_fn fn, void *arg, struct err *err);
int64_t lite_now_ms(const struct store *store);

/* Bring the schema up to what this program knows. */
int lite_migrate(struct conn *conn, const char *path, struct err *err);

/* ---- the functions of backend.h, by subject ---- */

/* deliveries.c, delivery_add.c */
int lite_delivery_add(struct store *store, const struct delivery *delivery, store_added_fn done,
                      void *arg, struct err *err);
int lite_delivery_describe(struct store *store, const struct delivery *delivery, struct err *err);
int lite_delivery_claim(struct store *store, const char *node, int64_t now_ms, struct delivery *out,
                        struct err *err);
int lite_delivery_claim_some(struct store *store, const char *node, int64_t now_ms, size_t most,
                             struct delivery *out, size_t *out_n, struct err *err);
int lite_delivery_describe_some(struct store *store, const struct delivery *deliveries, size_t n,
                                bool *out_free, struct err *err);
int lite_delivery_end_some(struct store *store, const struct delivery_ending *endings, size_t n,
                           struct err *err);
int lite_delivery_finish(struct store *store, int64_t seq, enum delivery_state state,
                         const char *reason, const char *job_id, struct err *err);
int lite_delivery_retry(struct store *store, int64_t seq, int64_t run_at_ms, const char *reason,
                        struct err *err);
int lite_delivery_get(struct store *store, const char *guid, struct delivery *out, struct err *err);
int lite_delivery_list(struct store *store, const char *guid, int state, int64_t before_seq,
                       int limit, struct delivery **out, size_t *out_n, struct err *err);
int lite_delivery_redo(struct store *store, const char *guid, struct err *err);

/* jobs.c, job_lease.c, job_change.c */
int lite_job_create(struct store *store, struct job *job, const struct outbox_row *rows,
                    size_t n_rows, char out_id[RAND_ID_SIZE], struct err *err);
int lite_job_get(struct store *store, const char *id, struct job *out, struct err *err);
int lite_job_list(struct store *store, const struct job_filter *filter, struct job **out,
                  size_t *out_n, struct err *err);
int lite_job_lease(struct store *store, const char *node, const char *id, int64_t now_ms,
                   int64_t lease_ms, struct job *out, struct err *err);
int lite_job_renew(struct store *store, const char *id, int64_t epoch, int64_t until_ms,
                   bool *out_cancel_requested, struct err *err);
int lite_job_release(struct store *store, const char *id, int64_t epoch,
                     const struct job_update *update, struct err *err);
int lite_job_update(struct store *store, const char *id, int64_t epoch,
                    const struct job_update *update, const struct outbox_row *rows, size_t n_rows,
                    struct err *err);
int lite_job_finish(struct store *store, const char *id, int64_t epoch, enum job_state state,
                    const char *headline, const char *reason, const struct outbox_row *rows,
                    size_t n_rows, struct err *err);
int lite_job_cancel(struct store *store, const char *id, const char *reason,
                    const struct outbox_row *rows, size_t n_rows, bool *out_final, struct err *err);
int lite_job_retry(struct store *store, const char *id, const struct outbox_row *rows,
                   size_t n_rows, struct err *err);
int lite_job_wake(struct store *store, const char *id, const struct job_update *update,
                  struct err *err);
int lite_job_rate(struct store *store, const char *id, int stars, const char *who, struct err *err);
int lite_take_back(struct store *store, const char *node, struct err *err);
int lite_sweep_claims(struct store *store, const char *node, int64_t older_than_ms,
                      struct err *err);

/* steps.c */
int lite_step_begin(struct store *store, const char *job_id, int64_t epoch, const char *name,
                    const struct job_update *update, int *out_attempt, struct err *err);
int lite_step_finish(struct store *store, const char *job_id, int64_t epoch, const char *name,
                     enum step_state state, const char *output, const char *note,
                     const struct job_update *update, const struct outbox_row *rows, size_t n_rows,
                     struct err *err);
int lite_step_list(struct store *store, const char *job_id, struct job_step **out, size_t *out_n,
                   struct err *err);

/* outbox.c */
int lite_outbox_add(struct store *store, const struct outbox_row *rows, size_t n_rows,
                    struct err *err);
int lite_outbox_claim(struct store *store, const char *node, const char *job_id, int64_t now_ms,
                      struct outbox_row *out, struct err *err);
int lite_outbox_done(struct store *store, int64_t seq, const char *result,
                     const struct job_update *update, struct err *err);
int lite_outbox_retry(struct store *store, int64_t seq, int64_t run_at_ms, bool maybe_sent,
                      const char *reason, struct err *err);
int lite_outbox_park(struct store *store, int64_t seq, const char *result, int64_t hold_until_ms,
                     const struct job_update *update, struct err *err);
int lite_outbox_fail(struct store *store, int64_t seq, const char *reason, struct err *err);
int lite_outbox_get(struct store *store, const char *id, struct outbox_row *out, struct err *err);
int lite_outbox_list(struct store *store, const char *job_id, struct outbox_row **out,
                     size_t *out_n, struct err *err);
int lite_outbox_touch_progress(struct store *store, const char *job_id, int64_t run_at_ms,
                               struct err *err);

/* logs.c */
int lite_log_add(struct store *store, const char *job_id, const char *step, const char *level,
                 const char *text, struct err *err);
int lite_log_list(struct store *store, const char *job_id, int64_t after_seq, int limit,
                  struct job_log **out, size_t *out_n, struct err *err);

/* calls.c */
int lite_call_add(struct store *store, const struct model_call *call, int64_t reservation_id,
                  struct err *err);
int lite_call_list(struct store *store, const char *job_id, bool with_bodies,
                   struct model_call **out, size_t *out_n, struct err *err);
int lite_call_position(struct store *store, const char *job_id, const char *role,
                       int64_t *out_position, struct err *err);

/* spend.c */
int lite_spend_reserve(struct store *store, const char *job_id, int64_t amount_microusd,
                       const struct spend_limits *limits, int64_t now_ms, int64_t *out_id,
                       const char **out_which, struct spend_totals *out_totals, struct err *err);
int lite_spend_release(struct store *store, int64_t reservation_id, struct err *err);
int lite_spend_sweep(struct store *store, int64_t older_than_ms, struct err *err);
int lite_spend_totals(struct store *store, const char *job_id, int64_t now_ms,
                      struct spend_totals *out, struct err *err);

/* docs.c */
int lite_doc_put(struct store *store, const char *kind, const char *key, const json_t *value,
                 struct err *err);
int lite_doc_get(struct store *store, const char *kind, const char *key, json_t **out,
                 struct err *err);
int lite_doc_delete(struct store *store, const char *kind, const char *key, struct err *err);
int lite_doc_list(struct store *store, const char *kind, const char *prefix, json_t **out,
                  struct err *err);
int lite_counter_next(struct store *store, const char *name, int64_t *out, struct err *err);

/* stats.c, prune.c */
int lite_stats(struct store *store, json_t **out, struct err *err);
int lite_prune(struct store *store, int64_t older_than_ms, struct err *err);

#endif
