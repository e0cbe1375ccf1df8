/*
 * worktree: the insides of a worktree. Its git data is one index file: the list of tracked files
 * with what stat(2) said of each when it was last known to hold its blob.
 */
#ifndef VDO_SRC_GITREPO_WORKTREE_H
#define VDO_SRC_GITREPO_WORKTREE_H

#include "repo.h"

#include <sys/stat.h>

struct worktree {
    struct mirror *mirror; /* borrowed */
    char *dir;
    int root_fd;
    git_index *index;
    char *index_path;
    git_tree *base_tree;
    struct timespec stamp; /* when the index was saved: what changed since is not trusted */
};

/* Put what stat(2) says into an index entry. */
void entry_set_stat(git_index_entry *entry, const struct stat *st);

/* Is the file surely what it was when the entry was made? False also when it changed in the same
 * tick of the clock in which the index was saved ("racily clean": git's
 * Documentation/technical/racy-git). */
bool entry_is_clean(const struct worktree *worktree, const git_index_entry *entry,
                    const struct stat *st);

/* Has the index an entry below the directory path? */
bool index_has_below(git_index *index, const char *path);

/* Write the index file and remember when. */
int worktree_save(struct worktree *worktree, struct err *err);
/* Set stamp from the index file; a file that is not there trusts nothing. */
void worktree_read_stamp(struct worktree *worktree);

#endif
