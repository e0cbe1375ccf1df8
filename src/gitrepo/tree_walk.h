/*
 * tree_walk: every file of a git tree, with caps on depth, path length and number.
 *
 * libgit2's own walk has no caps: a tree that names itself tenfold at every level (a "git bomb") or
 * is a million levels deep would take all memory or the whole stack.
 */
#ifndef VDO_SRC_GITREPO_TREE_WALK_H
#define VDO_SRC_GITREPO_TREE_WALK_H

#include "repo.h"

/* Files, links and submodules, not trees. 0 goes on; anything else ends the walk and is returned.
 */
typedef int (*tree_walk_fn)(void *arg, const char *path, const git_tree_entry *entry,
                            struct err *err);

/* In path order (bytes). VDO_E_TOO_LARGE past VDO_MAX_TREE_FILES entries or VDO_MAX_PATH_BYTES;
 * VDO_E_IO; what fn returned. */
int tree_walk(struct mirror *mirror, const git_tree *tree, tree_walk_fn fn, void *arg,
              struct err *err);

/* May this component be made on disk? Not "", ".", "..", a spelling of ".git", or with a slash:
 * VDO_E_REFUSED with path. Sources: git's fsck. */
int check_tree_path(const char *path, struct err *err);

#endif
