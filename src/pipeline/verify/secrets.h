/*
 * secrets: no secret that the change adds is ever pushed. Used inside pipeline only.
 */
#ifndef VDO_PIPELINE_SECRETS_H
#define VDO_PIPELINE_SECRETS_H

#include "../run.h"

/* Diffs over this are not searched to their end, and so not pushed. */
#define SECRETS_MAX_DIFF (64UL * 1024 * 1024)

/* Secrets in what a tree adds to the base: as change_secrets(); new reference. VDO_E_REFUSED when
 * the diff is too large to be searched. */
int secrets_find(struct job_run *run, const char *tree, json_t **out, struct err *err);

/*
 * Where the worktree adds a secret, the builder has one round to take it out again. VDO_E_REFUSED,
 * with its place and kind, when one is left.
 */
int secrets_gate(struct job_run *run, struct err *err);

/* VDO_E_REFUSED when the tree adds a secret: before a push. */
int secrets_refuse(struct job_run *run, const char *tree, struct err *err);

#endif
