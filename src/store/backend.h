/*
 * backend: the struct of functions behind store/store.h.
 *
 * A backend puts struct store first in its own struct. store.c chooses it by the scheme of the URL
 * and checks caps and ranges that hold for every backend, so that a backend sees only arguments
 * that are allowed. What each function means, its codes and who frees what stands in store.h.
 */
#ifndef VDO_STORE_BACKEND_H
#define VDO_STORE_BACKEND_H

#include "vdo/store/store.h"

struct store_ops {
    void (*close)(struct store *store);
    int (*ping)(struct store *store, struct err *err);
    int (*delivery_add)(struct store *store, const struct delivery *delivery, store_added_fn done,
                        void *arg, struct err *err);
    int (*delivery_describe)(struct store *store, const struct delivery *delivery, struct err *err);
    int (*delivery_claim)(struct store *store, const char *node, int64_t now_ms,
                          struct delivery *out, struct err *err);
    int (*delivery_claim_some)(struct store *store, const char *node, int64_t now_ms, size_t most,
                               struct delivery *out, size_t *out_n, struct err *err);
    int (*delivery_describe_some)(struct store *store, const struct delivery *deliveries, size_t n,
                                  bool *out_free, struct err *err);
    int (*delivery_end_some)(struct store *store, const struct delivery_ending *endings, size_t n,
                             struct err *err);
    int (*delivery_finish)(struct store *store, int64_t seq, enum delivery_state state,
                           const char *reason, const char *job_id, struct err *err);
    int (*delivery_retry)(struct store *store, int64_t seq, int64_t run_at_ms, const char *reason,
                          struct err *err);
    int (*delivery_get)(struct store *store, const char *guid, struct delivery *out,
                        struct err *err);
    int (*delivery_list)(struct store *store, const char *guid, int state, int64_t before_seq,
                         int limit, struct delivery **out, size_t *out_n, struct err *err);
    int (*delivery_redo)(struct store *store, const char *guid, struct err *err);
    int (*job_create)(struct store *store, struct job *job, const struct outbox_row *rows,
                      size_t n_rows, char out_id[RAND_ID_SIZE], struct err *err);
    int (*job_get)(struct store *store, const char *id, struct job *out, struct err *err);
    int (*job_list)(struct store *store, const struct job_filter *filter, struct job **out,
                    size_t *out_n, struct err *err);
    int (*job_lease)(struct store *store, const char *node, const char *id, int64_t now_ms,
                     int64_t lease_ms, struct job *out, struct err *err);
    int (*job_renew)(struct store *store, const char *id, int64_t epoch, int64_t until_ms,
                     bool *out_cancel_requested, struct err *err);
    int (*job_release)(struct store *store, const char *id, int64_t epoch,
                       const struct job_update *update, struct err *err);
    int (*job_update)(struct store *store, const char *id, int64_t epoch,
                      const struct job_update *update, const struct outbox_row *rows, size_t n_rows,
                      struct err *err);
    int (*job_finish)(struct store *store, const char *id, int64_t epoch, enum job_state state,
                      const char *headline, const char *reason, const struct outbox_row *rows,
                      size_t n_rows, struct err *err);
    int (*job_cancel)(struct store *store, const char *id, const char *reason,
                      const struct outbox_row *rows, size_t n_rows, bool *out_final,
                      struct err *err);
    int (*job_retry)(struct store *store, const char *id, const struct outbox_row *rows,
                     size_t n_rows, struct err *err);
    int (*job_wake)(struct store *store, const char *id, const struct job_update *update,
                    struct err *err);
    int (*job_rate)(struct store *store, const char *id, int stars, const char *who,
                    struct err *err);
    int (*take_back)(struct store *store, const char *node, struct err *err);
    int (*sweep_claims)(struct store *store, const char *node, int64_t older_than_ms,
                        struct err *err);
    int (*step_begin)(struct store *store, const char *job_id, int64_t epoch, const char *name,
                      const struct job_update *update, int *out_attempt, struct err *err);
    int (*step_finish)(struct store *store, const char *job_id, int64_t epoch, const char *name,
                       enum step_state state, const char *output, const char *note,
                       const struct job_update *update, const struct outbox_row *rows,
                       size_t n_rows, struct err *err);
    int (*step_list)(struct store *store, const char *job_id, struct job_step **out, size_t *out_n,
                     struct err *err);
    int (*outbox_add)(struct store *store, const struct outbox_row *rows, size_t n_rows,
                      struct err *err);
    int (*outbox_claim)(struct store *store, const char *node, const char *job_id, int64_t now_ms,
                        struct outbox_row *out, struct err *err);
    int (*outbox_done)(struct store *store, int64_t seq, const char *result,
                       const struct job_update *update, struct err *err);
    int (*outbox_retry)(struct store *store, int64_t seq, int64_t run_at_ms, bool maybe_sent,
                        const char *reason, struct err *err);
    int (*outbox_park)(struct store *store, int64_t seq, const char *result, int64_t hold_until_ms,
                       const struct job_update *update, struct err *err);
    int (*outbox_fail)(struct store *store, int64_t seq, const char *reason, struct err *err);
    int (*outbox_get)(struct store *store, const char *id, struct outbox_row *out, struct err *err);
    int (*outbox_list)(struct store *store, const char *job_id, struct outbox_row **out,
                       size_t *out_n, struct err *err);
    int (*outbox_touch_progress)(struct store *store, const char *job_id, int64_t run_at_ms,
                                 struct err *err);
    int (*log_add)(struct store *store, const char *job_id, const char *step, const char *level,
                   const char *text, struct err *err);
    int (*log_list)(struct store *store, const char *job_id, int64_t after_seq, int limit,
                    struct job_log **out, size_t *out_n, struct err *err);
    int (*call_add)(struct store *store, const struct model_call *call, int64_t reservation_id,
                    struct err *err);
    int (*call_list)(struct store *store, const char *job_id, bool with_bodies,
                     struct model_call **out, size_t *out_n, struct err *err);
    int (*call_position)(struct store *store, const char *job_id, const char *role,
                         int64_t *out_position, struct err *err);
    int (*spend_reserve)(struct store *store, const char *job_id, int64_t amount_microusd,
                         const struct spend_limits *limits, int64_t now_ms, int64_t *out_id,
                         const char **out_which, struct spend_totals *out_totals, struct err *err);
    int (*spend_release)(struct store *store, int64_t reservation_id, struct err *err);
    int (*spend_sweep)(struct store *store, int64_t older_than_ms, struct err *err);
    int (*spend_totals)(struct store *store, const char *job_id, int64_t now_ms,
                        struct spend_totals *out, struct err *err);
    int (*doc_put)(struct store *store, const char *kind, const char *key, const json_t *value,
                   struct err *err);
    int (*doc_get)(struct store *store, const char *kind, const char *key, json_t **out,
                   struct err *err);
    int (*doc_delete)(struct store *store, const char *kind, const char *key, struct err *err);
    int (*doc_list)(struct store *store, const char *kind, const char *prefix, json_t **out,
                    struct err *err);
    int (*counter_next)(struct store *store, const char *name, int64_t *out, struct err *err);
    int (*stats)(struct store *store, json_t **out, struct err *err);
    int (*prune)(struct store *store, int64_t older_than_ms, struct err *err);
};

struct store {
    const struct store_ops *ops;
    const struct clock *clock;
};

/* path: what stands behind "sqlite:". */
int sqlite_store_open(const char *path, const struct clock *clock, struct store **out,
                      struct err *err);

#endif
