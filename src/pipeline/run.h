/*
 * run: one job on its way through its workflow, as the steps see it. Used inside pipeline only.
 *
 * Steps read earlier checkpoints from `out`, open what they need of the workspace (opened at its
 * first use, so that a resumed job opens only what is left to do), and leave their checkpoint in
 * `result`. Threads: one run belongs to one worker thread.
 */
#ifndef VDO_PIPELINE_RUN_H
#define VDO_PIPELINE_RUN_H

#include "vdo/code/index.h"
#include "vdo/config/repo_config.h"
#include "vdo/gitrepo/gitrepo.h"
#include "vdo/pipeline/pipeline.h"

struct pipeline {
    struct pipeline_options o;
    struct jobs *jobs;
    struct replay *replay; /* commands are not run but read from this record; NULL: run */
};

struct layer;
struct tree_slot;

enum runs_on {
    RUNS_ON_CHANGE, /* a copy of the worktree, or of the base with the change's tests */
    RUNS_ON_BASE,
    RUNS_ON_SETUP /* setup commands, on whatever copy: a kept layer may have spared some */
};

enum { RUN_NOTE_SIZE = 240 };

struct job_run {
    struct pipeline *p;
    struct job_lease *lease;
    const struct job *job;
    json_t *out;      /* {step: checkpoint} of finished steps */
    const char *step; /* under way */
    int attempt;
    struct model_session *model;
    struct config_limits limits; /* what holds for this job, once the repository's are known */
    int64_t turns;               /* model calls of the job so far */
    int64_t output_tokens;
    int64_t deadline_ms;  /* wall time of the job, clock_now_ms */
    int commands;         /* run by the step so far */
    enum runs_on runs_on; /* what the commands under way run on */
    json_t *network;      /* see network.h; NULL: nothing yet */
    bool network_unseen;

    /* left by the step */
    json_t *result;
    json_t *so_far; /* members of its checkpoint that are known already; NULL: none */
    json_t *failed; /* what it leaves when it fails: see refusal_describe(); NULL: nothing */
    char note[RUN_NOTE_SIZE];
    int wait_state; /* enum job_state the job waits in; -1: it goes on */
    char wait_headline[RUN_NOTE_SIZE];

    /* workspace: see workspace.h */
    char *key;   /* names the repository's folders in data_dir */
    char *place; /* see workspace_place(); NULL: not asked for yet */
    struct mirror *mirror;
    struct tree_slot *tree_slot; /* where tree is; NULL: not opened yet */
    struct worktree *tree;
    struct code_index *index;
    json_t *overlaid; /* paths of which the index holds what the worktree had */
    struct repo_config *repo_config;
    json_t *submodules;  /* see protected_paths.h; NULL: not looked yet */
    char *image;         /* see devcontainer.h; NULL: not looked yet */
    struct layer *layer; /* see setup.h; NULL: none is in use */
    json_t *set_up;      /* copies that were set up: see setup_private.h */
};

typedef int (*step_fn)(struct job_run *run, struct err *err);

int step_snapshot(struct job_run *run, struct err *err);
int step_checkout(struct job_run *run, struct err *err);
int step_survey(struct job_run *run, struct err *err);
int step_refine(struct job_run *run, struct err *err);
int step_plan(struct job_run *run, struct err *err);
int step_approve(struct job_run *run, struct err *err);
int step_build(struct job_run *run, struct err *err);
int step_test(struct job_run *run, struct err *err);
int step_verify(struct job_run *run, struct err *err);
int step_review(struct job_run *run, struct err *err);
int step_deliver(struct job_run *run, struct err *err);
/* NULL when there is no step of that name. */
step_fn step_find(const char *name);

/* One line of the job's log, of the step under way. level: info warn error model tool check. */
void run_log(struct job_run *run, const char *level, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Change the job's headline while a step works. */
int run_headline(struct job_run *run, struct err *err, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* A member of the checkpoint under way, for the verdict of a job that ends in this step. */
void run_so_far(struct job_run *run, const char *name, json_t *value);
void run_note(struct job_run *run, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* VDO_E_CANCELLED when the lease says stop; VDO_E_LIMIT when the job's wall time is used up. */
int run_has_time(struct job_run *run, struct err *err);
/* The same, before a model is asked: VDO_E_LIMIT also when wall time, turns or output tokens are
 * used up. */
int run_may_go_on(struct job_run *run, struct err *err);
/* A text out of a checkpoint: run_str(run, "plan.summary"); "" when missing. */
const char *run_str(const struct job_run *run, const char *path);
/* The tree (or base commit) as the last finished step that changes files left it. Borrowed. */
const char *run_tree_oid(const struct job_run *run);
bool run_is_github(const struct job_run *run);
struct forge_repo run_repo(const struct job_run *run);

#endif
