/*
 * tree_find: files of a tree by the last part of their name, for answers whose path lacks its
 * directory.
 */
#ifndef VDO_CODE_EDIT_TREE_FIND_H
#define VDO_CODE_EDIT_TREE_FIND_H

#include <stddef.h>

/*
 * The one file below dir with this base name, as a path relative to dir; NULL when there is none,
 * when there are several, or when the tree is too large to tell. ".git", "node_modules" and
 * symbolic links are not entered. Free with free().
 */
char *tree_find_name(const char *dir, const char *base);

#endif
