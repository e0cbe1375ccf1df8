/*
 * jobs: what must happen exactly once although processes die: deliveries heard, jobs run, writes
 * sent.
 *
 *     web/webhook -> jobs_inbox_add -> store -> dispatcher thread -> handler (bot) -> jobs_submit
 *     worker threads: store lease -> runner (pipeline) -> store_step_finish + outbox rows
 *     outbox thread: store claim -> look before resend -> forge -> store_outbox_done
 *     janitor thread: everything that is periodic
 *
 * bot and pipeline are reached through callbacks that app sets. Threads: jobs_start() starts them,
 * jobs_stop() joins them; the other functions from any thread.
 */
#ifndef VDO_JOBS_JOBS_H
#define VDO_JOBS_JOBS_H

#include "vdo/base/clock.h"
#include "vdo/base/err.h"
#include "vdo/bus/bus.h"
#include "vdo/forge/forge.h"
#include "vdo/store/store.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct jobs;

/* ---- callbacks ---- */

/* What a handler decided about a delivery. */
struct delivery_verdict {
    enum delivery_state state; /* DONE or FAILED; DEAD for what can never be understood */
    char reason[256];
    char job_id[RAND_ID_SIZE]; /* "" when none */
    int64_t retry_after_ms;    /* > 0: try again after that long (a forge that was down); state is
                                  ignored */
};
/*
 * Decide on one delivery (bot). describe: fill in delivery's action, repo_id, repo, issue from its
 * body; called first, must not touch the network. handle: the decision. Both on a dispatcher thread
 * with its own forge session.
 */
typedef void (*delivery_describe_fn)(void *arg, struct delivery *delivery);
typedef void (*delivery_handle_fn)(void *arg, struct forge_session *forge,
                                   const struct delivery *delivery, struct delivery_verdict *out);

/* One leased job, as its runner sees it. */
struct job_lease {
    struct job job;              /* as of the lease */
    struct forge_session *forge; /* of this worker */
    const atomic_bool *stop; /* true: cancelled, lease lost, or the process is going down; end soon
                                with VDO_E_CANCELLED */
    bool (*is_cancelled)(const struct job_lease *lease); /* true: a person cancelled; false with
                                                          *stop: shutdown or lost lease */
    /* True: the process is about to stop. Finish the step under way, begin no other, return
     * VDO_E_CANCELLED; *stop follows when the grace time is over. */
    const atomic_bool *draining;
    int worker; /* 0 .. workers-1; jobs_run_now(): the one behind them */
    void *priv; /* of the pool */
};
/*
 * Run a job to a final or waiting state (pipeline). Writes its own states through the store.
 * Returns 0 when the job has been left in a final or waiting state; VDO_E_CANCELLED on *stop;
 * VDO_E_TEMPORARY to be tried again later (the pool sets run_at with back-off); VDO_E_CONFLICT when
 * the lease was lost; any other code: the pool marks the job failed with the text of err.
 */
typedef int (*job_run_fn)(void *arg, struct job_lease *lease, struct err *err);

/* Draw the living comment of a job from the store (report). out is freed by the caller.
 * VDO_E_NOT_FOUND: no such job. */
typedef int (*progress_draw_fn)(void *arg, const char *job_id, char **out, struct err *err);

struct jobs_options {
    struct store *store;
    struct bus *bus;
    struct forge *forge;
    const struct clock *clock;
    const char *data_dir; /* holds node-id */
    unsigned workers;     /* 0: none */
    unsigned dispatchers; /* 0: none */
    bool outbox;          /* run the sender and the janitor */
    delivery_describe_fn describe;
    delivery_handle_fn handle;
    void *delivery_arg;
    job_run_fn run;
    void *run_arg;
    progress_draw_fn draw;
    void *draw_arg;
    void (*tidy)(void *arg); /* NULL, or called by the janitor each hour, and by jobs_run_now():
                                what others keep on disk */
    void *tidy_arg;
    int64_t lease_ms;        /* 0: 60,000; renewed at a third of it */
    int64_t progress_gap_ms; /* 0: 5,000; least time between two edits of one comment */
    int64_t keep_ms;         /* 0: 90 days; older bodies and logs of finished jobs are dropped */
};

/*
 * Reads or makes the node id in data_dir and takes back what this node held. While another process
 * of the same data_dir lives, this one gets an id of its own and takes nothing. No threads yet.
 */
int jobs_new(const struct jobs_options *options, struct jobs **out, struct err *err);
int jobs_start(struct jobs *jobs, struct err *err);
/* Refuse new work, let running steps finish within grace_ms or give their leases back, join. */
void jobs_stop(struct jobs *jobs, int64_t grace_ms);
/* Waits until the store has called back for the deliveries it was given. Before store_close(). */
void jobs_free(struct jobs *jobs);
const char *jobs_node(const struct jobs *jobs); /* node id, borrowed */
/* {"node","workers":4,"busy":1,"deliveries":handled,"runs":n,"sent":n,"failures":n,"last_error":text
 * or null,"last_janitor_ms":time}: failures are those of the threads themselves (a store that could
 * not be written), which nothing else records; new reference. */
json_t *jobs_report(struct jobs *jobs);

/* ---- inbox ---- */

/* store_delivery_add(), and the dispatcher is woken after the commit. */
int jobs_inbox_add(struct jobs *jobs, const struct delivery *delivery, store_added_fn done,
                   void *arg, struct err *err);

/* ---- making and changing jobs ---- */

/* store_job_create() and a wake-up; the progress row and others come from the caller (report makes
 * them). VDO_E_CONFLICT: out_id is the job that is there already. */
int jobs_submit(struct jobs *jobs, struct job *job, const struct outbox_row *rows, size_t n_rows,
                char out_id[RAND_ID_SIZE], struct err *err);
int jobs_cancel(struct jobs *jobs, const char *id, const char *reason, struct err *err);
int jobs_retry(struct jobs *jobs, const char *id, struct err *err);
/* A waiting job goes on: state becomes queued with the update (approved_by, answer, budget).
 * VDO_E_REFUSED unless it waits. */
int jobs_wake(struct jobs *jobs, const char *id, const struct job_update *update, struct err *err);
/* Something of the job changed: publish it live and let the comment be redrawn. */
void jobs_changed(struct jobs *jobs, const char *id);
/* One line of a job's log: store and live event. */
void jobs_log(struct jobs *jobs, const char *id, const char *step, const char *level,
              const char *text);

/*
 * Run one job in the calling thread (vdo run, demo): lease, run, and send its outbox until empty. A
 * run that is to be tried again later is waited for and repeated. Returns the last run's code;
 * VDO_E_NOT_FOUND when the job waits for a person, has ended or runs elsewhere.
 */
int jobs_run_now(struct jobs *jobs, const char *id, struct err *err);

/* ---- outbox ---- */

/* Rows are made by whoever causes them; this fills in the fields every row has from the job. */
void outbox_row_init(struct outbox_row *row, const struct job *job, const char *kind,
                     json_t *payload_taken);
/* The hidden line by which a body is found again: "<!-- vdo:<id> -->". buf of 40 bytes. Returns
 * buf. */
char *outbox_marker(const char *row_id, char *buf, size_t size);
/*
 * Send the due rows of a job now, in this thread, until the given row is finished (row_id NULL:
 * until none is left or one fails). The result of the row is put in out (may be NULL).
 * VDO_E_TEMPORARY when it must wait, VDO_E_REFUSED when it failed for good.
 */
int jobs_outbox_flush(struct jobs *jobs, struct forge_session *forge, const char *job_id,
                      const char *row_id, struct outbox_row *out, struct err *err);

#endif
