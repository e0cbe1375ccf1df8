/*
 * rows: records read from and written to the tables, and the small changes that several subjects
 * share inside one transaction. Threads: those of the connection.
 */
#ifndef VDO_STORE_SQLITE_ROWS_H
#define VDO_STORE_SQLITE_ROWS_H

#include "lite.h"

#define DELIVERY_COLUMNS                                                                          \
    "d.seq, d.guid, d.event, d.action, d.sha256, d.repo_id, d.repo, d.issue, d.state, d.reason, " \
    "d.job_id, d.received_at_ms, d.run_at_ms, d.attempts"
/* The current row into a zeroed struct; no body. */
void read_delivery(struct sqldb_stmt *stmt, struct delivery *out);

#define JOB_COLUMNS                                                                               \
    "seq, id, workflow, forge, installation_id, repo_id, repo, issue, generation, title, text, "  \
    "instructions, type, priority, requester, requester_id, trigger, base_ref, state, step, "     \
    "headline, reason, branch, base_sha, head_sha, pr, pr_url, comment_id, approved_by, answer, " \
    "budget_microusd, created_at_ms, started_at_ms, finished_at_ms, run_at_ms, cost_microusd, "   \
    "cancel_requested, lease_node, lease_until_ms, epoch, attempts, version"
void read_job(struct sqldb_stmt *stmt, struct job *out);
/* VDO_E_NOT_FOUND with a text that names the job. */
int load_job(struct conn *c, const char *id, struct job *out, struct err *err);

#define OUTBOX_COLUMNS                                                                         \
    "seq, id, job_id, delivery, forge, installation_id, repo_id, repo, kind, payload, state, " \
    "result, reason, attempts, maybe_sent, created_at_ms, run_at_ms"
void read_outbox_row(struct sqldb_stmt *stmt, struct outbox_row *out);

/* Insert rows; job_id (or "") for those that name no job. now_ms where a row says 0. */
int add_outbox_rows(struct conn *c, const struct outbox_row *rows, size_t n, const char *job_id,
                    int64_t now_ms, struct err *err);

/*
 * Apply an update (NULL: none) to a job and raise its version. epoch >= 0: only while the lease of
 * that epoch is held: VDO_E_CONFLICT; -1: whoever holds it. VDO_E_NOT_FOUND: no such job.
 */
int change_job(struct conn *c, const char *id, int64_t epoch, const struct job_update *update,
               struct err *err);
/* Make the progress row of a job due. */
int touch_progress(struct conn *c, const char *job_id, int64_t run_at_ms, struct err *err);

/* A growing array of records. */
struct list {
    void *items;
    size_t n;
    size_t size; /* of one record */
};
/* A zeroed record at its end; valid until the next. */
void *list_add(struct list *list);
/* Release every record and free. */
void list_free(struct list *list, void (*release)(void *record));

#endif
