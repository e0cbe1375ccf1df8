/*
 * path_glob: matching exactly as git's wildmatch does for .gitignore. Threads: any.
 */
#ifndef VDO_SRC_GITREPO_PATH_GLOB_H
#define VDO_SRC_GITREPO_PATH_GLOB_H

#include <stdbool.h>
#include <stddef.h>

/* Does the whole of path match? "**" crosses slashes only as a whole component. Not anchored: the
 * glob may match from any component on. */
bool glob_match_whole(const char *glob, bool anchored, const char *path);

#endif
