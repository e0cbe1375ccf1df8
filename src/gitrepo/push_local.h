/*
 * push_local: a branch into a repository on this machine, which may have checked-out files. libgit2
 * refuses to push there; here the objects are put into its object store and one ref is made,
 * nothing else: not the files, index, HEAD or configuration, and no hook runs.
 */
#ifndef VDO_SRC_GITREPO_PUSH_LOCAL_H
#define VDO_SRC_GITREPO_PUSH_LOCAL_H

#include "remote_push.h"

/* As remote_push(). VDO_E_REFUSED when the branch is checked out there; VDO_E_NOT_FOUND when there
 * is no repository. */
int push_local(struct mirror *mirror, const char *path, const struct push_order *order,
               struct push_answer *answer, struct err *err);

#endif
