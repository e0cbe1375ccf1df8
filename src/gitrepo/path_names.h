/*
 * path_names: component names that are dangerous on some file system. Threads: any.
 */
#ifndef VDO_SRC_GITREPO_PATH_NAMES_H
#define VDO_SRC_GITREPO_PATH_NAMES_H

#include <stdbool.h>
#include <stddef.h>

/* Would some file system take this component for ".git"? len bytes of UTF-8. Sources: git's
 * is_hfs_dotgit() and is_ntfs_dotgit(). */
bool name_is_dot_git(const char *name, size_t len);

/* Is it a Windows device, with or without an extension (CON, nul.txt, COM1)? Source: git's
 * is_valid_win32_path(). */
bool name_is_device(const char *name, size_t len);

#endif
