#include "vdo/store/records.h"

#include <stdlib.h>
#include <string.h>

static const char *const delivery_names[] = {
    [DELIVERY_PENDING] = "pending",
    [DELIVERY_DONE] = "done",
    [DELIVERY_FAILED] = "failed",
    [DELIVERY_DEAD] = "dead",
};

static const char *const job_names[JOB_STATES] = {
    [JOB_QUEUED] = "queued",
    [JOB_PLANNING] = "planning",
    [JOB_AWAITING_APPROVAL] = "awaiting_approval",
    [JOB_AWAITING_ANSWER] = "awaiting_answer",
    [JOB_BUILDING] = "building",
    [JOB_TESTING] = "testing",
    [JOB_SANDBOXING] = "sandboxing",
    [JOB_REVIEWING] = "reviewing",
    [JOB_DELIVERING] = "delivering",
    [JOB_COMPLETED] = "completed",
    [JOB_FAILED] = "failed",
    [JOB_CANCELLED] = "cancelled",
};

static const char *const step_names[] = {
    [STEP_RUNNING] = "running",
    [STEP_DONE] = "done",
    [STEP_FAILED] = "failed",
    [STEP_SKIPPED] = "skipped",
};

static const char *const outbox_names[] = {
    [OUTBOX_PENDING] = "pending",
    [OUTBOX_SENDING] = "sending",
    [OUTBOX_DONE] = "done",
    [OUTBOX_FAILED] = "failed",
};

const char *delivery_state_name(enum delivery_state state)
{
    return delivery_names[state];
}

const char *job_state_name(enum job_state state)
{
    return job_names[state];
}

const char *step_state_name(enum step_state state)
{
    return step_names[state];
}

const char *outbox_state_name(enum outbox_state state)
{
    return outbox_names[state];
}

bool job_state_parse(const char *name, enum job_state *out)
{
    for (int i = 0; i < JOB_STATES; i++) {
        if (strcmp(job_names[i], name) == 0) {
            *out = (enum job_state)i;
            return true;
        }
    }
    return false;
}

bool job_state_is_final(enum job_state state)
{
    return state == JOB_COMPLETED || state == JOB_FAILED || state == JOB_CANCELLED;
}

bool job_state_is_waiting(enum job_state state)
{
    return state == JOB_QUEUED || state == JOB_AWAITING_APPROVAL || state == JOB_AWAITING_ANSWER;
}

static void free_all(char *const *texts, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free(texts[i]);
}

#define FREE_TEXTS(...) \
    free_all((char *const[]){__VA_ARGS__}, sizeof((char *const[]){__VA_ARGS__}) / sizeof(char *))

void delivery_release(struct delivery *d)
{
    if (!d)
        return;
    if (d->free_parsed)
        d->free_parsed(d->parsed);
    FREE_TEXTS(d->guid, d->event, d->action, d->body, d->repo, d->reason, d->job_id);
    memset(d, 0, sizeof(*d));
}

void job_release(struct job *j)
{
    if (!j)
        return;
    FREE_TEXTS(j->workflow, j->forge, j->repo, j->title, j->text, j->instructions, j->type,
               j->priority, j->requester, j->trigger, j->base_ref, j->step, j->headline, j->reason,
               j->branch, j->base_sha, j->head_sha, j->pr_url, j->approved_by, j->answer,
               j->lease_node);
    memset(j, 0, sizeof(*j));
}

void job_step_release(struct job_step *s)
{
    if (!s)
        return;
    FREE_TEXTS(s->name, s->output, s->note);
    memset(s, 0, sizeof(*s));
}

void outbox_row_release(struct outbox_row *r)
{
    if (!r)
        return;
    FREE_TEXTS(r->job_id, r->delivery, r->forge, r->repo, r->kind, r->payload, r->result,
               r->reason);
    memset(r, 0, sizeof(*r));
}

void job_log_release(struct job_log *l)
{
    if (!l)
        return;
    FREE_TEXTS(l->step, l->level, l->text);
    memset(l, 0, sizeof(*l));
}

void model_call_release(struct model_call *c)
{
    if (!c)
        return;
    FREE_TEXTS(c->job_id, c->step, c->role, c->provider, c->model, c->request, c->response);
    memset(c, 0, sizeof(*c));
}
