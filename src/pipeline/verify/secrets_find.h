/* secrets_find: secrets that a change adds, and where. Used inside pipeline only. */
#ifndef VDO_PIPELINE_SECRETS_FIND_H
#define VDO_PIPELINE_SECRETS_FIND_H

#include "../run.h"

/* Diffs and binary files over this are not searched to their end, and so not pushed. */
#define SECRETS_MAX_DIFF   (64UL * 1024 * 1024)
#define SECRETS_MAX_BINARY (64UL * 1024 * 1024)

/* Secrets in what a tree adds to the base, in text and in binary files: as change_secrets_new();
 * new reference. What the base branch's .github/vdo.yml and lines of the base allow is told apart.
 * VDO_E_REFUSED when something is too large to be searched. */
int secrets_find(struct job_run *run, const char *tree, json_t **out, struct err *err);

#endif
