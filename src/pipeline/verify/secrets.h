/*
 * secrets: no secret that the change adds is ever pushed. Used inside pipeline only.
 */
#ifndef VDO_PIPELINE_SECRETS_H
#define VDO_PIPELINE_SECRETS_H

#include "../run.h"

/*
 * Where the worktree adds a secret, the builder has one round to take it out again. VDO_E_REFUSED,
 * with its place and kind, when one is left; run->failed holds the verdict then.
 */
int secrets_gate(struct job_run *run, struct err *err);

/* VDO_E_REFUSED when the tree adds a secret, as in secrets_gate(): before a push. */
int secrets_refuse(struct job_run *run, const char *tree, struct err *err);

#endif
