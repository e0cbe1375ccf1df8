/*
 * records: the rows that VDO keeps. Plain data; every char * is owned by its struct unless said
 * otherwise.
 *
 * Times are milliseconds since the epoch, UTC; 0 means not yet. Money is micro-dollars. Texts are
 * UTF-8. Release functions take NULL and zeroed structs.
 */
#ifndef VDO_STORE_RECORDS_H
#define VDO_STORE_RECORDS_H

#include "vdo/base/rand.h"
#include "vdo/crypto/crypto.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- deliveries: the inbox ---- */

enum delivery_state { DELIVERY_PENDING, DELIVERY_DONE, DELIVERY_FAILED, DELIVERY_DEAD };
const char *delivery_state_name(enum delivery_state state);

struct delivery {
    int64_t seq; /* order of arrival; cursor of lists */
    char *guid;
    char *event;
    char *action;                 /* "" until parsed */
    char sha256[SHA256_HEX_SIZE]; /* of the body */
    char *body;                   /* raw JSON; NULL in lists, and once it is no longer needed */
    size_t body_len;
    int64_t repo_id; /* 0: none */
    char *repo;      /* "owner/name" or "" */
    int64_t issue;   /* number; 0: none */
    enum delivery_state state;
    char *reason; /* why it ended as it did: "job started", "ignored: label is not ours", ... */
    char *job_id; /* or "" */
    int64_t received_at_ms;
    int64_t run_at_ms; /* not before */
    int attempts;
    /* In memory only, for those who look at the body twice: what it was parsed into. Both NULL, or
     * delivery_release() calls free_parsed(parsed). */
    void *parsed;
    void (*free_parsed)(void *parsed);
};
void delivery_release(struct delivery *delivery);

/* What adding a delivery found. */
enum delivery_add {
    DELIVERY_NEW,       /* stored, pending */
    DELIVERY_AGAIN,     /* same guid, had failed: pending once more */
    DELIVERY_SEEN,      /* same guid, done or under way: nothing to do */
    DELIVERY_SAME_BODY, /* another guid with the body and event of one less than 7 days old:
                           recorded as done */
};

/* ---- jobs ---- */

enum job_state {
    JOB_QUEUED,
    JOB_PLANNING,
    JOB_AWAITING_APPROVAL,
    JOB_AWAITING_ANSWER,
    JOB_BUILDING,
    JOB_TESTING,
    JOB_SANDBOXING,
    JOB_REVIEWING,
    JOB_DELIVERING,
    JOB_COMPLETED,
    JOB_FAILED,
    JOB_CANCELLED,
    JOB_STATES
};
const char *job_state_name(enum job_state state); /* "awaiting_approval" */
bool job_state_parse(const char *name, enum job_state *out);
bool job_state_is_final(enum job_state state);
/* Queued, or waiting for a person: no worker is needed until somebody wakes it. */
bool job_state_is_waiting(enum job_state state);

/*
 * One job. Who fills what: bot at creation (first block); pipeline through job_update (second
 * block); the store (third).
 */
struct job {
    char id[RAND_ID_SIZE];
    char *workflow;          /* "build", "plan" */
    char *forge;             /* "github" or "local" */
    int64_t installation_id; /* 0: none */
    int64_t repo_id;         /* 0 for local directories */
    char *repo;              /* "owner/name", or the directory of a local job */
    int64_t issue;           /* number; 0: none */
    int64_t generation;      /* how many jobs this issue had before */
    char *title;
    char *text; /* issue text as of the trigger, as sent (hidden text is stripped by the snapshot
                   step) */
    char *instructions; /* what stood behind the command, "" otherwise */
    char *type;         /* bugfix feature test docs refactor review; "feature" when not said */
    char *priority;     /* high normal low */
    char *requester;    /* login; "" for local */
    int64_t requester_id;
    char *
        trigger;    /* JSON:
                       {"kind":"label|comment|api|cli","comment_id":n,"delivery":guid,"updated_at":...,
                       "provider":name of the one provider to use, when one was asked for} */
    char *base_ref; /* asked for; "" = the default branch */

    enum job_state state;
    char *step;     /* name of the step under way or last done; "" */
    char *headline; /* one line for people: "building: task 2 of 3", "verified", ... */
    char *reason;   /* why it failed, was cancelled or waits; "" */
    char *branch;
    char *base_sha;
    char *head_sha;
    int64_t pr; /* number; 0: none */
    char *pr_url;
    int64_t comment_id;      /* living comment; 0: none yet */
    char *approved_by;       /* login who approved a waiting plan; "" */
    char *answer;            /* text of /vdo answer or /vdo revise, "" */
    int64_t budget_microusd; /* raised by /vdo budget; 0: the configured limit */

    int64_t seq; /* order of creation; cursor of lists */
    int64_t created_at_ms;
    int64_t started_at_ms;
    int64_t finished_at_ms;
    int64_t run_at_ms;     /* not leased before */
    int64_t cost_microusd; /* settled so far */
    bool cancel_requested;
    char *lease_node; /* "" when free */
    int64_t lease_until_ms;
    int64_t epoch;   /* fencing token: grows with every lease */
    int attempts;    /* leases so far */
    int64_t version; /* grows with every change of the row or its steps: what the living comment is
                        drawn from */
};
void job_release(struct job *job);

