/*
 * secrets: no secret that the change adds is ever pushed. Used inside pipeline only.
 */
#ifndef VDO_PIPELINE_SECRETS_H
#define VDO_PIPELINE_SECRETS_H

#include "../run.h"

/* Diffs and binary files over this are not searched to their end, and so not pushed. */
#define SECRETS_MAX_DIFF   (64UL * 1024 * 1024)
#define SECRETS_MAX_BINARY (64UL * 1024 * 1024)

/* Secrets in what a tree adds to the base, in text and in binary files: as change_secrets_new();
 * new reference. What the base branch's .github/vdo.yml and lines of the base allow is told apart.
 * VDO_E_REFUSED when something is too large to be searched. */
int secrets_find(struct job_run *run, const char *tree, json_t **out, struct err *err);

/*
 * Where the worktree adds a secret, the builder has one round to take it out again. VDO_E_REFUSED,
 * with its place and kind, when one is left; run->failed holds the verdict then.
 */
int secrets_gate(struct job_run *run, struct err *err);

/* VDO_E_REFUSED when the tree adds a secret, as in secrets_gate(): before a push. */
int secrets_refuse(struct job_run *run, const char *tree, struct err *err);

#endif
