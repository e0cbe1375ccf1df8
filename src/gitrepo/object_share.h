/*
 * object_share: a mirror of a repository on this machine reads that one's objects where they lie
 * (git's objects/info/alternates), so that following it copies nothing.
 */
#ifndef VDO_SRC_GITREPO_OBJECT_SHARE_H
#define VDO_SRC_GITREPO_OBJECT_SHARE_H

#include "repo.h"

/* Have the mirror read the objects of the repository at path. Its lock is held by the caller.
 * VDO_E_NOT_FOUND when there is no repository. */
int object_share(struct mirror *mirror, const char *path, struct err *err);

#endif
