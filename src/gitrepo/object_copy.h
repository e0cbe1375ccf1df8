/*
 * object_copy: a commit and what it needs, from one object store to another.
 */
#ifndef VDO_SRC_GITREPO_OBJECT_COPY_H
#define VDO_SRC_GITREPO_OBJECT_COPY_H

#include "repo.h"

/*
 * Copy commit, the commits it is built on, their trees and files, as far as they are missing in
 * target. What is there is taken to be complete: an object is written after all that it names, so
 * that a copy that was interrupted holds too. VDO_E_TOO_LARGE past 1,000 new commits or a tree over
 * 1,024 levels deep.
 */
int object_copy(struct mirror *mirror, git_repository *target, const git_oid *commit,
                struct err *err);

#endif
