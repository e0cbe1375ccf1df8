/*
 * room: what the files of jobs share. Locks are held for looking and noting only; the store, the
 * forge and callbacks are called without them.
 */
#ifndef VDO_JOBS_ROOM_H
#define VDO_JOBS_ROOM_H

#include "vdo/jobs/jobs.h"

#include <pthread.h>
#include <time.h>

/* How long a thread sleeps at most before it looks for what has become due. */
enum { POLL_MS = 1000 };

/* One running job: what the renewer, jobs_cancel() and jobs_stop() need to reach its worker. */
struct slot {
    struct jobs *jobs;
    int number;
    atomic_bool stop;
    pthread_mutex_t lock; /* guards the members below */
    bool busy;
    bool cancelled;
    char job_id[RAND_ID_SIZE];
    int64_t epoch;
    int64_t until_ms; /* of the lease */
};

struct jobs {
    struct jobs_options o;
    char *node;
    int node_fd; /* holds the lock on node-id; -1: another process has it */

    struct slot *slots; /* o.workers + 1: the last is jobs_run_now()'s */
    pthread_t *threads;
    size_t n_threads;
    pthread_t renewer;
    bool renewing;

    atomic_bool draining; /* no new work */
    atomic_bool stopping; /* forge calls of dispatchers and the sender end */

    pthread_mutex_t lock; /* guards the members below */
    pthread_cond_t changed;
    bool describing; /* a dispatcher is between claim and describe */
    bool renewer_stop;
    unsigned working;     /* worker and dispatcher threads that have not ended */
    unsigned adding;      /* deliveries that are with the store, which will call back */
    unsigned adding_most; /* at once, since a dispatcher last looked */
    int64_t last_janitor_ms;
    uint64_t handled;
    uint64_t runs;
    uint64_t sent;
    uint64_t failures;
    char last_error[512];
};

static inline int64_t jobs_now(const struct jobs *jobs)
{
    return clock_now_ms(jobs->o.clock);
}

/* retry.c: when something has failed */

/* Note a failure of a thread itself. */
void note_failure(struct jobs *jobs, const char *where, const struct err *err);
/* How long to wait after the nth attempt: first_ms, three times as long each time, at most most_ms,
 * and up to a quarter of it more by chance. */
int64_t backoff_ms(int64_t first_ms, int64_t most_ms, int attempts);
/* Sleep, until ms have passed or jobs_stop() says that it is enough. */
void pause_ms(struct jobs *jobs, int64_t ms);
/* A deadline for pthread_cond_timedwait() on jobs->changed. */
struct timespec deadline_in(int64_t ms);

/* slot.c */

/* A worker has taken up a job. */
void slot_occupy(struct slot *slot, const struct job *job);
void slot_vacate(struct slot *slot);
bool slot_was_cancelled(const struct job_lease *lease);
/* Tell the worker of a job that a person has cancelled it. */
void cancel_slot(struct jobs *jobs, const char *id);

/* node.c */
int node_open(struct jobs *jobs, struct err *err);
void node_close(struct jobs *jobs);

/* threads */
void *dispatcher_main(void *jobs);
void *worker_main(void *slot);
void *renewer_main(void *jobs);
void *sender_main(void *jobs);
void *janitor_main(void *jobs);
/* The renewer, when it does not run yet. */
int start_renewer(struct jobs *jobs, struct err *err);

/* worker.c: run one leased job to the end of the lease. Returns the runner's code. */
int run_leased(struct slot *slot, struct forge_session *forge, struct job *job, struct err *err);

/* outbox.c: send what is due within ahead_ms; otherwise as jobs_outbox_flush(). */
int flush_outbox(struct jobs *jobs, struct forge_session *forge, const char *job_id,
                 const char *row_id, int64_t ahead_ms, struct outbox_row *out, struct err *err);

/* ---- sending ---- */

enum verdict { SENT, RESTING, LATER, NEVER };

/* What became of one try. */
struct attempt {
    enum verdict verdict;
    json_t *result;           /* SENT, RESTING */
    struct job_update update; /* SENT, RESTING */
    bool has_update;
    char pr_url[512];
    bool maybe_sent;       /* LATER */
    int64_t wait_ms;       /* LATER: what the forge asked for */
    int64_t hold_until_ms; /* RESTING */
    char reason[512];      /* LATER, NEVER */
};

/* A failed call to the forge as a verdict. */
void judge(struct attempt *attempt, struct forge_session *forge, int rc, bool maybe_sent,
           const struct err *err);
/* Any row but the living comment; that has a file of its own. */
void send_plain(struct forge_session *forge, const struct outbox_row *row, struct attempt *out);
void send_progress(struct jobs *jobs, struct forge_session *forge, const struct outbox_row *row,
                   struct attempt *out);
/* The body with the row's marker below it; free with free(). */
char *body_with_marker(const char *body, const struct outbox_row *row);
/* The id of our comment that carries the row's marker, 0 when there is none. */
int find_sent_comment(struct forge_session *forge, const struct outbox_row *row, int64_t issue,
                      int64_t *out_id, struct err *err);
struct forge_repo row_repo(const struct outbox_row *row);
/* Send a claimed row and record what became of it. */
void send_row(struct jobs *jobs, struct forge_session *forge, struct outbox_row *row);

/* change.c: the live event of a job. */
void publish_job(struct jobs *jobs, const char *id);

#endif
