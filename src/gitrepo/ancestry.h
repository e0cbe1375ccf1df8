/*
 * ancestry: is one commit built on another? libgit2's own answer fails where the history is cut (a
 * shallow clone).
 */
#ifndef VDO_SRC_GITREPO_ANCESTRY_H
#define VDO_SRC_GITREPO_ANCESTRY_H

#include "repo.h"

enum { ANCESTRY_MAX = 2000 };

/* Looks at the ANCESTRY_MAX commits nearest to `commit`; further away it says no. Commits that are
 * missing have no parents. */
bool is_built_on(git_repository *repo, const git_oid *commit, const git_oid *base);

#endif
