/*
 * verification: the checks before and after the change, and the loop in which failures go back to
 * the builder. Used by the steps verify and review.
 */
#ifndef VDO_PIPELINE_VERIFICATION_H
#define VDO_PIPELINE_VERIFICATION_H

#include "agent.h"

/* A builder for mending: it knows the request, the plan and the change so far. Release with
 * agent_release(). */
int mender_init(struct agent *agent, struct job_run *run, struct err *err);

/* Run the checks on a copy of the base commit: as checks_run(). New reference. */
int verification_before(struct job_run *run, const json_t *checks, json_t **out, struct err *err);

/*
 * Run the checks on a copy of the worktree and join them with what they were before:
 * [{"name","run","before","after","output"}]. New reference.
 */
int verification_after(struct job_run *run, const json_t *checks, const json_t *before,
                       json_t **out, struct err *err);

/* Does a joined list hold a check that ran and failed after the change? */
bool verification_failing(const json_t *joined);

#endif
