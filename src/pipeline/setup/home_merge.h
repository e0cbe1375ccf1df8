/*
 * home_merge: a HOME as it was seen from inside, made of its two parts. Used inside pipeline only.
 *
 * The upper part is what an overlay left (the kernel's filesystems/overlayfs.rst, "whiteouts and
 * opaque directories"): a character device 0/0 hides what is of its name below, a directory with
 * user.overlay.opaque = "y" hides what is in the one below. Third-party code has written it: each
 * step goes through the descriptor of the directory above and follows no symbolic link; depth and
 * number of entries have caps. Not for use while something still runs in it.
 */
#ifndef VDO_PIPELINE_HOME_MERGE_H
#define VDO_PIPELINE_HOME_MERGE_H

#include "vdo/base/err.h"

/*
 * Make out of both parts. Files of the upper one are moved; those that only the lower one has get a
 * second name, or are copied where that cannot be.
 *
 * below    is not changed; holds files, directories and links only
 * upper    what is left of it is good for nothing
 * out      must not exist; its parent must, on the file system of upper
 * out_why  set when something in upper can be no part of it, with the path; free with free()
 * Returns 0; VDO_E_TOO_LARGE past a cap; VDO_E_IO.
 */
int home_merge(const char *below, const char *upper, const char *out, char **out_why,
               struct err *err);

#endif
