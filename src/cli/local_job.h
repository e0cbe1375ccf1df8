/*
 * local_job: one job on a local git repository, from a text to a branch. Used by `vdo run` and `vdo
 * demo`.
 */
#ifndef VDO_CLI_LOCAL_JOB_H
#define VDO_CLI_LOCAL_JOB_H

#include "vdo/app/app.h"
#include "vdo/store/records.h"

#include <stdbool.h>

#include <jansson.h>

struct local_job {
    const char *dir;  /* repository */
    const char *base; /* NULL: its current branch */
    const char *text; /* Markdown; its first line is the title */
    const char *type; /* of the job; NULL: feature */
    bool quiet;       /* no progress lines on standard error */
    int *caught; /* NULL: signals are the caller's; else set to the one that cancelled the job, 0:
                  * none did; local_job_signals() was called before */
};

/* Block the signals that cancel a job (SIGINT, SIGTERM, SIGHUP; not those that are ignored), in
 * this thread and those it starts. Before app_new(). */
void local_job_signals(void);

/*
 * Make the job and run it to its end in this thread. A signal cancels it, a second one ends the
 * process at once. out is released with job_release() after 0.
 * Returns 0 whatever the job came to (look at out->state); VDO_E_INVALID for input that makes no
 * job; others when it could not be run.
 */
int local_job_run(struct app *app, const struct local_job *spec, struct job *out, struct err *err);

/* What `vdo run --json` prints; new reference. */
json_t *local_job_json(struct app *app, const struct job *job);

/* The verdict table and what changed, for people, on standard output. */
void local_job_print(struct app *app, const struct job *job);

/* 0 completed, 3 stopped at a limit, 1 anything else. */
int local_job_exit_code(const struct job *job);

#endif