/* What to change in a job; NULL and the marked values leave a field as it is. Strings are borrowed.
 */
struct job_update {
    int state; /* enum job_state; -1: leave */
    const char *step;
    const char *headline;
    const char *reason;
    const char *branch;
    const char *base_sha;
    const char *head_sha;
    int64_t pr; /* 0: leave */
    const char *pr_url;
    int64_t comment_id; /* 0: leave */
    int64_t run_at_ms;  /* 0: leave */
    const char *approved_by;
    const char *answer;
    int64_t budget_microusd; /* 0: leave */
};
#define JOB_UPDATE_NONE ((struct job_update){.state = -1})

struct job_filter {
    int state;          /* enum job_state; -1: any */
    bool only_open;     /* not final */
    const char *repo;   /* NULL: any */
    int64_t repo_id;    /* 0: any */
    int64_t issue;      /* 0: any */
    int64_t pr;         /* 0: any */
    int64_t before_seq; /* 0: from the newest; lists go from new to old */
    int limit;          /* 1 .. 200 */
};

/* ---- steps: checkpoints ---- */

enum step_state { STEP_RUNNING, STEP_DONE, STEP_FAILED, STEP_SKIPPED };
const char *step_state_name(enum step_state state);

struct job_step {
    char *name;
    enum step_state state;
    int attempt; /* 1, 2, ...: how often it was begun */
    int64_t started_at_ms;
    int64_t finished_at_ms;
    char *output; /* JSON: the checkpoint; "null" until done */
    char *note;   /* one line for people: "3 tasks", why it failed */
};
void job_step_release(struct job_step *step);

/* ---- outbox: writes to the outside ---- */

enum outbox_state { OUTBOX_PENDING, OUTBOX_SENDING, OUTBOX_DONE, OUTBOX_FAILED };
const char *outbox_state_name(enum outbox_state state);

/*
 * kind       payload                                                       result
 * reaction   {"target":"issue|comment","id":n,"content":"eyes"}            {}
 * comment    {"issue":n,"body":text}                                       {"id":n}
 * progress   {"issue":n}  body is drawn when sent; one row per job         {"id":n,"hash":hex}
 * pull       {"title","body","head","base","draft":bool}                   {"number":n,"url":text}
 * label_remove {"issue":n,"name":text}                                     {}
 */
struct outbox_row {
    int64_t seq;
    char id[RAND_ID_SIZE]; /* the marker: <!-- vdo:<id> --> */
    char *job_id;          /* "" when no job is behind it (a reply to an unknown command) */
    char *delivery;        /* guid that caused it, "" otherwise: one reply per delivery */
    char *forge;
    int64_t installation_id;
    int64_t repo_id;
    char *repo;
    char *kind;
    char *payload; /* JSON */
    enum outbox_state state;
    char *result; /* JSON; "null" until done */
    char *reason; /* why it failed or waits */
    int attempts;
    bool maybe_sent; /* an earlier try may have had its effect: look before sending again */
    int64_t created_at_ms;
    int64_t run_at_ms;
};
void outbox_row_release(struct outbox_row *row);

/* ---- log lines, model calls, money ---- */

struct job_log {
    int64_t seq; /* cursor */
    int64_t at_ms;
    char *step;
    char *level; /* info warn error model tool check */
    char *text;
};
void job_log_release(struct job_log *log);

/* One attempt at a model call, whether it succeeded or not. Texts have been redacted. */
struct model_call {
    int64_t seq;
    char *job_id; /* "" outside jobs */
    char *step;
    int step_attempt;
    char *role;
    char *provider;
    char *model;
    int attempt; /* 1, 2, ... within one call */
    int64_t at_ms;
    int64_t latency_ms;
    char *request;  /* JSON: provider-neutral conversation as sent */
    char *response; /* JSON: provider-neutral result, or {"error":...} */
    bool ok;
    int64_t input_tokens; /* not cached */
    int64_t cache_read_tokens;
    int64_t cache_write_tokens;
    int64_t output_tokens;
    bool estimated; /* usage was not reported */
    int64_t cost_microusd;
};
void model_call_release(struct model_call *call);

struct spend_limits { /* 0: no limit */
    int64_t job_microusd;
    int64_t day_microusd;
    int64_t month_microusd;
    int64_t provider_day_microusd;
    int64_t provider_month_microusd;
    int64_t repo_day_microusd; /* of the job's repository; nothing is counted outside jobs */
    int64_t repo_month_microusd;
    const char *provider; /* whose the provider limits are; NULL: none. Borrowed */
};

struct spend_totals { /* settled and reserved together */
    int64_t job_microusd;
    int64_t day_microusd;
    int64_t month_microusd;
    int64_t provider_day_microusd;
    int64_t provider_month_microusd;
    int64_t repo_day_microusd;
    int64_t repo_month_microusd;
};

#endif
