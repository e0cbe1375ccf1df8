/*
 * tree_slot: which of a repository's worktrees in data_dir/trees a job has for itself. Used inside
 * pipeline only.
 *
 * Workers of one process have numbers of their own, but those of another process on the same
 * data_dir, such as a second `vdo run`, have the same ones. So each directory has a lock, by
 * flock(2) on the file `lock` in it, and where the worker's own is in use the next free one is
 * taken. Threads: a slot belongs to one.
 */
#ifndef VDO_PIPELINE_TREE_SLOT_H
#define VDO_PIPELINE_TREE_SLOT_H

#include "vdo/base/err.h"

enum { TREE_SLOT_MOST = 256 /* looked at before it is given up */ };

struct tree_slot;

/*
 * Take the first directory <stem>-<first>, <stem>-<first + 1> ... that nobody else has.
 *
 * Returns 0, let go with tree_slot_drop(); VDO_E_TEMPORARY when all are in use; VDO_E_IO.
 */
int tree_slot_take(const char *stem, int first, struct tree_slot **out, struct err *err);
/* The directory; it holds what the last job left there. Borrowed. */
const char *tree_slot_dir(const struct tree_slot *slot);
/* NULL is fine. */
void tree_slot_drop(struct tree_slot *slot);

#endif
