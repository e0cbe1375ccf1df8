/*
 * commit: the changes of an answer go to disk together or not at all.
 *
 * New contents are written to files in a hidden directory of the tree and synced; a journal that
 * lists all steps follows; then the steps are made, each of them a rename or a removal, and the
 * journal goes. A kill before the journal is there leaves the tree as it was; a kill after it
 * leaves steps that commit_recover() makes up for. A single change needs no journal: its rename is
 * the commit. Owner and mode of a replaced file are kept; hard links to it are not.
 */
#ifndef VDO_CODE_EDIT_COMMIT_H
#define VDO_CODE_EDIT_COMMIT_H

#include "vdo/base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct change {
    const char *path;
    const char *bytes; /* NULL: the file goes */
    size_t len;
    unsigned mode;
};

/* Make all changes. Paths have passed work_check_path(). VDO_E_TEMPORARY when another process is
 * changing this tree; VDO_E_IO. */
int commit_changes(const char *dir, const struct change *changes, size_t n, struct err *err);

/* Finish or undo what a killed process left. */
int commit_recover(const char *dir, struct err *err);

#endif
