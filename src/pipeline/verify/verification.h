/*
 * verification: the checks before and after the change, and the loop in which failures go back to
 * the builder. Used by the steps verify and review.
 */
#ifndef VDO_PIPELINE_VERIFICATION_H
#define VDO_PIPELINE_VERIFICATION_H

#include "../agent/agent.h"

/* What the runs of a job's checks gave. Zero is a good start; release when done. */
struct verification {
    json_t *base;   /* for each check {"before": run, "again": run or null}, as checks_run() */
    json_t *head;   /* the run of each check after the change */
    json_t *joined; /* what the verify checkpoint holds of each (compare.h) */
    int rounds;     /* in which the builder was asked to mend */
    char *said;     /* how the builder ended the last of them; NULL: there was none */
};
void verification_release(struct verification *v);

/* Run the checks on a copy of the base commit, failing ones twice. What they gave is kept in the
 * store for later steps. */
int verification_before(struct job_run *run, struct verification *v, struct err *err);
/* What they gave in an earlier step; where that is not known, they are run. */
int verification_recall(struct job_run *run, struct verification *v, struct err *err);
/* Run the checks on a copy of the worktree, newly failing ones twice; head and joined are replaced.
 */
int verification_after(struct job_run *run, struct verification *v, struct err *err);
/*
 * Failures go to the builder until none is left that it can be blamed for, limits.fix_rounds are
 * used up, or a round changes nothing. A builder that cannot go on leaves the checks failing, which
 * the verdict shows; it does not end the job.
 */
int verification_mend(struct job_run *run, struct verification *v, struct err *err);

/* Does a joined list hold a check that failed after the change, or can no longer be run? */
bool verification_failing(const json_t *joined);

/* A builder for mending: it knows the request, the plan and the change so far. Release with
 * agent_release(). */
int mender_init(struct agent *agent, struct job_run *run, struct err *err);

#endif
