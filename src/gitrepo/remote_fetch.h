/*
 * remote_fetch: bring a mirror up to date. The caller holds the mirror's lock.
 */
#ifndef VDO_SRC_GITREPO_REMOTE_FETCH_H
#define VDO_SRC_GITREPO_REMOTE_FETCH_H

#include "remote_link.h"

/* Branches, the tags on them, HEAD and the name of the default branch. */
int remote_fetch(struct link *link, git_repository *repo, struct err *err);

/* Remove what a transfer that was killed has left: lock files of refs and unfinished packs. */
void remote_sweep(git_repository *repo);

#endif
