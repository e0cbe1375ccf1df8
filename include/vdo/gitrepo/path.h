/*
 * path: the one gate that every path from a model, an answer or a repository passes before a file
 * is touched.
 *
 * A path is relative, in '/' form, to the root of a source tree. Refused: empty, absolute, "." or
 * ".." components, doubled or trailing slashes, backslashes, control characters, invalid UTF-8,
 * over VDO_MAX_PATH_BYTES or a component over 255 bytes; ".git" as a component in every spelling
 * that some file system takes for it (case, trailing dots and blanks, git~1, HFS-ignorable code
 * points, NTFS streams); Windows device names; and, against a tree on disk, a parent that is a
 * symbolic link or not a directory. Sources: git's fsck and read-cache (CVE-2014-9390 and its
 * followers), Unicode TR 15 for ignorables. Threads: any.
 */
#ifndef VDO_GITREPO_PATH_H
#define VDO_GITREPO_PATH_H

#include "vdo/base/err.h"

#include <stdbool.h>
#include <stddef.h>

/* Shape only. VDO_E_REFUSED with a reason that names the path and the rule. */
int path_check(const char *path, struct err *err);

/* path_check(), and no parent below root is a symbolic link; the last component may be missing, a
 * file or a directory, and is a symbolic link only with allow_link. */
int path_check_in(const char *root, const char *path, bool allow_link, struct err *err);

/*
 * Open a file or directory below root without following any symbolic link (openat2
 * RESOLVE_BENEATH|RESOLVE_NO_SYMLINKS, or component by component where the kernel has none). flags
 * as open(2); O_CLOEXEC, O_NOCTTY and O_NONBLOCK are added, so that a planted pipe does not stop
 * us. Returns the descriptor in out_fd. VDO_E_NOT_FOUND; VDO_E_REFUSED by path_check(), at a
 * symbolic link, or for a pipe, socket or device; VDO_E_CONFLICT with O_EXCL when it is there;
 * VDO_E_INVALID for a directory opened to write; VDO_E_IO.
 */
int path_open_in(const char *root, const char *path, int flags, unsigned mode, int *out_fd,
                 struct err *err);

/* Make the directories that lead to path below root, following no symbolic link. VDO_E_REFUSED as
 * path_check_in(); VDO_E_IO. */
int path_make_parents_in(const char *root, const char *path, unsigned mode, struct err *err);

/*
 * Does a path match a glob as .github/vdo.yml and .gitignore write them? "**" crosses slashes, "*"
 * and "?" do not, "[a-z]" and "[!a-z]" are classes, a backslash takes the next character as it is.
 * A trailing "/" or "/" + "**" means everything below; so does a last component without wildcards,
 * beside the path itself, because it may name a directory. A glob without a slash matches the last
 * component anywhere; one that starts with a slash, or has one in it, starts at the root. Works in
 * length of glob times length of path steps at most.
 */
bool path_glob_match(const char *glob, const char *path);

/* The protected globs that hold always: ".github/workflows" and all below it, ".git" spellings
 * apart. NULL-ended. */
const char *const *path_protected_always(void);

#endif
