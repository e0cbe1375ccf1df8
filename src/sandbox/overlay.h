/*
 * overlay: a directory that a run may write, upon one that it may only read.
 *
 * The kernel's overlay file system, with the marks of ordinary users ("userxattr"): what is removed
 * is a character device 0/0 in the upper directory, one that hides what lies beneath has
 * user.overlay.opaque; whoever writes through the mount can set neither mark himself. With
 * "volatile" the end of a run does not wait until all of its file system is on disk; what a host
 * that crashes leaves of the upper directory is not used again. Source: the
 * kernel's filesystems/overlayfs.rst. Threads: for a forked child; only async-signal-safe calls.
 */
#ifndef VDO_SANDBOX_OVERLAY_H
#define VDO_SANDBOX_OVERLAY_H

#include <sys/types.h>

/*
 * Mount at place, in the mount namespace of the caller.
 *
 * options  as mount(2) takes them: lowerdir, upperdir, workdir
 * uid, gid 0: the files are the caller's; else he is root, and the files are theirs in the mounts
 * that the directories lie on: what the kernel makes there it makes as them. Returns 0, or -1 with
 * errno.
 */
int overlay_mount(const char *place, const char *options, uid_t uid, gid_t gid);

#endif
